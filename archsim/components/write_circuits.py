"""Programming cells: pulses, and the reads that verify them.

A row is selected, up to `parallel_cells` of its cells get a pulse at once, the next group follows. A cell
takes `pulses_per_cell` pulses on average; with `verify` the row is read back after each of them.
"""

from __future__ import annotations

from archsim.components.array_part import charged
from archsim.components.drivers import drive_energy_pj
from archsim.components.part import Look, Part, action, remembered
from archsim.components.records import Action, ArrayRead, Charge, Figures, ReadCycle, Where, burst_ps, exact
from archsim.errors import SpecError
from archsim.spec.chip import Chip, Write


class WriteCircuits(Part):
    """The circuits that program the cells of one array."""

    kind = "write_circuits"
    path = ("write",)
    counts = (("program", "cell"), ("verify", "cell"),)
    area_action = "program"
    area_phase = "update"
    free_keys = ("pulse", "cost", "source")
    look = Look(3, "////")

    @classmethod
    def faults(cls, chip: Chip) -> list[str]:
        write = chip.write
        if write.pulse_ps == 0 and (write.cost.energy_pj or write.cost.row_energy_pj):
            return ["write.pulse: must be above zero, its energy in no time would be infinite power"]
        return []

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def figures(self) -> Figures:
        cost = self.chip.write.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    @remembered
    def program_row_ps(self, n_cells: int) -> int:
        """Time of all pulses on `n_cells` of one row: groups x pulses per cell x pulse."""
        write = self.chip.write
        return burst_ps(n_groups(write, n_cells), exact(pulses_per_cell(write)) * write.pulse_ps)

    @remembered
    def verify_row_ps(self, n_cells: int) -> int:
        """Time of all verify reads of `n_cells` of one row: after each pulse drive, read, convert."""
        write, parts = self.chip.write, self.parts
        if n_cells == 0 or not write.verify:
            return 0
        cycle = self._verify_cycle
        before_ps = parts.crossbar.before_conversion_ps(cycle, n_cells)
        read_ps = parts.drivers.settle_ps() + before_ps + parts.crossbar.converting_ps(cycle, n_cells)
        return burst_ps(1, exact(pulses_per_cell(write)) * read_ps)

    @property
    def _verify_cycle(self) -> ReadCycle:
        """One read pulse at full resolution."""
        return ReadCycle(1, 1, self.chip.device.read_pulse_ps, self.chip.adc.resolution_bits)

    def program_power_uw(self, n_cells: int) -> float:
        """Power in uW of the pulses while `n_cells` of one row are programmed."""
        write = self.chip.write
        at_once = min(n_cells, write.n_parallel_cells)
        if not at_once or not write.pulse_ps:
            return 0.0
        energy_pj = at_once * write.cost.energy_pj + write.cost.row_energy_pj
        return energy_pj / write.pulse_ps * 1e6  # pJ / ps = W

    @remembered
    def program(self, n_cells: int) -> Action:
        """Program `n_cells` of one row, all pulses, the row's own energy included. Count: cells."""
        write = self.chip.write
        row_pj = n_groups(write, n_cells) * write.cost.row_energy_pj
        per_pulse_pj = write.cost.energy_pj + row_pj / n_cells
        n_pulses = pulses_per_cell(write)
        per_cell = n_pulses * n_groups(write, n_cells) / n_cells
        around = charged((part, per_cell * part.row_pulse_pj()) for part in self.parts.around_arrays)
        own = action(f"program@{n_cells}cells", write_circuits=n_pulses * per_pulse_pj)
        return Action(own.name, own.charges + around)

    @remembered
    def verify(self, mean_conductance_siemens: float, n_cells: int, layer: str = "") -> Action:
        """Read `n_cells` of a programmed row after each pulse. Count: cells.

        A cell bears its share of the drivers of a full row and, if the array's figure is per read, of the
        whole array. `layer` labels the price if layers differ in conductance.
        """
        chip, parts = self.chip, self.parts
        cycle, crossbar = self._verify_cycle, parts.crossbar
        cell_pj = crossbar.read_energy_pj(cycle, mean_conductance_siemens, n_cells)
        if crossbar.counted == "read":
            cell_pj /= chip.crossbar.n_rows * chip.crossbar.n_columns
        n_times, line_pj = crossbar.activations(n_cells), crossbar.line_pj(n_cells, False)
        drive_pj = n_times * drive_energy_pj(parts.drivers.cost, 1)
        n_columns = chip.crossbar.n_columns
        converted = parts.adc.convert(cycle, ArrayRead(n_cells, n_cells))
        share = (Charge("crossbar", cell_pj + line_pj / n_columns), Charge("drivers", drive_pj / n_columns))
        once = (*share, *converted.charges)
        n_reads = pulses_per_cell(chip.write) if chip.write.verify else 0.0
        of_layer = f"@{layer}" if layer else "@mid-window"
        name = f"verify{of_layer}" + self._of_cells(n_cells)
        return Action(name, tuple(Charge(c.component, n_reads * c.energy_pj) for c in once))

    def _of_cells(self, n_cells: int) -> str:
        """What the price of a verify read depends on besides the layer."""
        if self.parts.around_arrays or self.parts.crossbar.is_sensed():
            return f",{n_cells}cells"
        repeats = self.parts.crossbar.reads_per_vector(n_cells)
        return f",x{repeats}" if repeats > 1 else ""

    def examples(self) -> list[Action]:
        middle, n_columns = self.parts.crossbar.middle_siemens, self.chip.crossbar.n_columns
        return [self.program(self.chip.write.n_parallel_cells), self.verify(middle, n_columns)]

    def time_of_one_ps(self) -> int:
        return self.chip.write.pulse_ps


def pulses_per_cell(write: Write) -> float:
    """Mean number of pulses of a cell; "auto" must have been resolved before anything is priced.

    Raises
    ------
    SpecError
        It was not: :func:`archsim.crossbar.cells.with_expected_pulses` does it.
    """
    if write.pulses_per_cell == "auto":
        raise SpecError("write.pulses_per_cell: is 'auto'; archsim.crossbar.cells.with_expected_pulses finds it")
    return write.pulses_per_cell


def n_groups(write: Write, n_cells: int) -> int:
    """Groups of cells that are pulsed one after the other to program `n_cells` of a row."""
    return -(-n_cells // write.n_parallel_cells)
