"""Products with the weights of a network: plain arithmetic, or anything that offers the same three calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Protocol

import numpy as np

from archsim.errors import WorkloadError
from archsim.names import RECURRENT
from archsim.snn.learn.events import Events
from archsim.workload.network import Conv, Floats, Layer, Network


class Products(Protocol):
    """The products with weights that the passes need. Matrices are (columns, rows); batches come first.

    Both give a new array each time, which the caller may overwrite.
    """

    def forward(self, key: str, rows: Floats) -> Floats:
        """(n, rows) -> (n, columns)."""

    def backward(self, key: str, error: Floats) -> Floats:
        """(n, columns) -> (n, rows): the product with the transposed weights."""


class LearningProducts(Products, Protocol):
    """The products with weights that training needs: they can be changed and read."""

    @property
    def keeps_rest(self) -> bool:
        """Whether what is too small to be written waits for the next change."""

    def begin(self, n_samples: int) -> None:
        """A batch of so many samples begins, whose errors are those of a mean."""

    def part(self, n_samples: int) -> None:
        """So many samples of the batch pass together, next."""

    def as_sent(self, name: str, errors: Floats) -> Floats:
        """Errors (n, columns) of a layer as they arrive where its outer products are made: the same shape."""

    def update(self, key: str, delta: Floats) -> None:
        """Add `delta` (columns, rows per group) to the weights, as well as they can be written."""

    def read(self, key: str) -> Floats:
        """The weights as they now are (columns, rows per group)."""

    def put(self, key: str, values: Floats) -> None:
        """Have the weights hold other values (columns, rows per group), as near as their levels come."""

    def asked(self, key: str) -> Floats:
        """The weights as they were asked for, as far as cells can be set (columns, rows per group)."""


def matrices(network: Network) -> dict[str, Floats]:
    """The weight matrices (columns, rows per group) of a network, by layer; recurrent ones by name + ".recurrent".

    Raises
    ------
    WorkloadError
        A layer has no weights.
    """
    found: dict[str, Floats] = {}
    for layer in network.weighted:
        if layer.weight is None:
            raise WorkloadError(f"layer {layer.name!r} has no weights; fill them with archsim.snn.initialise")
        found[layer.name] = np.ascontiguousarray(layer.weight.reshape(len(layer.weight), -1), dtype=np.float64)
        if layer.recurrent:
            if layer.recurrent_weight is None:
                raise WorkloadError(f"layer {layer.name!r} has no recurrent weights")
            found[layer.name + RECURRENT] = np.array(layer.recurrent_weight, dtype=np.float64)
    return found


def with_weights(network: Network, weights: Mapping[str, Floats]) -> Network:
    """The network with other weights, as it can be saved or run elsewhere; biases stay.

    Parameters
    ----------
    weights : mapping of str to array (columns, rows per group)
        By layer, and by name + ".recurrent", as `matrices` gives them. Layers
        that are left out keep what they have.

    Raises
    ------
    WorkloadError
        A key that names no layer with weights, or a matrix of another size.

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer
    >>> net = Network("tiny", (1,), (Layer("out", Dense(2), ("input",), (1,), (2,), weight=np.zeros((2, 1))),))
    >>> matrices(with_weights(net, {"out": np.ones((2, 1))}))["out"].tolist()
    [[1.0], [1.0]]
    """
    left = dict(weights)
    layers = []
    for layer in network.layers:
        new = layer
        if layer.has_weights and layer.name in left:
            new = replace(new, weight=_reshaped(layer.name, left.pop(layer.name), layer.weight))
        if layer.recurrent and layer.name + RECURRENT in left:
            key = layer.name + RECURRENT
            new = replace(new, recurrent_weight=_reshaped(key, left.pop(key), layer.recurrent_weight))
        layers.append(new)
    if left:
        raise WorkloadError(
            f"network {network.name!r} has no weights called {', '.join(sorted(left))}; the weights belong to "
            "another network"
        )
    return replace(network, layers=tuple(layers))


def _reshaped(key: str, matrix: Floats, like: Floats | None) -> Floats:
    if like is None:
        return np.array(matrix)
    if matrix.shape != (len(like), like.size // max(1, len(like))):
        raise WorkloadError(f"weights {key!r} have shape {matrix.shape}, which does not fit {like.shape}")
    return np.array(matrix).reshape(like.shape)


class PlainProducts:
    """Products in float64 with weights that learning may change in place.

    Sparse spikes are added up row by row (:class:`archsim.snn.learn.events.Events`), all else is a dense
    product.

    Parameters
    ----------
    weights : mapping of str to array (columns, rows per group)
    groups : mapping of str to int, optional
        Groups of a convolution; one where absent.
    """

    keeps_rest: ClassVar[bool] = False

    def __init__(self, weights: Mapping[str, Floats], groups: Mapping[str, int] | None = None) -> None:
        self.weights = dict(weights)
        self._groups = dict(groups or {})

    @classmethod
    def of(cls, network: Network) -> PlainProducts:
        """With a copy of the network's weights."""
        return cls(
            {key: matrix.copy() for key, matrix in matrices(network).items()},
            {layer.name: groups_of(layer) for layer in network.weighted},
        )

    def begin(self, n_samples: int) -> None:
        """Nothing hangs on it."""

    def part(self, n_samples: int) -> None:
        """Nor on this."""

    def as_sent(self, name: str, errors: Floats) -> Floats:
        """As they are."""
        del name
        return errors

    def update(self, key: str, delta: Floats) -> None:
        self.weights[key] += delta

    def read(self, key: str) -> Floats:
        return self.weights[key]

    def put(self, key: str, values: Floats) -> None:
        self.weights[key][...] = values

    def asked(self, key: str) -> Floats:
        """As they are."""
        return self.weights[key]

    def forward(self, key: str, rows: Floats, events: Events | None = None) -> Floats:
        """As the protocol says; `events`, if given, stand for `rows`."""
        n_groups, weight = self._groups.get(key, 1), self.weights[key]
        if events is not None:
            return events.add_rows(np.ascontiguousarray(weight.T))
        if n_groups == 1:
            return np.asarray(rows @ weight.T)
        by_group = rows.reshape(len(rows), n_groups, -1).transpose(1, 0, 2)
        blocks = weight.reshape(n_groups, -1, weight.shape[1])
        product: Floats = np.matmul(by_group, blocks.transpose(0, 2, 1))
        return product.transpose(1, 0, 2).reshape(len(rows), -1)

    def backward(self, key: str, error: Floats) -> Floats:
        n_groups, weight = self._groups.get(key, 1), self.weights[key]
        if n_groups == 1:
            return np.asarray(error @ weight)
        by_group = error.reshape(len(error), n_groups, -1).transpose(1, 0, 2)
        blocks = weight.reshape(n_groups, -1, weight.shape[1])
        product: Floats = np.matmul(by_group, blocks)
        return product.transpose(1, 0, 2).reshape(len(error), -1)


def groups_of(layer: Layer) -> int:
    return layer.op.groups if isinstance(layer.op, Conv) else 1


def outer(error: Floats, rows: Floats, n_groups: int = 1, events: Events | None = None) -> Floats:
    """Sum of outer products ``error[k] x rows[k]``: (columns, rows per group); `events` stand for `rows`."""
    if events is not None:
        return np.ascontiguousarray(events.add_vectors(error).T)
    if n_groups == 1:
        return np.asarray(error.T @ rows)
    by_error = error.reshape(len(error), n_groups, -1).transpose(1, 2, 0)
    by_row = rows.reshape(len(rows), n_groups, -1).transpose(1, 0, 2)
    sums: Floats = np.matmul(by_error, by_row)
    return sums.reshape(error.shape[1], -1)
