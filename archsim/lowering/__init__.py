"""Mapping and prices to tasks: which task exists, what it uses, what it waits for."""

from archsim.lowering.context import Stretch, Written
from archsim.lowering.lower import Lowered, lower, parts_of

__all__ = ["Lowered", "Stretch", "Written", "lower", "parts_of"]
