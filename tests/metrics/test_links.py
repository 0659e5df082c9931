"""Loads of links: they add up to what the run's hops did."""

from __future__ import annotations

import pytest

import archsim
from archsim.components import Action
from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.metrics import LinkLoad, action_of_name, link_load
from archsim.taskgraph import TaskGraphBuilder


@pytest.fixture(scope="module")
def result():
    chip = archsim.load_chip("tests/chips/wearable_rram.yaml", ["tile.pes=1"])
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1"])
    return archsim.simulate(chip, work, engine="heap")


def test_flits_of_all_links_are_the_count_of_all_hops(result):
    hops = result.breakdown("action")
    n_flits = sum(part["count"] for name, part in hops.items() if action_of_name(name) == "hop")
    assert n_flits == sum(load.flits for load in result.link_load().values()) > 0


def test_energy_of_all_links_is_that_of_all_hops(result):
    energy = sum(
        part["energy_pj"] for name, part in result.breakdown("action").items() if action_of_name(name) == "hop"
    )
    assert sum(load.energy_pj for load in result.link_load().values()) == pytest.approx(energy, rel=1e-12)


def test_a_links_busy_share_is_its_utilisation(result):
    shares = result.utilisation()
    for name, load in result.link_load().items():
        assert load.busy_frac == pytest.approx(shares[name], rel=1e-12)


def test_every_link_is_in_the_json(result):
    links = result.to_dict()["links"]
    assert {name: LinkLoad(**load) for name, load in links.items()} == result.link_load()


def test_a_hop_without_a_price_is_refused():
    b = TaskGraphBuilder()
    b.task(action="hop@1.0mm", uses=[(b.resource("link[0 to 1]"), 1)], occupancy_ps=1)
    graph = b.build()
    with pytest.raises(EngineError, match=r"hop@1\.0mm"):
        link_load(graph, run_tasks(graph), {"hop@2.0mm": Action("hop@2.0mm", ())})
