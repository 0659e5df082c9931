"""Rules that keep traces: their needs of a network, and networks that they cannot train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archsim.mapping.dataflow import Dataflow
from archsim.mapping.rule import TraceNeed

if TYPE_CHECKING:
    from archsim.workload import Layer, Workload


def trace_need(work: Workload, layer: Layer, *, readout: bool, own: bool) -> TraceNeed | None:
    """Of one layer; `readout` and `own` as of :class:`archsim.snn.learn.time_path.Traces`.

    A neuron with a synapse has two leaks, and so two numbers for each trace.
    """
    last = work.network.layers[-1]
    n_own, n_readout = (0 if which.neuron is None else which.neuron.n_states for which in (layer, last))
    of_row = n_own if own or layer.name == last.name else 0
    of_synapse = n_readout if readout and layer.name != last.name else 0
    return TraceNeed(of_row, of_synapse) if of_row or of_synapse else None


def trace_errors(kind: str, work: Workload, *, own: bool) -> list[str]:
    """Why traces cannot stand for the path back through time, and what would help."""
    network, found = work.network, []
    if work.error != "per_timestep":
        found.append(f"{kind} keeps traces, which meet the error of each timestep: use error: per_timestep")
    flow = Dataflow(network, work.n_timesteps, work.n_positions_per_burst)
    over_time = [layer.name for layer in network.layers if flow.reaches_over_time(layer)]
    if over_time:
        found.append(
            f"{kind} keeps traces of each timestep's own inputs, but layers {', '.join(over_time)} read other "
            "timesteps (windows, delays); take time_form: waiting, or another rule"
        )
    for layer in network.weighted if own else network.weighted[-1:]:
        leaks = () if layer.neuron is None else (layer.neuron.decay, layer.neuron.syn_decay)
        if any(len(np.unique(leak)) > 1 for leak in leaks):
            found.append(
                f"{kind} keeps one trace for each input of layer {layer.name}, whose neurons have different "
                "leaks; give them one, or take another rule"
            )
    return found
