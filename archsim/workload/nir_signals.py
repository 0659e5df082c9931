"""The signal on an edge of a NIR graph: a sum of terms, each weights upon the output of a layer.

A node that is linear transforms the terms; a neuron turns them into a layer. So weights that follow weights
are multiplied, scales are folded, and a sum of spikes into one matrix becomes the matrix standing twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.network import Conv, Dense, Floats, Op, Pool, Shape, window_count
from archsim.workload.nir_nodes import Node, bias_vector, conv_of, weight_matrix

MAX_IDENTITY = 4096  # values that go one to one; its matrix has the square of them


@dataclass(frozen=True)
class Term:
    """Weights (or pooling, or nothing: `op` None) upon the output of one layer.

    Parameters
    ----------
    source : str
        Name of a layer, or "input".
    in_shape, out_shape : tuple of int
        Shape of the source's output, and of the term.
    nodes : tuple of str
        The nodes it stands for, in order: their names, for people.
    key : tuple of str
        The same by paths: what tells one term from another.
    scale : array or None
        Factors upon the source's output (with `op` None), in its shape.
    delay : int
        Timesteps.
    analog : bool
        The source's output is the plain result of weights, not of neurons.
    """

    source: str
    in_shape: Shape
    out_shape: Shape
    nodes: tuple[str, ...]
    key: tuple[str, ...]
    op: Op | None = None
    weight: Floats | None = None
    bias: Floats | None = None
    scale: Floats | None = None
    delay: int = 0
    analog: bool = False

    def through(self, node: Node, **changes: Any) -> Term:
        """The term behind a further node."""
        return replace(self, nodes=(*self.nodes, node.name), key=(*self.key, node.path), **changes)


@dataclass(frozen=True)
class Signal:
    """A sum of terms; `shape` is the shape the graph gives it (flattened, perhaps)."""

    terms: tuple[Term, ...]
    shape: Shape


def added(node: Node, signals: list[tuple[str, Signal]]) -> Signal:
    """The sum of all that comes into a node."""
    sizes = {math.prod(s.shape) for _, s in signals}
    if len(sizes) > 1:
        shapes = ", ".join(f"{name} gives {s.shape}" for name, s in signals)
        raise WorkloadError(f"{node}: its inputs have different shapes: {shapes}")
    shape = max((s.shape for _, s in signals), key=len)
    return Signal(tuple(t for _, s in signals for t in s.terms), shape)


def through_dense(node: Node, signal: Signal, notes: list[str]) -> Signal:
    """Linear or Affine: W x + b."""
    n_in = math.prod(signal.shape)
    weight = weight_matrix(node)
    if weight.shape[1] != n_in and weight.shape[0] == n_in:
        notes.append(f"{node}: weight {weight.shape} is stored as (in, out): transposed")
        weight = weight.T.copy()
    if weight.shape[1] != n_in:
        raise WorkloadError(f"{node}: weight has shape {weight.shape}, but its input has {signal.shape}")
    _refuse_analog(node, signal)
    if len(signal.shape) > 1 and any(t.out_shape != signal.shape for t in signal.terms):
        notes.append(f"{node} gets shape {signal.shape} from a Flatten, and its weights take all {n_in} values")
    n_out = weight.shape[0]
    terms = []
    for term in signal.terms:
        if isinstance(term.op, Conv):
            raise _weights_into_weights(node, term)
        if isinstance(term.op, Dense):
            assert term.weight is not None  # a Dense term is only ever made with weights
            notes.append(f"{node} follows {term.nodes[-1]!r} without neurons between: multiplied into one matrix")
            with np.errstate(all="ignore"):
                product = weight @ term.weight
                bias = None if term.bias is None else weight @ term.bias
        else:
            product, bias = weight if term.scale is None else weight * term.scale.reshape(-1), None
        terms.append(
            term.through(node, op=Dense(n_out), weight=product, bias=bias, scale=None, out_shape=(n_out,))
        )
    _note_copies(node, signal, notes)
    return Signal(_with_bias(terms, bias_vector(node, n_out)), (n_out,))


def through_conv(node: Node, signal: Signal, notes: list[str]) -> Signal:
    """Conv1d or Conv2d."""
    conv, weight, out_shape = conv_of(node, signal.shape)
    _refuse_analog(node, signal)
    refuse_reshaped(node, signal)
    stated = node.params.get("input_shape")
    if stated is not None and np.asarray(stated).tolist() not in (list(signal.shape[1:]), signal.shape[1]):
        notes.append(f"{node} states input_shape {np.asarray(stated).tolist()}, its input has {signal.shape}: "
                     "the latter is used")  # fmt: skip
    terms = []
    for term in signal.terms:
        if term.op is not None:
            raise _weights_into_weights(node, term)
        scaled = weight
        if term.scale is not None:
            scaled = weight * _input_scale(node, term, conv, weight.shape)
        terms.append(
            term.through(node, op=conv, weight=scaled, scale=None, in_shape=signal.shape, out_shape=out_shape)
        )
    _note_copies(node, signal, notes)
    return Signal(_with_bias(terms, bias_vector(node, conv.n_out)), out_shape)


def through_scale(node: Node, signal: Signal, scale: Floats) -> Signal:
    """Scale: factors into the weights before it, or kept for the weights after it."""
    terms = []
    for term in signal.terms:
        flat = scale.reshape(term.out_shape)
        if isinstance(term.op, Conv):
            flat = _per_channel(node, flat)
        if term.op is None:
            factors = flat if term.scale is None else flat * term.scale
            terms.append(term.through(node, scale=factors))
            continue
        assert term.weight is not None  # pooling was made a layer before
        weight = term.weight * flat.reshape(-1, *[1] * (term.weight.ndim - 1))
        bias = None if term.bias is None else term.bias * flat.reshape(-1)
        terms.append(term.through(node, weight=weight, bias=bias))
    return Signal(tuple(terms), signal.shape)


def identity(node: Node, term: Term, like: Op, notes: list[str]) -> Term:
    """Weights that pass on one to one what comes without, as the operation that the terms beside it are."""
    source = term.nodes[-1]
    scale = np.ones(term.out_shape) if term.scale is None else term.scale
    if isinstance(like, Conv):
        weight, out_shape = _delta_kernel(node, term, like, _per_channel(node, scale)), term.out_shape
    else:
        n = math.prod(term.out_shape)
        if n > MAX_IDENTITY:
            raise WorkloadError(
                f"{node} gets the {n} values of {source!r} without weights between; for at most {MAX_IDENTITY} an "
                "identity matrix is put there"
            )
        weight, out_shape = np.diag(scale.reshape(-1)), (n,)
        like = Dense(n)
    notes.append(f"{node} gets {source!r} without weights between: an identity matrix put there (it takes arrays)")
    return replace(term, op=like, weight=weight, scale=None, in_shape=term.out_shape, out_shape=out_shape)


def one_to_one(n_channels: int, n_axes: int) -> Conv:
    """A convolution that can leave a map as it is."""
    one = (1,) * n_axes
    return Conv(n_channels, one, one, (0,) * n_axes, one)


def _delta_kernel(node: Node, term: Term, like: Conv, factors: Floats) -> Floats:
    """The weights by which a convolution gives its own input, where it can."""
    sizes = tuple(map(window_count, term.out_shape[1:], like.kernel, like.stride, like.padding, like.dilation))
    taps = tuple(p // d for p, d in zip(like.padding, like.dilation, strict=True))
    axes = zip(like.padding, like.dilation, like.kernel, strict=True)
    exact = all(p % d == 0 and p // d < k for p, d, k in axes)
    same = (like.n_out, *sizes) == term.out_shape and set(like.stride) == {1} and like.groups == 1
    if not (same and exact):
        raise WorkloadError(
            f"{node} is the sum of a convolution and of {term.nodes[-1]!r} without weights between; both are one "
            "operation only if the convolution has stride 1, no groups and gives the shape that it gets"
        )
    weight = np.zeros((like.n_out, like.n_out, *like.kernel))
    tap: tuple[Any, ...] = (..., *taps)
    weight[tap] = np.diag(factors)
    return weight


def merged(node: str, terms: list[Term]) -> tuple[Term, tuple[str, ...]]:
    """Terms into one node as one operation upon the concatenation of their sources.

    Returns
    -------
    Term, tuple of str
        The operation, and the sources in the order of its columns.
    """
    delays = sorted({t.delay for t in terms})
    if len(delays) > 1:
        raise WorkloadError(f"{node!r}: its inputs are delayed by different times ({delays} timesteps)")
    first = terms[0]
    if len(terms) == 1:
        return first, (first.source,)
    kinds = {(type(t.op), t.op, t.out_shape) for t in terms}
    spaces = {t.in_shape[1:] for t in terms}
    mergeable = len(kinds) == 1 and (
        isinstance(first.op, Dense) or (isinstance(first.op, Conv) and first.op.groups == 1 and len(spaces) == 1)
    )
    if not mergeable:
        via = ", ".join(t.nodes[-1] for t in terms)
        raise WorkloadError(
            f"{node!r}: the sum of {via} cannot be one operation; a sum of several Linear/Affine, or of "
            "convolutions alike without groups, can"
        )
    weights: dict[str, Floats] = {}
    shapes: dict[str, Shape] = {}
    for term in terms:
        assert term.weight is not None  # Dense and Conv terms are only ever made with weights
        shapes[term.source] = term.in_shape
        weights[term.source] = weights[term.source] + term.weight if term.source in weights else term.weight
    biases = [t.bias for t in terms if t.bias is not None]
    bias = np.sum(biases, axis=0) if biases else None
    n = sum(math.prod(s) for s in shapes.values())
    in_shape: Shape = (n,)
    if isinstance(first.op, Conv):
        in_shape = (sum(s[0] for s in shapes.values()), *first.in_shape[1:])
    elif len(shapes) == 1:
        in_shape = first.in_shape
    weight = np.concatenate(list(weights.values()), axis=1)
    return replace(first, weight=weight, bias=bias, in_shape=in_shape), tuple(weights)


def _with_bias(terms: list[Term], bias: Floats | None) -> tuple[Term, ...]:
    """The node's own bias counts once, whatever the number of terms."""
    if bias is not None:
        first = terms[0]
        terms[0] = replace(first, bias=bias if first.bias is None else first.bias + bias)
    return tuple(terms)


def _input_scale(node: Node, term: Term, conv: Conv, weight_shape: Shape) -> Floats:
    assert term.scale is not None
    per_channel = _per_channel(node, term.scale)
    by_group = np.repeat(per_channel.reshape(conv.groups, -1), conv.n_out // conv.groups, axis=0)
    return by_group.reshape(weight_shape[0], weight_shape[1], *[1] * (len(weight_shape) - 2))


def _per_channel(node: Node, scale: Floats) -> Floats:
    rows = scale.reshape(scale.shape[0], -1)
    if np.any(rows != rows[:, :1]):
        raise WorkloadError(
            f"{node}: factors that differ within a channel cannot be folded into convolution weights"
        )
    return rows[:, 0]


def refuse_reshaped(node: Node, signal: Signal) -> None:
    """Windows run over the axes of the layers before them; Flatten cannot give these other axes."""
    for term in signal.terms:
        if term.out_shape != signal.shape:
            raise WorkloadError(
                f"{node} gets {term.nodes[-1]!r} of shape {term.out_shape} as {signal.shape}; between layers with "
                "windows shapes cannot be changed, only flattened for a Linear or Affine"
            )


def _refuse_analog(node: Node, signal: Signal) -> None:
    for term in signal.terms:
        if term.analog:
            raise _weights_into_weights(node, term)


def _weights_into_weights(node: Node, term: Term) -> WorkloadError:
    what = " and ".join(repr(n) for n in term.nodes[-2:])
    return WorkloadError(
        f"{node} follows {what} without neurons between; only Linear/Affine after Linear/Affine is folded"
    )


def _note_copies(node: Node, signal: Signal, notes: list[str]) -> None:
    plain = sorted({t.source for t in signal.terms if t.op is None or isinstance(t.op, Pool)})
    if len(plain) > 1:
        notes.append(
            f"{node} takes the sum of {', '.join(plain)}: its weights stand {len(plain)} times, once for each"
        )
