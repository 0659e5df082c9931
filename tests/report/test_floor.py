"""Tiles of a page stand where the mapping put them, at the ends of their links."""

from __future__ import annotations

import pytest

import archsim
from archsim.report.folder import bundle, read_results, write_results
from archsim.report.html.floor import floor


@pytest.fixture(scope="module")
def runs(root_dir):
    """Two tiles, which the placement exchanges in one phase only."""
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads/watch_adapt.yaml", ["samples=1", "batch=1"])
    return [archsim.simulate(chip, work, phase=phase, engine="compiled") for phase in ("bp", "dfa")]


def test_tiles_are_drawn_where_the_mapping_placed_them(runs):
    at = [{tile["tile"]: (tile["x"], tile["y"]) for tile in floor(run)["tiles"]} for run in runs]
    assert at == [{0: (0, 0), 1: (1, 0)}, {0: (1, 0), 1: (0, 0)}]


def test_the_tile_beside_the_global_buffer_is_the_one_that_its_link_reaches(runs):
    for run in runs:
        plan = floor(run)
        (line,) = [link["line"] for link in plan["links"] if link["name"] == "link[io to 0]"]
        beside = min(plan["tiles"], key=lambda tile: tile["x"])
        assert line == [plan["buffer"], (beside["x"], beside["y"])]


def test_a_result_folder_keeps_the_places_of_each_phase(runs, tmp_path):
    write_results(tmp_path, runs)
    saved = read_results(tmp_path).results
    assert [saved[phase]["provenance"]["tile_places"] for phase in ("bp", "dfa")] == [[0, 1], [1, 0]]
    assert bundle([run.to_dict() for run in runs])["provenance"]["tile_places"] == {"bp": [0, 1], "dfa": [1, 0]}
