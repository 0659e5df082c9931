"""Pulses that updates gave to the cells of a chip, kept for as many updates as a training has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.snn.activity import Pulses


class Given(NamedTuple):
    """Pulses of the few cells of an array that got any: places in the flat array, and how many."""

    shape: tuple[int, ...]
    places: NDArray[np.intp]
    pulses: Pulses


@dataclass
class Update:
    """One update: the pulses of every array's cells, by name."""

    given: dict[str, Given] = field(default_factory=dict)

    def keep(self, name: str, pulses: Pulses) -> None:
        """Note the pulses of an array's cells."""
        places = np.flatnonzero(pulses)
        self.given[name] = Given(pulses.shape, places, pulses.reshape(-1)[places])

    @property
    def n_pulses(self) -> int:
        """Of all arrays together."""
        return sum(int(part.pulses.sum(dtype=np.int64)) for part in self.given.values())


def typical(updates: Sequence[Update], n: int) -> list[Update]:
    """The `n` updates whose pulses are nearest to the mean of all, in their order.

    Examples
    --------
    >>> updates = [Update() for _ in range(3)]
    >>> for update, pulses in zip(updates, ([0, 0], [1, 2], [5, 2])):
    ...     update.keep("out", np.array(pulses, dtype=np.uint16))
    >>> [update.n_pulses for update in typical(updates, 1)]  # 0, 3 and 7: the mean is 3.3
    [3]
    """
    if not updates:
        return []
    totals = np.array([update.n_pulses for update in updates], dtype=np.float64)
    nearest = np.argsort(np.abs(totals - totals.mean()), kind="stable")[:n]
    return [updates[index] for index in sorted(nearest.tolist())]


def pulses_of(updates: Sequence[Update]) -> dict[str, Pulses]:
    """(updates, *shape) by name: the pulses of each cell."""
    found: dict[str, Pulses] = {}
    for index, update in enumerate(updates):
        for name, part in update.given.items():
            whole = found.setdefault(name, np.zeros((len(updates), *part.shape), dtype=np.uint16))
            whole[index].reshape(-1)[part.places] = part.pulses
    return found
