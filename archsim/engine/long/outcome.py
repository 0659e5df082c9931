"""The outcome of a long run."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

KEEP = 8
"""When the first and the last blocks are done is told for this many of them."""


@dataclass(frozen=True)
class Jump:
    """Timesteps that were skipped because the state came back.

    Attributes
    ----------
    after : int
        Blocks that were over when the state was seen first.
    period, period_ps : int
        After how many blocks, and after how much time, it came back.
    n_blocks : int
        How many blocks were skipped, a multiple of the period.
    """

    after: int
    period: int
    period_ps: int
    n_blocks: int

    @property
    def rate_per_ps(self) -> Fraction | None:
        """Blocks per picosecond in the steady state, exactly; None where a period takes no time.

        Examples
        --------
        >>> Jump(after=3, period=2, period_ps=10, n_blocks=4).rate_per_ps
        Fraction(1, 5)
        >>> Jump(after=3, period=2, period_ps=0, n_blocks=4).rate_per_ps is None
        True
        """
        return Fraction(self.period, self.period_ps) if self.period_ps else None


@dataclass(frozen=True, eq=False)
class LongRun:
    """The outcome of a long run.

    Attributes
    ----------
    makespan_ps : int
        When the last task is done, exactly as if the whole graph had been played.
    n_tasks, n_blocks, n_played : int
        Tasks and blocks of the whole graph; blocks that were played one by one.
    jumps : tuple of Jump
        What was skipped, at most one jump for each `Run` of the order.
    window_blocks, n_bytes : int
        The most blocks that were at hand at once, and the memory for them.
    first_done_ps, last_done_ps : int64[up to 8]
        When the last task of each of the first and of the last blocks was done.
    busy_ps : int64[n_resources]
        Units x time that tasks hold each resource.
    outlast_ps : int64[n_resources]
        The part of it that lies beyond the makespan.
    policy : str
    """

    makespan_ps: int
    n_tasks: int
    n_blocks: int
    n_played: int
    jumps: tuple[Jump, ...]
    window_blocks: int
    n_bytes: int
    first_done_ps: Ints
    last_done_ps: Ints
    busy_ps: Ints
    outlast_ps: Ints
    policy: str

    @property
    def way(self) -> str:
        """Which way it went, in words."""
        size = f"window of {self.window_blocks} iterations"
        if not self.jumps:
            return f"rolling {size}, all {self.n_blocks} iterations played: no state came back"
        alike: dict[tuple[int, int], list[Jump]] = {}
        for jump in self.jumps:
            alike.setdefault((jump.period, jump.period_ps), []).append(jump)
        told = [_told(jumps) for jumps in alike.values()]
        return f"rolling {size}; {'; '.join(told)}; {self.n_played} iterations played"


def _told(jumps: list[Jump]) -> str:
    """Jumps of one period in words; samples that are alike are told once."""
    first, n = jumps[0], len(jumps)
    begin = f"steady after {first.after}" if n == 1 else f"{n} times steady, first after {first.after}"
    return (
        f"{begin} iterations, period {first.period} ({first.period_ps} ps), "
        f"{sum(jump.n_blocks for jump in jumps)} iterations skipped"
    )
