"""The page of a run in a headless Chromium."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from chromium_support import Opened

import archsim
from archsim.report import html_report

MOVE = {
    "move": "adc", "title": "<b>half the columns per ADC</b>", "set": ["adc.columns_per_adc=32", "tile={pes: 2}"],
    "delta_latency_frac": -0.25, "delta_energy_frac": 0.0, "delta_area_frac": 0.125, "delta_peak_power_frac": None,
    "figures": {}, "over_budget": ["area<2mm2"], "notes": ["cited for one"],
    "accuracy": {"why": "rounded otherwise", "value": 0.9, "change": -0.0125},
}  # fmt: skip
ADVICE = {
    "advice": [MOVE], "advice_pairs": [{**MOVE, "delta_latency_frac": -0.5, "accuracy": None}],
    "advice_accuracy": {"value": 0.9125, "rule": "dfa", "when": "after"}, "advice_goal": "latency",
    "advice_budgets": ["area<2mm2"], "advice_idle": [], "advice_refused": [],
    "advice_untried": {"buffers": "there are none"},
}  # fmt: skip


@pytest.fixture(scope="module")
def results(root_dir):
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=4", "samples=1", "batch=1"])
    inference, dfa = (archsim.simulate(chip, work, engine="heap", phase=phase) for phase in ("inference", "dfa"))
    return [inference, replace(dfa, advice=ADVICE)]


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
    opened.tell(
        "() => { const line = shown.line; line.view(0, line.end); pick(line, null); search(line, '');"
        " line.select(0, 0); line.sort('chip'); line.groups.some((one) => one.folded) && line.foldAll() }"
    )
    yield opened
    assert opened.said == []


def test_more_than_sixty_lanes_open_folded(opened):
    timeline = "shown.run.timeline"
    assert opened.tell(f"{timeline}.lane_resource.length + {timeline}.levels.resource.length") > 60
    assert opened.tell("shown.line.rows.map((row) => row.type)") == ["group"] * 2
    assert opened.page.inner_text("#fold") == "unfold all"
    opened.page.click("#fold")
    assert opened.tell("shown.line.rows.length") > 60


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
    for by in ("component", "layer", "stage", "action"):
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
        " const i = shown.run.timeline.lane_ptr[row.lanes[0]]; line.view(line.columns.start[i], "
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


def test_states_of_a_lane_are_what_the_next_task_did_meanwhile_and_fill_the_run(fresh, results):
    """By hand, from the run itself: a gap before a task is waiting as long as it was ready, else starving."""
    from archsim.metrics import CAUSES, waits

    result = results[0]
    spans, found = result.spans(), waits(result.graph, result.trace)
    wanted = np.zeros((spans.n_lanes, 5))
    free = np.zeros(spans.n_lanes, np.int64)
    for i in range(spans.n_spans):
        lane, task = spans.lane[i], spans.task[i]
        gap = max(0, spans.start_ps[i] - free[lane])
        waited = min(gap, found.wait_ps[task])
        wanted[lane] += [spans.end_ps[i] - spans.start_ps[i], 0, 0, gap - waited, 0]
        wanted[lane, 1 if CAUSES[found.cause[task]] == "space" else 2] += waited
        free[lane] = spans.end_ps[i]
    wanted[:, 4] = result.latency_ps - free
    states = np.array(fresh.tell("[...shown.line.states]")).reshape(-1, 5)
    assert states.tolist() == wanted.tolist()
    assert states.sum(axis=1).tolist() == [result.latency_ps] * spans.n_lanes
    fresh.page.select_option("#order", "busy")
    names = fresh.tell("shown.line.rows.map((row) => row.name)")
    use = result.utilisation()
    assert use[names[0]] == max(use.values())
    assert "working" in fresh.tell("laneFacts(shown.line, shown.line.rows[0]).facts[0][0]")


def test_the_sums_of_a_range_are_those_of_the_books(fresh, results):
    result = results[0]
    fresh.page.focus("#timeline")
    fresh.page.keyboard.press("r")
    for by in ("component", "layer"):
        sums = dict(fresh.tell(f"[...shown.line.sums.over(0, shown.line.end).{by}]"))
        parts = result.breakdown(by)
        assert {k: v["energy"] for k, v in sums.items() if v["energy"]} == pytest.approx(
            {k: v["energy_pj"] for k, v in parts.items() if v["energy_pj"]}, rel=1e-9
        )
        assert {k: v["busy"] for k, v in sums.items() if v["busy"]} == pytest.approx(
            {k: v["busy_ps"] for k, v in parts.items() if v["busy_ps"]}, rel=1e-9
        )
        waited = sum(value["wait"] for value in sums.values())
        assert waited == (result.trace.start_ps - result.trace.ready_ps).sum()
    part = "shown.line.sums.over({} * shown.line.end, {} * shown.line.end).layer.get('fc2').energy"
    halves = [fresh.tell(part.format(*ends)) for ends in ((0, 0.4), (0.4, 1))]
    assert sum(halves) == pytest.approx(result.breakdown("layer")["fc2"]["energy_pj"])
    box = fresh.page.locator("#canvas").bounding_box()
    fresh.page.keyboard.down("Shift")
    fresh.page.mouse.move(box["x"] + 600, box["y"] + 90)
    fresh.page.mouse.down()
    fresh.page.mouse.move(box["x"] + 800, box["y"] + 90, steps=3)
    fresh.page.mouse.up()
    fresh.page.keyboard.up("Shift")
    assert "nJ" in fresh.page.inner_text("#range h3")


def test_arrows_lead_to_what_a_task_needs_and_to_who_needs_it(fresh, results):
    graph = results[0].graph
    after = [graph.after_idx[graph.after_ptr[t] : graph.after_ptr[t + 1]].tolist() for t in range(graph.n_tasks)]
    assert fresh.tell(f"Array.from({{length: {graph.n_tasks}}}, (_, t) => shown.line.edges.before(t))") == after
    back = [[] for _ in range(graph.n_tasks)]
    for task, before in enumerate(after):
        for other in before:
            back[other].append(task)
    made = f"Array.from({{length: {graph.n_tasks}}}, (_, t) => [...shown.line.edges.after(t)])"
    assert fresh.tell(made) == back
    fresh.page.fill("#search", "layer=fc2 t=2 action=convert")
    fresh.page.press("#search", "Enter")
    task = fresh.tell("shown.line.taskOf(shown.line.chosen)")
    buttons = fresh.page.locator("#chosen dd.items button").all_inner_texts()
    assert any(f"(#{other})" in text for text in buttons for other in after[task])
    fresh.page.click("#chosen dd.items button >> nth=0")
    assert fresh.tell("shown.line.taskOf(shown.line.chosen)") in after[task]


def test_fields_are_searched_and_what_is_none_is_told(fresh, results):
    graph, spans = results[0].graph, results[0].spans()
    layer = [graph.layer_names[k] for k in graph.layer]
    wanted = [t for t in spans.task.tolist() if layer[t] == "out" and 1 <= graph.timestep[t] <= 2]
    fresh.page.fill("#search", "layer=out t=1..2")
    fresh.page.press("#search", "Enter")
    assert sorted(fresh.tell("shown.line.matches.map((i) => shown.line.told.task[i])")) == sorted(wanted)
    row = fresh.tell(
        "(() => { const box = shown.line.boxOf(shown.line.chosen); return [box.y, shown.line.tall] })()"
    )
    assert 50 <= row[0] < row[1]
    fresh.page.fill("#search", "tile=0 pe=1 action=convert wait>0")
    fresh.page.press("#search", "Enter")
    names = fresh.tell(
        "shown.line.matches.map((i) => shown.run.timeline.resources["
        "shown.run.timeline.lane_resource[shown.line.laneOf(i)]].name)"
    )
    assert all(name.startswith("tile[0].pe[1].") for name in names)
    wrong = {"colour=red": "no field colour", "t=soon": "t takes a number", "layer>3": "no field layer for >"}
    for text, said in wrong.items():
        fresh.page.fill("#search", text)
        fresh.page.press("#search", "Enter")
        assert said in fresh.page.inner_text("#matches")


def test_the_network_the_activity_and_the_reasons_are_told(fresh, results):
    record = results[0].to_dict()
    boxes = fresh.page.locator("#network svg g:has(rect)").all_inner_texts()
    said = fresh.tell("[...document.querySelectorAll('#network svg title')].map((one) => one.textContent)")
    assert len(boxes) == len(record["activity"])
    assert said[1].split("\n")[:2] == ["fc1", "dense 128"]
    assert "on tile" in said[1]
    assert fresh.page.locator("#network path.edge").count() == len(boxes) - 1
    assert fresh.page.locator("#activity tbody tr").count() == len(record["activity"])
    assert fresh.page.locator("#raster .one-raster").count() == len(results[0].activity.raster)
    first = fresh.tell("shown.run.why.critical_path.component")
    assert sum(first.values()) == results[0].latency_ps
    assert fresh.page.locator("#whatif tbody tr").count() == 15
    split = fresh.page.locator("#summary tbody tr").first.inner_text()
    dynamic = record["totals"]["dynamic_energy_pj"] / record["totals"]["energy_pj"]
    assert f"({100 * dynamic:.3g} %)" in split


def test_the_minimap_moves_what_is_in_view(fresh):
    fresh.tell("shown.line.view(0, shown.line.end / 10)")
    box = fresh.page.locator("#minimap").bounding_box()
    left = fresh.tell("shown.line.left")
    fresh.page.mouse.click(box["x"] + (left + box["width"]) / 2, box["y"] + 10)
    middle = fresh.tell("(shown.line.from + shown.line.to) / 2 / shown.line.end")
    assert middle == pytest.approx(0.5, abs=0.01)
    assert 0 < max(fresh.tell("[...shown.line.work]")) <= 1


def test_advice_that_was_asked_stands_in_the_page(fresh):
    assert "archsim advise" in fresh.page.inner_text("#advice")
    fresh.page.click("#tab-1")
    fresh.until("shown.run.record.phase === 'dfa' && document.body.dataset.ready === '1'")
    texts = fresh.page.locator("#advice tbody tr").all_inner_texts()
    rows = [text.replace("\u00a0", " ").split("\t") for text in texts]
    assert rows[1][5] == "same"
    assert rows[0][:6] == [MOVE["title"], "−25 %", "0 %", "+12.5 %", "–", "−1.25 points"]
    assert rows[0][6] == "area<2mm2"
    assert rows[0][7] == "--set adc.columns_per_adc=32 --set 'tile={pes: 2}'"
    assert rows[1][1] == "−50 %"
    notes = fresh.page.locator("#advice li").all_inner_texts()
    assert notes == [
        "accuracy of the design as it is: 91.3\u00a0%, after adapting on the chip by dfa; one seed",
        f"{MOVE['title']}: cited for one",
        f"{MOVE['title']}: rounded otherwise",
        "not tried: buffers: there are none",
    ]
    assert "the best for latency within area<2mm2 first" in fresh.page.inner_text("#advice")
