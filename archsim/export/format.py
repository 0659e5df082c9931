"""One door to all formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from archsim.errors import ArchsimError
from archsim.export.kinds.konata import write_konata
from archsim.export.kinds.perfetto import write_perfetto
from archsim.export.kinds.csv import write_csv, write_parquet
from archsim.export.kinds.vcd import write_vcd
from archsim.files import path_of

if TYPE_CHECKING:
    from archsim.metrics import Result

FORMATS: dict[str, Callable[[Result, str | Path], int]] = {
    "perfetto": write_perfetto,
    "konata": write_konata,
    "vcd": write_vcd,
    "parquet": write_parquet,
    "csv": write_csv,
}
SUFFIXES = {
    ".json": "perfetto", ".kanata": "konata", ".konata": "konata", ".vcd": "vcd", ".parquet": "parquet",
    ".csv": "csv",
}  # fmt: skip


def export(result: Result, path: str | Path, format: str | None = None) -> int:
    """Write a run for another tool.

    Parameters
    ----------
    result : Result
    path : str or path
        A file, replaced if it exists. Text is compressed where the name ends in ``.gz``.
    format : {"perfetto", "konata", "vcd", "parquet", "csv"}, optional
        Told by the name of the file if not given.

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
    if chosen not in FORMATS:
        raise ArchsimError(f"unknown format {chosen!r}; there are: {', '.join(FORMATS)}")
    return FORMATS[chosen](result, path)


def format_of(path: str | Path) -> str:
    """The format that the name of a file tells.

    Examples
    --------
    >>> format_of("run.json.gz")
    'perfetto'
    """
    suffix = Path(path_of(path).name.removesuffix(".gz")).suffix.lower()
    if suffix not in SUFFIXES:
        raise ArchsimError(
            f"{path}: the name does not tell the format; end it in {', '.join(SUFFIXES)}, or say --format "
            f"{'|'.join(FORMATS)}"
        )
    return SUFFIXES[suffix]
