"""The crossbar: the energy of a read.

Equations
---------
ohmic
    ``E = V_read^2 G t_read`` for each active cell, G the mean conductance of the cells (Ohm's law). All
    pulses of a cycle are charged, so an input of several bits is an upper bound.
cited
    A published energy per cell or per read of the whole array; with ``per_input_bit`` once for each bit.
"""

from __future__ import annotations

from typing import Literal

from archsim.components.part import Look, Part, action, remembered
from archsim.components.records import Action, Figures, ReadCycle, Where
from archsim.spec.chip import Chip, Device
from archsim.spec.costs import CitedArray, OhmicArray


class Crossbar(Part):
    """The cells of one array."""

    kind = "crossbar"
    path = ("crossbar",)
    counts = (("read", "active cell"),)
    area_action = "read"
    free_keys = ()
    scaling = "cells"
    look = Look(1, "")

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        device, crossbar = chip.device, chip.crossbar
        is_bent = device.curve is not None or (crossbar.wires is not None and crossbar.cell == "gated")
        if isinstance(crossbar.cost, OhmicArray) or is_bent or device.errors.thermal_noise:
            return []
        return [
            "device.read_voltage: changes nothing here, for the array's cost is cited, and no device.curve and no "
            "thermal noise depend on it"
        ]

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def figures(self) -> Figures:
        crossbar = self.chip.crossbar
        cost = crossbar.cost
        if isinstance(cost, CitedArray):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        n_cells = crossbar.n_rows * crossbar.n_columns
        scaling = f"area of one cell x {n_cells} cells"
        return Figures(n_cells * cost.cell_area_um2, cost.leakage_uw, cost.source, scaling)

    @property
    def counted(self) -> Literal["cell", "read"]:
        """What one count of ``read`` is: an active cell, or a read of the whole array."""
        cost = self.chip.crossbar.cost
        return "read" if isinstance(cost, CitedArray) and cost.per == "read" else "cell"

    def reads_per_vector(self, n_values: int) -> int:
        """How often an array is read for `n_values` columns: once with a sample-and-hold, else for each round
        of conversions on the bank's ADCs.
        """
        return 1 if self.parts.sample_hold.n_per_parent else -(-n_values // self.parts.adc.n_in_bank)

    @remembered
    def read(self, cycle: ReadCycle, layer: str, mean_conductance_siemens: float, n_repeats: int = 1) -> Action:
        """Read an array of `layer`. Count: active cells, or reads (`counted`).

        `layer` labels the price: the same label must always come with the same mean conductance.
        """
        energy_pj = self.read_energy_pj(cycle, mean_conductance_siemens, n_repeats)
        repeats = f",x{n_repeats}" if n_repeats > 1 else ""
        return action(f"read@{layer},{cycle.n_bits}b{repeats}", crossbar=energy_pj)

    def read_energy_pj(self, cycle: ReadCycle, mean_conductance_siemens: float, n_repeats: int = 1) -> float:
        """Energy in pJ of one count of ``read``, see `read_energy_pj` of this module."""
        cost, device = self.chip.crossbar.cost, self.chip.device
        return read_energy_pj(cost, device, cycle, mean_conductance_siemens, n_repeats)

    def examples(self) -> list[Action]:
        middle, parts = self.middle_siemens, self.parts
        repeats = self.reads_per_vector(self.chip.crossbar.n_columns)
        return [self.read(cycle, "mid-window", middle, repeats) for cycle in parts.drivers.example_cycles()]

    @property
    def middle_siemens(self) -> float:
        """The conductance in the middle of the device's window."""
        return (self.chip.device.g_min_siemens + self.chip.device.g_max_siemens) / 2

    def count_unit(self, action: str) -> str:
        del action  # it has one
        return "active cell" if self.counted == "cell" else "read"

    def time_of_one_ps(self) -> int:
        return self.chip.device.read_pulse_ps


def read_energy_pj(
    cost: CitedArray | OhmicArray,
    device: Device,
    cycle: ReadCycle,
    mean_conductance_siemens: float,
    n_repeats: int = 1,
) -> float:
    """Energy in pJ of reading one active cell (or the whole array, if the cited figure is per read).

    Parameters
    ----------
    cycle : ReadCycle
        How long the cells conduct, or how many bits they are read for.
    mean_conductance_siemens : float
        Mean over the cells that are active; not used by cited figures.
    n_repeats : int
        How often the cycle is read, see `Crossbar.reads_per_vector`.
    """
    if isinstance(cost, CitedArray):
        return cost.energy_pj * (cycle.n_bits if cost.per_input_bit else 1) * n_repeats
    power_w = device.read_voltage_v**2 * mean_conductance_siemens
    return power_w * cycle.read_ps * n_repeats  # W x ps = pJ
