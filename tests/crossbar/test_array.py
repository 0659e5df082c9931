"""The numeric model of a crossbar: products, counters, updates, ranges, bad input."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archsim
from archsim.crossbar import Counters, CrossbarArray
from archsim.crossbar.mvm import plain_mvm
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

SCHEMES = ("differential", "offset", "unsigned")
FIXED = {"kind": "fixed", "maximum": 1.0}


def spec_of(**given):
    return ArraySpec(**{"rows": 5, "columns": 13, **given})


def whole_weights(rng, shape, spec):
    """Weights that are levels of the cells, and a spec whose range they fill."""
    n_levels = spec.n_levels**spec.n_cells_per_weight
    if spec.signed == "differential":
        lowest, highest = 1 - n_levels, n_levels - 1
    else:
        lowest, highest = -(n_levels // 2), n_levels - 1 - n_levels // 2
    clip = {"kind": "fixed", "maximum": float(highest)}
    rules = spec.weights.model_copy(update={"clip": type(spec.weights)(clip=clip).clip})
    return rng.integers(lowest, highest + 1, shape), spec.model_copy(update={"weights": rules})


@st.composite
def ideal_work(draw):
    """Ideal arrays of every scheme and input mode, with weights and inputs that they hold exactly."""
    n_levels, n_slices = draw(st.sampled_from([(0, 1), (3, 1), (4, 2), (2, 3), (16, 2)]))
    bits, per_cycle = draw(st.sampled_from([(1, 1), (4, 1), (5, 2), (3, 3)]))
    spec = ArraySpec(
        rows=draw(st.integers(1, 9)),
        columns=draw(st.integers(7, 20)),
        levels=n_levels,
        cells_per_weight=n_slices,
        signed=draw(st.sampled_from(SCHEMES)),
        inputs={
            "resolution": f"{bits} bit",
            "per_cycle": f"{per_cycle} bit",
            "maximum": float(2**bits - 1),
            "signed": draw(st.sampled_from(["unsigned", "two_phase", "bipolar"])),
        },
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    if n_levels:
        w, spec = whole_weights(rng, shape, spec)
    else:
        w = rng.normal(size=shape)
    lowest = 0 if spec.inputs.signed == "unsigned" else 1 - 2**bits
    return spec, w, rng.integers(lowest, 2**bits, (3, shape[0]))


@settings(max_examples=80, deadline=None)
@given(ideal_work())
def test_an_ideal_array_multiplies_exactly(work):
    spec, w, x = work
    array = CrossbarArray(spec, w, seed=0)
    right = x @ w
    assert np.allclose(array.mvm(x), right, rtol=0, atol=1e-12 * (np.abs(x) @ np.abs(w)).max(initial=1e-3) * 100)
    assert np.allclose(array.weights, w, rtol=0, atol=1e-12 * max(1.0, np.abs(w).max()))


@settings(max_examples=100, deadline=None)
@given(ideal_work(), st.sampled_from(["matrix", "array", "column"]))
def test_an_ideal_array_multiplies_errors_by_the_transposed_weights(work, scale):
    spec, w, _ = work
    spec = spec.model_copy(update={"weights": spec.weights.model_copy(update={"scale": scale})})
    array = CrossbarArray(spec, w, seed=0)
    e = np.random.default_rng(1).normal(size=(3, w.shape[1]))
    found = array.mvm_transposed(e, resolution_bits=0)
    assert np.allclose(found, e @ array.weights.T, rtol=0, atol=1e-12 * (1 + (np.abs(e) @ np.abs(w).T).max()) * 10)


@settings(max_examples=60, deadline=None)
@given(ideal_work(), st.booleans())
def test_a_converter_with_a_code_for_every_sum_changes_nothing(work, digital):
    spec, w, x = work
    if spec.n_levels == 0 or spec.signed == "unsigned":
        return
    # a step of one level of one digit: every sum of subtracted currents is a whole number of steps
    step = 1 / (spec.n_levels - 1) / (2 ** min(spec.inputs.per_cycle_bits, spec.inputs.resolution_bits) - 1)
    readout = {
        "kind": "adc",
        "resolution": "16 bit",
        "subtract": "digital" if digital else "analog",
        "range": {"kind": "fixed", "minimum": -step * (2**15 - 1), "maximum": step * (2**15 - 1)},
    }
    # without a current at g_min, sums of single columns are whole, too
    changed = {**spec.model_dump(), "readout": type(spec)(readout=readout).readout, "g_min_siemens": 0.0}
    array = CrossbarArray(spec.model_copy(update={k: changed[k] for k in ("readout", "g_min_siemens")}), w, seed=0)
    assert np.allclose(array.mvm(x), x @ w, rtol=0, atol=1e-9 * max(1.0, np.abs(x @ w).max()))
    assert array.counters.saturations == 0


READOUTS = [
    {"kind": "ideal"},
    {"kind": "adc", "resolution": "5 bit"},
    {"kind": "adc", "resolution": "6 bit", "subtract": "digital", "code": "uniform"},
    {
        "kind": "adc",
        "resolution": "4 bit",
        "rounding": "down",
        "range": {"kind": "fixed", "minimum": -1, "maximum": 1},
    },
]


@pytest.mark.parametrize("signed", SCHEMES)
@pytest.mark.parametrize("readout", READOUTS, ids=str)
@pytest.mark.parametrize("inputs", ["1 unsigned", "4 two_phase", "4 bipolar", "0 unsigned"])
def test_compiled_loops_give_the_bits_and_counters_of_plain_numpy(signed, readout, inputs):
    bits, sign = inputs.split()
    spec = spec_of(
        levels=4,
        cells_per_weight=2,
        signed=signed,
        readout=readout,
        inputs={"resolution": f"{bits} bit", "signed": sign},
        errors={"programming": {"kind": "constant", "sigma": 0.03}, "device_spread": 0.02},
    )
    rng = np.random.default_rng(3)
    w, x, e = rng.normal(size=(12, 7)), rng.random((6, 12)), rng.normal(size=(4, 7))
    if sign != "unsigned":
        x = x - 0.5
    quick, plain = CrossbarArray(spec, w, seed=1), CrossbarArray(spec, w, seed=1, compiled=False)
    assert np.array_equal(quick.mvm(x), plain.mvm(x))
    assert np.array_equal(quick.mvm_transposed(e, resolution_bits=3), plain.mvm_transposed(e, resolution_bits=3))
    assert quick.counters == plain.counters


@pytest.mark.parametrize("signed", SCHEMES)
@pytest.mark.parametrize("readout", READOUTS, ids=str)
@pytest.mark.parametrize("scale", ["matrix", "array", "column"])
def test_an_array_gives_what_the_product_spelled_out_gives(signed, readout, scale):
    spec = spec_of(
        levels=4,
        cells_per_weight=2,
        signed=signed,
        readout=readout,
        weights={"scale": scale},
        inputs={"resolution": "4 bit"},
        errors={"programming": {"kind": "constant", "sigma": 0.03}},
    )
    rng = np.random.default_rng(4)
    array = CrossbarArray(spec, rng.normal(size=(12, 7)), seed=1)
    x = rng.random((6, 12))
    beside = None if array._beside is None else array._beside.conductance_siemens
    right = plain_mvm(
        x, array.weight_map, conductance_siemens=array._cells.conductance_siemens, reference_siemens=beside
    )
    assert np.allclose(array.mvm(x), right, rtol=0, atol=1e-9)


def test_single_precision_is_good_to_about_a_millionth():
    rng = np.random.default_rng(5)
    w, x = rng.normal(size=(300, 40)), rng.random((20, 300))
    inputs = {"resolution": "8 bit", "per_cycle": "8 bit"}
    double, single = (
        CrossbarArray(ArraySpec(inputs=inputs, precision=p), w, seed=0).mvm(x) for p in ("double", "single")
    )
    off = np.abs(double - single).max() / np.abs(double).max()
    assert 0 < off < 3e-6


# ------------------------------------------------------------------------------------------ grid and pictures


def test_a_matrix_takes_as_many_arrays_as_it_needs_and_the_last_may_not_be_full():
    array = CrossbarArray(spec_of(signed="offset", levels=4, cells_per_weight=2, rows=5), np.eye(12, 7), seed=0)
    assert array.grid == (3, 2)  # 6 weights of 2 cells and a reference column on 13 columns
    assert array.array_target(2, 1).shape == (5, 13)
    assert (array.array_target(2, 1)[2:] == 0).all()
    assert (array.array_target(2, 1)[:2, 2:12] == 0).all()
    assert (array.array_target(2, 1)[:2, 12] > 0).all()


def test_a_pair_lies_side_by_side_and_slices_of_a_weight_in_a_row():
    clip = {"kind": "fixed", "maximum": 3.0}
    spec = spec_of(levels=2, cells_per_weight=2, g_min="1 uS", g_max="2 uS", weights={"clip": clip})
    array = CrossbarArray(spec, [[2.0, -1.0]], seed=0)
    used = array.array_conductance(0, 0)[0, :8] * 1e6
    assert used.round(9).tolist() == [1, 1, 2, 1, 1, 2, 1, 1]  # (+, -) of slice 0 and of slice 1, weight by weight


def test_sums_before_conversion_are_in_full_cells():
    spec = spec_of(inputs={"resolution": "2 bit"}, weights={"clip": FIXED})
    sums = CrossbarArray(spec, [[1.0], [0.5]], seed=0).adc_sums([[1.0, 1 / 3]], 0)
    assert len(sums) == 1
    # codes 3 and 1: both bits of the first, the low bit of the second
    assert np.allclose(sums[0][:, 0, 0], [1.5, 1.0])


# ------------------------------------------------------------------------------------------ counters


def test_counters_count_reads_rows_and_conversions():
    spec = spec_of(
        levels=4,
        cells_per_weight=2,
        inputs={"resolution": "3 bit", "maximum": 7.0},
        readout={"kind": "adc", "resolution": "6 bit", "subtract": "digital"},
    )
    array = CrossbarArray(spec, np.ones((12, 7)), seed=0)
    assert array.counters == Counters(pulses=12 * 7 * 4)
    array.reset_counters()
    x = np.random.default_rng(0).integers(0, 8, (4, 12))
    array.mvm(x)
    rows, columns = array.grid
    assert (rows, columns) == (3, 3)
    set_bits = sum(int(v).bit_count() for v in x.ravel())
    assert array.counters == Counters(
        reads=4 * 3 * 9, active_rows=set_bits * columns, conversions=4 * 3 * rows * 7 * 2 * 2
    )
    array.reset_counters()
    e = np.array([[1.0, -1.0, 0, 0, 0, 0, 0]])
    array.mvm_transposed(e, resolution_bits=1)  # two signs, two slices, two polarities one after the other
    assert array.counters == Counters(
        reads=2 * 2 * 2 * 9, active_rows=2 * 4 * rows, conversions=2 * 4 * 12 * columns
    )


def test_sums_beyond_the_range_are_counted_and_clipped():
    readout = {"kind": "adc", "resolution": "4 bit", "range": {"kind": "fixed", "minimum": -2, "maximum": 2}}
    array = CrossbarArray(spec_of(readout=readout), np.ones((5, 2)), seed=0)
    assert array.mvm(np.ones((3, 5))).round(12).tolist() == [[2.0, 2.0]] * 3
    assert array.counters.saturations == 6


@pytest.mark.parametrize("errors", [{}, {"read_noise": {"kind": "proportional", "sigma": 0.01}}], ids=str)
def test_ten_thousand_vectors_never_become_vectors_times_cells(errors):
    spec = ArraySpec(inputs={"resolution": "2 bit"}, readout={"kind": "adc", "resolution": "8 bit"}, errors=errors)
    rng = np.random.default_rng(0)
    array = CrossbarArray(spec, rng.normal(size=(128, 64)), seed=0)
    x = rng.random((10_000, 128))
    array.mvm(x[:10])
    tracemalloc.start()
    array.mvm(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.1 * 8 * 10_000 * 128 * 128


# ------------------------------------------------------------------------------------------ writing


def test_the_same_seed_gives_the_same_bits_and_another_gives_others():
    spec = spec_of(
        signed="offset",
        errors={name: {"kind": "constant", "sigma": 0.1} for name in ("programming", "read_noise")},
    )
    w, x = np.random.default_rng(0).normal(size=(8, 4)), np.ones((3, 8))
    a, b, c = (CrossbarArray(spec, w, seed=s) for s in (7, 7, 8))
    first = a.mvm(x)
    assert np.array_equal(first, b.mvm(x))
    assert not np.array_equal(first, c.mvm(x))
    assert not np.array_equal(first, a.mvm(x))  # noise is new in every read


def test_programming_again_changes_ranges_and_writes_every_cell():
    array = CrossbarArray(spec_of(), np.ones((3, 2)), seed=0)
    array.program(np.full((3, 2), -4.0))
    assert np.allclose(array.mvm(np.ones((1, 3))), -12.0)
    assert (array.writes == 2).all()
    assert array.counters.pulses == 2 * 12


def test_an_update_keeps_ranges_clips_and_writes_only_what_changes():
    array = CrossbarArray(spec_of(levels=5, weights={"clip": FIXED}), np.zeros((2, 2)), seed=0)
    array.update([[0.25, 0.0], [-3.0, 0.1]])
    assert array.weights.round(12).tolist() == [[0.25, 0.0], [-1.0, 0.0]]
    assert array.counters.pulses == 8 + 2
    array.update([[0.0, 0.0], [0.0, 0.1]])  # what is less than half a level is kept digitally until it is more
    assert array.weights.round(12).tolist() == [[0.25, 0.0], [-1.0, 0.25]]


@pytest.mark.parametrize("signed", SCHEMES)
def test_linear_pulses_move_weights_by_whole_pulses(signed):
    spec = spec_of(signed=signed, errors={"update": {"pulses": 100}}, weights={"clip": FIXED})
    array = CrossbarArray(spec, [[0.5, -0.5]], seed=0)
    before = array.counters.pulses
    array.update([[0.1, 0.001]])
    one_pulse = 0.01 if signed == "differential" else 0.02
    assert array.weights[0, 0] == pytest.approx(0.6)
    assert abs(array.weights[0, 1] + 0.5) < 1e-12  # less than half a pulse is lost
    assert array.counters.pulses - before == round(0.1 / one_pulse)
    array.update([[-1.2, 0.0]])
    assert array.weights[0, 0] == pytest.approx(-0.6)


def test_curved_pulses_miss_and_nobody_looks():
    update = {"pulses": 50, "potentiation": 3.0, "depression": -3.0}
    array = CrossbarArray(spec_of(errors={"update": update}, weights={"clip": FIXED}), [[0.0]], seed=0)
    array.update([[0.5]])
    assert array.weights[0, 0] > 0.55  # the first pulses of a curved device are its largest


def test_time_makes_weights_smaller_and_products_follow():
    drift = {"kind": "power_law", "nu": 0.1, "start": "1 s"}
    array = CrossbarArray(spec_of(errors={"drift": drift}, g_min="0 uS"), np.ones((3, 2)), seed=0)
    array.mvm(np.ones((1, 3)))
    array.age(1000.0)
    left = 1000.0**-0.1
    assert np.allclose(array.weights, left)
    assert np.allclose(array.mvm(np.ones((1, 3))), 3 * left)
    assert np.allclose(array.mvm_transposed(np.ones((1, 2))), 2 * left)


# ------------------------------------------------------------------------------------------ read-outs


def test_a_calibrated_range_needs_a_batch_and_then_clips_what_lies_outside():
    readout = {"kind": "adc", "resolution": "8 bit", "range": {"kind": "calibrated", "percentile": 100}}
    array = CrossbarArray(spec_of(readout=readout), np.ones((5, 2)), seed=0)
    with pytest.raises(SpecError, match="call calibrate"):
        array.mvm(np.ones((1, 5)))
    with pytest.raises(SpecError, match=r"calibrate\(e="):
        array.mvm_transposed(np.ones((1, 2)))
    array.calibrate([[1, 1, 1, 0, 0]], e=[[1.0, 0.0]])
    assert array.counters == Counters(pulses=20)
    assert np.allclose(array.mvm([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]), 3.0)
    assert array.counters.saturations == 2
    assert np.allclose(array.mvm_transposed([[1.0, 1.0]]), 1.0, atol=0.02)


def test_sense_amplifiers_give_bits():
    readout = {"kind": "sense_amp", "threshold": 0.5}
    array = CrossbarArray(spec_of(readout=readout), [[1.0, -1.0], [1.0, 0.4]], seed=0)
    assert array.mvm([[1, 0], [0, 1], [0, 0]]).tolist() == [[1, 0], [1, 0], [0, 0]]


def test_integrate_and_fire_keeps_its_membranes_from_call_to_call():
    array = CrossbarArray(spec_of(readout={"kind": "integrate_fire", "threshold": 1.5}), [[1.0, 0.5]], seed=0)
    spikes = [array.mvm([[1.0], [0.0]])[0].tolist() for _ in range(4)]
    assert spikes == [[0, 0], [1, 0], [0, 0], [1, 1]]
    array.reset_membrane()
    assert array.mvm(np.ones((3, 1))).tolist() == [[0, 0]] * 3


# ------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda a: a.mvm(np.ones((2, 4))), "must have 3 inputs"),
        (lambda a: a.mvm([[1, np.nan, 0]]), "not finite"),
        (lambda a: a.mvm([[1, -1, 0]]), "negative"),
        (lambda a: a.mvm("spikes"), "real numbers"),
        (lambda a: a.mvm_transposed(np.ones((1, 3))), "must have 2"),
        (lambda a: a.mvm_transposed([[np.inf, 0]]), "not finite"),
        (lambda a: a.mvm_transposed([[1, 0]], maximum=-1.0, resolution_bits=99), "maximum.*\n.*resolution_bits"),
        (lambda a: a.program(np.ones((2, 3))), "shape"),
        (lambda a: a.update([[np.nan, 0]] * 3), "not finite"),
        (lambda a: a.age(-1.0), "seconds"),
        (lambda a: a.array_conductance(1, 0), "not on the grid"),
        (lambda a: a.ir_drop(0, 0, [1.0]), "x_row"),
    ],
)
def test_bad_input_ends_before_any_work(call, said):
    array = CrossbarArray(spec_of(), np.ones((3, 2)), seed=0)
    before = array.counters, array.weights
    with pytest.raises(SpecError, match=said):
        call(array)
    assert array.counters == before[0]
    assert np.array_equal(array.weights, before[1])


def test_weights_and_read_outs_that_make_no_sense_are_refused():
    with pytest.raises(SpecError, match="not finite"):
        CrossbarArray(spec_of(), [[np.nan]], seed=0)
    with pytest.raises(SpecError, match="2 dimensions"):
        CrossbarArray(spec_of(), [1.0, 2.0], seed=0)
    with pytest.raises(SpecError, match="do not fit"):
        CrossbarArray(spec_of(readout={"kind": "sense_amp"}), np.ones((9, 2)), seed=0)


@pytest.mark.parametrize("name", ["wearable_rram", "isaac_32nm"])
def test_a_chip_stands_for_its_arrays(name):
    chip = archsim.load_chip(Path(__file__).parents[2] / "arch_specs" / f"{name}.yaml", ["ideal.converters=true"])
    array = CrossbarArray(chip, np.eye(200, 30), seed=0)
    crossbar = chip.crossbar
    assert array.grid == (-(-200 // crossbar.n_rows), -(-30 // crossbar.n_weights_per_row))
    assert array.spec.n_levels == chip.device.n_levels
    spikes = np.random.default_rng(0).integers(0, 2, (6, 200))
    assert np.allclose(array.mvm(spikes), spikes @ array.weights, atol=1e-9)
