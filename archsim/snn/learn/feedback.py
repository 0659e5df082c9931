"""The fixed random matrices of direct feedback alignment: (neurons of the layer, classes) for each layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Literal

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.learn.products import matrices
from archsim.snn.weights import stream
from archsim.workload.network import Dense, Floats, Layer, Network

FeedbackKind = Literal["gaussian", "uniform", "sdfa", "sign_concordant", "device"]
KINDS = ("gaussian", "uniform", "sdfa", "sign_concordant", "device")

# (layer name, (neurons, classes), a random stream of the layer's own) -> differential values, in any unit
Draw = Callable[[str, tuple[int, int], np.random.Generator], Floats]

_STREAM = 4  # apart from the streams of weights, (layer) and (layer, 0 or 1)


def make_feedback(
    network: Network,
    kind: FeedbackKind = "gaussian",
    *,
    seed: int,
    gain: float = 1.0,
    weights: Mapping[str, Floats] | None = None,
    draw: Draw | None = None,
) -> dict[str, Floats]:
    """The matrices B of all layers with weights but the last.

    With c classes, and every layer drawing from a stream of its own:

    ===============  ====================================================================================
    kind             values, all times `gain`
    ===============  ====================================================================================
    gaussian         normal, standard deviation 1 / sqrt(c), so that B e is as large as e on average
    uniform          in ± sqrt(3 / c): the same standard deviation
    sdfa             one normal matrix (c, widest layer) for all layers, divided by the square root of its
                     number of values, cut to the layer's neurons (published code of PipeSDFA,
                     arXiv 2507.15603)
    sign_concordant  absolute values as gaussian, with the signs of the product of the forward weights
                     between the layer and the output: sign concordance of Liao, Leibo, Poggio 2016
                     (arXiv 1510.05067), taken over to direct feedback. Needs dense layers in a chain
    device           from `draw`, divided by the standard deviation of what came back (the gain of the
                     read-out) and sqrt(c): memory cells that spread by themselves, as in PipeSDFA
    ===============  ====================================================================================

    Parameters
    ----------
    seed : int
        0 or more.
    gain : float
        Positive.
    weights : mapping of str to array (columns, rows), optional
        For "sign_concordant"; the network's own if absent.
    draw : callable, optional
        For "device": gets the layer's name, the shape (neurons, classes) and a random generator, and gives
        one value per place: the difference of the conductances of a pair of cells that were both programmed
        to the same target.

    Returns
    -------
    dict of str to array (neurons, classes)

    Raises
    ------
    WorkloadError
        Unknown kind, a gain that is not positive, a missing or faulty `draw`, or a network whose layers are no
        chain of dense layers (sign_concordant).

    Examples
    --------
    >>> hidden = Layer("hidden", Dense(3), ("input",), (2,), (3,))
    >>> out = Layer("out", Dense(2), ("hidden",), (3,), (2,))
    >>> {name: b.shape for name, b in make_feedback(Network("n", (2,), (hidden, out)), seed=0).items()}
    {'hidden': (3, 2)}
    """
    if kind not in KINDS:
        raise WorkloadError(f"kind of feedback is {kind!r}; allowed are {', '.join(KINDS)}")
    if not (np.isfinite(gain) and gain > 0):
        raise WorkloadError(f"gain of the feedback is {gain!r}; it must be a positive number")
    n_classes = network.layers[-1].n_neurons
    hidden = [layer for layer in network.weighted if layer is not network.layers[-1]]
    shared = _sdfa_matrix(hidden, n_classes, seed) if kind == "sdfa" else None
    signs = _downstream_signs(network, weights) if kind == "sign_concordant" else {}
    found: dict[str, Floats] = {}
    for layer in hidden:
        shape = (layer.n_neurons, n_classes)
        rng = stream(seed, _STREAM, network.layers.index(layer))
        scale = gain / np.sqrt(n_classes)
        if shared is not None:
            found[layer.name] = gain * shared[:, : layer.n_neurons].T
        elif kind == "uniform":
            found[layer.name] = scale * np.sqrt(3.0) * rng.uniform(-1.0, 1.0, shape)
        elif kind == "device":
            found[layer.name] = scale * _from_device(layer, shape, rng, draw)
        elif kind == "sign_concordant":
            found[layer.name] = scale * np.abs(rng.standard_normal(shape)) * signs[layer.name]
        elif kind == "gaussian":
            found[layer.name] = scale * rng.standard_normal(shape)
        else:
            raise AssertionError(kind)  # refused above
    return found


def _sdfa_matrix(hidden: list[Layer], n_classes: int, seed: int) -> Floats:
    widest = max((layer.n_neurons for layer in hidden), default=0)
    matrix = stream(seed, _STREAM).standard_normal((n_classes, widest))
    return np.asarray(matrix / np.sqrt(max(1, matrix.size)))


def _from_device(
    layer: Layer, shape: tuple[int, int], rng: np.random.Generator, draw: Draw | None
) -> Floats:
    if draw is None:
        raise WorkloadError("feedback from devices needs `draw`, which gives the cells' own spread")
    values = np.asarray(draw(layer.name, shape, rng), dtype=np.float64)
    spread = float(values.std()) if values.size else 0.0
    if values.shape != shape or not np.isfinite(values).all() or not spread > 0:
        raise WorkloadError(
            f"feedback of layer {layer.name!r}: `draw` gave shape {values.shape} with a spread of {spread:g}; "
            f"expected shape {shape}, finite and not all the same"
        )
    return values / spread


def _downstream_signs(network: Network, weights: Mapping[str, Floats] | None) -> dict[str, Floats]:
    """Signs of d(output)/d(layer's output) through the forward weights alone, (neurons, classes)."""
    layers = network.layers
    for before, layer in pairwise(layers):
        if not isinstance(layer.op, Dense) or layer.op.flatten_time or layer.inputs != (before.name,):
            raise WorkloadError(
                f"sign-concordant feedback needs dense layers in a chain after the first; layer {layer.name!r} "
                "is not. Take gaussian or uniform feedback"
            )
    held = matrices(network) if weights is None else weights
    product = np.eye(layers[-1].n_neurons)
    found: dict[str, Floats] = {}
    for before, layer in zip(reversed(layers[:-1]), reversed(layers[1:]), strict=True):
        product = product @ held[layer.name]
        found[before.name] = np.sign(product).T
    return found
