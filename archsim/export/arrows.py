"""The last wait of each span, as arrows between spans; and lanes in the order of the chip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from archsim.metrics import Spans
    from archsim.taskgraph import TaskGraph
    from archsim.trace import Trace

Ints = NDArray[np.int64]
_DIGITS = re.compile(r"(\d+)")


def arrows_of(graph: TaskGraph, trace: Trace, spans: Spans) -> Ints:
    """Pairs of spans: where a task begins, and the span of the predecessor that was done last before it.

    A predecessor that uses no resource has no span; the one that it waited for last stands in its place. Of
    several done at the same instant it is the one with the lowest number. A task of several spans has its arrows
    at the first.

    Returns
    -------
    int64[n, 2]
        Row numbers of `spans`: from, to; ordered by the second.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.metrics import Spans
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc, bus = b.resource("adc"), b.resource("bus")
    >>> read = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    >>> joined = b.task(action="join", after=[read], occupancy_ps=0)
    >>> sent = b.task(action="send", uses=[(bus, 1)], occupancy_ps=20, after=[joined])
    >>> graph = b.build()
    >>> trace = run_tasks(graph)
    >>> arrows_of(graph, trace, Spans.of(graph, trace)).tolist()
    [[0, 1]]
    """
    span = np.full(graph.n_tasks, -1)
    span[spans.task[::-1]] = np.arange(spans.n_spans)[::-1]
    source = _last_before(graph, trace)
    while (through := (source >= 0) & (span[source] < 0)).any():
        source[through] = source[source[through]]
    to = np.flatnonzero((source >= 0) & (span >= 0))
    pairs = np.stack([span[source[to]], span[to]], axis=1)
    return pairs[np.argsort(pairs[:, 1])]


def _last_before(graph: TaskGraph, trace: Trace) -> Ints:
    """By task: the predecessor that was done last, or -1."""
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    before = graph.after_idx.astype(np.int64)
    order = np.lexsort((-before, trace.done_ps[before], owner))
    found = np.full(graph.n_tasks, -1)
    found[owner[order]] = before[order]  # the last of each owner stays
    return found


def ranks(names: Sequence[str]) -> list[int]:
    """The place of each name in the order of the chip: numbers by size, not digit by digit.

    Examples
    --------
    >>> ranks(["pe[10].adc", "pe[0].crossbar[2]", "pe[2].adc"])
    [2, 0, 1]
    """
    order = sorted(range(len(names)), key=lambda i: (_by_number(names[i]), i))
    return np.argsort(order).tolist() if order else []


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = [part.lstrip("0") if i % 2 else part for i, part in enumerate(_DIGITS.split(name))]
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(parts)]  # texts and numbers in turn
