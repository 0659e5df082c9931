"""Any number of timesteps: the recorded activity is repeated, and the run rolls on or jumps.

The chip is mapped for the workload as it is written; only its input goes on longer. Lowering is asked for three
short runs; what they repeat (`archsim.taskgraph.find_recurrence`) is the long one. A learning rule keeps the
history of a sample, so its chip is mapped for samples of that length, and its batches are played one after the
other (:mod:`archsim.long_learning`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from archsim.engine import ENGINES, POLICIES, run_tasks
from archsim.engine.long import LongRun, check_memory, run_long
from archsim.errors import WorkloadError
from archsim.given import refuse, wrong_kind, wrong_type, wrong_whole
from archsim.long_learning import LearningRun, Recorded, play_all, with_lead
from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.memory import BYTES_PER_TASK, FIXED_BYTES, check_tasks, n_tasks
from archsim.metrics import LongResult, Result, RunActivity
from archsim.prepare import Prepared, prepare
from archsim.provenance import provenance
from archsim.sight import in_sight_of
from archsim.spec import Chip
from archsim.taskgraph import Recurrence, TaskGraph, find_recurrence
from archsim.verify import verify
from archsim.workload import PROGRAM, Phase, Workload, phases

WINDOW_ENGINE = "rolling window (compiled)"
"""The engine in the provenance of a long run, whichever was asked for."""
FULL_TASKS = 200_000
"""A graph of up to that many tasks is played in full, and its result has a trace."""
MOST_TIMESTEPS = 2**31 - 1
"""Timesteps are labels of 32 bits."""
BYTES_PER_LAID_DOWN = 400
"""Memory of a task that is only laid down (on watch_mlp 214 bytes by tracemalloc, 77 afterwards) and compared;
generously."""
_LEAST = (8, 40)  # timesteps of the shortest run, in the first and in the second try
_ABOUT_FEWER = "ask for fewer timesteps or samples, or allow more with max_memory"


def simulate_long(
    chip: Chip,
    work: Workload,
    timesteps: int,
    engine: str,
    seed: int,
    phase: Phase,
    policy: str,
    max_memory_bytes: int | None,
) -> Result | LongResult:
    """The long run of `archsim.simulate` with `timesteps`.

    Raises
    ------
    WorkloadError
        The phase is not inference, or layers have timesteps of their own.
    EngineError
        It would need more memory than allowed.
    """
    check_run(chip, work, engine, seed, phase, policy)
    check_timesteps(work, phase, timesteps)
    if phase != "inference":
        return _learned(chip, work, timesteps, engine, seed, phase, policy, max_memory_bytes)
    ready = prepare(chip, work, seed, phase, max_memory_bytes)
    chip, work, activity, mapping = ready.chip, ready.work, ready.activity, ready.mapping

    def lowered_of(n: int) -> Lowered:
        longer = replace(mapping, flow=replace(mapping.flow, n_timesteps=n))
        return lower(chip, replace(work, n_timesteps=n), longer, activity.repeated(n))

    made = provenance(chip, work, engine, seed, phase, timesteps=timesteps, policy=policy)
    made["tile_places"] = list(mapping.interconnect.places)
    end = _Ending(ready, phase, engine, policy, timesteps, made)
    cycle = activity.cycle
    why = ""
    for least in _LEAST:
        lengths = _lengths(least, cycle, timesteps)
        laid_down = [timesteps] if timesteps <= lengths[-1] else lengths
        n = _tasks_of(ready, sum(laid_down))
        each = BYTES_PER_TASK if timesteps <= lengths[-1] else BYTES_PER_LAID_DOWN
        check_memory(f"a graph of some {n} tasks", FIXED_BYTES + n * each, max_memory_bytes, _ABOUT_FEWER)
        if timesteps <= lengths[-1]:
            lowered = lowered_of(timesteps)
            return end.in_full(lowered.graph, lowered, "short")
        probes = {n: lowered_of(n) for n in lengths}
        found, why = find_recurrence({n: probe.graph for n, probe in probes.items()}, cycle)
        if found is not None:
            return _repeated(end, found, probes[lengths[-1]], max_memory_bytes)
    return _laid_down(end, lowered_of, {n: p.graph.n_tasks for n, p in probes.items()}, why, max_memory_bytes)


def _learned(
    chip: Chip, work: Workload, timesteps: int, engine: str, seed: int, phase: Phase, policy: str,
    max_memory_bytes: int | None,
) -> LongResult:  # fmt: skip
    """A rule's batches, one after the other; history and buffers are those of samples of so many timesteps."""
    ready = prepare(chip, work, seed, phase, max_memory_bytes)
    longer = replace(ready.work, n_timesteps=timesteps)
    activity = ready.activity if timesteps == work.n_timesteps else ready.activity.repeated(timesteps)
    mapping = map_workload(ready.chip, longer, phase)
    sizes = (work.n_batch,) * (work.n_samples // work.n_batch)
    most = sum(n for _, n in with_lead(work.schedule, sizes, len(sizes) - 1))
    check_tasks(ready.chip, replace(longer, n_samples=most), mapping, activity, max_memory_bytes)
    run = LearningRun(ready.chip, longer, mapping, sizes, engine, policy, seed)
    made = provenance(ready.chip, ready.work, engine, seed, phase, timesteps=timesteps, policy=policy)
    made["tile_places"] = list(mapping.interconnect.places)
    return play_all(run, Recorded(activity, tuple(range(len(sizes))), sizes), made)


def check_run(chip: Chip, work: Workload, engine: str, seed: int, phase: Phase | None, policy: str) -> None:
    """Refuse what is of another type or kind than `archsim.simulate` says, before anything is built.

    Raises
    ------
    ArchsimError
        All that is wrong.
    """
    refuse([
        wrong_type("chip", chip, Chip, "archsim.load_chip"),
        wrong_type("work", work, Workload, "archsim.load_workload"),
        wrong_kind("engine", engine, ENGINES),
        wrong_kind("policy", policy, POLICIES),
        wrong_kind("phase", phase, phases()) if phase is not None else None,
        wrong_whole("seed", seed),
    ])  # fmt: skip


def check_timesteps(work: Workload, phase: str, timesteps: int) -> None:
    """Refuse a number of timesteps that a workload and phase cannot have.

    Raises
    ------
    WorkloadError
        The number is out of range, the phase is not inference, or layers have timesteps of their own.
    """
    refuse([wrong_whole("timesteps", timesteps, 1)], WorkloadError)
    if timesteps > MOST_TIMESTEPS:
        raise WorkloadError(f"timesteps is {timesteps}; it must be {MOST_TIMESTEPS} (2^31 - 1) or less")
    if phase == PROGRAM:
        raise WorkloadError(f"{work.name}: {phase} has no timesteps; ask for inference, or leave timesteps out")
    if phase != "inference" and timesteps == work.n_timesteps:
        return
    if set(work.network.steps(work.n_timesteps).values()) - {work.n_timesteps}:
        raise WorkloadError(
            f"{work.name}: layers along time have timesteps of their own, so that recorded activity cannot be "
            f"repeated; set the timesteps of the workload (--set timesteps={timesteps})"
        )


def _lengths(least: int, cycle: int, timesteps: int) -> tuple[int, int, int]:
    """Timesteps of three short runs that end at the same place of the cycle as the long one."""
    short = least + 2 * cycle
    short += (timesteps - short) % cycle
    return short, short + cycle, short + 3 * cycle


def _repeated(
    end: _Ending, found: Recurrence, lowered: Lowered, max_memory_bytes: int | None
) -> Result | LongResult:
    """Unroll a short run; play a long one in a window."""
    order = found.order(end.timesteps)
    if found.template.n_tasks(order) <= FULL_TASKS:
        return end.in_full(found.template.unroll(order), lowered, "unrolled")
    run = run_long(found.template, order, end.policy, max_memory_bytes=max_memory_bytes)
    return end.long(run, found, lowered)


def _laid_down(
    end: _Ending,
    lowered_of: Callable[[int], Lowered],
    sizes: dict[int, int],
    why: str,
    max_memory_bytes: int | None,
) -> Result:
    """Lay down the whole graph, if there is room."""
    (short, few), *_, (long, many) = sorted(sizes.items())
    n = many + (end.timesteps - long) * (many - few) // (long - short)
    check_memory(
        f"a graph of some {n} tasks", n * BYTES_PER_TASK, max_memory_bytes,
        f"a rolling window is not possible: {why}; {_ABOUT_FEWER}",
    )  # fmt: skip
    lowered = lowered_of(end.timesteps)
    return end.in_full(lowered.graph, lowered, f"rolling window not possible: {why}")


class _Ending:
    """From a finished run to its result."""

    def __init__(
        self, ready: Prepared, phase: str, engine: str, policy: str, timesteps: int, made: dict[str, object]
    ) -> None:
        self.work, self.mapping, self.phase = ready.work, ready.mapping, phase
        self.engine, self.policy, self.timesteps, self.made = engine, policy, timesteps, made
        self.name = f"{ready.chip.name}/{ready.work.name}"
        self._ready = ready

    def in_full(self, graph: TaskGraph, lowered: Lowered, why: str) -> Result:
        """Play the whole graph."""
        trace = run_tasks(graph, engine=self.engine, policy=self.policy)
        verify(graph, trace, policy=self.policy)
        result = Result.of(
            graph, trace, lowered.actions, lowered.parts.items(), self.mapping.crossbars_by_layer,
            self.mapping.n_crossbars_available, n_samples=self.work.n_samples, phase=self.phase, name=self.name,
            provenance={**self.made, "way": f"played in full ({why})"}, policy=self.policy,
        )  # fmt: skip
        return replace(result, seen=partial(self._seen, self.timesteps))

    def _seen(self, timesteps: int) -> RunActivity:
        """Activity of the layers in so many timesteps: of a long run the workload's own, which repeat."""
        ready, flow = self._ready, replace(self.mapping.flow, n_timesteps=timesteps)
        work, mapping = replace(ready.work, n_timesteps=timesteps), replace(ready.mapping, flow=flow)
        return in_sight_of(ready.chip, work, mapping, ready.activity.repeated(timesteps), ready.seed)

    def long(self, run: LongRun, found: Recurrence, lowered: Lowered) -> LongResult:
        """Evaluate a run in the window."""
        steady = [{**vars(jump)} for jump in run.jumps]
        return LongResult.of(
            found.template.tasks, found.template.times(found.order(self.timesteps)), run.busy_ps - run.outlast_ps,
            run.makespan_ps, lowered.actions, lowered.parts.items(), self.mapping.crossbars_by_layer,
            self.mapping.n_crossbars_available, n_timesteps=self.timesteps, n_samples=self.work.n_samples,
            way=run.way,
            long_run={
                "first_done_ps": run.first_done_ps.tolist(), "last_done_ps": run.last_done_ps.tolist(),
                "steady": steady, "window_bytes": run.n_bytes,
            },
            phase=self.phase, name=self.name, provenance={**self.made, "engine": WINDOW_ENGINE, "way": run.way},
            activity=self._seen(self.work.n_timesteps),
        )  # fmt: skip


def _tasks_of(ready: Prepared, timesteps: int) -> int:
    """About how many tasks so many timesteps of all samples have."""
    longer = replace(ready.mapping, flow=replace(ready.mapping.flow, n_timesteps=timesteps))
    work = replace(ready.work, n_timesteps=timesteps)
    return n_tasks(ready.chip, work, longer, ready.activity)[0]
