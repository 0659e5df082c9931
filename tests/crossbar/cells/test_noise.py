"""Noise from read to read: variances against their formulas, telegraph noise against its Markov law."""

from __future__ import annotations

import numpy as np
import pytest
from cells_support import G_MAX, G_MIN, MIDDLE, WIDTH, make, programmed, share_is
from scipy.constants import k as boltzmann

from archsim.crossbar.cells import Fault

TELEGRAPH = {"amplitude": 0.2, "mean_high": "3 us", "mean_low": "1 us"}
RATE_HZ = 1 / 3e-6 + 1 / 1e-6


def target():
    return np.linspace(G_MIN, G_MAX, 11)


def test_white_read_noise_is_a_part_of_the_window_or_of_the_conductance():
    constant = programmed(target(), 11, read_noise={"kind": "constant", "sigma": 0.03})
    assert constant.read_variance == pytest.approx(np.full(11, (0.03 * WIDTH) ** 2), rel=1e-12)
    proportional = programmed(target(), 11, read_noise={"kind": "proportional", "sigma": 0.03})
    assert proportional.read_variance == pytest.approx((0.03 * target()) ** 2, rel=1e-12)


def test_read_noise_of_zero_is_none():
    assert make(3, read_noise={"kind": "constant", "sigma": 0.0}).read_variance is None


def test_thermal_noise_is_four_k_t_g_times_half_the_inverse_pulse():
    cells = programmed(target(), 11, thermal_noise=True, temperature="350 K", read_voltage_v=0.2)
    bandwidth_hz = 1 / (2 * 10e-9)
    current_variance = 4 * boltzmann * 350 * target() * bandwidth_hz
    assert cells.read_variance == pytest.approx(current_variance / 0.2**2, rel=1e-12)
    assert cells.white_variance is None


def test_thermal_noise_is_averaged_over_the_time_in_which_cells_conduct():
    whole, half = (
        programmed(target(), 11, thermal_noise=True, read_voltage_v=0.2, on_time_ps=on) for on in (None, 5_000)
    )
    assert half.read_variance == pytest.approx(2 * whole.read_variance, rel=1e-12)


def test_a_kilohm_has_the_textbook_noise_of_four_nanovolt_per_root_hertz():
    # 1 kohm at 300 K: 4.07 nV/sqrt(Hz), so 4.07 pA/sqrt(Hz) (Horowitz and Hill, The Art of Electronics, 8.1.1)
    cells = programmed(1e-3, 1, g_max=1e-3, thermal_noise=True, read_voltage_v=1.0, read_pulse_ps=5 * 10**11)
    assert np.sqrt(cells.read_variance[0]) == pytest.approx(4.07e-12, rel=1e-3)  # over 1 Hz


def test_thermal_noise_is_the_mean_square_of_an_averaged_white_current():
    # numbers: white noise of two-sided density 2kTG, 100 samples in a pulse, averaged
    cells = programmed(1e-4, 1, thermal_noise=True, read_voltage_v=1.0)
    step = 1e-10
    rng = np.random.default_rng(3)
    samples = rng.normal(0, np.sqrt(2 * boltzmann * 300 * 1e-4 / step), (40_000, 100)).mean(axis=1)
    assert np.var(samples) == pytest.approx(cells.read_variance[0], rel=4 * np.sqrt(2 / 40_000))


def test_white_and_thermal_noise_add_their_variances_and_stay_apart():
    noise = {"kind": "constant", "sigma": 1e-4}
    cells = programmed(target(), 11, read_noise=noise, thermal_noise=True, read_voltage_v=0.2)
    assert np.array_equal(cells.read_variance, cells.white_variance + cells.thermal_variance)
    assert (cells.white_variance > 0).all()
    assert (cells.thermal_variance > 0).all()


def test_an_open_cell_makes_no_noise():
    noise = {"kind": "constant", "sigma": 0.1}
    cells = programmed(
        MIDDLE, 1000, faults={"open": 0.5}, read_noise=noise, thermal_noise=True, read_voltage_v=1.0
    )
    is_open = cells.fault_codes == Fault.OPEN
    assert 0 < is_open.sum() < 1000
    assert np.array_equal(cells.read_variance == 0, is_open)


def filled(cells):
    return cells.conductance_siemens < 0.9 * MIDDLE


def test_telegraph_noise_takes_its_amplitude_from_the_cells_with_filled_traps():
    cells = programmed(telegraph=TELEGRAPH)
    assert np.unique(cells.conductance_siemens) == pytest.approx([0.8 * MIDDLE, MIDDLE], rel=1e-12)


def test_telegraph_noise_begins_and_stays_in_its_stationary_law():
    cells = programmed(telegraph=TELEGRAPH)
    for _ in range(4):
        share_is(filled(cells), 0.25)
        cells.pass_reads(40)
        cells.age(2e-7)


@pytest.mark.parametrize("reads", [1, 10, 50, 150])
def test_telegraph_noise_forgets_exponentially(reads):
    cells = programmed(shape=400_000, telegraph=TELEGRAPH)
    before = filled(cells)
    cells.pass_reads(reads)
    found = np.corrcoef(before, filled(cells))[0, 1]
    right = np.exp(-reads * 10e-9 * RATE_HZ)
    assert found == pytest.approx(right, abs=min(4 / np.sqrt(400_000), 0.05 * right))


def test_telegraph_noise_is_the_same_in_one_step_and_in_many():
    cells = programmed(shape=400_000, telegraph=TELEGRAPH)
    before = filled(cells)
    for _ in range(20):
        cells.pass_reads(2)
    cells.age(40 * 10e-9)
    found = np.corrcoef(before, filled(cells))[0, 1]
    assert found == pytest.approx(np.exp(-80 * 10e-9 * RATE_HZ), abs=4 / np.sqrt(400_000))


def test_the_mean_times_of_telegraph_noise_are_those_asked_for():
    cells = programmed(shape=400_000, telegraph=TELEGRAPH)
    before = filled(cells)
    cells.pass_reads(40)  # 400 ns, short against both times
    after = filled(cells)
    relaxed = 1 - np.exp(-4e-7 * RATE_HZ)
    share_is(after[~before], 0.25 * relaxed)
    share_is(~after[before], 0.75 * relaxed)


def test_versions_grow_only_when_something_changes():
    cells = programmed(shape=100, telegraph=TELEGRAPH)
    version = cells.version
    cells.pass_reads(0)
    cells.age(0.0)
    assert cells.version == version
    cells.age(1.0)
    assert cells.version > version
    ideal = programmed(shape=100)
    version = ideal.version
    ideal.age(1.0)
    ideal.pass_reads(5)
    assert ideal.version == version
