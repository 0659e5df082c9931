"""Mapping and prices to tasks: which task exists, what it uses, what it waits for."""

from archsim.lowering.lower import Lowered, lower, parts_of
from archsim.lowering.stretch import Stretch, Written

__all__ = ["Lowered", "Stretch", "Written", "lower", "parts_of"]
