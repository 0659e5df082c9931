"""snnTorch: Leaky, Synaptic, RLeaky, RSynaptic.

A neuron fires above its threshold. With ``reset_delay`` (the default) the threshold is taken off one timestep
later, after the leak: ``u[t] = beta u[t-1] + x[t] - s[t-1] threshold``. That is a reset at once by
``threshold / beta``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from archsim.bridge.library import Cell, Library, numbers, refused
from archsim.registry import LIBRARIES
from archsim.workload.network import Floats, Neuron

_UNDELAYED = "with reset_delay=False a potential that stays above its threshold is tested after another reset"


@LIBRARIES.register
class SnnTorch(Library):
    """snnTorch."""

    kind = "snntorch"
    cells: ClassVar = {"Leaky": "leaky", "Synaptic": "synaptic", "RLeaky": "leaky", "RSynaptic": "synaptic"}

    def leaky(self, module: Any) -> Cell:
        """``u[t] = beta u[t-1] + x[t]``."""
        return self._cell(module, "lif", {})

    def synaptic(self, module: Any) -> Cell:
        """``i[t] = alpha i[t-1] + x[t]``, ``u[t] = beta u[t-1] + i[t]``."""
        return self._cell(module, "cubalif", {"syn_decay": _clamped(module.alpha)})

    def _cell(self, module: Any, kind: str, more: dict[str, Any]) -> Cell:
        factor = numbers(module.graded_spikes_factor)
        refused([
            "inhibition" if module.inhibition else None,
            "state_quant" if module.state_quant else None,
            f"graded_spikes_factor {factor}" if np.any(np.asarray(factor) != 1) else None,
        ])  # fmt: skip
        beta, threshold, delayed = _clamped(module.beta), numbers(module.threshold), module.reset_delay
        reset, v_reset = _reset(module.reset_mechanism, beta, threshold, delayed)
        neuron = Neuron(
            kind, decay=beta, threshold=threshold, v_reset=v_reset, reset=reset, **more
        )  # fmt: skip
        return Cell(neuron, *_feedback(module), () if delayed or reset == "zero" else (_UNDELAYED,))

    def reset(self, module: Any) -> None:
        module.reset_mem()

    def exported(self, model: Any, x: Any, n_leading: int) -> Any:
        from snntorch.export_nir import export_to_nir  # the user's

        return export_to_nir(model, x, ignore_dims=list(range(n_leading)))


def _clamped(value: Any) -> Floats | float:
    """As the modules clamp their decays in each timestep."""
    clamped = np.clip(np.asarray(numbers(value)), 0.0, 1.0)
    return clamped if clamped.ndim else float(clamped)


def _reset(mechanism: str, beta: Any, threshold: Any, delayed: bool) -> tuple[Any, Any]:
    """Reset and `v_reset` that give the same potentials."""
    if mechanism == "zero":
        return "zero", 0.0
    if mechanism == "none":  # nothing is taken off
        return "subtract", threshold
    if mechanism == "subtract":
        if not delayed:
            return "subtract", 0.0
        refused(["a beta of 0 with a reset by subtraction" if np.any(np.asarray(beta) == 0) else None])
        return "subtract", threshold - threshold / beta
    raise ValueError(f"reset_mechanism {mechanism!r}")


def _feedback(module: Any) -> tuple[Floats | None, Floats | None]:
    """Weights and biases by which a recurrent module feeds itself."""
    recurrent = getattr(module, "recurrent", None)
    if recurrent is None:
        return None, None
    refused(["all_to_all=False (one weight for each neuron)" if not module.all_to_all else None])
    refused(["a convolution that feeds itself" if recurrent.weight.ndim != 2 else None])
    weight = np.asarray(numbers(recurrent.weight)).reshape(recurrent.weight.shape)
    bias = None if recurrent.bias is None else np.asarray(numbers(recurrent.bias)).reshape(-1)
    return weight, bias
