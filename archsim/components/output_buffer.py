"""The output buffer of a tile: results, until they are on their way."""

from __future__ import annotations

from archsim.components.memory import Memory
from archsim.components.part import Look


class OutputBuffer(Memory):
    """One memory in a tile."""

    kind = "output_buffer"
    path = ("tile", "output_buffer")
    counts = (("unload", "access"), ("emit", "access"),)
    reads = ("unload",)
    writes = ("emit",)
    area_action = "emit"
    look = Look(1, "xxxx")
