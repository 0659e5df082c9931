"""Design-space exploration: sweeps and searches, and the uncertainty of the figures.

:mod:`archsim.explore.run` is the first file to read, :mod:`archsim.explore.evaluator` the second.
"""

from __future__ import annotations

from pathlib import Path

from archsim.explore.conclusions import Conclusion, conclusions
from archsim.explore.evaluator import Tell
from archsim.explore.folder import read_about
from archsim.explore.jobs import Job, all_done, error_in_words, kept_in, run_jobs
from archsim.explore.log import Record
from archsim.explore.results import read_results
from archsim.explore.rule_fronts import clearly_better, dominated, fronts, losses, may_be_dominated, pairs
from archsim.explore.run import Explored, on_terminal, sweep
from archsim.explore.space import configurations
from archsim.explore.study import Study
from archsim.explore.study_reader import read_study
from archsim.explore.uncertain import Priced, Uncertain, propagate
from archsim.learn.checkpoints import differences
from archsim.sources import Source

__all__ = [
    "Conclusion",
    "Explored",
    "Job",
    "Priced",
    "Record",
    "Study",
    "Uncertain",
    "all_done",
    "clearly_better",
    "conclusions",
    "configurations",
    "differences",
    "dominated",
    "error_in_words",
    "fronts",
    "kept_in",
    "losses",
    "may_be_dominated",
    "pairs",
    "propagate",
    "read_about",
    "read_results",
    "read_study",
    "run_jobs",
    "search",
    "sweep",
]


def search(
    study: Source | Study,
    folder: str | Path | None = None,
    workers: int = 1,
    tell: Tell = on_terminal,
    scheduler: str | None = None,
    max_memory_bytes: int | None = None,
) -> Explored:
    """Search the space of a study, as :func:`archsim.explore.searching.search` says; imports Optuna when called.

    Raises
    ------
    ExploreError
        Also if Optuna is not installed.
    """
    try:
        import optuna  # noqa: F401  # whether it is there
    except ImportError:
        from archsim.errors import ExploreError

        raise ExploreError("a search needs Optuna: pip install archsim[explore]") from None
    from archsim.explore.searching import search as run

    return run(study, folder, workers, tell, scheduler, max_memory_bytes)
