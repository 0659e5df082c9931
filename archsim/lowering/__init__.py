"""Mapping and prices to tasks: which task exists, what it uses, what it waits for."""

from archsim.lowering.lower import Lowered, lower, parts_of

__all__ = ["Lowered", "lower", "parts_of"]
