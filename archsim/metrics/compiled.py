"""The loops of this room, compiled."""

from __future__ import annotations

from archsim.jit import njit
from archsim.metrics.tour import plain_tour

tour = njit(cache=True)(plain_tour)
