"""From the layers of a workload file to a network: shapes are propagated, errors collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archsim.errors import WorkloadError
from archsim.names import why_reserved
from archsim.workload.models import (
    ConvModel,
    DenseModel,
    LayerModel,
    LayersModel,
    PoolModel,
    RecurrentModel,
)
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Op, Pool, Shape, window_count

Path = tuple[str | int, ...]


class LayerError(WorkloadError):
    """Errors of the layers of a network that is written out.

    Attributes
    ----------
    errors : tuple of (path, message)
        Paths start at the network: ``("layers", 0, "kernel")``.
    """

    def __init__(self, name: str, errors: Sequence[tuple[Path, str]]) -> None:
        super().__init__("\n".join(f"{name}: {message}" for _, message in errors))
        self.errors = tuple(errors)


class _LayerError(Exception):
    """Errors of one layer, each with its key."""

    def __init__(self, item: LayerModel, said: str, *keys: str) -> None:
        super().__init__(f"layer {item.name!r}: {said}")
        self.keys = keys


def network_of(name: str, model: LayersModel) -> Network:
    """Build the network that a workload file writes out.

    Raises
    ------
    LayerError
        With every error, one per line: a name that is taken or unknown, a window that does not fit its input,
        inputs that do not agree in shape. Layers behind a wrong one are not looked at.
    """
    shapes: dict[str, Shape | None] = {INPUT: tuple(model.input)}  # None: of a layer that is wrong itself
    layers: list[Layer] = []
    errors: list[tuple[Path, str]] = []
    before = INPUT
    for index, item in enumerate(model.layers):
        inputs = tuple(item.inputs or (before,))
        before = item.name
        try:
            layer = _checked(item, inputs, shapes)
        except _LayerError as error:
            errors.append((("layers", index, *error.keys), str(error)))
            layer = None
        if item.name not in shapes:
            shapes[item.name] = None if layer is None else layer.out_shape
        if layer is not None:
            layers.append(layer)
    if errors:
        raise LayerError(name, errors)
    return Network(name, tuple(model.input), tuple(layers))


def _checked(item: LayerModel, inputs: tuple[str, ...], shapes: Mapping[str, Shape | None]) -> Layer | None:
    """The layer, or None if one of its inputs is wrong already."""
    if reserved := why_reserved(item.name):
        raise _LayerError(item, f"this name is reserved ({reserved}); call the layer otherwise", "name")
    if item.name in shapes:
        raise _LayerError(item, "this is the name of an earlier layer", "name")
    unknown = [source for source in inputs if source not in shapes]
    if unknown:
        listed = ", ".join(map(repr, unknown))
        raise _LayerError(item, f"unknown input {listed}; known here: {', '.join(shapes)}", "inputs")
    known = [shape for shape in (shapes[source] for source in inputs) if shape is not None]
    return _layer(item, inputs, _joined(item, known)) if len(known) == len(inputs) else None


def _joined(item: LayerModel, shapes: list[Shape]) -> Shape:
    """Shape of the concatenated inputs: along the channels, or flat for a dense layer."""
    if len(shapes) == 1:
        return shapes[0]
    if isinstance(item, DenseModel | RecurrentModel):
        return (sum(_size(shape) for shape in shapes),)
    if len({shape[1:] for shape in shapes}) > 1:
        listed = ", ".join(map(str, shapes))
        raise _LayerError(item, f"its inputs differ in length or height and width: {listed}", "inputs")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


def _size(shape: Shape) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def _layer(item: LayerModel, inputs: tuple[str, ...], in_shape: Shape) -> Layer:
    op, out_shape = _op(item, in_shape)
    return Layer(
        name=item.name,
        op=op,
        inputs=inputs,
        in_shape=in_shape,
        out_shape=out_shape,
        neuron=None if item.neuron is None else item.neuron.neuron(),
        recurrent=isinstance(item, RecurrentModel),
    )


def _op(item: LayerModel, in_shape: Shape) -> tuple[Op, Shape]:
    if isinstance(item, DenseModel):
        return Dense(item.n_outputs, item.flatten_time), (item.n_outputs,)
    if isinstance(item, RecurrentModel):
        return Dense(item.n_outputs), (item.n_outputs,)
    extents = _window_axes(item, in_shape)
    kernel = _per_axis(item, "kernel", item.kernel, len(extents))
    padding = _per_axis(item, "padding", item.padding, len(extents))
    given_stride = item.kernel if item.stride is None else item.stride
    stride = _per_axis(item, "stride", given_stride, len(extents))
    if isinstance(item, PoolModel):
        kind = item.kind.removesuffix("_pool")
        pool = Pool(kind, kernel, stride, padding, item.axis)  # type: ignore[arg-type]  # kinds agree by name
        return pool, _windowed(item, in_shape[0], in_shape, extents, pool, (1,) * len(kernel))
    if in_shape[0] % item.groups or item.n_channels % item.groups:
        raise _LayerError(item, f"groups {item.groups} must divide input and output channels", "groups")
    dilation = _per_axis(item, "dilation", item.dilation, len(extents))
    conv = Conv(item.n_channels, kernel, stride, padding, dilation, item.groups, item.axis)
    return conv, _windowed(item, item.n_channels, in_shape, extents, conv, dilation)


def _window_axes(item: ConvModel | PoolModel, in_shape: Shape) -> Shape:
    """Extents that the window slides along; along time their number is one and the extent is not known yet."""
    if item.axis == "time":
        if item.kind == "conv2d":
            raise _LayerError(item, "a convolution along time is a conv1d", "kind")
        if len(in_shape) != 1:
            raise _LayerError(item, f"a window along time takes (channels,), not {in_shape}", "axis")
        return (0,)
    n_axes = {"conv1d": 1, "conv2d": 2}.get(item.kind, len(in_shape) - 1)
    if len(in_shape) != n_axes + 1 or n_axes < 1:
        raise _LayerError(item, f"a {item.kind} along space cannot take an input of shape {in_shape}", "kind")
    return in_shape[1:]


def _windowed(
    item: ConvModel | PoolModel, channels: int, in_shape: Shape, extents: Shape, op: Conv | Pool, dilation: Shape
) -> Shape:
    if item.axis == "time":
        return (channels,)
    axes = zip(extents, op.kernel, op.stride, op.padding, dilation, strict=True)
    counts = tuple(window_count(*axis) for axis in axes)
    if min(counts) < 1:
        raise _LayerError(item, f"its window {op.kernel} is larger than its input {in_shape}", "kernel")
    return (channels, *counts)


def _per_axis(item: ConvModel | PoolModel, key: str, value: int | list[int], n_axes: int) -> Shape:
    values = (value,) * n_axes if isinstance(value, int) else tuple(value)
    if len(values) != n_axes:
        raise _LayerError(item, f"{key} has {len(values)} numbers for {n_axes} axes", key)
    return values
