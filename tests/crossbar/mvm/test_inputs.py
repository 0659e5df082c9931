"""Inputs as voltages: codes, cycles, phases, clipping, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.crossbar.mvm import encode
from archsim.crossbar.mvm.inputs import digit_max_of, encode_checked, n_cycles_of
from archsim.errors import SpecError
from archsim.spec.values import InputRules


def rules(resolution: int, per_cycle: int = 1, maximum: float = 1.0, signed: str = "unsigned") -> InputRules:
    return InputRules(resolution=f"{resolution} bit", per_cycle=f"{per_cycle} bit", maximum=maximum, signed=signed)


def test_spikes_are_one_cycle_of_zeros_and_ones() -> None:
    spikes = np.array([[True, False, True]])
    drive = encode(spikes, rules(1))
    assert drive.digits.dtype == np.int8
    assert drive.digits.tolist() == [[[1, 0, 1]]]
    assert (drive.digit_max, drive.unit, drive.cycle_weight.tolist()) == (1, 1.0, [1.0])


def test_bit_serial_cycles_are_the_bits_of_a_byte_least_significant_first() -> None:
    x = np.arange(256)[None, :]
    drive = encode(x, rules(8, maximum=255.0))
    bits = np.unpackbits(x.astype(np.uint8), axis=0, bitorder="little")
    np.testing.assert_array_equal(drive.digits[:, 0, :], bits)
    assert drive.cycle_weight.tolist() == [1, 2, 4, 8, 16, 32, 64, 128]


def test_the_last_cycle_carries_the_bits_that_are_left() -> None:
    drive = encode([[255.0, 73.0]], rules(8, per_cycle=3, maximum=255.0))
    assert drive.digits[:, 0, :].tolist() == [[7, 1], [7, 1], [3, 1]]
    assert (drive.digit_max, drive.cycle_weight.tolist()) == (7, [1.0, 8.0, 64.0])


def test_two_phases_drive_positive_parts_first_and_subtract_negative_ones() -> None:
    drive = encode([[2.0, -3.0]], rules(2, maximum=3.0, signed="two_phase"))
    assert drive.digits[:, 0, :].tolist() == [[0, 0], [1, 0], [0, 1], [0, 1]]
    assert drive.cycle_weight.tolist() == [1.0, 2.0, -1.0, -2.0]


def test_bipolar_drive_takes_no_cycle_more() -> None:
    drive = encode([[2.0, -3.0]], rules(2, maximum=3.0, signed="bipolar"))
    assert drive.digits[:, 0, :].tolist() == [[0, -1], [1, -1]]
    assert drive.cycle_weight.tolist() == [1.0, 2.0]


def test_analogue_inputs_are_the_numbers_themselves_over_the_maximum() -> None:
    x = np.array([[0.3, -5.0, 1.25]])
    for signed, phases in (("two_phase", 2), ("bipolar", 1)):
        drive = encode(x, rules(0, maximum=2.5, signed=signed))
        assert drive.digits.shape == (phases, 1, 3)
        np.testing.assert_allclose(drive.numbers(), [[0.3, -2.5, 1.25]], rtol=1e-15)
        assert drive.n_clipped == 1


@given(
    resolution=st.integers(1, 16),
    per_cycle=st.integers(1, 16),
    maximum=st.floats(1e-3, 1e6),
    signed=st.sampled_from(["unsigned", "two_phase", "bipolar"]),
    parts=st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=20),
)
def test_every_input_is_met_to_half_a_code(
    resolution: int, per_cycle: int, maximum: float, signed: str, parts: list[float]
) -> None:
    x = np.array([parts]) * maximum
    if signed == "unsigned":
        x = np.abs(x)
    how = rules(resolution, per_cycle, maximum, signed)
    drive = encode(x, how)
    inside = np.clip(x, -maximum, maximum)
    assert (np.abs(drive.numbers() - inside) <= 0.5 * drive.unit * (1 + 1e-9)).all()
    assert drive.digits.shape[0] == n_cycles_of(how)
    assert drive.digit_max == digit_max_of(how)
    assert np.abs(drive.digits).max() <= drive.digit_max
    assert drive.n_clipped == sum(abs(part) > 1 + 1e-12 for part in (x / maximum).ravel())
    plain = encode_checked(x, how, compiled=False)
    assert np.array_equal(drive.codes, plain.codes)
    assert (drive.n_clipped, drive.codes.dtype) == (plain.n_clipped, plain.codes.dtype)


def test_bad_inputs_are_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(SpecError) as failed:
        encode([[0.0, np.nan], [-1.0, np.inf]], rules(4))
    assert "x: 2 of 4 (the first, at [0, 1]: nan) not finite" in str(failed.value)
    assert "x: 1 of 4 (the first, at [1, 0]: -1) negative" in str(failed.value)
    assert "two_phase or bipolar" in str(failed.value)


@pytest.mark.parametrize("x", [[1.0, 2.0], 3.0, [["a"]], [[1j]], [[1.0], [1.0, 2.0]], None])
def test_inputs_that_are_no_batch_of_numbers_are_refused(x: object) -> None:
    with pytest.raises(SpecError, match="x: must"):
        encode(x, rules(4))  # type: ignore[arg-type]


def test_an_empty_batch_is_legal() -> None:
    assert encode(np.zeros((0, 5)), rules(4)).digits.shape == (4, 0, 5)


def test_inputs_at_the_maximum_are_not_clipped_and_those_just_above_are() -> None:
    x = np.array([[2.5, np.nextafter(2.5, 3), 2.5001, -2.5, -2.5001]])
    assert encode(x, rules(4, maximum=2.5, signed="bipolar")).n_clipped == 2
