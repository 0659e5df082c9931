"""The budget of a wearable, by hand."""

from __future__ import annotations

import math

import pytest

from archsim.errors import ArchsimError
from archsim.metrics.budget import CELLS, Cell, Load, day_of, power_cap_uw

WORK = Load("inference", 2e6, 5e9, 3000.0, 4.0)  # 2 uJ in 5 ms
LEARN = Load("dfa", 1e9, 60e12, 8000.0, 6.0)  # 1 mJ in a minute


def test_mean_power_is_rate_times_energy_and_sleep_fills_the_rest():
    day = day_of(WORK, LEARN, 20, 144, rest_uw=10)
    assert day.inference_uw == pytest.approx(20 * 2)  # 20/s x 2 uJ
    assert day.adaptation_uw == pytest.approx(144 * 1000 / 86_400)  # 144 mJ a day
    assert day.duty_cycle == pytest.approx(20 * 0.005 + 144 * 60 / 86_400)  # 0.1 + 0.1
    assert day.sleep_uw == pytest.approx(0.8 * 6)  # the larger chip leaks
    assert day.average_power_uw == pytest.approx(40 + 144 / 86.4 + 4.8 + 10)
    assert day.peak_power_uw == 8010


def test_a_cell_lasts_its_energy_over_the_mean_power():
    cell = Cell("by hand", 3.6 * 100, 3.7, "100 mAh, 3.7 V")
    day = day_of(WORK, None, 1, 0, sleep_uw=0, cell=cell, usable_frac=0.5)
    assert day.life_s == pytest.approx(0.5 * 360 * 3.7 / 2e-6)
    assert day_of(WORK, None, 0, 0, sleep_uw=0, cell=cell).life_s == math.inf


def test_each_cell_says_where_its_figures_come_from():
    assert CELLS["cr2032"].energy_j == pytest.approx(0.225 * 3600 * 3)
    assert CELLS["cr2450"].energy_j == pytest.approx(0.550 * 3600 * 3)
    assert all(len(cell.source) > 20 for cell in CELLS.values())


def test_what_does_not_take_place_sets_no_peak():
    assert day_of(WORK, LEARN, 1, 0).peak_power_uw == 3000
    assert day_of(WORK, LEARN, 0, 0).peak_power_uw == 6


def test_every_error_is_told_at_once():
    with pytest.raises(ArchsimError) as error:
        day_of(WORK, None, -1, 5, usable_frac=1.5, sleep_uw=math.nan)
    assert len(str(error.value).splitlines()) == 4
    with pytest.raises(ArchsimError, match=r"the work takes 1\.5 times the time there is"):
        day_of(WORK, None, 300, 0)


def test_a_load_is_one_sample_or_the_whole_run():
    totals = {
        "n_samples": 4, "energy_pj": 80.0, "leakage_energy_pj": 20.0, "latency_ps": 1000, "peak_power_uw": 9.0
    }  # fmt: skip
    record = {"phase": "inference", "totals": totals}
    assert Load.of(record, per_sample=True) == Load("inference", 20.0, 250.0, 9.0, 20_000.0)
    assert Load.of(record, per_sample=False).energy_pj == 80.0


def test_the_cap_of_a_chip_is_found_in_the_provenance():
    assert power_cap_uw({"chip": {"power": {"max": "20 mW"}}}) == 20_000
    assert power_cap_uw({"chip": {"power": None}}) is None
