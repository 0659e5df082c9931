"""Advice is exact: the change, made in the files, gives the figure; and nothing that was tried is hidden."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from learning_support import SHORT as SHORT_LEARNING

import archsim
from archsim.advise import Advice, Asked, Budget, Design, Given, Move, Sets, advise, goal_of
from archsim.cli.inputs import split_assignments
from archsim.errors import ArchsimError, SpecError, WorkloadError
from archsim.learn.pretrained import accuracies
from archsim.registry import MOVES
from archsim.report.advice import advice_text

from .conftest import ON

FIGURES = ("latency_ps", "energy_pj", "area_um2", "peak_power_uw")


@pytest.fixture(scope="module")
def learnt(chip_file: Path, work_files: dict[str, Path]) -> Advice:
    """Every move, on a learning phase, in which all of them can count."""
    return advise(Design.of_files(chip_file, work_files["dense"], ON), Asked(goal="energy_delay_pj_ps"))


@pytest.fixture(scope="module")
def inferred(conv: Design) -> Advice:
    kinds = (
        "sample_hold", "columns_per_adc", "replicas", "array_size", "adc_bits", "adc_rate", "spike_format", "sets",
        "few_rows",
    )  # fmt: skip
    return advise(conv, Asked(moves=kinds))


def test_every_kind_of_move_is_tried_and_told(learnt):
    told = {kind for one in (*learnt.outcomes, *learnt.idle, *learnt.refused) for kind in one.moves}
    assert told | set(learnt.untried) == set(MOVES) >= {
        "adc_bits", "adc_rate", "array_size", "buffers", "bus", "columns_per_adc", "feedback", "few_rows", "links",
        "on_time", "pes", "replicas", "sample_hold", "schedule", "sets", "skipping", "spike_format",
        "write_drivers",
    }  # fmt: skip


@pytest.mark.parametrize("kind", MOVES.names())
def test_the_change_made_by_set_gives_exactly_the_figure(kind, learnt, chip_file, work_files):
    """The best value of each kind of move; ``ARCHSIM_NIGHTLY`` makes every change."""
    tried = [one for one in (*learnt.outcomes, *learnt.idle) if one.moves == (kind,)]
    assert tried, learnt.untried
    for one in tried if "ARCHSIM_NIGHTLY" in os.environ else tried[:1]:
        again(one, chip_file, work_files["dense"])


def test_so_does_a_pair(learnt, chip_file, work_files):
    assert len(learnt.pairs) >= 3
    again(learnt.pairs[0], chip_file, work_files["dense"])


def again(outcome, chip_file: Path, work_file: Path) -> None:
    """Make the change as a user does, over the assignments that the design has already."""
    changed = {one.partition("=")[0] for one in outcome.sets}
    kept = [one for one in ON if one.partition("=")[0] not in changed]
    for_chip, for_work = split_assignments([*kept, *outcome.sets])
    chip, work = archsim.load_chip(chip_file, for_chip), archsim.load_workload(work_file, for_work)
    result = archsim.simulate(chip, work, "heap")
    assert {name: getattr(result, name) for name in FIGURES} == {name: outcome.figures[name] for name in FIGURES}


def test_small_arrays_without_sample_and_hold_want_banks_replicas_and_fewer_columns_first(inferred):
    """The chip of 64 x 64 arrays with 8 columns for each ADC, on a small convolutional network."""
    first = first_kinds(inferred, "latency_ps")[:3]
    assert set(first) == {"sample_hold", "columns_per_adc", "replicas"}
    best = {one.moves[0]: one for one in reversed(inferred.outcomes)}
    assert '"banks": 2' in best["sample_hold"].sets[0]
    assert best["columns_per_adc"].sets == ("adc.columns_per_adc=4",)
    assert best["replicas"].sets[0] == "mapping.replicas=auto"
    assert all(best[kind].figures["latency_ps"] < 0.6 * inferred.figures["latency_ps"] for kind in first)


def first_kinds(found: Advice, goal: str) -> list[str]:
    """Kinds of moves, by their best for a goal, of those that leave the network's results as they are."""
    ranked = sorted((one for one in found.outcomes if not one.touches), key=lambda one: one.figures[goal])
    return list(dict.fromkeys(one.moves[0] for one in ranked))


def test_by_energy_times_delay_replicas_come_before_banks_and_these_before_fewer_columns(inferred):
    """So it is: the figures are those of simulations. Larger arrays, which compute other numbers, come between."""
    assert first_kinds(inferred, "energy_delay_pj_ps")[:3] == ["replicas", "sample_hold", "columns_per_adc"]
    edp = {one.sets: one.figures["energy_delay_pj_ps"] for one in inferred.outcomes}
    (larger,) = [one for one in inferred.outcomes if one.sets[0] == "crossbar.rows=128"]
    assert larger.touches
    best = {one.moves[0]: edp[one.sets] for one in reversed(inferred.outcomes)}
    assert best["replicas"] < edp[larger.sets] < best["sample_hold"] < best["columns_per_adc"]


def test_each_of_the_three_is_confirmed_by_simulating_again(inferred, chip_file, work_files):
    for one in inferred.outcomes[:4]:
        again(one, chip_file, work_files["conv"])


def test_two_moves_at_once_are_another_design_than_either(inferred):
    pair = next(pair for pair in inferred.pairs if set(pair.moves) == {"sample_hold", "columns_per_adc"})
    singles = [one for one in inferred.outcomes if one.sets in (pair.sets[:1], pair.sets[1:])]
    assert len(singles) == 2
    assert pair.figures["latency_ps"] < min(one.figures["latency_ps"] for one in singles)


def test_what_breaks_a_budget_comes_last(conv, inferred):
    bound = 1.2 * inferred.figures["area_um2"]
    budget = Budget.parse(f"area<{bound:.0f}um2")
    found = advise(conv, Asked(budgets=(budget,), moves=("columns_per_adc",)))
    kept = [not one.broken for one in found.outcomes]
    assert kept == sorted(kept, reverse=True)
    assert set(kept) == {True, False}
    for one in found.outcomes:
        assert bool(one.broken) == (one.figures["area_um2"] >= bound)


def test_a_move_that_changes_nothing_is_told(inferred, learnt):
    assert ("mapping.few_rows=stacked",) in [one.sets for one in inferred.idle]
    for found in (inferred, learnt):
        assert all(one.figures == found.figures for one in found.idle)


def test_a_move_that_the_chip_refuses_is_told_with_the_reason(chip_file, work_files):
    tight = (*ON, "tiles=1", "tile.pes=7", "pe.crossbars=1")  # as many arrays as the network takes
    design = Design.of_files(chip_file, work_files["conv"], tight)
    found = advise(design, Asked(moves=("array_size",)))
    [refused] = [one for one in found.refused if one.sets[0] == "crossbar.rows=32"]
    assert refused.refused.startswith("tiles: needs 4 tiles of 7 crossbars, has 1")


def test_a_move_without_another_value_is_told(chip_file, work_files):
    design = Design.of_files(chip_file, work_files["dense"], ["write=null", "mapping.few_rows=spread"])
    found = advise(design, Asked(phase="inference", moves=("write_drivers",)))
    assert "says nothing of how cells are written" in found.untried["write_drivers"]


def test_a_move_says_whether_the_networks_results_are_others(learnt):
    rows = {row["set"][0]: row for row in learnt.rows()}
    bits = next(row for key, row in rows.items() if key.startswith("adc.resolution="))
    assert bits["accuracy"] == {"why": "sums are rounded otherwise", "value": None, "change": None}
    assert rows["adc.columns_per_adc=4"]["accuracy"] is None
    assert learnt.record()["advice_accuracy"] is None


def test_accuracy_is_that_of_learning_with_the_change(root_dir, chip_file, tmp_path):
    short = (*SHORT_LEARNING, "learning.adapt.passes=1", "samples=1", "batch=1", "timesteps=16")
    work_file = root_dir / "workloads" / "watch_adapt.yaml"
    design = Design.of_files(chip_file, work_file, (), short)
    found = advise(design, Asked(phase="dfa", moves=("adc_bits",), accuracy=True))
    work = archsim.load_workload(work_file, short)

    def after(*sets: str) -> float:
        chip = archsim.load_chip(chip_file, sets)
        return accuracies(chip, work, "dfa", 0, tmp_path)["after"]

    assert found.accuracy == (after(), "dfa", "after")
    few = next(row for row in found.rows() if row["set"] == ["adc.resolution=4 bit"])
    assert few["accuracy"]["value"] == after("adc.resolution=4 bit")
    assert few["accuracy"]["change"] == few["accuracy"]["value"] - found.accuracy.value
    told = advice_text({"name": "a", "phase": "dfa", **found.record()}, 20)
    assert "accuracy of the design as it is: " in told
    assert told.count(" points ") == sum(bool(one.touches) for one in (*found.outcomes, *found.pairs))


def test_accuracy_needs_a_workload_that_says_how_it_learns(conv):
    with pytest.raises(WorkloadError, match=r"small_conv: accuracy needs learning\.data, learning\.pretrain"):
        advise(conv, Asked(accuracy=True))


def test_only_the_schedule_that_learns_otherwise_says_so(learnt):
    outcomes = [one for one in (*learnt.outcomes, *learnt.idle) if one.moves == ("schedule",)]
    assert len(outcomes) == 4
    for one in outcomes:
        assert bool(one.touches) == (one.sets == ("workload.schedule=three_level",))


def test_cited_figures_that_do_not_follow_a_change_are_told(root_dir, work_files):
    isaac = Design.of_files(root_dir / "arch_specs" / "isaac_32nm.yaml", work_files["dense"])
    found = advise(isaac, Asked(phase="inference", moves=("adc_rate",)))
    assert all("adc.cost: cited for one design" in one.notes[0] for one in found.outcomes)


def test_a_design_from_objects_is_advised_as_that_of_its_files(conv):
    chip, work = conv.changed(())
    asked = Asked(moves=("columns_per_adc", "schedule"))
    assert advise(Design.of(chip, work), asked).record() == advise(conv, asked).record()


def test_a_network_without_a_file_has_no_keys_to_set(conv):
    chip, work = conv.changed(())
    design = Design.of(chip, replace(work, described={}))
    with pytest.raises(WorkloadError, match="was not read from a file"):
        design.changed(("workload.schedule=sequential",))


def test_rows_are_parts_of_the_base(inferred):
    for row, one in zip(inferred.rows(), inferred.outcomes, strict=True):
        base = inferred.figures["latency_ps"]
        assert row["delta_latency_frac"] == (one.figures["latency_ps"] - base) / base
        assert row["set"] == list(one.sets)


@pytest.mark.parametrize(("text", "said"), [
    ("area", "write it as FIGURE<VALUE"),
    ("aera<2mm2", "did you mean 'area'"),
    ("area<2", "needs a unit"),
    ("area<2 ns", "area"),
])  # fmt: skip
def test_a_budget_that_is_not_understood_is_refused(text, said):
    with pytest.raises(ArchsimError, match=said):
        Budget.parse(text)


def test_budgets_are_bounds():
    assert Budget.parse("edp <= 5").keeps({"energy_delay_pj_ps": 5.0})
    assert not Budget.parse("latency<1us").keeps({"latency_ps": 1e6})
    assert Budget.parse("throughput_per_s > 100").keeps({"throughput_per_s": 101.0})


def test_goals_are_made_small():
    assert goal_of("edp") == "energy_delay_pj_ps"
    with pytest.raises(ArchsimError, match="as small as possible"):
        goal_of("throughput_per_s")
    with pytest.raises(ArchsimError, match="there is no such figure; did you mean 'energy'"):
        goal_of("enregy")


def test_an_unknown_move_is_refused_with_near_ones(conv):
    with pytest.raises(ArchsimError, match="no move is called columns_per_adcs; did you mean 'columns_per_adc'"):
        advise(conv, Asked(moves=("columns_per_adcs",)))


@pytest.mark.usefixtures("own_kinds")
def test_a_move_of_ones_own_is_tried(conv):
    @archsim.register
    class Hotter(Move):
        kind = "hotter"
        title = "read voltage"

        @classmethod
        def tries(cls, given: Given) -> Iterator[Sets]:
            yield (f"device.read_voltage={given.chip.device.read_voltage_v + 0.1} V",)
            yield ("device.read_voltage=-1 V",)

    found = advise(conv, Asked(moves=("hotter",)))
    assert [one.sets for one in found.outcomes] == [("device.read_voltage=0.6 V",)]
    assert "must be above zero" in found.refused[0].refused


def test_a_design_that_is_wrong_itself_is_an_error(chip_file, work_files):
    with pytest.raises(SpecError):
        advise(Design.of_files(chip_file, work_files["dense"], ["crossbar.rows=0"]))
