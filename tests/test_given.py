"""What public functions are given is refused where it enters, in archsim's own words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import archsim
from archsim.errors import ArchsimError, EngineError, ExploreError, MappingError, SpecError, WorkloadError
from archsim.explore import search, sweep
from archsim.interconnect import interconnect_of
from archsim.learn import learn
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.taskgraph import TaskGraphBuilder
from archsim.whatif import Change
from archsim.workload import Conv, Neuron, Pool, phases

ROOT = Path(__file__).resolve().parent.parent
CHIP, WORK = ROOT / "tests" / "chips" / "wearable_rram.yaml", ROOT / "workloads" / "watch_mlp.yaml"


@pytest.fixture(scope="module")
def chip():
    return archsim.load_chip(CHIP)


@pytest.fixture(scope="module")
def work():
    return archsim.load_workload(WORK, ["timesteps=2", "samples=1", "batch=1"])


def test_one_assignment_may_be_a_text_of_its_own():
    assert archsim.load_chip(CHIP, "crossbar.rows=32").crossbar.n_rows == 32
    assert archsim.load_workload(WORK, "timesteps=3").n_timesteps == 3


@pytest.mark.parametrize("given", [None, 5, [5], {"crossbar.rows": 32}])
def test_assignments_that_are_no_texts_are_refused(given: Any):
    for load, path, error in (
        (archsim.load_chip, CHIP, SpecError), (archsim.load_workload, WORK, WorkloadError),
    ):  # fmt: skip
        with pytest.raises(error, match="overrides: must be a list of texts, such as"):
            load(path, given)


@pytest.mark.parametrize(("call", "said"), [
    (lambda: archsim.advise(5), "design is 5; it must be a Design"),
    (lambda: archsim.what_if(5), "run is 5; it must be a TaskGraph"),
    (lambda: archsim.map_workload(1, 2, "inference"), "chip is 1; it must be a Chip"),
    (lambda: archsim.rerun(5), "result is 5; it must be the path"),
    (lambda: archsim.bridge.record(5, []), "model is of type int; it must be a torch.nn.Module"),
])  # fmt: skip
def test_wrong_arguments_of_names_on_top_are_archsims_errors(call, said):
    with pytest.raises(ArchsimError, match=said):
        call()


@pytest.mark.parametrize("path", [None, 5, b"chip.yaml", ""])
def test_what_names_no_file_is_refused(path: Any):
    said = "must be (the path of a (file|folder), a text or a pathlib.Path|a path, an example)"
    for load, error in (
        (archsim.load_chip, SpecError), (archsim.load_workload, WorkloadError),
        (archsim.load_result, ArchsimError), (sweep, ExploreError), (search, ExploreError),
    ):  # fmt: skip
        with pytest.raises(error, match=said):
            load(path)


def test_a_path_in_place_of_a_chip_is_refused_with_all_else_that_is_wrong():
    wrong: Any = {"phase": "banana", "policy": "last", "engine": "steam", "seed": -1}
    for timesteps in (None, 4):
        with pytest.raises(ArchsimError) as raised:
            archsim.simulate("chip.yaml", None, timesteps=timesteps, **wrong)  # type: ignore[arg-type]
        assert str(raised.value).splitlines() == [
            "chip is 'chip.yaml'; it must be a Chip, as archsim.load_chip gives",
            "work is None; it must be a Workload, as archsim.load_workload gives",
            "engine is 'steam'; allowed are simpy, heap, compiled",
            "policy is 'last'; allowed are fifo, static",
            f"phase is 'banana'; allowed are {', '.join(phases())}",
            "seed is -1; it must be a whole number of 0 or more",
        ]


def test_an_unknown_phase_is_neither_mapped_nor_lowered(chip, work):
    phase: Any = "banana"
    with pytest.raises(MappingError, match="phase is 'banana'; allowed are inference, bp, dfa"):
        map_workload(chip, work, phase)
    mapping = map_workload(chip, work, "dfa")
    with pytest.raises(MappingError, match="phase is 'banana'"):
        replace(mapping, phase=phase)
    with pytest.raises(ArchsimError, match="mapping is None; it must be a Mapping"):
        lower(chip, work, None, None)  # type: ignore[arg-type]


UNKNOWN: list[tuple[Any, type[Exception], str]] = [
    (lambda: interconnect_of("rng", 4), MappingError, "interconnect.kind is 'rng'; allowed are bus"),
    (lambda: Neuron("lif ", 0.9), WorkloadError, "neuron.kind is 'lif '; allowed are cubali, cubalif, if, li"),
    (lambda: Neuron("lif", reset="soft"), WorkloadError, "neuron.reset is 'soft'; allowed are zero, subtract"),
    (lambda: Pool("mean", (2,), (2,), (0,)), WorkloadError, "pooling: kind is 'mean'; allowed are average"),
    (lambda: Conv(4, (3,), (1,), (0,), (1,), axis="x"), WorkloadError, "convolution: axis is 'x'"),
    (lambda: Change("slowdown", "adc", None), ArchsimError, "change.kind is 'slowdown'; allowed are speedup"),
]


@pytest.mark.parametrize(("make", "error", "said"), UNKNOWN)
def test_an_unknown_kind_is_refused_where_it_enters(make, error, said: str):
    with pytest.raises(error, match=said):
        make()


def test_a_workload_of_unknown_kinds_is_refused(work):
    with pytest.raises(WorkloadError, match=r"schedule is 'piplined'; .* did you mean pipelined"):
        replace(work, schedule="piplined")
    with pytest.raises(WorkloadError, match="phases is 'train'; allowed are inference, bp, dfa"):
        replace(work, phases=("inference", "train"))


def test_learning_is_refused_what_it_cannot_do(chip):
    with pytest.raises(WorkloadError, match="work is None") as raised:
        learn(chip, None, rules="bp", seeds=0)  # type: ignore[arg-type]
    assert "rules is 'bp'; it must be a list or tuple" in str(raised.value)
    assert "seeds is 0; it must be a whole number of 1 to 10000" in str(raised.value)


def test_workers_of_a_study_are_a_whole_number(tmp_path):
    study: Any = ROOT / "workloads" / "studies" / "tiny.yaml"
    for workers in (0, 1.5, "2", True):
        with pytest.raises(ExploreError, match=r"workers is .*; it must be a whole number of 1 or more"):
            sweep(study, tmp_path / "out", workers=workers)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_what_is_no_graph_is_not_run():
    graph: Any = [1, 2]
    with pytest.raises(EngineError, match="graph is of type list; it must be a TaskGraph"):
        archsim.run_tasks(graph)
    assert archsim.run_tasks(TaskGraphBuilder().build()).n_tasks == 0
