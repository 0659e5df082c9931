"""Errors of an activity: arrays that are missing, of another shape or type, or of no layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from archsim.names import COPY, FEEDBACK
from archsim.snn.windows import Array
from archsim.workload.network import INPUT, Network, Shape

ByName = Mapping[str, Array]


def wrong_parts(network: Network, parts: Mapping[str, ByName]) -> list[str]:
    """Every error of the parts of a network's activity; the parts are those of its file."""
    spikes = parts["spikes"]
    names = {INPUT, *network.names}
    wrong = [f"no spikes of {name!r}" for name in sorted(names - set(spikes))]
    wrong += [f"{name!r} is no layer of the network" for name in sorted(set(spikes) - names)]
    first = spikes.get(INPUT)
    if first is None:
        return wrong
    if first.ndim < 2 or min(first.shape[:2]) < 1:
        return [*wrong, f"spikes of 'input' have shape {first.shape}; expected (samples, timesteps, ...)"]
    n_samples, n_timesteps = first.shape[:2]
    for name, shape in shapes_of(network, n_timesteps):
        wrong += _wrong_arrays("spikes", name, spikes.get(name), (n_samples, *shape))
    wrong += _wrong_errors(network, parts["errors"], n_samples, n_timesteps)
    wrong += _wrong_writes(network, parts["writes"], n_timesteps)
    wrong += _wrong_pulses(network, parts["pulses"], n_timesteps)
    wrong += _wrong_codes("codes", parts["codes"], spikes)
    wrong += _wrong_codes("error_codes", parts["error_codes"], parts["errors"])
    return wrong + _wrong_fed_back(network, parts["fed_back"], n_samples, n_timesteps)


def shapes_of(network: Network, n_timesteps: int) -> Iterator[tuple[str, Shape]]:
    """(T_l, *shape) of the input and of every layer."""
    steps = network.steps(n_timesteps)
    yield INPUT, (n_timesteps, *network.input_shape)
    for layer in network.layers:
        yield layer.name, (steps[layer.name], *layer.out_shape)


def _wrong_codes(what: str, codes: ByName, of: ByName) -> list[str]:
    """Codes stand beside the spikes or errors that they are, of the same shape."""
    wrong = [f"{what} of {name!r}, without what they are of" for name in sorted(set(codes) - set(of))]
    for name in sorted(set(codes) & set(of)):
        wrong += _wrong_arrays(what, name, codes[name], of[name].shape, np.int32)
    return wrong


def _wrong_fed_back(network: Network, fed_back: ByName, n_samples: int, n_timesteps: int) -> list[str]:
    last = network.layers[-1]
    wrong = [f"fed_back of {name!r}, which is not the last layer" for name in sorted(set(fed_back) - {last.name})]
    if last.name in fed_back:
        n_errors = 1 if fed_back[last.name].shape[1:2] == (1,) else network.steps(n_timesteps)[last.name]
        shape = (n_samples, n_errors, last.n_neurons)
        wrong += _wrong_arrays("fed_back", last.name, fed_back[last.name], shape, np.int32)
    return wrong


def _wrong_arrays(
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


def _wrong_errors(network: Network, errors: ByName, n_samples: int, n_timesteps: int) -> list[str]:
    shapes = dict(shapes_of(network, n_timesteps))
    learned = {layer.name for layer in network.weighted}
    wrong = [f"errors of {name!r}, which is no layer with weights" for name in sorted(set(errors) - learned)]
    for name in sorted(set(errors) & learned):
        wrong += _wrong_arrays("errors", name, errors[name], (n_samples, *shapes[name]))
    return wrong


def _wrong_writes(network: Network, writes: ByName, n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    wrong = [f"writes of {name!r}, which is no layer with weights" for name in sorted(set(writes) - set(shapes))]
    for name in sorted(set(writes) & set(shapes)):
        n_updates = max(1, len(writes[name])) if writes[name].ndim else 1
        wrong += _wrong_arrays("writes", name, writes[name], (n_updates, *shapes[name]))
    return wrong


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


def _wrong_pulses(network: Network, pulses: ByName, n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    wrong = [f"pulses of {name!r}, which is no layer with weights" for name in sorted(set(pulses) - set(shapes))]
    for name in sorted(set(pulses) & set(shapes)):
        given = pulses[name]
        if given.dtype != np.uint16:
            wrong.append(f"pulses of {name!r} have type {given.dtype}; expected uint16")
        elif given.ndim != 4 or given.shape[1:3] != shapes[name] or 0 in given.shape:
            shown = ", ".join(map(str, shapes[name]))
            wrong.append(f"pulses of {name!r} have shape {given.shape}; expected (updates, {shown}, cells)")
    return wrong
