"""Which cells of a row an update writes, with how many pulses, and what it finds out first."""

from __future__ import annotations

import numpy as np
import pytest
from lowering_support import counts, n_tasks

from archsim.components.pulsed import taken
from archsim.engine import run_tasks
from archsim.lowering import lower
from archsim.lowering.writes import taken_by_rows
from archsim.mapping import map_workload
from archsim.snn import Activity, measure

LAW = "write.pulses_per_cell={kind: lognormal}"
N_WEIGHTS = 5 * 12 + 12 * 9 + 9 * 3


def test_a_row_that_is_read_before_has_only_the_digits_written_that_change(lowered):
    """A step moves the lowest of two digits to base 4, and the second in one of four cases: 1.25 of 4 cells."""
    blind = lowered("dense", "dfa")
    seen = lowered("dense", "dfa", ["write.read_before=true"])
    assert counts(blind)["program"] == 4 * N_WEIGHTS
    assert counts(seen)["inspect"] == 4 * N_WEIGHTS
    assert counts(seen)["program"] == pytest.approx(1.25 * N_WEIGHTS, rel=0.05)  # rows have whole cells
    assert counts(seen)["program"] == counts(seen)["verify"] == seen.written.cells
    assert "inspect" not in counts(blind)


def test_a_read_before_a_write_holds_the_array_and_its_converters_unless_there_are_circuits_for_it(lowered):
    own = ["write.verify_read=50 ns", "write.cost.verify_energy=1 pJ"]
    for options, shares in (((), True), (own, False)):
        graph = lowered("dense", "dfa", ["write.read_before=true", *options]).graph
        for task in range(graph.n_tasks):
            if graph.action_names[graph.action[task]].split("@")[0] in ("inspect", "verify"):
                used = graph.uses_resource[graph.uses_ptr[task] : graph.uses_ptr[task + 1]]
                names = [graph.resource_names[resource] for resource in used]
                assert any(name.endswith("adc") for name in names) is shares
                assert any("crossbar" in name for name in names)


def test_drawn_pulses_follow_the_seed_and_agree_with_the_expected_ones(lowered):
    expected = lowered("dense", "bp", [LAW])
    chip = lowered.chip
    drawn_chip = chip.model_copy(update={"write": chip.write.model_copy(update={"draw": True})})
    work, activity = lowered.work, lowered.activity
    mapping = map_workload(drawn_chip, work, "bp")
    one, same, other = (lower(drawn_chip, work, mapping, activity, seed=seed) for seed in (1, 1, 2))
    times = [run_tasks(low.graph).makespan_ps for low in (one, same, other)]
    assert times[0] == times[1] != times[2]
    assert one.written == same.written != other.written
    assert one.written.pulses == int(one.written.pulses)
    error = 4 * 12.0 * np.sqrt(one.written.cells)  # the law's standard deviation is about 12 pulses
    assert one.written.pulses == pytest.approx(expected.written.pulses, abs=error)
    assert expected.written.failed == pytest.approx(0.035 * expected.written.cells)
    assert one.written.failed == pytest.approx(expected.written.failed, rel=0.5)


def test_recorded_pulses_price_the_update_cell_by_cell(lowered):
    """Two weights of two cells; groups of 16 cells, so a row takes as long as its slowest cell."""
    low = lowered("dense", "dfa", ["write.pulses_per_cell=3", "write.cost.row_energy=0 pJ"])
    work, measured = measure(lowered.work, seed=0)
    pulses = {"a": np.zeros((1, 5, 12, 4), np.uint16), "b": np.zeros((1, 12, 9, 4), np.uint16)}
    pulses["out"] = np.zeros((1, 9, 3, 4), np.uint16)
    pulses["b"][0, 2, 3] = [5, 0, 0, 2]
    pulses["b"][0, 2, 1] = [0, 0, 1, 0]
    pulses["b"][0, 7, 0] = [0, 4, 0, 0]
    given = Activity(work.network, measured.spikes, pulses=pulses)
    found = lower(lowered.chip, work, low.mapping, given)
    assert (found.written.cells, found.written.pulses) == (4, 12)
    assert n_tasks(found, "program") == 2
    graph, write = found.graph, lowered.chip.write
    held = sorted(
        int(graph.occupancy_ps[task]) for task in range(graph.n_tasks)
        if graph.action_names[graph.action[task]].startswith("program@")
    )  # fmt: skip
    assert held == [4 * write.pulse_ps, 5 * write.pulse_ps]
    spent = sum(
        int(graph.count[task]) * found.actions[graph.action_names[graph.action[task]]].energy_pj
        for task in range(graph.n_tasks)
        if graph.action_names[graph.action[task]].startswith("program@")
    )
    assert spent == pytest.approx(12 * write.cost.energy_pj)


@pytest.mark.parametrize("n_parallel", [1, 3, 64])
def test_rows_that_are_counted_together_are_those_that_are_counted_alone(n_parallel):
    rng = np.random.default_rng(n_parallel)
    pulses = rng.integers(1, 400, (40, 24)).astype(np.uint16) * (rng.random((40, 24)) < rng.random((40, 1)))
    pulses[3] = 0
    for row, n_cells, n_pulses, n_turns in zip(pulses, *taken_by_rows(pulses, n_parallel), strict=True):
        given = row[row > 0].tolist()
        assert (n_cells, n_pulses) == (len(given), sum(given))
        assert n_turns == (taken(given, n_parallel).turns if given else 0)
