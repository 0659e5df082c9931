"""The digital units of a tile and of an array: lanes, a cycle, a latency."""

from __future__ import annotations

from typing import Literal

from archsim.spec.cells import Count
from archsim.spec.costs import CitedCost, ShiftAddCost
from archsim.units import FileModel, TimePs


class Unit(FileModel):
    """A digital unit of `lanes` results per `cycle`; the first comes after `latency`.

    Cost: energy per result, area and leakage per lane.
    """

    n_lanes: Count
    cycle_ps: TimePs
    latency_ps: TimePs
    cost: CitedCost


class GradientUnit(Unit):
    """Errors, surrogates and outer products: a lane adds and multiplies, one result each `cycle`.

    `cost` is of one addition. `multiply` is of one multiplication of 8 by 8 bit, its area and leakage of one
    multiplier in each lane; without it the energy follows from that of an addition.
    """

    multiply: CitedCost | None = None


class ShiftAdd(FileModel):
    """Merges bits, slices and signs behind each bank of ADCs, as a `Unit`; `lanes: auto` has one for each ADC.

    `registers` results wait for the accumulator.
    """

    n_lanes: Count | Literal["auto"]
    cycle_ps: TimePs
    latency_ps: TimePs
    n_registers: Count
    cost: ShiftAddCost
