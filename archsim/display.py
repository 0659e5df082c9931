"""The one progress display: a line on a terminal that says what is going on; nothing elsewhere."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING

from archsim.texts import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_open: list[tuple[Progress, TaskID]] = []  # one at most


def show(what: str, share: float | None = None) -> None:
    """Draw the line again.

    Parameters
    ----------
    what : str
        What is going on, and how far it is.
    share : float, optional
        How much of it is done, from 0 to 1: drawn as a bar.
    """
    if not sys.stderr.isatty():
        return
    if not _open:
        _open.append(_started())
    shown, task = _open[0]
    shown.update(task, description=one_line(what), completed=share or 0.0, total=None if share is None else 1.0)


def clear() -> None:
    """Take the line away; what is printed next begins there."""
    while _open:
        _open.pop()[0].stop()


def _started() -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    shown = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5)
    atexit.register(shown.stop)  # the cursor comes back, however the process ends
    shown.start()
    return shown, shown.add_task("", total=None)
