"""Driven lines of a product, cycle by cycle: all of an input's bits, or only those that are 1.

Where the chip says ``drivers.charged: ones`` and the numbers are known (an input's, errors', pooled spikes'), a
line is driven in the cycles in which its digit is not zero, as on the arrays of the number side: magnitudes with a
sign. Numbers that are not known are taken as spread evenly over all codes but zero, which puts half of the bits at
1; what is no whole number of lines in one cycle is made up in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.components import ReadCycle

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Driven:
    """Lines that one cycle drives, over all vectors of a burst.

    Parameters
    ----------
    n_lines : int
        Lines that are raised, or pulses on them (`Drivers.counted_pulses`).
    n_units : int
        How much one cell of each conducts, all lines together, in parts of a cycle (`Drivers.counted_units`).
    """

    n_lines: int
    n_units: int


def driven(
    kind: str, cycles: Sequence[ReadCycle], n_polarities: int, n_active: int, codes: Codes | None, ones: bool
) -> list[Driven]:
    """Lines that each cycle of one burst drives, polarity by polarity; see `driven_steps`.

    Examples
    --------
    Two lines, 5 and 2, bit by bit, and the same not known:

    >>> bits = [ReadCycle(1, 1, 100, 5)] * 3
    >>> [found.n_lines for found in driven("levels", bits, 1, 2, np.array([[5, 2]], np.int32), ones=True)]
    [1, 1, 1]
    >>> [found.n_lines for found in driven("levels", bits, 1, 2, None, ones=True)]
    [1, 1, 1]
    >>> [found.n_lines for found in driven("levels", bits, 1, 2, None, ones=False)]
    [2, 2, 2]
    """
    bursts = None
    if codes is not None and codes.size:
        bursts = Bursts(codes.reshape(-1, codes.shape[-1]), np.zeros(1, np.int64))
    [found] = driven_steps(kind, cycles, n_polarities, np.array([n_active]), bursts, ones)
    return [Driven(lines, units) for lines, units in found.tolist()]


@dataclass(frozen=True)
class Bursts:
    """Numbers on the lines with their signs, (positions, lines), and where each step's burst begins."""

    codes: Codes
    starts: NDArray[np.int64]

    def total(self, values: NDArray[Any]) -> Ints:
        """Sums over the lines and positions of each burst."""
        return np.asarray(np.add.reduceat(values.sum(axis=1, dtype=np.int64), self.starts))

    def fits(self, n_bits: int) -> NDArray[np.bool_]:
        """Of which bursts no number has more bits."""
        return np.asarray(np.maximum.reduceat(np.abs(self.codes).max(axis=1), self.starts) < 2**n_bits)


def driven_steps(
    kind: str, cycles: Sequence[ReadCycle], n_polarities: int, n_active: Ints, bursts: Bursts | None, ones: bool
) -> Ints:
    """Lines that each cycle drives in each step.

    Parameters
    ----------
    kind : "levels" or "pulse_train"
    cycles : sequence of ReadCycle
        Of both polarities.
    n_polarities : int
        2: positive numbers, then negative ones.
    n_active : int64[n_steps]
        Lines that are not at zero, over all vectors of a step's burst.
    bursts : Bursts, optional
        The numbers on the lines.
    ones : bool
        Whether only bits that are 1 count.

    Returns
    -------
    int64[n_steps, n_cycles, 2]
        `Driven.n_lines` and `Driven.n_units`.
    """
    of_polarity = list(cycles[: len(cycles) // n_polarities])
    n_bits = sum(cycle.n_bits for cycle in of_polarity)
    found = np.empty((len(n_active), n_polarities, len(of_polarity), 2), np.int64)
    for polarity, n in enumerate(_by_sign(n_active, n_polarities)):
        if not ones or n_bits == 1:
            found[:, polarity] = n[:, None, None]
            continue
        # recorded with more bits than are sent here: as if not known
        is_known = np.zeros(len(n), bool) if bursts is None else bursts.fits(n_bits)
        if not is_known.all():
            found[:, polarity] = _assumed_steps(kind, of_polarity, n)
        if bursts is not None and is_known.any():
            sign = 1 - 2 * polarity
            codes = bursts.codes if n_polarities == 1 else np.maximum(bursts.codes * sign, 0)
            known = _known(kind, of_polarity, Bursts(codes, bursts.starts))
            found[is_known, polarity] = known[is_known]
    return found.reshape(len(n_active), len(cycles), 2)


def _by_sign(n_active: Ints, n_polarities: int) -> list[Ints]:
    """A number drives its line with the polarity of its sign; half of them are taken as negative."""
    if n_polarities == 1:
        return [n_active]
    return [n_active - n_active // 2, n_active // 2]


def _known(kind: str, cycles: Sequence[ReadCycle], bursts: Bursts) -> Ints:
    found = []
    for digits, largest in _digits(kind, cycles, np.abs(bursts.codes)):
        n_pulses = bursts.total(digits)
        if kind == "pulse_train":
            found.append([n_pulses, n_pulses])
        else:
            units = n_pulses if largest == 1 else bursts.total(np.square(digits, dtype=np.int64))
            found.append([bursts.total(digits != 0), units])
    return np.moveaxis(np.array(found), 2, 0)


def _digits(kind: str, cycles: Sequence[ReadCycle], size: Codes) -> Iterator[tuple[NDArray[Any], int]]:
    """Digits of each cycle and the largest: levels from the low bits up, trains from the high ones down."""
    n_bits, done = sum(cycle.n_bits for cycle in cycles), 0
    for cycle in cycles:
        largest = 2**cycle.n_bits - 1
        shift = done if kind == "levels" else n_bits - done - cycle.n_bits
        yield (size >> shift) & largest, largest
        done += cycle.n_bits


def _assumed_steps(kind: str, cycles: Sequence[ReadCycle], n_active: Ints) -> Ints:
    """As `_assumed`, for each step; asked once for each number."""
    numbers, place = np.unique(n_active, return_inverse=True)
    n_bits = tuple(cycle.n_bits for cycle in cycles)
    found = np.array([_assumed(kind, n_bits, n) for n in numbers.tolist()], np.int64)
    return found.reshape(-1, len(cycles), 2)[place]


@lru_cache(maxsize=4096)
def _assumed(kind: str, bits_of_cycles: tuple[int, ...], n_active: int) -> tuple[tuple[int, int], ...]:
    """Of codes that are spread evenly over all but zero."""
    n_codes = 2 ** sum(bits_of_cycles)
    lines, units = Fraction(0), Fraction(0)
    found = []
    for n_bits in bits_of_cycles:
        before = int(lines), int(units)
        n = Fraction(n_active * n_codes, n_codes - 1)
        largest = 2**n_bits - 1
        if kind == "pulse_train":
            lines, units = lines + n * largest / 2, units + n * largest / 2
        else:
            lines += n * largest / (largest + 1)
            units += n * largest * (2 * largest + 1) / 6
        found.append((int(lines) - before[0], int(units) - before[1]))
    return tuple(found)
