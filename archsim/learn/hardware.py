"""The recorded run through the event simulation: what an adapted sample takes in time, energy and area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from archsim.mapping import map_workload
from archsim.memory import check_shape
from archsim.prepare import within_area
from archsim.simulate import simulate
from archsim.spec import Chip
from archsim.workload import INFERENCE, PROGRAM, Workload
from archsim.workload.models import FileActivity
from archsim.workload.network import Network


def timed(work: Workload) -> tuple[int, int]:
    """How many of the recorded windows the event simulation runs, and how many make one update.

    The batch is that of the adaptation; `samples` of the workload is rounded up to whole batches.

    Examples
    --------
    >>> from archsim import load_workload
    >>> timed(load_workload("workloads/watch_adapt.yaml", ["samples=1", "batch=1", "learning.adapt.batch=4"]))
    (4, 4)
    """
    plan = work.learning.adapt
    n_batch = work.n_batch if plan is None else plan.n_batch
    return -(-work.n_samples // n_batch) * n_batch, n_batch


def phases_of(work: Workload, rules: Sequence[str]) -> tuple[str, ...]:
    """Phases that are timed: of the rules; programming and inference if named; inference without a rule too."""
    programs = (PROGRAM,) if PROGRAM in work.phases else ()
    return (*rules, *programs, *((INFERENCE,) if INFERENCE in work.phases or not rules else ()))


def check_fit(chip: Chip, work: Workload, phases: Sequence[str], max_memory_bytes: int | None = None) -> None:
    """Find out before a long run whether the chip holds the network, and the memory the run.

    Raises
    ------
    DoesNotFitError, TooLargeError
    """
    for phase in phases:
        check_shape(chip, _ready(work), phase, max_memory_bytes)
        map_workload(within_area(chip, _ready(work), phase), _ready(work), phase)


def simulated(
    chip: Chip,
    work: Workload,
    network: Network,
    activity: Path,
    phase: str,
    engine: str,
    max_memory_bytes: int | None = None,
) -> dict[str, Any]:
    """One phase of the recorded activity, as `Result.to_dict` gives it.

    Parameters
    ----------
    network : Network
        With the weights that were programmed: an array read costs by the conductances.
    activity : Path
        What was recorded while adapting.
    """
    recorded = FileActivity(kind="measured", file=str(activity))
    ready = replace(_ready(work), network=network, activity=recorded)
    return simulate(chip, ready, engine=engine, phase=phase, max_memory_bytes=max_memory_bytes).to_dict()


def _ready(work: Workload) -> Workload:
    n_samples, n_batch = timed(work)
    return replace(work, n_samples=n_samples, n_batch=n_batch)
