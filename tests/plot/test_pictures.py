"""Pictures are drawn from the right data; how they look, eyes must judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.errors import ArchsimError
from archsim.mapping import map_workload
from archsim.metrics import Result
from archsim.plot import Drawing, breakdown, floor_plan, layer_colours, pipeline, power, scale_of
from archsim.taskgraph import TaskGraphBuilder

PNG = b"\x89PNG\r\n\x1a\n"


def run(n_adcs: int = 1, n_tasks: int = 4) -> Result:
    """Tasks of 1 ns and 4 pJ, one after the other on each ADC, one layer for each ADC."""
    b = TaskGraphBuilder()
    adcs = [b.resource(f"tile[{i % 2}].pe[0].crossbar[{i}].adc") for i in range(n_adcs)]
    for timestep in range(n_tasks):
        for i, adc in enumerate(adcs):
            b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=1000 + i, layer=f"l{i}",
                   timestep=timestep, sample=0, phase="forward")  # fmt: skip
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "chip/net", {})


def test_every_span_of_the_run_is_in_the_pipeline(tmp_path: Path) -> None:
    result = run(n_adcs=3)
    lanes = pipeline(result, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(PNG)
    assert sorted(lanes.names) == sorted(result.graph.resource_names)
    assert int((lanes.end_ps - lanes.start_ps).sum()) == result.busy_ps
    drawn = {(lanes.names[lane], start) for lane, start in zip(lanes.lane, lanes.start_ps.tolist(), strict=True)}
    graph = result.graph
    assert drawn == {
        (graph.resource_names[graph.uses_resource[t]], int(result.trace.start_ps[t])) for t in range(graph.n_tasks)
    }


def test_lanes_are_grouped_by_tile(tmp_path: Path) -> None:
    names = pipeline(run(n_adcs=5), tmp_path / "p.png").names
    assert [name.split(".")[0] for name in names] == ["tile[0]"] * 3 + ["tile[1]"] * 2


def test_only_the_busiest_sixty_resources_get_a_lane(tmp_path: Path) -> None:
    lanes = pipeline(run(n_adcs=70, n_tasks=1), tmp_path / "p.png")
    assert lanes.n_resources == 70
    # ADC i works 1000 + i ps: the first ten are the least busy
    shown = {int(name.split("[")[3].split("]")[0]) for name in lanes.names}
    assert shown == set(range(10, 70))


def test_the_second_panel_ends_soon_after_the_third_timestep(tmp_path: Path) -> None:
    assert pipeline(run(n_tasks=100), tmp_path / "p.png").zoom_ps == int(1.2 * 3000)


def test_an_empty_run_can_be_drawn(tmp_path: Path) -> None:
    graph = TaskGraphBuilder().build()
    result = Result.of(graph, run_tasks(graph), {}, (), {}, 0, 1, "inference", "nothing", {})
    assert pipeline(result, tmp_path / "p.png").names == ()
    assert breakdown(result, tmp_path / "b.png") == {}
    assert power(result, tmp_path / "w.png").highest_uw.max() == 0


def test_a_saved_drawing_draws_the_same_picture(tmp_path: Path) -> None:
    result = run(n_adcs=2)
    Drawing.of(result).save(tmp_path / "spans.npz")
    pipeline(result, tmp_path / "a.png")
    pipeline(Drawing.load(tmp_path / "spans.npz"), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", PNG])
def test_damaged_spans_are_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spans.npz").write_bytes(content)
    with pytest.raises(ArchsimError, match="cannot be read as the spans of a result"):
        Drawing.load(tmp_path / "spans.npz")


def test_the_parts_of_the_breakdown_sum_to_the_whole(tmp_path: Path) -> None:
    result = run(n_adcs=2)
    drawn = breakdown(result, tmp_path / "b.png")
    assert sum(part["energy_pj"] for part in drawn.values()) == result.energy_pj
    assert sum(part["busy_ps"] for part in drawn.values()) == result.busy_ps


def test_what_has_no_colour_is_summed_as_all_others(tmp_path: Path) -> None:
    parts = {f"c{i}": {"energy_pj": float(i), "busy_ps": 0.0, "area_um2": 0.0} for i in range(1, 11)}
    drawing = Drawing.of(run())
    object.__setattr__(drawing, "parts", parts)
    drawn = breakdown(drawing, tmp_path / "b.png")
    assert list(drawn) == ["c10", "c9", "c8", "c7", "c6", "c5", "c4", "all others"]
    assert drawn["all others"]["energy_pj"] == 1 + 2 + 3


def test_the_mean_power_drawn_holds_the_energy_of_the_run(tmp_path: Path) -> None:
    result = run(n_adcs=3, n_tasks=7)
    windows = power(result, tmp_path / "w.png")
    energy_pj = float(np.dot(windows.mean_uw, np.diff(windows.edges_ps))) * 1e-6
    assert energy_pj == pytest.approx(result.energy_pj, rel=1e-9)
    assert windows.highest_uw.max() == pytest.approx(result.peak_power_uw, rel=1e-9)
    assert (windows.highest_uw >= windows.mean_uw * (1 - 1e-9)).all()


@pytest.mark.parametrize("kind", ["mesh", "torus", "htree", "bus"])
def test_the_floor_plan_has_every_crossbar_in_use_and_every_tile_at_its_place(
    tmp_path: Path, root_dir: Path, kind: str
) -> None:
    chip = archsim.load_chip(
        root_dir / "arch_specs/wearable_rram.yaml", [f"interconnect.kind={kind}", "tile.pes=1", "pe.crossbars=2"]
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


def test_lines_of_a_mesh_join_neighbours(tmp_path: Path, root_dir: Path) -> None:
    chip = archsim.load_chip(root_dir / "arch_specs/wearable_rram.yaml", ["tile.pes=1", "pe.crossbars=1"])
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml")
    plan = floor_plan(map_workload(chip, work, "inference"), tmp_path / "f.png")
    for (x0, y0), (x1, y1) in plan.links[1:]:
        assert abs(x0 - x1) + abs(y0 - y1) == 1


def test_layers_have_different_colours() -> None:
    for n in (1, 7, 8, 30):
        assert len(set(layer_colours([f"l{i}" for i in range(n)]).values())) == n


def test_an_axis_takes_the_largest_unit_that_fits() -> None:
    assert scale_of(0, "time") == (1.0, "ps")
    assert scale_of(999, "time") == (1.0, "ps")
    assert scale_of(1000, "time") == (1e3, "ns")
    assert scale_of(150_000.0, "area") == (1e6, "mm2")
