"""The output buffer of a tile: results, until they are on their way."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Look


class OutputBuffer(Memory):
    """One memory in a tile."""

    kind = "output_buffer"
    path = ("tile", "output_buffer")
    counts = (
        ("unload", "access"),
        ("emit", "access"),
    )
    reads = ("unload",)
    writes = ("emit",)
    area_action = "emit"
    look = Look(1, "xxxx")

    def asked(self) -> tuple[int, Fraction]:
        """A flit of a link."""
        return self.chip.interconnect.width_bits, self.parts.interconnect.time_of_one_ps()
