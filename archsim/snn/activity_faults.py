"""Errors of an activity: arrays that are missing, of another shape or type, or of no layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from archsim.names import COPY, FEEDBACK
from archsim.snn.windows import Array
from archsim.workload.network import INPUT, Network, Shape

ByName = Mapping[str, Array]


def faults_of(network: Network, parts: Mapping[str, ByName]) -> list[str]:
    """Every error of the parts of a network's activity; the parts are those of its file."""
    spikes = parts["spikes"]
    names = {INPUT, *network.names}
    faults = [f"no spikes of {name!r}" for name in sorted(names - set(spikes))]
    faults += [f"{name!r} is no layer of the network" for name in sorted(set(spikes) - names)]
    first = spikes.get(INPUT)
    if first is None:
        return faults
    if first.ndim < 2 or min(first.shape[:2]) < 1:
        return [*faults, f"spikes of 'input' have shape {first.shape}; expected (samples, timesteps, ...)"]
    n_samples, n_timesteps = first.shape[:2]
    for name, shape in shapes_of(network, n_timesteps):
        faults += _array_faults("spikes", name, spikes.get(name), (n_samples, *shape))
    faults += _error_faults(network, parts["errors"], n_samples, n_timesteps)
    faults += _write_faults(network, parts["writes"], n_timesteps)
    faults += _pulse_faults(network, parts["pulses"], n_timesteps)
    faults += _code_faults("codes", parts["codes"], spikes)
    faults += _code_faults("error_codes", parts["error_codes"], parts["errors"])
    return faults + _fed_back_faults(network, parts["fed_back"], n_samples, n_timesteps)


def shapes_of(network: Network, n_timesteps: int) -> Iterator[tuple[str, Shape]]:
    """(T_l, *shape) of the input and of every layer."""
    steps = network.steps(n_timesteps)
    yield INPUT, (n_timesteps, *network.input_shape)
    for layer in network.layers:
        yield layer.name, (steps[layer.name], *layer.out_shape)


def _code_faults(what: str, codes: ByName, of: ByName) -> list[str]:
    """Codes stand beside the spikes or errors that they are, of the same shape."""
    faults = [f"{what} of {name!r}, without what they are of" for name in sorted(set(codes) - set(of))]
    for name in sorted(set(codes) & set(of)):
        faults += _array_faults(what, name, codes[name], of[name].shape, np.int32)
    return faults


def _fed_back_faults(network: Network, fed_back: ByName, n_samples: int, n_timesteps: int) -> list[str]:
    last = network.layers[-1]
    faults = [f"fed_back of {name!r}, which is not the last layer" for name in sorted(set(fed_back) - {last.name})]
    if last.name in fed_back:
        n_errors = 1 if fed_back[last.name].shape[1:2] == (1,) else network.steps(n_timesteps)[last.name]
        shape = (n_samples, n_errors, last.n_neurons)
        faults += _array_faults("fed_back", last.name, fed_back[last.name], shape, np.int32)
    return faults


def _array_faults(
    what: str, name: str, array: Array | None, shape: Shape, kind: type[np.generic] = np.uint8
) -> list[str]:
    if array is None:
        return []
    if array.dtype != kind:
        return [f"{what} of {name!r} have type {array.dtype}; expected {kind.__name__}"]
    if array.shape != shape:
        return [f"{what} of {name!r} have shape {array.shape}; expected {shape}"]
    if what in ("spikes", "errors") and array.size and array.max() > 1:
        return [f"{what} of {name!r} hold values other than 0 and 1"]
    return []


def _error_faults(network: Network, errors: ByName, n_samples: int, n_timesteps: int) -> list[str]:
    shapes = dict(shapes_of(network, n_timesteps))
    learned = {layer.name for layer in network.weighted}
    faults = [f"errors of {name!r}, which is no layer with weights" for name in sorted(set(errors) - learned)]
    for name in sorted(set(errors) & learned):
        faults += _array_faults("errors", name, errors[name], (n_samples, *shapes[name]))
    return faults


def _write_faults(network: Network, writes: ByName, n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    faults = [f"writes of {name!r}, which is no layer with weights" for name in sorted(set(writes) - set(shapes))]
    for name in sorted(set(writes) & set(shapes)):
        n_updates = max(1, len(writes[name])) if writes[name].ndim else 1
        faults += _array_faults("writes", name, writes[name], (n_updates, *shapes[name]))
    return faults


def _shapes_of_weights(network: Network, n_timesteps: int) -> dict[str, Shape]:
    """(rows, columns) of every layer's weights, their transposed copy, and a matrix from the output to it."""
    n_outputs = network.layers[-1].n_neurons
    steps = network.steps(n_timesteps)
    shapes: dict[str, Shape] = {}
    for layer in network.weighted:
        n_rows = layer.n_rows(steps[layer.inputs[0]])
        shapes[layer.name] = (n_rows, layer.n_columns)
        shapes[layer.name + COPY] = (layer.n_columns, n_rows)
        shapes[layer.name + FEEDBACK] = (n_outputs, layer.n_neurons)
    return shapes


def _pulse_faults(network: Network, pulses: ByName, n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    faults = [f"pulses of {name!r}, which is no layer with weights" for name in sorted(set(pulses) - set(shapes))]
    for name in sorted(set(pulses) & set(shapes)):
        given = pulses[name]
        if given.dtype != np.uint16:
            faults.append(f"pulses of {name!r} have type {given.dtype}; expected uint16")
        elif given.ndim != 4 or given.shape[1:3] != shapes[name] or 0 in given.shape:
            shown = ", ".join(map(str, shapes[name]))
            faults.append(f"pulses of {name!r} have shape {given.shape}; expected (updates, {shown}, cells)")
    return faults
