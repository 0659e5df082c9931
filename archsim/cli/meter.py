"""A line on a terminal that says how far a long command is."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from archsim.texts import one_line

if TYPE_CHECKING:
    from archsim.snn.learn.trainer import Progress

_REDRAW_S = 0.2


class Meter:
    """One line on a terminal: what is going on, how far it is and how long it still takes."""

    def __init__(self) -> None:
        self._what, self._start, self._drawn, self._width = "", time.monotonic(), 0.0, 0

    def tell(self, what: str, progress: Progress | None) -> None:
        """Draw the line again, a few times a second at most."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._start, self._drawn = what, now, 0.0
        if progress is None or now - self._drawn >= _REDRAW_S or progress.step == progress.n_steps:
            self._drawn = now
            self._draw(f"{one_line(what)} {_far(progress, now - self._start)}")

    def _draw(self, line: str) -> None:
        sys.stderr.write(f"\r{line:<{self._width}}")
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Leave an empty line."""
        if self._width:
            self._draw("")
            sys.stderr.write("\r")


def _far(progress: Progress | None, seconds: float) -> str:
    """How far and how long.

    Examples
    --------
    >>> from archsim.snn.learn.trainer import Progress
    >>> _far(Progress(0, 25, 100, 1.5), 10.0)
    '25 %, loss 1.5, 30 s left'
    >>> _far(Progress(0, 25, 100), 10.0)
    '25 %, 30 s left'
    >>> _far(None, 3.0)
    '...'
    """
    if progress is None:
        return "..."
    left = seconds / progress.step * (progress.n_steps - progress.step)
    said = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    loss = "" if progress.loss is None else f"loss {progress.loss:.3g}, "
    return f"{100 * progress.step // progress.n_steps} %, {loss}{said} left"
