"""Prices of actions: time, energy, area and leakage of every part, each with its source."""

from archsim.components.held import Held
from archsim.components.operations import Operations
from archsim.components.part import Job, Look, Part
from archsim.components.parts import (
    Parts,
    buffer_kinds,
    check,
    count_units,
    free_paths,
    part_kinds,
    without_effect,
)
from archsim.components.records import Action, AreaItem, ArrayRead, Charge, ReadCycle
from archsim.components.table import price_rows

__all__ = [
    "Action",
    "AreaItem",
    "ArrayRead",
    "Charge",
    "Held",
    "Job",
    "Look",
    "Operations",
    "Part",
    "Parts",
    "ReadCycle",
    "buffer_kinds",
    "check",
    "count_units",
    "free_paths",
    "part_kinds",
    "price_rows",
    "without_effect",
]
