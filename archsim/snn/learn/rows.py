"""Batched windows: what drives the word lines of a layer, and the way back for errors.

Arrays are (timesteps, batch, *shape of one timestep). Row order is that of :func:`archsim.snn.windows.rows_of`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from archsim.snn.windows import Array, space_windows
from archsim.workload.network import Conv, Dense, Floats, Layer, Pool, Shape


def gather_batch(layer: Layer, outputs: Mapping[str, Array]) -> Array:
    """The layer's input, its inputs concatenated and delayed: (T, B, n_in) for dense, else (T, B, *in_shape)."""
    parts = [outputs[name] for name in layer.inputs]
    if isinstance(layer.op, Dense):
        parts = [part.reshape(*part.shape[:2], -1) for part in parts]
    x = np.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]
    if layer.delay == 0:
        return x
    late = np.zeros_like(x)
    late[layer.delay :] = x[: max(0, len(x) - layer.delay)]
    return late


def spread_batch(layer: Layer, error: Floats, shapes: Mapping[str, Shape]) -> dict[str, Floats]:
    """The inverse of `gather_batch` for errors: by input name, in the shapes (T, B, *shape) given."""
    if layer.delay:
        early = np.zeros_like(error)
        early[: max(0, len(error) - layer.delay)] = error[layer.delay :]
        error = early
    found: dict[str, Floats] = {}
    start = 0
    for name in layer.inputs:
        shape = shapes[name]
        width = int(np.prod(shape[2:])) if isinstance(layer.op, Dense) else shape[2]
        part = error[:, :, start : start + width].reshape(shape)
        found[name] = found[name] + part if name in found else part
        start += width
    return found


def batch_windows(layer: Layer, x: Array) -> Array:
    """Windows of a convolution or pooling: (T_l, B, C, *rest, *kernel)."""
    op = layer.op
    assert isinstance(op, Conv | Pool)  # for mypy
    dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
    if op.axis == "time":
        p, reach = op.padding[0], dilation[0] * (op.kernel[0] - 1) + 1
        padded = np.pad(x, [(p, p), *((0, 0) for _ in x.shape[1:])])
        return sliding_window_view(padded, reach, axis=0)[:: op.stride[0], ..., :: dilation[0]]
    flat = x.reshape(-1, *x.shape[2:])
    windows = space_windows(flat, op.kernel, op.stride, op.padding, dilation)
    return windows.reshape(*x.shape[:2], *windows.shape[1:])


def unwindow(layer: Layer, error: Floats, shape: Shape) -> Floats:
    """Add window errors (T_l, B, C, *rest, *kernel) up at the inputs that they came from: (T, B, C, *space)."""
    op = layer.op
    assert isinstance(op, Conv | Pool)  # for mypy
    dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
    first = 0 if op.axis == "time" else 3
    pads = [0] * len(shape)
    pads[first : first + len(op.kernel)] = op.padding
    found = np.zeros([n + 2 * p for n, p in zip(shape, pads, strict=True)])
    for tap in np.ndindex(*op.kernel):
        target = [slice(None)] * len(shape)
        for axis, (k, d, s) in enumerate(zip(tap, dilation, op.stride, strict=True)):
            n = error.shape[first + axis]
            target[first + axis] = slice(k * d, k * d + (n - 1) * s + 1, s)
        found[tuple(target)] += error[(..., *tap)]
    return found[tuple(slice(p, p + n) for n, p in zip(shape, pads, strict=True))]


def batch_rows(layer: Layer, x: Array) -> Array:
    """Rows that a gathered input drives: (T_l, B, positions, rows)."""
    op = layer.op
    if isinstance(op, Dense):
        if op.flatten_time:
            return np.ascontiguousarray(x.swapaxes(0, 1)).reshape(1, x.shape[1], 1, -1)
        return x[:, :, None, :]
    windows = batch_windows(layer, x)
    windows = np.moveaxis(windows, 2, -1 - len(op.kernel))
    return windows.reshape(*windows.shape[:2], -1, x.shape[2] * int(np.prod(op.kernel)))


def by_position(layer: Layer, values: Floats) -> Floats:
    """(T, B, neurons) as vectors of columns: (T * B * positions, columns)."""
    if not isinstance(layer.op, Conv):
        return values.reshape(-1, values.shape[2])
    channels = layer.out_shape[0]
    by_channel = values.reshape(*values.shape[:2], channels, -1)
    return np.ascontiguousarray(by_channel.swapaxes(2, 3)).reshape(-1, channels)


def from_position(layer: Layer, vectors: Floats, shape: Shape) -> Floats:
    """The inverse: (T, B, neurons), whose `shape` is given."""
    if not isinstance(layer.op, Conv):
        return vectors.reshape(shape)
    by_channel = vectors.reshape(*shape[:2], -1, layer.out_shape[0]).swapaxes(2, 3)
    return np.ascontiguousarray(by_channel).reshape(shape)


def unrow(layer: Layer, error: Floats, shape: Shape) -> Floats:
    """The inverse of `batch_rows` for errors: row errors added up at the gathered input, of shape `shape`."""
    op = layer.op
    if isinstance(op, Dense):
        if op.flatten_time:
            return error.reshape(shape[1], shape[0], -1).swapaxes(0, 1)
        return error[:, :, 0, :]
    assert isinstance(op, Conv)  # for mypy
    positions = layer.out_shape[1:] if op.axis == "space" else ()
    windows = error.reshape(*error.shape[:2], *positions, shape[2], *op.kernel)
    return unwindow(layer, np.moveaxis(windows, 2 + len(positions), 2), shape)
