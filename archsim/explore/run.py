"""A study's configurations, one after another: sweeps, and what a sweep or search found."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.display import clear, show
from archsim.errors import ExploreError
from archsim.explore.evaluate import evaluate
from archsim.explore.evaluator import Evaluator, Progress, Tell
from archsim.explore.folder import open_folder
from archsim.explore.log import Record
from archsim.explore.shown import explored_html
from archsim.explore.space import configurations, grid_size
from archsim.explore.study import Study
from archsim.explore.study_reader import read_study
from archsim.explore.workers import LocalPool, Pool
from archsim.files import path_of
from archsim.given import refuse, wrong_path, wrong_whole
from archsim.metrics.spans import pandas_module
from archsim.sources import Source
from archsim.units import seconds

if TYPE_CHECKING:
    import pandas as pd

LARGEST_GRID = 1_000_000


def on_terminal(text: str) -> None:
    """Show how far it is, if stderr is a terminal."""
    show(text)


@dataclass(frozen=True)
class Explored:
    """The outcome of a sweep or search.

    Attributes
    ----------
    study : Study
    folder : Path
    records : list of dict
        One for each configuration, in the order in which they were tried: ``parameters``, ``metrics``, ``state``,
        ``error`` and more.
    n_new : int
        Evaluations that this call did; the others were known.
    damaged : tuple of str
        Lines of the log that were cut off or damaged, and how; what they held is not here, or was evaluated again.
    """

    study: Study
    folder: Path
    records: list[Record]
    n_new: int
    damaged: tuple[str, ...] = ()

    @property
    def n_damaged(self) -> int:
        """How many lines were damaged."""
        return len(self.damaged)

    @property
    def front(self) -> list[Record]:
        """The Pareto front: feasible configurations that no other one dominates."""
        from archsim.explore.front import front_of

        return front_of(self.study, self.records)

    def table(self) -> list[dict[str, Any]]:
        """Records as flat rows: parameters, metrics, state, error."""
        return [flat(record) for record in self.records]

    def frame(self) -> pd.DataFrame:
        """The same as a pandas data frame, a row for each configuration, by its key.

        Raises
        ------
        ArchsimError
            pandas is not installed.
        """
        return pandas_module().DataFrame(self.table()).set_index("key")

    def _repr_html_(self) -> str:
        return explored_html(self)


def flat(record: Record) -> dict[str, Any]:
    """A record without nesting."""
    kept = {"state": record["state"], "error": record["error"], "key": record["key"]}
    return {**record["parameters"], **record["metrics"], **kept}


def sweep(
    study: Source | Study,
    folder: str | Path | None = None,
    workers: int = 1,
    tell: Tell = on_terminal,
    scheduler: str | None = None,
    max_memory_bytes: int | None = None,
) -> Explored:
    """Evaluate the configurations of a study: its grid, or a random or quasi-random part of its space.

    Parameters
    ----------
    study : path, text, dict or Study
        What `read_study` takes, or what it gave.
    folder : path, optional
        Where results are kept, and resumed from; ``results/NAME`` if not given.
    workers : int
        Processes of this machine. Results do not depend on it.
    tell : callable
        Called with how far it has come.
    scheduler : str, optional
        Address of a Dask scheduler, or "local" for a cluster on this machine; it evaluates then.
    max_memory_bytes : int, optional
        What one evaluation may take; half of the memory that is free then if not given.

    Raises
    ------
    ExploreError
        The study is wrong, or the folder is of another study.
    WriteError
        The folder cannot be written.
    SpecError, WorkloadError
        The chip or workload of the study is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from archsim.explore import sweep
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep("workloads/studies/tiny.yaml", folder)
    >>> len(found.records), found.front[0]["state"]
    (4, 'done')
    """
    given = study if isinstance(study, Study) else read_study(study)
    if given.model.sweep.kind == "grid":
        refuse_continuous(given)
    wanted = configurations(given)
    with (
        closing(pool_of(given, workers, scheduler)) as pool,  # first: a cluster that is not there leaves no folder
        open_folder(given, folder_of(given, folder)) as opened,
    ):
        evaluator = Evaluator(given, opened, pool, Progress(len(wanted), tell), max_memory_bytes)
        records = evaluator.in_blocks(wanted)
        evaluator.progress.end()
        clear()
        return Explored(given, opened.path, records, evaluator.n_new, tuple(opened.log.damaged))


def refuse_continuous(study: Study) -> None:
    """A grid has no place for a continuous range, and an end."""
    from archsim.explore.study import listed

    errors: list[tuple[tuple[str | int, ...], str]] = [
        (("parameters", name), "a grid needs step or points; without them, sweep at random or search")
        for name, item in study.parameters.items()
        if listed(item) is None
    ]
    if not errors and (size := grid_size(study)) > LARGEST_GRID:
        said = f"{size} configurations; a grid has at most {LARGEST_GRID}: sweep at random, or search"
        errors.append((("parameters",), said))
    if errors:
        raise study.document.fail(errors)


def folder_of(study: Study, folder: str | Path | None) -> Path:
    """Where a study is kept."""
    refuse([wrong_path("folder", folder) if folder is not None else None], ExploreError)
    return Path("results") / study.name if folder is None else path_of(folder)


def pool_of(study: Study, workers: int, scheduler: str | None) -> Pool:
    """Who evaluates."""
    refuse([wrong_whole("workers", workers, 1)], ExploreError)
    limit_ps = study.model.time_limit_ps
    limit_s = None if limit_ps is None else seconds(limit_ps)
    if scheduler is not None:
        from archsim.explore.cluster import DaskPool

        return DaskPool.connect(scheduler, workers, limit_s)
    return LocalPool(workers, limit_s, evaluate)
