"""Compiled products have the bits and the counters of plain ones, whatever the array and its converter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar.array import CrossbarArray
from archsim.crossbar.mvm.kernels import Coding, WholeCoding, compiled_loops
from archsim.crossbar.readouts.converter import adc_of
from archsim.crossbar.readouts.kinds.adc import AdcReadout
from archsim.spec.values import ArraySpec

pytestmark = pytest.mark.skipif(compiled_loops() is None, reason="numba is not installed")


@pytest.mark.parametrize(("bits", "n_in"), [(5, 1), (5, 3), (3, 20), (2, 60)])
def test_sums_below_one_step_are_zero(bits, n_in):
    spec = ArraySpec(rows=128, columns=128, levels=4, readout={"kind": "adc", "resolution": f"{bits} bit"})
    for compiled in (True, False):
        array = CrossbarArray(spec, np.full((n_in, 1), 1.0), seed=0, compiled=compiled)
        one_row = np.eye(n_in)[:1]
        assert array.mvm(one_row).tolist() == array.mvm(-0.0 * one_row).tolist() == [[0.0]]


@st.composite
def readouts(draw):
    bits = draw(st.integers(2, 9))
    low = draw(st.sampled_from([-300.0, -8.0, -1.0, 0.0, 0.25]))
    width = draw(st.sampled_from([0.01, 0.5, 1.0, 3.0, 40.0, 1e4]))
    ranges = [{"kind": "full"}, {"kind": "fixed", "minimum": low, "maximum": low + width}]
    return {
        "kind": "adc",
        "resolution": f"{bits} bit",
        "range": draw(st.sampled_from(ranges)),
        "code": draw(st.sampled_from(["uniform", "sign_magnitude"])),
        "rounding": draw(st.sampled_from(["nearest", "down"])),
        "subtract": draw(st.sampled_from(["analog", "digital"])),
    }


@st.composite
def arrays(draw):
    n_levels = draw(st.sampled_from([0, 2, 3, 4, 16]))
    laws = [None, {"kind": "constant", "sigma": 0.03}, {"kind": "proportional", "sigma": 0.03}]
    spread, noise = draw(st.sampled_from(laws[:2])), draw(st.sampled_from(laws))
    thermal = {"thermal_noise": True} if draw(st.sampled_from([False, False, True])) else {}
    return ArraySpec(
        rows=draw(st.sampled_from([1, 5, 32, 128])),
        columns=draw(st.sampled_from([9, 64])),
        levels=n_levels,
        cells_per_weight=draw(st.integers(1, 3)) if n_levels else 1,
        g_min=draw(st.sampled_from(["0 uS", "1 uS"])),
        signed=draw(st.sampled_from(["differential", "offset", "unsigned"])),
        weights={"scale": draw(st.sampled_from(["matrix", "array", "column"]))},
        inputs={
            "resolution": f"{draw(st.integers(1, 4))} bit",
            "signed": draw(st.sampled_from(["unsigned", "two_phase", "bipolar"])),
        },
        readout=draw(readouts()),
        errors={k: law for k, law in (("programming", spread), ("read_noise", noise)) if law} | thermal,
    )


@settings(max_examples=60, deadline=None)
@given(arrays(), st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32), st.sampled_from([1.0, 1e-3]))
def test_compiled_products_have_the_bits_of_plain_ones(spec, n_in, n_out, seed, density):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n_in, n_out))
    x, e = rng.random((3, n_in)) * (rng.random((3, n_in)) <= density), rng.normal(size=(2, n_out)) * density
    if spec.inputs.signed != "unsigned":
        x *= rng.choice([-1.0, 1.0], x.shape)
    quick, plain = (CrossbarArray(spec, w, seed=1, compiled=compiled) for compiled in (True, False))
    assert np.array_equal(quick.mvm(x), plain.mvm(x))
    for bits in (1, 3):
        errors = (array.mvm_transposed(e, maximum=1.0, resolution_bits=bits) for array in (quick, plain))
        assert np.array_equal(*errors)
    assert quick.counters == plain.counters


@settings(max_examples=100, deadline=None)
@given(readouts(), st.integers(1, 400), st.sampled_from([1.0, 1 / 3, 1 / 7, 1 / 15, 0.013]))
def test_whole_numbers_give_every_sum_its_code(readout, largest, unit):
    span = readout["range"]
    ends = (-64.0, 64.0) if span["kind"] == "full" else (span["minimum"], span["maximum"])
    coding = Coding.of(adc_of(AdcReadout.model_validate(readout), *ends))
    whole = WholeCoding.of(coding, unit, largest)
    if whole is None:
        return
    sums = np.arange(0 if coding.signed else -largest, largest + 1)
    found = np.minimum((sums * whole.factor + whole.add) >> whole.bits, whole.top)
    if not coding.signed:
        found = np.maximum(found, 0)
    right = np.clip(np.floor(sums * (unit / coding.step) + coding.shift + coding.up), 0, coding.top)
    assert np.array_equal(found, right)
