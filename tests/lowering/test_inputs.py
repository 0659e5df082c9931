"""Inputs of several bits by the bits that are 1: digits, pulses, and what is assumed of numbers nobody knows."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.components import ReadCycle
from archsim.lowering.inputs import driven

ALL_CODES = np.arange(1, 128, dtype=np.int32)[None]  # every magnitude of 7 bits but zero


def cycles(*bits: int) -> list[ReadCycle]:
    return [ReadCycle(n, 2**n - 1, 100 * (2**n - 1), 5) for n in bits]


def test_bit_by_bit_the_lines_of_all_cycles_are_the_bits_that_are_one():
    found = driven("levels", cycles(*[1] * 7), 1, 127, ALL_CODES, ones=True)
    assert sum(c.n_lines for c in found) == sum(c.n_units for c in found) == sum(map(int.bit_count, range(128)))
    assert [c.n_lines for c in found] == [64] * 7


def test_levels_conduct_by_the_square_of_their_voltage():
    codes = np.array([[0b11_01, 0b00_10]], dtype=np.int32)  # digits 1 and 2, then 3 and 0
    found = driven("levels", cycles(2, 2), 1, 2, codes, ones=True)
    assert [(c.n_lines, c.n_units) for c in found] == [(2, 1 + 4), (1, 9)]


def test_a_train_sends_as_many_pulses_as_its_number_says():
    codes = np.array([[0b110_01, 0b000_10]], dtype=np.int32)  # the high bits go first
    found = driven("pulse_train", cycles(3, 2), 1, 2, codes, ones=True)
    assert [(c.n_lines, c.n_units) for c in found] == [(6, 6), (3, 3)]


def test_each_number_drives_its_line_in_the_phase_of_its_sign():
    codes = np.array([[5, -2, 0, -7]], dtype=np.int32)
    found = driven("levels", cycles(1, 1, 1) * 2, 2, 3, codes, ones=True)
    assert [c.n_lines for c in found] == [1, 0, 1, 1, 2, 1]


@pytest.mark.parametrize("kind", ["levels", "pulse_train"])
@pytest.mark.parametrize("bits", [(1,) * 7, (3, 3, 1), (4, 3), (7,)])
def test_what_is_assumed_of_unknown_numbers_is_the_mean_over_all_codes(kind, bits):
    known = driven(kind, cycles(*bits), 1, 127, ALL_CODES, ones=True)
    assert driven(kind, cycles(*bits), 1, 127, None, ones=True) == known


def test_parts_of_a_line_are_made_up_in_later_cycles():
    found = driven("levels", cycles(*[1] * 8), 1, 1, None, ones=True)
    assert sum(c.n_lines for c in found) == 4
    assert {c.n_lines for c in found} == {0, 1}


@pytest.mark.parametrize("ones", [True, False])
def test_rows_at_zero_drive_nothing_and_a_spike_is_one_bit(ones):
    assert [c.n_units for c in driven("levels", cycles(1), 1, 0, None, ones=ones)] == [0]
    assert [c.n_units for c in driven("levels", cycles(1), 1, 9, None, ones=ones)] == [9]


def test_where_all_bits_are_charged_each_cycle_drives_every_line_that_is_not_zero():
    assert [c.n_lines for c in driven("levels", cycles(1, 1) * 2, 2, 5, None, ones=False)] == [3, 3, 2, 2]
