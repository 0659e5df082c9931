"""Gated cells: nodal analysis in exact fractions, a larger dense solve, special cases, memory, bad input."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar.wires import gated
from archsim.crossbar.wires.gated import gated_currents
from archsim.errors import SpecError

R_OHM = st.sampled_from([0.0, 1e-9, 1e-4, 0.3, 5.0, 100.0, 1e4, 1e7])


def branches_of(cells, r_supply, r_col, r_driver, r_ground):
    """(node, node, ohms) of one column; the source is "V", the ground "0", row 0 the upper end."""
    rows = len(cells)
    wires = [("V", "source", r_driver), ("source", ("s", 0), r_supply)]
    wires += [(("s", i), ("s", i + 1), r_supply) for i in range(rows - 1)]
    wires += [(("b", i), ("b", i + 1), r_col) for i in range(rows - 1)]
    return [*wires, (("b", rows - 1), "sink", r_col), ("sink", "0", r_ground)]


def terminal_currents(cells, *r_ohm):
    """(out of the source, into the ground) per volt by nodal analysis in exact fractions."""
    wires = branches_of(cells, *r_ohm)
    joined = {}

    def node(name):
        while name in joined:
            name = joined[name]
        return name

    for a, b, r in wires:
        if r == 0 and node(a) != node(b):
            kept, gone = sorted((node(a), node(b)), key=lambda name: name not in ("V", "0"))
            joined[gone] = kept
    edges = [(node(a), node(b), 1 / Fraction(r)) for a, b, r in wires if r]
    edges += [(node(("s", i)), node(("b", i)), Fraction(g)) for i, g in enumerate(cells) if g]
    volts = potentials([edge for edge in edges if edge[0] != edge[1]])

    def into(terminal):
        return sum(
            (g * (volts[a] - volts[b]) * (1 if b == terminal else -1) for a, b, g in edges if terminal in (a, b)),
            Fraction(0),
        )

    return -into("V"), into("0")


def potentials(edges):
    """Gaussian elimination, node by node, of everything but "V" at 1 and "0" at 0."""
    volts = {"V": Fraction(1), "0": Fraction(0)}
    beside = {}
    for a, b, g in edges:
        for one, other in ((a, b), (b, a)):
            row = beside.setdefault(one, {})
            row[other] = row.get(other, 0) + g
    order = []
    for name in [n for n in beside if n not in volts]:
        row = beside.pop(name)
        total = sum(row.values())
        order.append((name, row, total))
        for one, g_one in row.items():
            del beside[one][name]
            for other, g_other in row.items():
                if one != other:
                    beside[one][other] = beside[one].get(other, 0) + g_one * g_other / total
    for name, row, total in reversed(order):
        volts[name] = sum((g * volts[other] for other, g in row.items()), Fraction(0)) / total
    return volts


@st.composite
def columns(draw):
    rows = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    g = rng.uniform(1e-6, 1e-4, (rows, 2)) * (rng.random((rows, 2)) >= draw(st.sampled_from([0.0, 0.3, 1.0])))
    gates = np.array([rng.integers(0, 2, rows), rng.random(rows), np.ones(rows)], dtype=float)
    return g, gates


@settings(deadline=None, max_examples=120)
@given(columns(), R_OHM, R_OHM, R_OHM, R_OHM)
def test_currents_equal_nodal_analysis_in_exact_fractions(column, r_supply, r_col, r_driver, r_ground):
    g, gates = column
    found = gated_currents(g, gates, 1.0, r_supply, r_col, r_driver_ohm=r_driver, r_ground_ohm=r_ground)
    for k, gate in enumerate(gates):
        for j in range(2):
            given_out, taken_in = terminal_currents(gate * g[:, j], r_supply, r_col, r_driver, r_ground)
            assert given_out == taken_in
            assert found[k, j] == pytest.approx(float(taken_in), rel=1e-14, abs=0)


@pytest.mark.parametrize(("r_supply", "r_col"), [(1.0, 1.0), (5.0, 2.0)])
def test_a_larger_array_equals_a_dense_nodal_solve(r_supply, r_col):
    rng = np.random.default_rng(1)
    rows, cols = 64, 3
    g, gate = rng.uniform(1e-6, 1e-4, (rows, cols)), rng.integers(0, 2, rows).astype(float)
    found = gated_currents(g, gate[None], 0.2, r_supply, r_col, r_driver_ohm=30.0, r_ground_ohm=20.0)[0]
    for j in range(cols):
        matrix = np.zeros((2 * rows, 2 * rows))
        for first, r in ((0, r_supply), (rows, r_col)):
            for i in range(first, first + rows - 1):
                matrix[i : i + 2, i : i + 2] += np.array([[1, -1], [-1, 1]]) / r
        matrix[0, 0] += 1 / (r_supply + 30.0)
        matrix[-1, -1] += 1 / (r_col + 20.0)
        for i in range(rows):
            matrix[np.ix_([i, rows + i], [i, rows + i])] += gate[i] * g[i, j] * np.array([[1, -1], [-1, 1]])
        feed = np.zeros(2 * rows)
        feed[0] = 0.2 / (r_supply + 30.0)
        volts = np.linalg.solve(matrix, feed)
        assert found[j] == pytest.approx(volts[-1] / (r_col + 20.0), rel=1e-12)
        assert found[j] == pytest.approx((0.2 - volts[0]) / (r_supply + 30.0), rel=1e-10)


def test_one_cell_is_in_series_with_all_its_wires():
    found = gated_currents([[100e-6]], [[1], [0.5], [0]], 0.2, 1.0, 2.0, r_driver_ohm=30.0, r_ground_ohm=400.0)
    np.testing.assert_allclose(found[:, 0], [0.2 / 10_433, 0.2 / 20_433, 0.0], rtol=1e-14)


def test_ideal_wires_give_the_product():
    rng = np.random.default_rng(0)
    g, gates = rng.uniform(1e-6, 1e-4, (9, 7)), rng.random((5, 9))
    np.testing.assert_allclose(gated_currents(g, gates, -0.3, 0, 0), -0.3 * gates @ g, rtol=1e-14)


def test_rows_that_are_off_are_cut_off_not_grounded():
    """A single row that is on sees the wires only, whatever the other cells are."""
    g = np.full((8, 4), 1e-4)
    gates = np.zeros((1, 8))
    gates[0, 5] = 1
    # six supply segments down to row 5, three bit-line segments from there to the ground
    np.testing.assert_allclose(gated_currents(g, gates, 0.2, 10.0, 7.0), 0.2 / (1e4 + 60 + 21), rtol=1e-14)


def test_no_gate_open_cells_and_no_vector_carry_nothing():
    g = np.full((3, 2), 1e-4)
    for r_ohm in (0.0, 1.0):
        assert not gated_currents(g, np.zeros((2, 3)), 0.2, r_ohm, r_ohm).any()
        assert not gated_currents(0 * g, np.ones((2, 3)), 0.2, r_ohm, r_ohm).any()
        assert gated_currents(g, np.zeros((0, 3)), 0.2, r_ohm, r_ohm).shape == (0, 2)


def test_supply_and_ground_may_be_exchanged():
    """Reciprocity: the same column upside down, its two lines exchanged, conducts the same."""
    rng = np.random.default_rng(3)
    g, gates = rng.uniform(1e-6, 1e-4, (20, 5)), rng.random((4, 20))
    one = gated_currents(g, gates, 0.2, 3.0, 8.0, r_driver_ohm=11.0, r_ground_ohm=5.0)
    other = gated_currents(g[::-1], gates[:, ::-1], 0.2, 8.0, 3.0, r_driver_ohm=5.0, r_ground_ohm=11.0)
    np.testing.assert_allclose(one, other, rtol=1e-13)


def test_truth_values_are_gates_and_blocks_of_vectors_do_not_show(monkeypatch):
    rng = np.random.default_rng(4)
    g, gates = rng.uniform(1e-6, 1e-4, (6, 5)), rng.random((11, 6)) < 0.5
    whole = gated_currents(g, gates, 0.2, 3.0, 8.0)
    monkeypatch.setattr(gated, "_BLOCK", 15)  # three vectors at a time
    np.testing.assert_array_equal(gated_currents(g, gates.astype(float), 0.2, 3.0, 8.0), whole)


def test_ten_thousand_vectors_never_become_a_third_dimension():
    rng = np.random.default_rng(5)
    g, gates = rng.uniform(1e-6, 1e-4, (32, 64)), rng.random((10_000, 32))
    tracemalloc.start()
    try:
        gated_currents(g, gates, 0.2, 1.0, 1.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * (gates.nbytes + 10_000 * 64 * 8)


GOOD = {"conductance_siemens": [[1e-4, 0], [1e-5, 1e-4]], "gates": [[0, 1]], "read_voltage_v": 0.2,
        "r_supply_ohm": 1, "r_col_ohm": 1}  # fmt: skip
BAD = [
    ("conductance_siemens", [[1e-4, -1e-4], [0, 0]], r"conductance_siemens\[0, 1\] is -0.0001 S"),
    ("conductance_siemens", np.zeros((2, 0)), "has no cells"),
    ("gates", [0, 1], r"gates: has 1 dimension\(s\)"),
    ("gates", [[0, 1, 1]], r"switches 3 rows, conductance_siemens of shape \(2, 2\) has 2"),
    ("gates", [[0, 1.5]], r"gates\[0, 1\] is 1.5, must lie in 0"),
    ("gates", [[-1, 0]], r"gates\[0, 0\] is -1, must lie in 0"),
    ("gates", [[0, float("nan")]], r"gates\[0, 1\] is nan"),
    ("read_voltage_v", float("inf"), "read_voltage_v is inf, must be a finite number of volts"),
    ("read_voltage_v", "0.2", "read_voltage_v is '0.2'"),
    ("r_supply_ohm", -1.0, "r_supply_ohm is -1.0"),
    ("r_col_ohm", float("nan"), "r_col_ohm is nan"),
    ("r_driver_ohm", -2.0, "r_driver_ohm is -2.0"),
    ("r_ground_ohm", float("inf"), "r_ground_ohm is inf"),
    ("r_supply_ohm", [1.0, 2.0], r"r_supply_ohm: has 1 dimension\(s\)"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD, ids=str)
def test_bad_input_is_refused(name, value, message):
    with pytest.raises(SpecError, match=message):
        gated_currents(**GOOD | {name: value})


def test_all_errors_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        gated_currents([[-1.0]], [0.1], None, -1, -1, r_driver_ohm=-1, r_ground_ohm=-1)
    assert [line.split()[0].split("[")[0].rstrip(":") for line in str(caught.value).splitlines()] == [
        "conductance_siemens", "gates", "read_voltage_v", "r_supply_ohm", "r_col_ohm", "r_driver_ohm",
        "r_ground_ohm",
    ]  # fmt: skip
