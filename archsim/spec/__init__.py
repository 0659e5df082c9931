"""Chips: frozen models and the loader of chip files."""

from archsim.spec.arrays import array_spec
from archsim.spec.buffers import EXACT, Buffer
from archsim.spec.cells import CellErrors
from archsim.spec.chip import AUTO, TAILORED, Chip
from archsim.spec.loader import load_chip
from archsim.spec.units import Unit
from archsim.spec.usual import unusual
from archsim.spec.values import ArraySpec

__all__ = [
    "AUTO",
    "EXACT",
    "TAILORED",
    "ArraySpec",
    "Buffer",
    "CellErrors",
    "Chip",
    "Unit",
    "array_spec",
    "load_chip",
    "unusual",
]
