"""Gradients of one batch: back-propagation through time, and direct feedback alignment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.names import RECURRENT
from archsim.snn.learn.products import Products, groups_of, outer
from archsim.snn.learn.rows import batch_windows, by_position, gather_batch, spread_batch, unrow, unwindow
from archsim.snn.learn.run import Tape, as_sent
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.time_path import TimePath, Traces, error_of_current
from archsim.workload.network import INPUT, Floats, Layer, Network, Pool

Project = Callable[[str, Floats], Floats]


@dataclass(frozen=True)
class Gradients:
    """Derivatives of the loss by weights and biases, and the errors they were made of.

    Parameters
    ----------
    weights : dict of str to array (columns, rows per group)
        By layer; recurrent weights by name + ".recurrent".
    biases : dict of str to array (columns,)
    deltas : dict of str to array (T_l, B, neurons)
        dL/d(current) of every layer with weights.
    fed_back : array (T or 1, B, classes), optional
        The error that a rule multiplies by fixed matrices; one for all timesteps if it is constant.
    """

    weights: dict[str, Floats]
    biases: dict[str, Floats]
    deltas: dict[str, Floats]
    fed_back: Floats | None = None


def formed(error: Floats, rate: str) -> Floats:
    """The error that a rule learns from, the same shape (T, B, classes).

    Parameters
    ----------
    rate : "per_timestep", "mean_rate" or "last"
        As it is; its mean over time at every timestep; that of the last timestep at every timestep.

    Examples
    --------
    >>> formed(np.array([[[1.0]], [[3.0]]]), "last").ravel().tolist()
    [3.0, 3.0]
    """
    if rate == "per_timestep" or bool((error == error[0]).all()):
        return error
    of_sample = error[-1] if rate == "last" else error.mean(axis=0)
    return np.broadcast_to(of_sample, error.shape)


def back_propagate(
    network: Network,
    tape: Tape,
    error: Floats,
    products: Products,
    surrogate: Surrogate,
    *,
    reset_path: bool = False,
    compiled: bool = True,
    path: TimePath = TimePath(),  # noqa: B008  # frozen
    traces: Traces | None = None,
) -> Gradients:
    """Back-propagation through time with surrogate derivatives.

    Parameters
    ----------
    error : array (T, B, classes)
        dL/d(output) of the last layer.
    reset_path : bool
        Whether the error also flows through the reset of the potential.
    path : TimePath
        Through whose leak errors go back in time; through all if not given.
    traces : Traces, optional
        What has happened before is summed up forwards, and meets the errors of each timestep.

    Returns
    -------
    Gradients
    """
    found = Gradients({}, {}, {})
    errors: dict[str, Floats] = {network.layers[-1].name: error.copy()}
    for layer in reversed(network.layers):
        arrived = errors.pop(layer.name, None)
        if arrived is None or not network.learns(layer.name):
            continue
        flat = np.ascontiguousarray(arrived.reshape(*arrived.shape[:2], -1))
        delta = error_of_current(
            network, layer, tape, flat, surrogate, products, path, reset_path=reset_path, compiled=compiled
        )
        if layer.has_weights:
            if traces is None:
                made = as_sent(layer, tape, delta)
            else:
                made = traces.met_by(network, layer, tape, flat, surrogate)
            add_products(layer, tape, made, found)
            found.deltas[layer.name] = delta
        if not any(network.learns(name) for name in layer.inputs):
            continue
        below = _through(layer, tape, delta, products)
        shapes = {name: tape.outputs[name].shape for name in layer.inputs}
        for name, part in spread_batch(layer, below, shapes).items():
            if name != INPUT:
                errors[name] = errors[name] + part if name in errors else part
    return found


def add_products(layer: Layer, tape: Tape, delta: Floats, found: Gradients) -> None:
    """Outer products of a layer's errors (:func:`archsim.snn.learn.run.as_sent`) with what drove its rows."""
    vectors = by_position(layer, delta)
    rows = tape.rows[layer.name]
    found.deltas[layer.name] = delta
    flat = rows.reshape(-1, rows.shape[3])
    found.weights[layer.name] = outer(vectors, flat, groups_of(layer), tape.events[layer.name])
    if layer.bias is not None:
        found.biases[layer.name] = vectors.sum(axis=0)
    if layer.recurrent:
        own = tape.outputs[layer.name].reshape(delta.shape)
        before = own[:-1].reshape(-1, delta.shape[2])
        after = delta[1:].reshape(-1, delta.shape[2])
        found.weights[layer.name + RECURRENT] = outer(after, before)


def _through(layer: Layer, tape: Tape, delta: Floats, products: Products) -> Floats:
    """dL/d(gathered input) of a layer from dL/d(current)."""
    x = gather_batch(layer, tape.outputs)
    if isinstance(layer.op, Pool):
        return _through_pool(layer, x, delta)
    rows = tape.rows[layer.name]
    back = products.backward(layer.name, by_position(layer, delta))
    return unrow(layer, back.reshape(rows.shape), x.shape)


def _through_pool(layer: Layer, x: Floats, delta: Floats) -> Floats:
    op = layer.op
    assert isinstance(op, Pool)  # for mypy
    windows = batch_windows(layer, x)
    kept = windows.shape[: windows.ndim - len(op.kernel)]
    shared = delta.reshape(*kept, *(1,) * len(op.kernel))
    if op.kind == "max":
        flat = windows.reshape(*kept, -1)
        first = np.zeros_like(flat, dtype=np.float64)
        np.put_along_axis(first, flat.argmax(axis=-1)[..., None], 1.0, axis=-1)
        spread = shared * first.reshape(windows.shape)
    else:
        spread = np.broadcast_to(shared, windows.shape)
        if op.kind == "average":
            spread = spread / np.prod(op.kernel)
    return unwindow(layer, spread, x.shape)


def direct_feedback(
    network: Network,
    tape: Tape,
    error: Floats,
    products: Products,
    feedback: Mapping[str, Floats],
    surrogate: Surrogate,
    *,
    mean_rate: bool = False,
    leak_path: bool = False,
    path: str = "none",
    traces: Traces | None = None,
    targets: Floats | None = None,
    reset_path: bool = False,
    project: Project | None = None,
    compiled: bool = True,
) -> Gradients:
    """Direct feedback alignment: ``delta_l[t] = (B_l e[t]) s'(u_l[t])``, all layers at once.

    Nøkland 2016, arXiv 1609.01596. The last layer learns from its own error, as with back-propagation, if `path`
    is "none" without the path through time. A hidden layer without a neuron of its own learns from ``B_l e[t]`` as
    it is.

    Parameters
    ----------
    error : array (T, B, classes)
        dL/d(output) of the last layer.
    feedback : mapping of str to array (neurons, classes)
        The fixed B of every layer with weights but the last.
    mean_rate : bool
        The error is its mean over time, the same at every timestep; always so for layers of another rate.
    leak_path : bool
        The error also flows back in time inside each layer's own neurons, as in SDFA (PipeSDFA,
        arXiv 2507.15603); without, only through the potential of the same timestep.
    path : "none", "readout" or "full"
        With "readout" the error that is multiplied by B is that of the last layer's current, after the way back
        through the time of its neurons; with "full" each layer's own neurons carry theirs back too.
    traces : Traces, optional
        In place of a path back: errors are sent as they are, and meet what has been summed up forwards.
    targets : array (B, classes), optional
        In place of the error hidden layers learn from -B times these, at every timestep (DRTP).
    reset_path : bool
        Where errors go back in time, also through the reset.
    project : callable (layer name, error (n, classes)) -> (n, neurons), optional
        Who multiplies by B, an array for example; plain arithmetic if absent.

    Returns
    -------
    Gradients
    """
    check_feedback(network, feedback, error.shape[2])
    mean = np.broadcast_to(error.mean(axis=0), error.shape)
    of_output = np.array(mean if mean_rate else error)
    way = TimePath.named("none" if traces else "full" if leak_path else path, recurrent=False)
    last, found = network.layers[-1], Gradients({}, {}, {})

    def learn(layer: Layer, arrived: Floats) -> None:
        delta = error_of_current(
            network, layer, tape, arrived, surrogate, products, way, reset_path=reset_path, compiled=compiled
        )
        if traces is None:
            made = as_sent(layer, tape, delta)
        else:
            made = traces.met_by(network, layer, tape, arrived, surrogate)
        add_products(layer, tape, made, found)
        found.deltas[layer.name] = arrived if traces is not None and traces.of_synapses(network, layer) else delta

    learn(last, of_output)
    sent, is_constant = mean if mean_rate else error, mean_rate
    if targets is not None:
        sent, is_constant = np.broadcast_to(targets, error.shape), True
    elif path != "none" or traces is not None:
        sent, is_constant = found.deltas[last.name], False
    for layer in network.weighted:
        if layer is not last:
            n_steps = len(tape.outputs[layer.name])
            own = sent if is_constant or n_steps == len(sent) else np.broadcast_to(sent.mean(axis=0), sent.shape)
            arrived = projected(layer, own, n_steps, feedback, project)
            learn(layer, arrived if targets is None else -arrived)
    return replace(in_order(network, found), fed_back=sent[:1] if is_constant else sent)


def in_order(network: Network, found: Gradients) -> Gradients:
    """The same with layers in the order of the network."""
    keys = [layer.name for layer in network.weighted]
    both = [key for name in keys for key in (name, name + RECURRENT)]
    weights = {key: found.weights[key] for key in both if key in found.weights}
    biases = {key: found.biases[key] for key in keys if key in found.biases}
    return Gradients(weights, biases, {key: found.deltas[key] for key in keys})


def projected(
    layer: Layer, sent: Floats, n_steps: int, feedback: Mapping[str, Floats], project: Project | None
) -> Floats:
    """B e of a layer at each of its timesteps: (T_l, B, neurons). An error that is constant goes once."""
    constant = len(sent) != n_steps or bool((sent == sent[0]).all())
    vectors = sent[:1] if constant else sent
    flat = vectors.reshape(-1, sent.shape[2])
    matrix = feedback[layer.name]
    product = flat @ matrix.T if project is None else project(layer.name, flat)
    arrived = product.reshape(len(vectors), sent.shape[1], len(matrix))
    return np.array(np.broadcast_to(arrived, (n_steps, *arrived.shape[1:])))


def check_feedback(network: Network, feedback: Mapping[str, Floats], n_classes: int) -> None:
    errors = []
    last = network.layers[-1]
    if not last.has_weights:
        errors.append(
            f"direct feedback needs a last layer with weights, to learn from its own error; {last.name!r} pools"
        )
    for layer in network.weighted:
        if layer is last:
            continue
        matrix = feedback.get(layer.name)
        expected = (layer.n_neurons, n_classes)
        if matrix is None:
            errors.append(f"layer {layer.name!r} has no feedback matrix")
        elif matrix.shape != expected:
            errors.append(f"feedback of layer {layer.name!r} has shape {matrix.shape}; expected {expected}")
    if errors:
        raise WorkloadError("; ".join(errors))
