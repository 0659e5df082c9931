"""Programming cells: SET and RESET pulses, and the reads that verify them.

A row is selected, up to `parallel_cells` of its cells get a pulse at once, again and again until all of them are
at their targets; then the next group follows. With a law of pulses a group takes as long as its slowest cell; with
a plain mean as if all cells took it. With `verify` each pulse is followed by a read.
"""

from __future__ import annotations

from fractions import Fraction

from archsim.components.array_part import charged
from archsim.components.drivers import drive_energy_pj
from archsim.components.part import Look, Part, action, remembered
from archsim.components.pulsed import Law, Pulsed, group_sizes
from archsim.components.records import Action, ArrayRead, Charge, Figures, ReadCycle, Where, burst_ps, exact
from archsim.errors import SpecError
from archsim.spec.chip import Chip
from archsim.spec.write import Write


class WriteCircuits(Part):
    """The circuits that program the cells of one array."""

    kind = "write_circuits"
    path = ("write",)
    counts = (("program", "cell"), ("verify", "cell"), ("inspect", "cell"))
    area_action = "program"
    area_stage = "update"
    free_keys = ("pulse", "reset_pulse", "reset_share", "cost", "source")
    scaling = "fixed"
    look = Look(3, "////")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        if (write := chip.write) is None:
            return []
        own = {"pulse": (write.pulse_ps, write.cost.energy_pj)}
        if write.reset_pulse_ps is not None:
            of_reset = write.cost.reset_energy_pj
            own["reset_pulse"] = (write.reset_pulse_ps, write.cost.energy_pj if of_reset is None else of_reset)
        return [
            f"write.{key}: must be above zero, its energy in no time would be infinite power"
            for key, (time_ps, energy_pj) in own.items()
            if time_ps == 0 and (energy_pj or write.cost.row_energy_pj)
        ]

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        if (write := chip.write) is None:
            return []
        given = write.model_fields_set
        found = []
        if "reset_share_frac" in given and write.reset_pulse_ps is None and write.cost.reset_energy_pj is None:
            found.append(
                "write.reset_share: changes nothing here, for RESET pulses are as SET pulses; give reset_pulse or "
                "cost.reset_energy"
            )
        if write.draw and write.law is None:
            found.append("write.draw: changes nothing here, for pulses_per_cell is a mean; give it a law")
        if write.verify_read_ps is not None and not write.verify and not write.read_before:
            found += [
                f"write.{key}: changes nothing here, for nothing is read; set verify or read_before"
                for key in ("verify_read", "cost.verify_energy")
            ]
        return found

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def n_per_parent(self) -> int:
        return 0 if self.chip.write is None else 1

    @property
    def figures(self) -> Figures:
        cost = self.chip.writing.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    @remembered
    def pulsed(self, n_cells: int, shares: tuple[float, ...] = (), label: str = "") -> Pulsed:
        """Expected time and energy of programming `n_cells` of one row.

        Parameters
        ----------
        shares : tuple of float
            Parts of the cells at each level, the lowest first; all alike if not given.
        label : str
            The same for the same shares; part of the names of prices where the law goes by level.
        """
        write = self.chip.writing
        law: Law | None = write.law
        if law is None:
            mean = pulses_per_cell(write)
            return Pulsed(mean, n_groups(write, n_cells) * exact(mean), in_groups=False)
        shares = shares or (1.0 / self.chip.device.n_levels,) * self.chip.device.n_levels
        slowest = {n: exact(law.slowest(n, shares)) for n in set(group_sizes(n_cells, write.n_parallel_cells))}
        turns = sum((slowest[n] for n in group_sizes(n_cells, write.n_parallel_cells)), Fraction(0))
        name = label if law.by_level else ""
        return Pulsed(law.mean(shares), turns, n_cells * law.failing(shares), name)

    @property
    def _pulse_ps(self) -> Fraction:
        """Mean width of a pulse, SET and RESET."""
        write = self.chip.writing
        if write.reset_pulse_ps is None:
            return Fraction(write.pulse_ps)
        share = exact(write.reset_share_frac)
        return (1 - share) * write.pulse_ps + share * write.reset_pulse_ps

    @property
    def _pulse_pj(self) -> float:
        """Mean energy of a pulse on one cell."""
        cost, share = self.chip.writing.cost, self.chip.writing.reset_share_frac
        if cost.reset_energy_pj is None:
            return cost.energy_pj
        return (1 - share) * cost.energy_pj + share * cost.reset_energy_pj

    @remembered
    def program_row_ps(self, n_cells: int, of: Pulsed | None = None) -> int:
        """Time of all pulses on `n_cells` of one row: those of the slowest cell of each group."""
        return burst_ps(1, (of or self.pulsed(n_cells)).turns * self._pulse_ps)

    @remembered
    def verify_row_ps(self, n_cells: int, of: Pulsed | None = None) -> int:
        """Time of all verify reads of `n_cells` of one row: one after each pulse."""
        write = self.chip.writing
        if n_cells == 0 or not write.verify:
            return 0
        of = of or self.pulsed(n_cells)
        if write.verify_read_ps is not None:
            return burst_ps(1, of.turns * write.verify_read_ps)
        if not of.in_groups:
            return burst_ps(1, exact(of.mean) * self._converted_ps(n_cells))
        return burst_ps(1, of.turns * self._converted_ps(min(n_cells, write.n_parallel_cells)))

    def _converted_ps(self, n_cells: int) -> int:
        """Time of one read of `n_cells` through the array's converters: drive, read, convert."""
        parts, cycle = self.parts, self._verify_cycle
        crossbar = parts.crossbar
        converted_ps = crossbar.before_conversion_ps(cycle, n_cells) + crossbar.converting_ps(cycle, n_cells)
        return parts.drivers.settle_ps() + max(crossbar.read_ps(cycle, n_cells), converted_ps)

    @remembered
    def inspect_row_ps(self, n_cells: int) -> int:
        """Time of the read of `n_cells` of one row before they are written."""
        own_ps = self.chip.writing.verify_read_ps
        return self._converted_ps(n_cells) if own_ps is None else n_groups(self.chip.writing, n_cells) * own_ps

    @property
    def _verify_cycle(self) -> ReadCycle:
        """One read pulse at full resolution."""
        return ReadCycle(1, 1, self.chip.device.read_pulse_ps, self.chip.adc.resolution_bits)

    def program_power_uw(self, n_cells: int) -> float:
        """Power in uW of the pulses while `n_cells` of one row are programmed: of the larger kind of pulse."""
        write, cost = self.chip.writing, self.chip.writing.cost
        at_once = min(n_cells, write.n_parallel_cells)
        of_reset = cost.energy_pj if cost.reset_energy_pj is None else cost.reset_energy_pj
        reset_ps = write.pulse_ps if write.reset_pulse_ps is None else write.reset_pulse_ps
        kinds = ((cost.energy_pj, write.pulse_ps), (of_reset, reset_ps))
        if not at_once:
            return 0.0
        # pJ / ps = W
        return max(
            ((at_once * pj + cost.row_energy_pj) / time_ps * 1e6 for pj, time_ps in kinds if time_ps), default=0.0
        )

    @remembered
    def program(self, n_cells: int, of: Pulsed | None = None) -> Action:
        """Program `n_cells` of one row, all pulses, the row's own energy included. Count: cells."""
        of = of or self.pulsed(n_cells)
        # a pulse of the row's own for each turn of its cells
        per_cell = float(of.turns / exact(of.mean))
        per_pulse_pj = self._pulse_pj + per_cell * self.chip.writing.cost.row_energy_pj / n_cells
        per_pulse = of.mean * per_cell / n_cells
        around = charged(
            (part, per_pulse * part.row_pulse_pj() + of.mean * part.cell_pulse_pj())
            for part in self.parts.around_arrays
        )
        own = action(f"program@{n_cells}cells{_more(of.label)}", write_circuits=of.mean * per_pulse_pj)
        return Action(own.name, own.charges + around)

    @remembered
    def verify(
        self, mean_conductance_siemens: float, n_cells: int, layer: str = "", of: Pulsed | None = None
    ) -> Action:
        """Read `n_cells` of a programmed row after each pulse. Count: cells.

        `layer` labels the price if layers differ in conductance.
        """
        of = of or self.pulsed(n_cells)
        read = self._read_of_cell("verify", mean_conductance_siemens, n_cells, layer)
        n_reads = of.mean if self.chip.writing.verify else 0.0
        charges = tuple(Charge(c.component, n_reads * c.energy_pj) for c in read.charges)
        # reads of one cell come from those of the row: pulses alone do not tell them
        return Action(f"{read.name}{_more(of.label and f'{n_cells} cells,{of.label}')}", charges)

    @remembered
    def inspect(self, mean_conductance_siemens: float, n_cells: int, layer: str = "") -> Action:
        """Read `n_cells` of a row before they are written. Count: cells."""
        return self._read_of_cell("inspect", mean_conductance_siemens, n_cells, layer)

    def _read_of_cell(self, what: str, mean_conductance_siemens: float, n_cells: int, layer: str) -> Action:
        """One read of one of `n_cells`, through the circuits for it or through the array's converters.

        There a cell bears its share of the drivers of a full row and, if the array's figure is per read, of the
        whole array.
        """
        chip, parts = self.chip, self.parts
        own_pj = chip.writing.cost.verify_energy_pj
        if own_pj is not None:
            return action(f"{what}@own", write_circuits=own_pj)
        cycle, crossbar = self._verify_cycle, parts.crossbar
        cell_pj = crossbar.read_energy_pj(cycle, mean_conductance_siemens, n_cells)
        if crossbar.counted == "read":
            cell_pj /= chip.crossbar.n_rows * chip.crossbar.n_columns
        n_times, line_pj = crossbar.activations(n_cells), crossbar.line_pj(n_cells, False)
        drive_pj = n_times * drive_energy_pj(parts.drivers.cost, 1)
        n_columns = chip.crossbar.n_columns
        converted = parts.adc.convert(cycle, ArrayRead(n_cells, n_cells))
        once = (Charge("crossbar", cell_pj + line_pj / n_columns), Charge("drivers", drive_pj / n_columns))
        of_layer = f"@{layer}" if layer else "@mid-window"
        return Action(f"{what}{of_layer}" + self._of_cells(n_cells), (*once, *converted.charges))

    def _of_cells(self, n_cells: int) -> str:
        """Sizes on which the price of a verify read depends besides the layer."""
        if self.parts.around_arrays or self.parts.crossbar.is_sensed():
            return f",{n_cells}cells"
        repeats = self.parts.crossbar.reads_per_vector(n_cells)
        return f",x{repeats}" if repeats > 1 else ""

    def examples(self) -> list[Action]:
        middle, n_columns = self.parts.crossbar.middle_siemens, self.chip.crossbar.n_columns
        before = [self.inspect(middle, n_columns)] if self.chip.writing.read_before else []
        return [self.program(self.chip.writing.n_parallel_cells), self.verify(middle, n_columns), *before]

    def time_of_one_ps(self) -> int:
        return self.chip.writing.pulse_ps


def pulses_per_cell(write: Write) -> float:
    """Mean number of pulses of a cell; "auto" must have been resolved before anything is priced.

    Raises
    ------
    SpecError
        It was not: :func:`archsim.crossbar.cells.with_expected_pulses` does it.
    """
    if write.pulses_per_cell == "auto":
        raise SpecError("write.pulses_per_cell: is 'auto'; archsim.crossbar.cells.with_expected_pulses finds it")
    return float(write.pulses_per_cell)


def n_groups(write: Write, n_cells: int) -> int:
    """Groups of cells that are pulsed one after the other to program `n_cells` of a row."""
    return -(-n_cells // write.n_parallel_cells)


def _more(label: str) -> str:
    return f",{label}" if label else ""
