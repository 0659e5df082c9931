"""Circuits around the cells of one array, each optional: what a chip file leaves out is not charged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from archsim.spec.cells import MOST_COUNT
from archsim.spec.costs import ArrayPartCost, CitedCost, ColumnDriversCost
from archsim.units import Bits, FileModel

NoneOrMore = Annotated[int, Field(ge=0, le=MOST_COUNT)]
Width = Annotated[Bits, Field(ge=1, le=MOST_COUNT)]


class LevelShifters(FileModel):
    """Bring logic levels up to the voltages of writes: `per_row` for each row, `per_column` for each column.

    Cost: energy per pulse on a row (both lines of the row), area and leakage per line. Reads take none.
    """

    n_per_row: NoneOrMore = 2
    n_per_column: NoneOrMore = 1
    cost: ArrayPartCost


class ColumnMux(FileModel):
    """Connects the columns that share an ADC to it, one after the other.

    Cost: energy per column that is connected, area and leakage per multiplexer (one for each ADC).
    """

    cost: ArrayPartCost


class InputRegisters(FileModel):
    """Hold the inputs of the rows: `width` bits each. Cost: energy per bit written, area and leakage per bit."""

    width_bits: Width
    cost: ArrayPartCost


class ColumnDrivers(FileModel):
    """Bias the columns when they are read, and drive them when a row is written. Cost: per column."""

    cost: ColumnDriversCost


class PartialSumRegisters(FileModel):
    """Hold the results that wait for the accumulators: `width` bits for each weight of a row.

    There are as many sets as `shift_add.registers`. Cost: energy per bit written, area and leakage per bit.
    """

    width_bits: Width
    cost: CitedCost


class ArrayControl(FileModel):
    """Steps one array through its reads. Cost: energy per read of a crossbar, area and leakage of one."""

    cost: CitedCost
