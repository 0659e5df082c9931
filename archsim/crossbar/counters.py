"""Counters of an array's reads and writes, for the cost side to price."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counters:
    """Events of a grid of arrays since it was made, or since they were last reset.

    Attributes
    ----------
    reads : int
        Reads of one array: vectors x cycles x arrays; backward also x slices, and x 2 where the columns of a
        differential pair are driven one after the other.
    active_rows : int
        Lines driven with a voltage other than zero, summed over all reads.
    conversions, saturations : int
        Analogue-to-digital conversions, and those of sums outside of the range.
    pulses, verify_reads : int
        Write and update pulses of all cells, and the reads that verified them.

    failed_writes : int
        Writes after which a cell was not at its target.

    Examples
    --------
    >>> Counters(reads=2) + Counters(reads=1, pulses=4)
    Counters(reads=3, active_rows=0, conversions=0, saturations=0, pulses=4, verify_reads=0, failed_writes=0)
    """

    reads: int = 0
    active_rows: int = 0
    conversions: int = 0
    saturations: int = 0
    pulses: int = 0
    verify_reads: int = 0
    failed_writes: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def __sub__(self, other: Counters) -> Counters:
        return Counters(*(a - b for a, b in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[int, ...]:
        return (
            self.reads,
            self.active_rows,
            self.conversions,
            self.saturations,
            self.pulses,
            self.verify_reads,
            self.failed_writes,
        )
