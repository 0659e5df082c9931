"""sinabs: IAF, LIF and their squeezed forms, with SingleSpike or MultiSpike.

A neuron fires at its threshold too. ``alpha = exp(-1 / tau)``. MultiSpike may give several spikes in a timestep,
which are refused when they come.
"""

from __future__ import annotations

from typing import Any, ClassVar

from archsim.bridge.library import Cell, Library, numbers, refused
from archsim.registry import LIBRARIES
from archsim.workload.network import Neuron

_FIRES = ("SingleSpike", "MultiSpike")
_RESETS = {"MembraneSubtract": "subtract", "MembraneReset": "zero"}


@LIBRARIES.register
class Sinabs(Library):
    """sinabs."""

    kind = "sinabs"
    cells: ClassVar = {"IAF": "integrate", "IAFSqueeze": "integrate", "LIF": "leaky", "LIFSqueeze": "leaky"}

    def integrate(self, module: Any) -> Cell:
        """``v[t] = v[t-1] + x[t]``."""
        return _cell(module, {"kind": "if"}, 1.0)

    def leaky(self, module: Any) -> Cell:
        """``v[t] = alpha v[t-1] + (1 - alpha) i[t]``, and with tau_syn ``i[t] = alpha_syn (i[t-1] + x[t])``."""
        alpha, synapse = numbers(module.alpha_mem_calculated), module.alpha_syn_calculated
        more: dict[str, Any] = {"kind": "lif"}
        if synapse is not None:
            more = {"kind": "cubalif", "syn_decay": numbers(synapse), "syn_gain": numbers(synapse)}
        return _cell(module, {**more, "decay": alpha}, 1.0 - alpha if module.norm_input else 1.0)

    def reset(self, module: Any) -> None:
        module.reset_states()

    def exported(self, model: Any, x: Any, n_leading: int) -> Any:
        del n_leading
        from sinabs.nir import to_nir  # the user's

        return to_nir(model, x)


def _cell(module: Any, more: dict[str, Any], gain: Any) -> Cell:
    fires = getattr(module.spike_fn, "__name__", type(module.spike_fn).__name__)
    reset = type(module.reset_fn).__name__
    refused([
        f"spike_fn {fires}" if fires not in _FIRES else None,
        f"reset_fn {reset}" if reset not in _RESETS else None,
        "min_v_mem" if module.min_v_mem is not None else None,
        "MembraneSubtract of another value than the threshold"
        if getattr(module.reset_fn, "subtract_value", None) is not None else None,
    ])  # fmt: skip
    how: Any = _RESETS[reset]
    threshold = numbers(module.spike_threshold)
    return Cell(Neuron(**more, gain=gain, threshold=threshold, reset=how, fires="at"))
