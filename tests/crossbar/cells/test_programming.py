"""Writing cells: spreads, write-verify, relaxation and the cells' own factors against their laws."""

from __future__ import annotations

import numpy as np
import pytest
from calls_support import calls_of
from cells_support import G_MAX, G_MIN, MIDDLE, WIDTH, N, make, mean_is, programmed, share_is, std_is
from scipy.special import erf
from scipy.stats import truncnorm

from archsim.crossbar.cells import Cells, device_table
from archsim.errors import SpecError
from archsim.registry import PULSES
from archsim.spec.cells import CellErrors

CONSTANT = {"kind": "constant", "sigma": 0.05}
SIGMA = 0.05 * WIDTH
BAND = {"band": 0.03, "max_pulses": 1000}
P_LANDS = float(erf(0.03 / 0.05 / np.sqrt(2)))


def test_ideal_cells_hold_their_targets_to_the_last_bit():
    target = np.random.default_rng(0).uniform(G_MIN, G_MAX, (7, 5, 2, 2))
    cells = programmed(target, target.shape)
    cells.age(1e9)
    cells.pass_reads(10**6)
    assert np.array_equal(cells.conductance_siemens, target)
    assert cells.read_variance is None
    assert (cells.n_pulses, cells.n_verify_reads) == (target.size, 0)
    assert (cells.writes == 1).all()
    assert not cells.worn.any()


def test_new_cells_are_at_g_min_and_never_written():
    cells = make((3, 2))
    assert (cells.conductance_siemens == G_MIN).all()
    assert cells.n_pulses == 0


def test_a_constant_error_has_the_same_deviation_at_every_target():
    for target in (0.4 * WIDTH, MIDDLE, G_MAX):
        g = programmed(target, programming=CONSTANT).conductance_siemens
        mean_is(g, target)
        std_is(g, SIGMA)


def test_a_proportional_error_grows_with_the_target():
    for target in (G_MIN, MIDDLE, G_MAX):
        g = programmed(target, programming={"kind": "proportional", "sigma": 0.1}).conductance_siemens
        mean_is(g, target)
        std_is(g, 0.1 * target)


@pytest.mark.parametrize("device", ["wan", "milo", "joshi"])
def test_a_measured_table_gives_its_deviation_at_each_of_its_points_and_between(device):
    table = device_table(device)
    low, high = table.window_siemens
    for k in range(len(table.target_siemens) - 1):
        # half-way, linear interpolation is the mean of the neighbours
        for target, sigma in (
            (table.target_siemens[k], table.sigma_siemens[k]),
            (table.target_siemens[k : k + 2].mean(), table.sigma_siemens[k : k + 2].mean()),
        ):
            if target > 5 * sigma:  # nearer to zero the law is cut off
                errors = {"programming": {"kind": "table", "device": device}}
                g = programmed(target, g_min=low, g_max=high, **errors).conductance_siemens
                mean_is(g, target)
                std_is(g, sigma)


def test_a_table_stretched_over_the_window_keeps_its_relative_deviation():
    table = device_table("milo")
    low, high = table.window_siemens
    point = 13
    stretch = WIDTH / (high - low)
    target = G_MIN + (table.target_siemens[point] - low) * stretch
    g = programmed(target, programming={"kind": "table", "device": "milo", "scale": "window"}).conductance_siemens
    std_is(g, table.sigma_siemens[point] * stretch)


def test_an_error_that_would_make_a_conductance_negative_stops_at_zero():
    g = programmed(0.0, g_min=0.0, g_max=1e-4, programming=CONSTANT).conductance_siemens
    assert g.min() == 0
    share_is(g == 0, 0.5)
    mean_is(g, 0.05 * 1e-4 / np.sqrt(2 * np.pi))


def test_write_verify_takes_a_geometric_number_of_pulses():
    cells = programmed(programming=CONSTANT, write_verify=BAND)
    mean_is(cells.writes, 1 / P_LANDS)
    share_is(cells.writes == 1, P_LANDS)
    share_is(cells.writes == 3, P_LANDS * (1 - P_LANDS) ** 2)
    assert cells.n_pulses == cells.n_verify_reads == cells.writes.sum()


def test_after_write_verify_every_cell_is_in_the_band_and_follows_the_cut_normal_law():
    g = programmed(programming=CONSTANT, write_verify=BAND).conductance_siemens
    assert np.abs(g - MIDDLE).max() <= 0.03 * WIDTH * (1 + 1e-9)
    mean_is(g, MIDDLE)
    std_is(g, truncnorm(-0.6, 0.6, scale=SIGMA).std())


def test_write_verify_gives_up_after_its_last_pulse():
    cells = programmed(programming=CONSTANT, write_verify={"band": 0.03, "max_pulses": 3})
    out = np.abs(cells.conductance_siemens - MIDDLE) > 0.03 * WIDTH
    share_is(out, (1 - P_LANDS) ** 3)
    mean_is(cells.writes, (1 - (1 - P_LANDS) ** 3) / P_LANDS)
    assert (cells.writes[out] == 3).all()


def test_relaxation_adds_to_what_was_verified():
    errors = {"programming": CONSTANT, "write_verify": BAND}
    before = programmed(**errors).conductance_siemens
    after = programmed(**errors, relaxation={"kind": "constant", "sigma": 0.02}).conductance_siemens
    std_is(after - before, 0.02 * WIDTH)
    std_is(after, np.hypot(truncnorm(-0.6, 0.6, scale=SIGMA).std(), 0.02 * WIDTH))


def test_relaxation_alone_spreads_ideal_writes():
    std_is(programmed(relaxation={"kind": "proportional", "sigma": 0.02}).conductance_siemens, 0.02 * MIDDLE)


def test_a_cell_keeps_its_own_factor_for_life():
    cells = programmed(device_spread=0.1)
    first = cells.conductance_siemens / MIDDLE
    mean_is(first, 1.0)
    std_is(first, 0.1)
    cells.program(0.5 * MIDDLE)
    assert np.allclose(cells.conductance_siemens / (0.5 * MIDDLE), first, rtol=1e-12, atol=0)


def test_own_factors_and_write_errors_add_as_independent_spreads():
    g = programmed(device_spread=0.1, programming=CONSTANT).conductance_siemens
    # (1 + a)(m + b): variance m^2 a^2 + b^2 + a^2 b^2
    std_is(g, np.sqrt((0.1 * MIDDLE) ** 2 + SIGMA**2 + (0.1 * SIGMA) ** 2))


def test_verify_reads_see_a_cells_own_factor_and_correct_it():
    cells = programmed(device_spread=0.2, programming=CONSTANT, write_verify=BAND)
    assert np.abs(cells.conductance_siemens - MIDDLE).max() <= 0.03 * WIDTH * (1 + 1e-9)
    # the first pulse lands as (1 + a)(m + b) does, each later one as before
    rng = np.random.default_rng(5)
    first = rng.normal(1, 0.2, 10**6) * rng.normal(MIDDLE, SIGMA, 10**6)
    p_first = np.mean(np.abs(first - MIDDLE) <= 0.03 * WIDTH)
    share_is(cells.writes == 1, p_first)
    mean_is(cells.writes, 1 + (1 - p_first) / P_LANDS)


def test_only_the_cells_asked_for_are_written():
    cells = programmed(MIDDLE, (50, 40), programming=CONSTANT)
    before = cells.conductance_siemens
    where = np.random.default_rng(0).random((50, 40)) < 0.3
    cells.program(np.where(where, 80e-6, np.nan), where=where)
    after = cells.conductance_siemens
    assert np.array_equal(after[~where], before[~where])
    assert (np.abs(after[where] - 80e-6) < 6 * SIGMA).all()
    assert np.array_equal(cells.writes, 1 + where)
    assert cells.n_pulses == 2000 + where.sum()


def test_writing_no_cell_changes_nothing():
    cells = programmed(shape=(3,), programming=CONSTANT)
    version, g = cells.version, cells.conductance_siemens
    cells.program(MIDDLE, where=np.zeros(3, dtype=bool))
    assert (cells.version, cells.n_pulses) == (version, 3)
    assert np.array_equal(cells.conductance_siemens, g)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-6, 0.5 * G_MIN, 2 * G_MAX])
def test_a_target_outside_the_window_is_refused_before_any_work(bad):
    cells = make((2, 3), programming=CONSTANT)
    target = np.full((2, 3), MIDDLE)
    target[1, 2] = bad
    with pytest.raises(SpecError, match=r"1 targets are no conductances from g_min to g_max.*\(1, 2\)"):
        cells.program(target)
    assert cells.n_pulses == 0
    assert (cells.conductance_siemens == G_MIN).all()


def test_targets_and_masks_of_wrong_shape_are_refused():
    cells = make((2, 3))
    with pytest.raises(SpecError, match=r"target_siemens: must be numbers of shape \(2, 3\)"):
        cells.program(np.full((3, 2), MIDDLE))
    with pytest.raises(SpecError, match=r"where: must be truth values of shape \(2, 3\)"):
        cells.program(MIDDLE, where=np.ones((2, 3)))


def test_a_window_outside_an_absolute_table_is_refused_with_both_ranges():
    with pytest.raises(SpecError, match=r"1 to 101 µS.*'wan', 0.1 to 39.26 µS.*scale: window"):
        make(programming={"kind": "table"})


def test_all_that_is_wrong_with_an_array_is_said_at_once():
    with pytest.raises(SpecError) as caught:
        make((0, 3), g_min=2e-6, g_max=1e-6, read_pulse_ps=0, thermal_noise=True)
    for said in ("shape", "0 <= g_min < g_max", "read_pulse", "read_voltage_v"):
        assert said in str(caught.value)


def test_programming_costs_no_call_for_a_cell():
    table = {"kind": "table", "scale": "window"}
    cells = make((512, 512, 4, 2), programming=table, write_verify={"band": 0.03, "max_pulses": 20})
    assert calls_of(lambda: cells.program(MIDDLE)) < cells.writes.size / 100
    assert cells.n_pulses > cells.writes.size > N


def test_cells_without_write_verify_take_their_pulses_from_a_law():
    """Its mean and its part of failed cells; conductances, and what else is drawn, stay as without it."""
    n, law = 250_000, PULSES["lognormal"](kind="lognormal")
    errors = CellErrors(programming=CONSTANT, device_spread=0.1)
    common = {"g_min_siemens": G_MIN, "g_max_siemens": G_MAX, "errors": errors, "read_pulse_ps": 10_000, "seed": 4}
    one, many = Cells((n,), **common), Cells((n,), **common, pulses=law)
    for cells in (one, many):
        cells.program(np.full(n, MIDDLE))
    assert np.array_equal(one.conductance_siemens, many.conductance_siemens)
    assert (one.n_pulses, one.n_verify_reads, one.n_failed) == (n, 0, 0)
    assert many.n_pulses == many.n_verify_reads == many.writes.sum()
    mean_is(many.writes, law.mean())
    share_is(np.arange(n) < many.n_failed, 0.035)


def test_who_is_not_in_the_band_after_the_last_pulse_has_failed():
    rule = {"band": 0.03, "max_pulses": 2}
    cells = programmed(np.full(N, MIDDLE), (N,), programming=CONSTANT, write_verify=rule)
    outside = np.abs(cells.conductance_siemens - MIDDLE) > 0.03 * WIDTH
    assert cells.n_failed == outside.sum()
    share_is(outside, (1 - P_LANDS) ** 2)
