"""The loops of this room, compiled."""

from __future__ import annotations

from archsim.jit import njit
from archsim.whatif.plain import plain_earliest, plain_latest

earliest = njit(cache=True)(plain_earliest)
latest = njit(cache=True)(plain_latest)
