"""Tasks summed by what they do and where, so that a run of many parts can be priced as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.taskgraph import TaskGraph, TaskGraphBuilder

Ints = NDArray[np.int64]


class Kind(NamedTuple):
    """Key by which tasks are added up: action with its variant, stage, layer, and resources that they hold."""

    action: str
    stage: str
    layer: str
    uses: tuple[tuple[str, int], ...]


class Sums(NamedTuple):
    """Tasks, how often their action was done, and how long they held what they use."""

    n_tasks: int
    n_done: int
    busy_ps: int


@dataclass
class Tally:
    """Sums of tasks by kind, and the capacities of the resources that they hold.

    Examples
    --------
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=100) for _ in "ab"]
    >>> one = Tally.of(b.build())
    >>> one.sums
    {Kind(action='convert', stage='', layer='', uses=(('adc', 1),)): Sums(n_tasks=2, n_done=16, busy_ps=200)}
    >>> one.add(one)
    >>> one.count("convert")
    32
    """

    sums: dict[Kind, Sums] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: TaskGraph, chosen: NDArray[np.bool_] | None = None) -> Tally:
        """The tasks of a graph, or some of them."""
        tasks = np.flatnonzero(chosen) if chosen is not None else np.arange(graph.n_tasks)
        of_task, n = _numbered(_kinds(graph)[tasks])
        first = np.empty(n, np.int64)
        first[of_task[::-1]] = tasks[::-1]  # of several the last one stays
        columns = (np.ones(len(tasks), np.int64), graph.count[tasks], graph.occupancy_ps[tasks])
        totals = [_sums(of_task, column, n) for column in columns]
        found, names = cls(), graph.resource_names
        for at, task in enumerate(first.tolist()):
            held = slice(int(graph.uses_ptr[task]), int(graph.uses_ptr[task + 1]))
            resources, units = graph.uses_resource[held].tolist(), graph.uses_units[held].tolist()
            key = Kind(
                graph.action_names[graph.action[task]], graph.stage_names[graph.stage[task]],
                graph.layer_names[graph.layer[task]],
                tuple((names[r], u) for r, u in zip(resources, units, strict=True)),
            )  # fmt: skip
            found.capacity |= {names[r]: int(graph.capacity[r]) for r in resources}
            found._put(key, Sums(*(int(total[at]) for total in totals)))
        return found

    def _put(self, kind: Kind, sums: Sums) -> None:
        before = self.sums.get(kind, Sums(0, 0, 0))
        self.sums[kind] = Sums(*(a + b for a, b in zip(before, sums, strict=True)))

    def add(self, other: Tally) -> None:
        """Add the tasks of another part."""
        for kind, sums in list(other.sums.items()):
            self._put(kind, sums)
        self.capacity |= other.capacity

    @property
    def n_tasks(self) -> int:
        """Of all kinds."""
        return sum(sums.n_tasks for sums in self.sums.values())

    def _like(self, action: str, stage: str | None, layer: str | None) -> Iterable[Sums]:
        return (
            sums
            for kind, sums in self.sums.items()
            if kind.action.partition("@")[0] == action
            and stage in (None, kind.stage)
            and layer in (None, kind.layer)
        )

    def count(self, action: str, *, stage: str | None = None, layer: str | None = None) -> int:
        """How often an action was done, all its variants together, in one stage or layer or in all."""
        return sum(sums.n_done for sums in self._like(action, stage, layer))

    def tasks(self, action: str, *, stage: str | None = None, layer: str | None = None) -> int:
        """How many tasks did an action, as for `count`."""
        return sum(sums.n_tasks for sums in self._like(action, stage, layer))

    def graph(self) -> TaskGraph:
        """One task for each kind, in no time order: for the ledger, which only adds up."""
        builder = TaskGraphBuilder()
        number = {name: builder.resource(name, capacity) for name, capacity in self.capacity.items()}
        for kind, sums in self.sums.items():
            held = [(number[name], units) for name, units in kind.uses]
            builder.task(
                action=kind.action, stage=kind.stage, layer=kind.layer,
                count=sums.n_done, occupancy_ps=sums.busy_ps, uses=held,
            )  # fmt: skip
        return builder.build()

    def energy_pj(self, prices: Mapping[str, Any]) -> float:
        """Dynamic energy of all tasks, at the prices of actions by name."""
        return float(
            sum(
                sums.n_done * charge.energy_pj
                for kind, sums in self.sums.items()
                for charge in prices[kind.action].charges
            )
        )


def _kinds(graph: TaskGraph) -> Ints:
    """A number for each task, equal for those of one kind."""
    begin, end = graph.uses_ptr[:-1].astype(np.int64), graph.uses_ptr[1:].astype(np.int64)
    claim, n_claims = _numbered(graph.uses_resource + graph.n_resources * _ranks(graph.uses_units))
    kind = graph.action.astype(np.int64) * max(1, len(graph.layer_names)) + graph.layer
    kind, _ = _numbered(kind * max(1, len(graph.stage_names)) + graph.stage)
    for place in range(int((end - begin).max(initial=0))):
        has = np.flatnonzero(end - begin > place)
        here = np.zeros(graph.n_tasks, np.int64)
        here[has] = 1 + claim[begin[has] + place]
        kind, _ = _numbered(kind * (1 + n_claims) + here)
    return kind


def _ranks(values: Ints) -> Ints:
    """Of each number how many smaller ones there are; most columns repeat a few."""
    if values.strides == (0,):
        return np.zeros(len(values), np.int64)
    return np.searchsorted(np.unique(values), values)


def _numbered(keys: Ints) -> tuple[Ints, int]:
    """The same as numbers from 0 without gaps, and how many there are; keys are small whole numbers."""
    present = np.bincount(keys) > 0
    number = np.cumsum(present) - 1
    return number[keys], int(present.sum())


def _sums(of_task: Ints, values: Ints, n: int) -> Ints:
    total = np.zeros(n, np.int64)
    np.add.at(total, of_task, values)
    return total
