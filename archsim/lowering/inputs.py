"""What drives the lines of a product, cycle by cycle: all of an input's bits, or only those that are 1.

Where the chip says ``drivers.charged: ones`` and the numbers are known (an input's, errors', pooled spikes'), a
line is driven in the cycles in which its digit is not zero, as on the arrays of the number side: magnitudes with a
sign. Numbers that are not known are taken as spread evenly over all codes but zero, which puts half of the bits at
1; what is no whole number of lines in one cycle is made up in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.components import ReadCycle

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Driven:
    """What one cycle drives, over all vectors of a burst.

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
    kind: str, cycles: Sequence[ReadCycle], n_phases: int, n_active: int, codes: Codes | None, ones: bool
) -> list[Driven]:
    """What each cycle drives, phase by phase.

    Parameters
    ----------
    kind : "levels" or "pulse_train"
    cycles : sequence of ReadCycle
        Of all phases.
    n_phases : int
        2: positive numbers, then negative ones.
    n_active : int
        Lines that are not at zero.
    codes : ndarray of int32, optional
        The numbers on the lines with their signs.
    ones : bool
        Whether only bits that are 1 count.

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
    of_phase = list(cycles[: len(cycles) // n_phases])
    n_bits = sum(cycle.n_bits for cycle in of_phase)
    if codes is not None and codes.size and int(np.abs(codes).max()) >= 2**n_bits:
        codes = None  # recorded with more bits than are sent here
    found: list[Driven] = []
    for phase, n in enumerate(_by_sign(n_active, n_phases)):
        if not ones or n_bits == 1:
            found += [Driven(n, n)] * len(of_phase)
        elif codes is None:
            found += _assumed(kind, of_phase, n)
        else:
            found += _known(kind, of_phase, codes if n_phases == 1 else np.maximum(codes * (1 - 2 * phase), 0))
    return found


def _by_sign(n_active: int, n_phases: int) -> list[int]:
    """A number drives its line in the phase of its sign; half of them are taken as negative."""
    if n_phases == 1:
        return [n_active]
    return [n_active - n_active // 2, n_active // 2]


def _known(kind: str, cycles: Sequence[ReadCycle], codes: Codes) -> Iterator[Driven]:
    for digits, largest in _digits(kind, cycles, np.abs(codes)):
        n_pulses = int(digits.sum(dtype=np.int64))
        if kind == "pulse_train":
            yield Driven(n_pulses, n_pulses)
        else:
            lines = int(np.count_nonzero(digits))
            yield Driven(lines, n_pulses if largest == 1 else int(np.square(digits, dtype=np.int64).sum()))


def _digits(kind: str, cycles: Sequence[ReadCycle], size: Codes) -> Iterator[tuple[NDArray[Any], int]]:
    """Digits of each cycle and the largest: levels from the low bits up, trains from the high ones down."""
    n_bits, done = sum(cycle.n_bits for cycle in cycles), 0
    for cycle in cycles:
        largest = 2**cycle.n_bits - 1
        shift = done if kind == "levels" else n_bits - done - cycle.n_bits
        yield (size >> shift) & largest, largest
        done += cycle.n_bits


def _assumed(kind: str, cycles: Sequence[ReadCycle], n_active: int) -> Iterator[Driven]:
    """Of codes that are spread evenly over all but zero."""
    n_codes = 2 ** sum(cycle.n_bits for cycle in cycles)
    lines, units = Fraction(0), Fraction(0)
    for cycle in cycles:
        before = int(lines), int(units)
        n = Fraction(n_active * n_codes, n_codes - 1)
        largest = 2**cycle.n_bits - 1
        if kind == "pulse_train":
            lines, units = lines + n * largest / 2, units + n * largest / 2
        else:
            lines += n * largest / (largest + 1)
            units += n * largest * (2 * largest + 1) / 6
        yield Driven(int(lines) - before[0], int(units) - before[1])
