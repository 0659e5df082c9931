"""Nodes of a NIR graph: their parameters as checked numbers, their neurons in discrete time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from archsim import registry
from archsim.errors import WorkloadError
from archsim.workload.network import Conv, Floats, Neuron, Pool, Shape, window_count
from archsim.workload.nir_file import Tree

Reset = Literal["zero", "subtract"]
Fires = Literal["above", "at"]

NEURONS = ("CubaLI", "CubaLIF", "I", "IF", "LI", "LIF", "Threshold")
SUPPORTED = (
    "Affine", "AvgPool2d", "Conv1d", "Conv2d", "CubaLI", "CubaLIF", "Delay", "Flatten", "I", "IF", "Input",
    "LI", "LIF", "Linear", "NIRGraph", "Output", "Scale", "SumPool2d", "Threshold",
)  # fmt: skip

MAX_VALUES = 10**8  # values of one timestep; more is a damaged shape rather than a network
SEPARATOR = "/"  # the one character that no name in an HDF5 file has
ROUNDING = 1e-6  # exporters store time constants in single precision


@dataclass(frozen=True)
class Node:
    """One node: its path through the graphs around it ("sub/lif"), type and raw parameters."""

    path: str
    type: str
    params: Tree

    @property
    def name(self) -> str:
        """The path as people see it: "sub.lif". Only the path is sure to be the node's own."""
        return self.path.replace(SEPARATOR, ".")

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"

    @property
    def is_neuron(self) -> bool:
        """Whether the node has a state or a threshold."""
        return self.type in NEURONS


def values(node: Node, key: str) -> Floats:
    """A parameter as finite float64 array.

    Raises
    ------
    WorkloadError
        If it is missing, not numeric, empty, or holds NaN or infinity.
    """
    if key not in node.params:
        raise WorkloadError(f"{node}: parameter {key!r} is missing")
    raw = np.asarray(node.params[key])
    if raw.dtype.kind not in "biuf" or raw.size == 0:
        raise WorkloadError(f"{node}: parameter {key!r} is not numeric or empty")
    with np.errstate(all="ignore"):
        array = raw.astype(np.float64)
    n_bad = int(np.count_nonzero(~np.isfinite(array)))
    if n_bad:
        raise WorkloadError(f"{node}: {key} holds NaN or infinity ({n_bad} of {array.size} values)")
    return array


def whole_numbers(node: Node, key: str, n: int, least: int) -> tuple[int, ...]:
    """A parameter as `n` whole numbers of at least `least`; a single one counts for all."""
    array = values(node, key).reshape(-1)
    if array.size not in (1, n) or np.any(array != np.floor(array)) or np.any(array < least):
        raise WorkloadError(
            f"{node}: {key} is {_short(array)}, must be 1 or {n} whole numbers of at least {least}"
        )
    return tuple(int(v) for v in np.broadcast_to(array, n))


def declared_shape(node: Node, key: str = "shape") -> Shape | None:
    """A shape that the node states, or None if it states none that can be used."""
    raw: Any = node.params.get(key, node.params.get("input_type"))
    if isinstance(raw, dict):
        raw = next(iter(raw.values()), None)
    array = np.asarray(raw).reshape(-1) if raw is not None else np.zeros(0)
    if array.size == 0 or array.dtype.kind not in "iuf" or not np.all(array >= 1):
        return None
    return tuple(int(v) for v in array) if np.all(np.isfinite(array)) else None


def fitted(node: Node, key: str, shape: Shape) -> Floats | float:
    """A parameter that is 0-d, per neuron or per map, for neurons of `shape`; one number if all are equal."""
    array = values(node, key)
    while array.ndim > len(shape) and array.shape[0] == 1:
        array = array[0]
    n = math.prod(shape)
    if array.size == 1:
        return float(array.reshape(-1)[0])
    if array.size == n:
        full = array.reshape(shape)
    elif len(shape) > 1 and array.size == shape[0]:
        full = np.broadcast_to(array.reshape(-1, *[1] * (len(shape) - 1)), shape)
    else:
        raise WorkloadError(
            f"{node}: {key} has shape {array.shape}, but the node gets {shape}; "
            "allowed are one value, one per neuron or one per channel"
        )
    first = float(array.reshape(-1)[0])
    return first if np.all(array == first) else full.copy()


def weight_matrix(node: Node) -> Floats:
    """The matrix (out, in) of a Linear or Affine."""
    weight = values(node, "weight")
    while weight.ndim > 2 and weight.shape[0] == 1:
        weight = weight[0]
    if weight.ndim != 2:
        raise WorkloadError(f"{node}: weight has shape {weight.shape}, must be (out, in)")
    return weight


def bias_vector(node: Node, n_out: int) -> Floats | None:
    """The bias per output (channel); None if the node has none."""
    if "bias" not in node.params:
        return None
    bias = values(node, "bias").reshape(-1)
    if bias.size not in (1, n_out):
        raise WorkloadError(f"{node}: bias has {bias.size} values, the weights have {n_out} outputs")
    return np.broadcast_to(bias, n_out).copy()


def conv_of(node: Node, in_shape: Shape) -> tuple[Conv, Floats, Shape]:
    """Operation, weights (out, in / groups, *kernel) and output shape of a Conv1d or Conv2d."""
    n_axes = 1 if node.type == "Conv1d" else 2
    weight = values(node, "weight")
    if weight.ndim != n_axes + 2:
        raise WorkloadError(f"{node}: weight has shape {weight.shape}, must have {n_axes + 2} axes")
    n_out, kernel = weight.shape[0], weight.shape[2:]
    groups = whole_numbers(node, "groups", 1, 1)[0] if "groups" in node.params else 1
    n_channels = weight.shape[1] * groups
    if len(in_shape) != n_axes + 1 or in_shape[0] != n_channels or n_out % groups:
        axes = "length" if n_axes == 1 else "height, width"
        raise WorkloadError(
            f"{node}: its input has shape {in_shape}, its weights {weight.shape} with {groups} groups "
            f"need ({n_channels}, {axes})"
        )
    stride = whole_numbers(node, "stride", n_axes, 1) if "stride" in node.params else (1,) * n_axes
    dilation = whole_numbers(node, "dilation", n_axes, 1) if "dilation" in node.params else (1,) * n_axes
    padding = _padding(node, kernel, stride, dilation)
    conv = Conv(n_out, kernel, stride, padding, dilation, groups)
    return conv, weight, (n_out, *_windows(node, in_shape, kernel, stride, padding, dilation))


def pool_of(node: Node, in_shape: Shape) -> tuple[Pool, Shape]:
    """Operation and output shape of a SumPool2d or AvgPool2d."""
    if len(in_shape) != 3:
        raise WorkloadError(f"{node}: its input has shape {in_shape}, must be (channels, height, width)")
    kernel = whole_numbers(node, "kernel_size", 2, 1)
    stride = whole_numbers(node, "stride", 2, 1) if "stride" in node.params else kernel
    padding = whole_numbers(node, "padding", 2, 0) if "padding" in node.params else (0, 0)
    kind: Literal["average", "sum"] = "sum" if node.type == "SumPool2d" else "average"
    out_shape = (in_shape[0], *_windows(node, in_shape, kernel, stride, padding, (1, 1)))
    return Pool(kind, kernel, stride, padding), out_shape


def flattened(node: Node, shape: Shape) -> Shape:
    """The shape behind a Flatten; its dimensions count over the axes of `input_type`, batch axes before them too.

    Without an `input_type` there is one such axis, as PyTorch's exporters mean `start_dim` 1.
    """
    stated: Any = node.params.get("input_type")
    stated = next(iter(stated.values()), None) if isinstance(stated, dict) else stated
    n_stated = len(shape) + 1 if stated is None else np.asarray(stated).size
    leading = max(n_stated - len(shape), 0)
    ends = []
    for key, default in (("start_dim", 1), ("end_dim", -1)):
        dim = int(whole_numbers(node, key, 1, -n_stated)[0]) if key in node.params else default
        ends.append(max((dim + n_stated if dim < 0 else dim) - leading, 0))
    start, end = ends
    if not start <= end < len(shape):
        raise WorkloadError(
            f"{node}: dimensions {start + leading} to {end + leading} of {n_stated} cannot be flattened; it gets "
            f"{shape}"
        )
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


def delay_steps(node: Node, dt: float) -> int:
    """The delay in timesteps; all elements must agree, and it must be a whole number of them."""
    delay = values(node, "delay").reshape(-1)
    steps = delay / dt
    n = round(float(steps[0]))
    if np.any(np.abs(steps - n) > ROUNDING * max(n, 1)) or n < 0:
        raise WorkloadError(
            f"{node}: delay {_short(delay)} s must be the same whole number of timesteps (dt = {dt:g} s) "
            "for all elements; another dt may fit"
        )
    return n


def neuron_of(node: Node, shape: Shape, dt: float, reset: Reset, fires: Fires = "above") -> Neuron:
    """The neuron in discrete time, by one explicit Euler step of the node's equation.

    Parameters
    ----------
    node : Node
    shape : tuple of int
        Shape of the neurons.
    dt : float
        Timestep in seconds.
    reset : "zero" or "subtract"
    fires : "above" or "at"
        Whether a potential that equals the threshold fires.
    """
    if node.type == "Threshold":
        return Neuron("lif", decay=0.0, threshold=fitted(node, "threshold", shape), reset=reset, fires=fires)
    r = fitted(node, "r", shape) if "r" in node.params else 1.0
    if node.type in ("I", "IF"):
        neuron: dict[str, Any] = {"decay": 1.0, "gain": r * dt, "offset": 0.0}
    else:
        rate = _rate(node, "tau_mem" if node.type.startswith("Cuba") else "tau", shape, dt)
        leak = fitted(node, "v_leak", shape) if "v_leak" in node.params else 0.0
        neuron = {"decay": _decay(rate), "gain": r * rate, "offset": leak * rate}
    if node.type.startswith("Cuba"):
        rate = _rate(node, "tau_syn", shape, dt)
        w_in = fitted(node, "w_in", shape) if "w_in" in node.params else 1.0
        neuron |= {"syn_decay": _decay(rate), "syn_gain": w_in * rate}
    if node.type in ("IF", "LIF", "CubaLIF"):
        neuron["threshold"] = fitted(node, "v_threshold", shape)
        neuron["v_reset"] = fitted(node, "v_reset", shape) if "v_reset" in node.params else 0.0
    wrong = [key for key, value in neuron.items() if not np.all(np.isfinite(value))]
    if wrong:
        raise WorkloadError(f"{node}: its parameters are too large for discrete time ({', '.join(wrong)})")
    kinds = {name: kind for kind, of in registry.NEURONS.items() for name in of.nir}
    return Neuron(kinds[node.type], reset=reset, fires=fires, **neuron)


def _rate(node: Node, key: str, shape: Shape, dt: float) -> Floats | float:
    """dt / tau, refused above 1, where the explicit Euler step would oscillate."""
    tau = fitted(node, key, shape)
    least = float(np.min(tau))
    if least <= 0:
        raise WorkloadError(f"{node}: {key} is {least:g} s, must be positive")
    if dt / least > 1 + ROUNDING:
        raise WorkloadError(
            f"{node}: {key} of {least:g} s is shorter than the timestep of {dt:g} s; choose a smaller dt"
        )
    return dt / tau


def _decay(rate: Floats | float) -> Floats | float:
    decay = np.maximum(1 - np.asarray(rate), 0.0)  # tau = dt in single precision may fall just below
    return float(decay) if decay.ndim == 0 else decay


def _padding(node: Node, kernel: Shape, stride: Shape, dilation: Shape) -> Shape:
    raw = node.params.get("padding", 0)
    raw = raw.decode("utf8", errors="replace") if isinstance(raw, bytes) else raw
    if not isinstance(raw, str):
        return whole_numbers(node, "padding", len(kernel), 0) if "padding" in node.params else (0,) * len(kernel)
    if raw == "valid":
        return (0,) * len(kernel)
    if raw != "same":
        raise WorkloadError(f"{node}: padding is {raw!r}, must be 'same', 'valid' or whole numbers")
    spans = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if any(s != 1 for s in stride) or any(span % 2 for span in spans):
        raise WorkloadError(
            f"{node}: padding 'same' needs stride 1 and as many zeros on both sides; "
            f"kernel {kernel} with stride {stride} and dilation {dilation} does not give that"
        )
    return tuple(span // 2 for span in spans)


def _windows(
    node: Node, in_shape: Shape, kernel: Sequence[int], stride: Shape, padding: Shape, dilation: Shape
) -> Shape:
    counts = tuple(map(window_count, in_shape[1:], kernel, stride, padding, dilation))
    if min(counts) < 1:
        raise WorkloadError(f"{node}: its input of shape {in_shape} is smaller than the window {tuple(kernel)}")
    return counts


def _short(array: Floats) -> str:
    shown = ", ".join(f"{v:g}" for v in array[:4])
    return f"({shown}{', …' if array.size > 4 else ''})" if array.size != 1 else shown
