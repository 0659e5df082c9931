"""The forward pass of a network in float64, exact arithmetic apart from rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.neurons import run_neurons
from archsim.snn.windows import Array, gather, input_rows, op_windows
from archsim.workload.network import INPUT, Conv, Floats, Layer, Network, Pool, Shape


@dataclass(frozen=True)
class Forward:
    """The outcome of a forward pass.

    Parameters
    ----------
    outputs : dict of str to array (T_l, *out_shape)
        By layer, and the input itself as "input". uint8 spikes (0 or 1) of spiking neurons; float64 of LI
        neurons (their potential), of layers without a neuron and of pooling.
    potentials : dict of str to array (T_l, *out_shape)
        Potentials before reset of the layers that have a neuron; empty after ``spikes_only``.
    """

    outputs: dict[str, Array]
    potentials: dict[str, Floats]


def forward(network: Network, x: Array, *, spikes_only: bool = False) -> Forward:
    """Run one sample through a network, from a state of zero.

    Every layer computes ``y[t] = W rows[t] + b`` for each output position (rows: :func:`rows_of`), or pools,
    and its neurons integrate ``y``. Average pooling divides by the kernel size, padded zeros included
    (PyTorch's default, ``count_include_pad=True``); in max pooling the padding counts as zero too, which
    differs from PyTorch where a window at the border has only negative values.

    Parameters
    ----------
    network : Network
        With all weights.
    x : array (T, *network.input_shape)
        Spikes (bool or uint8) or currents, finite.
    spikes_only : bool
        Do not keep the potentials (saves memory).

    Returns
    -------
    Forward

    Raises
    ------
    WorkloadError
        If the input has another shape, no timesteps or values that are not finite; if a layer has no weights,
        or weights or a shape that do not fit.

    Examples
    --------
    >>> from archsim.workload.network import Dense, Neuron
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), neuron=Neuron("if", threshold=1.0),
    ...               weight=np.array([[0.5, 0.75]]))
    >>> result = forward(Network("two inputs", (2,), (layer,)), np.array([[1, 0], [0, 1], [1, 1]]))
    >>> result.outputs["out"].ravel().tolist()
    [0, 1, 1]
    >>> result.potentials["out"].ravel().tolist()
    [0.5, 1.25, 1.25]
    """
    outputs: dict[str, Array] = {INPUT: checked_input(network, x)}
    network.steps(len(outputs[INPUT]))  # inputs of one layer at different rates are refused here
    potentials: dict[str, Floats] = {}
    for layer in network.layers:
        current = _pooled(layer, outputs) if isinstance(layer.op, Pool) else _product(layer, outputs)
        outputs[layer.name], u = run_neurons(layer, current, keep_potentials=not spikes_only)
        if u is not None:
            potentials[layer.name] = u
    return Forward(outputs, potentials)


def checked_input(network: Network, x: Array) -> Array:
    """The input as uint8 (from bool or uint8) or float64, after checks of shape and values."""
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[1:] != network.input_shape or len(x) == 0:
        raise WorkloadError(
            f"input of network {network.name!r} has shape {x.shape}; expected (timesteps, "
            f"{', '.join(map(str, network.input_shape))}) with at least one timestep"
        )
    if x.dtype == np.uint8 or x.dtype == np.bool_:
        return x.astype(np.uint8)
    if not (np.issubdtype(x.dtype, np.integer) or np.issubdtype(x.dtype, np.floating)):
        raise WorkloadError(f"input of network {network.name!r} has type {x.dtype}; expected real numbers")
    values = x.astype(np.float64)
    if not np.isfinite(values).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise WorkloadError(
            f"input of network {network.name!r} is not finite at timestep {where[0]}, position {where[1:]} "
            f"({values[where]}); remove or fill such values first"
        )
    return values


def _pooled(layer: Layer, outputs: Mapping[str, Array]) -> Floats:
    op = layer.op
    assert isinstance(op, Pool)  # for mypy
    if layer.recurrent:
        raise WorkloadError(f"layer {layer.name!r}: recurrent pooling is not supported; use a dense layer")
    windows = op_windows(layer, gather(layer, outputs))
    axes = tuple(range(-len(op.kernel), 0))
    if op.kind == "max":
        pooled: Floats = np.asarray(windows.max(axis=axes), dtype=np.float64)
    else:
        pooled = np.asarray(windows.sum(axis=axes, dtype=np.float64))
        if op.kind == "average":
            pooled /= np.prod(op.kernel)
    return _shaped(layer, pooled)


def _product(layer: Layer, outputs: Mapping[str, Array]) -> Floats:
    rows = input_rows(layer, outputs)
    weight, bias = _checked_weights(layer, rows.shape[2])
    n_groups = layer.op.groups if isinstance(layer.op, Conv) else 1
    n_steps, n_positions, n_rows = rows.shape
    by_group = rows.astype(np.float64, copy=False).reshape(n_steps * n_positions, n_groups, n_rows // n_groups)
    matrices = weight.reshape(n_groups, -1, n_rows // n_groups)
    # (groups, T * positions, columns of the group) -> (T, columns, positions)
    product = np.matmul(by_group.transpose(1, 0, 2), matrices.transpose(0, 2, 1))
    columns: Floats = product.transpose(1, 0, 2).reshape(n_steps, n_positions, -1)
    if bias is not None:
        columns = columns + bias
    if not isinstance(layer.op, Conv):
        return columns.reshape(n_steps, *layer.out_shape)
    positions = layer.out_shape[1:]
    if n_positions != np.prod(positions, dtype=int):
        raise WorkloadError(
            f"layer {layer.name!r}: its windows give {n_positions} positions, its out_shape is {layer.out_shape}"
        )
    by_channel = columns.transpose(0, 2, 1)
    return _shaped(layer, by_channel.reshape(n_steps, by_channel.shape[1], *positions))


def _shaped(layer: Layer, y: Floats) -> Floats:
    if y.shape[1:] != layer.out_shape:
        raise WorkloadError(
            f"layer {layer.name!r}: its operation gives shape {y.shape[1:]}, its out_shape is {layer.out_shape}"
        )
    return y


def weight_shape(layer: Layer, n_rows: int) -> Shape:
    """Shape of the layer's `weight`, given the rows its inputs drive (all groups together).

    Examples
    --------
    >>> from archsim.workload.network import Dense
    >>> weight_shape(Layer("d", Dense(3), ("input",), (2,), (3,)), n_rows=2)
    (3, 2)
    """
    if isinstance(layer.op, Conv):
        op = layer.op
        if op.groups < 1 or layer.in_shape[0] % op.groups or op.n_out % op.groups:
            raise WorkloadError(
                f"layer {layer.name!r}: {layer.in_shape[0]} input and {op.n_out} output channels cannot be "
                f"divided into {op.groups} groups"
            )
        return (op.n_out, layer.in_shape[0] // op.groups, *op.kernel)
    return (layer.n_neurons, n_rows)


def _checked_weights(layer: Layer, n_rows: int) -> tuple[Floats, Floats | None]:
    wanted = {"weight": (layer.weight, weight_shape(layer, n_rows))}
    if layer.recurrent:
        wanted["recurrent_weight"] = (layer.recurrent_weight, (layer.n_neurons, layer.n_neurons))
    if layer.bias is not None:
        wanted["bias"] = (layer.bias, (layer.n_columns,))
    for what, (array, shape) in wanted.items():
        if array is None:
            raise WorkloadError(
                f"layer {layer.name!r} has no {what}; read the network with its weights or fill them with "
                "archsim.snn.initialise"
            )
        if array.shape != shape:
            raise WorkloadError(f"layer {layer.name!r}: {what} has shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise WorkloadError(f"layer {layer.name!r}: {what} holds values that are not finite")
    assert layer.weight is not None  # for mypy
    return layer.weight, layer.bias
