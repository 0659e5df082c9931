"""The product of the weights between a layer and the output, the neurons between them left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.learn.feedbacks.kind import Wanted
from archsim.snn.learn.products import PlainProducts, groups_of, matrices
from archsim.snn.learn.rows import batch_rows, batch_windows, spread_batch, unrow, unwindow
from archsim.workload.network import INPUT, Conv, Dense, Floats, Layer, Network, Pool, Shape


def product_of(wanted: Wanted) -> Floats:
    """d(output) / d(layer's output) of the network without its neurons: (neurons, outputs).

    For a chain of dense layers ``(W_L ... W_(l+1))^T``. Convolutions, pooling (a largest counts as a mean) and
    several inputs are followed as errors go back through them, delays without their time. Where one value serves
    all positions of a channel, it is their mean.

    Raises
    ------
    WorkloadError
        A layer on the way has windows along time, or no weights.
    """
    network, name = wanted.network, wanted.layer.name
    _check(network, name)
    held = dict(matrices(network) if wanted.weights is None else wanted.weights)
    products = PlainProducts(held, {layer.name: groups_of(layer) for layer in network.weighted})
    n_outputs = wanted.shape[1]
    last = network.layers[-1]
    found = {last.name: np.eye(n_outputs).reshape(1, n_outputs, *last.out_shape)}
    for layer in reversed(network.layers):
        arrived = found.pop(layer.name, None)
        if layer.name == name:
            total = np.zeros((1, n_outputs, *layer.out_shape)) if arrived is None else arrived
            by_channel = total.reshape(n_outputs, layer.out_shape[0], -1)
            by_value = by_channel.mean(axis=2) if wanted.shared else by_channel.reshape(n_outputs, -1)
            return np.ascontiguousarray(by_value.T)
        if arrived is None:
            continue
        for source, part in _below(network, layer, arrived, products):
            found[source] = found[source] + part if source in found else part
    raise AssertionError(name)  # it is one of the network's layers


def _below(
    network: Network, layer: Layer, arrived: Floats, products: PlainProducts
) -> Iterator[tuple[str, Floats]]:
    """Errors that a layer hands on to each layer that it reads, and learns from."""
    sizes = {INPUT: network.input_shape} | {other.name: other.out_shape for other in network.layers}
    shapes = {name: (1, arrived.shape[1], *sizes[name]) for name in layer.inputs}
    joined = _joined(layer, shapes)
    if isinstance(layer.op, Pool):
        back = _unpooled(layer, arrived, joined)
    else:
        rows = batch_rows(layer, np.zeros(joined)).shape
        back = unrow(layer, products.backward(layer.name, _vectors(layer, arrived)).reshape(rows), joined)
    yield from spread_batch(replace(layer, delay=0), back, shapes).items()


def _unpooled(layer: Layer, arrived: Floats, shape: Shape) -> Floats:
    """An error of pooling spread over the inputs of its windows, evenly also where the largest counts."""
    op = layer.op
    assert isinstance(op, Pool)  # for mypy
    kept = batch_windows(layer, np.zeros(shape)).shape
    shared = arrived.reshape(*kept[: len(kept) - len(op.kernel)], *(1,) * len(op.kernel))
    spread = np.broadcast_to(shared, kept)
    return unwindow(layer, spread if op.kind == "sum" else spread / np.prod(op.kernel), shape)


def _joined(layer: Layer, shapes: dict[str, Shape]) -> Shape:
    """The shape of all its inputs, side by side."""
    first = next(iter(shapes.values()))
    if isinstance(layer.op, Dense):
        return (*first[:2], sum(int(np.prod(shapes[name][2:])) for name in layer.inputs))
    return (*first[:2], sum(shapes[name][2] for name in layer.inputs), *first[3:])


def _vectors(layer: Layer, delta: Floats) -> Floats:
    """(1, B, *out_shape) as vectors of columns."""
    if not isinstance(layer.op, Conv):
        return delta.reshape(delta.shape[1], -1)
    by_channel = delta.reshape(delta.shape[1], layer.out_shape[0], -1)
    return np.ascontiguousarray(by_channel.swapaxes(1, 2)).reshape(-1, layer.out_shape[0])


def _check(network: Network, name: str) -> None:
    names = list(network.names)
    for layer in network.layers[names.index(name) + 1 :]:
        op = layer.op
        if op.flatten_time if isinstance(op, Dense) else op.axis == "time":
            raise WorkloadError(
                f"feedback of layer {name!r} is to be made of the weights downstream, but layer {layer.name!r} "
                "has windows along time. Take gaussian, uniform, ternary or sparse feedback"
            )
