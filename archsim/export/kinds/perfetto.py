"""Chrome's trace format in JSON, for ui.perfetto.dev and its trace processor.

Format: "Trace Event Format" (Google, docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archsim.export.arrows import arrows_of, ranks
from archsim.export.format import Format
from archsim.export.levels import levels_of
from archsim.export.writing import packed_file
from archsim.names import NAMELESS
from archsim.registry import EXPORTS

if TYPE_CHECKING:
    from archsim.metrics import Result, Spans

Ints = NDArray[np.int64]
CHUNK = 65_536
_TILE = re.compile(r"tile\[(\d{1,9})\]")
_SPAN = (
    '{"ph":"X","pid":%d,"tid":%d,"ts":%d.%03d,"dur":%d.%03d,%s,"args":{"task":%d,"count":%d,"timestep":%d,'
    '"sample":%d,"unit":%d,"units":%d,"start_ps":%d,"end_ps":%d,"wait_ps":%d,"critical":%d,%s}}'
)
PATH = "critical path"
"""Name of a thread of the chip, and category of its slices."""
_FLOW = '{"ph":%s,"cat":"wait","name":"waits for","id":%d,"pid":%d,"tid":%d,"ts":%d.%03d}'


@EXPORTS.register
class Perfetto(Format):
    """For ui.perfetto.dev and its trace processor."""

    kind = "perfetto"
    suffixes = (".json",)

    def write(self, result: Result, path: str | Path) -> int:
        return write_perfetto(result, path)


def write_perfetto(result: Result, path: str | Path) -> int:
    """Write a trace with one process for each tile and one thread for each lane.

    Parameters
    ----------
    result : Result
    path : str or path
        Compressed if it ends in ``.gz``; Perfetto reads both.

    Returns
    -------
    int
        How many spans were written, the critical path aside; Perfetto keeps every one.

    Raises
    ------
    ArchsimError
        The file cannot be written.

    Notes
    -----
    Perfetto keeps whole nanoseconds, and drops a slice that begins within another on the same track and ends
    after it. So starts and ends are rounded down to nanoseconds; as rounding keeps their order, spans of a lane
    still follow each other. The exact times are in the arguments `start_ps` and `end_ps`. Thread ids are unique
    in the whole file and never equal a process id; lanes stand in the order of the chip, with the numbers in
    their names by size. Flow events (arrows) lead to each span from that of the predecessor that was done last,
    with the number of the waiting task as `id`. The critical path is a thread of its own, the first of the chip:
    a slice for each piece of the makespan, with the task that answers for it, why it began when it did, and at
    which resource; spans of its tasks have the argument `critical` of 1. Counter tracks show the power of the chip
    and the units in use of every resource that tasks reserve, such as buffer space.
    """
    spans = result.spans()
    pids = _processes(result.graph.resource_names)
    first_tid = max(pids, default=1) + 1
    with packed_file(path) as file:
        file.write(f'{{"displayTimeUnit":"ns","otherData":{_other(result)},"traceEvents":[\n'.encode())
        _join(file, _parts(result, spans, pids, first_tid))
        file.write(b"\n]}\n")
    return spans.n_spans


def _processes(names: tuple[str, ...]) -> list[int]:
    """A process id for each resource: 1 for the chip, 2 and more for its tiles in order."""
    tiles = [int(found[1]) if (found := _TILE.match(name)) else -1 for name in names]
    rank = {tile: i + 2 for i, tile in enumerate(sorted(set(tiles) - {-1}))}
    return [rank.get(tile, 1) for tile in tiles]


def _other(result: Result) -> str:
    versions = result.provenance.get("versions")
    return json.dumps(
        {
            "name": result.name,
            "phase": result.phase,
            "latency_ps": result.latency_ps,
            "times": "whole nanoseconds, rounded down; exact picoseconds in start_ps and end_ps",
            "inputs_sha256": str(result.provenance.get("inputs_sha256")),
            "seed": str(result.provenance.get("seed")),
            "versions": versions if isinstance(versions, dict) else {},
        },
        default=str,
        allow_nan=False,
    )


def _join(file: IO[bytes], parts: Iterator[list[str]]) -> None:
    separator = b""
    for part in parts:
        if part:
            file.write(separator + ",\n".join(part).encode("utf-8", "backslashreplace"))
            separator = b",\n"


def _parts(result: Result, spans: Spans, pids: list[int], first_tid: int) -> Iterator[list[str]]:
    yield _names(result, spans, pids, first_tid)
    arrows = arrows_of(result.graph, result.trace, spans)
    yield _path(result, first_tid + spans.n_lanes)
    yield from _slices(spans, pids, first_tid, arrows, _on_path(result))
    yield from _counters(result, pids)


def _names(result: Result, spans: Spans, pids: list[int], first_tid: int) -> list[str]:
    """Metadata: what processes and threads are called, and how they are ordered."""
    titles = {1: result.name}
    for name, pid in zip(result.graph.resource_names, pids, strict=True):
        if pid > 1:
            titles[pid] = name.split(".", 1)[0]
    events = []
    for pid, title in sorted(titles.items()):
        events.append(_about(pid, 0, "process_name", name=title or NAMELESS))
        events.append(_about(pid, 0, "process_sort_index", sort_index=pid))
    names = spans.lane_names()
    for lane, (name, r, rank) in enumerate(zip(names, spans.lane_resource.tolist(), ranks(names), strict=True)):
        own = name.split(".", 1)[1] if pids[r] > 1 and "." in name else name
        tid = first_tid + lane
        events += [
            _about(pids[r], tid, "thread_name", name=own or NAMELESS),
            _about(pids[r], tid, "thread_sort_index", sort_index=rank),
        ]
    return events


def _path(result: Result, tid: int) -> list[str]:
    """The critical path as a thread of the chip, above its lanes; a slice for each piece that takes time."""
    graph = result.graph
    events = [
        _about(1, tid, "thread_name", name=PATH),
        _about(1, tid, "thread_sort_index", sort_index=-1),
    ]
    for segment in result.path:
        if not segment.length_ps:
            continue
        action = graph.action_names[graph.action[segment.task]]
        layer = graph.layer_names[graph.layer[segment.task]]
        start, end = segment.start_ps // 1000, segment.end_ps // 1000
        told = {
            "task": segment.task, "action": action, "layer": layer, "why": segment.why,
            "resource": segment.resource, "start_ps": segment.start_ps, "end_ps": segment.end_ps,
        }  # fmt: skip
        event = {"ph": "X", "pid": 1, "tid": tid, "ts": start / 1000, "dur": (end - start) / 1000,
                 "name": f"{action} {layer}".strip() or NAMELESS, "cat": PATH, "args": told}  # fmt: skip
        events.append(json.dumps(event, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
    return events


def _on_path(result: Result) -> NDArray[np.bool_]:
    """Which tasks answer for a piece of the makespan."""
    found = np.zeros(result.graph.n_tasks, bool)
    found[[segment.task for segment in result.path]] = True
    return found


def _about(pid: int, tid: int, what: str, **values: object) -> str:
    event = {"ph": "M", "pid": pid, "tid": tid, "name": what, "args": values}
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _quoted(text: str) -> str:
    """A text in JSON, as UTF-8: Perfetto shows escapes as they stand."""
    return json.dumps(text, ensure_ascii=False, allow_nan=False)


def _slices(
    spans: Spans, pids: list[int], first_tid: int, arrows: Ints, on_path: NDArray[np.bool_]
) -> Iterator[list[str]]:
    """Complete events in the order of time, so that arrows lead forwards; each with the arrows at it."""
    heads, tails, kind = _labels(spans)
    start, end = spans.start_ps // 1000, spans.end_ps // 1000
    pid = np.array(pids, np.int64)[spans.resource] if pids else spans.resource
    columns = [
        pid, spans.lane + first_tid, *np.divmod(start, 1000), *np.divmod(end - start, 1000), kind, spans.task,
        spans.count, spans.timestep, spans.sample, spans.unit, spans.n_units, spans.start_ps, spans.end_ps,
        spans.wait_ps, on_path[spans.task], kind,
    ]  # fmt: skip
    by_time = np.lexsort((spans.task, spans.end_ps > spans.start_ps, spans.start_ps))
    place = np.argsort(by_time)
    for low in range(0, spans.n_spans, CHUNK):
        rows = [column[by_time[low : low + CHUNK]].tolist() for column in columns]
        rows[6] = [heads[k] for k in rows[6]]
        rows[-1] = [tails[k] for k in rows[-1]]
        lines = [_SPAN % row for row in zip(*rows, strict=True)]
        at = np.arange(low, low + len(lines))
        for side, head in (1, '"f","bp":"e"'), (0, '"s"'):
            placed = place[arrows[:, side]]
            mine = (placed >= low) & (placed < low + CHUNK)
            task = spans.task[arrows[mine, 1]]
            where = [column[arrows[mine, side]].tolist() for column in columns[:4]]
            lines += [_FLOW % (head, *one) for one in zip(task.tolist(), *where, strict=True)]
            at = np.append(at, placed[mine])
        yield [lines[i] for i in np.argsort(at, kind="stable")]


def _labels(spans: Spans) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """JSON of name and category, JSON of the arguments in words, and which of both each span has."""
    n_layers, n_stages = max(1, len(spans.layer_names)), max(1, len(spans.stage_names))
    key = (spans.action * n_layers + spans.layer) * n_stages + spans.stage
    keys, kind = np.unique(key, return_inverse=True)
    heads, tails = [], []
    for k in keys.tolist():
        action = spans.action_names[k // (n_layers * n_stages)]
        layer, stage = spans.layer_names[k // n_stages % n_layers], spans.stage_names[k % n_stages]
        name = f"{action} {layer}".strip() or NAMELESS
        heads.append(f'"name":{_quoted(name)},"cat":{_quoted(stage or "none")}')
        tails.append(f'"action":{_quoted(action)},"layer":{_quoted(layer)},"stage":{_quoted(stage)}')
    return heads, tails, kind.astype(np.int64).reshape(-1)


def _counters(result: Result, pids: list[int]) -> Iterator[list[str]]:
    """Counter events: power, and what is reserved of each resource; the last value of each nanosecond."""
    from archsim.metrics import power_over_time

    edges, power = power_over_time(result)
    yield _counter(1, "power", "µW", edges, np.append(power, 0.0))
    for level in levels_of(result, reserved_only=True):
        name = result.graph.resource_names[level.resource]
        yield _counter(pids[level.resource], name, "units", level.time_ps, level.units)


def _counter(
    pid: int, name: str, unit: str, time_ps: NDArray[np.int64], values: NDArray[np.float64] | NDArray[np.int64]
) -> list[str]:
    ns = time_ps // 1000
    last = np.append(np.diff(ns) != 0, True)
    head = f'{{"ph":"C","pid":{pid},"name":{_quoted(name)},"ts":'.replace("%", "%%")
    template = f'{head}%d.%03d,"args":{{"{unit}":%r}}}}'
    micro, nano = np.divmod(ns[last], 1000)
    return [template % row for row in zip(micro.tolist(), nano.tolist(), values[last].tolist(), strict=True)]
