"""A torus: a mesh whose rows and columns are rings."""

from __future__ import annotations

import numpy as np

from archsim.interconnect.base import IO, Floats, Ints, Link, Point
from archsim.interconnect.mesh import Mesh
from archsim.registry import INTERCONNECTS

BESIDE = 0.5
"""How far beside its row or column the link from the last place to the first is drawn, in tile pitches."""


@INTERCONNECTS.register
class Torus(Mesh):
    """Routes take the shorter way round, forwards if both are equal.

    It is folded, so that no link is longer than two pitches (Dally and Towles, Principles and Practices of
    Interconnection Networks, 2004); each of its rings of three places or more counts two pitches for a link.

    The links of a ring wait for each other in a circle. A packet takes class 0 of virtual channels until it
    crosses the link from the last place to the first, the dateline, and class 1 from there on, so that no circle
    closes (Dally and Seitz, Deadlock-free message routing in multiprocessor interconnection networks, IEEE Trans.
    Computers C-36, 1987). The rings along y have datelines of their own.
    """

    kind = "torus"
    n_vc_classes = 2
    deadlock = (
        "on one, packets round a ring can wait for each other in a circle (deadlock); or say "
        "buffer_flits: unlimited, or kind: mesh"
    )

    def line(self, link: Link) -> tuple[Point, ...]:
        """Round the row or column where a link leads from its last place to its first."""
        (x, y), (tx, ty) = super().line(link)
        if IO in (link.source, link.target) or abs(tx - x) + abs(ty - y) == 1:
            return (x, y), (tx, ty)
        dx, dy = (0.0, BESIDE) if y == ty else (BESIDE, 0.0)
        return (x, y), (x - dx, y - dy), (tx - dx, ty - dy), (tx, ty)

    def _steps(self, here: int, there: int, extent: int) -> list[tuple[int, int]]:
        forwards = (there - here) % extent
        step = 1 if forwards <= extent - forwards else -1
        steps, vc_class = [], 0
        while here != there:
            after = (here + step) % extent
            vc_class |= abs(after - here) > 1
            steps.append((after, vc_class))
            here = after
        return steps

    def _joined(self, line: list[int]) -> list[tuple[int, int]]:
        return super()._joined(line) + ([(line[-1], line[0])] if len(line) > 2 else [])

    def _pitch(self, extent: int) -> float:
        return 2.0 if extent > 2 else 1.0

    def _apart(self, here: Ints, there: Ints, extent: int) -> Floats:
        apart = np.abs(here - there).astype(np.float64)
        around: Floats = self._pitch(extent) * np.minimum(apart, extent - apart)
        return around

    def _near(self, here: int, reach: int, extent: int) -> Ints:
        if 2 * reach + 1 >= extent:
            return np.arange(extent)
        return np.arange(here - reach, here + reach + 1) % extent
