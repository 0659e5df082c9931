"""The public names: what others already call exists, the lists agree, and each has a docstring."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

import archsim

PROMISED = {
    "archsim": [
        "load_chip",
        "load_workload",
        "load_result",
        "simulate",
        "TaskGraphBuilder",
        "run_many",
        "run_tasks",
        "verify",
        "advise",
        "map_workload",
        "rerun",
        "search",
        "sweep",
        "what_if",
    ],
    "archsim.bridge": ["record"],
    "archsim.examples": ["chips", "path", "studies", "workloads"],
    "archsim.workload": ["from_nir"],
    "archsim.snn": ["forward"],
    "archsim.crossbar": ["CrossbarArray", "column_currents", "effective_conductance", "node_voltages"],
    "archsim.crossbar.wires.gated": ["gated_currents"],
    "archsim.crossbar.wires.nonlinear": ["nonlinear_currents", "sinh_current", "small_signal_conductance"],
    "archsim.crossbar.wires.approximate": ["approximate_conductance"],
    "archsim.crossbar.cells": ["Cells", "device_table"],
    "archsim.crossbar.mvm": ["map_weights", "weights_of", "encode", "plain_mvm"],
    "archsim.crossbar.learned": ["ErrorModel", "read_error_csv", "samples_from_array"],
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in PROMISED.items() for n in names])
def test_a_promised_name_can_be_imported_and_called(module, name):
    assert callable(getattr(importlib.import_module(module), name))


def test_the_list_of_names_and_what_can_be_imported_agree():
    assert sorted(archsim.__all__) == sorted(archsim._HOME)
    for name in archsim.__all__:
        assert getattr(archsim, name).__name__ == name


CROSSBAR = ["archsim.crossbar", *(f"archsim.crossbar.{room}" for room in ("cells", "learned", "mvm", "wires"))]


@pytest.mark.parametrize("module", CROSSBAR)
def test_every_public_name_of_the_crossbar_exists_and_says_what_it_is(module):
    room = importlib.import_module(module)
    assert room.__all__
    for name in room.__all__:
        item = getattr(room, name)
        assert item.__module__.startswith("archsim.crossbar"), name
        doc = inspect.getdoc(item) or ""
        assert len(doc) > 20, name
        assert not doc.startswith(f"{name}("), f"{name}: only the signature that a dataclass writes by itself"


def test_dir_shows_the_public_names_and_rooms_only():
    assert dir(archsim) == sorted([*archsim.__all__, *archsim._ROOMS])
    for room in archsim._ROOMS:
        assert inspect.ismodule(getattr(archsim, room))


def test_all_errors_are_public():
    from archsim import errors

    tree = {name for name, item in vars(errors).items() if inspect.isclass(item)}
    assert tree <= set(archsim.__all__)


def test_submodules_do_not_hide_the_functions_of_the_same_name():
    importlib.import_module("archsim.verify")
    importlib.import_module("archsim.simulate")
    assert inspect.isfunction(archsim.verify)
    assert inspect.isfunction(archsim.simulate)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        archsim.simulat  # noqa: B018  # the access is the test


@pytest.mark.parametrize("name", archsim.__all__)
def test_every_public_name_says_what_it_is(name):
    assert len(inspect.getdoc(getattr(archsim, name)) or "") > 20


def test_the_task_graph_example_of_the_design_runs():
    b = archsim.TaskGraphBuilder()
    adc = b.resource("adc", capacity=1)
    t = b.task(
        action="convert",
        count=8,
        uses=[(adc, 1)],
        reserves=[],
        frees=[],
        occupancy_ps=100,
        latency_ps=120,
        after=[],
        priority=0,
    )
    graph = b.build()
    trace = archsim.run_tasks(graph, engine="simpy", policy="fifo")
    archsim.verify(graph, trace)
    assert t == 0
    for column, value in ((trace.ready_ps, 0), (trace.start_ps, 0), (trace.done_ps, 120)):
        assert column.dtype == np.int64
        assert column.tolist() == [value]


@pytest.mark.parametrize("engine", ["simpy", "heap", "compiled"])
def test_the_engines_give_the_same_result_of_a_simulation(engine, root_dir, tmp_path):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    options = ["timesteps=8", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    result = archsim.simulate(chip, work, engine=engine, seed=0, phase="dfa")
    reference = archsim.simulate(chip, work, engine="simpy", seed=0, phase="dfa")
    assert result.latency_ps == reference.latency_ps
    assert result.energy_pj == reference.energy_pj
    assert result.area_um2 == reference.area_um2
    for by in ("component", "layer", "stage", "action"):
        assert result.breakdown(by) == reference.breakdown(by)
        assert sum(row["energy_pj"] for row in result.breakdown(by).values()) == result.energy_pj
    result.save(tmp_path / "run")
    assert (tmp_path / "run" / "result.json").is_file()
