"""SpikingJelly: IFNode, LIFNode, ParametricLIFNode, in single-step and multi-step mode.

A neuron fires at its threshold too. It is charged, fires and is reset within one timestep (W. Fang et al., Science
Advances 9, eadi1480, 2023).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from archsim.bridge.library import Cell, Library, numbers, refused
from archsim.registry import LIBRARIES
from archsim.workload.network import Neuron


@LIBRARIES.register
class SpikingJelly(Library):
    """SpikingJelly."""

    kind = "spikingjelly"
    cells: ClassVar = {"IFNode": "integrate", "LIFNode": "leaky", "ParametricLIFNode": "parametric"}

    def integrate(self, module: Any) -> Cell:
        """``v[t] = v[t-1] + x[t]``."""
        return _cell(module, "if", 1.0, 1.0)

    def leaky(self, module: Any) -> Cell:
        """``v[t] = v[t-1] + (x[t] - (v[t-1] - v_reset)) / tau``; without ``decay_input`` x is not divided."""
        rate = 1.0 / np.asarray(numbers(module.tau))
        return _cell(module, "lif", 1.0 - float(rate), float(rate))

    def parametric(self, module: Any) -> Cell:
        """As `leaky`, with ``1 / tau = sigmoid(w)``."""
        rate = float(numbers(module.w.sigmoid()))
        return _cell(module, "lif", 1.0 - rate, rate)

    def reset(self, module: Any) -> None:
        module.reset()

    def exported(self, model: Any, x: Any, n_leading: int) -> Any:
        del n_leading
        from spikingjelly.activation_based.nir_exchange import export_to_nir  # the user's

        return export_to_nir(model, x)


def _cell(module: Any, kind: str, decay: float, rate: float) -> Cell:
    soft = module.v_reset is None
    rest = 0.0 if soft else float(module.v_reset)
    refused(["a threshold that is no number" if not np.isscalar(module.v_threshold) else None])
    neuron = Neuron(
        kind, decay=decay, gain=rate if getattr(module, "decay_input", False) else 1.0, offset=(1 - decay) * rest,
        threshold=float(module.v_threshold), v_reset=rest, reset="subtract" if soft else "zero", fires="at",
    )  # fmt: skip
    return Cell(neuron, unlike=(f"it begins at v_reset, {rest:g}; here potentials begin at 0",) if rest else ())
