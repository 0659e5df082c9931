"""The path of errors through time, inside the neurons of a layer: all of it, in pieces, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from archsim.snn.learn.products import Products
from archsim.snn.learn.run import Tape, as_sent, neurons_back
from archsim.snn.learn.surrogates import Surrogate
from archsim.workload.network import Floats, Layer, Network


@dataclass(frozen=True)
class TimePath:
    """Through whose leak an error goes back in time.

    Parameters
    ----------
    readout, hidden : bool
        Through that of the last layer; through those of all others.
    piece : int, optional
        Timesteps of a piece of the sample; no error crosses a border between two of them.
    recurrent : bool
        Whether recurrent weights carry errors to the timestep before, where errors go back in time.

    Examples
    --------
    >>> TimePath.named("readout")
    TimePath(readout=True, hidden=False, piece=None, recurrent=True)
    """

    readout: bool = True
    hidden: bool = True
    piece: int | None = None
    recurrent: bool = True

    @classmethod
    def named(cls, name: str, piece: int | None = None, *, recurrent: bool = True) -> TimePath:
        """Of "none", "readout" or "full"."""
        return cls(name != "none", name == "full", piece, recurrent)

    def goes_through(self, network: Network, layer: Layer) -> bool:
        """Whether an error of a layer goes back to its earlier timesteps."""
        return self.readout if layer is network.layers[-1] else self.hidden


def error_of_current(
    network: Network,
    layer: Layer,
    tape: Tape,
    arrived: Floats,
    surrogate: Surrogate,
    products: Products,
    path: TimePath,
    **how: bool,
) -> Floats:
    """dL/d(current) of a layer from dL/d(output), both (T, B, neurons); `arrived` may be overwritten.

    Parameters
    ----------
    how : reset_path, compiled
        As of :func:`archsim.snn.learn.run.neurons_back`.
    """
    if not path.goes_through(network, layer):
        return at_once(layer, tape, arrived, surrogate)
    known = layer if path.recurrent else replace(layer, recurrent=False)
    if path.piece is None or layer.neuron is None:
        return neurons_back(known, tape, arrived, surrogate, products, **how)
    found, potentials = np.empty_like(arrived), tape.potentials[layer.name]
    for start in range(0, len(arrived), path.piece):
        part = slice(start, start + path.piece)
        of_part = Tape(potentials={layer.name: potentials[part]}, numbers=tape.numbers)
        found[part] = neurons_back(known, of_part, arrived[part].copy(), surrogate, products, **how)
    return found


def at_once(layer: Layer, tape: Tape, arrived: Floats, surrogate: Surrogate) -> Floats:
    """The arriving error times s'(u), through the gains of the neuron, of the same timestep alone."""
    if layer.neuron is None:
        return arrived
    p = tape.numbers[layer.name]
    slope = surrogate(tape.potentials[layer.name] - p.threshold) if p.spikes else 1.0
    return arrived * slope * (p.gain * p.syn_gain if p.synapse else p.gain)


@dataclass(frozen=True)
class Traces:
    """The forward form of paths through time: sums over the past, kept until an error comes, in place of waiting.

    With L[t] what arrives at a layer, x[t] its rows, k the leak of the output and a its own::

        trace of a row       r[t] = a r[t-1] + x[t]                  (x itself without `own`)
        trace of a synapse   z[t] = k z[t-1] + s'(u[t]) r[t]         (s' r without `readout`)
        dL/dW                sum over t of L[t] z[t]

    That is the gradient that the same path gives backwards, where all outputs have one leak and resets carry no
    error: e-prop (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y); without `readout` the traces of OTTT (Xiao
    et al. 2022, arXiv 2210.04195). Here the sum is made of L[t], from the last timestep to the first, which comes
    to the same number.

    Parameters
    ----------
    readout : bool
        Of hidden layers: over the leak of the output's neurons.
    own : bool
        Of hidden layers: over their own leak. The output has its own in any case.
    """

    readout: bool = True
    own: bool = True

    def of_synapses(self, network: Network, layer: Layer) -> bool:
        """Whether a layer keeps a trace for each synapse: there, L meets the trace and not the slope."""
        return self.readout and layer is not network.layers[-1]

    def met_by(self, network: Network, layer: Layer, tape: Tape, arrived: Floats, surrogate: Surrogate) -> Floats:
        """Factors of each timestep's rows, (T, B, neurons), from the error at the layer's output."""
        last = network.layers[-1]
        if not self.of_synapses(network, layer):
            found = as_sent(layer, tape, at_once(layer, tape, arrived, surrogate))
        else:
            summed = summed_back(tape, last, as_sent(layer, tape, arrived))
            found = at_once(layer, tape, summed, surrogate)
        return summed_back(tape, layer, found) if self.own or layer is last else found


def summed_back(tape: Tape, layer: Layer, values: Floats) -> Floats:
    """``y[t] = values[t] + leak y[t+1]``, with the leak of a layer's neurons, and of their synapses too."""
    if layer.neuron is None:
        return values
    p = tape.numbers[layer.name]
    for decay in (p.decay, p.syn_decay) if p.synapse else (p.decay,):
        # one leak for all, of the output, whose neurons are others than those that the values belong to
        leak = decay[0] if bool((decay == decay[0]).all()) else decay
        summed = np.array(values)
        for t in range(len(values) - 2, -1, -1):
            summed[t] += leak * summed[t + 1]
        values = summed
    return values
