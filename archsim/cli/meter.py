"""How far learning is, in words and as a share, for the progress display."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from archsim.display import show

if TYPE_CHECKING:
    from archsim.snn.learn.epochs import Progress


class Meter:
    """Progress: the task, how much is done, how long the rest takes."""

    def __init__(self) -> None:
        self._what, self._start = "", time.monotonic()

    def tell(self, what: str, progress: Progress | None) -> None:
        """Show where a part stands; another part begins anew."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._start = what, now
        share = None if progress is None else progress.step / progress.n_steps
        show(f"{what} {_far(progress, now - self._start)}", share)


def _far(progress: Progress | None, seconds: float) -> str:
    """How far and how long.

    Examples
    --------
    >>> from archsim.snn.learn.epochs import Progress
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
