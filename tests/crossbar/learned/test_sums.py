"""A learned error model chosen in a chip file: the sums of both directions of reading are off by what it says."""

import numpy as np
import pytest

from archsim.crossbar import CrossbarArray
from archsim.crossbar.learned import ErrorModel, ErrorSamples
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

SHAPE = {"rows": 8, "columns": 8}
WEIGHTS = np.random.default_rng(1).uniform(-1, 1, (12, 4))
SPIKES = np.random.default_rng(2).integers(0, 2, (6, 12)).astype(float)


def saved(path, law, names=("ideal",)):
    """A model of errors that are a plain function of the operating point, over all sums that come."""
    rng = np.random.default_rng(0)
    features = rng.uniform(-9, 9, (400, len(names)))
    model = ErrorModel.fit(ErrorSamples(names, features, law(features, rng)), max_points=16, restarts=0)
    model.save(path)
    return str(path)


@pytest.fixture(scope="module")
def tenth_less(tmp_path_factory):
    """Every sum is a tenth too small."""
    return saved(tmp_path_factory.mktemp("models") / "less.json", lambda x, _: -0.1 * x[:, 0])


@pytest.fixture(scope="module")
def scattered(tmp_path_factory):
    """Every sum is off by 0.5 full cells at random."""
    return saved(tmp_path_factory.mktemp("models") / "wide.json", lambda x, rng: rng.normal(0, 0.5, len(x)))


def arrays(file, **given):
    learned = CrossbarArray(ArraySpec(**SHAPE, **given, errors={"learned": file}), WEIGHTS, 3)
    return learned, CrossbarArray(ArraySpec(**SHAPE, **given), WEIGHTS, 3)


@pytest.mark.parametrize("signed", ["differential", "offset"])
def test_sums_of_both_directions_are_what_the_model_says(tenth_less, signed):
    learned, ideal = arrays(tenth_less, signed=signed)
    assert learned.adc_sums(SPIKES, 1)[0] == pytest.approx(0.9 * ideal.adc_sums(SPIKES, 1)[0], abs=0.02)
    if signed == "differential":
        assert learned.mvm(SPIKES) == pytest.approx(0.9 * ideal.mvm(SPIKES), abs=0.05)
        errors = np.random.default_rng(4).uniform(-1, 1, (3, 4))
        assert learned.mvm_transposed(errors) == pytest.approx(0.9 * ideal.mvm_transposed(errors), abs=0.05)


def test_codes_are_those_of_the_wrong_sums(tenth_less):
    readout = {"kind": "adc", "resolution": "8 bit"}
    learned, ideal = arrays(tenth_less, readout=readout)
    wrong = learned.adc_sums(SPIKES, 0)[0][0]
    assert learned.converter == ideal.converter
    step = ideal.converter.step
    first = np.zeros_like(SPIKES)
    first[:, :8] = SPIKES[:, :8]  # the second block is driven by nothing
    unit = np.abs(WEIGHTS).max()
    assert learned.mvm(first) / unit == pytest.approx(wrong, abs=1.1 * step)


def test_scatter_comes_from_the_seed(scattered):
    one, other = (arrays(scattered)[0] for _ in range(2))
    first = one.mvm(SPIKES)
    assert np.array_equal(first, other.mvm(SPIKES))
    assert not np.array_equal(first, one.mvm(SPIKES))
    exact = SPIKES @ WEIGHTS
    off = np.concatenate([one.mvm(SPIKES) - exact for _ in range(40)]) / np.abs(WEIGHTS).max()
    assert off.std() == pytest.approx(0.5 * 2**0.5, rel=0.1)  # two blocks of rows, each 0.5


def test_what_the_model_stands_for_is_refused_beside_it():
    curve, wires = {"v0": "0.3 V"}, {"row": "1 ohm", "column": "1 ohm"}
    errors = {"learned": "any.json", "read_noise": {"kind": "constant", "sigma": 0.1}}
    with pytest.raises(ValueError, match=r"read_noise: errors.learned stands for it"):
        ArraySpec(errors=errors)
    with pytest.raises(ValueError, match=r"(?s)wires: errors.learned stands for it.*curve"):
        ArraySpec(errors={"learned": "any.json"}, wires=wires, curve=curve)


def test_a_model_that_an_array_cannot_use_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"errors.learned: .*absent.json: cannot be read.*--fit"):
        arrays(str(tmp_path / "absent.json"))
    hot = saved(tmp_path / "hot.json", lambda x, _: 0.1 * x[:, 1], ("ideal", "temperature"))
    with pytest.raises(SpecError, match=r"needs temperature, which an array does not know"):
        arrays(hot)
