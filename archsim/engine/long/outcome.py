"""What a long run came to."""

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
    """What was skipped because the state came back.

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
    def rate_per_ps(self) -> Fraction:
        """Blocks per picosecond in the steady state, exactly."""
        return Fraction(self.period, self.period_ps)


@dataclass(frozen=True, eq=False)
class LongRun:
    """What a long run came to.

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
        told = [
            f"steady after {jump.after} iterations, period {jump.period} ({jump.period_ps} ps), "
            f"{jump.n_blocks} iterations skipped"
            for jump in self.jumps
        ]
        return f"rolling {size}; {'; '.join(told)}; {self.n_played} iterations played"
