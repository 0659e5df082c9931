"""Arrays between resistive wires, of gated and of nonlinear cells, against circuits solved by other means."""

import math

import numpy as np
import pytest
from scipy.special import gammaln

import archsim.crossbar.wired as wired
from archsim.crossbar import CrossbarArray, column_currents
from archsim.crossbar.mvm import encode
from archsim.crossbar.wires.gated import gated_currents
from archsim.crossbar.wires.nonlinear import nonlinear_currents, small_signal_conductance
from archsim.errors import EngineError, SpecError
from archsim.spec.values import ArraySpec

WIRES = {"row": "8 ohm", "column": "12 ohm", "driver": "300 ohm", "ground": "700 ohm"}
ENDS = {"r_driver_ohm": 300.0, "r_ground_ohm": 700.0}
VOLT, FULL_CELL = 0.2, 0.2 * 99e-6


def spec_of(**given):
    return ArraySpec(**{"rows": 5, "columns": 13, "wires": WIRES, **given})


def weights(shape=(8, 5)):
    return np.random.default_rng(0).uniform(-1, 1, shape)


def rows_of(spec, x, rows):
    """Drive of one array: open rows of a last block are not driven."""
    drive = np.zeros((len(x), spec.n_rows))
    drive[:, : rows.stop - rows.start] = x[:, rows]
    return drive


def from_pairs(array, currents_of):
    """y of a differential array of one slice, from the column currents of each of its arrays."""
    y = np.zeros((4, 5))
    for t, rows in enumerate([slice(0, 5), slice(5, 8)]):
        for b, part in enumerate([slice(0, 6)] if array.grid[1] == 1 else [slice(0, 3), slice(3, 5)]):
            currents = currents_of(array.array_conductance(t, b), rows) / FULL_CELL
            pairs = currents[:, : 2 * len(range(5)[part])].reshape(4, -1, 2)
            y[:, part] += pairs[..., 0] - pairs[..., 1]
    return y * array.weight_map.combine().w_unit[0]


@pytest.mark.parametrize("columns", [13, 7])
def test_wires_give_the_currents_of_the_wired_circuit(columns):
    spec = spec_of(columns=columns, inputs={"resolution": "0 bit"})
    array, x = CrossbarArray(spec, weights(), seed=0), np.random.default_rng(1).random((4, 8))
    right = from_pairs(array, lambda g, rows: column_currents(g, VOLT * rows_of(spec, x, rows), 8.0, 12.0, **ENDS))
    found = array.mvm(x)
    assert np.allclose(found, right, rtol=0, atol=1e-11)
    assert np.abs(found - x @ array.weights).max() > 0.05  # and wires matter here


def test_bit_serial_reads_between_wires_and_their_reference_column():
    spec = spec_of(signed="offset", levels=4, cells_per_weight=2, inputs={"resolution": "3 bit", "maximum": 7.0})
    array, x = CrossbarArray(spec, weights((5, 6)), seed=0), np.random.default_rng(1).integers(0, 8, (3, 5))
    assert array.grid == (1, 1)
    currents = column_currents(array.array_conductance(0, 0), VOLT * x / 7, 8.0, 12.0, **ENDS) / FULL_CELL
    cells = currents[:, :12].reshape(3, 6, 2) - currents[:, 12, None, None]
    level = 7 * 3 * cells @ [1, 4]  # back to inputs of 0 to 7 and digits of 0 to 3
    offset = 8 - 2 * (1 + 4)  # zero level less what the reference takes away
    right = (level - offset * x.sum(axis=1, keepdims=True)) * array.weight_map.combine().w_unit[0]
    assert np.allclose(array.mvm(x), right, rtol=0, atol=1e-10)


def row_currents(g, volts, r_row, r_col, r_driver, r_ground):
    """Backward read by Kirchhoff's law on all nodes: columns driven from below, rows grounded at the left."""
    rows, cols = g.shape
    word, bit = np.arange(g.size).reshape(g.shape), g.size + np.arange(g.size).reshape(g.shape)
    a, into = np.zeros((2 * g.size, 2 * g.size)), np.zeros((2 * g.size, cols))

    def join(p, q, conductance):
        a[p, p] += conductance
        a[q, q] += conductance
        a[p, q] -= conductance
        a[q, p] -= conductance

    for i in range(rows):
        a[word[i, 0], word[i, 0]] += 1 / (r_row + r_ground)
        for j in range(cols):
            join(word[i, j], bit[i, j], g[i, j])
            if j:
                join(word[i, j], word[i, j - 1], 1 / r_row)
            if i:
                join(bit[i, j], bit[i - 1, j], 1 / r_col)
    for j in range(cols):
        a[bit[-1, j], bit[-1, j]] += 1 / (r_col + r_driver)
        into[bit[-1, j], j] = 1 / (r_col + r_driver)
    return (np.linalg.solve(a, into @ volts.T)[word[:, 0]] / (r_row + r_ground)).T


@pytest.mark.parametrize("ends", [("300 ohm", "700 ohm"), ("50 ohm", "50 ohm")])
@pytest.mark.parametrize("signed", ["two_phase", "bipolar"])
def test_backward_reads_are_those_of_the_circuit_driven_from_its_columns(signed, ends):
    wires = {**WIRES, "driver": ends[0], "ground": ends[1]}
    spec = spec_of(wires=wires, inputs={"resolution": "0 bit", "signed": signed})
    array, e = CrossbarArray(spec, weights(), seed=0), np.random.default_rng(1).uniform(-1, 1, (4, 5))
    drive = np.zeros((4, 13))
    drive[:, 0:10:2], drive[:, 1:10:2] = e, -e
    r_driver, r_ground = (float(r.split()[0]) for r in ends)
    right = [
        row_currents(array.array_conductance(t, 0), VOLT * drive, 8.0, 12.0, r_driver, r_ground)[:, :n] / FULL_CELL
        for t, n in enumerate((5, 3))
    ]
    right = np.concatenate(right, axis=1) * array.weight_map.combine().w_unit[0, 0]
    assert np.allclose(array.mvm_transposed(e, maximum=1.0), right, rtol=0, atol=1e-10)
    assert np.abs(right - e @ array.weights.T).max() > 0.01


def test_a_transfer_matrix_is_computed_once_and_again_only_after_a_change(monkeypatch):
    solved = []
    exact = wired.effective_conductance
    monkeypatch.setattr(wired, "effective_conductance", lambda *a, **k: (solved.append(1), exact(*a, **k))[1])
    drift = {"kind": "power_law", "nu": 0.1, "start": "1 s"}
    same_ends = {**WIRES, "driver": "5 ohm", "ground": "5 ohm"}
    spec = spec_of(wires=same_ends, errors={"drift": drift}, readout={"kind": "adc", "resolution": "8 bit"})
    array, x = CrossbarArray(spec, weights(), seed=0), np.ones((3, 8))
    for _ in range(3):
        array.mvm(x)
        array.adc_sums(x, 0)
        array.mvm_transposed(np.ones((2, 5)))  # reciprocity: the same matrix
    assert len(solved) == 2
    changes = [lambda: array.program(weights()), lambda: array.age(100.0), lambda: array.update(0.1 * weights())]
    for n, change in enumerate(changes, start=2):
        change()
        array.mvm(x)
        array.mvm(x)
        assert len(solved) == 2 * n


def test_approximate_wires_are_near_exact_ones_and_not_equal():
    x = np.random.default_rng(1).random((4, 8))
    specs = (
        spec_of(wires={**WIRES, "method": m}, inputs={"resolution": "0 bit"}) for m in ("exact", "approximate")
    )
    exact, near = (CrossbarArray(spec, weights(), seed=0).mvm(x) for spec in specs)
    off = np.abs(near - exact).max() / np.abs(exact).max()
    assert 0 < off < 0.01


# ------------------------------------------------------------------------------------------ other cells


def test_gated_cells_between_wires_give_the_gated_circuit_of_every_input():
    spec = spec_of(wires={**WIRES, "supply": "10 ohm"}, cell="gated")
    array, x = CrossbarArray(spec, weights(), seed=0), np.random.default_rng(1).integers(0, 2, (4, 8))
    right = from_pairs(array, lambda g, rows: gated_currents(g, rows_of(spec, x, rows), VOLT, 10.0, 12.0, **ENDS))
    assert np.allclose(array.mvm(x), right, rtol=0, atol=1e-11)
    with pytest.raises(SpecError, match="no line connects gated cells"):
        array.mvm_transposed(np.ones((1, 5)))


def test_gated_cells_that_rows_feed_are_read_from_their_columns_as_passive_ones_with_all_rows_on():
    """The supply line takes the place of the word line; a row that is off takes no part."""
    fed = spec_of(wires={**WIRES, "supply": "10 ohm", "supply_along": "rows"}, cell="gated")
    passive = CrossbarArray(spec_of(wires={**WIRES, "row": "10 ohm"}), weights(), seed=0)
    array, e = CrossbarArray(fed, weights(), seed=0), np.random.default_rng(2).normal(size=(3, 5))
    assert np.allclose(array.mvm_transposed(e), passive.mvm_transposed(e), rtol=1e-12)
    assert np.allclose(array.mvm(np.ones((1, 8))), passive.mvm(np.ones((1, 8))), rtol=1e-9)
    x = np.random.default_rng(1).integers(0, 2, (4, 8))

    def currents(g, rows):
        volts = np.full((1, len(g)), VOLT)
        return np.concatenate(
            [column_currents(g * gate[:, None], volts, 10.0, 12.0, **ENDS) for gate in rows_of(fed, x, rows)]
        )

    assert np.allclose(array.mvm(x), from_pairs(array, currents), rtol=0, atol=1e-11)
    assert np.abs(array.mvm(x) - passive.mvm(x)).max() > 1e-6  # rows at 0 V take part there, and none here


def test_gated_cells_between_ideal_wires_multiply_exactly():
    array, x = CrossbarArray(spec_of(wires=None, cell="gated"), weights(), seed=0), np.eye(8)
    assert np.allclose(array.mvm(x), weights(), rtol=0, atol=1e-12)


def test_circuits_that_are_not_modelled_are_refused_all_at_once():
    spec = spec_of(cell="gated", curve={"v0": "0.25 V"}, inputs={"signed": "bipolar"})
    with pytest.raises(SpecError, match=r"inputs.signed.*\n.*curve"):
        CrossbarArray(spec, weights(), seed=0)


def test_nonlinear_cells_between_wires_give_newtons_solution():
    spec = spec_of(curve={"v0": "0.25 V"}, inputs={"resolution": "0 bit"})
    array, x = CrossbarArray(spec, weights(), seed=0), np.random.default_rng(1).random((4, 8))

    def currents(g, rows):
        cells = small_signal_conductance(g, VOLT, 0.25)
        return nonlinear_currents(cells, VOLT * rows_of(spec, x, rows), 8.0, 12.0, 0.25, **ENDS).current_a

    assert np.allclose(array.mvm(x), from_pairs(array, currents), rtol=0, atol=1e-8)


def test_nearly_linear_cells_read_backward_as_linear_ones():
    e = np.random.default_rng(1).uniform(-1, 1, (2, 5))
    for signed in ("two_phase", "bipolar"):
        inputs = {"resolution": "0 bit", "signed": signed}
        linear, curved = (
            CrossbarArray(spec_of(inputs=inputs, curve=curve), weights(), seed=0).mvm_transposed(e)
            for curve in (None, {"v0": "1000 V"})
        )
        assert np.allclose(linear, curved, rtol=0, atol=1e-6)


def test_a_curve_between_ideal_wires_bends_voltage_levels_but_no_spikes():
    spikes = CrossbarArray(spec_of(wires=None, curve={"v0": "0.1 V"}), weights(), seed=0)
    assert np.allclose(spikes.mvm(np.eye(8)), weights(), rtol=0, atol=1e-12)
    analogue = spec_of(wires=None, curve={"v0": "0.1 V"}, inputs={"resolution": "0 bit"})
    half = CrossbarArray(analogue, weights(), seed=0).mvm(0.5 * np.eye(8))
    assert np.allclose(half, weights() * math.sinh(1.0) / math.sinh(2.0), rtol=0, atol=1e-12)


def test_cells_that_do_not_converge_say_so(monkeypatch):
    real = nonlinear_currents
    monkeypatch.setattr(wired, "nonlinear_currents", lambda *a, **k: real(*a, **k, max_iterations=1))
    array = CrossbarArray(spec_of(curve={"v0": "0.02 V"}), weights(), seed=0)
    with pytest.raises(EngineError, match="did not converge"):
        array.mvm(np.ones((1, 8)))


def test_far_cells_lack_more_of_the_drive():
    array = CrossbarArray(spec_of(), np.ones((5, 6)), seed=0)
    lost = array.ir_drop(0, 0)
    assert lost.shape == (5, 13)
    assert np.isnan(lost[:, 12]).all()
    plus = lost[:, 0:12:2]
    assert ((plus > 0) & (plus < 1)).all()
    assert (np.diff(plus, axis=1) > 0).all()  # farther from the driver
    g = array.array_conductance(0, 0)
    assert np.isclose(
        (VOLT * (1 - np.nan_to_num(lost)) * g).sum(axis=0)[:12],
        column_currents(g, np.full((1, 5), VOLT), 8.0, 12.0, **ENDS)[0, :12],
        rtol=1e-11,
        atol=0,
    ).all()
    one = array.ir_drop(0, 0, [1.0, 0, 0, 0, 0])
    assert np.isnan(one[1:]).all()
    assert (one[0, 0:12:2] < lost[0, 0:12:2]).all()  # the others' currents no longer raise the bit lines
    ideal = CrossbarArray(spec_of(wires=None), np.ones((5, 6)), seed=0).ir_drop(0, 0)
    assert (ideal[:, :12] == 0).all()


# ------------------------------------------------------------------------------------------ noise


def quantile(n):
    """So near lies a sample's standard deviation in 99.99 % of samples of n: 3.9 / sqrt(2 n)."""
    return 3.9 / math.sqrt(2 * n)


N = 40_000


def spread(spec, w, x, seed=0):
    """Standard deviations over N reads of the same input, and the reads."""
    y = CrossbarArray(spec, w, seed=seed).mvm(np.repeat([x], N, axis=0))
    return y.std(axis=0), y


X = np.array([0.3, 1.0, 0.0, 0.7, 0.5, 0.9, 0.2, 1.0])


def test_constant_read_noise_has_the_variance_of_its_cells():
    noise = {"read_noise": {"kind": "constant", "sigma": 0.05}}
    spec = spec_of(wires=None, inputs={"resolution": "0 bit"}, errors=noise, weights={"clip": {"kind": "max"}})
    found, y = spread(spec, weights(), X)
    right = np.abs(weights()).max() * math.sqrt(2 * 0.05**2 * (X**2).sum())
    assert 1.5 * quantile(N) < 0.05  # so much would be seen
    assert np.allclose(found, right, rtol=quantile(N) * 1.5)
    assert np.abs(np.corrcoef(y.T) - np.eye(5)).max() < 0.03
    assert np.allclose(y.mean(axis=0), X @ weights(), atol=5 * right / math.sqrt(N))


def test_proportional_read_noise_weighs_every_cell():
    noise = {"read_noise": {"kind": "proportional", "sigma": 0.1}}
    spec = spec_of(wires=None, inputs={"resolution": "0 bit"}, errors=noise)
    array = CrossbarArray(spec, weights(), seed=0)
    g = np.concatenate([array.array_conductance(0, 0), array.array_conductance(1, 0)[:3]])[:, :10].reshape(8, 5, 2)
    right = np.sqrt(0.1**2 * X**2 @ (g**2).sum(axis=2)) / 99e-6 * np.abs(weights()).max()
    assert np.allclose(spread(spec, weights(), X)[0], right, rtol=quantile(N) * 1.5)


def test_cycles_add_their_noise_with_the_square_of_their_worth():
    noise = {"read_noise": {"kind": "constant", "sigma": 0.05}}
    spec = spec_of(wires=None, inputs={"resolution": "2 bit", "maximum": 3.0}, errors=noise, levels=2)
    found, _ = spread(spec, np.ones((4, 1)), np.array([3, 1, 2, 0]))  # two rows in the low and two in the high bit
    assert np.allclose(found, 0.05 * math.sqrt(2 * (2 * 1**2 + 2 * 2**2)), rtol=quantile(N) * 1.5)


def test_a_reference_column_shares_its_noise_with_the_weights_of_its_array():
    noise = {"read_noise": {"kind": "constant", "sigma": 0.05}}
    spec = spec_of(wires=None, columns=4, signed="offset", errors=noise, inputs={"resolution": "0 bit"})
    _, y = spread(spec, weights(), X)
    right = np.zeros((5, 5))
    right[:3, :3] = right[3:, 3:] = 0.5
    right[range(5), range(5)] = 1.0
    assert np.abs(np.corrcoef(y.T) - right).max() < 0.03


def test_thermal_noise_is_there_without_a_drive():
    spec = spec_of(wires=None, inputs={"resolution": "0 bit"}, errors={"thermal_noise": True})
    array = CrossbarArray(spec, weights(), seed=0)
    g = np.concatenate([array.array_conductance(0, 0), array.array_conductance(1, 0)[:3]])[:, :10].reshape(8, 5, 2)
    current = np.sqrt(4 * 1.380649e-23 * 300 * g.sum(axis=(0, 2)) / (2 * 100e-9))
    right = current / FULL_CELL * np.abs(weights()).max()
    assert np.allclose(spread(spec, weights(), 0 * X)[0], right, rtol=quantile(N) * 1.5)


def test_noise_between_wires_is_that_of_noisy_cells_in_the_circuit():
    spec = spec_of(
        wires={"row": "5 ohm", "column": "5 ohm"},
        inputs={"resolution": "0 bit"},
        errors={"read_noise": {"kind": "proportional", "sigma": 0.05}},
    )
    array, n = CrossbarArray(spec, weights((5, 6)), seed=0), 4000
    y = array.mvm(np.repeat([X[:5]], N, axis=0))
    g, rng = array.array_conductance(0, 0), np.random.default_rng(5)
    noisy = (g * (1 + 0.05 * rng.standard_normal(g.shape)) for _ in range(n))
    currents = np.array([column_currents(cells, VOLT * X[None, :5], 5.0, 5.0)[0] for cells in noisy])
    pairs = currents[:, :12].reshape(n, 6, 2) / FULL_CELL
    right = (pairs[..., 0] - pairs[..., 1]).std(axis=0) * np.abs(weights((5, 6))).max()
    assert np.allclose(y.std(axis=0), right, rtol=quantile(n))


@pytest.mark.parametrize("signed", ["two_phase", "bipolar"])
def test_backward_reads_are_as_noisy(signed):
    noise = {"read_noise": {"kind": "constant", "sigma": 0.05}}
    spec = spec_of(wires=None, inputs={"resolution": "0 bit", "signed": signed}, errors=noise)
    e = np.array([0.5, -1.0, 0.2, 0.0, 0.8])
    found = CrossbarArray(spec, weights(), seed=0).mvm_transposed(np.repeat([e], N, axis=0))
    right = np.abs(weights()).max() * math.sqrt(2 * 0.05**2 * (e**2).sum())
    assert np.allclose(found.std(axis=0), right, rtol=quantile(N) * 1.5)
    assert np.allclose(found.mean(axis=0), e @ weights().T, atol=5 * right / math.sqrt(N))


def test_converters_see_the_noise_and_their_errors_follow_the_normal_law():
    # the sum lies midway between two codes of a converter much coarser than the noise: a coin decides
    readout = {"kind": "adc", "resolution": "2 bit", "range": {"kind": "fixed", "minimum": -2.0, "maximum": 2.0}}
    noise = {"read_noise": {"kind": "constant", "sigma": 0.01}}
    array = CrossbarArray(spec_of(wires=None, readout=readout, errors=noise), [[1.0]], seed=0)
    y = array.mvm(np.ones((N, 1)))
    heads = int((y > 1).sum())
    assert set(np.unique(y.round(12))) == {0.0, 2.0}
    # exact binomial probability of so many heads: not rarer than one in ten thousand by its density
    log_p = gammaln(N + 1) - gammaln(heads + 1) - gammaln(N - heads + 1) - N * math.log(2)
    assert log_p > math.log(1e-4 / math.sqrt(N))


def test_telegraph_states_change_between_calls():
    telegraph = {"amplitude": 0.5, "mean_high": "1 us", "mean_low": "1 us"}
    array = CrossbarArray(spec_of(wires=None, errors={"telegraph": telegraph}), np.ones((8, 5)), seed=0)
    first, second = array.mvm(np.ones((200, 8))), array.mvm(np.ones((1, 8)))
    assert (first == first[0]).all()
    assert not np.array_equal(first[0], second[0])


def drawn_cell_by_cell(array, x, n):
    """n reads of one input, every cell with a draw of its own in every cycle: the law itself."""
    spec, noise, rng = array.spec, array.spec.errors.read_noise, np.random.default_rng(9)
    how, window = array.weight_map.combine(), spec.g_max_siemens - spec.g_min_siemens
    cells = [array._cells] + ([] if array._beside is None else [array._beside])
    sigmas = [noise.sigma_frac * (c.conductance_siemens / window) ** (noise.kind == "proportional") for c in cells]
    block_of_output = array.weight_map.column_block_of_output()
    drive, y = encode(np.array([x]), spec.inputs), np.zeros((n, array.shape[1]))
    for t, rows in enumerate(array.weight_map.row_blocks()):
        for digits, weight in zip(drive.digits[:, 0, rows], drive.cycle_weight, strict=True):
            sums = [np.zeros((n, *sigma.shape[1:])) for sigma in sigmas]
            for i in np.flatnonzero(digits):
                for total, sigma in zip(sums, sigmas, strict=True):
                    total += digits[i] / drive.digit_max * sigma[rows][i] * rng.standard_normal(total.shape)
            if len(sums) == 1:
                of_slices = sums[0][..., 0] - sums[0][..., 1]
            else:
                of_slices = sums[0][..., 0] - sums[1][:, block_of_output, None]
            y += how.w_unit[t] * weight * drive.unit * drive.digit_max * (of_slices @ how.slice_weight)
    return y


@pytest.mark.parametrize("signed", ["differential", "offset"])
@pytest.mark.parametrize("scale", ["matrix", "column"])
@pytest.mark.parametrize("kind", ["constant", "proportional"])
def test_one_draw_for_an_output_has_the_law_of_a_draw_for_every_cell_and_cycle(signed, scale, kind):
    spec = spec_of(
        wires=None,
        columns=8 if signed == "differential" else 7,
        signed=signed,
        levels=4,
        cells_per_weight=2,
        weights={"scale": scale},
        inputs={"resolution": "3 bit", "per_cycle": "2 bit", "maximum": 7.0},
        errors={"read_noise": {"kind": kind, "sigma": 0.05}},
    )
    array, x = CrossbarArray(spec, weights(), seed=0), np.array([7, 1, 0, 4, 2, 6, 5, 3])
    right, found = drawn_cell_by_cell(array, x, 20_000), array.mvm(np.repeat([x], N, axis=0))
    assert 1.3 * quantile(20_000) < 0.05
    assert np.allclose(found.std(axis=0), right.std(axis=0), rtol=1.3 * quantile(20_000))
    assert np.abs(np.corrcoef(found.T) - np.corrcoef(right.T)).max() < 0.045
    assert np.allclose(found.mean(axis=0), x @ array.weights, atol=5 * right.std(axis=0).max() / math.sqrt(N))


@pytest.mark.parametrize("thermal", [False, True])
def test_vectors_that_drive_no_row_have_thermal_noise_only(thermal):
    readout = {"kind": "adc", "resolution": "16 bit", "range": {"kind": "fixed", "minimum": -2.0, "maximum": 2.0}}
    errors = {"read_noise": {"kind": "proportional", "sigma": 0.05}, "thermal_noise": thermal}
    array = CrossbarArray(spec_of(wires=None, readout=readout, errors=errors), weights(), seed=0)
    x = np.zeros((2 * N // 10, 8))
    x[::2, :3] = 1.0
    still, driven = array.mvm(x)[1::2], array.mvm(x)[::2]
    sums = [s[0] for s in array.adc_sums(x, 0)]
    assert all((s[1::2].std(axis=0) > 0).all() == thermal for s in sums)
    assert thermal or (still == 0).all()
    g = array.array_conductance(0, 0)[:3, :10].reshape(3, 5, 2)
    white = 0.05**2 * (g**2).sum(axis=(0, 2)) / 99e-6**2
    right = np.sqrt(white + (sums[0][1::2].var(axis=0) if thermal else 0.0))
    assert np.allclose(sums[0][::2].std(axis=0), right, rtol=1.5 * quantile(N // 10))
    assert (driven.std(axis=0) > 0).all()
