"""Exact wires: recorded peer cases, a dense nodal solve written here, the laws of circuits, bad input."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from crossbar_support import OHM, cases, nodal, random_cells
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar import column_currents, effective_conductance, node_voltages
from archsim.crossbar.wires import exact, transfer, vectors
from archsim.errors import ArchsimError, SpecError


@pytest.fixture(params=["compiled", "plain"], autouse=True, scope="module")
def loops(request):
    """Every test with compiled loops, and without, as when their library is not installed."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "compiled_loops", lambda: None)
        patch.setattr(transfer, "compiled_loops", lambda: None)
        yield


CASES = ["sq8_asym", "rect48x64", "row1x17", "stuck64"]


@pytest.fixture(params=["one by one", "transfer matrix"])
def method(request, monkeypatch):
    """Every vector by one method, whatever their number."""
    for few in ("_FEW", "_FEW_PLAIN"):
        monkeypatch.setattr(exact, few, 10**9 if request.param == "one by one" else 0)
    return request.param


def error(found, right):
    """Largest deviation relative to the largest value: signed outputs near zero need an absolute measure."""
    return np.abs(found - right).max() / np.abs(right).max()


@st.composite
def arrays(draw):
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return random_cells(rng, shape, draw(st.sampled_from([0.0, 0.3, 1.0]))), rng.uniform(-0.3, 0.3, (3, shape[0]))


@pytest.fixture(scope="module")
def recorded(reference_dir):
    text = (reference_dir / "reference" / "crossbar_cases.json").read_text()
    notes = {case["name"]: case for case in json.loads(text)["ir_cases"]}
    values = np.load(reference_dir / "reference" / "crossbar_cases.npz")
    return {name: (notes[name], {k: values[f"{name}/{k}"] for k in ("G", "V", "I_refined")}) for name in notes} | {
        "W_eff": values["sq8_asym/W_eff"]
    }


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_recorded_currents_are_met_to_1e_12(recorded, name, method):  # noqa: ARG001
    note, case = recorded[name]
    found = column_currents(case["G"], case["V"].T, note["r_wl"], note["r_bl"])
    assert found.shape == case["I_refined"].shape
    assert error(found, case["I_refined"]) < 1e-12
    refined = column_currents(case["G"], case["V"].T, note["r_wl"], note["r_bl"], refine=True)
    assert error(refined, case["I_refined"]) < 2e-15


@pytest.mark.reference
def test_the_recorded_transfer_matrix_is_met_to_1e_12(recorded):
    note, case = recorded["sq8_asym"]
    assert error(effective_conductance(case["G"], note["r_wl"], note["r_bl"]), recorded["W_eff"]) < 1e-12


@settings(deadline=None, max_examples=80)
@given(arrays(), OHM, OHM)
def test_currents_equal_a_dense_nodal_solve(array, r_row, r_col):
    g, v = array
    right = np.array([nodal(g, drive, r_row, r_col)[0] for drive in v])
    one_by_one = np.array([column_currents(g, drive[None], r_row, r_col)[0] for drive in v])
    matrix = v @ effective_conductance(g, r_row, r_col)
    largest = max(np.abs(right).max(), 1e-30)
    # the dense solve itself loses digits where a segment conducts far more than a cell
    bound = 1e-11 * largest
    assert np.abs(one_by_one - right).max() <= bound
    assert np.abs(matrix - right).max() <= bound


def test_a_larger_array_equals_a_dense_nodal_solve(method):  # noqa: ARG001  # the fixture does the work
    rng = np.random.default_rng(5)
    g, v = random_cells(rng, (19, 33), 0.1), rng.uniform(-0.3, 0.3, (1, 19))
    assert error(column_currents(g, v, 3.0, 1.5)[0], nodal(g, v[0], 3.0, 1.5)[0]) < 1e-12


@pytest.mark.parametrize(
    "shape", [(1, 200), (200, 1), (65, 130), (130, 65), (70, 3), (3, 71), (128, 192), (97, 97)], ids=str
)
def test_odd_shapes_give_the_same_by_both_methods(shape, monkeypatch):
    rng = np.random.default_rng(shape)
    g, v = random_cells(rng, shape, 0.1), rng.uniform(-0.3, 0.3, (2, shape[0]))
    monkeypatch.setattr(exact, "_FEW", 2)
    one_by_one = column_currents(g, v, 2.0, 4.0)
    assert error(v @ effective_conductance(g, 2.0, 4.0), one_by_one) < 1e-12


def test_wires_as_resistive_as_cells_are_still_solved():
    g = random_cells(np.random.default_rng(2), (12, 12))
    v = np.full((1, 12), 0.2)
    for r_ohm in (1e4, 1e6):
        assert error(column_currents(g, v, r_ohm, r_ohm)[0], nodal(g, v[0], r_ohm, r_ohm)[0]) < 1e-11


@settings(deadline=None, max_examples=150)
@given(cases())
def test_every_kind_of_circuit_equals_a_dense_nodal_solve(case):
    right, from_drivers, word, bit = case.nodal()
    positional, named = case.arguments
    largest = max(np.abs(right).max(), np.abs(from_drivers).max(), 1e-30)
    for refine in (False, True):
        assert np.abs(column_currents(*positional, **named, refine=refine) - right).max() <= 1e-12 * largest
    array, named_too = case.array
    matrix = effective_conductance(*array, **named_too)
    assert np.abs(case.v @ matrix - right).max() <= 1e-11 * largest
    nodes = node_voltages(*positional, **named)
    assert np.abs(nodes.current_a - right).max() <= 1e-12 * largest
    assert np.abs(nodes.driver_current_a - from_drivers).max() <= 1e-12 * largest
    np.testing.assert_allclose(nodes.word_line_v, word, rtol=0, atol=1e-12)
    np.testing.assert_allclose(nodes.bit_line_v, bit, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=80)
@given(cases())
def test_what_the_drivers_give_is_what_the_grounds_take(case):
    positional, named = case.arguments
    nodes = node_voltages(*positional, **named)
    given_a, taken_a = nodes.driver_current_a.sum(axis=1), nodes.current_a.sum(axis=1)
    rounding = 1e-15 * np.abs(nodes.driver_current_a).sum(axis=1)
    assert (np.abs(given_a - taken_a) <= rounding + 1e-16 * case.g.sum()).all()
    if case.floating is not None:
        assert (np.abs(nodes.driver_current_a[:, case.floating]) <= 1e-15 * case.g.sum()).all()


@pytest.mark.parametrize("r_ohm", [1.0, 5.0])
def test_no_node_of_a_solution_gains_or_loses_current(r_ohm):
    """Kirchhoff's and Ohm's law at each node, from the voltages alone."""
    rng = np.random.default_rng(3)
    g, v = random_cells(rng, (64, 48), 0.05), rng.uniform(-0.3, 0.3, (1, 64))
    nodes = node_voltages(g, v, r_ohm, r_ohm)
    word, bit = nodes.word_line_v[0], nodes.bit_line_v[0]
    through = g * (word - bit)
    along = -np.diff(word, axis=1, prepend=v.T) / r_ohm
    down = -np.diff(bit, axis=0, append=0.0) / r_ohm
    rounding = 8 * np.finfo(float).eps * 0.3 / r_ohm  # of a voltage, seen through one segment
    assert np.abs(along - np.cumsum(through[:, ::-1], axis=1)[:, ::-1]).max() < rounding
    assert np.abs(down - np.cumsum(through, axis=0)).max() < rounding
    np.testing.assert_allclose(nodes.driver_current_a[0], along[:, 0], rtol=0, atol=rounding)
    np.testing.assert_allclose(nodes.current_a[0], down[-1], rtol=0, atol=rounding)


def test_a_driver_and_a_ground_of_their_own_are_longer_end_segments(method):  # noqa: ARG001
    rng = np.random.default_rng(8)
    g, v = random_cells(rng, (6, 9)), rng.uniform(-0.3, 0.3, (2, 6))
    r_row, r_col = np.full((6, 9), 2.0), np.full((6, 9), 3.0)
    r_row[:, 0] += 100.0
    r_col[-1] += 50.0
    by_ends = column_currents(g, v, 2.0, 3.0, r_driver_ohm=100.0, r_ground_ohm=50.0)
    np.testing.assert_allclose(column_currents(g, v, r_row, r_col), by_ends, rtol=1e-12)


def test_segments_may_be_given_by_row_or_by_column(method):  # noqa: ARG001
    rng = np.random.default_rng(9)
    g, v = random_cells(rng, (5, 7)), rng.uniform(-0.3, 0.3, (1, 5))
    by_row, by_col = rng.uniform(1, 5, (5, 1)), rng.uniform(1, 5, 7)
    right = column_currents(g, v, np.tile(by_row, (1, 7)), np.tile(by_col, (5, 1)))
    np.testing.assert_array_equal(column_currents(g, v, by_row, by_col), right)


def test_each_vector_may_float_rows_of_its_own(method):  # noqa: ARG001
    rng = np.random.default_rng(10)
    g, v = random_cells(rng, (6, 5)), rng.uniform(-0.3, 0.3, (7, 6))
    floating = rng.random((7, 6)) < 0.5
    floating[3] = floating[0]
    together = column_currents(g, v, 20.0, 30.0, floating=floating)
    for k in range(7):
        right = nodal(g, v[k], 20.0, 30.0, floating=floating[k])[0]
        assert error(together[k], right) < 1e-12


def test_a_floating_row_is_not_a_row_at_zero_volts(method):  # noqa: ARG001
    g = np.full((3, 3), 1e-4)
    driven = column_currents(g, [[0.2, 0.0, 0.0]], 100.0, 100.0)
    floating = column_currents(g, [[0.2, 9.0, 9.0]], 100.0, 100.0, floating=[False, True, True])
    assert (floating > driven * 1.01).all()


def test_a_floating_row_has_no_share_in_the_transfer_matrix():
    matrix = effective_conductance(np.full((3, 3), 1e-4), 100.0, 100.0, floating=[False, True, False])
    assert not matrix[1].any()
    assert (matrix[[0, 2]] > 0).all()


@settings(deadline=None, max_examples=60)
@given(arrays(), OHM, OHM)
def test_exchanging_drivers_and_grounds_transposes_the_matrix(array, r_row, r_col):
    g, _ = array
    matrix = effective_conductance(g, r_row, r_col)
    exchanged = effective_conductance(g[::-1, ::-1].T, r_col, r_row)
    assert np.abs(exchanged[::-1, ::-1].T - matrix).max() <= 1e-13 * g.max()


@settings(deadline=None, max_examples=40)
@given(arrays(), OHM, OHM)
def test_currents_are_linear_in_the_voltages(array, r_row, r_col):
    g, v = array
    single = [column_currents(g, drive[None], r_row, r_col)[0] for drive in v]
    mixed = column_currents(g, (2 * v[0] - 3 * v[1] + v[2])[None], r_row, r_col)[0]
    expected = 2 * single[0] - 3 * single[1] + single[2]
    assert np.abs(mixed - expected).max() <= 1e-13 * g.sum()


@pytest.mark.parametrize("n", [1, 10])
def test_ideal_wires_give_the_product(n):
    rng = np.random.default_rng(n)
    g, v = random_cells(rng, (7, 5)), rng.uniform(-1, 1, (n, 7))
    np.testing.assert_array_equal(effective_conductance(g, 0, 0), g)
    np.testing.assert_allclose(column_currents(g, v, 0, 0), v @ g, rtol=0, atol=1e-18)


def test_a_chain_of_one_column_is_a_ladder_of_resistors():
    """Two cells of 10 kΩ over segments of 1 kΩ: the upper driver sees 10 + 1 + 1 ‖ (10 + 1) + … in kΩ."""
    matrix = effective_conductance([[1e-4], [1e-4]], 1e3, 1e3)
    # nodes: b0 (upper), b1 (lower); each driver reaches its node through 1 kΩ + 10 kΩ
    feed, wire = 1 / 11e3, 1 / 1e3
    node = np.array([[feed + wire, -wire], [-wire, feed + 2 * wire]])
    expected = wire * np.linalg.solve(node, feed * np.eye(2))[1]
    np.testing.assert_allclose(matrix[:, 0], expected, rtol=1e-14)


def test_an_open_column_carries_nothing_and_an_open_array_neither(method):  # noqa: ARG001
    g = random_cells(np.random.default_rng(1), (6, 4))
    g[:, 2] = 0
    currents = column_currents(g, [[0.2] * 6], 1.0, 1.0)[0]
    assert currents[2] == 0
    assert (currents[[0, 1, 3]] > 0).all()
    assert not column_currents(np.zeros((6, 4)), [[0.2] * 6], 1.0, 1.0).any()


def test_an_open_cell_gets_current_by_way_of_other_rows():
    g = np.full((3, 3), 1e-4)
    g[0, 2] = 0
    assert 0 < effective_conductance(g, 50.0, 50.0)[0, 2] < 1e-6


def test_no_drive_no_current_and_no_vector_no_row(method):  # noqa: ARG001
    g = random_cells(np.random.default_rng(1), (6, 4))
    assert not column_currents(g, np.zeros((2, 6)), 1.0, 1.0).any()
    assert column_currents(g, np.zeros((0, 6)), 1.0, 1.0).shape == (0, 4)


def test_spikes_may_be_whole_numbers_or_truth_values():
    g = random_cells(np.random.default_rng(1), (3, 4))
    right = column_currents(g, [[1.0, 0.0, 1.0]], 1.0, 1.0)
    np.testing.assert_array_equal(column_currents(g, [[1, 0, 1]], 1, 1), right)
    np.testing.assert_array_equal(column_currents(g, [[True, False, True]], 1, 1), right)


def test_arguments_are_not_changed():
    g, v = random_cells(np.random.default_rng(1), (20, 20)), np.ones((1, 20))
    g_before, v_before = g.copy(), v.copy()
    column_currents(g, v, 1.0, 1.0)
    column_currents(g, v.repeat(30, axis=0), 1.0, 1.0)
    np.testing.assert_array_equal(g, g_before)
    np.testing.assert_array_equal(v, v_before)


@pytest.mark.parametrize("unit", [1e-150, 1e-9, 1e6])
def test_the_unit_of_conductance_does_not_matter(unit, method):  # noqa: ARG001
    rng = np.random.default_rng(4)
    g, v = rng.uniform(0.1, 1, (9, 9)), rng.uniform(-1, 1, (1, 9))
    right = column_currents(g, v, 0.01, 0.02)
    assert error(column_currents(g * unit, v, 0.01 / unit, 0.02 / unit) / unit, right) < 1e-13


def peak_bytes(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_transfer_matrix_of_512_by_512_needs_less_than_100_mb():
    g = random_cells(np.random.default_rng(6), (512, 512))
    assert 512 * 512 * 8 < peak_bytes(lambda: effective_conductance(g, 1.0, 1.0)) < 100e6


def test_ten_thousand_vectors_never_become_a_third_dimension():
    rng = np.random.default_rng(7)
    g, v = random_cells(rng, (64, 64)), rng.random((10_000, 64))
    assert peak_bytes(lambda: column_currents(g, v, 1.0, 1.0)) < 10_000 * 64 * 64 * 8 / 10


CELLS = [[1e-4, 0], [1e-5, 1e-4]]
GOOD = {"conductance_siemens": CELLS, "voltage_v": [[0.1, 0.2]], "r_row_ohm": 1, "r_col_ohm": 1}
BAD = [
    ("conductance_siemens", [[1e-4, -1e-4], [0, 0]], r"conductance_siemens\[0, 1\] is -0.0001 S, must be 0"),
    ("conductance_siemens", [[1e-4, 0], [float("nan"), 0]], r"conductance_siemens\[1, 0\] is nan, must be finite"),
    ("conductance_siemens", [[1e-4, 0], [float("inf"), 0]], "is inf, must be finite"),
    ("conductance_siemens", [1e-4, 1e-4], r"has 1 dimension\(s\), must have 2"),
    ("conductance_siemens", [[1e-4, 0], [0]], "must be an array of real numbers"),
    ("conductance_siemens", [["a", "b"]], "must be an array of real numbers"),
    ("conductance_siemens", [[1e-4j, 0], [0, 0]], "must be an array of real numbers"),
    ("conductance_siemens", np.zeros((2, 0)), "has no cells"),
    ("voltage_v", [0.1, 0.2], r"voltage_v: has 1 dimension\(s\), must have 2: \(n, rows\)"),
    ("voltage_v", [[0.1, 0.2, 0.3]], r"drives 3 rows, conductance_siemens of shape \(2, 2\) has 2"),
    ("voltage_v", [[0.1, float("nan")]], r"voltage_v\[0, 1\] is nan"),
    ("r_row_ohm", -1.0, "r_row_ohm is -1.0, must be a finite number of ohms"),
    ("r_row_ohm", float("nan"), "r_row_ohm is nan"),
    ("r_col_ohm", float("inf"), "r_col_ohm is inf"),
    ("r_col_ohm", "5", "r_col_ohm is '5'"),
    ("r_col_ohm", None, "r_col_ohm is None"),
    ("r_row_ohm", [1.0, 2.0, 3.0], r"r_row_ohm: shape \(3,\) does not broadcast to the \(2, 2\) of the cells"),
    ("r_col_ohm", [[1.0], [-2.0]], r"r_col_ohm is -2.0, must be .* \(1 such\)"),
    ("r_driver_ohm", [1.0], r"r_driver_ohm: has 1 dimension\(s\), must be a finite number of ohms"),
    ("r_ground_ohm", float("nan"), "r_ground_ohm is nan"),
    ("floating", [True], r"floating: has shape \(1,\) of bool, must be truth values of shape \(2,\)"),
    ("floating", [0, 1], r"floating: has shape \(2,\) of int64, must be truth values"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD, ids=str)
def test_bad_input_is_refused_before_any_work(name, value, message, monkeypatch):
    monkeypatch.setattr(exact, "Circuit", None)  # any work would fail otherwise
    with pytest.raises(SpecError, match=message) as caught:
        column_currents(**GOOD | {name: value})
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ArchsimError)
    if name != "voltage_v":
        rest = {key: item for key, item in GOOD.items() if key != "voltage_v"}
        with pytest.raises(SpecError, match=message):
            effective_conductance(**rest | {name: value})


def test_all_errors_are_named_at_once():
    with pytest.raises(SpecError) as caught:
        column_currents([[-1.0]], [0.1], -1, float("nan"))
    assert [line.split()[0].split("[")[0].rstrip(":") for line in str(caught.value).splitlines()] == [
        "conductance_siemens", "voltage_v", "r_row_ohm", "r_col_ohm",
    ]  # fmt: skip


@pytest.mark.parametrize("volt", [1e-300, 1e-170, 1e170, 1e290])
def test_drives_whose_squares_leave_double_precision_are_solved_all_the_same(volt):
    rng = np.random.default_rng(5)
    g, drive = random_cells(rng, (9, 7)), rng.uniform(-1.0, 1.0, (2, 9))
    for refine in (False, True):
        usual = column_currents(g, drive, 2.0, 3.0, refine=refine)
        scaled = column_currents(g, drive * volt, 2.0, 3.0, refine=refine)
        assert error(scaled / volt, usual) < 1e-11
    nodes = node_voltages(g, drive * volt, 2.0, 3.0)
    assert error(nodes.current_a / volt, column_currents(g, drive, 2.0, 3.0)) < 1e-11
    assert error(nodes.bit_line_v / volt, node_voltages(g, drive, 2.0, 3.0).bit_line_v) < 1e-11
