"""Which values drive the word lines of a layer: windows over its inputs, as rows of its weight matrix.

The value side (:func:`archsim.snn.forward`) and the cost side (which rows are active) both take their rows
from here, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.workload.network import Conv, Dense, Layer, Pool, Shape

Array = NDArray[Any]


def space_windows(x: Array, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    """Windows along the axes of one timestep; positions outside the map are zero.

    Parameters
    ----------
    x : array (T, C, *space)

    Returns
    -------
    array (T, C, *positions, *kernel)
        A view where possible.

    Examples
    --------
    >>> x = np.arange(4).reshape(1, 1, 4)
    >>> space_windows(x, kernel=(2,), stride=(2,), padding=(1,), dilation=(1,))[0, 0].tolist()
    [[0, 0], [1, 2], [3, 0]]
    """
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    axes = tuple(range(2, x.ndim))
    views = sliding_window_view(padded, reach, axis=axes)
    positions = tuple(slice(None, None, s) for s in stride)
    taps = tuple(slice(None, None, d) for d in dilation)
    return views[(slice(None), slice(None), *positions, *taps)]


def time_windows(x: Array, kernel: int, stride: int, padding: int, dilation: int = 1) -> Array:
    """Windows along time; timesteps before the first and after the last are zero.

    Parameters
    ----------
    x : array (T, *shape)

    Returns
    -------
    array (T_out, *shape, kernel)

    Examples
    --------
    >>> time_windows(np.arange(1, 5), kernel=3, stride=1, padding=1).tolist()
    [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]
    """
    padded = np.pad(x, [(padding, padding), *((0, 0) for _ in x.shape[1:])])
    return sliding_window_view(padded, dilation * (kernel - 1) + 1, axis=0)[::stride, ..., ::dilation]


def op_windows(layer: Layer, x: Array) -> Array:
    """The windows of a convolution or pooling over its gathered input, whatever its axis.

    Returns
    -------
    array (T_l, C, *rest, *kernel)
        Pooling along time keeps every axis of one timestep in `rest`.

    Raises
    ------
    WorkloadError
        If the windows do not fit the axes of the input or are longer than it.
    """
    op = layer.op
    if isinstance(op, Dense):
        raise WorkloadError(f"layer {layer.name!r}: a dense layer has no windows")
    dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
    if op.axis == "time":
        n_axes, lengths = 1, x.shape[:1]
    else:
        n_axes, lengths = x.ndim - 2, x.shape[2:]
    sizes = {"kernel": op.kernel, "stride": op.stride, "padding": op.padding, "dilation": dilation}
    for what, given in sizes.items():
        if len(given) != n_axes or min(given, default=1) < (0 if what == "padding" else 1):
            raise WorkloadError(
                f"layer {layer.name!r}: {what} is {given}, but its windows run along {n_axes} axes "
                f"({'0' if what == 'padding' else '1'} or more on each)"
            )
    for length, k, p, d in zip(lengths, op.kernel, op.padding, dilation, strict=True):
        if length + 2 * p < d * (k - 1) + 1:
            raise WorkloadError(
                f"layer {layer.name!r}: its input is {length} long (padding {p} on both sides), shorter "
                f"than its window of {d * (k - 1) + 1}"
            )
    if op.axis == "time":
        return time_windows(x, op.kernel[0], op.stride[0], op.padding[0], dilation[0])
    return space_windows(x, op.kernel, op.stride, op.padding, dilation)


def gather(layer: Layer, outputs: Mapping[str, Array]) -> Array:
    """The layer's input: its inputs concatenated and delayed.

    Returns
    -------
    array
        (T, n_in) for a dense layer, else (T, *in_shape).

    Raises
    ------
    WorkloadError
        If an input is missing or of another shape than the layer expects.
    """
    parts = []
    for name in layer.inputs:
        if name not in outputs:
            raise WorkloadError(f"layer {layer.name!r}: there are no values of its input {name!r}")
        part = outputs[name]
        parts.append(part.reshape(len(part), -1) if isinstance(layer.op, Dense) else part)
    if len({(len(p), p.shape[2:]) for p in parts}) > 1:
        shapes = ", ".join(f"{n} {p.shape}" for n, p in zip(layer.inputs, parts, strict=True))
        raise WorkloadError(
            f"layer {layer.name!r}: its inputs differ in more than the first axis after time: {shapes}"
        )
    x = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    expected = (layer.n_in,) if isinstance(layer.op, Dense) else layer.in_shape
    if x.shape[1:] != expected:
        raise WorkloadError(
            f"layer {layer.name!r}: one timestep of its input has shape {x.shape[1:]}, expected {expected}"
        )
    return _delayed(x, layer.delay)


def _delayed(x: Array, n_steps: int) -> Array:
    if n_steps == 0:
        return x
    late = np.zeros_like(x)
    late[n_steps:] = x[: max(0, len(x) - n_steps)]
    return late


def input_rows(layer: Layer, outputs: Mapping[str, Array], *, line_by_line: bool = False) -> Array:
    """The rows that the layer's inputs drive, without the layer's own outputs; see :func:`rows_of`.

    With `line_by_line` each word line's values at all positions lie together in memory: quick to make and to count.
    """
    if isinstance(layer.op, Pool):
        raise WorkloadError(f"layer {layer.name!r}: pooling has no weights, so it drives no word lines")
    x = gather(layer, outputs)
    if isinstance(layer.op, Dense):
        return x.reshape(1, 1, -1) if layer.op.flatten_time else x[:, None, :]
    if layer.recurrent:
        raise WorkloadError(f"layer {layer.name!r}: a recurrent convolution is not supported; use a dense layer")
    if layer.op.axis == "time" and x.ndim != 2:
        raise WorkloadError(
            f"layer {layer.name!r}: a convolution along time needs one value per channel and timestep, "
            f"got shape {x.shape[1:]}"
        )
    windows = op_windows(layer, x)
    n_kernel = len(layer.op.kernel)
    n_rows = x.shape[1] * int(np.prod(layer.op.kernel))
    if line_by_line:  # (T, C, *positions, *kernel) -> (T, C, *kernel, *positions)
        windows = np.moveaxis(windows, range(-n_kernel, 0), range(2, 2 + n_kernel))
        return windows.reshape(len(windows), n_rows, -1).swapaxes(1, 2)
    # (T, C, *positions, *kernel) -> (T, *positions, C, *kernel)
    windows = np.moveaxis(windows, 1, -1 - n_kernel)
    return windows.reshape(len(windows), -1, n_rows)


def rows_of(layer: Layer, outputs: Mapping[str, Array], *, line_by_line: bool = False) -> Array:
    """The vector that drives the word lines of a layer, for every timestep and output position.

    Parameters
    ----------
    layer : Layer
        A dense layer or a convolution.
    outputs : mapping of str to array (T, *shape)
        Values of the layer's inputs by name, and of the layer itself if it is recurrent.
    line_by_line : bool
        How they lie in memory: see :func:`input_rows`.

    Returns
    -------
    array (T_l, n_positions, n_rows)
        Row order: inputs concatenated; convolution channel-major, (c, ky, kx) in space, (c, k) along
        time, over all groups; a dense layer with `flatten_time` has one vector, time-major (t, c); then
        the layer's own outputs of the timestep before if it is recurrent. The dtype is that of the values.

    Raises
    ------
    WorkloadError
        For pooling (no word lines), a recurrent convolution, or values of the wrong shape.

    Examples
    --------
    >>> conv = Conv(n_out=1, kernel=(2,), stride=(1,), padding=(0,), dilation=(1,), axis="time")
    >>> layer = Layer("c", conv, ("input",), in_shape=(2,), out_shape=(1,))
    >>> rows_of(layer, {"input": np.array([[1, 10], [2, 20], [3, 30]])}).tolist()
    [[[1, 2, 10, 20]], [[2, 3, 20, 30]]]
    """
    rows = input_rows(layer, outputs, line_by_line=line_by_line)
    if not layer.recurrent:
        return rows
    if layer.name not in outputs:
        raise WorkloadError(f"layer {layer.name!r} is recurrent, but there are no values of its own output")
    own = outputs[layer.name].reshape(len(rows), 1, -1)
    return np.concatenate([rows, _delayed(own, 1)], axis=2)
