"""Cells with a sinh curve: the curve, an independent nodal solve, the linear limit, convergence that is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from archsim.crossbar import column_currents
from archsim.crossbar.wires.nonlinear import nonlinear_currents, sinh_current, small_signal_conductance
from archsim.errors import ArchsimError, EngineError, SpecError

R_OHM = st.sampled_from([0.0, 1e-9, 1e-3, 1.0, 5.0, 100.0, 1e4])
# drives are up to 0.5 V: ten times the sharpest bend
V0 = st.sampled_from([0.05, 0.1, 0.25, 1.0, 1e9, math.inf])


def random_cells(rng, shape, open_share=0.0):
    return rng.uniform(1e-6, 1e-4, shape) * (rng.random(shape) >= open_share)


def nodal(g, v, r_row, r_col, v0, r_driver, r_ground):
    """Column currents of one vector: Kirchhoff's current law at all nodes, by scipy's root finder.

    All resistances more than 0; the unknowns are the node voltages.
    """
    rows, cols = g.shape
    feed = np.full((rows, cols), 1 / r_row)
    feed[:, 0] = 1 / (r_row + r_driver)
    lead = np.full((rows, cols), 1 / r_col)
    lead[-1] = 1 / (r_col + r_ground)

    def flows(x):
        w, b = x.reshape(2, rows, cols)
        along = feed * (np.column_stack([v, w[:, :-1]]) - w)
        down = lead * (b - np.vstack([b[1:], np.zeros(cols)]))
        return w, b, along, down

    def lacking(x):
        w, b, along, down = flows(x)
        through = g * v0 * np.sinh((w - b) / v0)
        at_w = along - through
        at_w[:, :-1] -= along[:, 1:]
        at_b = through - down
        at_b[1:] += down[:-1]
        return np.concatenate([at_w.ravel(), at_b.ravel()]) * 1e4

    start = np.concatenate([np.repeat(v, cols), np.zeros(rows * cols)])
    found = optimize.root(lacking, start, method="hybr", options={"xtol": 1e-14, "maxfev": 100_000})
    assert np.abs(found.fun).max() < 1e-9
    return flows(found.x)[3][-1]


def by_hand(drawn, most):
    """The current that a cell draws when it flows, by bracketing."""
    return optimize.brentq(lambda i: i - drawn(i), 0, most, xtol=1e-18)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (3, 4), (5, 3)], ids=str)
@pytest.mark.parametrize(("r_ohm", "v0"), [(5.0, 0.25), (200.0, 0.1), (2e3, 0.25), (200.0, 0.05)])
def test_currents_equal_an_independent_nodal_solve(shape, r_ohm, v0):
    rng = np.random.default_rng(shape)
    g, v = random_cells(rng, shape, 0.15), rng.uniform(-0.3, 0.3, (2, shape[0]))
    ends = {"r_driver_ohm": 70.0, "r_ground_ohm": 130.0}
    found = nonlinear_currents(g, v, r_ohm, 0.7 * r_ohm, v0, **ends)
    assert found.converged.all()
    for drive, current in zip(v, found.current_a, strict=True):
        right = nodal(g, drive, r_ohm, 0.7 * r_ohm, v0, 70.0, 130.0)
        assert np.abs(current - right).max() < 1e-8 * max(np.abs(right).max(), 1e-12)


@pytest.mark.parametrize("v0", [0.03, 0.25])
def test_one_cell_takes_what_its_wires_leave(v0):
    found = nonlinear_currents([[1e-4]], [[0.5]], 300.0, 400.0, v0, r_driver_ohm=10.0, r_ground_ohm=20.0)
    current = by_hand(lambda i: 1e-4 * v0 * math.sinh((0.5 - 730.0 * i) / v0), 0.5 / 730)
    assert found.current_a[0, 0] == pytest.approx(current, rel=1e-8)


@pytest.mark.parametrize("line", ["row", "column"])
def test_an_ideal_line_behind_a_resistance_is_one_node(line):
    """Three equal cells on one ideal wire draw their whole current through the one resistance."""
    g = np.full((1, 3) if line == "row" else (3, 1), 1e-4)
    ends = {"r_driver_ohm": 500.0} if line == "row" else {"r_ground_ohm": 500.0}
    found = nonlinear_currents(g, np.full((1, len(g)), 0.4), 0.0, 0.0, 0.2, **ends)
    cell = by_hand(lambda i: 1e-4 * 0.2 * math.sinh((0.4 - 1500.0 * i) / 0.2), 0.4 / 1500)
    np.testing.assert_allclose(found.current_a.sum(), 3 * cell, rtol=1e-8)


@st.composite
def arrays(draw):
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return random_cells(rng, shape, draw(st.sampled_from([0.0, 0.3, 1.0]))), rng.uniform(-0.5, 0.5, (2, shape[0]))


@settings(deadline=None, max_examples=100)
@given(arrays(), R_OHM, R_OHM, V0, R_OHM, R_OHM)
def test_every_array_converges_and_its_residual_is_small(array, r_row, r_col, v0, r_driver, r_ground):
    g, v = array
    found = nonlinear_currents(g, v, r_row, r_col, v0, r_driver_ohm=r_driver, r_ground_ohm=r_ground).checked()
    assert found.converged.all()
    assert (found.residual <= 1e-10).all()
    assert found.n_iterations.max() <= 25
    if v0 == math.inf:
        assert found.n_iterations.max() <= 2  # a linear circuit is one linear solve, and what it lacks


@settings(deadline=None, max_examples=60)
@given(arrays(), R_OHM, R_OHM, st.sampled_from([1e6, 1e9, math.inf]))
def test_a_weak_bend_is_the_linear_circuit(array, r_row, r_col, v0):
    g, v = array
    linear = np.array([column_currents(g, drive[None], r_row, r_col)[0] for drive in v])
    found = nonlinear_currents(g, v, r_row, r_col, v0, tolerance=1e-13).current_a
    assert np.abs(found - linear).max() <= 1e-11 * max(np.abs(linear).max(), 1e-30)


def test_unequal_segments_and_a_weak_bend_are_the_linear_circuit():
    rng = np.random.default_rng(5)
    g, v = random_cells(rng, (9, 7), 0.1), rng.uniform(-0.3, 0.3, (2, 9))
    wires = [rng.uniform(0, 20, (9, 7)) * (rng.random((9, 7)) < 0.8) for _ in range(2)]
    linear = column_currents(g, v, *wires, r_driver_ohm=30.0, r_ground_ohm=9.0)
    found = nonlinear_currents(g, v, *wires, math.inf, tolerance=1e-13, r_driver_ohm=30.0, r_ground_ohm=9.0)
    assert np.abs(found.checked().current_a - linear).max() <= 1e-12 * np.abs(linear).max()


@pytest.mark.parametrize("unit", [1e-150, 1e6])
def test_the_unit_of_conductance_does_not_matter(unit):
    rng = np.random.default_rng(6)
    g, v = rng.uniform(0.1, 1, (6, 6)), rng.uniform(-1, 1, (1, 6))
    right = nonlinear_currents(g, v, 0.1, 0.2, 0.25).current_a
    found = nonlinear_currents(g * unit, v, 0.1 / unit, 0.2 / unit, 0.25).current_a
    np.testing.assert_allclose(found / unit, right, rtol=1e-8)


@settings(deadline=None, max_examples=30)
@given(arrays(), V0)
def test_ideal_wires_give_the_curve_itself(array, v0):
    g, v = array
    found = nonlinear_currents(g, v, 0.0, 0.0, v0)
    right = sinh_current(g, v, v0)
    assert np.abs(found.current_a - right).max() <= 1e-8 * max(np.abs(right).max(), 1e-30)


@settings(deadline=None, max_examples=30)
@given(arrays(), R_OHM, R_OHM, V0)
def test_turning_all_voltages_round_turns_the_currents_round(array, r_row, r_col, v0):
    g, v = array
    one, other = (nonlinear_currents(g, sign * v, r_row, r_col, v0).current_a for sign in (1, -1))
    np.testing.assert_allclose(one, -other, rtol=0, atol=1e-14 * max(np.abs(one).max(), 1e-30))


def test_a_tighter_tolerance_changes_the_currents_by_less_than_the_looser_one_allows():
    rng = np.random.default_rng(8)
    g, v = random_cells(rng, (32, 24)), rng.uniform(0, 0.3, (3, 32))
    loose, tight = (nonlinear_currents(g, v, 5.0, 5.0, 0.25, tolerance=t).current_a for t in (1e-4, 1e-13))
    assert 0 < np.abs(loose - tight).max() < 1e-3 * np.abs(tight).max()


def test_the_curve_is_a_sinh_with_the_given_slope_at_zero():
    g = np.array([[1e-4, 2e-5], [3e-5, 0.0]])
    found = sinh_current(g, [[0.5, -0.25], [1e-7, 0.0]], 0.25)
    right = [1e-4 * 0.25 * math.sinh(2) - 3e-5 * 0.25 * math.sinh(1), 2e-5 * 0.25 * math.sinh(2)]
    np.testing.assert_allclose(found[0], right, rtol=1e-14)
    np.testing.assert_allclose(found[1], 1e-7 * g[0], rtol=1e-12)


def test_an_infinite_bend_is_the_product():
    rng = np.random.default_rng(1)
    g, v = random_cells(rng, (7, 5)), rng.uniform(-1, 1, (4, 7))
    np.testing.assert_allclose(sinh_current(g, v, math.inf), v @ g, rtol=1e-14, atol=1e-20)
    np.testing.assert_allclose(sinh_current(g, v, 1e300), v @ g, rtol=1e-14, atol=1e-20)


def test_a_cell_verified_at_a_read_voltage_gives_that_conductance_there():
    g_read = random_cells(np.random.default_rng(2), (4, 3))
    g = small_signal_conductance(g_read, 0.3, 0.25)
    found = np.array([sinh_current(row[None], [[0.3]], 0.25)[0] for row in g])
    np.testing.assert_allclose(found, 0.3 * g_read, rtol=1e-14)
    np.testing.assert_array_equal(small_signal_conductance(g_read, 0.3, math.inf), g_read)
    np.testing.assert_array_equal(small_signal_conductance(g_read, 0.0, 0.25), g_read)


def test_a_vector_that_does_not_converge_says_so():
    g = np.full((6, 6), 1e-4)
    found = nonlinear_currents(g, [[0.5] * 6, [0.0] * 6], 100.0, 100.0, 0.02, max_iterations=2)
    assert found.converged.tolist() == [False, True]
    assert found.n_iterations.tolist() == [2, 0]
    assert found.residual[0] > 1e-10
    with pytest.raises(EngineError, match=r"1 of 2 vectors did not converge, .* voltage_v\[0\]") as caught:
        found.checked()
    assert isinstance(caught.value, ArchsimError)


def test_no_drive_and_no_vector_need_no_step():
    g = np.full((3, 2), 1e-4)
    assert not nonlinear_currents(g, np.zeros((1, 3)), 1.0, 1.0, 0.25).current_a.any()
    empty = nonlinear_currents(g, np.zeros((0, 3)), 1.0, 1.0, 0.25).checked()
    assert empty.current_a.shape == (0, 2)
    assert empty.converged.shape == (0,)


def test_the_solution_does_not_depend_on_the_other_vectors():
    rng = np.random.default_rng(9)
    g, v = random_cells(rng, (8, 8)), rng.uniform(-0.3, 0.3, (4, 8))
    whole = nonlinear_currents(g, v, 5.0, 5.0, 0.1)
    for k in range(4):
        alone = nonlinear_currents(g, v[k : k + 1], 5.0, 5.0, 0.1)
        np.testing.assert_array_equal(alone.current_a[0], whole.current_a[k])


GOOD = {"conductance_siemens": [[1e-4, 0], [1e-5, 1e-4]], "voltage_v": [[0.1, 0.2]], "v0_v": 0.25}
WIRES = {"r_row_ohm": 1, "r_col_ohm": 1}
BAD = [
    ("conductance_siemens", [[1e-4, -1e-4], [0, 0]], r"conductance_siemens\[0, 1\] is -0.0001 S"),
    ("voltage_v", [0.1, 0.2], r"voltage_v: has 1 dimension\(s\)"),
    ("voltage_v", [[0.1, 0.2, 0.3]], "drives 3 rows"),
    ("voltage_v", [[0.1, 26.0]], r"voltage_v\[0, 1\] is 26 V, must be at most 100 times v0_v, 25 V"),
    ("v0_v", 0.0, "v0_v is 0.0, must be a number of volts more than 0"),
    ("v0_v", -0.1, "v0_v is -0.1"),
    ("v0_v", math.nan, "v0_v is nan"),
    ("v0_v", "0.25 V", "v0_v is '0.25 V'"),
]
BAD_WIRES = [
    ("r_row_ohm", -1.0, "r_row_ohm is -1.0"),
    ("r_col_ohm", math.inf, "r_col_ohm is inf"),
    ("r_driver_ohm", -1.0, "r_driver_ohm is -1.0"),
    ("r_ground_ohm", math.nan, "r_ground_ohm is nan"),
    ("tolerance", 0.0, "tolerance is 0.0, must be a number between 0 and 1"),
    ("tolerance", 2, "tolerance is 2"),
    ("max_iterations", 0, "max_iterations is 0, must be a whole number of at least 1"),
    ("max_iterations", 3.5, "max_iterations is 3.5"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD + BAD_WIRES, ids=str)
def test_bad_input_is_refused(name, value, message):
    with pytest.raises(SpecError, match=message):
        nonlinear_currents(**GOOD | WIRES | {name: value})
    if name in GOOD:
        with pytest.raises(SpecError, match=message):
            sinh_current(**GOOD | {name: value})


@pytest.mark.parametrize("value", [26.0, math.nan, "0.2"], ids=str)
def test_a_bad_read_voltage_is_refused(value):
    with pytest.raises(SpecError, match=r"read_voltage_v is .*, must be a finite .* at most 100 times"):
        small_signal_conductance([[1e-4]], value, 0.25)


def test_all_errors_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        nonlinear_currents([[-1.0]], [0.1], -1, -1, 0, tolerance=-1, max_iterations=0, r_driver_ohm=-1)
    assert [line.split()[0].split("[")[0].rstrip(":") for line in str(caught.value).splitlines()] == [
        "conductance_siemens", "v0_v", "voltage_v", "r_row_ohm", "r_col_ohm", "r_driver_ohm", "tolerance",
        "max_iterations",
    ]  # fmt: skip
