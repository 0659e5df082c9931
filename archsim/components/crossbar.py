"""The crossbar: the energy of a read.

Equations
---------
ohmic
    ``E = V_read^2 G t_on`` for each active cell, G the mean conductance of the cells (Ohm's law), and
    `word_line_energy` for each cell that a driven line crosses, each time that it is raised. With `access` the
    resistance of a cell's transistor lies in series; `column_voltage` takes the place of the read voltage.
circuit
    As ohmic, with figures composed of transistors and wires (:mod:`archsim.components.circuit`).
cited
    A published energy per cell or per read of the whole array; with ``per_input_bit`` once for each bit.

How long cells conduct in a read, if the columns take s slots of one conversion each, t_c, one after the other, and
how long the read takes of the array; d = read_pulse - on_time is what a read needs besides:

===================  ==================================  ================================  ============
read-out             cells conduct                       the array is held                 lines raised
===================  ==================================  ================================  ============
sample-and-hold      on_time                             on_time + d                       once
hold                 t = max(on_time, t_c) + (s-1) t_c   t + d                             once
reread               t = max(on_time, t_c), each in its  s (t + d) + (s-1) settling        s times
                     own slot
neither is said      s on_time                           s (on_time + d)                   once
===================  ==================================  ================================  ============

Without a sample-and-hold nothing but the cells keeps a value while it is converted, so they conduct at least as
long as that takes. The last row counts all columns in each of the s reads, and the converters as if they held the
values themselves: simpler than a circuit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from archsim.components.part import Look, Part, action, remembered
from archsim.components.records import Action, Figures, ReadCycle, Where
from archsim.spec.chip import Chip, Device
from archsim.spec.costs import CircuitCost, CitedArray, OhmicArray


class Crossbar(Part):
    """The cells of one array."""

    kind = "crossbar"
    path = ("crossbar",)
    counts = (("read", "active cell"),)
    area_action = "read"
    free_keys = ()
    scaling = "cells"
    scaling_of: ClassVar[Mapping[str, str]] = {"word_line_energy_pj": "digital"}
    look = Look(1, "")

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        return [*_notes_of_read_out(chip), *_notes_of_voltage(chip), *_notes_of_temperature(chip)]

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def cost(self) -> CitedArray | OhmicArray:
        """Its figures."""
        cost = self.chip.crossbar.cost
        assert not isinstance(cost, CircuitCost)  # circuits have been priced
        return cost

    @property
    def figures(self) -> Figures:
        crossbar, cost = self.chip.crossbar, self.cost
        if isinstance(cost, CitedArray):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        n_cells = crossbar.n_rows * crossbar.n_columns
        scaling = f"area of one cell x {n_cells} cells"
        return Figures(n_cells * cost.cell_area_um2, cost.leakage_uw, cost.source, scaling)

    @property
    def counted(self) -> Literal["cell", "read"]:
        """The unit of count of ``read``: an active cell, or a read of the whole array."""
        cost = self.cost
        return "read" if isinstance(cost, CitedArray) and cost.per == "read" else "cell"

    @property
    def read_out(self) -> str:
        """How columns wait for their ADC: "sampled", "hold", "reread", or "" if the chip file does not say."""
        return "sampled" if self.parts.sample_hold.n_per_parent else self.chip.crossbar.read_out or ""

    def n_slots(self, n_values: int) -> int:
        """Rounds of conversions on the bank's ADCs for `n_values` columns."""
        return -(-n_values // self.parts.adc.n_in_bank)

    def reads_per_vector(self, n_values: int) -> int:
        """How often all cells are read for `n_values` columns: once; once for each slot if no read-out is said."""
        return 1 if self.read_out else self.n_slots(n_values)

    def activations(self, n_values: int) -> int:
        """How often the lines of a read are raised."""
        return self.n_slots(n_values) if self.read_out == "reread" else 1

    def is_sensed(self) -> bool:
        """Whether cells must conduct while they are converted, as nothing else keeps their values."""
        return self.read_out in ("hold", "reread")

    @remembered
    def read_ps(self, cycle: ReadCycle, n_values: int) -> int:
        """Time that one vector's cycle takes of the array once its lines have settled, see this module."""
        if not self.is_sensed():
            return cycle.read_ps * self.reads_per_vector(n_values)
        one_ps = self.conducting_ps(cycle, n_values) + self._besides_ps(cycle)
        n_times = self.activations(n_values)
        return n_times * one_ps + (n_times - 1) * self.parts.drivers.settle_ps()

    @remembered
    def before_conversion_ps(self, cycle: ReadCycle, n_values: int) -> int:
        """Time from there to the first conversion."""
        if not self.is_sensed():
            return self.read_ps(cycle, n_values)
        first, _ = self._slots_ps(cycle, n_values)
        return max(self._on_ps(cycle), first) - first

    @remembered
    def converting_ps(self, cycle: ReadCycle, n_values: int) -> int:
        """Time from the first conversion of a vector's cycle to the end of the last."""
        if not self.is_sensed():
            return self.parts.adc.convert_ps(n_values, cycle.adc_bits)
        outside_ps = self.before_conversion_ps(cycle, n_values) + self._besides_ps(cycle)
        return self.read_ps(cycle, n_values) - outside_ps

    @remembered
    def conducting_ps(self, cycle: ReadCycle, n_values: int) -> int:
        """How long an active cell conducts in one read of a cycle."""
        if not self.is_sensed():
            return self._on_ps(cycle)
        first, later = self._slots_ps(cycle, n_values)
        return max(self._on_ps(cycle), first) + (later if self.read_out == "hold" else 0)

    def _on_ps(self, cycle: ReadCycle) -> int:
        return cycle.n_pulses * self.chip.device.conducting_ps

    def _besides_ps(self, cycle: ReadCycle) -> int:
        """Time of a cycle besides that in which cells conduct."""
        return cycle.read_ps - self._on_ps(cycle)

    def _slots_ps(self, cycle: ReadCycle, n_values: int) -> tuple[int, int]:
        """Time of the first conversion on an ADC, and of all others after it."""
        first = self.parts.adc.convert_ps(min(n_values, 1), cycle.adc_bits)
        return first, self.parts.adc.convert_ps(n_values, cycle.adc_bits) - first

    @remembered
    def read(self, cycle: ReadCycle, layer: str, mean_conductance_siemens: float, n_values: int = 1) -> Action:
        """Read an array of `layer` for `n_values` conversions. Count: active cells, or reads (`counted`).

        Where only bits that are 1 count, a count is a part of an active cell (`Drivers.counted_units`).
        `layer` labels the price: the same label must always come with the same mean conductance.
        """
        energy_pj = self.read_energy_pj(cycle, mean_conductance_siemens, n_values)
        n_units = self.parts.drivers.counted_units(cycle)
        of_units = f",/{n_units}" if n_units > 1 else ""
        name = f"read@{layer},{cycle.n_bits}b{self._slots(cycle, n_values)}{of_units}"
        return action(name, crossbar=energy_pj / n_units)

    def _slots(self, cycle: ReadCycle, n_values: int) -> str:
        """Sizes on which the price of a read depends besides its bits."""
        n_slots = self.n_slots(n_values)
        if self.is_sensed():
            return f",{self.read_out} x{n_slots} {cycle.adc_bits}b"
        return f",x{n_slots}" if self.reads_per_vector(n_values) > 1 else ""

    def read_energy_pj(self, cycle: ReadCycle, mean_conductance_siemens: float, n_values: int = 1) -> float:
        """Energy in pJ of one count of ``read``."""
        cost, n_reads = self.cost, self.reads_per_vector(n_values)
        if isinstance(cost, CitedArray):
            n_reads *= self.activations(n_values) if cost.per == "read" else 1
            return cost.energy_pj * (cycle.n_bits if cost.per_input_bit else 1) * n_reads
        volts = self.chip.device.read_voltage_v if cost.column_voltage_v is None else cost.column_voltage_v
        power_w = volts**2 * in_series(mean_conductance_siemens, self.chip.device, cost.access_ohm)
        return power_w * self.conducting_ps(cycle, n_values) * n_reads  # W x ps = pJ

    def line_pj(self, n_values: int, transposed: bool) -> float:
        """Energy in pJ of raising one line of a read, as often as the read-out does."""
        cost, crossbar = self.cost, self.chip.crossbar
        if isinstance(cost, CitedArray):
            return 0.0
        n_crossed = crossbar.n_rows if transposed else crossbar.n_columns
        return self.activations(n_values) * n_crossed * cost.word_line_energy_pj

    def examples(self) -> list[Action]:
        middle, parts = self.middle_siemens, self.parts
        n_columns = self.chip.crossbar.n_columns
        return [self.read(cycle, "mid-window", middle, n_columns) for cycle in parts.drivers.example_cycles()]

    @property
    def middle_siemens(self) -> float:
        """The conductance in the middle of the device's window."""
        return (self.chip.device.g_min_siemens + self.chip.device.g_max_siemens) / 2

    def count_unit(self, action: str) -> str:
        del action  # it has one
        return "active cell" if self.counted == "cell" else "read"

    def time_of_one_ps(self) -> int:
        return self.chip.device.read_pulse_ps


def in_series(mean_siemens: float, device: Device, access_ohm: float) -> float:
    """Mean conductance of cells with a resistance in series with each; exact for cells at the ends of the window.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> device = load_chip("arch_specs/wearable_rram.yaml").device  # 1 Mohm and 250 kohm
    >>> in_series(device.g_max_siemens, device, 0.0) == device.g_max_siemens
    True
    >>> round(1 / in_series(device.g_max_siemens, device, 62_500.0))
    312500
    """
    if not access_ohm:
        return mean_siemens
    low, high = device.g_min_siemens, device.g_max_siemens
    low_in_series, high_in_series = (1 / (1 / g + access_ohm) for g in (low, high))
    return low_in_series + (mean_siemens - low) / (high - low) * (high_in_series - low_in_series)


def _notes_of_temperature(chip: Chip) -> list[str]:
    """Where prices and cells have two temperatures."""
    errors, said = chip.device.errors, None if chip.conditions is None else chip.conditions.temperature_k
    if said in (None, errors.temperature_k) or not (errors.thermal_noise or errors.drift):
        return []
    return [
        f"device.errors.temperature: cells err as at {errors.temperature_k:g} K while conditions.temperature "
        f"prices the chip at {said:g} K; give both the same"
    ]


def _notes_of_voltage(chip: Chip) -> list[str]:
    device, crossbar = chip.device, chip.crossbar
    is_bent = device.curve is not None or (crossbar.wires is not None and crossbar.cell == "gated")
    if not isinstance(crossbar.cost, CitedArray) or is_bent or device.errors.thermal_noise:
        return []
    return [
        "device.read_voltage: changes nothing here, for the array's cost is cited, and no device.curve and no "
        "thermal noise depend on it"
    ]


def _notes_of_read_out(chip: Chip) -> list[str]:
    found = []
    if chip.crossbar.read_out is not None and chip.sample_hold is not None:
        found.append(
            "crossbar.read_out: changes nothing here, for sample_hold keeps what is read; leave one of them out"
        )
    counts = not isinstance(chip.crossbar.cost, CitedArray) or chip.device.errors.thermal_noise
    if chip.device.on_time_ps is not None and not counts:
        found.append(
            "device.on_time: changes nothing here, for the array's cost is cited, and there is no thermal noise; "
            "give it a cost of model: ohmic"
        )
    return found
