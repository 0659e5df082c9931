"""Compiled loops and plain numpy give the same bits; whole cells give the sums that they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar.array import CrossbarArray
from archsim.crossbar.mvm import plain_mvm
from archsim.crossbar.mvm.kernels import (
    Bits,
    Coding,
    WholeCoding,
    add_codes,
    add_codes_of_bits,
    compiled_loops,
    whole_cells,
)
from archsim.crossbar.readouts.converter import adc_of
from archsim.crossbar.readouts.kinds.adc import AdcReadout
from archsim.spec.values import ArraySpec

loops = compiled_loops()
needs_numba = pytest.mark.skipif(loops is None, reason="numba is not installed")


def adc(code="sign_magnitude", rounding="nearest", bits=5, low=-3.0, high=3.0):
    readout = AdcReadout(kind="adc", resolution=f"{bits} bit", code=code, rounding=rounding)
    return adc_of(readout, low, high)


CODES = [(c, r) for c in ("uniform", "sign_magnitude") for r in ("nearest", "down")]


@pytest.mark.parametrize(("code", "rounding"), CODES)
def test_codes_times_their_step_are_the_values_of_the_converter(code, rounding):
    converter = adc(code, rounding)
    sums = np.random.default_rng(0).normal(0, 2, (40, 30))
    coding, codes = Coding.of(converter), np.zeros(sums.shape)
    n_outside = add_codes(sums, 1.0, 1.0, coding, codes, None)
    assert np.allclose(codes * coding.step + coding.origin, converter.convert(sums), rtol=0, atol=1e-12)
    assert np.array_equal(codes, np.rint(codes))
    assert n_outside == converter.saturated(sums) > 0


@needs_numba
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32, np.int16])
@pytest.mark.parametrize(("code", "rounding"), CODES)
def test_compiled_codes_have_the_bits_of_the_plain_ones(code, rounding, kind):
    rng = np.random.default_rng(1)
    # whole multiples of a quarter step lie on the edges between codes, too
    sums = (rng.integers(-60, 60, (50, 70)) * (1 if kind in (np.int16, np.int32) else 0.1)).astype(kind)
    coding = Coding.of(adc(code, rounding))
    plain, quick = np.ones(sums.shape), np.ones(sums.shape)
    n_plain = add_codes(sums, 0.05, -4.0, coding, plain, None)
    n_quick = add_codes(sums, 0.05, -4.0, coding, quick, loops)
    assert np.array_equal(plain, quick)
    assert n_plain == n_quick


@needs_numba
@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 300),
    st.integers(1, 5),
    st.integers(1, 4),
    st.booleans(),
    st.integers(0, 99),
)
def test_looked_up_sums_give_the_codes_of_the_matrix_product(n_rows, n_columns, n, n_cycles, ideal, seed):
    rng = np.random.default_rng(seed)
    cells = rng.integers(-3, 4, (n_rows, n_columns)) / 3
    if not ideal:
        cells = cells + rng.normal(0, 0.02, cells.shape)
    half = n_rows // 2
    rows = [slice(0, half), slice(half, n_rows)] if half else [slice(0, n_rows)]
    whole = whole_cells([cells], rows, 3.0)[0]
    bits = Bits(rng.integers(0, 2, (n_cycles, n, n_rows)).astype(np.int8), rows)
    weights, coding = 2.0 ** np.arange(n_cycles), Coding.of(adc(bits=6))
    plain, quick = np.zeros((n, n_columns)), np.zeros((n, n_columns))
    counts = [0, 0]
    for t in range(len(rows)):
        counts[0] += add_codes_of_bits(bits, t, [whole], weights, coding, [plain], None)
        counts[1] += add_codes_of_bits(bits, t, [whole], weights, coding, [quick], loops)
    assert np.array_equal(plain, quick)
    assert counts[0] == counts[1]


def test_ideal_cells_are_whole_numbers_of_level_steps():
    levels = np.random.default_rng(2).integers(-3, 4, (128, 9))
    whole = whole_cells([levels / 3], [slice(0, 128)], 3.0)[0]
    assert whole.blocks[0].dtype == np.int16
    assert whole.unit == 1 / 3
    assert np.array_equal(whole.blocks[0], levels)


def test_other_cells_are_rounded_by_less_than_a_millionth_of_the_window_and_their_sums_fit():
    cells = np.random.default_rng(3).uniform(-1.3, 1.3, (512, 64))
    whole = whole_cells([cells], [slice(0, 512)], 3.0)[0]
    assert whole.blocks[0].dtype == np.int32
    assert np.abs(whole.blocks[0] * whole.unit - cells).max() < 1e-6
    assert np.abs(whole.blocks[0].astype(np.int64)).sum(axis=0).max() < 2**31


def test_large_ideal_sums_take_the_wider_type():
    whole = whole_cells([np.full((1200, 2), 1.0)], [slice(0, 1200)], 255.0)[0]
    assert whole.blocks[0].dtype == np.int32
    assert whole.blocks[0][:1200].sum() == 2 * 1200 * 255


def test_packed_bits_keep_the_first_row_lowest_and_pad_with_zeros():
    bits = np.zeros((1, 1, 11), np.int8)
    bits[0, 0, [0, 3, 9]] = 1
    assert Bits(bits, [slice(0, 11)]).words(0).tolist() == [[[1 + 8 + 512]]]
    assert [Bits(bits, [slice(0, 8), slice(8, 11)]).words(t).tolist() for t in (0, 1)] == [[[[9]]], [[[2]]]]
    assert [Bits(bits, [slice(0, 9), slice(9, 11)]).words(t).tolist() for t in (0, 1)] == [[[[9]]], [[[1]]]]


@needs_numba
@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_columns_beyond_one_table_are_looked_up_too(spread):
    rng = np.random.default_rng(4)
    cells = rng.integers(-3, 4, (64, 1100)) / 3 + rng.normal(0, spread, (64, 1100))
    whole = whole_cells([cells], [slice(0, 64)], 3.0)[0]
    bits = Bits(rng.integers(0, 2, (3, 4, 64)).astype(np.int8), [slice(0, 64)])
    coding = Coding.of(adc(bits=6))
    plain, quick = np.zeros((4, 1100)), np.zeros((4, 1100))
    weights = 2.0 ** np.arange(3)
    add_codes_of_bits(bits, 0, [whole], weights, coding, [plain], None)
    add_codes_of_bits(bits, 0, [whole], weights, coding, [quick], loops)
    assert np.array_equal(plain, quick)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30_000), st.integers(1, 12), st.floats(0.01, 500), st.sampled_from(CODES), st.booleans())
def test_a_converter_in_whole_numbers_gives_every_sum_its_code_or_says_that_it_cannot(
    largest, n_bits, reach, kind, symmetric
):
    coding = Coding.of(adc(*kind, bits=n_bits + 1, low=-reach if symmetric else -0.2 * reach, high=reach))
    unit = 1 / 3
    whole = WholeCoding.of(coding, unit, largest)
    if whole is None:
        return
    sums = np.arange(-largest, largest + 1, dtype=np.int64)
    codes = np.zeros((1, len(sums)))
    n_outside = add_codes(sums[None], unit, 1.0, coding, codes, None)
    size = np.abs(sums) if coding.signed else sums
    product = size * whole.factor + whole.add
    assert np.abs(product).max() < 2**31
    found = np.clip(product >> whole.bits, 0, whole.top)
    found = np.where(sums < 0, -found, found) if coding.signed else found
    assert np.array_equal(found, codes[0])
    assert n_outside == np.count_nonzero((size < whole.low) | (size > whole.high))


@pytest.mark.parametrize("kind", CODES)
def test_common_converters_of_ideal_cells_are_whole_numbers(kind):
    for bits in (4, 6, 8):
        coding = Coding.of(adc(*kind, bits=bits, low=-128.0, high=128.0))
        assert WholeCoding.of(coding, 1 / 3, 128 * 3) is not None


@needs_numba
@pytest.mark.parametrize(("digit_max", "entry"), [(3, np.int8), (15, np.int16), (255, np.int32)])
def test_entries_are_as_wide_as_their_sums(digit_max, entry):
    rng = np.random.default_rng(5)
    cells = rng.integers(-digit_max, digit_max + 1, (200, 70)) / digit_max
    cells[:, 0] = 1.0
    whole = whole_cells([cells], [slice(0, 200)], float(digit_max))[0]
    assert whole.tables(0, loops).dtype == entry
    bits = Bits(np.ones((1, 2, 200), np.int8), [slice(0, 200)])
    for kind in CODES:
        coding = Coding.of(adc(*kind, bits=6, low=-50.0, high=50.0))
        plain, quick = np.zeros((2, 70)), np.zeros((2, 70))
        n_plain = add_codes_of_bits(bits, 0, [whole], np.ones(1), coding, [plain], None)
        assert n_plain == add_codes_of_bits(bits, 0, [whole], np.ones(1), coding, [quick], loops) > 0
        assert np.array_equal(plain, quick)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("g_min", ["0 uS", "1 uS", "20 uS"])
def test_ideal_cells_with_a_pedestal_keep_their_codes_where_sums_lie_on_them(g_min, compiled):
    readout = {"kind": "adc", "resolution": "6 bit", "code": "uniform", "rounding": "down", "subtract": "digital"}
    spec = ArraySpec(rows=3, columns=4, levels=5, g_min=g_min, g_max="100 uS", signed="offset", readout=readout)
    array = CrossbarArray(spec, np.ones((3, 2)), 0, compiled=compiled)
    x = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    assert np.allclose(array.mvm(x), plain_mvm(x, array.weight_map), rtol=0, atol=1e-9)
