"""Jobs for worker processes, which must find them by name."""

from __future__ import annotations

import os
import time

from archsim.errors import DoesNotFitError


def square(x: int) -> int:
    """The square of a number."""
    return x * x


def threads(_: int) -> str | None:
    """How many threads the linear algebra may take."""
    return os.environ.get("OPENBLAS_NUM_THREADS")


def vanish(_: int) -> None:
    """End the process without a word."""
    os._exit(3)


def sleep(seconds: int) -> int:
    """Take that long."""
    time.sleep(seconds)
    return seconds


def fail(_: int) -> None:
    """Break."""
    raise LookupError("a bug")


def does_not_fit(needed: int) -> None:
    """Break as a mapping does."""
    raise DoesNotFitError("crossbars", needed, 8, "crossbars", "raise chip.tiles")


class StubbornError(Exception):
    """Does not go to another process."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"at {line}")
        self.column = column


def stubborn(line: int) -> None:
    """Break in a way that cannot be told."""
    raise StubbornError(line, 1)
