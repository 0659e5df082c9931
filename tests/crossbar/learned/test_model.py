"""A learned error model finds known laws, says when it is asked too much, and keeps its bits in a file."""

from __future__ import annotations

import json
import sys
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from archsim.crossbar import column_currents
from archsim.crossbar.learned.model import ErrorModel, OutOfRangeWarning
from archsim.crossbar.learned.posterior import Lookup, group
from archsim.crossbar.learned.samples import ErrorSamples, read_error_csv, samples_from_array
from archsim.errors import SpecError, WriteError


def law_mean(ideal, active):
    return -0.2 * ideal + 0.5 * np.sin(3 * ideal) * active / 64


def law_spread(ideal, active):
    return 0.05 + 0.1 * active / 64 + 0.05 * ideal**2


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.uniform(-1, 1, n), rng.integers(0, 65, n)])
    features[:4] = [[-1, 0], [-1, 64], [1, 0], [1, 64]]
    error = law_mean(*features.T) + law_spread(*features.T) * rng.standard_normal(n)
    return ErrorSamples(("ideal", "active_rows"), features, error, "a known law")


def inner_points():
    ideal, active = np.meshgrid(np.linspace(-0.9, 0.9, 19), np.linspace(4, 60, 15))
    return np.column_stack([ideal.ravel(), active.ravel()])


@pytest.fixture(scope="module")
def model():
    return ErrorModel.fit(drawn(60_000), max_points=128, restarts=0)


@pytest.fixture(scope="module")
def small():
    ideal = np.linspace(0, 1, 60)
    error = 0.3 * ideal + 0.05 * np.random.default_rng(3).standard_normal(60)
    return ErrorModel.fit(ErrorSamples(("ideal",), ideal[:, None], error, "60 points"), max_points=32, seed=7)


# --- known laws


def test_a_known_mean_and_a_known_spread_are_found_everywhere_inside_the_range(model):
    points = inner_points()
    mean, spread = model.predict(points)
    truth = law_spread(*points.T)
    # 60,000 samples know a local spread to about 1 %: 4 % is far from noise and below an error of 5 %
    assert np.abs(spread / truth - 1).max() < 0.04
    assert np.sqrt(np.mean((spread / truth - 1) ** 2)) < 0.02
    assert np.abs(mean - law_mean(*points.T)).max() < 0.1 * truth.mean()
    assert np.sqrt(np.mean((mean - law_mean(*points.T)) ** 2)) < 0.03 * truth.mean()


def test_drawn_errors_have_the_mean_and_the_spread_of_the_law(model):
    rng = np.random.default_rng(11)
    points = np.array([[-0.8, 8.0], [0.0, 32.0], [0.7, 60.0]])
    ideal = np.repeat(points[:, :1], 40_000, axis=1)
    error = model.apply(ideal, points[:, 1], rng) - ideal
    assert error.std(axis=1) == pytest.approx(law_spread(*points.T), rel=0.04)
    assert np.abs(error.mean(axis=1) - law_mean(*points.T)).max() < 0.05 * law_spread(*points.T).min()
    standard = (error - error.mean(axis=1, keepdims=True)) / error.std(axis=1, keepdims=True)
    assert np.mean(standard**4) == pytest.approx(3.0, rel=0.04)  # normal draws


@pytest.mark.parametrize("slope", [-0.3, 0.05])
def test_a_linear_error_without_noise_is_found_to_a_hundred_thousandth_of_its_range(slope):
    ideal = np.linspace(-2, 5, 200)[:, None]
    fitted = ErrorModel.fit(ErrorSamples(("ideal",), ideal, 0.1 + slope * ideal[:, 0]), max_points=64, restarts=0)
    between = np.linspace(-2, 5, 77)[:, None]
    mean, spread = fitted.predict(between)
    assert mean == pytest.approx(0.1 + slope * between[:, 0], abs=1e-5 * 7 * abs(slope))
    assert spread.max() < 1e-4 * abs(slope)


def test_a_spread_that_does_not_change_is_found_constant():
    rng = np.random.default_rng(5)
    ideal = rng.uniform(0, 1, (20_000, 1))
    fitted = ErrorModel.fit(ErrorSamples(("ideal",), ideal, 0.2 * rng.standard_normal(20_000)), max_points=48)
    assert fitted.predict(np.linspace(0.05, 0.95, 10)[:, None])[1] == pytest.approx(np.full(10, 0.2), rel=0.03)


def test_few_samples_do_not_make_the_spread_too_small():
    # a mean curve that follows its data eats degrees of freedom; the average over many small fits shows it
    spreads = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        ideal = np.linspace(0, 1, 60)[:, None]
        error = np.sin(4 * ideal[:, 0]) + 0.3 * rng.standard_normal(60)
        fitted = ErrorModel.fit(ErrorSamples(("ideal",), ideal, error), max_points=64, restarts=0)
        spreads.append(np.sqrt(np.mean(fitted.predict(ideal)[1] ** 2)))
    assert np.mean(spreads) == pytest.approx(0.3, rel=0.08)


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_an_error_that_never_changes_is_returned_without_spread(level):
    ideal = np.linspace(0, 1, 50)[:, None]
    fitted = ErrorModel.fit(ErrorSamples(("ideal",), ideal, np.full(50, level)), max_points=16, restarts=0)
    mean, spread = fitted.predict(ideal)
    assert mean == pytest.approx(np.full(50, level), abs=1e-15)
    assert spread.max() < 1e-15


def test_a_feature_that_never_changes_has_no_say():
    rng = np.random.default_rng(2)
    features = np.column_stack([np.linspace(0, 1, 400), np.full(400, 25.0)])
    samples = ErrorSamples(("ideal", "temperature"), features, 0.1 * rng.standard_normal(400))
    fitted = ErrorModel.fit(samples, max_points=16, restarts=0)
    real = fitted.apply(np.full((20_000, 1), 0.5), None, rng, further={"temperature": 25.0})
    assert real.std() == pytest.approx(0.1, rel=0.1)


def test_in_a_hole_between_the_samples_the_model_is_less_certain():
    ideal = np.concatenate([np.linspace(0, 0.3, 100), np.linspace(0.7, 1, 100)])[:, None]
    error = np.sin(9 * ideal[:, 0]) + 0.05 * np.random.default_rng(1).standard_normal(200)
    fitted = ErrorModel.fit(ErrorSamples(("ideal",), ideal, error), max_points=64, restarts=0)
    among, hole = fitted.uncertainty([[0.15], [0.5]])
    assert hole > 5 * among


def test_a_model_of_the_exact_core_with_wires_and_read_noise_fits_vectors_it_never_saw():
    rng = np.random.default_rng(8)
    conductance = rng.uniform(1e-6, 50e-6, (32, 8))

    def measure(spikes):
        current = column_currents(conductance, 0.2 * spikes, 2.0, 2.0)
        return current + 2e-7 * np.sqrt(spikes.sum(axis=1, keepdims=True)) * rng.standard_normal(current.shape)

    def ideal(spikes):
        return 0.2 * spikes @ conductance

    fitted = ErrorModel.fit(samples_from_array(measure, ideal, 32, 3000, seed=1), max_points=96, restarts=0)
    fresh = samples_from_array(measure, ideal, 32, 1000, seed=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRangeWarning)  # a fresh vector may be the extreme one
        mean, spread = fitted.predict(fresh.features)
    silent = fresh.features[:, 1] == 0  # no current, no noise
    assert spread[silent].max() < 0.05 * 2e-7
    standard = ((fresh.error - mean) / spread)[~silent]
    assert abs(standard.mean()) < 0.05
    assert standard.std() == pytest.approx(1.0, rel=0.04)
    busy = fresh.features[:, 1] > 16
    assert (mean[busy] < 0).all()  # resistive wires only take current away


# --- the same numbers as scikit-learn, as before saving, as from the grid


def test_prediction_equals_that_of_scikit_learn(model):
    z = np.random.default_rng(4).random((200, 2))
    for process in (model.mean_process, model.log_variance_process):
        kernel = ConstantKernel(process.constant) * RBF(process.lengths) + WhiteKernel(process.white)
        peer = GaussianProcessRegressor(kernel, alpha=process.noise, optimizer=None)
        total = peer.kernel(process.points) + np.diag(process.noise)
        peer.fit(process.points, total @ process.weights)  # the data that these weights belong to
        mean, std = peer.predict(z, return_std=True)  # its spread holds the white noise too
        assert process.mean(z) - process.offset == pytest.approx(mean, abs=1e-10)
        assert process.std(z) ** 2 == pytest.approx(std**2 - process.white, abs=1e-10)


def test_predict_is_the_two_processes_in_the_unit_of_the_error(model):
    points = inner_points()
    z = (points - model.low) / (model.high - model.low)
    mean, spread = model.predict(points)
    assert mean == pytest.approx(model.shift + model.scale * model.mean_process.mean(z), abs=1e-14)
    assert spread == pytest.approx(model.scale * np.exp(model.log_variance_process.mean(z) / 2), abs=1e-14)


def test_same_samples_and_seed_give_the_same_bits(small):
    samples = ErrorSamples(
        ("ideal",),
        small.low + np.linspace(0, 1, 60)[:, None],
        0.3 * np.linspace(0, 1, 60) + 0.05 * np.random.default_rng(3).standard_normal(60),
    )
    again = ErrorModel.fit(samples, max_points=32, seed=7)
    z = np.linspace(0, 1, 50)[:, None]
    assert all((a == b).all() for a, b in zip(small.predict(z), again.predict(z), strict=True))
    ideal = np.linspace(0, 1, 300).reshape(-1, 3)
    first = small.apply(ideal, None, np.random.default_rng(9))
    assert (first == again.apply(ideal, None, np.random.default_rng(9))).all()
    assert (first != again.apply(ideal, None, np.random.default_rng(10))).any()


def test_a_saved_model_predicts_bit_by_bit_the_same_without_scikit_learn(model, tmp_path, monkeypatch):
    file = tmp_path / "chip.json"
    model.save(file)
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    loaded = ErrorModel.load(file)
    points = inner_points()
    assert all((a == b).all() for a, b in zip(model.predict(points), loaded.predict(points), strict=True))
    assert (model.uncertainty(points) == loaded.uncertainty(points)).all()
    ideal, active = points[:, :1].repeat(4, axis=1), points[:, 1]
    real = [each.apply(ideal, active, np.random.default_rng(1)) for each in (model, loaded)]
    assert (real[0] == real[1]).all()
    for name in ("names", "n_samples", "seed", "source", "versions"):
        assert getattr(loaded, name) == getattr(model, name)
    assert loaded.source == "a known law"
    assert set(loaded.versions) == {"archsim", "scikit-learn"}
    assert [each.name for each in tmp_path.iterdir()] == ["chip.json"]  # nothing half-written left


def test_the_grid_stays_within_its_stated_error(model):
    rng = np.random.default_rng(6)
    ideal, active = rng.uniform(-1, 1, (500, 40)), rng.uniform(0, 64, 500)
    mean, spread = model.predict(np.column_stack([ideal.ravel(), np.repeat(active, 40)]))
    limit = np.maximum(0.01 * spread, 1e-4 * model.scale)
    none = model.apply(ideal, active, Still(0.0)).ravel() - ideal.ravel()
    one = model.apply(ideal, active, Still(1.0)).ravel() - ideal.ravel()
    assert model._lookup.good
    assert (np.abs(none - mean) < 1.5 * limit).all()  # the grid was accepted on other points
    assert (np.abs(one - none - spread) < 1.5 * limit).all()


class Still:
    """A generator whose every draw is the same."""

    def __init__(self, value):
        self.value = value

    def standard_normal(self, n):
        return np.full(n, self.value)


def test_a_curve_too_fine_for_a_grid_is_said_so():
    def fine(z):
        return np.sin(1e7 * z[:, 0]), np.ones(len(z))

    def flat(z):
        return 2 * z[:, 0] + z[:, 1], 1 - z[:, 0]

    def tolerance(a, b):
        return np.full(len(a), 1e-9), np.full(len(b), 1e-9)

    assert not Lookup(fine, np.array([True]), tolerance).good
    grid = Lookup(flat, np.array([True, True]), tolerance)
    assert grid.good
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.3, 0.9]])
    assert grid(corners)[0] == pytest.approx([0, 3, 1.5], abs=1e-14)


def test_where_the_grid_is_not_good_enough_the_curves_are_calculated(small, monkeypatch):
    ideal = np.linspace(0, 1, 30).reshape(10, 3)
    monkeypatch.setattr(small._lookup, "good", False)
    real = small.apply(ideal, None, Still(1.0))
    mean, spread = small.predict(ideal.reshape(-1, 1))
    assert real.ravel() == pytest.approx(ideal.ravel() + mean + spread, abs=1e-14)


def test_a_large_batch_needs_little_more_memory_than_its_result(small):
    ideal = np.full((10_000, 128), 0.5)
    small.apply(ideal[:1], None, np.random.default_rng(0))
    tracemalloc.start()
    small.apply(ideal, None, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.2 * ideal.nbytes


# --- leaving the range


def test_a_point_outside_is_answered_from_the_edge_and_said_once(small):
    before = small.outside_count
    message = r"ideal: 50 % of 4 outside the fitted range 0 to 1 \(asked: -1 to 3\)"
    with pytest.warns(OutOfRangeWarning, match=message) as said:
        mean, _ = small.predict([[-1.0], [0.0], [1.0], [3.0]])
    assert len(said) == 1
    assert said[0].filename == __file__  # the line that asked
    assert mean[0] == mean[1]
    assert mean[3] == mean[2]
    assert small.outside_count - before == 2


def test_apply_says_once_for_all_blocks_and_counts_outputs(model):
    before = model.outside_count
    ideal = np.zeros((4000, 64))
    ideal[:, 0] = 2.0
    with pytest.warns(OutOfRangeWarning) as said:
        real = model.apply(ideal, np.full(4000, 100.0), Still(0.0))
    assert len(said) == 1
    assert "active_rows: 100 % of" in str(said[0].message)
    assert said[0].filename == __file__
    assert model.outside_count - before == ideal.size
    assert real[0, 0] == pytest.approx(2.0 + law_mean(1.0, 64.0), abs=0.05)


def test_outside_raise_refuses_before_anything_is_drawn(small):
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    with pytest.raises(SpecError, match="ideal: 100 % of 1 outside"):
        small.apply([[1.5]], None, rng, outside="raise")
    assert rng.bit_generator.state == state
    with pytest.raises(SpecError, match="fit the error model on samples that reach this far"):
        small.predict([[1.5]], outside="raise")
    with pytest.raises(SpecError, match="'warn' or 'raise'"):
        small.predict([[0.5]], outside="never")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.predict([0.5, 0.1]), r"shape \(2,\), must be \(n, 2\)"),
        (lambda m: m.predict([[0.5, np.nan]]), "1 number.s. are not finite"),
        (lambda m: m.predict([["a", 1]]), "array of real numbers"),
        (lambda m: m.apply([0.5], [3], None), r"ideal has shape \(1,\)"),
        (lambda m: m.apply([[0.5]], [3, 4], None), r"active_rows has shape \(2,\), must be \(1,\)"),
        (lambda m: m.apply([[0.5]], None, None), "missing: active_rows"),
        (lambda m: m.apply([[0.5]], [3], None, further={"age": 1}), "unknown: age"),
    ],
)
def test_features_that_do_not_fit_are_refused(model, call, said):
    with pytest.raises(SpecError, match=said):
        call(model)


def test_a_model_without_active_rows_serves_any_input(small):
    assert small.apply([[0.5]], [3], Still(0.0)) == small.apply([[0.5]], None, Still(0.0))


# --- files and options


def test_fitting_without_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    with pytest.raises(SpecError, match=r'pip install "archsim\[learned\]"'):
        ErrorModel.fit(drawn(50))


def test_all_wrong_options_are_said_at_once():
    with pytest.raises(SpecError) as said:
        ErrorModel.fit(drawn(50), max_points=3, restarts=-1, seed=0.5)
    assert [line.split()[0] for line in str(said.value).splitlines()] == ["max_points", "restarts", "seed"]


def edited(text, **changes):
    return json.dumps(json.loads(text) | changes)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "not a whole JSON file"),
        (lambda text: text.replace('"seed": 7', '"seed": 8'), "damaged or edited"),
        (lambda text: edited(text, version=99), "format version 99, this archsim reads 1"),
        (lambda text: edited(text, format="else"), "is not an error model"),
        (lambda _: "[]", "is not an error model"),
        (lambda _: "\x00\xff", "not a whole JSON file"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused(small, tmp_path, damage, said):
    file = tmp_path / "m.json"
    small.save(file)
    file.write_text(damage(file.read_text()))
    with pytest.raises(SpecError, match=said) as error:
        ErrorModel.load(file)
    assert str(file) in str(error.value)


def test_files_that_cannot_be_read_or_written_are_said(small, tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        ErrorModel.load(tmp_path / "none.json")
    with pytest.raises(WriteError, match="cannot be written: No such file"):
        small.save(tmp_path / "no" / "folder.json")


def rows_of_csv(n=25):
    return [f"{i},{1.1 * i},{i % 8},{20 + i}" for i in range(n)]


def test_a_csv_of_measurements_becomes_samples(tmp_path):
    file = tmp_path / "chip.csv"
    backwards = [",".join(row.split(",")[::-1]) for row in rows_of_csv()]
    file.write_text("\ufeff" + "\n".join(["temperature,active_rows, measured ,ideal", *backwards]) + "\n\n")
    samples = read_error_csv(file)
    assert samples.names == ("ideal", "active_rows", "temperature")
    assert samples.features[9].tolist() == [9.0, 1.0, 29.0]
    assert samples.error == pytest.approx(0.1 * np.arange(25))
    assert samples.source == "chip.csv"


def test_every_error_of_a_csv_is_said_with_its_line(tmp_path):
    file = tmp_path / "bad.csv"
    rows = rows_of_csv()
    rows[0], rows[2], rows[5], rows[7], rows[8] = "x,1,1,1", "1,nan,1,1", "1,2", "1,1,-3,1", "1,1_0,1,"
    file.write_text("\n".join(["ideal,measured,active_rows,temperature", *rows]))
    with pytest.raises(SpecError) as said:
        read_error_csv(file)
    assert str(said.value).splitlines() == [
        f"{file}:2: ideal is 'x', must be a finite number",
        f"{file}:4: measured is 'nan', must be a finite number",
        f"{file}:7: has 2 value(s), the header names 4",
        f"{file}:9: active_rows is -3, must be 0 or more",
        f"{file}:10: measured is '1_0', must be a finite number",
        f"{file}:10: temperature is '', must be a finite number",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: is empty"),
        ("ideal,real\n1,2\n", ":1: column 'measured' is missing; there are ideal, real"),
        ("ideal,measured,measured\n", ":1: column 'measured' comes 2 times"),
        ("ideal,measured,\n", ":1: column 3 has no name"),
        ("ideal,measured\n1,2\n", "has 1 row.s. of numbers, a spread needs at least 20"),
        ("ideal,measured\n" + "x,1\n" * 30, "and 10 more"),
    ],
)
def test_a_csv_that_is_no_table_of_errors_is_refused(tmp_path, text, said):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(SpecError, match=said):
        read_error_csv(file)


def test_a_csv_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        read_error_csv(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"ideal,measured\n\xff\xfe\n")
    with pytest.raises(SpecError, match="UTF-8"):
        read_error_csv(tmp_path / "binary.csv")


# --- samples


def test_samples_from_an_array_pair_every_output_with_its_vector():
    weights = np.arange(1.0, 13.0).reshape(6, 2)
    seen = []

    def measure(spikes):
        seen.append(spikes)
        return spikes @ weights + spikes.sum(axis=1, keepdims=True)

    samples = samples_from_array(measure, lambda x: x @ weights, 6, 4000, densities=(0.25, 1.0), seed=3)
    (spikes,) = seen
    assert set(np.unique(spikes)) == {0.0, 1.0}
    assert samples.features[:, 1].reshape(-1, 2)[:, 0].tolist() == spikes.sum(axis=1).tolist()
    assert samples.error == pytest.approx(samples.features[:, 1])
    assert (spikes[1::2] == 1).all()
    assert spikes[::2].mean() == pytest.approx(0.25, rel=0.06)
    again = samples_from_array(measure, lambda x: x @ weights, 6, 4000, densities=(0.25, 1.0), seed=3)
    assert (again.features == samples.features).all()


def test_wrong_samples_are_refused():
    with pytest.raises(SpecError) as said:
        samples_from_array(np.sin, np.sin, 0, 1.5, densities=(2.0,))
    assert len(str(said.value).splitlines()) == 3
    with pytest.raises(SpecError, match=r"ideal gave shape \(30,\)"):
        samples_from_array(lambda x: x, lambda x: x.sum(axis=1), 4, 30)
    with pytest.raises(SpecError) as said:
        ErrorSamples(("real", "real"), np.zeros((4, 1)), np.full(3, np.nan))
    assert len(str(said.value).splitlines()) == 6
    with pytest.raises(SpecError, match="real numbers"):
        ErrorSamples(("ideal",), [["a"]], [1.0])


def test_cells_hold_enough_points_and_keep_equal_points_together():
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.normal(size=2000), rng.integers(0, 4, 2000)])
    points[:300] = points[0]
    cells = group(points, 40, least=8)
    counts = np.bincount(cells)
    assert len(counts) == 40
    assert counts.min() >= 8
    assert len(set(cells[:300])) == 1
    inside = sum(((points[cells == i] - points[cells == i].mean(axis=0)) ** 2).sum() for i in range(40))
    assert inside < 0.05 * ((points - points.mean(axis=0)) ** 2).sum()
    assert set(group(np.zeros((50, 1)), 10, least=1)) == {0}
