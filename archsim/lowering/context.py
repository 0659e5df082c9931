"""The context of all phases while tasks are laid down: the builder, the chip's resources, the prices."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from archsim.components import Action, Charge, Job
from archsim.lowering.cells import digit_shares, mean_conductance
from archsim.lowering.counted import Counted
from archsim.lowering.stretch import Stretch, Written
from archsim.mapping import Block, LayerPlan
from archsim.mapping.rule import MappedRule
from archsim.taskgraph import NOTHING, Fragment, Many, Port, TaskGraphBuilder, opening

# tasks that only order others or hand out buffer space: no time, no energy
ADMIT = Action("admit", (Charge("flow_control", 0.0),))
RELEASE = Action("release", (Charge("flow_control", 0.0),))
BARRIER = Action("barrier", (Charge("flow_control", 0.0),))

Claim = tuple[int, int]  # resource, units
WORTH_WRITING = 6  # to write tasks down takes as long as to lay them down a few times
WORTH_AT_ONCE = 36  # so often, and the first times are won back for sure


class Label(NamedTuple):
    """The label of a task; people read it, engines do not."""

    stage: str
    layer: str
    timestep: int
    sample: int


class Given(NamedTuple):
    """Values of a place of `Context.recurring`: for each port, tasks to wait for; counts; times in ps."""

    ports: Sequence[Sequence[int]]
    counts: Sequence[int] = ()
    times: Sequence[int] = ()

    def opened(self) -> Given:
        """The same, open."""
        ports = [[opening(k)] for k in range(len(self.ports))]
        return Given(ports, *([opening(k) for k in range(len(given))] for given in self[1:]))


LayDown = Callable[[Given], Any]


@dataclass
class Context(Counted):
    """The task graph in the making.

    Parameters
    ----------
    chip, work, mapping, parts, activity
        What is lowered, and the parts at their prices.
    graph : TaskGraphBuilder
        Takes down all tasks and placed fragments.
    actions : dict of str to Action
        Every price that was used, by name.
    seed : int
        For what is drawn while tasks are laid down.
    written : Written
        What the tasks write.
    updates : list of Written
        What each update writes.
    stretch : Stretch
        Of a learning rule, which batches.
    """

    graph: TaskGraphBuilder = field(default_factory=TaskGraphBuilder)
    actions: dict[str, Action] = field(default_factory=dict)
    _resources: dict[str, int] = field(default_factory=dict)
    _fragments: dict[Hashable, Fragment] = field(default_factory=dict)
    _writing: Fragment | None = None  # the fragment that is written down
    _slots: dict[int, int] = field(default_factory=dict)  # its slots, by resource
    _met: dict[Hashable, int] = field(default_factory=dict)  # how often `recurring` tasks have come
    known: dict[Hashable, Any] = field(default_factory=dict)  # what a phase has found out and will ask for again
    last_sum: dict[tuple[str, int], int] = field(default_factory=dict)  # layer, home: sets handed out for errors
    scales: dict[str, dict[int, int]] = field(default_factory=dict)  # layer, home: what scales errors is known
    last_write: dict[Block, int] = field(default_factory=dict)
    reads: dict[Block, list[int]] = field(default_factory=dict)  # since the last write; only for three_level
    seed: int = 0
    inspects: bool = False  # whether the rows that are written are read before
    written: Written = field(default_factory=Written)
    updates: list[Written] = field(default_factory=list)
    stretch: Stretch = field(default_factory=Stretch)

    @cached_property
    def batches(self) -> list[range]:
        """Samples of each batch."""
        n_batch = self.work.n_batch
        sizes = self.stretch.sizes or (n_batch,) * (self.work.n_samples // n_batch)
        ends = np.cumsum(sizes).tolist()
        return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    @cached_property
    def rule(self) -> MappedRule:
        """The rule that learns, of a phase that does."""
        assert self.mapping.rule is not None  # nobody asks in inference
        return self.mapping.rule

    def plan(self, name: str) -> LayerPlan:
        """The plan of a layer."""
        return self.mapping.plans[name]

    @cached_property
    def signed(self) -> dict[str, bool]:
        """Whether values of each layer's output and of "input" may be negative: spikes and their sums are not."""
        found = {"input": self.bits["input"] > 1}
        for layer in self.network.layers:
            if layer.neuron is not None:
                found[layer.name] = not layer.neuron.spikes
            else:
                found[layer.name] = layer.has_weights or any(found[source] for source in layer.inputs)
        return found

    def resource(self, name: str, capacity: int = 1) -> int:
        """The resource of this name, made at first use; in a fragment that is written down, its slot."""
        number = self._resources.get(name)
        if number is None:
            number = self._resources[name] = self.graph.resource(name, capacity)
        return self._slots.get(number, number)

    def fragment(self, key: Hashable, lay_down: Callable[[], Any], slots: Sequence[int] = ()) -> Fragment:
        """The fragment of a key; written down at first use.

        Parameters
        ----------
        key : hashable
            Says all that the tasks depend on but for the ports, slots and counts that each place gives.
        lay_down : callable
            Lays down the tasks. They wait for ``opening(k)`` where a place gives tasks; what it returns (ids
            within the fragment) is kept as `Fragment.made`.
        slots : sequence of int
            Resources that differ from place to place; here, those of the first.
        """
        found = self._fragments.get(key)
        if found is None:
            found = self._fragments[key] = Fragment()
            before = self._writing, self._slots
            self._writing, self._slots = found, {resource: opening(k) for k, resource in enumerate(slots)}
            found.made = lay_down()
            self._writing, self._slots = before
        return found

    def place(
        self, fragment: Fragment, label: Label, ports: Sequence[Port], slots: Sequence[int] = (),
        counts: Sequence[int] = (), times: Sequence[int] = (),
    ) -> int:  # fmt: skip
        """Lay down a fragment; returns its first task."""
        if self._writing is not None:
            return self._writing.include(fragment, ports, slots, counts, times)
        return self.graph.place(
            fragment, ports=ports, slots=slots, counts=counts, times=times, timestep=label.timestep,
            sample=label.sample,
        )  # fmt: skip

    def recurring(
        self, key: Hashable, label: Label, lay_down: LayDown, given: Given, n_expected: int = 1
    ) -> tuple[int, Any]:
        """As `placed`, for many tasks that may come once or often: they are written down when that pays.

        Parameters
        ----------
        key : hashable
            As for `fragment`; None if no two places are alike.
        lay_down : callable
            Lays down the tasks, of what a place gives, which is open in a fragment.
        given : Given
        n_expected : int
            How often it comes, where that is known.
        """
        fragment = self._fragments.get(key)
        if fragment is None:
            n_times = self._met[key] = self._met.get(key, 0) + 1
            if key is None or (n_times < WORTH_WRITING and n_expected < WORTH_AT_ONCE):
                return 0, lay_down(given)
            fragment = self.fragment(key, lambda: lay_down(given.opened()))
        return self.place(fragment, label, given.ports, (), given.counts, given.times), fragment.made

    def placed(
        self, key: Hashable, label: Label, lay_down: Callable[[], Any], ports: Sequence[Port],
        counts: Sequence[int] = (), times: Sequence[int] = (),
    ) -> tuple[int, Any]:  # fmt: skip
        """The first task of a fragment (`fragment`) that is laid down here, and what it has made."""
        whole = (key, label.stage, label.layer)
        fragment = self._fragments.get(whole) or self.fragment(whole, lay_down)
        return self.place(fragment, label, ports, (), counts, times), fragment.made

    def place_many(self, many: Many, label: Label) -> int:
        """Lay down many fragments; returns the first task."""
        if self._writing is None:
            return self.graph.place_many(many, label.timestep, label.sample)
        first = self._writing.n_tasks
        for fragment, given in self.graph.places_of(many):
            self._writing.include(fragment, *given)
        return first

    @property
    def n_tasks(self) -> int:
        """Tasks so far: the number of the next one, in the graph or the fragment that is written down."""
        return (self._writing or self.graph).n_tasks

    def add(
        self,
        label: Label,
        action: Action,
        count: int,
        *,
        uses: Sequence[Claim] = (),
        occupancy_ps: int = 0,
        latency_ps: int | None = None,
        after: Iterable[int | None] = (),
        reserves: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
    ) -> int:
        """Lay down one task; None in `after` stands for nothing to wait for."""
        self.actions.setdefault(action.name, action)
        return (self._writing or self.graph).task(
            action=action.name,
            count=count,
            uses=uses,
            reserves=reserves,
            frees=frees,
            occupancy_ps=occupancy_ps,
            latency_ps=latency_ps,
            after=sorted({task for task in after if task is not None}),
            stage=label.stage,
            layer=label.layer,
            timestep=label.timestep,
            sample=label.sample,
        )

    def do(
        self,
        label: Label,
        at: int | str,
        job: Job,
        after: Iterable[int | None],
        *,
        reserves: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
    ) -> int:
        """Lay down a part's job on a tile (-1: the chip's own part), or at another place by its name."""
        return self.add(
            label, job.action, job.count, uses=self.claims(at, job),
            occupancy_ps=job.occupancy_ps, latency_ps=job.latency_ps, after=after, reserves=reserves, frees=frees,
        )  # fmt: skip

    def claims(self, at: int | str, job: Job) -> list[Claim]:
        """Resources of a part's job, on a tile (-1: the chip's own part), or at another place by its name."""
        place = at if isinstance(at, str) else f"tile[{at}]" if at >= 0 else ""
        uses = [
            (self.resource(f"{place}.{name}" if place else name, capacity), units)
            for name, capacity, units in job.uses
        ]
        return [claim for claim in uses if claim[1]]

    def written_last(self, block: Block) -> int:
        """The last write of a block; `NOTHING` if there is none."""
        return or_nothing(self.last_write.get(block)) if self.last_write else NOTHING

    @cached_property
    def digit_shares(self) -> dict[str, tuple[float, ...]]:
        """See :func:`archsim.lowering.cells.digit_shares`."""
        return digit_shares(self.chip, self.network)

    @cached_property
    def mean_conductance(self) -> dict[str, float]:
        """See :func:`archsim.lowering.cells.mean_conductance`."""
        return mean_conductance(self.chip, self.network)


def or_nothing(task: int | None) -> int:
    """A task among columns of tasks."""
    return NOTHING if task is None else task


def numbers_of(jobs: Iterable[Job]) -> tuple[list[int], list[int]]:
    """Counts and times of jobs, as `opened` asks for them."""
    jobs = list(jobs)
    return [job.count for job in jobs], [time for job in jobs for time in (job.occupancy_ps, job.latency_ps)]


def listed(task: int | None) -> list[int]:
    """A port: the task, or none."""
    return [] if task is None else [task]


def opened(job: Job, k: int) -> Job:
    """The k-th job of a fragment of which each place says count and times."""
    return replace(job, count=opening(k), occupancy_ps=opening(2 * k), latency_ps=opening(2 * k + 1))
