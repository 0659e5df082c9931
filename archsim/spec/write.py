"""How the cells of a chip are programmed."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from archsim.spec.cells import Count
from archsim.spec.costs import CitedWrite
from archsim.spec.pulses import PulsesPerCell
from archsim.units import FieldsError, FileModel, Frac, PowerUw, TimePs


class Write(FileModel):
    """How cells are programmed: pulses, verify reads, how many cells and how much power at once.

    Parameters
    ----------
    pulse : width of a SET pulse, and of a RESET pulse where `reset_pulse` does not say another
    reset_share : part of the pulses that RESET
    pulses_per_cell : a mean, with which a row is priced as if all its cells took it; "auto" is what
        `device.errors.write_verify` takes on average (1 without it); or a law of
        :mod:`archsim.crossbar.cells.pulses`, with which a group of cells takes as long as its slowest
    verify : whether each pulse is followed by a read
    verify_read : time of such a read through circuits of its own (`cost.verify_energy`); without it the array's
        converters do it
    read_before : a row is read before it is written, and only cells whose digit changes are
    draw : draw each cell's pulses from the law with the seed of the run, instead of expecting them
    parallel_cells : cells of a row that have drivers, and are written together
    max_power : of all arrays that are written at once
    """

    pulse_ps: TimePs
    reset_pulse_ps: TimePs | None = None
    reset_share_frac: Frac = 0.5
    pulses_per_cell: PulsesPerCell
    verify: bool
    verify_read_ps: TimePs | None = None
    read_before: bool = False
    draw: bool = False
    n_parallel_cells: Count
    max_power_uw: PowerUw | None = None
    source: str
    cost: CitedWrite

    @property
    def law(self) -> Any:
        """The law of pulses (:class:`archsim.crossbar.cells.pulses.PulseLaw`); None where there is a mean."""
        return None if isinstance(self.pulses_per_cell, float | str) else self.pulses_per_cell

    @model_validator(mode="after")
    def _reads_are_priced(self) -> Self:
        if (self.verify_read_ps is None) == (self.cost.verify_energy_pj is None):
            return self
        missing: tuple[str, ...] = ("cost", "verify_energy")
        given = "verify_read"
        if self.verify_read_ps is None:
            missing, given = ("verify_read",), "cost.verify_energy"
        said = f"missing: {given} describes a read through circuits of its own, which has a time and an energy"
        raise FieldsError([(missing, said)])
