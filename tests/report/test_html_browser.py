"""The page of a run in a headless Chromium."""

from __future__ import annotations

import json

import pytest
from chromium_support import Opened

import archsim
from archsim.report import html_report


@pytest.fixture(scope="module")
def results(root_dir):
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=4", "samples=1", "batch=1"])
    return [archsim.simulate(chip, work, engine="heap", phase=phase) for phase in ("inference", "dfa")]


@pytest.fixture(scope="module")
def opened(chromium, results, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(html_report(results), encoding="utf-8")
    return Opened(chromium, file)


@pytest.fixture
def fresh(opened):
    """The page as it is when it has just been opened, and silent when the test is over."""
    opened.page.click("#tab-0")
    opened.page.wait_for_selector("#tab-0[aria-selected=true]")
    opened.tell("() => { shown.line.view(0, shown.line.end); pick(shown.line, null); search(shown.line, '') }")
    yield opened
    assert opened.said == []


def test_it_opens_without_an_error_and_asks_for_nothing(fresh):
    assert len(fresh.asked) == 1
    assert fresh.asked[0].startswith("file://")
    assert fresh.tell("performance.getEntriesByType('resource').length") == 0
    assert 0 < fresh.tell("archsimDrawn") < 10_000


def test_every_link_that_carried_something_is_drawn(fresh, results):
    long = fresh.tell("[...document.querySelectorAll('#plan polyline')].map((line) => line.getTotalLength())")
    assert len(long) == len(results[0].link_load()) > 0
    assert min(long) > 10


def test_its_numbers_equal_result_json(fresh, results):
    for number, result in enumerate(results):
        record = json.loads(json.dumps(result.to_dict()))
        del record["provenance"]
        assert fresh.tell(f"JSON.parse(byId('run-{number}').textContent).record") == record
    for by in ("component", "layer", "phase", "action"):
        fresh.page.select_option("#by", by)
        rows = fresh.page.locator("#parts tbody tr").all_inner_texts()
        parts = {name: part for name, part in results[0].breakdown(by).items() if part["energy_pj"]}
        assert len(rows) == len(parts) + 1
        assert {row.split("\t")[0] for row in rows[:-1]} == set(parts)
    lines = fresh.tell("shown.parts.lines().map((line) => line.value)")
    assert lines == [part["energy_pj"] for part in results[0].breakdown("action").values()]
    fresh.page.select_option("#by", "component")


def test_wheel_and_keys_zoom_and_pan(fresh):
    whole = fresh.tell("shown.line.to - shown.line.from")
    fresh.page.locator("#canvas").hover(position={"x": 700, "y": 100})
    fresh.page.mouse.wheel(0, -300)
    fresh.rest()
    zoomed = fresh.tell("shown.line.to - shown.line.from")
    assert zoomed < whole
    fresh.page.focus("#timeline")
    fresh.page.keyboard.press("+")
    assert fresh.tell("shown.line.to - shown.line.from") == pytest.approx(zoomed / 2)
    before = fresh.tell("shown.line.from")
    fresh.page.keyboard.press("ArrowRight")
    assert fresh.tell("shown.line.from") > before
    fresh.page.keyboard.press("0")
    assert fresh.tell("[shown.line.from, shown.line.to]") == [0, whole]


def test_a_search_finds_the_tasks_that_the_run_has(fresh, results):
    graph, spans = results[0].graph, results[0].spans()
    wanted = [
        number for number in spans.task.tolist()
        if graph.timestep[number] == 2 and graph.action_names[graph.action[number]].startswith("convert")
        and graph.layer_names[graph.layer[number]] == "fc2"
    ]  # fmt: skip
    assert wanted
    fresh.page.fill("#search", "convert fc2 t=2")
    fresh.page.press("#search", "Enter")
    assert fresh.page.inner_text("#matches") == f"1 of {len(wanted)}"
    found = fresh.tell("shown.line.matches.map((i) => shown.line.told.task[i])")
    assert sorted(found) == sorted(wanted)
    said = fresh.page.inner_text("#chosen")
    assert "timestep 2" in said
    assert f"task {found[0]}" in said


def test_a_chosen_task_says_what_it_waited_for(fresh, results):
    from archsim.metrics import waits

    result = results[0]
    found = waits(result.graph, result.trace)
    with_span = set(result.spans().task.tolist())
    longest = found.wait_ps.argsort()[::-1].tolist()
    task = next(t for t in longest if t in with_span and found.holder[t] in with_span)
    fresh.page.fill("#search", f"#{task}")
    fresh.page.press("#search", "Enter")
    said = fresh.page.inner_text("#chosen").replace("\u00a0", " ")
    assert result.graph.resource_names[found.resource[task]] in said
    assert f"behind task {found.holder[task]}," in said
    fresh.page.focus("#timeline")
    fresh.page.keyboard.press("c")
    assert f"(task {found.holder[task]})" in fresh.page.inner_text("#chosen")


def test_the_critical_path_can_be_walked_and_is_as_long_as_the_run(fresh, results):
    assert fresh.tell("shown.line.path.length.reduce((a, b) => a + b, 0)") == results[0].latency_ps
    fresh.page.focus("#timeline")
    fresh.page.keyboard.press("]")
    assert "on the path" in fresh.page.inner_text("#chosen")


def test_parts_can_be_clicked_down_to_what_they_consist_of(fresh, results):
    fresh.page.select_option("#by", "component")
    fresh.page.click("#parts button:has-text('adc')")
    values = fresh.tell("shown.parts.lines().map((line) => line.value)")
    assert sum(values) == results[0].breakdown("component")["adc"]["energy_pj"]
    fresh.page.select_option("#by", "layer")
    fresh.page.click("#parts button:has-text('fc1')")
    assert 0 < fresh.tell("shown.parts.lines().reduce((sum, line) => sum + line.value, 0)") < sum(values)
    fresh.page.click("#crumbs button:has-text('all')")
    assert fresh.tell("shown.parts.chosen.length") == 0


def test_what_is_under_the_pointer_is_said(fresh):
    spot = fresh.tell(
        "() => { const line = shown.line; line.scroll(-1e6);"
        " const row = line.rows.find((one) => one.type === 'lane');"
        " const i = shown.run.timeline.lane_ptr[row.lane]; line.view(line.columns.start[i], "
        "line.columns.start[i] + 2 * line.columns.length[i]);"
        " return { x: line.left + 0.2 * (line.width - line.left), y: 50 + row.y + 9 } }"
    )
    fresh.rest()
    fresh.page.locator("#canvas").hover(position=spot)
    assert "resource" in fresh.page.inner_text("#tip")


def test_the_table_stands_for_the_picture(fresh, results):
    fresh.page.click("#as-table > summary")
    fresh.page.wait_for_selector("#task-table table")
    assert f"of {results[0].spans().n_spans} tasks in view" in fresh.page.inner_text("#task-table")
    fresh.page.click("#as-table > summary")


def test_other_runs_and_colours_are_a_click_away(fresh, results):
    light = fresh.tell("getComputedStyle(document.body).backgroundColor")
    fresh.page.select_option("#theme", "dark")
    assert fresh.tell("getComputedStyle(document.body).backgroundColor") != light
    fresh.page.select_option("#theme", "light")
    fresh.page.click("#tab-1")
    fresh.page.wait_for_selector("body[data-ready='1']")
    assert fresh.tell("shown.run.record.totals.energy_pj") == results[1].energy_pj


def test_hostile_names_are_text_and_run_nothing(chromium, named, tmp_path):
    names = [
        "<script>window.broken=1</script>", "</script><img src=x onerror='window.broken=1'>", 'a\n"b"🧠',
        "x" * 500,
    ]  # fmt: skip
    file = tmp_path / "report.html"
    file.write_text(html_report([named(name) for name in names], names), encoding="utf-8")
    opened = Opened(chromium, file)
    for number, name in enumerate(names):
        opened.page.click(f"#tab-{number}")
        opened.page.wait_for_selector(f"body[data-ready='{number}']")
        opened.tell("() => shown.line.show(0)")
        assert name in opened.tell("byId('chosen').textContent")
        assert name in opened.tell("byId('parts').textContent")
        assert name in opened.tell(f"document.querySelector('#tab-{number}').textContent")
    assert opened.tell("window.broken") is None
    assert opened.tell("document.images.length") == 0
    assert opened.tell("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.said == []
    assert len(opened.asked) == 1


def test_what_is_printed_is_drawn_before_the_printer_looks_and_on_white(fresh):
    fresh.page.select_option("#theme", "dark")
    corner = fresh.tell(
        "() => { dispatchEvent(new Event('beforeprint'));"
        " const { width, height } = shown.line.canvas;"
        " return [...shown.line.context.getImageData(width - 3, height - 3, 1, 1).data] }"
    )
    assert corner == [255, 255, 255, 255]
    fresh.tell("dispatchEvent(new Event('afterprint'))")
    assert fresh.tell("document.documentElement.dataset.theme") == "dark"
    fresh.page.select_option("#theme", "light")
