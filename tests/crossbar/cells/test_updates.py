"""Potentiation and depression: NeuroSim's recorded labels, the curves' closed form, and open-loop pulses."""

from __future__ import annotations

import numpy as np
import pytest
from cells_support import G_MAX, G_MIN, MIDDLE, WIDTH, N, make, mean_is, programmed, std_is
from hypothesis import given
from hypothesis import strategies as st

from archsim.crossbar.cells import pulses_for
from archsim.crossbar.cells.noises import Window
from archsim.crossbar.cells.updates import after_pulses, curvature
from archsim.errors import SpecError
from archsim.spec.cells import PulseUpdate

WINDOW = Window(G_MIN, G_MAX)
LABELS = st.sampled_from([-9.0, -4.88, -1.0, -1e-9, 0.0, 1e-9, 0.01, 2.4, 5.0, 9.0])

# some rows of NeuroSim's table (MLP+NeuroSim 3.0, formula.cpp): label, A in units of all pulses
RECORDED = {
    0.01: 126.268958,
    0.05: 25.253264,
    0.1: 12.625807,
    0.25: 5.048012,
    0.49: 2.571526,
    0.67: 1.877232,
    8.83: 0.027375,
    8.95: 0.024129,
    9.0: 0.022810,
}
# and of its rounded form (Nonlinearity-NormA)
ROUNDED = {1.51: 0.8195, 3.01: 0.3853, 4.51: 0.2266, 6.01: 0.1351, 7.51: 0.0702}


def after(g, n, **update):
    g, n = np.broadcast_arrays(np.asarray(g, dtype=float), np.asarray(n))
    return after_pulses(g, n, PulseUpdate(**{"pulses": 64, **update}), WINDOW)


def test_labels_mean_the_curves_of_neurosims_table():
    for label, recorded in RECORDED.items():
        assert 1 / curvature(label) == pytest.approx(recorded, rel=3e-7, abs=5e-7)
        assert curvature(-label) == -curvature(label)
    for label, recorded in ROUNDED.items():
        assert 1 / curvature(label) == pytest.approx(recorded, abs=5e-5)


def test_a_label_of_zero_is_a_straight_line():
    n = np.arange(65)
    assert after(G_MIN, n) == pytest.approx(G_MIN + n / 64 * WIDTH, rel=1e-12)
    assert after(G_MAX, -n) == pytest.approx(G_MAX - n / 64 * WIDTH, rel=1e-12)


@pytest.mark.parametrize("label", [2.4, -4.88])
def test_potentiation_from_g_min_is_the_published_curve(label):
    n = np.arange(65)
    a = 64 / curvature(label)
    b = WIDTH / (1 - np.exp(-64 / a))
    assert after(G_MIN, n, potentiation=label) == pytest.approx(G_MIN + b * (1 - np.exp(-n / a)), rel=1e-9)


@pytest.mark.parametrize("label", [2.4, -4.88])
def test_depression_walks_down_its_curve_counted_from_g_min(label):
    n = np.arange(65)
    a = 64 / curvature(label)
    b = WIDTH / (1 - np.exp(-64 / a))
    right = G_MIN + b * (1 - np.exp(-(64 - n) / a))
    assert after(G_MAX, -n, depression=label) == pytest.approx(right, rel=1e-9)


@given(LABELS, LABELS)
def test_a_whole_curve_leads_from_end_to_end(up, down):
    labels = {"potentiation": up, "depression": down}
    assert after(G_MIN, 64, **labels) == pytest.approx(G_MAX, rel=1e-12)
    assert after(G_MAX, -64, **labels) == pytest.approx(G_MIN, rel=1e-9)
    assert after(G_MIN, 10**6, **labels) == pytest.approx(G_MAX, rel=1e-12)
    assert after(G_MAX, -(10**6), **labels) == pytest.approx(G_MIN, rel=1e-9)


def test_the_usual_device_moves_most_with_its_first_pulses_in_both_directions():
    labels = {"potentiation": 2.4, "depression": -4.88}
    first_up, last_up = after(G_MIN, 1, **labels) - G_MIN, G_MAX - after(G_MIN, 63, **labels)
    first_down, last_down = G_MAX - after(G_MAX, -1, **labels), after(G_MAX, -63, **labels) - G_MIN
    assert first_up > 4 * last_up
    assert first_down > 20 * last_down
    assert first_down > first_up


def test_up_and_down_again_ends_lower_on_an_asymmetric_device_and_where_it_was_on_a_symmetric_one():
    up = after(MIDDLE, 4, potentiation=3.0, depression=-3.0)
    assert after(up, -4, potentiation=3.0, depression=-3.0) < MIDDLE + 0.5 * (up - MIDDLE)
    up = after(MIDDLE, 4, potentiation=3.0, depression=3.0)
    assert after(up, -4, potentiation=3.0, depression=3.0) == pytest.approx(MIDDLE, rel=1e-9)


@given(LABELS, st.floats(0, 1), st.integers(1, 30), st.integers(1, 30))
def test_pulses_one_after_the_other_are_pulses_at_once(label, place, m, n):
    g = G_MIN + place * WIDTH
    for sign in (1, -1):
        labels = {"potentiation": label, "depression": label}
        steps = after(after(g, sign * m, **labels), sign * n, **labels)
        assert steps == pytest.approx(after(g, sign * (m + n), **labels), rel=1e-4, abs=1e-6 * WIDTH)


@given(LABELS, LABELS, st.floats(0, 1.3), st.integers(-100, 100))
def test_no_pulse_moves_a_cell_against_its_direction_or_out_of_the_window(up, down, place, n):
    g = G_MIN * 0.5 + place * WIDTH
    moved = float(after(g, n, potentiation=up, depression=down))
    assert np.sign(n) * (moved - g) >= -1e-12 * WIDTH
    assert min(g, G_MIN) * (1 - 1e-12) <= moved <= max(g, G_MAX) * (1 + 1e-12)


def test_cycles_spread_with_the_root_of_the_number_of_pulses():
    cells = programmed(update={"pulses": 100, "cycle_spread": 0.01})
    cells.pulse(np.full(N, 9))
    mean_is(cells.conductance_siemens - MIDDLE, 0.09 * WIDTH)
    std_is(cells.conductance_siemens, 0.03 * WIDTH)


def test_cycle_spread_ends_at_the_window():
    cells = make(N, update={"pulses": 100, "cycle_spread": 0.05})
    cells.pulse(np.full(N, -1))
    assert cells.conductance_siemens.min() == pytest.approx(G_MIN, rel=1e-12)
    assert np.mean(cells.conductance_siemens > G_MIN * 1.0001) == pytest.approx(0.5, abs=0.02)


def test_a_cell_is_updated_from_where_it_has_drifted_to():
    cells = programmed(shape=3, update={"pulses": 100}, drift={"kind": "power_law", "nu": 0.1, "start": "1 s"})
    cells.age(1e3)
    drifted = cells.conductance_siemens
    cells.pulse(np.array([10, -10, 0]))
    assert cells.conductance_siemens == pytest.approx(drifted + np.array([0.1, -0.1, 0]) * WIDTH, rel=1e-12)
    cells.age(0.5)  # clocks of the pulsed cells stand before the law begins
    assert cells.conductance_siemens[:2] == pytest.approx(drifted[:2] + np.array([0.1, -0.1]) * WIDTH, rel=1e-12)
    assert cells.conductance_siemens[2] < drifted[2]


def test_pulses_are_counted_by_cell_and_in_all():
    cells = make((2, 2), update={"pulses": 100})
    version = cells.version
    cells.pulse(np.array([[3, -2], [0, 1]]))
    assert cells.writes.tolist() == [[3, 2], [0, 1]]
    assert (cells.n_pulses, cells.n_verify_reads) == (6, 0)
    assert cells.version > version
    version = cells.version
    cells.pulse(np.zeros((2, 2), dtype=int))
    assert (cells.n_pulses, cells.version) == (6, version)


def test_pulses_without_curves_or_of_a_wrong_kind_are_refused():
    with pytest.raises(SpecError, match=r"errors.update is missing"):
        make(3).pulse(np.ones(3, dtype=int))
    with pytest.raises(SpecError, match="n_pulses: must be whole numbers; got float64"):
        make(3, update={"pulses": 10}).pulse(np.ones(3))
    with pytest.raises(SpecError, match=r"n_pulses: must be of shape \(3,\); got \(4,\)"):
        make(3, update={"pulses": 10}).pulse(np.ones(4, dtype=int))


@given(st.floats(-1.5, 1.5), st.floats(0, 1), st.integers(1, 300))
def test_the_pulses_for_a_change_bring_a_linear_device_within_half_a_step(delta, place, steps):
    update = PulseUpdate(pulses=steps)
    g = G_MIN + place * WIDTH
    n = pulses_for(delta * WIDTH, g, update, G_MIN, G_MAX)
    assert n.dtype == np.int64
    moved = after_pulses(np.array(g), n, update, WINDOW)
    wanted = np.clip(g + delta * WIDTH, G_MIN, G_MAX)
    assert abs(moved - wanted) <= (0.5 + 1e-6) * WIDTH / steps


def test_no_pulses_are_spent_on_a_cell_that_is_already_at_the_end():
    update = PulseUpdate(pulses=100)
    delta = np.array([WIDTH, -WIDTH])
    assert pulses_for(delta, np.array([G_MAX, G_MIN]), update, G_MIN, G_MAX).tolist() == [0, 0]
