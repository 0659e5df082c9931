"""The global buffer of a chip: inputs before, results after."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Look
from archsim.components.records import Where


class GlobalBuffer(Memory):
    """One memory in a chip."""

    kind = "global_buffer"
    path = ("global_buffer",)
    counts = (
        ("load_global", "access"),
        ("store_global", "access"),
    )
    reads = ("load_global",)
    writes = ("store_global",)
    area_action = "load_global"
    look = Look(2, "xxxx")

    @property
    def where(self) -> Where:
        return "chip"

    def asked(self) -> tuple[int, Fraction]:
        """A flit of a link."""
        return self.chip.interconnect.width_bits, self.parts.interconnect.time_of_one_ps()
