"""The neurons of a batch over all timesteps, forwards and backwards, in numpy: the meaning of the compiled loops.

Arrays are (timesteps, batch, neurons). Equations: :class:`archsim.workload.network.Neuron`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import NEURONS
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.neurons import per_neuron
from archsim.workload.network import Dense, Floats, Layer, Neuron

Feedback = Callable[[Floats], Floats]


@dataclass(frozen=True)
class NeuronNumbers:
    """A neuron's numbers, one value per neuron (flat), and its choices."""

    decay: Floats
    gain: Floats
    offset: Floats
    threshold: Floats  # a potential above it fires
    down: Floats  # what a reset by subtraction takes off
    v_reset: Floats
    syn_decay: Floats
    syn_gain: Floats
    synapse: bool
    spikes: bool
    subtract: bool


def numbers_of(layer: Layer, neuron: Neuron) -> NeuronNumbers:
    """The numbers of a layer's neurons, broadcast to one value per neuron; not to be changed."""
    if not NEURONS[neuron.kind].learns:
        raise WorkloadError(
            f"layer {layer.name!r}: the gradients of {neuron.kind} neurons are not known; learn with one of "
            f"{', '.join(name for name, kind in NEURONS.items() if kind.learns)}"
        )
    if all(isinstance(getattr(neuron, name), int | float) for name in _NAMES):
        return _numbers_of_equals(layer.n_neurons, neuron)
    return _numbers(layer.n_neurons, neuron, layer)


_NAMES = ("decay", "gain", "offset", "threshold", "v_reset", "syn_decay", "syn_gain")


@lru_cache(maxsize=256)
def _numbers_of_equals(n_neurons: int, neuron: Neuron) -> NeuronNumbers:
    return _numbers(n_neurons, neuron, Layer("neurons", Dense(n_neurons), (), (1,), (n_neurons,)))


def _numbers(n_neurons: int, neuron: Neuron, layer: Layer) -> NeuronNumbers:
    found = {
        name: np.ascontiguousarray(np.broadcast_to(per_neuron(layer, name, getattr(neuron, name)), (n_neurons,)))
        for name in _NAMES
    }
    # a neuron with an infinite threshold never resets; inf would turn 0 * down into NaN
    finite = np.isfinite(found["threshold"])
    down = np.where(finite, np.where(finite, found["threshold"], 0.0) - found["v_reset"], 0.0)
    level = per_neuron(layer, "firing_level", neuron.firing_level)
    found["threshold"] = np.ascontiguousarray(np.broadcast_to(level, (n_neurons,)))
    return NeuronNumbers(
        **found, down=down, synapse=neuron.has_synapse, spikes=neuron.spikes, subtract=neuron.reset == "subtract"
    )


@dataclass
class State:
    """Potential after reset, synaptic current and last output of a batch: (batch, neurons) each."""

    v: Floats
    i: Floats
    last: Floats

    @classmethod
    def zero(cls, n_batch: int, n_neurons: int) -> State:
        return cls(*(np.zeros((n_batch, n_neurons)) for _ in range(3)))


def scan(p: NeuronNumbers, current: Floats, recurrent: Feedback | None, state: State) -> tuple[Floats, Floats]:
    """Outputs and potentials before reset of all timesteps; `state` goes on to the end.

    Parameters
    ----------
    current : array (T, B, n)
    recurrent : callable (B, n) -> (B, n), or None
        Product of the layer's own output of the timestep before with its recurrent weights.
    """
    outputs, potentials = np.empty_like(current), np.empty_like(current)
    for t in range(len(current)):
        x = current[t] if recurrent is None else current[t] + recurrent(state.last)
        if p.synapse:
            state.i = p.syn_decay * state.i + p.syn_gain * x
            x = state.i
        u = p.decay * state.v + p.gain * x + p.offset
        potentials[t] = u
        if p.spikes:
            fired = u > p.threshold
            outputs[t] = fired
            state.v = np.where(fired, u - p.down if p.subtract else p.v_reset, u)
        else:
            outputs[t] = state.v = u
        state.last = outputs[t]
    return outputs, potentials


def scan_back(
    p: NeuronNumbers,
    surrogate: Surrogate,
    potentials: Floats,
    error: Floats,
    transposed: Feedback | None,
    reset_path: bool,
) -> Floats:
    """Derivative of the loss with respect to the current, from that with respect to the outputs.

    With d[t] = dL/du[t], backwards in time::

        d[t] = error[t] s'(u[t]) + decay d[t+1] dv/du[t]
        dv/du = 1 - (threshold - v_reset) s'             (reset by subtraction)
              = (1 - s) + (v_reset - u) s'               (reset to zero)

    `transposed` is the product with the transposed recurrent weights. Without `reset_path` the terms with s'
    in dv/du are left out, as if a reset were no function of u.
    """
    n_steps, n_batch, n = potentials.shape
    found = np.empty_like(potentials)
    d, di, dx = (np.zeros((n_batch, n)) for _ in range(3))
    for t in range(n_steps - 1, -1, -1):
        u, g = potentials[t], error[t]
        if transposed is not None:
            g = g + transposed(dx)
        if p.spikes:
            slope = surrogate(u - p.threshold)
            if p.subtract:
                carry = 1.0 - p.down * slope if reset_path else np.ones_like(u)
            else:
                carry = np.where(u > p.threshold, 0.0, 1.0)
                if reset_path:
                    carry = carry + (p.v_reset - u) * slope
            d = g * slope + p.decay * d * carry
        else:
            d = g + p.decay * d
        dx = p.gain * d
        if p.synapse:
            di = dx + p.syn_decay * di
            dx = p.syn_gain * di
        found[t] = dx
    return found
