"""Approximate wires: the bound holds against exact solutions, is tight enough to be of use, and costs little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar.wires import approximate, effective_conductance
from archsim.crossbar.wires.approximate import approximate_conductance
from archsim.errors import SpecError

# rounding of the exact solution itself, relative to the current of a column
EXACT = 2e-12


def nodal(g, r_row, r_col, r_driver, r_ground):
    """Transfer matrix by a dense nodal solve, all resistances of segments more than 0."""
    rows, cols = g.shape
    n = rows * cols
    word = np.arange(n).reshape(rows, cols)
    bit = word + n
    matrix = np.zeros((2 * n, 2 * n))

    def join(a, b, conductance):
        matrix[a, a] += conductance
        matrix[b, b] += conductance
        matrix[a, b] -= conductance
        matrix[b, a] -= conductance

    for i in range(rows):
        for j in range(cols):
            join(word[i, j], bit[i, j], g[i, j])
            if j:
                join(word[i, j - 1], word[i, j], 1 / r_row)
            if i:
                join(bit[i - 1, j], bit[i, j], 1 / r_col)
    matrix[word[:, 0], word[:, 0]] += 1 / (r_row + r_driver)
    matrix[bit[-1], bit[-1]] += 1 / (r_col + r_ground)
    feed = np.zeros((2 * n, rows))
    feed[word[:, 0], range(rows)] = 1 / (r_row + r_driver)
    return np.linalg.solve(matrix, feed)[bit[-1]].T / (r_col + r_ground)


def worst_current_error(found, right):
    """Largest error of each column over all drives between 0 and 1 V."""
    over = np.clip(found.w_siemens - right, 0, None).sum(axis=0)
    return np.maximum(over, np.clip(right - found.w_siemens, 0, None).sum(axis=0))


@st.composite
def cells(draw):
    shape = draw(st.sampled_from([(1, 1), (1, 9), (9, 1), (2, 3), (7, 7), (12, 5), (5, 12), (30, 17), (20, 40)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    g = 10 ** rng.uniform(-6, -4, shape) if draw(st.booleans()) else rng.uniform(1e-6, 1e-4, shape)
    g[rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))] = 0.0
    return g


R_WIRE = st.floats(-2, 2).map(lambda power: 10**power)
R_OHM = st.one_of(st.just(0.0), R_WIRE)


@settings(deadline=None, max_examples=100)
@given(cells(), R_OHM, R_OHM)
def test_the_bound_holds_for_every_drive(g, r_row, r_col):
    right = effective_conductance(g, r_row, r_col)
    found = approximate_conductance(g, r_row, r_col)
    allowed = found.error_bound_siemens + EXACT * right.sum(axis=0)
    assert (worst_current_error(found, right) <= allowed).all()
    assert (np.abs(found.w_siemens - right) <= allowed).all()
    assert (found.w_siemens >= 0).all()
    # drives of both signs: the sum of both worst errors is that of the worst drive from -1 to 1 V
    assert (np.abs(found.w_siemens - right).sum(axis=0) <= 2 * allowed).all()


@pytest.mark.parametrize(("sweeps", "wider"), [(20, 1.03), (1, 3.0)])
@pytest.mark.parametrize("r_ohm", [1.0, 5.0])
def test_the_bound_is_the_current_by_way_of_other_rows_from_above(r_ohm, sweeps, wider, monkeypatch):
    monkeypatch.setattr(approximate, "_MOST_SWEEPS", sweeps)
    g = np.random.default_rng(7).uniform(1e-6, 1e-4, (64, 48))
    # the direct way: attenuated on the word line as if bit lines were ideal, and the other way round
    direct = effective_conductance(g, r_ohm, 0.0) * effective_conductance(g, 0.0, r_ohm) / g
    round_about = (effective_conductance(g, r_ohm, r_ohm) - direct).sum(axis=0)
    found = approximate_conductance(g, r_ohm, r_ohm).error_bound_siemens / round_about
    assert found.min() >= 1
    assert found.max() < wider


@pytest.mark.parametrize(
    "micro_siemens",
    [[[0, 10], [100, 0]], [[100, 0], [100, 0], [0, 10]], [[10, 0, 0], [0, 100, 100], [0, 100, 1]]],
    ids=str,
)
def test_the_bound_is_all_but_reached_where_one_cell_carries_the_whole_way_round(micro_siemens):
    g = np.array(micro_siemens) * 1e-6
    found = approximate_conductance(g, 1e3, 1e3)
    share = worst_current_error(found, effective_conductance(g, 1e3, 1e3)) / found.error_bound_siemens
    assert 0.99 < share.max() <= 1


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([(1, 1), (4, 1), (1, 5), (6, 7), (9, 4)]), st.integers(0, 2**32), R_WIRE,
    R_WIRE, st.sampled_from([0.0, 10.0, 300.0, 1e4]), st.sampled_from([0.0, 10.0, 300.0, 1e4]),
)  # fmt: skip
def test_the_bound_holds_with_drivers_and_grounds_that_resist(shape, seed, r_row, r_col, r_driver, r_ground):
    g = np.random.default_rng(seed).uniform(1e-6, 1e-4, shape)
    right = nodal(g, r_row, r_col, r_driver, r_ground)
    found = approximate_conductance(g, r_row, r_col, r_driver_ohm=r_driver, r_ground_ohm=r_ground)
    allowed = found.error_bound_siemens + EXACT * right.sum(axis=0)
    assert (worst_current_error(found, right) <= allowed).all()


@pytest.mark.parametrize(
    ("n", "r_ohm", "bound", "error"),
    [
        (64, 0.1, 1e-4, 3e-6), (64, 1.0, 0.01, 3e-4), (64, 5.0, 0.12, 4e-3),
        (128, 0.1, 2e-3, 5e-5), (128, 1.0, 0.1, 2e-3),
    ],
)  # fmt: skip
def test_bound_and_error_have_the_stated_size(n, r_ohm, bound, error):
    g = np.random.default_rng(n).uniform(1e-6, 1e-4, (n, n))
    right = effective_conductance(g, r_ohm, r_ohm)
    found = approximate_conductance(g, r_ohm, r_ohm)
    column = right.sum(axis=0)
    assert (found.error_bound_siemens <= bound * column).all()
    assert (worst_current_error(found, right) <= error * column).all()
    # it is neither the exact matrix nor the ideal one
    assert (worst_current_error(found, right) > 1e-8 * column).any()
    assert (g.sum(axis=0) - column > 10 * worst_current_error(found, right)).all()


@settings(deadline=None, max_examples=40)
@given(cells(), st.integers(0, 2**32))
def test_the_bound_holds_for_unequal_segments_some_of_them_ideal(g, seed):
    rng = np.random.default_rng(seed)
    r_row, r_col = (10 ** rng.uniform(-2, 2, g.shape) * (rng.random(g.shape) < 0.8) for _ in range(2))
    right = effective_conductance(g, r_row, r_col, r_driver_ohm=20.0)
    found = approximate_conductance(g, r_row, r_col, r_driver_ohm=20.0)
    assert (worst_current_error(found, right) <= found.error_bound_siemens + EXACT * right.sum(axis=0)).all()


@settings(deadline=None, max_examples=40)
@given(cells(), R_WIRE, R_WIRE, st.integers(0, 2**32))
def test_the_bound_holds_with_rows_that_float(g, r_row, r_col, seed):
    floating = np.random.default_rng(seed).random(len(g)) < 0.3
    right = effective_conductance(g, r_row, r_col, floating=floating)
    found = approximate_conductance(g, r_row, r_col, floating=floating)
    assert not found.w_siemens[floating].any()
    assert (worst_current_error(found, right) <= found.error_bound_siemens + EXACT * right.sum(axis=0)).all()


@pytest.mark.parametrize("wires", [(0.0, 0.0), (5.0, 0.0), (0.0, 5.0)], ids=str)
def test_one_ideal_kind_of_line_leaves_nothing_to_approximate(wires):
    g = np.random.default_rng(0).uniform(1e-6, 1e-4, (20, 30))
    found = approximate_conductance(g, *wires)
    np.testing.assert_allclose(found.w_siemens, effective_conductance(g, *wires), rtol=1e-12)
    assert (found.error_bound_siemens < 1e-12 * g.sum(axis=0)).all()


def test_drivers_that_resist_couple_ideal_lines():
    """Two cells of a row behind 1 kΩ, each column behind 1 kΩ: the circuit is a star of three branches."""
    found = approximate_conductance([[1e-3, 1e-3]], 0.0, 0.0, r_driver_ohm=1e3, r_ground_ohm=1e3)
    # 1 kΩ, then twice (1 + 1) kΩ in parallel: 0.5 mA per volt, half of it into each ground
    assert (np.abs(found.w_siemens - 0.25e-3) <= found.error_bound_siemens).all()
    assert (found.error_bound_siemens < 0.25e-3).all()


def test_open_cells_get_current_by_way_of_other_rows_within_the_bound():
    g = np.full((6, 6), 1e-4)
    g[0, 5] = 0
    found = approximate_conductance(g, 50.0, 50.0)
    assert 0 < found.w_siemens[0, 5] < found.error_bound_siemens[5]
    assert not approximate_conductance(0 * g, 1.0, 1.0).w_siemens.any()


def test_exchanging_drivers_and_grounds_transposes_the_direct_way():
    """The matrix is not transposed to the last digit: the bound belongs to columns. It is within both bounds."""
    g = np.random.default_rng(4).uniform(1e-6, 1e-4, (12, 8))
    one = approximate_conductance(g, 5.0, 2.0)
    other = approximate_conductance(g[::-1, ::-1].T, 2.0, 5.0)
    apart = np.abs(other.w_siemens[::-1, ::-1].T - one.w_siemens)
    assert (apart <= one.error_bound_siemens + other.error_bound_siemens[::-1, None]).all()


def test_arguments_are_not_changed():
    g = np.random.default_rng(1).uniform(1e-6, 1e-4, (5, 6))
    before = g.copy()
    approximate_conductance(g, 1.0, 1.0)
    np.testing.assert_array_equal(g, before)


GOOD = {"conductance_siemens": [[1e-4, 0], [1e-5, 1e-4]], "r_row_ohm": 1, "r_col_ohm": 1}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conductance_siemens", [[-1e-4]], r"conductance_siemens\[0, 0\] is -0.0001 S"),
        ("conductance_siemens", [1e-4], r"has 1 dimension\(s\)"),
        ("r_row_ohm", -1.0, "r_row_ohm is -1.0"),
        ("r_col_ohm", float("nan"), "r_col_ohm is nan"),
        ("r_driver_ohm", float("inf"), "r_driver_ohm is inf"),
        ("r_ground_ohm", "5", "r_ground_ohm is '5'"),
        ("r_ground_ohm", [1.0, 2.0], r"r_ground_ohm: has 1 dimension\(s\)"),
        ("floating", [True], r"floating: has shape \(1,\)"),
        ("r_col_ohm", [1.0, 2.0, 3.0], r"r_col_ohm: shape \(3,\) does not broadcast"),
    ],
    ids=str,
)
def test_bad_input_is_refused(name, value, message):
    with pytest.raises(SpecError, match=message):
        approximate_conductance(**GOOD | {name: value})


def test_all_errors_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        approximate_conductance([[-1.0]], -1, -1, r_driver_ohm=-1, r_ground_ohm=-1)
    assert [line.split()[0].split("[")[0] for line in str(caught.value).splitlines()] == [
        "conductance_siemens", "r_row_ohm", "r_col_ohm", "r_driver_ohm", "r_ground_ohm",
    ]  # fmt: skip
