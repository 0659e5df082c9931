"""A network's layers and what feeds them as plain data, for pictures."""

from __future__ import annotations

import math
from typing import Any

from archsim.names import INPUT
from archsim.workload.network import Layer, Network
from archsim.workload.workload import Workload


def drawn_layers(network: Network) -> list[dict[str, Any]]:
    """The input, then the layers in computing order.

    Returns
    -------
    list of dict
        Of each its ``name``, ``kind``, ``inputs``, ``shape`` of one timestep, ``n`` outputs, ``neuron``,
        ``weights`` [rows, columns], ``is_recurrent``.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> rows = drawn_layers(load_workload("workloads/watch_mlp.yaml").network)
    >>> [(row["name"], row["inputs"], row["weights"]) for row in rows[:2]]
    [('input', [], []), ('fc1', ['input'], [6, 128])]
    """
    shape = network.input_shape
    return [_row(INPUT, INPUT, [], shape, math.prod(shape)), *map(_layer, network.layers)]


def layers_of_file(work: Workload) -> dict[str, Any]:
    """``layers`` where the network stands in a file of its own, or in none; empty if the workload file says it."""
    said = work.described.get("network")
    in_file = isinstance(said, dict) and "nir" not in said
    return {} if in_file else {"layers": drawn_layers(work.network)}


def _layer(layer: Layer) -> dict[str, Any]:
    spikes = layer.neuron is not None and layer.neuron.spikes
    weights = [layer.n_rows(), layer.n_columns] if layer.has_weights else []
    kind = type(layer.op).__name__.lower()
    row = _row(layer.name, kind, list(layer.inputs), layer.out_shape, layer.n_neurons)
    return {**row, "neuron": "spiking" if spikes else "", "weights": weights, "is_recurrent": layer.recurrent}


def _row(name: str, kind: str, inputs: list[str], shape: tuple[int, ...], n: int) -> dict[str, Any]:
    return {
        "name": name, "kind": kind, "inputs": inputs, "shape": list(shape), "n": n, "neuron": "", "weights": [],
        "is_recurrent": False,
    }  # fmt: skip
