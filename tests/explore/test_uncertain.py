"""Draws of the price list against closed forms of log-normal sums, and against chips priced anew."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import archsim.engine.long.memory as memory
from archsim import load_chip, load_workload, registry, run_tasks, simulate
from archsim.errors import ExploreError, TooLargeError
from archsim.explore.sensitivity import one_at_a_time, sobol
from archsim.explore.uncertain import METRICS, Priced, numbers_of, propagate

WORK = ["timesteps=4", "network.width=8", "samples=1", "batch=1"]
CERTAIN = "{energy: 1, area: 1, leakage: 1, time: 1, source: a test}"


def priced(*overrides: str, name: str = "here") -> Priced:
    chip = load_chip("tests/chips/wearable_rram.yaml", overrides)
    work = load_workload("workloads/watch_shape.yaml", WORK)
    return Priced(name, chip, simulate(chip, work, engine="heap"))


@pytest.fixture(scope="module")
def here() -> Priced:
    return priced()


def test_without_errors_the_metrics_are_those_of_the_result(here):
    values = here.evaluate({}, 1)
    for metric in METRICS:
        assert values[metric][0] == pytest.approx(registry.METRICS[metric].of(here.result), rel=1e-12)


@pytest.mark.parametrize(("quantity", "field"), [("energy", "energy"), ("area", "area"), ("leakage", "leakage")])
def test_a_changed_number_costs_what_a_chip_file_with_that_number_costs(here, quantity, field):
    listed = {"energy": "0.06983 pJ", "area": "40.79 um2", "leakage": "0 uW"}[quantity]
    factor = {"energy": 1.12, "area": 1.28, "leakage": 1.12}[quantity]
    amount, unit = listed.split()
    other = priced(f"shift_add.cost.{field}={float(amount) * factor} {unit}")
    key = next((key for key, found in here.spreads.items() if found[0].name == f"shift_add.{quantity}"), None)
    values = here.evaluate({} if key is None else {key: np.array([1.0])}, 1)
    # the pitch of the tiles, and with it the energy of wires, follows the area only in the chip file
    for metric in METRICS:
        assert values[metric][0] == pytest.approx(registry.METRICS[metric].of(other.result), rel=1e-9)


def test_area_is_a_sum_of_log_normal_numbers():
    memories = ("global_buffer", *(f"tile.{part}_buffer" for part in ("input", "output", "membrane", "history")))
    sure = "cost.uncertainty={time: 1, source: a test}"  # areas need no playing out, and so can be drawn often
    here = priced(*(f"{memory}.{sure}" for memory in (*memories, "tile.gradient_buffer")))
    found = propagate([here], 200_000)
    items = {item.component: item.n * item.area_um2 for item in here.result.items}
    mean = variance = 0.0
    shared: dict[tuple[str, str], tuple[float, float]] = {}
    for key, spreads in here.spreads.items():
        if key[1] == "area":
            shared[key] = (sum(items.pop(spread.component) for spread in spreads), math.log(spreads[0].factor))
    for amount, sigma in shared.values():
        mean += amount * math.exp(sigma**2 / 2)
        variance += amount**2 * (math.exp(sigma**2) - 1) * math.exp(sigma**2)
    drawn = found.draws["area_um2"][0]
    assert drawn.mean() == pytest.approx(mean + sum(items.values()), abs=4 * math.sqrt(variance / len(drawn)))
    # the ADC's factor of 5.3 dominates: the median is that of one log-normal number, and the rest at its mean
    assert found.interval("area_um2", 0)[0] < here.result.area_um2 < found.interval("area_um2", 0)[1]


def test_slower_memories_are_played_out_again_and_not_added_up(here):
    key = next(key for key in here.spreads if key[1] == "time")
    errors = np.array([-40.0, 0.0, 10.0])  # 1.12 to the power of these: 93 times faster, as listed, 3 times slower
    graph, memories = here.result.graph, {spread.component for spread in here.spreads[key]}
    actions = here.result.actions
    owner = [actions[name].charges[0].component if actions[name].charges else "" for name in graph.action_names]
    is_slow = np.array([owner[action] in memories for action in graph.action])
    expected = []
    for factor in 1.12**errors:
        times = (np.where(is_slow, np.rint(t * factor), t).astype(np.int64)
                 for t in (graph.occupancy_ps, graph.latency_ps))  # fmt: skip
        expected.append(run_tasks(graph.with_services(*times)).makespan_ps)
    assert here.evaluate({key: errors}, 3)["latency_ps"].tolist() == expected
    assert expected[0] <= expected[1] == here.result.latency_ps < expected[2]


def test_the_same_error_hits_both_chips_so_that_equal_chips_never_differ(here):
    twin = replace(here, name="twin")
    found = propagate([here, twin], 100)
    for metric in METRICS:
        assert (found.draws[metric][0] == found.draws[metric][1]).all()
        assert found.probability_of_less(metric, 0, 1) == 0.5
        assert found.ranking_survives(metric) == 1.0


def test_half_the_area_of_an_own_part_wins_surely_and_a_hairs_breadth_does_not(here):
    other = priced("adc.columns_per_adc=128", name="fewer ADCs")
    found = propagate([here, other], 400)
    assert found.probability_of_less("area_um2", 1, 0) > 0.99
    assert found.probability_of_less("area_um2", 0, 1) == pytest.approx(
        1 - found.probability_of_less("area_um2", 1, 0)
    )


def test_draws_follow_their_seed_alone(here):
    one, two, three = (propagate([here], 50, seed).draws["energy_pj"] for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != three).any()


def test_another_chip_in_the_comparison_changes_no_draw_of_the_first(here):
    other = priced("adc.columns_per_adc=128", name="other")
    alone, together = propagate([here], 50), propagate([here, other], 50)
    assert (alone.draws["energy_pj"][0] == together.draws["energy_pj"][0]).all()


def test_certain_numbers_have_no_error_bar():
    parts = ["adc", "shift_add", "crossbar", "drivers", "write", "sample_hold", "interconnect", "global_buffer"]
    chip = priced(*(f"{part}.cost.uncertainty={CERTAIN}" for part in parts))
    names = {number.name for number in numbers_of([chip]).values()}
    assert not any(part in name for part in ("adc", "crossbar", "interconnect") for name in names)


def test_one_at_a_time_moves_a_metric_by_one_standard_deviation(here):
    found = {(s.metric, s.number): s for s in one_at_a_time(here)}
    adc = found["area_um2", "adc.area"]
    share = sum(item.n * item.area_um2 for item in here.result.items if item.component == "adc")
    assert adc.high - here.result.area_um2 == pytest.approx(share * 4.3, rel=1e-9)
    assert here.result.area_um2 - adc.low == pytest.approx(share * (1 - 1 / 5.3), rel=1e-9)


def test_sobols_shares_of_a_sum_are_the_shares_of_its_variance(here):
    items = {item.component: item.n * item.area_um2 for item in here.result.items}
    variances = {}
    for number, (key, spreads) in zip(numbers_of([here]).values(), here.spreads.items(), strict=True):
        if key[1] == "area":
            amount, sigma = sum(items[s.component] for s in spreads), math.log(spreads[0].factor)
            variances[number.name] = amount**2 * (math.exp(sigma**2) - 1) * math.exp(sigma**2)
    whole = sum(variances.values())
    for entry in sobol(here, 1024, metrics=["area_um2"]):
        assert entry.total == pytest.approx(variances[entry.number] / whole, abs=2 * entry.total_error + 1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_sobols_shares_are_the_same_in_every_run_whatever_the_seed(here, seed):
    np.random.seed(1)  # noqa: NPY002 - SALib draws from the global generator where it takes a seed as none
    first = sobol(here, 8, seed, ["area_um2"])
    np.random.seed(2)  # noqa: NPY002
    assert sobol(here, 8, seed, ["area_um2"]) == first


def test_too_few_draws_two_chips_of_one_name_and_odd_points_are_refused(here):
    with pytest.raises(ExploreError, match="error bars need 2 or more"):
        propagate([here], 1)
    with pytest.raises(ExploreError, match="each with its own name"):
        propagate([here, here], 10)
    with pytest.raises(ExploreError, match="a power of two"):
        sobol(here, 100)


def test_more_draws_than_are_meant_or_fit_are_refused_before_they_are_drawn(here, monkeypatch):
    with pytest.raises(ExploreError, match="1000000000000 draws; 16777216 are made at most"):
        propagate([here], 10**12)
    with pytest.raises(ExploreError, match="draws; 16777216 are made at most"):
        sobol(here, 2**40)
    monkeypatch.setattr(memory, "default_max_bytes", lambda: 10**6)
    with pytest.raises(TooLargeError, match=r"here: 100000 draws needs .* may be used .*ask for fewer draws"):
        propagate([here], 100_000)
