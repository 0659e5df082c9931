"""The base class of formats, and the entry point to all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from archsim.errors import ArchsimError
from archsim.files import path_of
from archsim.registry import EXPORTS

if TYPE_CHECKING:
    from archsim.metrics import Result


class Format(ABC):
    """One format for another tool; its first docstring line says which tool reads it."""

    kind: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    """How the names of its files end, in lower case with the dot; a format may do without."""
    writes: ClassVar[str] = "spans"
    """The unit of what `write` counts."""

    @abstractmethod
    def write(self, result: Result, path: str | Path) -> int:
        """Write a run; how many things were written comes back."""


def export(result: Result, path: str | Path, format: str | None = None) -> int:
    """Write a run for another tool.

    Parameters
    ----------
    result : Result
    path : str or path
        A file, replaced if it exists. Text is compressed where the name ends in ``.gz``.
    format : str, optional
        A name of `archsim.registry.EXPORTS`. Told by the name of the file if not given.

    Returns
    -------
    int
        How many spans, stages (Konata) or changes (VCD) were written.

    Raises
    ------
    ArchsimError
        The format is unknown, the file cannot be written, or pyarrow is missing (Parquet).

    Examples
    --------
    >>> import tempfile
    >>> from archsim.engine import run_tasks
    >>> from archsim.metrics import Result
    >>> from archsim.components import Action
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> t = b.task(action="convert", uses=[(b.resource("adc"), 1)], occupancy_ps=100)
    >>> graph = b.build()
    >>> result = Result.of(graph, run_tasks(graph), {"convert": Action("convert", ())}, (), {}, 0, 1, "inference",
    ...                    "one task", {})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(result, f"{folder}/run.json.gz"), export(result, f"{folder}/run.csv")
    (1, 1)
    """
    chosen = format or format_of(path)
    if chosen not in EXPORTS:
        raise ArchsimError(f"unknown format {chosen!r}; there are: {', '.join(EXPORTS)}")
    with EXPORTS.calling(chosen) as kind:
        n: int = kind().write(result, path)
    return n


def format_of(path: str | Path) -> str:
    """The format that the name of a file tells.

    Examples
    --------
    >>> format_of("run.json.gz")
    'perfetto'
    """
    suffix = Path(path_of(path).name.removesuffix(".gz")).suffix.lower()
    told = {suffix: name for name, kind in EXPORTS.items() for suffix in kind.suffixes}
    if suffix not in told:
        raise ArchsimError(
            f"{path}: the name does not tell the format; end it in {', '.join(told)}, or say --format "
            f"{'|'.join(EXPORTS)}"
        )
    return told[suffix]
