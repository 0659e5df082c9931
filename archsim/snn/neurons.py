"""Neurons in discrete time: input currents in, spikes and potentials out."""

from __future__ import annotations

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import NEURONS
from archsim.snn.windows import Array
from archsim.workload.network import Floats, Layer, Neuron
from archsim.workload.neurons import Numbers


def per_neuron(layer: Layer, what: str, value: Floats | float) -> Floats:
    """A neuron parameter as a scalar or as a flat array, one value per neuron.

    Parameters
    ----------
    value : float or array
        One number, one per neuron, one per channel, or anything that broadcasts to the layer's shape.

    Raises
    ------
    WorkloadError
        If it fits none of these, or is not finite (a threshold may be infinite: the neuron never spikes).

    Examples
    --------
    >>> from archsim.workload.network import Dense
    >>> layer = Layer("d", Dense(4), ("input",), in_shape=(1,), out_shape=(2, 2))
    >>> per_neuron(layer, "decay", np.array([0.5, 0.9])).tolist()
    [0.5, 0.5, 0.9, 0.9]
    """
    array = np.asarray(value, dtype=np.float64)
    if np.isnan(array).any() or (what not in ("threshold", "firing_level") and np.isinf(array).any()):
        raise WorkloadError(f"layer {layer.name!r}: neuron parameter {what} is not finite")
    if array.size == 1:
        return array.reshape(())
    if array.size == layer.n_neurons:
        return array.reshape(-1)
    if array.ndim == 1 and array.size == layer.out_shape[0]:
        array = array.reshape(-1, *(1 for _ in layer.out_shape[1:]))
    try:
        return np.broadcast_to(array, layer.out_shape).reshape(-1)
    except ValueError:
        raise WorkloadError(
            f"layer {layer.name!r}: neuron parameter {what} has shape {array.shape}; allowed are one number, "
            f"one per channel ({layer.out_shape[0]}) or one per neuron {layer.out_shape}"
        ) from None


def _parameters(layer: Layer, neuron: Neuron) -> Numbers:
    names = ("decay", "gain", "offset", "threshold", "firing_level", "v_reset", "syn_decay", "syn_gain")
    return Numbers(
        **{name: per_neuron(layer, name, getattr(neuron, name)) for name in names},
        subtract=neuron.reset == "subtract",
        own={name: per_neuron(layer, name, value) for name, value in neuron.own},
    )


def run_neurons(layer: Layer, current: Floats, *, keep_potentials: bool = True) -> tuple[Array, Floats | None]:
    """Run the neurons of a layer over all timesteps, from a state of zero.

    The equations stand at :class:`archsim.workload.network.Neuron`; a recurrent layer adds
    ``recurrent_weight @ output[t-1]`` to the current. Without a neuron the current is passed on.

    Parameters
    ----------
    layer : Layer
    current : array (T, *out_shape)
        Result of the layer's operation.
    keep_potentials : bool
        Whether to return the potentials.

    Returns
    -------
    output : array (T, *out_shape)
        uint8 spikes of a spiking neuron; float64 potentials of an LI neuron; the current without a neuron.
    potentials : array (T, *out_shape) or None
        The potentials before reset; None without a neuron, or if not kept.

    Examples
    --------
    >>> from archsim.workload.network import Dense
    >>> layer = Layer("d", Dense(1), ("input",), (1,), (1,), neuron=Neuron("lif", decay=0.5, threshold=1.0))
    >>> spikes, potentials = run_neurons(layer, np.array([[0.75], [0.75], [0.75]]))
    >>> spikes.ravel().tolist(), potentials.ravel().tolist()
    ([0, 1, 0], [0.75, 1.125, 0.75])
    """
    flat = current.reshape(len(current), -1)
    if layer.neuron is None:
        output, potentials = _pass_on(layer, flat), None
    else:
        output, potentials = _integrate(layer, layer.neuron, flat, keep_potentials)
    shape = (len(current), *layer.out_shape)
    return output.reshape(shape), None if potentials is None else potentials.reshape(shape)


def _pass_on(layer: Layer, current: Floats) -> Floats:
    if not layer.recurrent or layer.recurrent_weight is None:
        return current
    output = current.copy()
    for t in range(1, len(output)):
        output[t] += layer.recurrent_weight @ output[t - 1]
    return output


def _integrate(
    layer: Layer, neuron: Neuron, current: Floats, keep_potentials: bool
) -> tuple[Array, Floats | None]:
    n_steps, n_neurons = current.shape
    p = _parameters(layer, neuron)
    feedback = layer.recurrent_weight if layer.recurrent else None
    output: Array = np.zeros((n_steps, n_neurons), dtype=np.uint8 if neuron.spikes else np.float64)
    potentials = np.empty((n_steps, n_neurons)) if keep_potentials else None
    states, last = [np.zeros(n_neurons) for _ in range(neuron.n_states)], np.zeros(n_neurons)
    with NEURONS.calling(neuron.kind) as kind:
        for t in range(n_steps):
            x = current[t] if feedback is None else current[t] + feedback @ last
            output[t], u = kind.step(p, states, x)
            if potentials is not None:
                potentials[t] = u
            if feedback is not None:
                last = output[t].astype(np.float64)
    return output, potentials
