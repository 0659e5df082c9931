"""A mesh: places row by row on a near-square grid, each with links to its neighbours."""

from __future__ import annotations

import math
from itertools import chain, pairwise

import numpy as np

from archsim.interconnect.base import IO, Floats, Hop, Interconnect, Ints, Link, link_name
from archsim.registry import INTERCONNECTS


@INTERCONNECTS.register
class Mesh(Interconnect):
    """Routes go along x, then along y; the global buffer sits beside the corner place 0.

    A grid that the tiles do not fill has a router at every place all the same.
    """

    kind = "mesh"

    @classmethod
    def n_routers(cls, n_places: int) -> int:
        """One at every place of the grid, with a tile or without."""
        grid = cls(n_places, tuple(range(n_places)))
        return grid.n_columns * grid.n_rows

    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        if here == IO:
            return (Hop(link_name(IO, 0), 1.0), *self._walk(0, there))
        if there == IO:
            return (*self._walk(here, 0), Hop(link_name(0, IO), 1.0))
        return self._walk(here, there)

    def links(self) -> tuple[Link, ...]:
        found = [(IO, 0, 1.0), (0, IO, 1.0)]
        for line in (*self._rows(), *self._columns()):
            for a, b in self._joined(line):
                found += [(a, b, self._pitch(len(line))), (b, a, self._pitch(len(line)))]
        return tuple(Link(link_name(a, b), a, b, length) for a, b, length in found)

    def between(self, here: Ints, there: Ints) -> Floats:
        (y, x), (ty, tx) = np.divmod(here, self.n_columns), np.divmod(there, self.n_columns)
        return self._apart(x, tx, self.n_columns) + self._apart(y, ty, self.n_rows)

    def from_io(self, places: Ints) -> Floats:
        return 1.0 + self.between(np.zeros_like(places), places)

    def pulls(self, bits: Floats, here: Ints, places: Ints) -> Floats:
        """Along x and y on their own: sums of half pitches are exact, in whatever order."""
        if len(places) <= self.n_columns + self.n_rows:
            return super().pulls(bits, here, places)
        (y, x), (ty, tx) = np.divmod(here, self.n_columns), np.divmod(places, self.n_columns)
        along_x = bits @ self._apart(x[:, None], np.arange(self.n_columns), self.n_columns)
        along_y = bits @ self._apart(y[:, None], np.arange(self.n_rows), self.n_rows)
        found: Floats = along_x[..., tx] + along_y[..., ty]
        return found

    def within(self, place: int, radius: float) -> Ints:
        reach, (y, x) = math.ceil(radius), divmod(place, self.n_columns)
        rows, columns = self._near(y, reach, self.n_rows), self._near(x, reach, self.n_columns)
        places = (rows[:, None] * self.n_columns + columns).ravel()
        return places[places < self.n_tiles]

    @property
    def diameter(self) -> float:
        return 1.0 + self.n_columns + self.n_rows

    def orders(self) -> list[tuple[int, ...]]:
        """A snake: row by row, every second row backwards, over the places that tiles have."""
        rows = [[place for place in row if place < self.n_tiles] for row in self._rows()]
        return [tuple(chain.from_iterable(row[::-1] if i % 2 else row for i, row in enumerate(rows)))]

    def _rows(self) -> list[list[int]]:
        width = self.n_columns
        return [list(range(y * width, (y + 1) * width)) for y in range(self.n_rows)]

    def _columns(self) -> list[list[int]]:
        return [list(column) for column in zip(*self._rows(), strict=True)]

    def _walk(self, here: int, there: int) -> tuple[Hop, ...]:
        y, x = divmod(here, self.n_columns)
        ty, tx = divmod(there, self.n_columns)
        along_x = [(y * self.n_columns + at, crossed) for at, crossed in self._steps(x, tx, self.n_columns)]
        along_y = [(at * self.n_columns + tx, crossed) for at, crossed in self._steps(y, ty, self.n_rows)]
        hops = []
        for steps, extent in ((along_x, self.n_columns), (along_y, self.n_rows)):
            for place, vc_class in steps:
                hops.append(Hop(link_name(here, place), self._pitch(extent), vc_class))
                here = place
        return tuple(hops)

    # ---- along one axis, of `extent` places: what a torus does in another way

    def _steps(self, here: int, there: int, extent: int) -> list[tuple[int, int]]:
        """The coordinates on the way, each with the class of virtual channels that leads there."""
        del extent
        step = 1 if there > here else -1
        return [(at, 0) for at in range(here + step, there + step, step)] if here != there else []

    def _joined(self, line: list[int]) -> list[tuple[int, int]]:
        """The places of a row or column that have links."""
        return list(pairwise(line))

    def _pitch(self, extent: int) -> float:
        """Length of a link."""
        del extent
        return 1.0

    def _apart(self, here: Ints, there: Ints, extent: int) -> Floats:
        """Length of the way between coordinates."""
        del extent
        apart: Floats = np.abs(here - there).astype(np.float64)
        return apart

    def _near(self, here: int, reach: int, extent: int) -> Ints:
        """Coordinates that are not farther than `reach`."""
        return np.arange(max(0, here - reach), min(extent, here + reach + 1))
