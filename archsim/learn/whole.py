"""The whole adaptation through the event simulation: its batches, one by one, or a stated sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action
from archsim.errors import WorkloadError
from archsim.learn.hardware import timed
from archsim.learn.sampling import LEAST, Estimated, Sample, batch_sizes, choose, quantiles, total_of
from archsim.long_learning import BatchCost, play_batch, result_of_batch, with_lead
from archsim.long_learning import LearningRun as LearningRun
from archsim.long_learning import Recorded as Recorded
from archsim.lowering import Written, parts_of
from archsim.mapping import map_workload
from archsim.memory import n_tasks
from archsim.metrics import LongResult, Result, Tally
from archsim.prepare import prepare
from archsim.processes import in_turn
from archsim.provenance import provenance
from archsim.simulate import simulate
from archsim.snn import Activity
from archsim.snn.measure import measure
from archsim.spec import Chip
from archsim.workload import PROGRAM, Workload
from archsim.workload.models import ConstantActivity
from archsim.workload.network import Network

MOST_TASKS = 40_000_000
"""Of an adaptation that is simulated whole where nobody says otherwise: some minutes for each rule."""
EVEN = ConstantActivity(kind="constant", input=1.0, default=0.2)
"""Before anything is recorded, to know about how many tasks there will be."""
Ints = NDArray[np.int64]
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """Which batches of an adaptation are simulated, and so recorded.

    Parameters
    ----------
    sizes : tuple of int
        Windows of every batch.
    sample : Sample
    recorded : tuple of int
        Batches of the sample, what leads to them, and the first windows, which inference is timed with.
    """

    sizes: tuple[int, ...]
    sample: Sample
    recorded: tuple[int, ...]

    @classmethod
    def of(cls, work: Workload, n_windows: int, n_simulated: int, seed: int) -> Plan:
        """Of an adaptation that passes `n_windows` several times; the same for all rules."""
        sizes = _sizes(work, n_windows)
        sample = choose(len(sizes), n_simulated, seed)
        first = np.flatnonzero(np.cumsum((0, *sizes[:-1])) < timed(work)[0]).tolist()
        leading = (with_lead(work.schedule, sizes, batch) for batch in sample.batches)
        return cls(sizes, sample, tuple(sorted({*first, *(k for parts in leading for k, _ in parts)})))


def _sizes(work: Workload, n_windows: int) -> tuple[int, ...]:
    adapt = work.learning.adapt
    if adapt is None:
        raise WorkloadError(f"{work.name}: learning.adapt is missing: batch and optimizer")
    return batch_sizes(n_windows, adapt.n_batch, adapt.passes)


def n_simulated(chip: Chip, work: Workload, n_windows: int, rules: Sequence[str]) -> int:
    """How many batches are simulated: as `learning.adapt.simulated` says, at most all.

    Raises
    ------
    WorkloadError
        The workload has no `learning.adapt`.
    """
    sizes, adapt = _sizes(work, n_windows), work.learning.adapt
    assert adapt is not None  # there are sizes
    if isinstance(adapt.simulated, int):
        return min(len(sizes), adapt.simulated)
    if adapt.simulated == "all":
        return len(sizes)
    each = max((_tasks_of_window(chip, work, rule) for rule in rules), default=1)
    return min(len(sizes), max(LEAST, MOST_TASKS // (each * (adapt.n_batch + 1))))


def _tasks_of_window(chip: Chip, work: Workload, phase: str) -> int:
    """About how many tasks a window takes."""
    one, activity = measure(replace(work, n_samples=1, n_batch=1, activity=EVEN), 0)
    return n_tasks(chip, one, map_workload(chip, one, phase), activity)[0]


def run_of(
    chip: Chip,
    work: Workload,
    network: Network,
    plan: Plan,
    phase: str,
    engine: str,
    seed: int = 0,
    max_memory_bytes: int | None = None,
) -> LearningRun:
    """The adaptation on the chip, ready to be played batch by batch.

    Raises
    ------
    TooLargeError, DoesNotFitError, SpecError
        As :func:`archsim.simulate`.
    """
    of_batch = (with_lead(work.schedule, plan.sizes, batch) for batch in plan.sample.batches)
    most = max(sum(n for _, n in parts) for parts in of_batch)
    piece = replace(work, network=network, n_samples=most, n_batch=max(plan.sizes), activity=EVEN)
    ready = prepare(chip, piece, seed, phase, max_memory_bytes)
    ready.check()
    whole = replace(ready.work, n_samples=sum(plan.sizes))
    return LearningRun(
        ready.chip, ready.work, map_workload(ready.chip, whole, phase), plan.sizes, engine, seed=seed
    )


def played(
    run: LearningRun, recorded: Recorded, sample: Sample, n_workers: int = 1, tell: Told | None = None
) -> Iterator[BatchCost]:
    """The batches of a sample, in their order, shared among so many processes: the same bits for any number."""
    work = ((batch, recorded.of(run.parts(batch))) for batch in sample.batches)
    for done, cost in enumerate(in_turn(_play, run, work, n_workers), start=1):
        if tell is not None:
            tell(done, len(sample.batches))
        yield cost


def typical_batch(run: LearningRun, recorded: Recorded, costs: Sequence[BatchCost]) -> Result:
    """The batch whose time is the median of those that were simulated, with its lead, graph and trace."""
    ordered = sorted(costs, key=lambda cost: (int(cost.window_ps.sum()), cost.batch))
    batch = ordered[len(ordered) // 2].batch
    return result_of_batch(run, batch, recorded.of(run.parts(batch)))


def _play(run: LearningRun, piece: tuple[int, Activity]) -> BatchCost:
    return play_batch(run, *piece)


def adaptation_cost(
    run: LearningRun,
    sample: Sample,
    costs: Iterator[BatchCost],
    programming: dict[str, Any],
    pulses: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """An adaptation in figures: a `LongResult` of what was simulated, and ``adaptation``, what it says of all.

    `pulses` are those of all updates (`Adapted.pulses_by_update`): they tell what energy ("all") and time
    ("serial") batches took that were not simulated (`total_of`).
    """
    tally, prices, written = Tally(), dict[str, Action](), Written()
    windows: dict[int, Ints] = {}
    dynamic_pj: dict[int, float] = {}
    writes: dict[str, dict[int, float]] = {"cells": {}, "pulses": {}, "failed": {}}
    writing_ps, is_exact = 0, True
    for cost in costs:
        tally.add(cost.tally)
        prices |= cost.prices
        windows[cost.batch], dynamic_pj[cost.batch] = cost.window_ps, cost.dynamic_energy_pj
        for name, amount in asdict(cost.written).items():
            writes[name][cost.batch] = amount
            setattr(written, name, getattr(written, name) + amount)
        writing_ps, is_exact = cost.writing_ps, is_exact and cost.is_cut
    phase, parts = run.mapping.phase, parts_of(run.chip, run.mapping)
    time_ps = {batch: float(each.sum()) for batch, each in windows.items()}
    last = len(run.sizes) - 1
    latency_ps = int(sum(time_ps.values())) + (writing_ps if last in windows else 0)
    way = _way(run, sample, is_exact)
    made = provenance(run.chip, run.work, run.engine, run.seed, phase, way=way)
    result = LongResult.of_tally(
        tally, latency_ps, prices, parts.items(), run.mapping.crossbars_by_layer,
        run.mapping.n_crossbars_available, n_timesteps=run.work.n_timesteps,
        n_samples=sum(run.sizes[batch] for batch in sample.batches), way=way, long_run={}, phase=phase,
        name=f"{run.chip.name}/{run.work.name}", provenance={**made, "writes": asdict(written)},
    )  # fmt: skip
    leakage_pj_per_ps = result.leakage_energy_pj / latency_ps if latency_ps else 0.0
    energy_pj = {k: dynamic_pj[k] + leakage_pj_per_ps * time_ps[k] for k in dynamic_pj}

    def all_of(of_batch: dict[int, float], known: Sequence[int], more: float = 0.0) -> Estimated:
        found = total_of(sample, of_batch, run.sizes, known)
        return replace(found, value=found.value + more)

    time = all_of(time_ps, _before(pulses["serial"]), writing_ps)
    energy = all_of(energy_pj, pulses["all"], leakage_pj_per_ps * writing_ps)
    if sample.is_whole:
        time, energy = Estimated(latency_ps), Estimated(result.energy_pj)
    n = sum(run.sizes)
    each = np.concatenate([windows[k] for k in sample.batches])
    weight = sample.weights()
    weights = np.concatenate([np.full(len(windows[k]), weight[k]) for k in sample.batches])
    half, most = quantiles(each.astype(float), weights, (0.5, 0.99))
    adaptation = {
        "n_windows": n, "n_updates": len(run.sizes), "n_simulated": len(sample.batches),
        "is_whole": sample.is_whole, "way": way,
        "latency_ps": asdict(time), "energy_pj": asdict(energy),
        "window_ps": {**asdict(time.over(n)), "p50": half, "p99": most, "largest": float(each.max())},
        "window_pj": asdict(energy.over(n)),
        "writes": {name: asdict(all_of(of_batch, pulses["all"])) for name, of_batch in writes.items()},
        "programming": programming,
    }  # fmt: skip
    return {**result.to_dict(), "adaptation": adaptation}


def _before(of_update: Sequence[int]) -> list[int]:
    """By batch, what the update before it wrote: the batch waits for that, not for its own."""
    return [0, *of_update[:-1]]


def _way(run: LearningRun, sample: Sample, is_exact: bool) -> str:
    """Which way it went, in words."""
    n, all_of_them = len(sample.batches), len(run.sizes)
    which = (
        f"all {n} batches simulated" if sample.is_whole
        else f"{n} of {all_of_them} batches simulated, two drawn from each of {len(sample.strata)} stretches"
    )  # fmt: skip
    behind = "each behind the end of the one before"
    if run.work.schedule not in ("sequential", "within_batch"):
        behind = f"under {run.work.schedule} each behind the whole batches before it that it overlaps"
    return f"{which}, {behind}" + ("" if is_exact else " (whose own beginning may differ by what overlaps it)")


def programming_cost(chip: Chip, work: Workload, network: Network, rule: str, engine: str) -> dict[str, Any]:
    """The first programming of all arrays that a rule needs: time, energy, cells, pulses."""
    ready = replace(work, network=network, activity=EVEN, n_samples=1, n_batch=1, phases=(rule, PROGRAM))
    found = simulate(chip, ready, engine=engine, phase=PROGRAM)
    writes: Any = found.provenance.get("writes", {})
    return {
        "latency_ps": found.latency_ps, "energy_pj": found.energy_pj,
        **{name: writes.get(name, 0.0) for name in ("cells", "pulses", "failed")},
    }  # fmt: skip
