"""Programming cells: pulses, and the reads that verify them.

A row is selected, up to `parallel_cells` of its cells get a pulse at once, the next group follows. A cell
takes `pulses_per_cell` pulses on average; with `verify` the row is read back after each of them.
"""

from __future__ import annotations

from archsim.components.records import burst_ps, exact
from archsim.errors import SpecError
from archsim.spec.chip import Write


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


def program_row_ps(write: Write, n_cells: int) -> int:
    """Time in ps of all pulses on `n_cells` of one row: groups x pulses per cell x pulse."""
    return burst_ps(n_groups(write, n_cells), exact(pulses_per_cell(write)) * write.pulse_ps)


def verify_row_ps(write: Write, read_ps: int) -> int:
    """Time in ps of all verify reads of one row, each of `read_ps`; none without `verify`."""
    return burst_ps(1, exact(pulses_per_cell(write)) * read_ps) if write.verify else 0


def program_power_uw(write: Write, n_cells: int) -> float:
    """Power in uW drawn by the pulses while `n_cells` of one row are programmed."""
    at_once = min(n_cells, write.n_parallel_cells)
    if not at_once or not write.pulse_ps:
        return 0.0
    energy_pj = at_once * write.cost.energy_pj + write.cost.row_energy_pj
    return energy_pj / write.pulse_ps * 1e6  # pJ / ps = W


def write_faults(write: Write) -> list[str]:
    """What keeps programming from being priced."""
    if write.pulse_ps == 0 and (write.cost.energy_pj or write.cost.row_energy_pj):
        return ["write.pulse: must be above zero, its energy in no time would be infinite power"]
    return []
