"""The first programming of a chip: every cell of every array once, arrays side by side."""

from __future__ import annotations

import pytest
from lowering_support import counts

from archsim.engine import run_tasks
from archsim.errors import SpecError
from archsim.verify import verify

CELLS_OF_WEIGHT = 4  # pairs of two cells
LAW = ["write.pulses_per_cell={kind: lognormal}", "write.pulse=200 ns", "write.cost.energy=50 pJ"]
MATRICES = {"a": 5 * 12, "b": 12 * 9, "out": 9 * 3}


def test_every_cell_of_all_layers_copies_and_fixed_matrices_is_written_once(lowered):
    low = lowered("dense", "program")
    assert set(low.graph.stage_names) == {"program", "program_copy", "program_feedback"}
    for layer, n_weights in MATRICES.items():
        assert counts(low, stage="program", layer=layer)["program"] == n_weights * CELLS_OF_WEIGHT
        copied = 0 if layer == "a" else n_weights  # the input needs no error
        assert counts(low, stage="program_copy", layer=layer)["program"] == copied * CELLS_OF_WEIGHT
        fixed = {"a": 12 * 3, "b": 9 * 3, "out": 0}[layer]
        assert counts(low, stage="program_feedback", layer=layer)["program"] == fixed * CELLS_OF_WEIGHT
    assert counts(low)["program"] == counts(low)["verify"] == low.written.cells
    verify(low.graph, run_tasks(low.graph))


@pytest.mark.parametrize(
    ("phases", "labels"),
    [
        ("[inference]", {"program"}),
        ("[inference, program, dfa]", {"program", "program_feedback"}),
        ("[bp]", {"program", "program_copy"}),
    ],
)
def test_only_the_arrays_of_the_rules_that_the_workload_names_are_there(lowered, phases, labels):
    assert set(lowered("dense", "program", phases=phases).graph.stage_names) == labels


def test_arrays_are_written_side_by_side_and_rows_of_one_follow_each_other(lowered):
    low = lowered("dense", "program", LAW)
    circuits = low.parts.write_circuits
    most_rows = max(block.n_rows for block in low.mapping.blocks)
    row_ps = circuits.program_row_ps(16) + circuits.verify_row_ps(16)
    makespan = run_tasks(low.graph).makespan_ps
    assert len(low.mapping.blocks) > 10
    assert makespan == pytest.approx(most_rows * row_ps, rel=0.1)


def test_a_power_budget_has_arrays_wait_for_one_another(lowered):
    free = lowered("dense", "program", LAW)
    power_uw = free.parts.write_circuits.program_power_uw(16)
    one = lowered("dense", "program", [*LAW, f"write.max_power={power_uw} uW"])
    of_rows = [
        task for task in range(one.graph.n_tasks)
        if one.graph.action_names[one.graph.action[task]].startswith("program@")
    ]  # fmt: skip
    pulses_ps = sum(int(one.graph.occupancy_ps[task]) for task in of_rows)
    makespan = run_tasks(one.graph).makespan_ps
    assert makespan > 2 * run_tasks(free.graph).makespan_ps
    assert makespan < pulses_ps * 1.1
    verify(one.graph, run_tasks(one.graph))


def test_a_reference_column_is_written_with_its_row(lowered):
    low = lowered("dense", "program", ["crossbar.signed=offset"], phases="[inference]")
    n_rows = sum(block.n_rows for block in low.mapping.blocks)
    assert counts(low)["program"] == 2 * sum(MATRICES.values()) + n_rows


def test_prices_of_a_write_go_by_its_action_whatever_they_depend_on(lowered):
    """By level and layer, with circuits of the write's own: one line for each action in the breakdown."""
    own = ["write.verify_read=50 ns", "write.cost.verify_energy=1 pJ", "write.pulses_per_cell={kind: levels}"]
    low = lowered("dense", "program", own)
    assert set(counts(low)) == {"load_global", "hop", "receive", "fetch", "program", "verify"}
    of_level = {name.rpartition(",")[2] for name in low.actions if name.startswith("verify@own,")}
    assert len(of_level) == 4  # three layers, fixed matrices; of each by the cells of a row


def test_replicas_are_written_too(lowered):
    once, twice = (
        counts(lowered("dense", "program", options, phases="[inference]"))["program"]
        for options in ([], ["mapping.replicas={b: 2}"])
    )
    assert twice - once == MATRICES["b"] * CELLS_OF_WEIGHT


def test_the_digits_of_known_weights_decide_the_pulses_of_their_cells(lowered):
    """Of a pair one cell rests at the lowest level, which takes few pulses; digits that are not known are even."""
    options, named = ["write.pulses_per_cell={kind: levels}"], {"phases": "[inference]"}
    known = lowered("dense", "program", options, **named)
    assert lowered.work.network.layers[0].weight is not None
    even = lowered("dense", "program", options, **named, activity="{kind: rates, input: 0.5, default: 0.5}")
    law = lowered.chip.write.law
    found, evenly = (low.written.pulses / low.written.cells for low in (known, even))
    assert evenly == pytest.approx(law.mean((0.625, 0.125, 0.125, 0.125)))
    assert law.mean((1, 0, 0, 0)) < found < law.mean((0, 1, 1, 0))
    assert found != pytest.approx(evenly)


def test_a_chip_that_only_infers_is_programmed_with_the_weights_alone(lowered):
    low = lowered("dense", "program", ["tile.gradient_buffer=null", "tile.gradient_unit=null"])
    assert set(low.graph.stage_names) == {"program"}


def test_a_chip_without_write_circuits_cannot_be_programmed(lowered):
    with pytest.raises(SpecError, match=r"^write: chip wearable_rram leaves out what phase program needs"):
        lowered("dense", "program", ["write=null"])
