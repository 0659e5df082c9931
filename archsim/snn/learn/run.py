"""The forward pass of a batch, with everything kept that learning needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from archsim.errors import WorkloadError
from archsim.names import RECURRENT
from archsim.snn.learn.events import Events, loops
from archsim.snn.learn.products import PlainProducts, Products, groups_of
from archsim.snn.learn.rows import batch_rows, batch_windows, by_position, from_position, gather_batch
from archsim.snn.learn.scan import NeuronNumbers, State, numbers_of, scan, scan_back
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.windows import Array
from archsim.workload.network import INPUT, Conv, Floats, Layer, Network, Pool


@dataclass
class Tape:
    """The record of one batch. Arrays are (timesteps, batch, …).

    Parameters
    ----------
    outputs : dict of str to array (T_l, B, *out_shape)
        By layer, and the input itself as "input".
    potentials : dict of str to array (T_l, B, neurons)
        Before reset, of layers with neurons.
    rows : dict of str to array (T_l, B, positions, rows)
        What drove the word lines of layers with weights.
    events : dict of str to Events or None
        The same rows as the places of their spikes, where that pays.
    numbers : dict of str to NeuronNumbers
        Of layers with neurons.
    targets : array (B, classes), optional
        Labels one-hot, over the number of samples of the whole batch; for rules that learn from them.
    as_sent : callable (layer name, errors (n, columns)) -> (n, columns), optional
        What the errors of a layer become on their way to where its gradients are made; themselves if absent.
    """

    outputs: dict[str, Array] = field(default_factory=dict)
    potentials: dict[str, Floats] = field(default_factory=dict)
    rows: dict[str, Floats] = field(default_factory=dict)
    events: dict[str, Events | None] = field(default_factory=dict)
    numbers: dict[str, NeuronNumbers] = field(default_factory=dict)
    targets: Floats | None = None
    as_sent: Callable[[str, Floats], Floats] | None = None


def as_sent(layer: Layer, tape: Tape, errors: Floats) -> Floats:
    """Errors (T, B, neurons) of a layer as they arrive where its gradients are made; the same shape."""
    if tape.as_sent is None:
        return errors
    received = tape.as_sent(layer.name, by_position(layer, errors))
    return from_position(layer, received, errors.shape)


def check_batch(network: Network, x: Array) -> Floats:
    """The input as float64 (T, B, *shape), after checks.

    Raises
    ------
    WorkloadError
        Wrong shape, no timesteps or samples, or values that are not finite (which sample, which timestep).
    """
    x = np.asarray(x)
    if x.ndim < 2 or x.shape[2:] != network.input_shape or 0 in x.shape[:2]:
        raise WorkloadError(
            f"a batch for network {network.name!r} has shape {x.shape}; expected (timesteps, samples, "
            f"{', '.join(map(str, network.input_shape))}) with at least one of each"
        )
    values = x.astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(values))[0])
        raise WorkloadError(
            f"sample {where[1]} of a batch for network {network.name!r} is not finite at timestep {where[0]}, "
            f"position {where[2:]}; remove or fill such values first"
        )
    return values


def run_batch(network: Network, x: Array, products: Products, *, compiled: bool = True) -> Tape:
    """Run a batch from a state of zero; equal to :func:`archsim.snn.forward` sample by sample.

    Parameters
    ----------
    network : Network
        Shapes, neurons and biases; the weights come from `products`.
    x : array (T, B, *network.input_shape)
    products : Products
    compiled : bool
        Use compiled loops where numba is installed; the result is the same.

    Returns
    -------
    Tape
    """
    tape = Tape({INPUT: check_batch(network, x)})
    network.steps(len(tape.outputs[INPUT]))
    for layer in network.layers:
        current = _pooled(layer, tape) if isinstance(layer.op, Pool) else _product(layer, tape, products, compiled)
        _neurons(layer, current, tape, products, compiled)
    return tape


def _pooled(layer: Layer, tape: Tape) -> Floats:
    op = layer.op
    assert isinstance(op, Pool)  # for mypy
    if layer.recurrent:
        raise WorkloadError(f"layer {layer.name!r}: recurrent pooling is not supported; use a dense layer")
    windows = batch_windows(layer, gather_batch(layer, tape.outputs))
    axes = tuple(range(-len(op.kernel), 0))
    if op.kind == "max":
        return np.asarray(windows.max(axis=axes))
    pooled: Floats = np.asarray(windows.sum(axis=axes))
    return pooled / np.prod(op.kernel) if op.kind == "average" else pooled


def _product(layer: Layer, tape: Tape, products: Products, compiled: bool) -> Floats:
    rows = np.ascontiguousarray(batch_rows(layer, gather_batch(layer, tape.outputs)))
    tape.rows[layer.name] = rows
    n_steps, n_batch, n_positions, n_rows = rows.shape
    vectors = rows.reshape(-1, n_rows)
    events = Events.of(vectors, compiled=compiled) if groups_of(layer) == 1 else None
    tape.events[layer.name] = events
    if isinstance(products, PlainProducts):
        columns = products.forward(layer.name, vectors, events)
    else:
        columns = products.forward(layer.name, vectors)
    if layer.bias is not None:
        columns += layer.bias
    if not isinstance(layer.op, Conv):
        return columns.reshape(n_steps, n_batch, *layer.out_shape)
    by_position = columns.reshape(n_steps, n_batch, n_positions, -1)
    return by_position.swapaxes(2, 3).reshape(n_steps, n_batch, *layer.out_shape)


def _neurons(layer: Layer, current: Floats, tape: Tape, products: Products, compiled: bool) -> None:
    shape = (*current.shape[:2], *layer.out_shape)
    flat = np.ascontiguousarray(current.reshape(*current.shape[:2], -1))
    if layer.neuron is None:
        if layer.recurrent:
            raise WorkloadError(f"layer {layer.name!r}: a recurrent layer that learns needs a neuron")
        tape.outputs[layer.name] = flat.reshape(shape)
        return
    p = tape.numbers[layer.name] = numbers_of(layer, layer.neuron)
    state = State.zero(flat.shape[1], flat.shape[2])
    fast = loops() if compiled and not layer.recurrent else None
    if fast is None:
        key = layer.name + RECURRENT
        feedback = (lambda last: products.forward(key, last)) if layer.recurrent else None
        outputs, potentials = scan(p, flat, feedback, state)
    else:
        outputs, potentials = np.empty_like(flat), flat  # the current is needed no more
        constants = (p.decay, p.gain, p.offset, p.threshold, p.down, p.v_reset, p.syn_decay, p.syn_gain)
        fast.forward(*constants, p.synapse, p.spikes, p.subtract, flat, state.v, state.i, outputs, potentials)
    tape.outputs[layer.name] = outputs.reshape(shape)
    tape.potentials[layer.name] = potentials


def neurons_back(
    layer: Layer,
    tape: Tape,
    error: Floats,
    surrogate: Surrogate,
    products: Products,
    *,
    reset_path: bool,
    compiled: bool = True,
) -> Floats:
    """dL/d(current) of a layer from dL/d(output), both (T, B, neurons); see :func:`scan_back`.

    `error` may be overwritten.
    """
    if layer.neuron is None:
        return error
    p = tape.numbers[layer.name]
    potentials = tape.potentials[layer.name]
    code = surrogate.code
    fast = loops() if compiled and not layer.recurrent else None
    if fast is None or code is None:
        key = layer.name + RECURRENT
        transposed = (lambda d: products.backward(key, d)) if layer.recurrent else None
        return scan_back(p, surrogate, potentials, error, transposed, reset_path)
    found = error if error.flags.c_contiguous else np.ascontiguousarray(error)
    constants = (p.decay, p.gain, p.threshold, p.down, p.v_reset, p.syn_decay, p.syn_gain)
    choices = (p.synapse, p.spikes, p.subtract, code, float(surrogate.width), reset_path)
    fast.backward(*constants, *choices, potentials, found, found)
    return found
