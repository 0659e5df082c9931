"""The ring of the guide: a kind from outside the package is one file, known everywhere."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys

import networkx as nx
import pytest

import archsim
from archsim.errors import SpecError
from archsim.mapping import map_workload
from archsim.plot import floor_plan
from archsim.report import html_report
from archsim.report.html.floor import floor
from archsim.verify import verify

WORK = ["samples=1", "batch=1", "timesteps=2"]
SMALL = ["tile.pes=1", "pe.crossbars=1", "interconnect.kind=ring"]
TIGHT = ["interconnect.buffer_flits=1", "interconnect.virtual_channels=2"]


@pytest.fixture
def example(root_dir):
    return root_dir / "docs/guides/extend/ring.py"


@pytest.fixture
def ring(example, own_kinds):  # noqa: ARG001  # it forgets the ring
    return runpy.run_path(str(example))["Ring"]


def load(root_dir, *settings):
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml", [*SMALL, *settings])
    return chip, archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", WORK)


def test_the_example_is_short(example):
    assert len(example.read_text().splitlines()) <= 40


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_no_route_on_a_ring_is_longer_than_half_of_it_and_no_buffers_wait_in_a_circle(ring, n):
    wires = ring(n, tuple(range(n)))
    assert all(len(wires.route(a, b)) <= n // 2 for a in range(n) for b in range(n))
    assert nx.is_directed_acyclic_graph(wires.channel_dependencies())
    assert {hop.link for a in range(-1, n) for b in range(n) for hop in wires.route(a, b)} <= {
        link.name for link in wires.links()
    }


@pytest.mark.usefixtures("ring")
def test_a_chip_with_a_ring_runs_is_drawn_saved_and_shown(root_dir, tmp_path):
    chip, work = load(root_dir, *TIGHT)
    result = archsim.simulate(chip, work, engine="compiled", phase="dfa")
    verify(result.graph, result.trace)
    plan = floor_plan(map_workload(chip, work, "dfa"), tmp_path / "ring.png")
    assert len(plan.links) == len(plan.tile_places) + 1  # closed, and one to the global buffer
    result.save(tmp_path / "run")
    again = archsim.load_result(tmp_path / "run")
    assert html_report([again])
    drawn = floor(again)
    assert [(tile["x"], tile["y"]) for tile in drawn["tiles"]] == list(plan.tile_places.values())
    assert all(len(link["line"]) == 2 for link in drawn["links"])


@pytest.mark.usefixtures("ring")
def test_what_a_ring_needs_is_asked_of_the_chip_file(root_dir):
    with pytest.raises(SpecError, match=r"a ring with finite buffers needs 2 or more: .*deadlock"):
        load(root_dir, "interconnect.buffer_flits=8")


def test_an_installed_package_brings_a_kind_to_the_commands(example, root_dir, tmp_path):
    shutil.copy(example, tmp_path)
    about = tmp_path / "ring-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ring\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[archsim.interconnects]\nring = ring:Ring\n")
    command = ["map", "tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", "--json"]
    command += ["-o", str(tmp_path / "ring.png"), *(word for one in SMALL for word in ("--set", one))]
    done = subprocess.run(
        [sys.executable, "-m", "archsim", *command], cwd=root_dir, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root_dir)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["interconnect"] == "ring"
    assert {"link[0 to 1]", "link[1 to 0]"} <= {link["link"] for link in told["links"]}
    assert (tmp_path / "ring.png").stat().st_size > 1000
