"""Weights and connections of a model through NIR, where its library exports it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from archsim.bridge.build import Built
from archsim.bridge.modules import Part
from archsim.bridge.trace import as_used
from archsim.errors import ArchsimError
from archsim.files import scratch_folder, write_bytes
from archsim.workload import from_nir
from archsim.workload.network import Layer, Network

_CLOSE = 1e-6  # of single precision; exporters may divide and multiply by a timestep


def with_nir(found: Built, model: Any, x: Any, parts: Sequence[Part]) -> tuple[Built, tuple[str, ...]]:
    """The network with weights as NIR tells them, and a note; as it is, and why, where that is not possible.

    NIR tells neither the timestep nor how neurons fire and are reset: neurons stay as they were read from the
    modules. A graph that tells another network than what flowed is not taken.
    """
    library = next(part.library for part in parts if part.library is not None)
    shape = found.network.input_shape
    leading = x.ndim - len(shape)
    said = ""
    for taken in (x, x[0]) if leading == 2 else (x,):  # a model may take one timestep at a time
        try:
            with as_used(model), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # exporters warn of each other's versions
                _reset(parts)
                graph = library.exported(model, taken, taken.ndim - len(shape))
            network = _read(graph)
            pairs = zip(found.network.layers, network.layers, strict=True)
            layers = tuple(_taken(ours, theirs) for ours, theirs in pairs)
        except Exception as cause:  # exporters answer with errors of every kind to what they do not know
            said = said or " ".join(str(cause).split())[:120] or type(cause).__name__
            continue
        finally:
            _reset(parts)
        return Built(replace(found.network, layers=layers), found.parts), (f"read through NIR, by {library.kind}",)
    return found, (f"read from the modules: {library.kind} exports no such NIR graph ({said})",)


def _reset(parts: Sequence[Part]) -> None:
    for part in parts:
        if part.library is not None:
            part.library.reset(part.module)


def _read(graph: Any) -> Network:
    import nir

    _without_scalars(graph)
    content = io.BytesIO()
    nir.write(content, graph)
    with scratch_folder() as place:
        write_bytes(place / "model.nir", content.getvalue())
        return from_nir(place / "model.nir", reset="zero", fires="above")


def _without_scalars(graph: Any) -> None:
    """Numbers without an axis get one: some exporters give them, and NIR's writer does not take them."""
    for node in graph.nodes.values():
        if hasattr(node, "nodes"):
            _without_scalars(node)
            continue
        for key, value in list(vars(node).items()):
            plain = value.detach().cpu().numpy() if hasattr(value, "detach") else value
            if isinstance(plain, np.ndarray) and plain.ndim == 0:
                plain = plain.reshape(1)
            if plain is not value:
                setattr(node, key, plain)


def _taken(ours: Layer, theirs: Layer) -> Layer:
    """Our layer with their weights; ArchsimError if they differ in more than rounding."""
    same = type(ours.op) is type(theirs.op) and ours.out_shape == theirs.out_shape
    for what in ("weight", "bias", "recurrent_weight"):
        one, other = getattr(ours, what), getattr(theirs, what)
        a, b = (np.zeros(1) if x is None else x for x in (one, other))
        same = same and (a.size == 1 or b.size == 1 or a.shape == b.shape) and np.allclose(a, b, _CLOSE, _CLOSE)
    if not same:
        raise ArchsimError(f"it tells another layer than {ours.name}")
    if ours.weight is None or theirs.weight is None:
        return ours
    return replace(ours, weight=theirs.weight)
