"""The preparation of every run: the activity is measured and the network mapped, if there is room for both.

`archsim.simulate`, its long runs, `archsim uncertainty` and `archsim learn` all come through here, so that how
much memory something takes is judged in one place (:mod:`archsim.memory`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from archsim.crossbar.cells import with_expected_pulses
from archsim.errors import TooLargeError
from archsim.lowering import Lowered, lower, parts_of
from archsim.mapping import Mapping, map_workload, refuse_without_parts
from archsim.mapping.replicas import most_useful
from archsim.memory import check_number, check_shape, check_tasks, tasks_that_fit
from archsim.snn import Activity, measure
from archsim.spec import Chip
from archsim.taskgraph import TaskGraphBuilder
from archsim.workload import Phase, Workload

Measure = Callable[[Workload, int], tuple[Workload, Activity]]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A chip and a workload, ready to be laid down.

    Parameters
    ----------
    chip : Chip
        With the pulses that its cells take.
    work : Workload
        With all weights that its activity needs.
    activity : Activity
    mapping : Mapping
    max_memory_bytes : int or None
        What the run may take; half of the free memory if None.
    seed : int
    """

    chip: Chip
    work: Workload
    activity: Activity
    mapping: Mapping
    max_memory_bytes: int | None
    seed: int = 0

    def lowered(self) -> Lowered:
        """All tasks of the phase.

        Raises
        ------
        TooLargeError
            They would not fit: found out before they are laid down, or at the latest when there are too many.
        """
        self.check()
        most = tasks_that_fit(self.chip, self.work, self.mapping.phase, self.max_memory_bytes)
        try:
            tasks = TaskGraphBuilder(most)
            return lower(self.chip, self.work, self.mapping, self.activity, tasks=tasks, seed=self.seed)
        except TooLargeError:  # the builder knows how many tasks, not what they take
            check_number(self.chip, self.work, self.mapping.phase, most + 1, False, self.max_memory_bytes)
            raise

    def check(self) -> None:
        """Refuse a graph that would not fit, before it is laid down; TooLargeError."""
        check_tasks(self.chip, self.work, self.mapping, self.activity, self.max_memory_bytes)


def within_area(chip: Chip, work: Workload, phase: Phase) -> Chip:
    """The chip with crossbars for its replicas, where an area for them is given (`mapping.replica_area`).

    As many as the area allows that they add with all around them: converters, drivers, and whole tiles where new
    ones are begun.

    Parameters
    ----------
    chip, work, phase
        As for :func:`archsim.simulate`; the chip stays as it is if it gives no such area.
    """
    given_um2 = chip.mapping.replica_area_um2
    if given_um2 is None:
        return chip

    def bounded(n: int) -> Chip:
        auto: dict[str, object] = {"n_replica_crossbars": n} if n else {"replicas": {}}
        given = {"replica_area_um2": None, **auto}
        return chip.model_copy(update={"mapping": chip.mapping.model_copy(update=given)})

    def area_um2(n: int) -> float:
        """Of the whole chip, if replicas may take so many crossbars."""
        items = parts_of(bounded(n), map_workload(bounded(n), work, phase)).items()
        return math.fsum(item.n * item.area_um2 for item in items)

    most_um2, useful = area_um2(0) + given_um2, most_useful(bounded(0), work)
    least, beyond = 0, 1
    while area_um2(beyond) <= most_um2:
        if beyond >= useful:
            return bounded(beyond)
        least, beyond = beyond, 2 * beyond
    while beyond - least > 1:
        middle = (least + beyond) // 2
        least, beyond = (middle, beyond) if area_um2(middle) <= most_um2 else (least, middle)
    return bounded(least)


def prepare(
    chip: Chip,
    work: Workload,
    seed: int,
    phase: Phase,
    max_memory_bytes: int | None = None,
    measured: Measure = measure,
) -> Prepared:
    """Measure a workload's activity and lay it out on a chip.

    Parameters
    ----------
    chip, work, seed, phase
        As for :func:`archsim.simulate`.
    max_memory_bytes : int, optional
        What the run may take; half of the free memory if not given.
    measured : callable, optional
        The function that measures; a caller may cache what it returns.

    Raises
    ------
    TooLargeError
        Weights, activity or blocks would not fit; nothing has been built.
    DoesNotFitError
        The chip has too little of something.
    SpecError, WorkloadError
        A cost model does not hold for the chip, or data are missing.

    Examples
    --------
    >>> import archsim
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=8"])
    >>> prepare(chip, work, seed=0, phase="inference").lowered().graph.n_tasks > 100
    True
    """
    refuse_without_parts(chip, phase)
    chip = with_expected_pulses(chip)
    check_shape(chip, work, phase, max_memory_bytes)
    chip = within_area(chip, work, phase)
    work, activity = measured(work, seed)
    return Prepared(chip, work, activity, map_workload(chip, work, phase), max_memory_bytes, seed)
