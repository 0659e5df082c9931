"""Codes, ranges, bits and spikes out of column sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from archsim.crossbar.mvm import Adc, adc_for, adc_of, range_of
from archsim.crossbar.readouts.kinds.adc import AdcReadout
from archsim.crossbar.readouts.kinds.integrate_fire import IntegrateFire, IntegrateFireReadout
from archsim.crossbar.readouts.kinds.sense_amp import SenseAmp
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]


def adc(bits: int, lowest: float, highest: float, **keys: Any) -> Adc:
    return adc_of(AdcReadout(kind="adc", resolution=f"{bits} bit", **keys), lowest, highest)


def test_a_uniform_code_has_a_value_at_either_end_of_the_range() -> None:
    converter = adc(2, 1.0, 4.0, code="uniform")
    assert converter.convert(np.array([0.0, 1.4, 1.6, 3.9, 9.0])).tolist() == [1, 1, 2, 4, 4]
    assert (converter.n_codes, converter.step, converter.highest) == (4, 1.0, 4.0)


def test_a_sign_magnitude_code_spends_a_bit_on_the_sign_and_has_a_zero() -> None:
    converter = adc(3, -3.0, 3.0)
    assert converter.convert(np.array([-9, -2.6, -0.4, 0.0, 0.4, 0.6, 3.0])).tolist() == [-3, -3, 0, 0, 0, 1, 3]
    assert (converter.n_codes, converter.step) == (7, 1.0)


def test_a_sign_magnitude_code_reaches_as_far_as_the_farther_end() -> None:
    assert (adc(3, 0.0, 6.0).lowest, adc(3, -6.0, 1.0).highest) == (-6.0, 6.0)


def test_a_symmetric_uniform_code_has_no_zero() -> None:
    assert adc(2, -3.0, 3.0, code="uniform").convert(np.array([-0.1, 0.1])).tolist() == [-1, 1]


def test_rounding_down_takes_the_code_below_or_the_smaller_magnitude() -> None:
    sums = np.array([-1.7, -0.2, 0.2, 1.7])
    assert adc(3, -3.0, 4.0, code="uniform", rounding="down").convert(sums).tolist() == [-2, -1, 0, 1]
    assert adc(3, -3.0, 3.0, rounding="down").convert(sums).tolist() == [-1, 0, 0, 1]


def test_the_last_bit_of_a_sum_chooses_no_code() -> None:
    ties = np.array([0.5, 1.5, 2.5])
    for sums in (ties, np.nextafter(ties, 0), np.nextafter(ties, 9)):
        assert adc(3, -3.0, 3.0).convert(sums).tolist() == [1, 2, 3]
        assert adc(3, -3.0, 3.0).convert(-sums).tolist() == [-1, -2, -3]
    below = np.nextafter(np.array([1.0, 2.0]), 0)
    assert adc(3, 0.0, 7.0, code="uniform", rounding="down").convert(below).tolist() == [1, 2]


def test_sums_outside_of_the_range_are_counted_and_its_ends_are_not() -> None:
    converter = adc(3, -3.0, 3.0)
    assert converter.saturated(np.array([-3.1, -3.0, 0.0, 3.0, 3.0 + 1e-12, 3.2])) == 2
    assert converter.convert(np.array([-3.1, 3.2])).tolist() == [-3.0, 3.0]


@given(
    bits=st.integers(2, 8),
    lowest=st.floats(-50, 50),
    width=st.floats(0.1, 100),
    code=st.sampled_from(["uniform", "sign_magnitude"]),
    sums=st.lists(st.floats(-200, 200), min_size=1, max_size=30),
)
def test_every_sum_gets_the_nearest_value_of_the_table(
    bits: int, lowest: float, width: float, code: str, sums: list[float]
) -> None:
    converter = adc(bits, lowest, lowest + width, code=code)
    if code == "uniform":
        table = np.linspace(lowest, lowest + width, 2**bits)
    else:
        reach = max(abs(lowest), abs(lowest + width))
        table = np.linspace(-reach, reach, 2**bits - 1)
    values = converter.convert(np.array(sums))
    distance = np.abs(np.array(sums)[:, None] - table).min(axis=1)
    np.testing.assert_allclose(np.abs(values - sums), distance, atol=1e-6 * converter.step)
    np.testing.assert_allclose(
        np.abs(values[:, None] - table).min(axis=1), 0, atol=1e-9 * converter.step * 2**bits
    )


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=200), st.floats(1, 100))
def test_a_calibrated_range_holds_the_percentage_and_no_more_than_it_needs(
    sums: list[float], percent: float
) -> None:
    values = np.array(sums)
    needed = percent / 100 * len(sums)
    if np.sort(np.abs(values))[int(np.ceil(needed - 1e-9)) - 1] == 0:
        with pytest.raises(SpecError, match="calibrated range is zero"):
            range_of(values, percent, signed=True)
        return
    low, high = range_of(values, percent, signed=True)
    assert low == -high
    assert (np.abs(values) <= high).sum() >= needed - 1e-6
    assert (np.abs(values) < high).sum() <= needed + 1e-6


def test_an_unsigned_range_begins_at_zero() -> None:
    assert range_of(np.array([1.0, 2.0, 3.0, 4.0]), 50, signed=False) == (0.0, 2.0)


@pytest.mark.parametrize("sums", [np.zeros(5), np.array([]), np.array([1.0, np.nan])])
def test_a_range_of_zero_width_is_refused(sums: Floats) -> None:
    with pytest.raises(SpecError, match=r"readout\.range"):
        range_of(sums, 99.9, signed=True)
    with pytest.raises(SpecError, match="cannot resolve from 2 to 2"):
        adc(4, 2.0, 2.0)


def test_the_range_of_a_read_out_is_full_fixed_or_calibrated() -> None:
    def spec(range_: dict[str, Any], signed: str = "differential") -> ArraySpec:
        readout = {"kind": "adc", "resolution": "6 bit", "code": "uniform", "range": range_}
        return ArraySpec(rows=16, g_min="10 uS", g_max="50 uS", signed=signed, readout=readout)

    full = adc_for(spec({"kind": "full"}))
    assert (full.lowest, full.highest) == (-16, 16)
    raw = adc_for(spec({"kind": "full"}, "unsigned"))
    assert (raw.lowest, raw.highest) == (0, 16 * 50 / 40)  # cells at g_min conduct too
    assert adc_for(spec({"kind": "full"}), n_rows=4).highest == 4
    fixed = adc_for(spec({"kind": "fixed", "minimum": -1, "maximum": 5}))
    assert (fixed.lowest, fixed.highest) == (-1, 5)
    sums = np.array([-4.0, 1.0, 2.0])
    calibrated = adc_for(spec({"kind": "calibrated", "percentile": 100}), sums)
    assert (calibrated.lowest, calibrated.highest) == (-4, 4)
    assert adc_for(spec({"kind": "calibrated", "percentile": 100}, "unsigned"), np.abs(sums)).lowest == 0
    with pytest.raises(SpecError, match="calibrate with a batch"):
        adc_for(spec({"kind": "calibrated"}))
    with pytest.raises(SpecError, match="must be of kind adc"):
        adc_for(ArraySpec())


def test_a_sense_amplifier_gives_a_one_above_its_threshold_only() -> None:
    sums = np.array([0.9, 1.0, np.nextafter(1.0, 2), 1.1])
    assert SenseAmp(threshold=1.0).decide(sums).tolist() == [0, 0, 0, 1]


def fire(threshold: float, **keys: Any) -> IntegrateFireReadout:
    return IntegrateFireReadout(kind="integrate_fire", threshold=threshold, **keys)


@given(
    charges=st.lists(st.floats(-3, 3), min_size=1, max_size=30),
    reset=st.sampled_from(["zero", "subtract"]),
    leak=st.sampled_from([0.5, 0.9, 1.0]),
)
def test_membranes_follow_the_neuron_equation(charges: list[float], reset: str, leak: float) -> None:
    cell = IntegrateFire(fire(1.3, reset=reset, leak=leak), (1, 2))
    membrane = 0.0
    for charge in charges:
        spikes = cell.step(np.array([[charge, 0.0]]))
        membrane = leak * membrane + charge
        fired = membrane > 1.3 + 1e-9
        if fired:
            membrane = 0.0 if reset == "zero" else membrane - 1.3
        assert spikes.tolist() == [[fired, False]]
        assert cell.membrane[0] == pytest.approx([membrane, 0.0], abs=1e-12)


def test_subtracting_without_leak_keeps_all_charge() -> None:
    rng = np.random.default_rng(5)
    charges = rng.uniform(-0.5, 1.0, (50, 4, 7))
    cell = IntegrateFire(fire(1.0), (4, 7))
    n_spikes = sum(cell.step(charge).astype(float) for charge in charges)
    np.testing.assert_allclose(cell.membrane + n_spikes, charges.sum(axis=0), atol=1e-12)


def test_membranes_are_emptied_and_reshaped_between_batches() -> None:
    cell = IntegrateFire(fire(1.0), (2, 3))
    cell.step(np.full((2, 3), 0.7))
    with pytest.raises(SpecError, match="call reset with the new shape"):
        cell.step(np.ones((1, 3)))
    cell.reset((1, 3))
    assert not cell.step(np.full((1, 3), 0.7)).any()
