"""A learning run of any length: batch after batch, each from its own recorded activity, in bounded memory.

Under ``sequential`` and ``within_batch`` nothing of a window is under way when the next one begins, but for the
writes of a batch, which the next batch's windows overtake. So a batch is laid down behind its **lead**, the last
window of the batch before with that batch's writes, and what the lead takes is taken off again: the parts add up
to what one graph of the whole run takes, to the picosecond and to the bit. Where windows overlap (``pipelined``,
``layer_parallel``, ``three_level``) the lead is the whole batch before, or two. That is near, not exact.

Batches do not wait for each other, so some may stand for all, and workers may share them: same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, Parts
from archsim.engine import run_tasks
from archsim.lowering import Lowered, Stretch, Written, lower, parts_of
from archsim.lowering.counted import ActivityLike
from archsim.lowering.update import STAGE
from archsim.mapping import Mapping
from archsim.metrics import LongResult, Result, Tally
from archsim.snn import Activity
from archsim.spec import Chip
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace
from archsim.verify import verify
from archsim.workload import Workload

Ints = NDArray[np.int64]
Part = tuple[int, int]
"""A batch, and how many of its windows, counted from its last."""
OVERLAPPED_BY = {"sequential": 0, "within_batch": 0, "pipelined": 1, "layer_parallel": 1, "three_level": 2}
"""By schedule, how many whole batches a batch is laid down behind; 0: one window is enough."""


def with_lead(schedule: str, sizes: Sequence[int], batch: int) -> tuple[Part, ...]:
    """A batch behind its lead: the end of the batch before, or more of what came before it.

    Examples
    --------
    >>> with_lead("sequential", (8, 8, 3), 2)
    ((1, 1), (2, 3))
    >>> with_lead("pipelined", (8, 8, 3), 2)
    ((1, 8), (2, 3))
    """
    if n_whole := OVERLAPPED_BY[schedule]:
        return tuple((k, sizes[k]) for k in range(max(0, batch - n_whole), batch + 1))
    # a single window begins while the batch before it is written: one more brings that about
    n = 2 if batch and sizes[batch - 1] == 1 else 1
    return (*((k, 1) for k in range(max(0, batch - n), batch)), (batch, sizes[batch]))


@dataclass(frozen=True, eq=False)
class LearningRun:
    """Settings that all batches of a run share.

    Parameters
    ----------
    chip, work : Chip, Workload
        Prepared: with the pulses that cells take, and the network's weights.
    mapping : Mapping
        For a learning rule's phase.
    sizes : tuple of int
        Windows of every batch.
    engine, policy : str
    seed : int
        Draws the pulses of cells where the chip says so.
    """

    chip: Chip
    work: Workload
    mapping: Mapping
    sizes: tuple[int, ...]
    engine: str = "compiled"
    policy: str = "fifo"
    seed: int = 0

    @cached_property
    def priced(self) -> Parts:
        """The chip's parts: what a batch has asked them, the next one need not work out again."""
        return parts_of(self.chip, self.mapping)

    def clean_window(self, batch: int, sizes: tuple[int, ...]) -> int:
        """The window of a batch behind its lead that must begin on an empty chip.

        The first of the next batch's lead, or where all is written before, of the batch.
        """
        if self.work.schedule == "within_batch":
            return sum(sizes[:-1])
        of_lead = self.parts(batch + 1)[:-1]
        return sum(sizes) - (1 if OVERLAPPED_BY[self.work.schedule] else sum(n for _, n in of_lead))

    def parts(self, batch: int) -> tuple[Part, ...]:
        """As `with_lead`."""
        return with_lead(self.work.schedule, self.sizes, batch)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Recorded windows of some batches, one batch after the other.

    Parameters
    ----------
    activity : Activity
    batches : tuple of int
        Which, in their order.
    sizes : tuple of int
        Windows of every batch of the adaptation.
    """

    activity: Activity
    batches: tuple[int, ...]
    sizes: tuple[int, ...]

    def of(self, parts: Sequence[Part]) -> Activity:
        """The last windows of some batches, and the writes of these batches."""
        place = {batch: k for k, batch in enumerate(self.batches)}
        ends = np.cumsum([self.sizes[batch] for batch in self.batches])
        at = np.concatenate([np.arange(ends[place[b]] - n, ends[place[b]]) for b, n in parts])
        of_update = [place[batch] for batch, _ in parts]
        whole = self.activity
        rows = {
            name: {layer: values[at] for layer, values in getattr(whole, name).items()}
            for name in ("spikes", "errors", "codes", "error_codes", "fed_back")
        }
        written = {
            name: {layer: values[of_update] for layer, values in getattr(whole, name).items()}
            for name in ("writes", "pulses")
        }
        return Activity(whole.network, **rows, **written)


@dataclass(frozen=True, eq=False)
class BatchCost:
    """Times and tasks of one batch.

    Parameters
    ----------
    batch : int
    window_ps : int64[windows]
        From the end of the window before to its own end; the first waits for the writes of the batch before.
    writing_ps : int
        From the end of the last window until all is written, if no window follows.
    tally : Tally
        Its tasks, its own update's included.
    prices : dict of str to Action
        Of its actions.
    written : Written
    is_cut : bool
        Whether nothing earlier was under way where the next batch's lead begins; if so, the parts are exact.
    """

    batch: int
    window_ps: Ints
    writing_ps: int
    tally: Tally
    prices: dict[str, Action] = field(default_factory=dict)
    written: Written = field(default_factory=Written)
    is_cut: bool = True

    @property
    def dynamic_energy_pj(self) -> float:
        """Of its tasks."""
        return self.tally.energy_pj(self.prices)


def play_batch(run: LearningRun, batch: int, activity: ActivityLike) -> BatchCost:
    """One batch through lowering, engine and verification.

    Parameters
    ----------
    run : LearningRun
    batch : int
    activity : Activity
        Of the windows and writes of `run.parts(batch)`, in this order.

    Raises
    ------
    DeadlockError, DoesNotFitError
        As :func:`archsim.simulate`.
    """
    sizes, low, trace = _played(run, batch, activity)
    n_lead = sum(sizes[:-1])
    own = low.graph.sample >= n_lead
    tally = Tally.of(low.graph, own)
    ends = window_ends(low.graph, trace)
    return BatchCost(
        batch, np.diff(ends)[n_lead:], trace.makespan_ps - int(ends[-1]), tally,
        {kind.action: low.actions[kind.action] for kind in tally.sums}, low.updates[-1],
        is_cut=batch + 1 == len(run.sizes) or _is_cut(low.graph, trace, run.clean_window(batch, sizes)),
    )  # fmt: skip


def result_of_batch(run: LearningRun, batch: int, activity: ActivityLike) -> Result:
    """A batch with its lead, with graph and trace; otherwise as `play_batch`."""
    sizes, low, trace = _played(run, batch, activity)
    return Result.of(
        low.graph, trace, low.actions, low.parts.items(), run.mapping.crossbars_by_layer,
        run.mapping.n_crossbars_available, n_samples=sum(sizes), phase=run.mapping.phase,
        name=f"{run.chip.name}/{run.work.name}", provenance={}, policy=run.policy,
    )  # fmt: skip


def _played(run: LearningRun, batch: int, activity: ActivityLike) -> tuple[tuple[int, ...], Lowered, Trace]:
    """A batch behind its lead, verified: windows of each part, tasks, and when they ran."""
    parts = run.parts(batch)
    sizes = tuple(n for _, n in parts)
    work = replace(run.work, n_samples=sum(sizes))
    stretch = Stretch(sizes, first_update=parts[0][0])
    low = lower(run.chip, work, run.mapping, activity, run.priced, seed=run.seed, stretch=stretch)
    trace = run_tasks(low.graph, engine=run.engine, policy=run.policy)
    verify(low.graph, trace, policy=run.policy)
    return sizes, low, trace


def window_ends(graph: TaskGraph, trace: Trace) -> Ints:
    """When each window and all before it were over, writes apart; the first entry is the beginning, 0.

    Returns
    -------
    int64[n_samples + 1]
    """
    of_window = graph.sample >= 0
    if STAGE in graph.stage_names:
        of_window &= graph.stage != graph.stage_names.index(STAGE)
    ends = np.zeros(int(graph.sample.max()) + 2, np.int64)
    np.maximum.at(ends, graph.sample[of_window] + 1, trace.done_ps[of_window])
    return np.maximum.accumulate(ends)


def _is_cut(graph: TaskGraph, trace: Trace, window: int) -> bool:
    """Whether all that came before a window was over when the first task of it, or of a later one, began."""
    before = graph.sample < window
    over = np.maximum(trace.done_ps, trace.start_ps + graph.occupancy_ps)
    return bool(over[before].max(initial=0) <= trace.start_ps[~before].min())


def play_all(run: LearningRun, recorded: Recorded, made: dict[str, object]) -> LongResult:
    """All batches of a run, one after the other, with memory for one.

    Parameters
    ----------
    run : LearningRun
    recorded : Recorded
    made : dict
        The provenance of the result.
    """
    tally, prices, written, latency_ps = Tally(), dict[str, Action](), Written(), 0
    for batch in range(len(run.sizes)):
        cost = play_batch(run, batch, recorded.of(run.parts(batch)))
        tally.add(cost.tally)
        prices |= cost.prices
        latency_ps += int(cost.window_ps.sum())
        for name, amount in asdict(cost.written).items():
            setattr(written, name, getattr(written, name) + amount)
    way = f"{len(run.sizes)} batches played, each behind the end of the one before"
    return LongResult.of_tally(
        tally, latency_ps + cost.writing_ps, prices, parts_of(run.chip, run.mapping).items(),
        run.mapping.crossbars_by_layer, run.mapping.n_crossbars_available, n_timesteps=run.work.n_timesteps,
        n_samples=sum(run.sizes), way=way, long_run={}, phase=run.mapping.phase,
        name=f"{run.chip.name}/{run.work.name}", provenance={**made, "way": way, "writes": asdict(written)},
    )  # fmt: skip
