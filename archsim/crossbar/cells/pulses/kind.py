"""Laws of pulses: the probability that a cell needs no more than so many."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from archsim.spec.chip import Device
from archsim.units import FileModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
EVENLY = (1.0,)
"""Shares of levels where the law is the same at all of them."""


class PulseLaw(FileModel):
    """One kind of law: its fields are the keys of ``write.pulses_per_cell``.

    A subclass narrows `kind` to its name, ``kind: Literal["lognormal"]``. With ``F(k)`` the probability that a
    cell takes k pulses or fewer, and cells whose counts do not depend on one another::

        mean      sum over k >= 0 of 1 - F(k)
        slowest   sum over k >= 0 of 1 - F(k)^n         the expected largest count among n cells

    Cells of several levels have the mean of their laws: ``F = sum of share times F of the level``.
    """

    kind: str

    @abstractmethod
    def at_most(self, place: float) -> Floats:
        """F(0), F(1), … of a cell whose target lies at `place`, from 0 (g_min) to 1 (g_max); the last one is 1."""

    def failed_at(self, place: float) -> float:
        """Part of the cells that are not at their target when the law gives up."""
        del place
        return 0.0

    @property
    def by_level(self) -> bool:
        """Whether the law differs from level to level."""
        return False

    def ready(self, device: Device) -> Self:
        """The same with all that it needs of the cells at hand."""
        del device
        return self

    def errors(self, device: Device) -> list[str]:
        """Errors of its use with these cells."""
        del device
        return []

    def mean(self, shares: Sequence[float] = EVENLY) -> float:
        """Mean number of pulses of a cell; `shares` are the parts of the cells at each level, the lowest first."""
        return float((1.0 - self._mixed(shares)).sum())

    def slowest(self, n_cells: int, shares: Sequence[float] = EVENLY) -> float:
        """Expected number of pulses of the slowest of `n_cells` that are written together."""
        return float((1.0 - self._mixed(shares) ** n_cells).sum())

    def failing(self, shares: Sequence[float] = EVENLY) -> float:
        """Part of the cells that fail, over all levels."""
        return float(sum(share * self.failed_at(place) for share, place in self._levels(shares)))

    def draw(self, n_cells: int, rng: np.random.Generator, shares: Sequence[float] = EVENLY) -> Ints:
        """Pulses of so many cells, each by itself."""
        return np.searchsorted(self._mixed(shares), rng.random(n_cells)).astype(np.int64)

    def draw_at(self, places: Floats, rng: np.random.Generator) -> tuple[Ints, Bools]:
        """Pulses of cells with targets at `places`, each by itself, and which of the cells fail."""
        chances, gives_up = rng.random(places.shape), rng.random(places.shape)
        pulses, failed = np.empty(places.shape, dtype=np.int64), np.empty(places.shape, dtype=np.bool_)
        near = np.round(places, 9) if self.by_level else np.full(places.shape, 0.5)  # targets are off by rounding
        for place in np.unique(near).tolist():
            here = near == place
            pulses[here] = np.searchsorted(self.at_most(place), chances[here])
            failed[here] = gives_up[here] < self.failed_at(place)
        return pulses, failed

    def _mixed(self, shares: Sequence[float]) -> Floats:
        """F of cells that are spread over the levels."""
        laws = [(share, self.at_most(place)) for share, place in self._levels(shares)]
        mixed = np.ones(max(len(law) for _, law in laws))
        for share, law in laws:
            mixed[: len(law)] -= share * (1.0 - law)
        return np.clip(mixed, 0.0, 1.0)

    def _levels(self, shares: Sequence[float]) -> list[tuple[float, float]]:
        """(share, place) of each level that has cells."""
        if not self.by_level or len(shares) < 2:
            return [(1.0, 0.5)]
        places, total = np.linspace(0.0, 1.0, len(shares)).tolist(), sum(shares)
        return [(share / total, place) for share, place in zip(shares, places, strict=True) if share > 0]
