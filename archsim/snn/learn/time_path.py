"""The path of errors through time, inside the neurons of a layer: all of it, in pieces, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from archsim.snn.learn.products import Products
from archsim.snn.learn.run import Tape, neurons_back
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
    """What arrived times s'(u), through the gains of the neuron, of the same timestep alone."""
    if layer.neuron is None:
        return arrived
    p = tape.numbers[layer.name]
    slope = surrogate(tape.potentials[layer.name] - p.threshold) if p.spikes else 1.0
    return arrived * slope * (p.gain * p.syn_gain if p.synapse else p.gain)
