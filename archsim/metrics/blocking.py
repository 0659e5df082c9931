"""Who waited for whom and for how long, and what the makespan was spent on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action
from archsim.errors import EngineError
from archsim.metrics.critical import Segment
from archsim.metrics.ledger import busy_component
from archsim.metrics.tour import plain_tour
from archsim.metrics.waits import RESOURCE, Waits
from archsim.names import NONE
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import in_64_bits, products
from archsim.trace import Trace
from archsim.units import close_match

Ints = NDArray[np.int64]

GROUPINGS = ("component", "layer", "stage", "kind", "resource")
"""How tasks are put together: by component, layer or stage; by the resource they run on, or its kind."""


def kind_of(resource: str) -> str:
    """The kind of resource of a name: the name without its indices and without what it sits in.

    Examples
    --------
    >>> kind_of("tile[3].pe[1].crossbar[0].adc"), kind_of("tile[0].pe[0].crossbar[2]"), kind_of("link 0 -> 1")
    ('adc', 'crossbar', 'link 0 -> 1')
    >>> kind_of("tile[0].input_buffer.space[fc1 to fc2]@tile[1]"), kind_of("pe[0].crossbar[2].turn.transposed")
    ('input_buffer.space', 'turn.transposed')
    """
    parts = bare_name(resource).split(".")
    return ".".join(parts[-2:] if parts[-1] in ("space", "transposed") else parts[-1:])


def bare_name(resource: str) -> str:
    """A resource's name without indices.

    Examples
    --------
    >>> bare_name("tile[3].pe[1].adc"), bare_name("tile[0].input_buffer.space[fc1 to fc2]@tile[1]")
    ('tile.pe.adc', 'tile.input_buffer.space')
    """
    return re.sub(r"\[[^]]*]", "", resource).partition("@")[0]


class Labels(NamedTuple):
    """A group for each task.

    Attributes
    ----------
    names : tuple of str
        The groups.
    of_task : int64[n_tasks]
        The place of each task's group in `names`.
    """

    names: tuple[str, ...]
    of_task: Ints


def labels(graph: TaskGraph, by: str, actions: Mapping[str, Action] | None = None) -> Labels:
    """Put tasks into groups.

    Parameters
    ----------
    graph : TaskGraph
    by : {"component", "layer", "stage", "kind", "resource"}
        A task runs on the first resource that it uses; without any it is in ``(none)``.
    actions : mapping of str to Action
        The prices, for ``by="component"``: a task's component is that of the first charge of its action.

    Returns
    -------
    Labels

    Raises
    ------
    EngineError
        There is no such grouping, or the prices are missing.
    """
    _check_grouping(by, GROUPINGS)
    if by == "component":
        if actions is None:
            raise EngineError(
                "by='component' needs to know which component does each action; give the prices, too: "
                "actions=result.actions"
            )
        return _renamed([busy_component(actions[name]) for name in graph.action_names], graph.action)
    if by == "layer":
        return _renamed([name or NONE for name in graph.layer_names], graph.layer)
    if by == "stage":
        return _renamed([name or NONE for name in graph.stage_names], graph.stage)
    runs_on = _first_used(graph)
    names = [kind_of(name) if by == "kind" else name for name in graph.resource_names]
    return _renamed([*names, NONE], np.where(runs_on < 0, graph.n_resources, runs_on))


def _check_grouping(by: str, known: Sequence[str]) -> None:
    if by not in known:
        raise EngineError(
            f"by={by!r}: there is no such grouping{close_match(str(by), known)}; there are: {', '.join(known)}"
        )


def _renamed(names: Sequence[str], of_task: NDArray[np.integer]) -> Labels:
    """Groups of the same name become one."""
    place = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return Labels(tuple(place), np.array([place[name] for name in names], np.int64)[of_task])


def _first_used(graph: TaskGraph) -> Ints:
    """The first resource that each task uses, -1 if it uses none."""
    uses = np.diff(graph.uses_ptr) > 0
    first = np.full(graph.n_tasks, -1, np.int64)
    first[uses] = graph.uses_resource[graph.uses_ptr[:-1][uses]]
    return first


def path_shares(
    graph: TaskGraph, path: Sequence[Segment], by: str, actions: Mapping[str, Action] | None = None
) -> dict[str, int]:
    """Breakdown of the makespan.

    Parameters
    ----------
    graph, path
        A run and its critical path.
    by : {"component", "layer", "stage", "kind", "resource", "cause"}
        "cause": what the next task on the path waited for meanwhile ("dependency" for the last one).
        "resource": the resource for whose units the next task waited, else the first that the task uses.
    actions : mapping of str to Action, optional
        As in `labels`.

    Returns
    -------
    dict of str to int
        Picoseconds by name, the longest first. They sum to the makespan exactly.

    Raises
    ------
    EngineError
        As `labels`.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.metrics.critical import critical_path
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("tile[0].adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in "ab"]
    >>> end = b.task(action="add", occupancy_ps=30, after=tasks)
    >>> graph = b.build()
    >>> path = critical_path(graph, run_tasks(graph))
    >>> path_shares(graph, path, "kind"), path_shares(graph, path, "cause")
    ({'adc': 200, '(none)': 30}, {'dependency': 130, 'resource': 100})
    """
    sums: dict[str, int] = {}
    _check_grouping(by, (*GROUPINGS, "cause"))
    group = None if by == "cause" else labels(graph, by, actions)
    for here, after in pairwise([*path, None]):
        assert here is not None
        name: str
        if group is None:
            name = "dependency" if after is None else after.why
        elif after is not None and after.why == "resource" and by in ("resource", "kind"):
            name = after.resource if by == "resource" else kind_of(after.resource)
        else:
            name = group.names[group.of_task[here.task]]
        sums[name] = sums.get(name, 0) + here.length_ps
    return dict(sorted(sums.items(), key=lambda pair: -pair[1]))


class Blocking(NamedTuple):
    """Who waited for whom.

    Attributes
    ----------
    waiting : tuple of str
        Names of the rows: groups of tasks that waited.
    running : tuple of str
        Names of the columns: groups of tasks that ran meanwhile.
    wait_ps : int64[len(waiting), len(running)]
        How long. The sum of all entries is the waiting time of all tasks, exactly.
    """

    waiting: tuple[str, ...]
    running: tuple[str, ...]
    wait_ps: Ints

    def pairs(self) -> list[tuple[str, str, int]]:
        """(who waited, who ran meanwhile, picoseconds), the longest first, without zeros."""
        rows, columns = np.nonzero(self.wait_ps)
        at = zip(rows.tolist(), columns.tolist(), strict=True)
        found = [(self.waiting[r], self.running[c], int(self.wait_ps[r, c])) for r, c in at]
        return sorted(found, key=lambda pair: -pair[2])


def blocking(
    graph: TaskGraph, trace: Trace, found: Waits, by: str, actions: Mapping[str, Action] | None = None
) -> Blocking:
    """Who waited for whom and for how long.

    Walking back from a task that waited, as on the critical path, each instant of its wait belongs to the task
    that the walk meets there: the one that held the unit, before it the one that this one waited for, and so on.
    So a task behind nine others in a queue waited for each of the nine.

    Parameters
    ----------
    graph, trace, found
        A finished run and its waits.
    by : {"layer", "stage", "component", "kind", "resource"}
        Rows and columns. By resource or kind, a row is what was waited for, and a column is what the tasks
        ahead ran on meanwhile.
    actions : mapping of str to Action, optional
        As in `labels`.

    Returns
    -------
    Blocking

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.metrics.waits import waits
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> for layer in ("a", "b", "b"):
    ...     task = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100, layer=layer)
    >>> graph = b.build()
    >>> trace = run_tasks(graph)
    >>> blocking(graph, trace, waits(graph, trace), "layer").pairs()
    [('b', 'a', 200), ('b', 'b', 100)]
    """
    group = labels(graph, by, actions)
    names, holder = group.names, found.holder
    rows, columns = group.of_task, np.where(holder >= 0, group.of_task[holder], 0)
    if by in ("resource", "kind"):
        of_resource = [kind_of(name) if by == "kind" else name for name in graph.resource_names]
        place = {name: k for k, name in enumerate(dict.fromkeys([*names, *of_resource]))}
        names, to_name = tuple(place), np.array([*(place[name] for name in of_resource), place[NONE]], np.int64)
        rows = to_name[found.resource]
        columns = np.where(found.cause == RESOURCE, rows, columns)
    return _packed(names, _matrix(trace, found, rows, columns, len(names)))


def _packed(names: tuple[str, ...], matrix: Ints) -> Blocking:
    """Without rows and columns of zeros."""
    rows, columns = np.flatnonzero(matrix.any(axis=1)), np.flatnonzero(matrix.any(axis=0))
    return Blocking(tuple(names[r] for r in rows), tuple(names[c] for c in columns), matrix[np.ix_(rows, columns)])


def _matrix(trace: Trace, found: Waits, rows: Ints, columns: Ints, n_groups: int) -> Ints:
    """Sum the walks of all tasks that waited, without walking each.

    With D_g(v) the time of group g on the way from the beginning to task v, and b the task of the walk that was
    running before the wait began, a wait is D_g(task) - D_g(b's follower) and a rest. Summed over the tasks
    of a row, each step of the ways counts as often as there are such tasks behind it, minus such followers.
    """
    start, ready, holder = trace.start_ps, trace.ready_ps, found.holder
    in_64_bits(products(found.wait_ps).sum(keepdims=True), "the waits of all tasks, in ps")
    n = len(start)
    order, size, since = _tour(start, ready, holder)
    step = np.where(holder >= 0, start - start[holder], 0)
    matrix = np.zeros((n_groups, n_groups), np.int64)
    for row in np.unique(rows[found.wait_ps > 0]).tolist():
        waiting = np.flatnonzero((found.wait_ps > 0) & (rows == row))
        first = since[waiting]
        weight = np.bincount(waiting, minlength=n) - np.bincount(first, minlength=n)
        behind = np.concatenate([[0], np.cumsum(weight[order])])
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        times = behind[place + size] - behind[place]
        np.add.at(matrix[row], columns, step * times)
        np.add.at(matrix[row], columns[first], start[first] - ready[waiting])
    return matrix


def _tour(start: Ints, ready: Ints, holder: Ints) -> tuple[Ints, Ints, Ints]:
    children = np.argsort(holder, kind="stable")
    n_roots = int((holder < 0).sum())
    ptr = n_roots + np.concatenate([[0], np.cumsum(np.bincount(holder[holder >= 0], minlength=len(start)))])
    try:
        from archsim.metrics.compiled import tour
    except ImportError:  # numba is not installed
        return plain_tour(start, ready, children, ptr, n_roots)
    order, size, since = tour(start, ready, children, ptr, n_roots)
    return order, size, since
