"""norse: LIF, LIFCell and the box forms without a synapse; a neuron fires above its threshold."""

from __future__ import annotations

from typing import Any, ClassVar

from archsim.bridge.library import Cell, Library, numbers
from archsim.registry import LIBRARIES
from archsim.workload.network import Neuron


@LIBRARIES.register
class Norse(Library):
    """norse."""

    kind = "norse"
    cells: ClassVar = {"LIF": "synaptic", "LIFCell": "synaptic", "LIFBox": "box", "LIFBoxCell": "box",
                       "LI": "read_out", "LICell": "read_out", "LILinearCell": "refused"}  # fmt: skip

    def synaptic(self, module: Any) -> Cell:
        """As `box`, of the current ``i[t] = (1 - dt / tau_syn) i[t-1] + x[t]``."""
        return Cell(Neuron("cubalif", **_membrane(module), **_threshold(module), **_synapse(module)))

    def box(self, module: Any) -> Cell:
        """``v[t] = v[t-1] + dt / tau_mem (v_leak - v[t-1] + x[t])``."""
        return Cell(Neuron("lif", **_membrane(module), **_threshold(module)))

    def read_out(self, module: Any) -> Cell:
        """As `synaptic`, without spikes."""
        return Cell(Neuron("cubali", **_membrane(module), **_synapse(module)))

    def refused(self, module: Any) -> Cell:
        """A module with weights of its own."""
        raise ValueError(f"{type(module).__name__} has weights of its own; put a Linear before an LICell")

    def reset(self, module: Any) -> None:
        """States are handed in with each call."""

    def exported(self, model: Any, x: Any, n_leading: int) -> Any:
        del n_leading
        from norse.torch.utils.export_nir import to_nir  # the user's

        return to_nir(model, x)


def _membrane(module: Any) -> dict[str, Any]:
    rate = module.dt * numbers(module.p.tau_mem_inv)
    return {"decay": 1.0 - rate, "gain": rate, "offset": rate * numbers(module.p.v_leak)}


def _synapse(module: Any) -> dict[str, Any]:
    return {"syn_decay": 1.0 - module.dt * numbers(module.p.tau_syn_inv), "syn_gain": 1.0}


def _threshold(module: Any) -> dict[str, Any]:
    return {"threshold": numbers(module.p.v_th), "v_reset": numbers(module.p.v_reset), "reset": "zero"}
