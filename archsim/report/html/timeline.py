"""The timeline of a page: a lane for each unit, a filled curve for what is counted in many units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import CAUSES, Result, Spans, waits
from archsim.metrics.ledger import busy_component
from archsim.report.html.columns import packed, steps
from archsim.report.html.preview import preview

Ints = NDArray[np.int64]
MOST_UNITS = 32
"""A resource of which more units are held at once is shown as a curve of units in use, not as lanes."""


def timeline(result: Result) -> dict[str, Any]:
    """Everything the timeline draws and says, in columns (see `packed`).

    Spans are ordered by lane and start; ``start`` holds differences within a lane. ``kind`` is a place in
    ``kinds``, the different (action, layer, stage) of all tasks.
    """
    graph, trace = result.graph, result.trace
    spans = result.spans()
    crowded = np.zeros(graph.n_resources, bool)
    crowded[spans.lane_resource[spans.lane_unit >= MOST_UNITS]] = True
    shown = ~crowded[spans.resource] if spans.n_spans else np.zeros(0, bool)
    kind_of_task, kinds = _kinds(result)
    lanes = np.flatnonzero(~crowded[spans.lane_resource]) if spans.n_lanes else np.zeros(0, np.int64)
    counts = np.bincount(spans.lane, minlength=spans.n_lanes)[lanes] if spans.n_lanes else np.zeros(0, np.int64)
    levels = _levels(result, crowded)
    return {
        "preview": preview(result, spans, lanes, len(levels["resource"])),
        "resources": _resources(result),
        "lane_resource": spans.lane_resource[lanes].tolist(),
        "lane_unit": spans.lane_unit[lanes].tolist(),
        "lane_ptr": np.concatenate([[0], np.cumsum(counts)]).tolist(),
        "kinds": kinds,
        "actions": list(graph.action_names),
        "layers": list(graph.layer_names),
        "stages": list(graph.stage_names),
        "causes": list(CAUSES),
        "n_spans": int(shown.sum()),
        "n_crowded": int(spans.n_spans - shown.sum()),
        "spans": _span_columns(result, spans, shown, kind_of_task),
        "path": _path_columns(result, kind_of_task),
        "edges": _edges(result),
        "unseen": _unseen(result, spans.task[shown], kind_of_task),
        "prices": _prices(result),
        "levels": levels,
        "makespan_ps": trace.makespan_ps,
    }


def _kinds(result: Result) -> tuple[Ints, list[list[int]]]:
    graph = result.graph
    n_layers, n_stages = max(1, len(graph.layer_names)), max(1, len(graph.stage_names))
    key = (graph.action.astype(np.int64) * n_layers + graph.layer) * n_stages + graph.stage
    keys, kind = np.unique(key, return_inverse=True)
    parts = [keys // (n_layers * n_stages), keys // n_stages % n_layers, keys % n_stages]
    return kind.astype(np.int64).reshape(-1), np.stack(parts, axis=1).tolist()


def _resources(result: Result) -> list[dict[str, Any]]:
    use = result.utilisation()
    return [
        {"name": name, "capacity": capacity, "utilisation": use.get(name)}
        for name, capacity in zip(result.graph.resource_names, result.graph.capacity.tolist(), strict=True)
    ]


def _span_columns(result: Result, spans: Spans, shown: NDArray[np.bool_], kind_of_task: Ints) -> dict[str, Any]:
    graph, trace = result.graph, result.trace
    found = waits(graph, trace, result.policy)
    task, lane = spans.task[shown], spans.lane[shown]
    first = np.ones(len(task), bool)
    first[1:] = np.diff(lane) != 0
    holder = found.holder[task]
    on_path = np.zeros(graph.n_tasks, bool)
    on_path[[segment.task for segment in result.path]] = True
    leads = np.zeros(len(task), bool)
    leads[np.unique(task, return_index=True)[1]] = True
    columns: dict[str, NDArray[Any]] = {
        "start": steps(spans.start_ps[shown], first),
        "length": spans.end_ps[shown] - spans.start_ps[shown],
        "kind": kind_of_task[task],
        "on_path": on_path[task],
        "leads": leads,
        "task": np.diff(task, prepend=0) % 2**32,
        "latency": graph.latency_ps[task],
        "count": spans.count[shown],
        "n_units": spans.n_units[shown],
        "timestep": spans.timestep[shown],
        "sample": spans.sample[shown],
        "wait": found.wait_ps[task],
        "cause": found.cause[task],
        "awaited": found.resource[task],
        "holder": np.where(holder < 0, 0, task - holder) % 2**32,
        "holder_kind": np.where(holder < 0, 0, kind_of_task[holder] if graph.n_tasks else 0),
    }
    return {name: packed(values) for name, values in columns.items()}


def _edges(result: Result) -> dict[str, Any]:
    """Of each task, how many tasks it comes after, and how far back each of these is in the order of tasks."""
    graph = result.graph
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    return {"n": packed(np.diff(graph.after_ptr)), "back": packed(owner - graph.after_idx)}


def _unseen(result: Result, seen: Ints, kind_of_task: Ints) -> dict[str, Any]:
    """Tasks that stand on no lane, for sums over a range of time."""
    graph, trace = result.graph, result.trace
    unseen = np.ones(graph.n_tasks, bool)
    unseen[seen] = False
    task = np.flatnonzero(unseen)
    columns = {
        "start": trace.start_ps[task], "length": graph.occupancy_ps[task], "kind": kind_of_task[task],
        "count": graph.count[task], "wait": (trace.start_ps - trace.ready_ps)[task],
    }  # fmt: skip
    return {name: packed(values) for name, values in columns.items()}


def _prices(result: Result) -> list[dict[str, Any]]:
    """Of each action: the component that it keeps busy, and what one costs each component."""
    actions = [result.actions[name] for name in result.graph.action_names]
    return [
        {"busy": busy_component(action), "charges": [[c.component, c.energy_pj] for c in action.charges]}
        for action in actions
    ]


def _path_columns(result: Result, kind_of_task: Ints) -> dict[str, Any]:
    path, graph = result.path, result.graph
    number = {name: i for i, name in enumerate(graph.resource_names)}
    task = np.array([segment.task for segment in path], np.int64)
    columns: dict[str, NDArray[Any]] = {
        "task": task,
        "length": np.array([segment.length_ps for segment in path], np.int64),
        "why": np.array([CAUSES.index(segment.why) for segment in path], np.int64),
        "resource": np.array([number.get(segment.resource, -1) for segment in path], np.int64),
        "kind": kind_of_task[task],
        "timestep": graph.timestep[task],
        "sample": graph.sample[task],
    }
    return {name: packed(values) for name, values in columns.items()}


def _levels(result: Result, crowded: NDArray[np.bool_]) -> dict[str, Any]:
    """Units in use over time, of space that tasks reserve and of resources with many units."""
    graph, trace = result.graph, result.trace
    resources, times, changes = [], [], []
    for rows, sign, at in (("reserves", 1, trace.start_ps), ("frees", -1, trace.done_ps)):
        owner = np.repeat(np.arange(graph.n_tasks), np.diff(getattr(graph, f"{rows}_ptr")))
        resources.append(getattr(graph, f"{rows}_resource").astype(np.int64))
        times.append(at[owner])
        changes.append(sign * np.asarray(getattr(graph, f"{rows}_units"), np.int64))
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
    many = crowded[graph.uses_resource]
    used, units = graph.uses_resource[many].astype(np.int64), np.asarray(graph.uses_units)[many]
    starts = trace.start_ps[owner[many]]
    resources += [used, used]
    times += [starts, starts + graph.occupancy_ps[owner[many]]]
    changes += [units, -units]
    resource, time, change = np.concatenate(resources), np.concatenate(times), np.concatenate(changes)
    order = np.lexsort((time, resource))
    resource, time, level = resource[order], time[order], np.cumsum(change[order])
    last = np.ones(len(order), bool)  # of all changes at one instant, only what comes out
    last[:-1] = (np.diff(resource) != 0) | (np.diff(time) != 0)
    resource, time, level = resource[last], time[last], level[last]
    first = np.ones(len(resource), bool)
    first[1:] = np.diff(resource) != 0
    # what a resource ends with is what the next one would begin with, were space not all given back
    begin = np.concatenate([[0], level[:-1]])[first]
    ptr = np.append(np.flatnonzero(first), len(resource))
    level = level - np.repeat(begin, np.diff(ptr))
    return {
        "resource": resource[first].tolist(),
        "ptr": ptr.tolist(),
        "steps": {"time": packed(steps(time, first)), "level": packed(level)},
    }
