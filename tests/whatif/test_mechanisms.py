"""What a mechanism brings of the difference between two runs: parts sum, and are found where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from study_support import small_base

from archsim.engine import run_tasks
from archsim.errors import ExploreError
from archsim.mapping import map_workload
from archsim.simulate import simulate
from archsim.study import Base, second_copy
from archsim.verify import verify
from archsim.whatif.mechanism_latency import copy_writes, latency_parts, without_time
from archsim.whatif.mechanism_parts import area_parts, energy_groups, energy_parts, unsplit


@pytest.fixture(scope="module")
def files(root_dir: Path, tmp_path_factory) -> Base:
    return small_base(root_dir, tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def runs(files):
    found = {}
    for rule in ("bp", "dfa"):
        chip, work = files.load(rule=rule)
        found[rule] = simulate(chip, work, engine="compiled", phase=rule)
    return found


@pytest.fixture(scope="module")
def mapping(files):
    return map_workload(*files.load(), "bp")


def test_the_groups_sum_to_the_dynamic_energy(runs):
    for result in runs.values():
        assert sum(energy_groups(result).values()) == pytest.approx(result.dynamic_energy_pj, rel=1e-12)


def test_energy_of_reads_is_that_of_the_books(runs):
    """The ledger groups by stage and by action on their own; reads of arrays backwards are in one cell of both."""
    groups = energy_groups(runs["bp"])
    reads = sum(energy for (_, action), energy in groups.items() if action == "read")
    assert reads == pytest.approx(runs["bp"].breakdown("action")["read"]["energy_pj"], rel=1e-9)
    backward = sum(energy for (stage, _), energy in groups.items() if stage == "backward")
    assert backward == pytest.approx(runs["bp"].breakdown("stage")["backward"]["energy_pj"], rel=1e-9)


def test_each_rule_has_its_own_reads(runs):
    parts = energy_parts(runs["bp"], runs["dfa"])
    assert parts["transposed_reads"] > 0 > parts["feedback_reads"]
    assert parts["second_copy_writes"] > 0
    assert parts["outer"] == pytest.approx(0, abs=1e-6 * runs["bp"].energy_pj)


def test_a_rule_compared_with_itself_differs_in_nothing(runs):
    same = runs["dfa"]
    assert all(part == pytest.approx(0, abs=1e-9) for part in energy_parts(same, same).values())
    assert all(part == pytest.approx(0, abs=1e-9) for part in area_parts(same, same).values())


def test_the_copys_writes_are_found_task_by_task(runs, mapping):
    """Against counting: one program, verify and load for each row of each block of the copy."""
    graph = runs["bp"].graph
    found = copy_writes(graph, second_copy(mapping))
    rows = sum(block.n_rows for plan in mapping.plans.values() for block in plan.copy)
    names = np.array([name.partition("@")[0] for name in graph.action_names])[graph.action[found]]
    assert rows > 0
    for action in ("program", "verify", "load_gradient"):
        assert np.count_nonzero(names == action) == rows
    assert set(names) <= {"program", "verify", "load_gradient", "hop"}


def test_dfa_has_no_copy_to_write(runs, files):
    chip, work = files.load(rule="dfa")
    assert not copy_writes(runs["dfa"].graph, second_copy(map_workload(chip, work, "dfa"))).any()


def test_a_graph_without_some_time_still_obeys_the_rules(runs, mapping):
    graph = without_time(runs["bp"].graph, copy_writes(runs["bp"].graph, second_copy(mapping)))
    trace = run_tasks(graph, engine="heap")
    verify(graph, trace)
    assert 0 < trace.makespan_ps <= runs["bp"].latency_ps


def test_without_any_time_nothing_takes_time(runs):
    graph = without_time(runs["dfa"].graph, np.ones(runs["dfa"].graph.n_tasks, dtype=bool))
    assert run_tasks(graph, engine="heap").makespan_ps == 0


def test_latency_parts_of_the_same_graph_leave_only_its_own_reads(runs, mapping):
    parts = latency_parts(runs["bp"], runs["dfa"], second_copy(mapping))
    assert sum(parts.values()) == runs["bp"].latency_ps - runs["dfa"].latency_ps


def test_what_cannot_be_split_is_told(runs):
    parts, note = unsplit(runs["bp"], runs["dfa"], ExploreError("deadlock at 3 ps\nmore"))
    assert parts == {"rest": runs["bp"].latency_ps - runs["dfa"].latency_ps}
    assert note == "latency is not split: deadlock at 3 ps"
