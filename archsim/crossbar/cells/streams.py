"""One stream of random numbers for each kind of randomness.

Streams are named children of one seed: switching an effect on or off leaves the draws of all others as they
were, and the same seed gives the same bits.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The random streams of a cell. The numbers are part of every seeded result: never reuse one."""

    DEVICE = 0
    FAULTS = 1
    DRIFT = 2
    ENDURANCE = 3
    PROGRAMMING = 4
    RELAXATION = 5
    TELEGRAPH = 6
    UPDATE = 7
    PULSES = 8


def generator(seed: int | np.random.SeedSequence, stream: Stream, *more: int) -> np.random.Generator:
    """The generator of one stream.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        A sequence is not changed: its own children do not count.
    stream : Stream
    *more : int
        A further distinction, such as the number of an operation.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> draws = [generator(7, Stream.FAULTS).random() for _ in range(2)]
    >>> draws[0] == draws[1] != generator(7, Stream.DRIFT).random()
    True
    """
    parent = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key = (*parent.spawn_key, int(stream), *more)
    return np.random.default_rng(np.random.SeedSequence(parent.entropy, spawn_key=key, pool_size=parent.pool_size))
