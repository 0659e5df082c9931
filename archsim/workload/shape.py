"""Feed-forward networks by their shape: which earlier layers each layer sees, as one small choice."""

from __future__ import annotations

import numpy as np

from archsim.workload.models import (
    ConnectModel,
    FullModel,
    LayersModel,
    LineModel,
    RandomEdgesModel,
    ShapeModel,
    WindowModel,
)
from archsim.workload.network import INPUT


def layers_of_shape(shape: ShapeModel) -> LayersModel:
    """Write a shape out: hidden layers `h1`, `h2`, ... and the read-out `out`.

    A layer at place k (the input is 0) sees places k - d, concatenated, nearest last::

        line: d = 1    window: d = 1 ... reach    full: all    powers: d = 1, 2, 4, 8, ...
        random: d = 1, and each other one with the given probability

    Parameters
    ----------
    shape : ShapeModel

    Examples
    --------
    >>> neuron = {"kind": "lif", "leak": 0.9}
    >>> shape = {"input": [6], "hidden": 3, "width": 8, "outputs": 2, "neuron": neuron}
    >>> shape["connect"] = {"kind": "powers"}
    >>> [layer.inputs for layer in layers_of_shape(ShapeModel.model_validate(shape)).layers]
    [['input'], ['input', 'h1'], ['h1', 'h2'], ['input', 'h2', 'h3']]
    """
    names = [INPUT, *(f"h{place}" for place in range(1, shape.n_hidden + 1)), "out"]
    sees = _places(shape.connect, len(names))
    layers = [_layer(shape, names, at, sees[at]) for at in range(1, len(names))]
    return LayersModel.model_validate({"input": shape.input, "layers": layers})


def _layer(shape: ShapeModel, names: list[str], at: int, sees: list[int]) -> dict[str, object]:
    """A layer as a file says it."""
    is_last = at == len(names) - 1
    return {
        "name": names[at],
        "kind": "dense",
        "inputs": [names[place] for place in sees],
        "outputs": shape.n_outputs if is_last else shape.width,
        "neuron": (shape.readout or shape.neuron) if is_last else shape.neuron,
    }


def _places(connect: ConnectModel, n_places: int) -> list[list[int]]:
    """Which places each place sees, in order."""
    if isinstance(connect, RandomEdgesModel):
        draws = np.random.default_rng(connect.seed).random((n_places, n_places))
        return [
            [other for other in range(at) if other == at - 1 or draws[at, other] < connect.probability]
            for at in range(n_places)
        ]
    if isinstance(connect, WindowModel):
        distances = list(range(1, connect.reach + 1))
    elif isinstance(connect, FullModel):
        distances = list(range(1, n_places))
    else:
        distances = [1] if isinstance(connect, LineModel) else [2**k for k in range(n_places.bit_length())]
    return [[at - distance for distance in reversed(distances) if distance <= at] for at in range(n_places)]
