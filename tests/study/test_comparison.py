"""One configuration with both rules: parts sum to the differences, mechanisms are found where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.engine import run_tasks
from archsim.errors import ExploreError
from archsim.mapping import map_workload
from archsim.simulate import simulate
from archsim.study.comparison import TOTALS, compare, compared
from archsim.study.configurations import Base, Configuration
from archsim.study.dfa_vs_bp import Question, dfa_vs_bp
from archsim.study.latency import copy_writes, latency_parts, without_time
from archsim.study.mechanisms import area_parts, energy_groups, energy_parts, unsplit
from archsim.verify import verify

SMALL = """\
version: 1
name: small
network:
  input: [4]
  layers:
    - {name: fc1, kind: dense, outputs: 40, neuron: {kind: lif, leak: 0.9}}
    - {name: fc2, kind: dense, outputs: 40, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
timesteps: 4
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.5}
phases: [inference, bp, dfa]
samples: 2
batch: 2
"""
TRANSPOSABLE = Configuration(
    "feedback=transposable", {}, ("execution.feedback=transposable", "crossbar.transpose=duplicated")
)


@pytest.fixture(scope="module")
def files(root_dir: Path, tmp_path_factory) -> Base:
    workload = tmp_path_factory.mktemp("study") / "small.yaml"
    workload.write_text(SMALL)
    return Base(root_dir / "arch_specs/wearable_rram.yaml", workload)


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


@pytest.mark.parametrize("configuration", [Configuration("base"), TRANSPOSABLE], ids=lambda c: c.name)
def test_the_parts_sum_to_the_difference(files, configuration):
    row = compare(files, configuration)
    for total in TOTALS:
        parts = row.parts[total]
        assert sum(parts.values()) == pytest.approx(row.bp[total] - row.dfa[total], rel=1e-9, abs=1e-6)


def test_the_groups_sum_to_the_dynamic_energy(runs):
    for result in runs.values():
        assert sum(energy_groups(result).values()) == pytest.approx(result.dynamic_energy_pj, rel=1e-12)


def test_energy_of_reads_is_that_of_the_books(runs):
    """The books group by phase and by action on their own; reads of arrays backwards are in one cell of both."""
    groups = energy_groups(runs["bp"])
    reads = sum(energy for (_, action), energy in groups.items() if action == "read")
    assert reads == pytest.approx(runs["bp"].breakdown("action")["read"]["energy_pj"], rel=1e-9)
    backward = sum(energy for (phase, _), energy in groups.items() if phase == "backward")
    assert backward == pytest.approx(runs["bp"].breakdown("phase")["backward"]["energy_pj"], rel=1e-9)


def test_each_rule_has_its_own_reads(runs):
    parts = energy_parts(runs["bp"], runs["dfa"])
    assert parts["transposed_reads"] > 0 > parts["feedback_reads"]
    assert parts["second_copy_writes"] > 0
    assert parts["outer"] == pytest.approx(0, abs=1e-6 * runs["bp"].energy_pj)


def test_a_rule_compared_with_itself_differs_in_nothing(runs):
    same = runs["dfa"]
    assert all(part == pytest.approx(0, abs=1e-9) for part in energy_parts(same, same).values())
    assert all(part == pytest.approx(0, abs=1e-9) for part in area_parts(same, same).values())


def test_transposable_arrays_write_no_copy(files):
    row = compare(files, TRANSPOSABLE)
    assert row.parts["latency_ps"]["second_copy_writes"] == 0
    assert row.parts["area_um2"]["second_copy"] == 0
    assert row.parts["energy_pj"]["second_copy_writes"] == pytest.approx(0, abs=1e-9 * row.bp["energy_pj"])


def test_the_copys_writes_are_found_task_by_task(runs, mapping):
    """Against counting: one program, verify and load for each row of each block of the copy."""
    graph = runs["bp"].graph
    found = copy_writes(graph, mapping)
    rows = sum(block.n_rows for plan in mapping.plans.values() for block in plan.copy)
    names = np.array([name.partition("@")[0] for name in graph.action_names])[graph.action[found]]
    assert rows > 0
    for action in ("program", "verify", "load_gradient"):
        assert np.count_nonzero(names == action) == rows
    assert set(names) <= {"program", "verify", "load_gradient", "hop"}


def test_dfa_has_no_copy_to_write(runs, files):
    chip, work = files.load(rule="dfa")
    assert not copy_writes(runs["dfa"].graph, map_workload(chip, work, "dfa")).any()


def test_a_graph_without_some_time_still_obeys_the_rules(runs, mapping):
    graph = without_time(runs["bp"].graph, copy_writes(runs["bp"].graph, mapping))
    trace = run_tasks(graph, engine="heap")
    verify(graph, trace)
    assert 0 < trace.makespan_ps <= runs["bp"].latency_ps


def test_without_any_time_nothing_takes_time(runs):
    graph = without_time(runs["dfa"].graph, np.ones(runs["dfa"].graph.n_tasks, dtype=bool))
    assert run_tasks(graph, engine="heap").makespan_ps == 0


def test_latency_parts_of_the_same_graph_leave_only_its_own_reads(runs, mapping):
    parts = latency_parts(runs["bp"], runs["dfa"], mapping)
    assert sum(parts.values()) == runs["bp"].latency_ps - runs["dfa"].latency_ps


def test_what_cannot_be_split_is_told(runs):
    parts, note = unsplit(runs["bp"], runs["dfa"], ExploreError("deadlock at 3 ps\nmore"))
    assert parts == {"rest": runs["bp"].latency_ps - runs["dfa"].latency_ps}
    assert note == "latency is not split: deadlock at 3 ps"


def test_a_chip_that_is_too_small_gives_a_reason_instead_of_figures(files):
    tiny = Configuration("tiny", {"tiles": 1}, ("tiles=1", "tile.pes=1", "pe.crossbars=1"))
    found = compared(files, tiny, seed=0)
    assert set(found) == {"name", "settings", "why_not"}
    assert "crossbars" in found["why_not"]


def test_a_base_that_does_not_fit_ends_the_study(files):
    base = Base(files.chip, files.workload, ("tiles=1", "tile.pes=1", "pe.crossbars=1"))
    with pytest.raises(ExploreError, match=r"the base configuration: .*crossbars"):
        dfa_vs_bp(Question(base, quick=True, accuracy=False))


def test_ratios_follow_from_the_totals(files):
    row = compare(files)
    assert row.energy_saving_pct == pytest.approx(100 - 100 * row.dfa["energy_pj"] / row.bp["energy_pj"])
    assert row.speedup == pytest.approx(row.bp["latency_ps"] / row.dfa["latency_ps"])
    assert row.area_saving_pct == pytest.approx(100 - 100 * row.dfa["area_um2"] / row.bp["area_um2"])
    for total in ("energy_pj", "area_um2"):
        saved = 100 * (1 - row.dfa[total] / row.bp[total])
        assert sum(row.shares(total).values()) == pytest.approx(saved, abs=1e-9)


def test_common_energy_is_less_than_either_rule_takes(files):
    row = compare(files)
    assert set(row.common_energy_pj) == {"forward", "outer", "writes"}
    assert 0 < sum(row.common_energy_pj.values()) < row.dfa["energy_pj"] < row.bp["energy_pj"]
