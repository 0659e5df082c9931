"""Writing as silicon does it: laws of pulses, groups as slow as their slowest cell, reads before and after."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.components import without_effect
from archsim.components.pulsed import taken
from archsim.errors import SpecError
from archsim.registry import PULSES
from archsim.spec import Chip
from archsim.spec.chip import Device
from archsim.units import errors_of

LOGNORMAL = {"kind": "lognormal"}
SILICON = {
    "device.levels": 2,
    "write.pulse": "200 ns",
    "write.verify_read": "50 ns",
    "write.parallel_cells": 48,
    "write.pulses_per_cell": LOGNORMAL,
    "write.cost.energy": "50 pJ",
    "write.cost.row_energy": "0 pJ",
    "write.cost.verify_energy": "1 pJ",
}


def law(kind, **keys):
    return PULSES[kind](kind=kind, **keys)


# ---- laws of pulses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_cells", "times"), [(16, 4.6), (48, 7.3), (128, 10.6), (256, 13.4)])
def test_the_slowest_of_a_group_takes_as_many_times_the_mean_as_the_records_say(n_cells, times):
    """prices.md, "Row write time": E[max of n] / mean of the default law."""
    default = law("lognormal")
    assert default.mean() == pytest.approx(8.5, rel=0.01)
    assert default.slowest(n_cells) / default.mean() == pytest.approx(times, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "mean", "p50", "p90"), [("sdr", 7.28, 4, 20), ("ispp", 18.2, 9, 49), ("fppv", 13.4, 5, 28)]
)
def test_measured_algorithms_have_their_measured_means(kind, mean, p50, p90):
    """RADAR's data, 32768 cells of 2 bits: mean, median, 90th percentile (the tail within a quarter)."""
    found = law(kind)
    chances = found.at_most(0.5)
    assert found.mean() == pytest.approx(mean, rel=0.01)
    assert np.searchsorted(chances, 0.5) == p50
    assert np.searchsorted(chances, 0.9) == pytest.approx(p90, rel=0.25)


def test_levels_between_take_several_times_the_pulses_of_the_ends():
    """RADAR by level: 3.09 and 2.61 at the ends, 10.26 and 13.15 between; 14.5 % of the lowest level fail."""
    found = law("levels")
    ends = [found.mean(shares) for shares in ((1, 0, 0, 0), (0, 0, 0, 1))]
    middle = found.mean((0, 1, 1, 0))
    assert ends == pytest.approx([3.09, 2.61], rel=0.05)
    assert middle == pytest.approx((10.26 + 13.15) / 2, rel=0.02)
    assert np.searchsorted(found.at_most(1 / 3), 0.99) == pytest.approx(44, abs=1)
    assert found.failing((0.25, 0.25, 0.25, 0.25)) == pytest.approx((0.145 + 2 * 0.0035) / 4)
    assert found.mean((1, 1, 1, 1)) == pytest.approx(np.mean([*ends, middle, middle]))


@pytest.mark.parametrize("kind", ["lognormal", "levels"])
@pytest.mark.parametrize("n_cells", [1, 48])
def test_drawn_groups_take_on_average_what_is_expected(kind, n_cells):
    found, shares, rng = law(kind), (0.6, 0.1, 0.1, 0.2), np.random.default_rng(2)
    drawn = found.draw(n_cells * 4000, rng, shares).reshape(4000, n_cells).max(axis=1)
    error = 4 * drawn.std() / np.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(found.slowest(n_cells, shares), abs=error)


def test_the_geometric_law_of_the_array_model_has_its_closed_forms():
    """Mean ``(1 - (1 - p)^N) / p``; of two cells by inclusion and exclusion; ``(1 - p)^N`` fail."""
    rules = {"programming": {"kind": "constant", "sigma": 0.05}, "write_verify": {"band": 0.05, "max_pulses": 400}}
    device = {"g_min": "10 uS", "g_max": "50 uS", "levels": 2, "read_voltage": "0.2 V", "read_pulse": "10 ns"}
    found = law("write_verify").ready(Device.model_validate({**device, "errors": rules, "source": "made up"}))
    p = 0.6826894921370859  # within one standard deviation
    assert found.mean((1, 1)) == pytest.approx(1 / p)
    assert found.slowest(2, (1, 1)) == pytest.approx(2 / p - 1 / (1 - (1 - p) ** 2))
    rules["write_verify"]["max_pulses"] = 2
    short = law("write_verify").ready(Device.model_validate({**device, "errors": rules, "source": "made up"}))
    assert short.failing((1, 1)) == pytest.approx((1 - p) ** 2)
    assert short.mean((1, 1)) == pytest.approx(2 - p)


# ---- what a row takes ------------------------------------------------------------------------------------------


def test_a_verified_cell_and_a_row_group_cost_what_silicon_says(make_parts):
    """EMBER 0.40 nJ a cell and 3.9 us a 48-cell word (1 bit), NeuRRAM 0.3 nJ, RADAR 0.37 nJ; 4-30 us a group."""
    circuits = make_parts(SILICON).write_circuits
    cell_pj = circuits.program(48).energy_pj + circuits.verify(1e-5, 48).energy_pj
    group_ps = circuits.program_row_ps(48) + circuits.verify_row_ps(48)
    assert 300 < cell_pj < 500
    assert 4e6 < group_ps < 30e6
    array_pj, array_ps = 128 * 128 * cell_pj, 128 * (circuits.program_row_ps(128) + circuits.verify_row_ps(128))
    assert array_pj / 1e6 == pytest.approx(7, rel=0.05)
    assert 0.5e9 < array_ps < 8e9


def test_a_row_is_written_in_groups_each_as_slow_as_its_slowest(make_parts):
    parts = make_parts(SILICON)
    slowest = law("lognormal").slowest
    pulses = 2 * slowest(48) + slowest(32)
    assert parts.write_circuits.program_row_ps(128) == pytest.approx(pulses * 200_000, abs=1)
    assert parts.write_circuits.verify_row_ps(128) == pytest.approx(pulses * 50_000, abs=1)
    assert parts.write_circuits.program(128).energy_pj == pytest.approx(law("lognormal").mean() * 50)


def test_verify_reads_without_circuits_of_their_own_are_those_of_the_array(make_parts):
    through = {**SILICON, "write.verify_read": None, "write.cost.verify_energy": None}
    parts = make_parts({key: value for key, value in through.items() if value is not None})
    circuits, pulses = parts.write_circuits, law("lognormal").slowest(48)
    read_ps = parts.drivers.settle_ps() + 10_000 + parts.adc.convert_ps(48, 8)
    assert circuits.verify_row_ps(48) == pytest.approx(pulses * read_ps, abs=1)
    once = make_parts({"write.pulses_per_cell": 1}).write_circuits.verify(1e-5, 48)
    many = circuits.verify(1e-5, 48)
    assert many.energy_pj == pytest.approx(once.energy_pj * law("lognormal").mean())
    assert {c.component for c in many.charges} == {"crossbar", "drivers", "adc", "sample_hold"}


def test_set_and_reset_pulses_have_their_own_time_and_energy(make_parts):
    reset = {"write.reset_pulse": "400 ns", "write.cost.reset_energy": "20 pJ", "write.reset_share": 0.25}
    both, one = (make_parts({**SILICON, **more}).write_circuits for more in (reset, {}))
    assert both.program_row_ps(48) / one.program_row_ps(48) == pytest.approx(0.75 + 0.25 * 2)
    assert both.program(48).energy_pj / one.program(48).energy_pj == pytest.approx(0.75 + 0.25 * 0.4)
    assert both.program_power_uw(48) == one.program_power_uw(48)  # a SET pulse draws more
    longer = {**reset, "write.cost.reset_energy": "200 pJ"}
    assert make_parts({**SILICON, **longer}).write_circuits.program_power_uw(48) == 2 * one.program_power_uw(48)


def test_pulses_that_cells_took_are_counted_cell_by_cell_and_group_by_group(make_parts):
    circuits = make_parts({**SILICON, "write.cost.row_energy": "8 pJ"}).write_circuits
    of = taken([3, 1, 2, 7], n_parallel=2)
    assert (of.mean, of.turns) == (3.25, 3 + 7)
    assert circuits.program_row_ps(4, of) == 10 * 200_000
    assert 4 * circuits.program(4, of).energy_pj == pytest.approx(13 * 50 + 10 * 8)
    assert 4 * circuits.verify(1e-5, 4, of=of).energy_pj == pytest.approx(13)


def test_a_mean_keeps_its_figures(make_parts):
    """Groups x mean x pulse, and one read of the whole row after each pulse, as ever."""
    circuits = make_parts().write_circuits
    assert circuits.program_row_ps(40) == 2 * 250_000
    assert circuits.program(32).energy_pj == 2.5 * (4 + 8 / 32)


# ---- wrong and idle keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"write.verify_read": "50 ns"}, "missing: verify_read describes a read"),
        ({"write.cost.verify_energy": "1 pJ"}, "missing: cost.verify_energy describes a read"),
        ({"write.pulses_per_cell": {"kind": "write_verify"}}, "needs device.errors.write_verify"),
        ({"write.pulses_per_cell": 0}, "must be a number above zero, auto, or a law"),
        ({"write.pulses_per_cell": "atuo"}, "must be a number above zero, auto, or a law"),
        ({"write.pulses_per_cell": {"kind": "lognormal", "median": -1}}, "must be greater than 0"),
        ({"write.pulses_per_cell": {"kind": "levels", "on": {"mean": 3.0, "p99": 2.0}}}, "must be above mean"),
    ],
)
def test_what_makes_no_sense_is_refused(make_chip, changes, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # pydantic's, which is no error of archsim
        make_chip(changes)
    assert any(said in message for _, message in errors_of(caught.value, Chip))


def test_a_pulse_without_time_is_refused(make_parts):
    with pytest.raises(SpecError, match=r"write\.reset_pulse: must be above zero"):
        make_parts({**SILICON, "write.reset_pulse": "0 ns"})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"write.reset_share": 0.25}, "write.reset_share"),
        ({"write.draw": True}, "write.draw"),
        (
            {"write.verify_read": "50 ns", "write.cost.verify_energy": "1 pJ", "write.verify": False},
            "write.verify_read",
        ),
    ],
)
def test_keys_that_change_nothing_are_told(make_chip, changes, key):
    assert key in {note.partition(":")[0] for note in without_effect(make_chip(changes))}
    assert not [note for note in without_effect(make_chip()) if note.startswith("write.")]
