"""The plain product against x @ W, over schemes, levels, shapes, signs and input modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from archsim.crossbar.mvm import (
    Drive,
    adc_for,
    adc_of,
    encode,
    full_range,
    map_weights,
    plain_mvm,
    plain_sums,
    weights_of,
)
from archsim.crossbar.mvm.weights import WeightMap, level_scale
from archsim.crossbar.readouts.kinds.adc import AdcReadout
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec, Conversion

Floats = NDArray[np.float64]
SCHEMES = ["differential", "offset", "unsigned"]
SIGNS = ["unsigned", "two_phase", "bipolar"]
CLIPS = [
    {"kind": "max"},
    {"kind": "percentile", "percentile": 80},
    {"kind": "sigma", "sigmas": 1.5},
    {"kind": "fixed", "maximum": 0.7},
]


@st.composite
def array_specs(draw: st.DrawFn, **fixed: Any) -> ArraySpec:
    """Small arrays of every scheme; the spec as a chip file would give it."""
    levels = draw(st.sampled_from([0, 2, 3, 4, 5, 16]))
    cells = draw(st.integers(1, 3)) if levels else 1
    bits = draw(st.integers(0, 6))
    keys: dict[str, Any] = {
        "levels": levels,
        "cells_per_weight": cells,
        "signed": draw(st.sampled_from(SCHEMES)),
        "rows": draw(st.integers(1, 6)),
        "columns": 1 + 2 * cells * draw(st.integers(1, 3)),
        "g_min": draw(st.sampled_from(["0 uS", "1 uS", "40 uS"])),
        "g_max": "50 uS",
        "inputs": {
            "resolution": f"{bits} bit",
            "per_cycle": f"{draw(st.integers(1, 4))} bit",
            "maximum": draw(st.sampled_from([1.0, 2.5, 31.0])),
            "signed": draw(st.sampled_from(SIGNS)),
        },
        "weights": {
            "scale": draw(st.sampled_from(["matrix", "array", "column"])),
            "clip": draw(st.sampled_from(CLIPS)),
        },
    }
    return ArraySpec(**(keys | fixed))


def some_inputs(spec: ArraySpec, n: int, n_in: int, rng: np.random.Generator) -> Floats:
    x = rng.uniform(-1, 1, (n, n_in)) * spec.inputs.maximum
    return np.abs(x) if spec.inputs.signed == "unsigned" else x


def inputs_on_codes(spec: ArraySpec, n: int, n_in: int, rng: np.random.Generator) -> Floats:
    if not spec.inputs.resolution_bits:
        return some_inputs(spec, n, n_in, rng)
    code_max = 2**spec.inputs.resolution_bits - 1
    lowest = 0 if spec.inputs.signed == "unsigned" else -code_max
    return rng.integers(lowest, code_max + 1, (n, n_in)) * (spec.inputs.maximum / code_max)


def weights_on_levels(spec: ArraySpec, shape: tuple[int, int], w_max: float, rng: np.random.Generator) -> Floats:
    """Weights that the levels between -w_max and w_max meet exactly."""
    if not spec.n_levels:
        return rng.uniform(-w_max, w_max, shape)
    n = spec.n_levels**spec.n_cells_per_weight
    if spec.signed == "differential":
        return rng.integers(-(n - 1), n, shape) * (w_max / (n - 1))
    if n == 2:
        return rng.choice([-w_max, w_max], shape)
    above = n - 1 - n // 2
    return rng.integers(-(n // 2), above + 1, shape) * (w_max / above)


def close(y: Floats, expected: Floats, x: Floats, w_max: float) -> None:
    """Equal to rounding: 1e-12 of what the largest weights would give."""
    scale = np.abs(x).sum(axis=1, keepdims=True) * w_max
    assert (np.abs(y - expected) <= 1e-12 * scale + 1e-300).all()


sizes = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(spec=array_specs(weights={"clip": {"kind": "fixed", "maximum": 0.7}}), n_in=sizes, n_out=sizes, rng=seeds)
@settings(max_examples=80, deadline=None)
def test_ideal_arrays_give_x_times_w_in_every_scheme_and_input_mode(
    spec: ArraySpec, n_in: int, n_out: int, rng: np.random.Generator
) -> None:
    x = inputs_on_codes(spec, 3, n_in, rng)
    weights = weights_on_levels(spec, (n_in, n_out), 0.7, rng)
    mapped = map_weights(weights, spec)
    assert mapped.n_clipped == 0
    close(plain_mvm(x, mapped), x @ weights, x, 0.7)


@given(spec=array_specs(), n_in=sizes, n_out=sizes, rng=seeds)
@settings(max_examples=80, deadline=None)
def test_outputs_are_the_encoded_inputs_times_what_the_conductances_mean(
    spec: ArraySpec, n_in: int, n_out: int, rng: np.random.Generator
) -> None:
    x = some_inputs(spec, 3, n_in, rng)
    mapped = map_weights(rng.normal(size=(n_in, n_out)), spec)
    # any conductances, not only those of levels: a reference column that missed its target too
    g = mapped.target_siemens * rng.uniform(0.5, 1.5, mapped.target_siemens.shape)
    beside = mapped.reference_siemens
    if beside is not None:
        beside = beside * rng.uniform(0.5, 1.5, beside.shape)
    y = plain_mvm(x, mapped, conductance_siemens=g, reference_siemens=beside)
    meant = weights_of(g, beside, mapped)
    # conductances of 40..50 uS count 5 windows of 10 uS: scale by what cancels
    close(y, encode(x, spec.inputs).numbers() @ meant, x, 50 * float(mapped.w_max.max()))


def lossless(spec: ArraySpec, code: str, rounding: str) -> AdcReadout:
    """Ten bits, one code per level sum: more than these arrays need."""
    step = 1 / (
        level_scale(spec).digit_max * (2 ** min(spec.inputs.per_cycle_bits, spec.inputs.resolution_bits) - 1)
    )
    ends = (-511, 511) if code == "sign_magnitude" else (-511, 512)
    return AdcReadout(
        kind="adc",
        resolution="10 bit",
        code=code,
        rounding=rounding,
        range={"kind": "fixed", "minimum": ends[0] * step, "maximum": ends[1] * step},
    )


@given(
    spec=array_specs(weights={"clip": {"kind": "fixed", "maximum": 0.7}}, g_min="0 uS"),
    n_in=sizes,
    n_out=sizes,
    code=st.sampled_from(["uniform", "sign_magnitude"]),
    rounding=st.sampled_from(["nearest", "down"]),
    subtract=st.sampled_from(["analog", "digital"]),
    rng=seeds,
)
@settings(max_examples=100, deadline=None)
def test_a_converter_with_a_code_for_every_level_loses_nothing(
    spec: ArraySpec, n_in: int, n_out: int, code: str, rounding: str, subtract: str, rng: np.random.Generator
) -> None:
    bits = max(1, min(spec.inputs.resolution_bits, 3))
    levels = spec.n_levels or 3
    inputs = spec.inputs.model_copy(update={"resolution_bits": bits})
    spec = spec.model_copy(update={"inputs": inputs, "n_levels": levels, "n_rows": min(spec.n_rows, 4)})
    readout = lossless(spec, code, rounding).model_copy(update={"subtract": subtract})
    spec = spec.model_copy(update={"readout": readout})
    x = inputs_on_codes(spec, 3, n_in, rng)
    weights = weights_on_levels(spec, (n_in, n_out), 0.7, rng)
    mapped, drive = map_weights(weights, spec), encode(x, spec.inputs)
    # a code is exact to rounding of the range that it counts from
    rounding_of_range = most_adc_error(mapped, drive, 1e-15 * 1023 * adc_for(spec).step, 2)
    scale = 1e-12 * 0.7 * np.abs(x).sum(axis=1, keepdims=True)
    assert (np.abs(plain_mvm(x, mapped) - x @ weights) <= scale + rounding_of_range).all()


def most_adc_error(mapped: WeightMap, drive: Drive, most: float, n_conversions: int) -> Floats:
    """(n_out,): what an error of `most` full cells in every conversion adds up to."""
    how = mapped.combine()
    per_slice = how.slice_weight.sum() * drive.digit_max * np.abs(drive.cycle_weight).sum() * drive.unit
    return np.asarray(how.w_unit.sum(axis=0) * per_slice * most * n_conversions)


@given(
    spec=array_specs(),
    n_in=sizes,
    n_out=sizes,
    bits=st.integers(2, 8),
    code=st.sampled_from(["uniform", "sign_magnitude"]),
    rounding=st.sampled_from(["nearest", "down"]),
    subtract=st.sampled_from(["analog", "digital"]),
    rng=seeds,
)
@settings(max_examples=80, deadline=None)
def test_over_the_full_range_a_conversion_errs_by_half_a_step_at_most(
    spec: ArraySpec,
    n_in: int,
    n_out: int,
    bits: int,
    code: str,
    rounding: str,
    subtract: str,
    rng: np.random.Generator,
) -> None:
    readout = AdcReadout(kind="adc", resolution=f"{bits} bit", code=code, rounding=rounding, subtract=subtract)
    coarse = spec.model_copy(update={"readout": readout})
    x = some_inputs(spec, 3, n_in, rng)
    weights = rng.normal(size=(n_in, n_out))
    ideal, mapped = map_weights(weights, spec), map_weights(weights, coarse)
    adc = adc_of(readout, *full_range(coarse))
    drive = encode(x, spec.inputs)
    assert not any(adc.saturated(sums.all()) for sums in plain_sums(drive, mapped))
    two = subtract == "digital" and spec.signed != "unsigned"
    step = adc.step * (0.5 if rounding == "nearest" else 1.0)
    bound = most_adc_error(mapped, drive, step, 2 if two else 1)
    assert (np.abs(plain_mvm(x, mapped) - plain_mvm(x, ideal)) <= bound * (1 + 1e-6)).all()


def test_with_digital_subtraction_the_reference_column_is_converted_too() -> None:
    readout = {"kind": "adc", "resolution": "2 bit", "code": "uniform", "subtract": "digital"}
    readout |= {"range": {"kind": "fixed", "minimum": 0, "maximum": 3}}
    spec = ArraySpec(signed="offset", g_min="0 uS", readout=readout)
    # columns: 3 x 1.0 = 3 and 3 x 0.25, rounded to 1; reference: 3 x 0.5, rounded to 2; a full cell is worth 2
    y = plain_mvm(np.ones((1, 3)), map_weights([[1.0, -0.5]] * 3, spec))
    np.testing.assert_allclose(y, [[2.0 * (3 - 2), 2.0 * (1 - 2)]], rtol=1e-12)


def extremes(spec: ArraySpec) -> list[Floats]:
    """Conductances (rows, 1, 1, P) of columns with all cells full, and with all cells empty."""
    full = np.full((spec.n_rows, 1, spec.n_cells_per_weight, 1), spec.g_max_siemens)
    empty = np.full_like(full, spec.g_min_siemens)
    if spec.signed != "differential":
        return [full, empty]
    return [np.concatenate(pair, axis=-1) for pair in ((full, empty), (empty, full))]


@given(spec=array_specs(), subtract=st.sampled_from(["analog", "digital"]), rng=seeds)
@settings(max_examples=100, deadline=None)
def test_the_full_range_is_reached_and_never_left(
    spec: ArraySpec, subtract: str, rng: np.random.Generator
) -> None:
    spec = spec.model_copy(update={"readout": AdcReadout(kind="adc", resolution="8 bit", subtract=subtract)})
    mapped = map_weights(rng.normal(size=(spec.n_rows, 1)), spec)
    signs = (1, 0, -1) if spec.inputs.signed == "bipolar" else (1, 0)
    x = np.array(signs)[:, None] * np.full((1, spec.n_rows), spec.inputs.maximum)
    drive = encode(x, spec.inputs)
    low, high = full_range(spec)
    reached = np.concatenate([plain_sums(drive, mapped, g)[0].columns.ravel() for g in extremes(spec)])
    np.testing.assert_allclose([reached.min(), reached.max()], [low, high], rtol=1e-9, atol=1e-12)
    of_weights = plain_sums(encode(some_inputs(spec, 5, spec.n_rows, rng), spec.inputs), mapped)[0].all()
    assert low - 1e-9 <= of_weights.min()
    assert of_weights.max() <= high + 1e-9


def test_a_sense_amplifier_gives_the_sign_of_the_product() -> None:
    rng = np.random.default_rng(3)
    weights, x = rng.normal(size=(20, 30)), rng.integers(0, 2, (10, 20))
    spec = ArraySpec(rows=20, readout={"kind": "sense_amp"})
    np.testing.assert_array_equal(plain_mvm(x, map_weights(weights, spec)), x @ weights > 0)


def test_with_integrate_and_fire_the_outputs_are_charges_in_full_cells() -> None:
    spec = ArraySpec(rows=4, readout={"kind": "integrate_fire", "threshold": 1.0})
    charge = plain_mvm([[1, 0, 1, 1]], map_weights([[0.5], [2.0], [2.0], [-1.0]], spec))
    assert charge[0, 0] == pytest.approx(0.25 + 1.0 - 0.5, rel=1e-12)


def test_a_sense_amplifier_refuses_all_that_needs_arithmetic_after_it() -> None:
    spec = ArraySpec(
        rows=2,
        levels=4,
        cells_per_weight=2,
        signed="unsigned",
        inputs={"resolution": "4 bit"},
        readout={"kind": "sense_amp"},
    )
    with pytest.raises(SpecError) as failed:
        plain_mvm(np.ones((1, 3)), map_weights(np.ones((3, 1)), spec))
    said = str(failed.value)
    assert all(part in said for part in ("cells_per_weight is 2", "4 cycles", "3 inputs", "unsigned"))


def test_a_calibrated_range_needs_its_converter() -> None:
    spec = ArraySpec(readout={"kind": "adc", "resolution": "6 bit", "range": {"kind": "calibrated"}})
    mapped = map_weights([[1.0]], spec)
    with pytest.raises(SpecError, match="calibrated on data"):
        plain_mvm([[1]], mapped)
    assert isinstance(spec.readout, Conversion)
    assert plain_mvm([[1]], mapped, adc=adc_of(spec.readout, -1.0, 1.0))[0, 0] == 1.0


def test_inputs_of_another_width_are_refused() -> None:
    with pytest.raises(SpecError, match="must have 2 inputs per vector; got 3"):
        plain_mvm(np.ones((1, 3)), map_weights(np.ones((2, 1)), ArraySpec()))
