"""Pages of 3, 60 and 3,000 lanes, at three widths, light and dark: no text lies on another, nothing is cut."""

from __future__ import annotations

import pytest
from chromium_support import Opened, complaints
from looks_support import WATCH, errors

import archsim
from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.metrics import Result
from archsim.report import html_report
from archsim.taskgraph import TaskGraphBuilder


def made_up(n_tiles: int, per_tile: int) -> Result:
    """A mesh of tiles with converters and shift-and-adders, buffer space, and links of which some are busier."""
    b = TaskGraphBuilder()
    part = ("adc", "shift_add", "crossbar")
    units = [
        (tile, b.resource(f"tile[{tile}].pe[{k // 8}].crossbar[{k % 8 // 2}].{part[k % 3]}", 1 + 3 * (k % 5 == 4)))
        for tile in range(n_tiles) for k in range(per_tile)
    ]  # fmt: skip
    links = [b.resource(f"link[{tile} to {tile + 1}]") for tile in range(n_tiles - 1) if (tile + 1) % 8]
    space = b.resource("global_buffer.space", 64)
    for i in range(2 * len(units) + 60):
        tile, unit = units[i % len(units)]
        claim = [(space, 1)] if i % 9 == 0 else []
        done = b.task(
            action="convert@5b", count=8, uses=[(unit, 1)], reserves=claim, frees=claim,
            occupancy_ps=500 + 97 * i % 4000, layer=f"convolution{tile % 5}", stage="forward",
            timestep=i // len(units), sample=0,
        )  # fmt: skip
        if links:
            b.task(
                action="transfer", count=2, uses=[(links[i * i % len(links)], 1)], occupancy_ps=300 + i % 700,
                after=[done], layer=f"convolution{tile % 5}", stage="forward", timestep=0, sample=0,
            )  # fmt: skip
    graph = b.build()
    prices = {"convert@5b": Action("convert@5b", (Charge("adc", 0.4),)),
              "transfer": Action("transfer", (Charge("interconnect", 0.1),))}  # fmt: skip
    prices = {name: prices[name] for name in graph.action_names}
    items = (AreaItem("adc", "tile", n_tiles, 1e4, 3.0, "an example", "", 1),)
    chip = {"chip": {"interconnect": {"kind": "mesh"}}, "seed": 0}
    trace = run_tasks(graph, engine="heap")
    return Result.of(graph, trace, prices, items, {}, 0, 1, "inference", f"{n_tiles} tiles", chip)


@pytest.fixture(scope="module")
def learning(root_dir) -> Result:
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=4", "samples=1", "batch=1"])
    return archsim.simulate(chip, work, engine="heap", phase="dfa")


@pytest.mark.parametrize("lanes", ["3", "60", "3000"])
def test_no_text_lies_on_another_and_nothing_is_cut(lanes, chromium, request, tmp_path):
    results = {"3": lambda: made_up(1, 3), "3000": lambda: made_up(60, 50)}
    result = results[lanes]() if lanes in results else request.getfixturevalue("learning")
    file = tmp_path / "report.html"
    file.write_text(html_report([result]), encoding="utf-8")
    opened = Opened(chromium, file, script=WATCH)
    redraw = "shown.line.resize(); MINIMAP.draw();"
    assert errors(opened, redraw) == []
    # with a task chosen, and unfolded as far as that needs
    opened.tell("() => shown.line.show(shown.line.columns.start.length >> 1)")
    opened.tell("() => shown.line.select(shown.line.from, shown.line.to)")
    assert errors(opened, redraw, [800]) == []
    if lanes != "3000":  # the same elements, in more rows
        assert complaints(opened.page) == []
        opened.page.emulate_media(color_scheme="light")
        opened.rest()
        assert complaints(opened.page) == []
    assert opened.said == []
    assert len(opened.asked) == 1
    opened.page.close()


BAD = """<!doctype html><html lang="en"><body data-ready><p>one</p><p style="margin-top:-34px">two</p>
<div style="width:40px;overflow:hidden;white-space:nowrap">a long name</div>
<div style="position:absolute;left:4000px">far away</div>
<svg width="60" height="30"><g><rect width="20" height="20"/><text y="15">wide</text></g>
<text x="50" y="15">cut</text></svg>
<canvas id="c" width="200" height="50"></canvas><script>
const draw = () => { const c = document.getElementById("c").getContext("2d");
c.fillText("first", 5, 20); c.fillText("second", 9, 20); c.fillText("third", 190, 40); };
</script></body></html>"""


def test_what_is_wrong_is_found(chromium, tmp_path):
    file = tmp_path / "bad.html"
    file.write_text(BAD)
    opened = Opened(chromium, file, script=WATCH)
    found = {one.split(": ", 1)[1] for one in errors(opened, "draw();")}
    assert found == {
        'page: "one" and "two" overlap', 'cut: "a long name"', 'outside the page: "far away"',
        'wider than its box: "wide"', 'cut by its picture: "cut"', 'canvas: "first" and "second" overlap',
        'cut by its canvas: "third"',
    }  # fmt: skip
    opened.page.close()
