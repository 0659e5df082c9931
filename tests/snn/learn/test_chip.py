"""Products of a network on the arrays of a chip: equal to plain ones on ideal cells, in step, written in steps."""

import numpy as np
import pytest

import archsim
from archsim.crossbar.learned import ErrorModel, ErrorSamples
from archsim.errors import WorkloadError
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.sent import SentErrors
from archsim.snn.learn.writing import ThresholdWriting
from archsim.workload.network import Conv, Dense, Layer, Network, Neuron

CHIP = "tests/chips/wearable_rram.yaml"
STEP = 1 / 15  # of a weight in -1..1 on 2 cells of 4 levels
ERROR_STEP = 2**-7  # of an error of 8 bits, the sign included


def network_of(rng):
    """Two layers whose weights lie on the levels of the chip and fill its range."""
    weights = [np.round(rng.uniform(-1, 1, shape) / STEP) * STEP for shape in ((5, 4), (3, 5))]
    for weight in weights:
        weight.flat[0] = 1.0
    hidden = Layer("hidden", Dense(5), ("input",), (4,), (5,), Neuron("lif", decay=0.9), weights[0])
    out = Layer("out", Dense(3), ("hidden",), (5,), (3,), Neuron("li", decay=0.9), weights[1])
    return Network("two", (4,), (hidden, out))


def chip_products(root_dir, rng, *overrides, seed=0, **more):
    network = network_of(rng)
    x = rng.integers(0, 2, (6, 3, 4)).astype(float)
    sums = [] if any(one.startswith("adc.") for one in overrides) else ["ideal.converters=true"]
    chip = archsim.load_chip(root_dir / CHIP, [*sums, *overrides])
    tape = run_batch(network, x, PlainProducts.of(network))
    return network, ChipProducts(chip, network, tape, input_bits=8, seed=seed, **more)


FEEDBACK = {
    "copy": ["execution.feedback=copy"],
    "transposable": ["execution.feedback=transposable", "crossbar.transpose=shared"],
}


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
def test_a_learned_error_model_errs_what_learning_reads_in_both_directions(root_dir, tmp_path, feedback):
    rng = np.random.default_rng(0)
    ideal = np.linspace(-200.0, 200.0, 400)
    samples = ErrorSamples(("ideal",), ideal[:, None], -0.1 * ideal)
    ErrorModel.fit(samples, max_points=16, restarts=0).save(tmp_path / "less.json")
    learned = f"device.errors.learned={tmp_path}/less.json"
    _, exact = chip_products(root_dir, np.random.default_rng(0), *feedback)
    _, off = chip_products(root_dir, np.random.default_rng(0), *feedback, learned)
    spikes, errors = rng.integers(0, 2, (7, 5)).astype(float), rng.normal(size=(7, 3))
    np.testing.assert_allclose(off.forward("out", spikes), 0.9 * exact.forward("out", spikes), atol=0.1)
    wrong, right = off.backward("out", errors), exact.backward("out", errors)
    np.testing.assert_allclose(wrong, 0.9 * right, atol=0.1 * np.abs(right).max())


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
@pytest.mark.parametrize("path", ["forward", "backward", "feedback"])
def test_a_learned_error_model_errs_the_path_that_names_it_alone(root_dir, tmp_path, feedback, path):
    ideal = np.linspace(-200.0, 200.0, 400)
    samples = ErrorSamples(("ideal",), ideal[:, None], -0.1 * ideal)
    ErrorModel.fit(samples, max_points=16, restarts=0).save(tmp_path / "less.json")
    learned = f"device.errors.learned={{{path}: {tmp_path}/less.json}}"
    exact, off = (products_of_paths(root_dir, *feedback, *more) for more in ((), (learned,)))
    for name, right in exact.items():
        wanted = 0.9 * right if name == path else right
        np.testing.assert_allclose(off[name], wanted, atol=0.03 * np.abs(right).max() if name == path else 1e-12)


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
@pytest.mark.parametrize("path", ["forward", "backward", "feedback"])
def test_a_path_that_is_switched_off_reads_what_cells_hold_and_the_others_err_as_before(root_dir, feedback, path):
    noisy = (
        "device.errors={programming: {kind: constant, sigma: 0.02}, read_noise: {kind: constant, sigma: 0.05}}",
        "crossbar.wires={row: 20 ohm, column: 20 ohm}", "adc.conversion={subtract: analog}", "ideal.drivers=true",
    )  # fmt: skip
    off, exact = products_of_paths(root_dir, *feedback, *noisy, f"ideal.{path}=true", and_exact=True)
    for name, found in off.items():
        assert np.allclose(found, exact[name], atol=1e-12) == (name == path)


def products_of_paths(root_dir, *overrides, and_exact=False):
    """What is read on each path, and what the cells hold would give."""
    rng = np.random.default_rng(0)
    _, on_chip = chip_products(root_dir, rng, *overrides)
    on_chip.add_feedback({"hidden": np.round(rng.uniform(-1, 1, (5, 3)) / STEP) * STEP})
    spikes, errors = rng.integers(0, 2, (7, 5)).astype(float), rng.normal(size=(7, 3))
    found = {
        "forward": on_chip.forward("out", spikes),
        "backward": on_chip.backward("out", errors),
        "feedback": on_chip.project("hidden", errors),
    }
    if not and_exact:
        return found
    arrays = on_chip.arrays
    back = arrays["out.copy"].weights if "out.copy" in arrays else arrays["out"].weights.T
    holds = {"forward": arrays["out"].weights, "backward": back, "feedback": arrays["hidden.feedback"].weights}
    return found, {name: (spikes if name == "forward" else errors) @ holds[name] for name in found}


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
def test_products_of_ideal_cells_are_the_plain_ones_but_for_the_bits_of_errors(root_dir, feedback):
    rng = np.random.default_rng(0)
    network, on_chip = chip_products(root_dir, rng, *feedback)
    plain = PlainProducts.of(network)
    spikes, errors = rng.integers(0, 2, (7, 5)).astype(float), rng.normal(size=(7, 3))
    np.testing.assert_allclose(on_chip.forward("out", spikes), plain.forward("out", spikes), atol=1e-12)
    off = np.abs(on_chip.backward("out", errors) - plain.backward("out", errors))
    assert 0 < off.max() <= 3 * ERROR_STEP * np.abs(errors).max()  # three rows, half a step each, weights up to 1
    assert not on_chip.backward("out", np.zeros((2, 3))).any()


def test_a_copy_is_kept_in_step_and_has_errors_of_its_own(root_dir):
    rng = np.random.default_rng(1)
    spread = "device.errors.programming={kind: constant, sigma: 0.05}"
    _, on_chip = chip_products(root_dir, rng, spread)
    copy = on_chip.arrays["out.copy"]
    assert (on_chip.arrays["out"].weights != copy.weights.T).any()
    _, exact = chip_products(root_dir, np.random.default_rng(1))
    delta = np.zeros((3, 5))
    delta[1, 2] = -3 * STEP
    before = exact.read("out").copy()
    exact.update("out", delta)
    np.testing.assert_allclose(exact.read("out"), np.clip(before + delta, -1, 1), atol=1e-12)
    np.testing.assert_allclose(exact.arrays["out.copy"].weights, exact.read("out"), atol=1e-12)


def test_the_same_seed_programs_the_same_cells_and_another_does_not(root_dir):
    spread = "device.errors.programming={kind: constant, sigma: 0.05}"
    read = [chip_products(root_dir, np.random.default_rng(2), spread, seed=s)[1].read("out") for s in (3, 3, 4)]
    assert (read[0] == read[1]).all()
    assert (read[0] != read[2]).any()


def test_feedback_arrays_give_the_product_with_their_matrix(root_dir):
    rng = np.random.default_rng(3)
    _, on_chip = chip_products(root_dir, rng, backward=False)
    matrix, error = np.round(rng.uniform(-1, 1, (5, 3)) / STEP) * STEP, rng.normal(size=(4, 3))
    matrix[0, 0] = 1.0
    on_chip.add_feedback({"hidden": matrix})
    off = np.abs(on_chip.project("hidden", error) - error @ matrix.T)
    assert off.max() <= 3 * ERROR_STEP * np.abs(error).max()


@pytest.mark.parametrize("kind", ["fixed", "power_of_two", "vector_maximum"])
@pytest.mark.parametrize("feedback", [*FEEDBACK, "fixed"])
def test_no_quantiser_looks_at_what_comes_later_in_a_batch(root_dir, feedback, kind):
    """What was converted before another vector came stays, however large that is."""
    rng = np.random.default_rng(8)
    overrides = *FEEDBACK.get(feedback, []), f"execution.errors.kind={kind}"
    network, on_chip = chip_products(root_dir, rng, *overrides)
    matrix = rng.uniform(-1, 1, (5, 3))
    on_chip.add_feedback({"hidden": matrix})
    errors = rng.normal(size=(4, 3))
    on_chip.meet({"out": errors, "hidden.feedback": errors})

    def product(given):
        return on_chip.project("hidden", given) if feedback == "fixed" else on_chip.backward("out", given)

    on_chip.begin(1)
    alone = product(errors[:1])
    with_larger = product(np.concatenate([errors[:1], 1000 * errors[1:]]))
    np.testing.assert_allclose(with_larger[:1], alone, rtol=1e-12)
    exact = errors @ (matrix.T if feedback == "fixed" else network.layers[1].weight)
    assert np.abs(product(errors) - exact).max() < 0.3 * np.abs(exact).max()


def test_powers_of_two_follow_the_batches_before_and_never_the_one_under_way():
    scaler = SentErrors(chip_of("power_of_two"), seed=0).scaler("out")
    scaler.meet(np.array([[3.0, -1.0, 0.5]]))
    steps = []
    for size in (3.0, 30.0, 30.0, 30.0, 30.0, 1.0, 1.0):
        errors = size * np.ones((2, 3))
        steps.append(float(scaler.largest(errors / 2, 2)[0, 0]) * 2)  # of a mean over two samples
        scaler.end()
    assert steps == [4, 4, 8, 16, 32, 32, 16]
    scaler.largest(np.zeros((2, 3)), 2)
    scaler.end()  # nothing was sent, so nothing is known
    assert scaler.largest(np.ones((1, 3)), 1)[0, 0] == 8


def test_a_fixed_scale_is_that_of_the_training_windows_for_ever():
    scaler = SentErrors(chip_of("fixed, percentile: 75"), seed=0).scaler("out")
    scaler.meet(np.array([[0.0, 4.0], [-2.0, 1.0], [0.0, 3.0]]))
    assert scaler.largest(np.full((1, 2), 100.0), 4)[0, 0] == 3 / 4
    given = SentErrors(chip_of("fixed, maximum: 0.5"), seed=0)
    given.meet({"out": np.array([[4.0]])}, 1)
    found = given.of("out", np.array([[0.25, -2.0, 0.1]])).unit
    assert found.tolist() == [[0.5, -1.0, 0.2]]  # what is larger is cut


def test_over_a_sample_every_error_is_divided_by_the_largest_of_its_layer_and_sample():
    """Vectors come timestep by timestep, sample by sample, position by position: written out here."""
    n_times, n_samples, n_positions = 4, 3, 2
    sent = SentErrors(chip_of("vector_maximum, over: sample", bits=4), 0, {"out": n_positions})
    sent.begin(8)
    sent.n_together = n_samples  # a part of a batch
    errors = np.random.default_rng(0).normal(size=(n_times, n_samples, n_positions, 5))
    found = sent.codes("out", errors.reshape(-1, 5)).reshape(errors.shape)
    for sample in range(n_samples):
        own = errors[:, sample]
        assert (found[:, sample] == np.rint(7 * own / np.abs(own).max())).all()
    assert sent.scaler("out").n_seen == errors.size
    watched = sent.looked_at("out", 2 * errors.reshape(-1, 5))  # no error of its own
    assert (watched == found.reshape(-1, 5)).all()
    assert sent.scaler("out").n_seen == errors.size


def test_stochastic_rounding_has_the_right_mean_and_draws_once_for_what_is_sent_once():
    sent = SentErrors(chip_of("fixed, maximum: 1, rounding: stochastic", bits=3), seed=0)
    errors = np.full((40_000, 1), 0.4)  # 1.2 steps of 1/3
    found = sent.codes("out", errors)
    assert set(found.ravel()) == {1, 2}
    assert found.mean() == pytest.approx(1.2, abs=3 * 0.4 / 200 + 1 / 256)
    assert (sent.codes("out", errors) == found).all()
    assert (sent.codes("hidden", errors) != found).any()
    sent.begin(1)
    assert (sent.codes("out", errors) != found).any()
    again = SentErrors(chip_of("fixed, maximum: 1, rounding: stochastic", bits=3), seed=0)
    assert (again.codes("out", errors) == found).all()


def chip_of(kind, bits=8):
    said = [f"execution.errors={{kind: {kind}}}", f"execution.error_resolution={bits} bit"]
    return archsim.load_chip("arch_specs/wearable_rram.yaml", said)


@pytest.mark.parametrize("calibrated", [False, True])
@pytest.mark.parametrize("feedback", [*FEEDBACK, "fixed"])
def test_an_error_is_scaled_by_nothing_that_comes_later(root_dir, feedback, calibrated):
    """Vectors of a batch are timesteps and samples: what one gives does not depend on the others' size."""
    conversion = ["adc.conversion={range: {kind: calibrated, percentile: 100.0}}"] if calibrated else []
    rng = np.random.default_rng(6)
    _, on_chip = chip_products(root_dir, rng, *FEEDBACK.get(feedback, []), *conversion)
    on_chip.add_feedback({"hidden": rng.uniform(-1, 1, (5, 3))})
    errors = rng.normal(size=(4, 3))
    on_chip.meet({"out": errors, "hidden.feedback": errors})

    def product(given):
        return on_chip.project("hidden", given) if feedback == "fixed" else on_chip.backward("out", given)

    alone = product(errors[:1])
    with_larger = product(np.concatenate([errors[:1], 1000 * errors[1:]]))
    np.testing.assert_allclose(with_larger[:1], alone, rtol=1e-12)
    np.testing.assert_allclose(product(1e-6 * errors[:1]), 1e-6 * alone, rtol=1e-9)  # small ones keep their bits


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
@pytest.mark.parametrize("kind", ["calibrated", "tracked"])
def test_converters_have_their_ranges_from_a_batch_before_all_that_they_convert(root_dir, kind, feedback):
    conversion = f"adc.conversion={{range: {{kind: {kind}, percentile: 100.0}}}}"
    rng = np.random.default_rng(4)
    network, on_chip = chip_products(root_dir, rng, conversion, "adc.resolution=12 bit", *feedback)
    spikes, errors = rng.integers(0, 2, (9, 4)).astype(float), rng.normal(size=(9, 3))
    with pytest.raises(WorkloadError, match="out: what converts its errors has no range yet; call meet"):
        on_chip.backward("out", errors)
    on_chip.meet({"out": errors})
    plain = PlainProducts.of(network)
    np.testing.assert_allclose(on_chip.forward("hidden", spikes), plain.forward("hidden", spikes), atol=0.05)
    np.testing.assert_allclose(on_chip.backward("out", errors), plain.backward("out", errors), atol=0.1)


def test_convolutions_in_groups_are_refused_by_name(root_dir):
    op = Conv(2, (3,), (1,), (1,), (1,), groups=2)
    network = Network("g", (2, 4), (Layer("both", op, ("input",), (2, 4), (2, 4), weight=np.ones((2, 1, 3))),))
    tape = run_batch(network, np.ones((1, 1, 2, 4)), PlainProducts.of(network))
    with pytest.raises(WorkloadError, match="'both'"):
        ChipProducts(archsim.load_chip(root_dir / CHIP), network, tape, input_bits=8, seed=0)


def written(root_dir, changes, *, threshold, residual):
    """Weights of one synapse, in steps of a cell, after each of some changes."""
    _, on_chip = chip_products(root_dir, np.random.default_rng(5))
    writing = ThresholdWriting(on_chip, threshold=threshold, residual=residual)
    start, found = on_chip.read("out")[1, 2], []
    for change in changes:
        delta = np.zeros((3, 5))
        delta[1, 2] = change * STEP
        writing.update("out", delta)
        found.append(round((writing.read("out")[1, 2] - start) / STEP, 9))
    return found, writing


def test_a_change_below_half_a_step_is_lost_without_residual(root_dir):
    assert written(root_dir, [0.4, 0.4, 0.4], threshold=0.0, residual=False)[0] == [0, 0, 0]


def test_a_residual_waits_until_it_makes_a_step(root_dir):
    assert written(root_dir, [0.4, 0.4, 0.4], threshold=0.0, residual=True)[0] == [0, 1, 1]


def test_changes_below_the_threshold_are_not_written(root_dir):
    found, writing = written(root_dir, [1.2, -1.8, 2.0], threshold=2.0, residual=False)
    assert found == [0, 0, 2]
    assert writing.written_frac == pytest.approx(1 / 3)


def test_what_is_written_is_counted_from_the_cells_that_were_pulsed(root_dir):
    _, writing = written(root_dir, [0.0, 0.0], threshold=0.0, residual=False)
    assert writing.written_frac == 0  # nothing was asked for
    found, writing = written(root_dir, [10_000.0, 1.0, 1.0], threshold=0.0, residual=False)
    assert found[0] == found[1] == found[2] > 0  # at the end of its range
    assert writing.written_frac == pytest.approx(1 / 3)


def test_what_waits_counts_for_the_threshold(root_dir):
    assert written(root_dir, [1.2, 1.2, 0.0], threshold=2.0, residual=True)[0] == [0, 2, 2]


RANGES = {
    "calibrated": "adc.conversion={range: {kind: calibrated, percentile: 100.0}}",
    "tracked": "adc.conversion={range: {kind: tracked, percentile: 100.0, step: 0.1}}",
}


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
@pytest.mark.parametrize("kind", RANGES)
def test_a_tracked_range_follows_the_batches_before_and_a_calibrated_one_stays(root_dir, kind, feedback):
    """Sums of a tenth of what the range was made for: it shrinks by its step after each batch, not before."""
    rng = np.random.default_rng(7)
    _, on_chip = chip_products(root_dir, rng, RANGES[kind], "adc.resolution=6 bit", *feedback)
    errors = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    on_chip.meet({"out": errors})
    array, from_columns = on_chip._driven_by_errors("out")

    def highest():
        return (array._backward.adc if from_columns else array.converter).highest

    first = highest()
    reads = [(on_chip.backward("out", errors[1:]), highest()) for _ in range(3)]
    expected = [first / 1.1**k if kind == "tracked" else first for k in (1, 2, 3)]
    assert [high for _, high in reads] == pytest.approx(expected)
    assert (reads[0][0] == on_chip_read_at(root_dir, feedback, errors)).all()


def on_chip_read_at(root_dir, feedback, errors):
    """The same first product with a range that stays."""
    _, on_chip = chip_products(
        root_dir, np.random.default_rng(7), RANGES["calibrated"], "adc.resolution=6 bit", *feedback
    )
    on_chip.meet({"out": errors})
    return on_chip.backward("out", errors[1:])


@pytest.mark.parametrize("every", [1, 2])
def test_a_copy_of_signs_is_written_where_an_update_changed_one(root_dir, every):
    rng = np.random.default_rng(0)
    said = ["execution.feedback=copy", f"execution.copy_every={every}"]
    network, on_chip = chip_products(root_dir, rng, *said, backward=False)
    on_chip.add_copies(lambda _, weights: 0.5 * np.sign(weights))
    assert [key for key in on_chip.arrays if key.endswith(".copy")] == ["out.copy"]
    delta = np.zeros((3, 5))
    delta[1, 2], delta[2, 3] = -2 * network.layers[1].weight[1, 2], STEP  # one turns round, one does not
    before, programmed = on_chip.backward("out", np.eye(3)), on_chip.arrays["out.copy"].writes.copy()
    for n_batches in range(every):
        on_chip.begin(1)
        on_chip.update("out", delta if n_batches == 0 else np.zeros((3, 5)))
    after = on_chip.backward("out", np.eye(3))
    np.testing.assert_allclose(after, 0.5 * np.sign(on_chip.read("out")), atol=2 * ERROR_STEP)
    assert np.argwhere(np.abs(after - before) > ERROR_STEP).tolist() == [[1, 2]]
    written = (on_chip.arrays["out.copy"].writes != programmed).any(axis=(2, 3))
    assert np.argwhere(written).tolist() == [[1, 2]]
