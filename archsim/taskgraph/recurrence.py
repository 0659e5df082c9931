"""Find what repeats in graphs of one kind that differ in length, so that a longer one need not be laid down.

Whoever lays tasks down (lowering) stays the only description of them: it is asked for a few short graphs. Each is
cut into blocks, one for each timestep of a sample; equal blocks (the same tasks and edges, counted in blocks) get
the same number. Two lengths say which stretch a longer graph repeats; what that predicts for the third must be
that graph, column by column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph.graph import TaskGraph
from archsim.taskgraph.template import NO_TIMESTEP, Run, TaskTemplate, without_edges

Ints = NDArray[np.int64]

_NAMES = ("resource_names", "action_names", "stage_names", "layer_names")
_OF_TASK = ("occupancy_ps", "latency_ps", "priority", "action", "count", "stage", "layer")


@dataclass(frozen=True, eq=False)
class Recurrence:
    """A template, and in which order a graph of any length has its blocks.

    Attributes
    ----------
    template : TaskTemplate
    cycle : int
        After how many timesteps it repeats.
    shortest : int
        Timesteps of the shortest graph that it knows.
    heads, cycles, tails : tuple of tuple of int
        By sample: the blocks before, inside and after the stretch that repeats, of the shortest graph.
    repeats : tuple of int
        By sample: how often the stretch comes in the shortest graph.
    """

    template: TaskTemplate
    cycle: int
    shortest: int
    heads: tuple[tuple[int, ...], ...]
    cycles: tuple[tuple[int, ...], ...]
    tails: tuple[tuple[int, ...], ...]
    repeats: tuple[int, ...]

    def order(self, n_timesteps: int) -> list[Run]:
        """The blocks of a graph of that many timesteps: the shortest, and some cycles more."""
        more, rest = divmod(n_timesteps - self.shortest, self.cycle)
        if rest or more < 0:
            raise EngineError(
                f"{n_timesteps} timesteps are not {self.shortest} and a multiple of {self.cycle} more"
            )
        runs = []
        parts = zip(self.heads, self.cycles, self.tails, self.repeats, strict=True)
        for sample, (head, cycle, tail, repeats) in enumerate(parts):
            at = 0
            for blocks, times in ((head, 1), (cycle, repeats + more), (tail, 1)):
                runs.append(Run(blocks, times, timestep=at, sample=sample))
                at += len(blocks) * times
        return [run for run in runs if run.n_blocks]


def find_recurrence(graphs: Mapping[int, TaskGraph], cycle: int) -> tuple[Recurrence | None, str]:
    """The part that three graphs repeat every `cycle` timesteps; or why they do not.

    Parameters
    ----------
    graphs : mapping of int to TaskGraph
        Timesteps to the graph; three lengths that differ by multiples of `cycle`. Tasks carry labels of sample
        and timestep; those of the input come first in each timestep.
    cycle : int
        After how many timesteps the work is the same again.

    Returns
    -------
    Recurrence or None, str
        And a reason if there is none.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> def chain(n):
    ...     b = TaskGraphBuilder()
    ...     tasks = []
    ...     for t in range(n):
    ...         tasks.append(b.task(action="run", occupancy_ps=5, after=tasks[-1:], timestep=t, sample=0))
    ...     return b.build()
    >>> found, why = find_recurrence({n: chain(n) for n in (4, 5, 7)}, cycle=1)
    >>> found.template.tasks.n_tasks, [(run.blocks, run.times) for run in found.order(1000)]
    (2, [((0,), 1), ((1,), 999)])
    """
    short, middle, long = sorted(graphs)
    of_short = graphs[short]
    for graph in graphs.values():
        for name in _NAMES:
            if getattr(graph, name) != getattr(of_short, name):
                return None, f"{name.replace('_', ' ')} depend on the number of timesteps"
        if not np.array_equal(graph.capacity, of_short.capacity):
            odd = int(np.flatnonzero(graph.capacity != of_short.capacity)[0])
            return None, f"the capacity of {graph.resource_names[odd]!r} depends on the number of timesteps"
    known: dict[bytes, int] = {}
    blocks = {}
    for n in (short, middle, long):
        cut = _Cut(graphs[n])
        if cut.error:
            return None, cut.error
        blocks[n] = (cut, cut.sequences(known))
    samples = {len(found) for _, found in blocks.values()}
    if len(samples) != 1:
        return None, "the number of samples depends on the number of timesteps"
    parts = []
    for sample in range(samples.pop()):
        of = {n: found[sample] for n, (_, found) in blocks.items()}
        part = _part(of[short], of[middle], of[long], (middle - short), (long - short), cycle)
        if part is None:
            return None, f"timesteps of sample {sample} do not repeat every {cycle}"
        parts.append(part)
    heads, cycles, tails, repeats = zip(*parts, strict=True)
    used = sorted({block for part in parts for stretch in part[:3] for block in stretch})
    number = {block: k for k, block in enumerate(used)}
    template = _template([blocks[short][0], blocks[middle][0], blocks[long][0]], used)
    heads, cycles, tails = (
        tuple(tuple(number[b] for b in row) for row in rows) for rows in (heads, cycles, tails)
    )
    found = Recurrence(template, cycle, short, heads, cycles, tails, repeats)
    if not _same(template.unroll(found.order(long)), graphs[long]):
        return None, f"the graph of {long} timesteps is not what those of {short} and {middle} predict"
    return found, ""


def _part(
    short: list[int], middle: list[int], long: list[int], more: int, most: int, cycle: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int] | None:
    """Head, cycle, tail and repeats of the short sequence, if the others repeat the cycle more often."""
    if len(middle) - len(short) != more or len(long) - len(short) != most:
        return None
    at = next((k for k, (a, b) in enumerate(zip(short, middle, strict=False)) if a != b), len(short))
    if at < cycle:
        return None
    stretch = short[at - cycle : at]
    for sequence, extra in ((middle, more), (long, most)):
        if sequence != short[:at] + stretch * (extra // cycle) + short[at:]:
            return None
    begin = at
    while begin >= cycle and short[begin - cycle : begin] == stretch:
        begin -= cycle
    return tuple(short[:begin]), tuple(stretch), tuple(short[at:]), (at - begin) // cycle


class _Cut:
    """A graph cut into blocks."""

    def __init__(self, graph: TaskGraph) -> None:
        self.graph, self.error = graph, ""
        sample, step = graph.sample.astype(np.int64), graph.timestep.astype(np.int64)
        newest = np.maximum.accumulate(np.maximum(sample, 0) * 2**32 + np.maximum(step, 0))
        starts = np.flatnonzero(np.diff(newest, prepend=-1))
        self.first = np.append(starts, graph.n_tasks)
        self.sample, self.step = newest[starts] >> 32, newest[starts] & (2**32 - 1)
        block = np.repeat(np.arange(len(starts)), np.diff(self.first))
        expected = np.concatenate([np.arange(n) for n in np.bincount(self.sample) if n])
        if not np.array_equal(self.step, expected):
            self.error = "some timestep has no tasks of its own"
            return
        owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
        there = block[graph.after_idx]
        self.lag = block[owner] - there
        self.place = graph.after_idx - self.first[there]
        own_step = self.step[block]
        self.timestep = np.where(step < 0, NO_TIMESTEP, step - own_step).astype(np.int32)
        self.is_of_sample = np.where(sample < 0, -1, 0).astype(np.int32)
        self.where: dict[int, int] = {}

    def sequences(self, known: dict[bytes, int]) -> list[list[int]]:
        """By sample, the numbers of its blocks; what was not known gets a new number."""
        numbers = []
        for b in range(len(self.first) - 1):
            key = self._content(b)
            number = known.setdefault(key, len(known))
            self.where.setdefault(number, b)
            numbers.append(number)
        ends = np.cumsum(np.bincount(self.sample)).tolist()
        return [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def rows(self, b: int) -> dict[str, NDArray[Any]]:
        """Content of a block, by column."""
        g, begin, end = self.graph, self.first[b], self.first[b + 1]
        found: dict[str, NDArray[Any]] = {name: getattr(g, name)[begin:end] for name in _OF_TASK}
        found["timestep"], found["sample"] = self.timestep[begin:end], self.is_of_sample[begin:end]
        for name in ("uses", "reserves", "frees"):
            ptr = getattr(g, f"{name}_ptr")
            found[f"{name}_ptr"] = np.diff(ptr[begin : end + 1])
            for part in ("resource", "units"):
                found[f"{name}_{part}"] = getattr(g, f"{name}_{part}")[ptr[begin] : ptr[end]]
        found["after_ptr"] = np.diff(g.after_ptr[begin : end + 1])
        edges = slice(g.after_ptr[begin], g.after_ptr[end])
        found["after_lag"], found["after_task"] = self.lag[edges], self.place[edges]
        return found

    def _content(self, b: int) -> bytes:
        return b"|".join(np.ascontiguousarray(column).tobytes() for column in self.rows(b).values())


def _template(cuts: list[_Cut], used: list[int]) -> TaskTemplate:
    """A template of the blocks in use."""
    blocks = []
    for number in used:
        cut = next(c for c in cuts if number in c.where)
        blocks.append(cut.rows(cut.where[number]))
    columns: dict[str, Any] = {}
    for name in blocks[0]:
        column = np.concatenate([block[name] for block in blocks])
        if name.endswith("_ptr"):
            column = np.concatenate([np.zeros(1, np.int64), np.cumsum(column)])
        columns[name] = column
    sizes = [len(block["count"]) for block in blocks]
    edges = [columns.pop(name) for name in ("after_ptr", "after_lag", "after_task")]
    shared = np.array_equal(columns["latency_ps"], columns["occupancy_ps"])
    if shared:
        columns["latency_ps"] = columns["occupancy_ps"]
    n = sum(sizes)
    bare = replace(without_edges(cuts[0].graph), **columns, after_ptr=np.zeros(n + 1, np.int64))
    return TaskTemplate(bare, np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]), *edges)


def _same(one: TaskGraph, other: TaskGraph) -> bool:
    """Whether two graphs are equal, column by column."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if not (np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b):
            return False
    return True
