"""The parts of a model: which of its modules computes what; all that are not supported, by name, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from archsim.bridge.library import Cell, Library, numbers
from archsim.errors import WorkloadError
from archsim.registry import LIBRARIES
from archsim.snn.batch_norm import BatchNorm
from archsim.workload.network import Conv, Dense, Floats, Pool, Shape


@dataclass(frozen=True)
class Weights:
    """A product, with its weights and biases."""

    op: Dense | Conv
    weight: Floats
    bias: Floats | None


@dataclass(frozen=True)
class Same:
    """Passes on what it gets, perhaps in another shape."""


Meaning = Weights | Pool | BatchNorm | Same | Cell


@dataclass(frozen=True, eq=False)
class Part:
    """A module of the model.

    Parameters
    ----------
    name : str
        As the model calls it.
    module : object
    meaning : Weights, Pool, BatchNorm, Same or Cell
    library : Library or None
        Of a Cell.
    """

    name: str
    module: Any
    meaning: Meaning
    library: Library | None = None


def parts_of(model: Any) -> list[Part]:
    """The parts of a model, in the order in which it lists them.

    Raises
    ------
    WorkloadError
        With every module that is not supported, and why; or there are no neurons among them.
    """
    libraries = {kind: LIBRARIES[kind]() for kind in LIBRARIES}
    parts: list[Part] = []
    errors: list[str] = []
    for name, module in _walked(model, libraries):
        try:
            parts.append(_part(name, module, libraries))
        except ValueError as cause:
            errors.append(f"{name or 'the model'} ({_class(module)}): {cause}")
    if not errors and not any(isinstance(part.meaning, Cell) for part in parts):
        known = "; ".join(f"{kind}: {', '.join(library.cells)}" for kind, library in libraries.items())
        errors.append(f"there are no spiking neurons in it; known are {known}")
    if errors:
        raise WorkloadError("\n".join(f"model: {error}" for error in errors))
    return parts


def _walked(model: Any, libraries: Mapping[str, Library], name: str = "") -> Iterator[tuple[str, Any]]:
    """Modules that compute by themselves: of those that are known, nothing inside."""
    children = list(model.named_children())
    if _known(model, libraries) is not None or not children:
        yield name, model
        return
    for child, module in children:
        yield from _walked(module, libraries, f"{name}.{child}" if name else child)


def _known(module: Any, libraries: Mapping[str, Library]) -> tuple[str, str] | None:
    """The library and class by which a module is known; "torch" for the operations of torch."""
    for of in type(module).__mro__:
        package = of.__module__.partition(".")[0]
        if package in libraries and of.__name__ in libraries[package].cells:
            return package, of.__name__
        if package == "torch" and of.__name__ in OPERATIONS:
            return package, of.__name__
    return None


def _part(name: str, module: Any, libraries: Mapping[str, Library]) -> Part:
    known = _known(module, libraries)
    if known is None:
        raise ValueError(f"is not supported; operations are {', '.join(OPERATIONS)}")
    package, of = known
    if package == "torch":
        return Part(name, module, OPERATIONS[of](module))
    return Part(name, module, libraries[package].cell(of, module), libraries[package])


def _class(module: Any) -> str:
    return f"{type(module).__module__.partition('.')[0]}.{type(module).__name__}"


def _per_axis(value: Any, n_axes: int) -> Shape:
    return (int(value),) * n_axes if isinstance(value, int) else tuple(int(one) for one in value)


def _array(tensor: Any) -> Floats:
    return np.asarray(numbers(tensor)).reshape(tuple(tensor.shape))


def _bias(module: Any) -> Floats | None:
    return None if module.bias is None else _array(module.bias)


def _linear(module: Any) -> Weights:
    weight = _array(module.weight)
    return Weights(Dense(len(weight)), weight, _bias(module))


def _conv(n_axes: int) -> Callable[[Any], Weights]:
    def read(module: Any) -> Weights:
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise ValueError(f"padding {module.padding!r} of mode {module.padding_mode!r}; give zeros, in numbers")
        kernel, stride, padding, dilation = (
            _per_axis(value, n_axes)
            for value in (module.kernel_size, module.stride, module.padding, module.dilation)
        )
        op = Conv(module.out_channels, kernel, stride, padding, dilation, module.groups)
        return Weights(op, _array(module.weight), _bias(module))

    return read


def _pool(kind: Any, n_axes: int) -> Callable[[Any], Pool]:
    def read(module: Any) -> Pool:
        kernel = _per_axis(module.kernel_size, n_axes)
        stride = kernel if module.stride is None else _per_axis(module.stride, n_axes)
        padding = _per_axis(module.padding, n_axes)
        wrong = {
            "ceil_mode": getattr(module, "ceil_mode", False),
            "dilation": any(one != 1 for one in _per_axis(getattr(module, "dilation", 1), n_axes)),
            "return_indices": getattr(module, "return_indices", False),
            "count_include_pad=False": any(padding) and not getattr(module, "count_include_pad", True),
            "divisor_override": getattr(module, "divisor_override", None) is not None,
        }
        if any(wrong.values()):
            raise ValueError(", ".join(key for key, is_set in wrong.items() if is_set))
        return Pool(kind, kernel, stride, padding)

    return read


def _norm(module: Any) -> BatchNorm:
    if module.running_mean is None:
        raise ValueError("without running statistics, every batch would be normalised otherwise")
    n = module.running_mean.shape[0]
    scale = np.ones(n) if module.weight is None else _array(module.weight)
    shift = np.zeros(n) if module.bias is None else _array(module.bias)
    return BatchNorm(_array(module.running_mean), _array(module.running_var), scale, shift, module.eps)


def _same(_module: Any) -> Same:
    return Same()


def _flatten(module: Any) -> Same:
    if module.end_dim != -1:
        raise ValueError("a Flatten that leaves the last axes as they are")
    return Same()


OPERATIONS: Final[Mapping[str, Callable[[Any], Weights | Pool | BatchNorm | Same]]] = {
    "Linear": _linear, "Conv1d": _conv(1), "Conv2d": _conv(2),
    "AvgPool1d": _pool("average", 1), "AvgPool2d": _pool("average", 2),
    "MaxPool1d": _pool("max", 1), "MaxPool2d": _pool("max", 2),
    "BatchNorm1d": _norm, "BatchNorm2d": _norm,
    "Flatten": _flatten, "Dropout": _same, "Dropout1d": _same, "Dropout2d": _same, "Identity": _same,
}  # fmt: skip
"""Modules of torch by their names, and what they mean."""
