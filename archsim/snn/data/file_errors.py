"""Errors of data files: all of them at once, each with its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archsim.errors import WorkloadError

SHOWN = 20  # a wrong column would otherwise print a message per line


class FileErrors:
    """Collects what is wrong with the files of a data set.

    Parameters
    ----------
    what : str
        The data set, as the message shall call it.

    Examples
    --------
    >>> errors = FileErrors("UCI-HAR")
    >>> errors.add("y_train.txt", 3, "class 9 does not exist")
    >>> errors.raise_any()
    Traceback (most recent call last):
    archsim.errors.WorkloadError: UCI-HAR: 1 error
      y_train.txt:3: class 9 does not exist
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.lines: list[str] = []
        self.count = 0

    def add(self, path: Path | str, line: int | None, message: str) -> None:
        """Note an error; `line` counts from 1, None means the file as a whole."""
        self.count += 1
        if len(self.lines) < SHOWN:
            where = f"{path}" if line is None else f"{path}:{line}"
            self.lines.append(f"  {where}: {message}")

    def raise_any(self) -> None:
        """Raise what was collected; nothing happens if there was no error.

        Raises
        ------
        WorkloadError
        """
        if not self.count:
            return
        more = self.count - len(self.lines)
        rest = [f"  … and {more} more"] if more else []
        title = f"{self.what}: {self.count} error{'s' if self.count > 1 else ''}"
        raise WorkloadError("\n".join([title, *self.lines, *rest]))


def find_folder(folder: Path | str, what: str, usual_name: str, needed: Sequence[str], layout: str) -> Path:
    """The folder that holds the data: the given one, or the one of the usual name inside it.

    Parameters
    ----------
    folder : path
    what, usual_name : str
        The data set; the name of its folder as published.
    needed : sequence of str
        Files or folders, relative to the data set's folder, that must exist.
    layout : str
        How the folder should look, shown in the message.

    Raises
    ------
    WorkloadError
        If the folder or something in it is missing; everything missing at once.

    Examples
    --------
    >>> find_folder("nowhere", "HHAR", "Activity recognition exp", ["a.csv"], "a.csv")
    Traceback (most recent call last):
    archsim.errors.WorkloadError: HHAR: nowhere is not a folder; expected one that holds
      a.csv
    """
    top = Path(folder)
    if not top.is_dir():
        raise WorkloadError(f"{what}: {top} is not a folder; expected one that holds\n{_indented(layout)}")
    inner = top / usual_name
    if inner.is_dir() and not all((top / name).exists() for name in needed):
        top = inner
    missing = [name for name in needed if not (top / name).exists()]
    if missing:
        raise WorkloadError(
            f"{what}: {top} lacks {len(missing)} of {len(needed)}:\n{_indented(chr(10).join(missing))}\n"
            f"expected layout:\n{_indented(layout)}"
        )
    return top


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
