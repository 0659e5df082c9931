"""The page of a run as text: what it holds, and that names stay text."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import archsim
from archsim.report import html_report, load_result
from archsim.report.html.columns import packed, steps, unpacked
from archsim.report.html.network import network
from archsim.report.html.parts import cells
from archsim.report.html.timeline import timeline
from archsim.snn import initialise
from archsim.workload.nir_writer import write_nir


def data_of(page: str, number: int = 0) -> dict:
    found = re.search(rf'<script type="application/json" id="run-{number}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


class Elements(HTMLParser):
    """Names of all elements, and all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs


@given(arrays.arrays(np.int64, st.integers(0, 40), elements=st.integers(-(2**40), 2**52)))
def test_a_column_comes_back_as_it_was(values):
    assert unpacked(packed(values)).tolist() == values.tolist()


@pytest.mark.parametrize(("largest", "n_bytes"), [(0, 1), (255, 1), (256, 2), (65_536, 4), (2**32, 8)])
def test_a_column_takes_the_narrowest_type(largest, n_bytes):
    assert packed(np.array([0, largest]))["bytes"] == n_bytes


def test_a_few_far_numbers_do_not_widen_a_column():
    values = np.arange(1000)
    values[[7, 999]] = 2**40, 2**52
    assert packed(values)["bytes"] == 2
    assert unpacked(packed(values)).tolist() == values.tolist()


def test_the_page_holds_the_figures_of_result_json(result):
    record = json.loads(json.dumps(result.to_dict()))
    del record["provenance"]
    assert data_of(html_report([result]))["record"] == record


def test_the_page_names_no_other_file():
    """Nothing in the page's own parts asks for anything."""
    from archsim.report.html.page import SCRIPTS, asset

    for name in ("report.css", "report.html.j2", *SCRIPTS):
        text = asset(name).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|url\(|@import|\bsrc=|fetch\(|XMLHttpRequest|WebSocket|import\(", text), name
        assert "innerHTML" not in text


def test_every_script_stays_readable():
    from archsim.report.html.page import SCRIPTS, asset

    for name in ("report.css", "report.html.j2", *SCRIPTS):
        assert len(asset(name).splitlines()) < 400, name


@settings(max_examples=25)
@given(data=st.data())
def test_the_cells_sum_to_every_breakdown_exactly(data, random_graphs, evaluate):
    result = evaluate(data.draw(random_graphs))
    found = cells(result)
    for by in ("component", "layer", "stage", "action"):
        for key in ("energy_pj", "busy_ps", "latency_ps", "count"):
            sums: dict[str, float] = {}
            for cell in found:
                sums[cell[by]] = sums.get(cell[by], 0) + cell[key]
            wanted = {name: part[key] for name, part in result.breakdown(by).items() if part[key]}
            assert {name: value for name, value in sums.items() if value} == wanted, (by, key)


@settings(max_examples=15)
@given(data=st.data())
def test_the_first_picture_is_the_work_in_each_window_by_hand(data, random_graphs, evaluate):
    result = evaluate(data.draw(random_graphs))
    spans, drawn = result.spans(), timeline(result)
    seen = drawn["preview"]
    size = seen["n"]
    most, cover = (
        np.frombuffer(base64.b64decode(seen[name]), np.uint8).reshape(-1, size) for name in ("most", "cover")
    )
    edges = np.linspace(0, max(1, result.latency_ps), size + 1)
    kinds = getattr(spans, seen["by"])
    for k, row in enumerate(seen["rows"]):
        mine = [i for i in range(spans.n_spans) if int(spans.lane[i]) == row]
        work = np.zeros((kinds.max(initial=0) + 1, size))
        for i in mine:
            part = np.minimum(edges[1:], spans.end_ps[i]) - np.maximum(edges[:-1], spans.start_ps[i])
            work[kinds[i]] += np.maximum(0, part) / np.diff(edges)
        assert np.abs(cover[k] / 255 - np.minimum(1, work.sum(axis=0))).max() <= 1 / 255 + 1e-6
        told = np.take_along_axis(work, most[k][None].astype(int), axis=0)[0]
        assert (told >= work.max(axis=0) - 1e-6).all()


@settings(max_examples=25)
@given(data=st.data())
def test_the_timeline_holds_every_span_and_the_whole_critical_path(data, random_graphs, evaluate):
    result = evaluate(data.draw(random_graphs))
    drawn, spans = timeline(result), result.spans()
    columns = {name: unpacked(column) for name, column in drawn["spans"].items()}
    lanes = np.repeat(np.arange(len(drawn["lane_resource"])), np.diff(drawn["lane_ptr"]))
    start = np.concatenate([[], *(np.cumsum(columns["start"][lanes == lane]) for lane in np.unique(lanes))])
    assert lanes.tolist() == spans.lane.tolist()
    assert start.tolist() == spans.start_ps.tolist()
    assert columns["length"].tolist() == (spans.end_ps - spans.start_ps).tolist()
    task = np.cumsum(columns["task"]) % 2**32
    assert task.tolist() == spans.task.tolist()
    on_path = {segment.task for segment in result.path}
    assert columns["on_path"].tolist() == [int(number in on_path) for number in spans.task.tolist()]
    kinds = np.array(drawn["kinds"])[columns["kind"]].reshape(-1, 3)
    assert [drawn["actions"][action] for action in kinds[:, 0]] == [
        result.graph.action_names[result.graph.action[number]] for number in spans.task
    ]
    path = {name: unpacked(column) for name, column in drawn["path"].items()}
    assert path["length"].sum() == result.latency_ps
    assert path["task"].tolist() == [segment.task for segment in result.path]


@settings(max_examples=25)
@given(data=st.data())
def test_levels_are_what_the_tasks_reserve_and_free(data, random_graphs, evaluate):
    result = evaluate(data.draw(random_graphs))
    graph, trace, drawn = result.graph, result.trace, timeline(result)["levels"]
    time, level = (unpacked(drawn["steps"][name]) for name in ("time", "level"))
    for k, resource in enumerate(drawn["resource"]):
        part = slice(drawn["ptr"][k], drawn["ptr"][k + 1])
        at = np.cumsum(time[part])
        for now, units in zip(at.tolist(), level[part].tolist(), strict=True):
            held = 0
            for rows, sign, when in (("reserves", 1, trace.start_ps), ("frees", -1, trace.done_ps)):
                for task in range(graph.n_tasks):
                    ptr = getattr(graph, f"{rows}_ptr")
                    row = slice(ptr[task], ptr[task + 1])
                    mine = getattr(graph, f"{rows}_resource")[row] == resource
                    if when[task] <= now:
                        held += sign * int(getattr(graph, f"{rows}_units")[row][mine].sum())
            assert units == held


def test_differences_begin_anew_in_each_lane():
    assert steps(np.array([3, 3, 7, 1]), np.array([True, False, False, True])).tolist() == [3, 0, 4, 1]


UGLY = [
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "<!--<script>",
    'a"b\'c&amp;d', "two\nlines",
    "🧠 é ‮ right to left", "x" * 500, "]]>", "\u2028", "{{ 7 * 7 }}", "=1+1", "`${1}`",
]  # fmt: skip


@pytest.mark.parametrize("name", UGLY)
def test_names_appear_as_text(name, named):
    page = html_report([named(name)], [name])
    elements = Elements()
    elements.feed(page)
    plain = Elements()
    plain.feed(html_report([named("plain")], ["plain"]))
    assert elements.names == plain.names
    assert not [key for key, _ in elements.attributes if key.startswith("on")]
    assert data_of(page)["record"]["name"] == name


def test_layers_of_a_nir_file_are_shown_with_what_feeds_them_after_saving_too(root_dir, tmp_path):
    """A recurrent layer feeds two, and a fourth sees both."""
    spiking = "neuron: {kind: lif, threshold: 1.0, leak: 0.9}"
    rest = "version: 1\nname: fork\ntimesteps: 2\ninput_resolution: 1 bit\nphases: [inference]\n"
    rest += "activity: {kind: constant, input: 0.5, default: 0.5}\n"
    layers = [f"a, kind: recurrent, outputs: 8, {spiking}", f"b, kind: dense, outputs: 4, {spiking}",
              f"c, kind: dense, inputs: [a], outputs: 5, {spiking}",
              f"d, kind: dense, inputs: [b, c], outputs: 3, {spiking}"]  # fmt: skip
    written = "".join(f"  - {{name: {one}}}\n" for one in layers)
    work = archsim.load_workload(f"{rest}network:\n  input: [6]\n  layers:\n{written}")
    write_nir(initialise(work.network, seed=0, n_timesteps=2), tmp_path / "fork.nir")
    (tmp_path / "fork.yaml").write_text(f"{rest}network: {{nir: fork.nir}}\n")
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    result = archsim.simulate(
        chip, archsim.load_workload(tmp_path / "fork.yaml"), engine="heap", phase="inference"
    )
    result.save(tmp_path / "out")
    for run in (result, load_result(tmp_path / "out")):
        drawn = network(run)
        assert drawn["is_known"]
        fed = {row["name"]: row["inputs"] for row in drawn["layers"]}
        assert fed == {"input": [], "a": ["input"], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
        assert [row["name"] for row in drawn["layers"] if row["is_recurrent"]] == ["a"]
        assert [row["weights"] for row in drawn["layers"]] == [[], [14, 8], [8, 4], [8, 5], [9, 3]]
