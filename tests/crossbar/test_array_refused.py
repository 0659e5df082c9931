"""Arguments of an array that make no sense: refused by name before any work, all at once."""

import math

import numpy as np
import pytest

from archsim.crossbar import CrossbarArray, effective_conductance
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

WEIGHTS = np.array([[1.0, -0.5], [0.25, 1.0]])


def array_of(**given):
    return CrossbarArray(ArraySpec(**given), WEIGHTS, seed=0)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True])
def test_a_seed_is_a_whole_number_so_that_it_can_be_named_again(seed):
    with pytest.raises(SpecError, match=r"seed: must be a whole number, 0 or more; got"):
        CrossbarArray(ArraySpec(), WEIGHTS, seed)


def test_a_seed_of_numpy_draws_the_same_as_that_of_python():
    spec = ArraySpec(errors={"device_spread": 0.1})
    conducts = [CrossbarArray(spec, WEIGHTS, seed).array_conductance(0, 0) for seed in (7, np.int64(7))]
    np.testing.assert_array_equal(*conducts)


def test_spec_and_seed_are_refused_together():
    with pytest.raises(SpecError) as caught:
        CrossbarArray({}, WEIGHTS, -1)
    assert all(said in str(caught.value) for said in ("spec: must be an ArraySpec or a Chip; got dict", "seed"))


@pytest.mark.parametrize("seconds", ["a", None, -1.0, math.nan, math.inf])
def test_time_is_a_finite_number_that_passes(seconds):
    with pytest.raises(SpecError, match="seconds"):
        array_of().age(seconds)


@pytest.mark.parametrize("maximum", ["a", 0, -1.0, math.nan, math.inf])
def test_the_maximum_of_a_backward_read_is_a_number_above_zero(maximum):
    with pytest.raises(SpecError, match="maximum: must be a number above zero"):
        array_of().mvm_transposed(WEIGHTS, maximum=maximum)


@pytest.mark.parametrize("bits", ["a", 1.5, -1, 17])
def test_the_resolution_of_a_backward_read_is_a_whole_number_of_bits(bits):
    with pytest.raises(SpecError, match="resolution_bits: must be a whole number"):
        array_of().mvm_transposed(WEIGHTS, resolution_bits=bits)


@pytest.mark.parametrize("place", [("a", 0), (0.5, 0), (0, None), (0, 1), (-1, 0)])
def test_an_array_that_is_not_on_the_grid_is_refused(place):
    with pytest.raises(SpecError, match="is not on the grid of 1 x 1 arrays"):
        array_of().array_conductance(*place)


def test_a_curve_whose_currents_leave_double_precision_is_refused():
    with pytest.raises(SpecError, match=r"curve.v0: read_voltage must be at most 100 times v0"):
        array_of(curve={"v0": "0.1 mV"}, read_voltage="0.5 V")
    bent = array_of(curve={"v0": "5 mV"}, read_voltage="0.5 V")
    np.testing.assert_allclose(bent.mvm(np.eye(2)), WEIGHTS, rtol=1e-12)


def test_what_open_loop_pulses_aimed_at_is_what_the_array_was_meant_to_hold():
    array = array_of(errors={"update": {"pulses": 64, "potentiation": 3.0, "depression": -3.0}})
    before = array.array_target(0, 0)
    array.update(np.full((2, 2), -0.25))
    window = array.spec.g_max_siemens - array.spec.g_min_siemens
    moved = (array.array_target(0, 0) - before)[:2, :4] / window
    # weights 1, -0.5; 0.25, 1 in columns plus, minus: a straight device would have gone down a quarter
    np.testing.assert_allclose(moved, [[-0.25, 0, 0, 0.25], [-0.25, 0, -0.25, 0]], atol=1e-12)
    assert np.abs(array.array_conductance(0, 0) - array.array_target(0, 0)).max() > 0.05 * window


def test_errors_of_backward_reads_name_their_argument():
    array = CrossbarArray(ArraySpec(rows=2, columns=4), np.ones((2, 2)), seed=0)
    with pytest.raises(SpecError, match=r"^e: must have 2 inputs"):
        array.mvm_transposed([[1.0, 1.0, 1.0]])
    with pytest.raises(SpecError, match=r"^e: must be real numbers of shape \(n, n_out\)"):
        array.mvm_transposed("no")


def test_a_calibration_without_a_batch_or_a_range_is_refused():
    readout = {"kind": "adc", "resolution": "4 bit"}
    array = CrossbarArray(ArraySpec(rows=2, columns=4, readout=readout), np.ones((2, 2)), seed=0)
    with pytest.raises(SpecError, match="got neither"):
        array.calibrate()
    array = CrossbarArray(ArraySpec(rows=2, columns=4), np.ones((2, 2)), seed=0)
    with pytest.raises(SpecError, match="must be of kind adc"):
        array.calibrate(e=[[1.0, 1.0]])


def test_a_batch_of_another_size_than_the_membranes_names_the_way_out():
    readout = {"kind": "integrate_fire", "threshold": 1.5}
    array = CrossbarArray(ArraySpec(rows=2, columns=4, readout=readout), np.ones((2, 2)), seed=0)
    array.mvm([[1, 1]])
    with pytest.raises(SpecError, match="call reset_membrane"):
        array.mvm([[1, 1], [1, 0]])
    array.reset_membrane()
    assert array.mvm([[1, 1], [1, 0]]).shape == (2, 2)


def test_cells_and_wires_beyond_double_precision_are_refused():
    with pytest.raises(SpecError, match="leave double precision"):
        effective_conductance([[1e300]], 1e300, 1.0)
