"""The history buffer of a tile: spikes and potentials, kept for the backward pass."""

from __future__ import annotations

from archsim.components.memory import Memory
from archsim.components.part import Look


class HistoryBuffer(Memory):
    """One memory in a tile."""

    kind = "history_buffer"
    path = ("tile", "history_buffer")
    counts = (("recall", "access"), ("keep", "access"),)
    reads = ("recall",)
    writes = ("keep",)
    area_action = "keep"
    area_phase = "learning"
    look = Look(2, "////")
