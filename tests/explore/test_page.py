"""The page of a study: its figures, its front, its commands; in a headless Chromium, what moves."""

from __future__ import annotations

import json
import re
import shlex

import numpy as np
import pytest
from chromium_support import Opened, complaints
from explore_support import HerePool, write_study
from html_report import made_study  # a script in benchmarks/
from looks_support import WATCH, errors
from scipy.stats import spearmanr
from typer.testing import CliRunner

from archsim.cli.app import app
from archsim.explore import Explored, run, sweep
from archsim.explore.correlation import correlations
from archsim.explore.kept import keep_runs
from archsim.explore.page import study_page
from archsim.explore.results import export, knee

SPACE = """phase: [bp, dfa]
chip.device.read_pulse: [10 ns, 20 ns]
array:
  options:
    "shared": [chip.adc.columns_per_adc=64]
    "own": [chip.adc.columns_per_adc=8]
"""
AIMS = "{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}"


def study_file(folder):
    path = write_study(folder, "phase: [bp, dfa]", objectives=AIMS)
    space = "".join(f"  {line}\n" for line in SPACE.splitlines())
    text = path.read_text().replace("phase: inference\n", "").replace("  phase: [bp, dfa]\n", space)
    path.write_text(text.replace("timesteps=4", "timesteps=2"))
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "pool_of", lambda *_: HerePool())
        return sweep(study_file(folder), folder / "out")


@pytest.fixture(scope="module")
def made(found):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archsim.plot.pipeline", lambda *_, **__: None)  # its picture takes longer than all the rest
        keep_runs(found, found.folder)
    export(found, found.folder)
    (found.folder / "report.html").write_text(study_page(found, found.folder), encoding="utf-8")
    return found.folder / "report.html"


def data_of(page):
    return json.loads(re.search(r'id="study-data">(.*?)</script>', page.read_text(), re.DOTALL)[1])


def test_correlations_are_those_of_another_library():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, 60).astype(float), rng.normal(size=60)
    other[::7] = np.nan
    known = ~np.isnan(other)
    rank = spearmanr(one[known], other[known]).statistic
    given = correlations({"one": one, "same": np.ones(60)}, {"other": other, "few": np.full(60, np.nan)})
    assert given == {"one": {"other": pytest.approx(rank, abs=1e-6)}, "same": {}}


def test_its_columns_are_the_records(found, made):
    data = data_of(made)
    for i, record in enumerate(found.records):
        values = {p["name"]: p["texts"][p["codes"][i]] for p in data["parameters"] if p["codes"][i] >= 0}
        assert values == {name: str(value) for name, value in record["parameters"].items()}
        assert {m["name"]: m["values"][i] for m in data["metrics"]} == record["metrics"]
    pulse = next(p for p in data["parameters"] if p["name"] == "chip.device.read_pulse")
    assert (pulse["numbers"], pulse["unit"]) == ([10.0, 20.0], "ns")


def test_the_knee_and_the_best_have_pages_that_a_click_leads_to(found, made):
    data = data_of(made)
    assert str(found.records.index(knee(found))) in data["runs"]
    assert all((made.parent / place).is_file() for place in data["runs"].values())
    refused = CliRunner().invoke(app, ["report", str((made.parent / data["runs"].popitem()[1]).parent), "--runs"])
    assert refused.exit_code == 2
    assert "--runs is for the folder of a study" in refused.stderr


@pytest.fixture(scope="module")
def opened(chromium, made):
    return Opened(chromium, made, script=WATCH)


def test_a_command_of_the_page_gives_the_figures_of_its_configuration(opened, found, monkeypatch):
    number = next(i for i, r in enumerate(found.records) if r["parameters"]["array"] == "own")
    command = shlex.split(opened.tell(f"study.command({number})"))
    assert command[:2] == ["archsim", "run"]
    monkeypatch.chdir(found.folder)
    said = CliRunner().invoke(app, [*command[1 : command.index("-o")], "--json"])
    assert said.exit_code == 0, said.output
    (result,) = json.loads(said.stdout)["results"].values()
    record = found.records[number]
    assert {name: result["totals"][name] for name in record["metrics"] if name in result["totals"]}.items() <= (
        record["metrics"].items()
    )
    assert result["phase"] == record["phase"]


def test_the_front_and_its_knee_are_those_of_the_study_and_of_other_aims(opened, found):
    keys = [record["key"] for record in found.records]
    assert {keys[i] for i in opened.tell("study.front")} == {record["key"] for record in found.front}
    assert keys[opened.tell("study.knee")] == knee(found)["key"]
    opened.page.click("summary:has-text('What the front')")
    opened.page.locator("#aims label", has_text="area").locator("select").select_option("maximize")
    opened.page.locator("#aims label", has_text="energy").locator("select").select_option("")
    figures = np.array([[r["metrics"]["latency_ps"], -r["metrics"]["area_um2"]] for r in found.records])
    beaten = [((figures <= one).all(1) & (figures < one).any(1)).any() for one in figures]
    assert sorted(opened.tell("study.front")) == np.flatnonzero(~np.array(beaten)).tolist()
    opened.page.reload()
    opened.page.wait_for_selector("body[data-ready]")


def test_filters_and_brushes_keep_what_fits_in_all_pictures(opened, found):
    pulses = [r["parameters"]["chip.device.read_pulse"] == "20 ns" for r in found.records]
    opened.page.fill("input[aria-label^='filter device.read_pulse']", "> 15")
    opened.until("study.kept.some((one) => !one)")
    assert opened.tell("[...study.kept]") == [int(one) for one in pulses]
    assert opened.tell("study.parallel.shown.length") == sum(pulses)
    assert f"of {sum(pulses)}, {len(pulses)} in all" in opened.page.inner_text("#rows-said")
    # along the axis of the phase, its lower half
    opened.page.locator("#parallel").scroll_into_view_if_needed()
    box = opened.page.locator("#parallel").bounding_box()
    x = box["x"] + 70  # where the first axis stands
    opened.page.mouse.move(x, box["y"] + 395)
    opened.page.mouse.down()
    opened.page.mouse.move(x, box["y"] + 300, steps=4)
    opened.page.mouse.up()
    opened.until("study.brushes.size > 0")
    first = opened.tell("study.parameters[0].texts[0]")
    wanted = [int(p and r["parameters"]["phase"] == first) for p, r in zip(pulses, found.records, strict=True)]
    assert opened.tell("[...study.kept]") == wanted
    opened.page.click("#no-brush")
    opened.page.fill("input[aria-label^='filter latency']", "about")
    assert opened.page.get_attribute("input[aria-label^='filter latency']", "aria-invalid") == "true"
    opened.page.click("#no-filters")
    assert opened.tell("study.kept.every((one) => one)")


def test_the_table_is_ordered_and_a_row_tells_everything(opened, found):
    opened.page.click("#configurations button:has-text('energy')")
    assert opened.page.get_attribute("th[data-column='energy_pj']", "aria-sort") == "ascending"
    least = min(range(len(found.records)), key=lambda i: found.records[i]["metrics"]["energy_pj"])
    opened.page.click("#configurations-body button >> nth=0")
    said = opened.page.inner_text("#chosen")
    assert f"no. {least + 1}" in said
    assert f"--seed 0 -o runs/{found.records[least]['key'][:12]}" in said
    hrefs = opened.tell("[...document.querySelectorAll('#chosen a')].map((a) => a.getAttribute('href'))")
    assert all((found.folder / href).is_file() for href in hrefs)
    assert len(hrefs) == 2  # the run with the least energy was kept, and is on the front


def test_under_the_pointer_is_the_whole_configuration_and_a_click_chooses_it(opened, found):
    opened.page.locator("#scatter").scroll_into_view_if_needed()
    box = opened.page.locator("#scatter").bounding_box()
    number = opened.tell("study.scatter.ordered.at(-1)")
    x, y = opened.tell(f"study.scatter.chart.convertToPixel({{seriesIndex: 0}}, study.scatter.spot({number}))")
    opened.page.mouse.move(box["x"] + x - 30, box["y"] + y - 30)
    opened.page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    opened.page.wait_for_selector("#tip:visible")
    said = opened.page.inner_text("#tip")
    assert all(name.removeprefix("chip.") in said for name in found.study.parameters)
    opened.page.mouse.click(box["x"] + x, box["y"] + y)
    assert opened.tell("study.chosen") is not None


def test_of_thousands_each_is_under_the_pointer_too(chromium, tmp_path):
    """Many points of one colour are one path of the canvas."""
    many = made_study(1200, tmp_path)
    (tmp_path / "page.html").write_text(study_page(many, tmp_path))
    opened = Opened(chromium, tmp_path / "page.html")
    assert opened.tell("study.scatter.points().every((one) => one.large && one.data.length > 300)")
    far = "study.scatter.ordered.reduce((a, b) => (study.x.values[a] > study.x.values[b] ? a : b))"
    number = opened.tell(far)
    x, y = opened.tell(f"study.scatter.chart.convertToPixel({{seriesIndex: 0}}, study.scatter.spot({number}))")
    box = opened.page.locator("#scatter").bounding_box()
    opened.page.mouse.move(box["x"] + x - 30, box["y"] + y - 30)
    opened.page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    opened.page.wait_for_selector("#tip:visible")
    assert opened.page.inner_text("#tip").startswith(f"no. {number + 1}\n")
    opened.page.mouse.click(box["x"] + x, box["y"] + y)
    assert opened.tell("study.chosen") == number
    assert opened.said == []


def test_each_rule_has_its_own_colour_and_sign(opened):
    assert opened.tell("Object.values(study.data.rules)") == [
        {"title": "BP", "colour": "#D55E00"},
        {"title": "DFA", "colour": "#0072B2"},
    ]
    opened.page.select_option("#colour", "energy_pj")
    assert opened.page.locator("#legend .sign").count() == 2
    opened.page.select_option("#size", "area_um2")
    sizes = opened.tell("study.data.key.map((_, i) => sizing(study)(i))")
    area = opened.tell("study.byName.get('area_um2').values")
    assert np.argsort(sizes).tolist() == np.argsort(area).tolist()


def test_it_asks_for_nothing_says_nothing_and_can_be_used_without_sight(opened, made):
    assert errors(opened, "study.draw(); study.parallel.draw();") == []
    for scheme, width in (("light", 1280), ("dark", 800)):
        opened.page.emulate_media(color_scheme=scheme)
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.rest()
        assert complaints(opened.page) == []
        assert opened.tell("document.documentElement.scrollWidth <= innerWidth")
    assert opened.said == []
    assert all(url == made.as_uri() for url in opened.asked)


def test_names_in_a_study_are_text(found, chromium, tmp_path):
    evil = "<img src=x onerror='window.broken=1'></script><script>window.broken=1</script>"
    record = {**found.records[0], "error": evil, "state": "failed", "metrics": {}}
    file = tmp_path / "page.html"
    file.write_text(study_page(Explored(found.study, found.folder, [*found.records[1:], record], 0), tmp_path))
    page = Opened(chromium, file)
    page.tell("study.pick(study.n - 1)")
    assert evil in page.page.inner_text("#chosen")
    assert page.tell("[window.broken === undefined, document.images.length]") == [True, 0]
    assert page.said == []
