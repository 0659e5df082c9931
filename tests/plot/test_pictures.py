"""Pictures are drawn from the right data; how they look, eyes must judge."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.mapping import map_workload
from archsim.metrics import Result
from archsim.plot import (
    breakdown,
    component_style,
    floor_plan,
    latency,
    layer_colours,
    pipeline,
    power,
    scale_of,
    stage_colours,
    utilisation,
)
from archsim.plot.breakdown import largest_parts
from archsim.plot.lanes import lanes_of
from archsim.plot.pipeline import _image
from archsim.registry import INTERCONNECTS
from archsim.taskgraph import TaskGraphBuilder

PNG = b"\x89PNG\r\n\x1a\n"


def run(n_adcs: int = 1, n_tasks: int = 4, tiles: int = 2, layers: int | None = None) -> Result:
    """Tasks of 1 ns and 4 pJ, one after the other on each ADC; one layer for each ADC, or `layers`."""
    b = TaskGraphBuilder()
    adcs = [b.resource(f"tile[{i % tiles}].pe[0].crossbar[{i}].adc") for i in range(n_adcs)]
    for timestep in range(n_tasks):
        for i, adc in enumerate(adcs):
            b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=1000 + i,
                   layer=f"l{i % (layers or n_adcs)}", timestep=timestep, sample=0, stage="forward")  # fmt: skip
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "chip/net", {})


def learning_run() -> Result:
    """Ten timesteps forward, ten back, then an update of 20 ns, on one crossbar; the loss is taken on the way."""
    b = TaskGraphBuilder()
    crossbar, unit = b.resource("tile[0].pe[0].crossbar[0]"), b.resource("tile[0].gradient_unit")
    for stage in ("forward", "backward"):
        for timestep in range(10):
            b.task(action="read", uses=[(crossbar, 1)], occupancy_ps=1000, layer="l0", timestep=timestep,
                   sample=0, stage=stage)  # fmt: skip
    b.task(action="error", uses=[(unit, 1)], occupancy_ps=1000, layer="l0", timestep=0, sample=0, stage="backward")
    b.task(action="write", uses=[(crossbar, 1)], occupancy_ps=20_000, layer="l0", stage="update")
    graph = b.build()
    prices = {name: Action(name, (Charge("crossbar", 0.5),)) for name in ("read", "error", "write")}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "bp", "chip/net", {})


def test_every_span_of_the_run_is_in_the_pipeline(tmp_path: Path) -> None:
    result = run(n_adcs=3)
    lanes = pipeline(result, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(PNG)
    assert sorted(name for lane in lanes.lanes for name in lane.resources) == sorted(result.graph.resource_names)
    assert int((lanes.end_ps - lanes.start_ps).sum()) == result.busy_ps
    drawn = {
        (lanes.lanes[lane].resources[0], start)
        for lane, start in zip(lanes.lane, lanes.start_ps.tolist(), strict=True)
    }
    graph = result.graph
    assert drawn == {
        (graph.resource_names[graph.uses_resource[t]], int(result.trace.start_ps[t])) for t in range(graph.n_tasks)
    }


def test_lanes_are_grouped_by_tile(tmp_path: Path) -> None:
    assert [lane.tile for lane in pipeline(run(n_adcs=5), tmp_path / "p.png").lanes] == [0, 0, 0, 1, 1]


def test_arrays_of_a_pe_that_work_for_the_same_layer_share_a_lane(tmp_path: Path) -> None:
    lanes = pipeline(run(n_adcs=8, layers=2), tmp_path / "p.png")
    # layer i % 2 sits on tile i % 2
    assert [(lane.tile, lane.label, lane.layers) for lane in lanes.lanes] == [
        (0, "pe[0] adc x4", ("l0",)),
        (1, "pe[0] adc x4", ("l1",)),
    ]
    assert lanes.n_shown == lanes.n_resources == 8


def test_only_the_busiest_sixty_lanes_are_drawn(tmp_path: Path) -> None:
    lanes = pipeline(run(n_adcs=70, n_tasks=1), tmp_path / "p.png")
    assert (lanes.n_resources, lanes.n_lanes, lanes.n_shown) == (70, 70, 60)
    # ADC i works 1000 + i ps: the first ten are the least busy
    shown = {int(lane.resources[0].split("[")[3].split("]")[0]) for lane in lanes.lanes}
    assert shown == set(range(10, 70))


def test_arrays_of_a_tile_share_a_lane_if_there_are_too_many_pes(tmp_path: Path) -> None:
    b = TaskGraphBuilder()
    for pe in range(70):
        adc = b.resource(f"tile[0].pe[{pe}].crossbar[0].adc")
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=1000, layer="l0", timestep=0, stage="forward")
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    result = Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "chip/net", {})
    lanes = pipeline(result, tmp_path / "p.png")
    assert [lane.label for lane in lanes.lanes] == ["adc x70"]


def test_the_detail_of_inference_ends_soon_after_the_third_timestep(tmp_path: Path) -> None:
    _, detail = pipeline(run(n_tasks=100), tmp_path / "p.png").windows
    assert (detail.start_ps, detail.end_ps) == (0, int(1.2 * 3000))


def test_learning_has_a_detail_of_each_pass(tmp_path: Path) -> None:
    lanes = pipeline(learning_run(), tmp_path / "p.png")
    found = {window.title: (window.start_ps, window.end_ps) for window in lanes.windows}
    # the error taken at 0 ns is not yet the way back
    assert found == {
        "whole run": (0, 40_000),
        "start of forward": (0, 3600),
        "start of backward": (10_000, 13_600),
        "start of update": (20_000, 22_000),
    }


def test_a_pixel_has_a_colour_of_the_legend_mixed_with_white_only() -> None:
    lanes = lanes_of(learning_run())
    colours = ["#ff0000", "#0000ff", "#00ff00"]
    row = [lane.part for lane in lanes.lanes].index("crossbar")
    # four pixels of 10 ns; then one of 40 ns, half of it update
    image = _image(lanes, np.linspace(0, 40_000, 5), lanes.task_stage, colours)[row]
    assert image.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]]
    image = _image(lanes, np.linspace(0, 40_000, 2), lanes.task_stage, colours)[row]
    assert image.tolist() == [[0, 1, 0]]
    # a lane at work a fortieth of the time has the palest tint, white where it rests
    unit = _image(lanes, np.array([0.0, 40_000.0, 80_000.0]), lanes.task_stage, colours)[1 - row]
    assert unit == pytest.approx(np.array([[0.7, 0.7, 1], [1, 1, 1]]))


def test_an_empty_run_can_be_drawn(tmp_path: Path) -> None:
    graph = TaskGraphBuilder().build()
    result = Result.of(graph, run_tasks(graph), {}, (), {}, 0, 1, "inference", "nothing", {})
    assert pipeline(result, tmp_path / "p.png").lanes == ()
    assert breakdown(result, tmp_path / "b.png") == {}
    assert power(result, tmp_path / "w.png").highest_uw.max() == 0


@pytest.mark.parametrize("draw", [pipeline, breakdown, power, utilisation, latency])
def test_a_saved_run_draws_the_same_picture(draw: Callable[[Result, Path], object], tmp_path: Path) -> None:
    result = learning_run()
    result.save(tmp_path)
    draw(result, tmp_path / "a.png")
    draw(archsim.load_result(tmp_path), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_parts_of_the_breakdown_sum_to_the_whole(tmp_path: Path) -> None:
    result = run(n_adcs=2)
    drawn = breakdown(result, tmp_path / "b.png")
    assert sum(part["energy_pj"] for part in drawn.values()) == result.energy_pj
    assert sum(part["busy_ps"] for part in drawn.values()) == result.busy_ps


def test_what_has_no_colour_is_summed_as_all_others() -> None:
    parts = {f"c{i}": {"energy_pj": float(i), "busy_ps": 0.0, "area_um2": 0.0} for i in range(1, 11)}
    drawn = largest_parts(parts)
    assert list(drawn) == ["c10", "c9", "c8", "c7", "c6", "c5", "c4", "all others"]
    assert drawn["all others"]["energy_pj"] == 1 + 2 + 3


def test_the_mean_power_drawn_holds_the_energy_of_the_run(tmp_path: Path) -> None:
    result = run(n_adcs=3, n_tasks=7)
    windows = power(result, tmp_path / "w.png")
    energy_pj = float(np.dot(windows.mean_uw, np.diff(windows.edges_ps))) * 1e-6
    assert energy_pj == pytest.approx(result.energy_pj, rel=1e-9)
    assert windows.highest_uw.max() == pytest.approx(result.peak_power_uw, rel=1e-9)
    assert (windows.highest_uw >= windows.mean_uw * (1 - 1e-9)).all()


@pytest.mark.parametrize("kind", sorted(INTERCONNECTS))
def test_the_floor_plan_has_every_crossbar_in_use_and_every_tile_at_its_place(
    tmp_path: Path, root_dir: Path, kind: str
) -> None:
    chip = archsim.load_chip(
        root_dir / "tests/chips/wearable_rram.yaml", [f"interconnect.kind={kind}", "tile.pes=1", "pe.crossbars=2"]
    )
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml")
    mapping = map_workload(chip, work, "bp")
    plan = floor_plan(mapping, tmp_path / "f.png")
    assert (tmp_path / "f.png").read_bytes().startswith(PNG)
    assert len(plan.crossbars) == mapping.n_crossbars
    assert {(b.tile, b.pe, b.crossbar): (b.layer, b.role) for b in mapping.blocks} == plan.crossbars
    assert len(set(plan.tile_places.values())) == mapping.n_tiles
    ends = {point for link in plan.links for point in link}
    assert set(plan.tile_places.values()) <= ends
    assert plan.global_buffer in ends
    assert plan.global_buffer not in plan.tile_places.values()


@pytest.mark.parametrize("tiles", ["uniform", "tailored"])
def test_the_floor_plan_of_tailored_tiles_shows_no_crossbar_that_is_not_in_use(
    tmp_path: Path, root_dir: Path, tiles: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["archsim.plot.floor_plan"]
    named: list[str] = []
    monkeypatch.setattr(module, "legend_of", lambda _fig, colours, *_others: named.extend(colours))
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml", [f"tiles={tiles}"])
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml")
    floor_plan(map_workload(chip, work, "inference"), tmp_path / "f.png")
    assert ("not in use" in named) is (tiles == "uniform")


def test_lines_of_a_mesh_join_neighbours(tmp_path: Path, root_dir: Path) -> None:
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml", ["tile.pes=1", "pe.crossbars=1"])
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml")
    plan = floor_plan(map_workload(chip, work, "inference"), tmp_path / "f.png")
    for (x0, y0), (x1, y1) in plan.links[1:]:
        assert abs(x0 - x1) + abs(y0 - y1) == 1


def test_layers_have_different_colours() -> None:
    for n in (1, 7, 8, 30):
        assert len(set(layer_colours([f"l{i}" for i in range(n)]).values())) == n


def test_every_component_of_a_chip_has_its_own_look(root_dir: Path) -> None:
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=1"])
    names = archsim.simulate(chip, work, phase="bp").breakdown("component")
    styles = [component_style(name) for name in names]
    assert len(names) > 15
    assert len(set(styles)) == len(styles)
    assert all(hatch != "...." for _, hatch in styles)


def test_forward_feedback_gradient_and_update_differ_in_colour() -> None:
    for way_back in ("backward", "feedback"):
        assert len(set(stage_colours(["forward", way_back, "gradient", "update", "?"]).values())) == 5


def test_an_axis_takes_the_largest_unit_that_fits() -> None:
    assert scale_of(0, "time") == (1.0, "ps")
    assert scale_of(999, "time") == (1.0, "ps")
    assert scale_of(1000, "time") == (1e3, "ns")
    assert scale_of(150_000.0, "area") == (1e6, "mm²")
