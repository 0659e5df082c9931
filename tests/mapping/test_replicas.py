"""`mapping.replicas: auto` gives the busiest layers what is idle, or what a budget allows, and no more."""

from __future__ import annotations

import math

import pytest

from archsim.errors import MappingError, SpecError
from archsim.lowering import parts_of
from archsim.mapping import map_workload
from archsim.mapping.replicas import Load, shared_out, with_copies
from archsim.prepare import prepare, within_area

CONV = "name: conv, kind: conv1d, channels: 2, kernel: 3, neuron: {kind: if}"
OUT = "name: out, kind: dense, outputs: 3, neuron: {kind: if}"
LAYERS = ([2, 10], CONV, OUT)
AUTO = "mapping.replicas=auto"


def replicas(mapping) -> dict[str, int]:
    return {name: max(block.replica for block in plan.forward) + 1 for name, plan in mapping.plans.items()}


def test_idle_arrays_of_the_last_tile_go_to_the_busiest_layer_and_cost_no_area(mapped):
    plain, auto = mapped(*LAYERS), mapped(*LAYERS, on=[AUTO])
    assert replicas(plain) == {"conv": 1, "out": 1}
    assert replicas(auto)["conv"] > replicas(auto)["out"]
    assert plain.n_tiles == auto.n_tiles == 1
    assert auto.n_crossbars <= auto.n_crossbars_available == 16


def test_auto_is_the_mapping_of_the_replicas_that_it_chooses(mapped):
    auto = mapped(*LAYERS, on=[AUTO])
    given = ", ".join(f"{name}: {n}" for name, n in auto.chip.mapping.replicas.items())
    by_name = mapped(*LAYERS, on=[f"mapping.replicas={{{given}}}"])
    assert auto.blocks == by_name.blocks
    assert auto.chip.mapping.replicas == by_name.chip.mapping.replicas


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_a_budget_of_crossbars_is_kept(mapped, n):
    plain = mapped(*LAYERS)
    auto = mapped(*LAYERS, on=[AUTO, f"mapping.replica_crossbars={n}"])
    assert 0 <= auto.n_crossbars - plain.n_crossbars <= n


@pytest.mark.parametrize("n_tiles", [1, 2])
def test_a_chip_with_so_many_tiles_fills_them_and_never_needs_more(mapped, n_tiles):
    auto = mapped(*LAYERS, on=[AUTO, f"tiles={n_tiles}"])
    assert auto.n_crossbars <= auto.n_crossbars_available == 16 * n_tiles
    bounded = mapped(*LAYERS, on=[AUTO, f"tiles={n_tiles}", "mapping.replica_crossbars=100"])
    assert bounded.blocks == auto.blocks


def test_nobody_gets_more_replicas_than_steps(mapped):
    auto = mapped([2], OUT, timesteps=3, on=[AUTO, "mapping.replica_crossbars=100"])
    assert replicas(auto) == {"out": 3}


def test_what_a_rule_needs_beside_the_weights_is_not_taken_away(mapped):
    auto = mapped(*LAYERS, phase="bp", on=[AUTO])
    assert sum(len(plan.copy) for plan in auto.plans.values()) > 0
    assert auto.n_crossbars <= 16 * auto.n_tiles
    assert auto.n_tiles == mapped(*LAYERS, phase="bp").n_tiles


def test_the_highest_load_is_served_first_and_the_end_is_where_it_does_not_fit():
    loads = {"a": Load(100, 1, 99), "b": Load(250, 3, 99)}
    assert shared_out(loads, 6) == ["b", "b"]
    assert shared_out(loads, 7) == ["b", "b", "a"]  # a has the highest load by then, 100 against 83
    assert shared_out(loads, 8) == ["b", "b", "a"]  # then b again, which takes three
    assert shared_out(loads, 2) == []


def test_kernel_taps_with_arrays_of_their_own_stay_within_what_there_is(mapped):
    """Three taps take three of a PE's four arrays: the fourth is lost."""
    auto = mapped([2, 10], CONV, "name: out, kind: dense, outputs: 3, neuron: {kind: if}", on=[
        AUTO, "mapping.convolution=tap_per_crossbar",
    ])  # fmt: skip
    assert auto.n_tiles == 1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.5])
def test_a_budget_of_area_is_kept_and_used(chip, workload, share):
    small = ["crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]
    work = workload(*LAYERS)

    def area_um2(on) -> float:
        mapping = map_workload(on, work, "inference")
        return math.fsum(item.n * item.area_um2 for item in parts_of(on, mapping).items())

    plain = chip(*small)
    given_um2 = share * area_um2(plain)
    asked = chip(*small, AUTO, f"mapping.replica_area={given_um2} um2")
    found = within_area(asked, work, "inference")
    assert area_um2(found) - area_um2(plain) <= given_um2
    n = found.mapping.n_replica_crossbars or 0
    more = chip(*small, AUTO, f"mapping.replica_crossbars={n + 1}")
    assert area_um2(more) - area_um2(plain) > given_um2
    ready = prepare(asked, work, 0, "inference")
    assert ready.mapping.blocks == map_workload(found, work, "inference").blocks


def test_an_area_that_no_step_could_use_is_left(chip, workload):
    """The output has a replica for each of its 6 timesteps; of the convolution 33 have less to do than each."""
    small = ["crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]
    asked = chip(*small, AUTO, "mapping.replica_area=1000000 mm2")
    found = prepare(asked, workload(*LAYERS), 0, "inference").mapping
    assert replicas(found) == {"conv": 8 * 6 * 2 // (6 * 3 // 6) + 1, "out": 6}


def test_a_mapping_by_itself_knows_no_areas(chip, workload):
    with pytest.raises(MappingError, match="known with prices only"):
        map_workload(chip(AUTO, "mapping.replica_area=1 mm2"), workload(*LAYERS), "inference")


@pytest.mark.parametrize(("sets", "said"), [
    (["mapping.replica_crossbars=3"], "bounds replicas: auto, and nothing else"),
    (["mapping.replica_area=1 mm2"], "bounds replicas: auto, and nothing else"),
    ([AUTO, "mapping.replica_area=1 mm2", "mapping.replica_crossbars=3"], "not both"),
    ([AUTO, "tiles=tailored"], "tailored tiles have none; give replica_crossbars or replica_area"),
    (["mapping.replicas=all"], "mapping.replicas"),
])  # fmt: skip
def test_what_means_nothing_is_refused(chip, sets, said):
    with pytest.raises(SpecError, match=said):
        chip(*sets)


def test_tailored_tiles_grow_by_what_replicas_take(mapped):
    plain = mapped(*LAYERS, on=["tiles=tailored"])
    auto = mapped(*LAYERS, on=["tiles=tailored", AUTO, "mapping.replica_crossbars=4"])
    assert plain.n_crossbars < auto.n_crossbars_available <= plain.n_crossbars + 4


def test_one_more_for_each_time_that_a_layer_is_named(chip):
    on = with_copies(chip(AUTO), ["a", "b", "a"])
    assert on.mapping.copies == {"a": 3, "b": 2}
