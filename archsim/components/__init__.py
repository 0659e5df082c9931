"""What one action costs: time, energy, area and leakage of every component, each with its source."""

from archsim.components.catalog import catalog_rows
from archsim.components.costs import ChipCosts
from archsim.components.faults import check
from archsim.components.notes import without_effect
from archsim.components.records import BUFFERS, COMPONENTS, Action, AreaItem, Charge, ReadCycle

__all__ = [
    "BUFFERS",
    "COMPONENTS",
    "Action",
    "AreaItem",
    "Charge",
    "ChipCosts",
    "ReadCycle",
    "catalog_rows",
    "check",
    "without_effect",
]
