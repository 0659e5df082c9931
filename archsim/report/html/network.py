"""The network of a page: its layers with their shapes, what feeds them, and on which tiles they sit."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from archsim.errors import WorkloadError
from archsim.metrics import Result
from archsim.report.html.floor import tile_of_tasks
from archsim.workload import INPUT, Network
from archsim.workload.build import LayerError, network_of
from archsim.workload.drawn import drawn_layers
from archsim.workload.models import LayersModel, ShapeModel, WorkloadModel
from archsim.workload.shape import layers_of_shape


def network(result: Result) -> dict[str, Any]:
    """Layers in computing order, and whether what feeds them is known (not of runs of other versions).

    Returns
    -------
    dict
        ``is_known``; ``layers``: of each its ``name``, ``kind``, ``inputs``, ``shape`` of one timestep,
        ``n`` outputs, ``neuron``, ``weights`` [rows, columns], ``arrays``, and ``tiles`` {tile: tasks there}.
    """
    found = _layers_of(result)
    tiles, arrays = _tiles(result), _arrays(result)
    rows = found or [_unknown(result, name) for name in result.graph.layer_names if name not in ("", INPUT)]
    placed = [{**row, "arrays": arrays.get(row["name"], 0), "tiles": tiles.get(row["name"], {})} for row in rows]
    return {"is_known": bool(found), "layers": placed}


def _layers_of(result: Result) -> list[dict[str, Any]]:
    """As the run kept them, or as the workload file says them; none if another version wrote it."""
    if kept := result.provenance.get("layers"):
        return cast("list[dict[str, Any]]", kept)  # looked at when it was read
    network = _network_of(result)
    return [] if network is None else drawn_layers(network)


def _network_of(result: Result) -> Network | None:
    try:
        model = WorkloadModel.model_validate(result.provenance.get("workload"))
        if isinstance(model.network, LayersModel):
            return network_of(model.name, model.network)
        if isinstance(model.network, ShapeModel):
            return network_of(model.name, layers_of_shape(model.network))
    except (ValueError, WorkloadError, LayerError):
        return None
    return None


def _unknown(result: Result, name: str) -> dict[str, Any]:
    seen = result.activity.raster.get(name, {}) if result.activity is not None else {}
    n = seen.get("n", 0)
    return {
        "name": name, "kind": "", "inputs": [], "shape": [n] if n else [], "n": n, "neuron": "", "weights": [],
    }  # fmt: skip


def _tiles(result: Result) -> dict[str, dict[int, int]]:
    """By layer, how many of its tasks each tile does."""
    graph = result.graph
    if not graph.n_tasks:
        return {}
    tile = tile_of_tasks(graph)
    n_tiles = int(tile.max()) + 2
    keys, counts = np.unique(graph.layer.astype(np.int64) * n_tiles + tile + 1, return_counts=True)
    found: dict[str, dict[int, int]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        if place := key % n_tiles:  # the rest is the chip's
            found.setdefault(graph.layer_names[key // n_tiles], {})[place - 1] = count
    return found


def _arrays(result: Result) -> dict[str, int]:
    """Arrays of each layer, whatever they are for."""
    found: dict[str, int] = {}
    for (layer, _), n in result.crossbars.items():
        found[layer] = found.get(layer, 0) + n
    return found
