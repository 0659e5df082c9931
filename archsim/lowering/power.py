"""A cap on the power of the whole chip: no task begins before its share is free.

The cap is a resource of the task graph. A task that stood in its queue while it still waited for an array or for
space would hold up everybody behind it, and could wait for what only they would free. So each task becomes two:

    issue            takes what the task uses or reserves, as before: in the same queues, in no time
    the task itself  waits for its share of the power alone, then runs; its units stay taken meanwhile

Who waits for power holds nothing that a running task needs in order to end, and every running task gives its power
back: the cap brings no deadlock. Where a task is done at another time than its units are free, or is
shorter than 1 ns, a `settle` after it gives back what is left at the right moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, Charge
from archsim.errors import DoesNotFitError
from archsim.taskgraph import TaskGraph, TaskGraphBuilder

ISSUE = Action("issue", (Charge("flow_control", 0.0),))
SETTLE = Action("settle", (Charge("flow_control", 0.0),))
POWER = "power"
"""The resource; one unit is 1 nW."""

MIN_WINDOW_PS = 1_000
"""As in `power_over_time`: the energy of a task is spent over 1 ns at least."""

PJ_PER_PS_IN_NW = 1e9

Claims = list[tuple[int, int]]


@dataclass(frozen=True)
class _Task:
    """One row of a graph."""

    action: str
    count: int
    after: list[int]
    uses: Claims
    reserves: Claims
    frees: Claims
    occupancy_ps: int
    latency_ps: int
    share_nw: int
    label: dict[str, Any]


def cap_power(
    graph: TaskGraph, actions: Mapping[str, Action], cap_uw: float, leakage_uw: float
) -> tuple[TaskGraph, dict[str, Action]]:
    """Hold the power of a run below a cap.

    A task's share is its energy / its time on its unit (its latency if it holds none; 1 ns at least), rounded up
    to 1 nW; leakage is taken off the cap first. So ``power_over_time`` never exceeds the cap.

    Parameters
    ----------
    graph : TaskGraph
    actions : mapping of str to Action
        The prices.
    cap_uw : float
        Of the whole chip, with leakage.
    leakage_uw : float
        Of the whole chip.

    Returns
    -------
    TaskGraph
        The same work; results come no earlier than without a cap, but for anomalies of ``fifo``.
    dict of str to Action
        The prices, with those of the new tasks, which cost nothing.

    Raises
    ------
    DoesNotFitError
        Leakage alone, or one task alone, exceeds the cap.

    Examples
    --------
    Two reads of 10 pJ in 10 ns, 1 mW each, under a cap of 1.5 mW:

    >>> from archsim.engine import run_tasks
    >>> b = TaskGraphBuilder()
    >>> for k in range(2):
    ...     read = b.task(action="read", uses=[(b.resource(f"crossbar[{k}]"), 1)], occupancy_ps=10_000)
    >>> capped, prices = cap_power(b.build(), {"read": Action("read", (Charge("crossbar", 10.0),))}, 1500.0, 0.0)
    >>> run_tasks(capped).makespan_ps
    20000
    """
    available = math.floor((cap_uw - leakage_uw) * 1e3)
    shares = _shares_nw(graph, actions)
    _check(graph, shares, cap_uw, leakage_uw, available)
    b = TaskGraphBuilder()
    for name, units in zip(graph.resource_names, graph.capacity.tolist(), strict=True):
        b.resource(name, units)
    power = b.resource(POWER, max(0, available))
    issues = {r: b.resource(f"{graph.resource_names[r]}.issue", int(graph.capacity[r])) for r in _used(graph)}
    done: list[int] = []
    for number, share in enumerate(shares.tolist()):
        task = _row(graph, number, int(share))
        done.append(_lay_down(b, task, [done[before] for before in task.after], power, issues))
    return b.build(), {**actions, ISSUE.name: ISSUE, SETTLE.name: SETTLE}


def _used(graph: TaskGraph) -> list[int]:
    return sorted(set(graph.uses_resource.tolist()))


def _shares_nw(graph: TaskGraph, actions: Mapping[str, Action]) -> NDArray[np.float64]:
    """Of each task, in whole nW."""
    prices_pj = np.array([actions[name].energy_pj for name in graph.action_names], float)
    energy_pj = graph.count * prices_pj[graph.action] if graph.n_tasks else np.zeros(0)
    time_ps = np.maximum(np.where(graph.occupancy_ps > 0, graph.occupancy_ps, graph.latency_ps), MIN_WINDOW_PS)
    return np.asarray(np.ceil(energy_pj / time_ps * PJ_PER_PS_IN_NW))


def _row(graph: TaskGraph, task: int, share_nw: int) -> _Task:
    def claims(kind: str) -> Claims:
        row = slice(*getattr(graph, f"{kind}_ptr")[task : task + 2])
        resource, units = getattr(graph, f"{kind}_resource")[row], getattr(graph, f"{kind}_units")[row]
        return list(zip(resource.tolist(), units.tolist(), strict=True))

    occupancy, latency = int(graph.occupancy_ps[task]), int(graph.latency_ps[task])
    return _Task(
        graph.action_names[graph.action[task]], int(graph.count[task]),
        graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]].tolist(),
        claims("uses"), claims("reserves"), claims("frees"), occupancy, latency, share_nw,
        {
            "stage": graph.stage_names[graph.stage[task]],
            "layer": graph.layer_names[graph.layer[task]],
            "timestep": int(graph.timestep[task]),
            "sample": int(graph.sample[task]),
            "priority": int(graph.priority[task]),
        },
    )  # fmt: skip


def _check(
    graph: TaskGraph, shares_nw: NDArray[np.float64], cap_uw: float, leakage_uw: float, available: int
) -> None:
    if leakage_uw >= cap_uw:
        raise DoesNotFitError(
            "power.max", math.ceil(leakage_uw), math.floor(cap_uw), "µW",
            "leakage alone takes that much; raise power.max, or choose parts that leak less",
        )  # fmt: skip
    if len(shares_nw) and shares_nw.max() > available:
        task = int(shares_nw.argmax())
        what = f"{graph.action_names[graph.action[task]]} x{graph.count[task]}"
        raise DoesNotFitError(
            "power.max", math.ceil(float(shares_nw[task]) / 1e3 + leakage_uw), math.floor(cap_uw), "µW",
            f"a single {what} with the leakage of the chip takes that much; raise power.max, or make that task "
            "smaller (for programming: write.parallel_cells)",
        )  # fmt: skip


def _lay_down(b: TaskGraphBuilder, t: _Task, after: list[int], power: int, issues: Mapping[int, int]) -> int:
    """One task under the cap; returns the task after which its successors may go on."""
    if not t.uses and not t.share_nw:
        return b.task(
            action=t.action, count=t.count, after=after, reserves=t.reserves, frees=t.frees,
            occupancy_ps=t.occupancy_ps, latency_ps=t.latency_ps, **t.label,
        )  # fmt: skip
    units = [(issues[r], n) for r, n in t.uses]
    share = [(power, t.share_nw)] if t.share_nw else []
    if units or t.reserves:
        after = [b.task(action=ISSUE.name, after=after, reserves=[*t.reserves, *units], **t.label)]
    held = t.occupancy_ps or t.latency_ps  # as long as units and power are taken
    first = min(held, t.latency_ps)
    at_first: Claims = [*t.frees] if first == t.latency_ps else []
    last = max(held, MIN_WINDOW_PS) if share else held
    if first == held:
        at_first += units
    if first == last:
        at_first += share
    task = b.task(
        action=t.action, count=t.count, after=after, uses=t.uses, reserves=share, frees=at_first,
        occupancy_ps=t.occupancy_ps, latency_ps=first, **t.label,
    )  # fmt: skip
    moments: dict[int, Claims] = {}
    if first != t.latency_ps:
        moments.setdefault(t.latency_ps, []).extend(t.frees)
    if first != held:
        moments.setdefault(held, []).extend(units)
    if first != last:
        moments.setdefault(last, []).extend(share)
    result = task
    for moment, frees in sorted(moments.items()):
        settled = b.task(action=SETTLE.name, after=[task], latency_ps=moment - first, frees=frees, **t.label)
        result = settled if moment == t.latency_ps else result
    return result
