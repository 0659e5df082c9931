"""One training step as numbers and as tasks: both do the same reads, conversions, outer products and writes.

The arrays of the functional run count what they do; the tasks are lowered from the activity that it recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from causality_support import check_causality
from lowering_support import SMALL_CHIP, counts, n_tasks

from archsim.crossbar import Counters
from archsim.engine import run_tasks
from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.names import COPY, FEEDBACK
from archsim.registry import RULES
from archsim.snn import Activity, initialise
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.recording import Recorder
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Recipe, train_step
from archsim.snn.learn.writing import ThresholdWriting
from archsim.spec import load_chip
from archsim.workload import Workload

WITH_CONVERTERS = [
    *SMALL_CHIP,
    "adc.conversion={subtract: digital}",
    "execution.skip_idle_blocks=false",
    "device.levels=16",
]
TRANSPOSABLE = ["execution.feedback=transposable", "crossbar.transpose=shared"]
ONE_CYCLE = ["drivers.resolution=7 bit", "execution.error_resolution=7 bit"]
N_SAMPLES = 3
POOLED_BITS = 3  # an average of 2 x 2 spikes is 0 to 4
PER_TIMESTEP = "membrane_cross_entropy"  # a loss of its own at each timestep, and so an error


@dataclass(frozen=True)
class Step:
    """One training step on both sides."""

    low: Lowered
    counters: dict[str, Counters]
    outer: dict[str, int]
    activity: Activity
    work: Workload
    n_seen: dict[str, int]


@pytest.fixture
def trained(lowered, root_dir, tmp_path):
    def run(
        phase: str, *options: str, network: str = "dense", loss: str = PER_TIMESTEP, **changes: object
    ) -> Step:
        said = changes.pop("rules", None)
        if said:
            changes["learning"] = f"{{rules: {{{phase}: {said}}}}}"
        chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [*WITH_CONVERTERS, *options])
        work = lowered.workload(network, samples=N_SAMPLES, batch=N_SAMPLES, **changes)
        net = initialise(work.network, 0, 3.0, n_timesteps=6)
        rng = np.random.default_rng(1)
        x = (rng.random((6, N_SAMPLES, *net.input_shape)) < 0.6).astype(float)
        on_chip = ChipProducts(
            chip,
            net,
            run_batch(net, x, PlainProducts.of(net)),
            input_bits=POOLED_BITS,
            seed=0,
            backward=RULES[phase].reads_transposed,
        )
        rule = RULES[phase]()
        recipe = Recipe(
            SGD(0.5), rule=phase, feedback=rule.feedback(work, net, 0, None), loss=loss, error=work.error,
            settings=rule.settings(work),
        )  # fmt: skip
        recipe, labels = rule.on_arrays(on_chip, recipe), np.array([0, 1, 2])
        on_chip.meet(typical_errors(net, x, labels, recipe), N_SAMPLES)
        on_chip.reset_counters()
        recorder, outer = Recorder(net, on_chip, N_SAMPLES), {}

        def observe(tape, gradients):
            recorder.observe(tape, gradients)
            largest_code = 2 ** (chip.execution.error_resolution_bits - 1) - 1
            for name, delta in gradients.deltas.items():
                # (timesteps, samples, columns, positions); each vector of columns is scaled to its own largest
                size = np.abs(delta).reshape(*delta.shape[:2], net.layer(name).n_columns, -1)
                largest = np.maximum(size.max(axis=2, keepdims=True), np.finfo(float).tiny)
                by_position = np.rint(size / largest * largest_code) != 0
                if chip.execution.errors is not None:  # the same codes that drive the arrays
                    vectors = delta.reshape(*delta.shape[:2], net.layer(name).n_columns, -1).swapaxes(2, 3)
                    codes = on_chip.sent.looked_at(name, vectors.reshape(-1, vectors.shape[3]))
                    by_position = (codes.reshape(vectors.shape) != 0).swapaxes(2, 3)
                rows = (tape.rows[name] != 0).astype(int)
                if (kept := rule.traces(work, net.layer(name))) is not None:  # all rows have one, silent or not
                    rows, by_position = np.ones_like(rows), by_position | (kept.n_of_synapse > 0)
                outer[name] = int(np.einsum("tbpr,tbcp->", rows, by_position.astype(int)))
            for key in on_chip.learned:  # outputs meet the error as it is sent to all
                name, sent = key.removesuffix(FEEDBACK), gradients.fed_back
                codes = on_chip.sent.looked_at(FEEDBACK, sent.reshape(-1, sent.shape[2])).reshape(sent.shape)
                spikes = (tape.outputs[name].reshape(*tape.outputs[name].shape[:2], -1) != 0).astype(int)
                outer[key] = int(np.einsum("tbn,tbc->", spikes, (codes != 0).astype(int)))

        train_step(net, x, labels, on_chip, recipe, observe=observe)
        recorder.written()
        recorder.activity().save(tmp_path / "recorded.npz")
        activity = Activity.load(tmp_path / "recorded.npz", net)
        low = lower(chip, work, map_workload(chip, work, phase), activity)
        n_seen = {key: on_chip.sent.scaler(key).n_seen for key in (*LAYERS, FEEDBACK)}
        return Step(low, on_chip.counters(), outer, activity, work, n_seen)

    return run


TWO_PHASE = ("drivers.signed_input=two_phase",)
# a transposed read drives bit by bit in two phases; a bit that is zero drives nothing, though its task says so
FROM_COLUMNS = ("drivers.resolution=1 bit", *TRANSPOSABLE, *TWO_PHASE)
ONES = ("drivers.resolution=1 bit", "drivers.charged=ones", *TWO_PHASE)
ANALOG = ("adc.conversion={subtract: analog}",)
OF_ERRORS = ("adc.errors={resolution: 4 bit, conversion: {subtract: analog}}",)
OFFSET = ("crossbar.signed=offset",)
CASES = {
    "bp, copy": ("dense", "bp", ()),
    "bp, copy, pairs subtracted as currents": ("dense", "bp", ANALOG),
    "bp, copy, two phases": ("dense", "bp", TWO_PHASE),
    "bp, copy, offset": ("dense", "bp", OFFSET),
    "bp, copy, offset subtracted as currents": ("dense", "bp", (*OFFSET, *ANALOG)),
    "bp, copy, one cell a weight": ("dense", "bp", ("crossbar.cells_per_weight=1",)),
    "bp, transposable": ("dense", "bp", FROM_COLUMNS),
    "bp, transposable, pairs subtracted as currents": ("dense", "bp", (*FROM_COLUMNS, *ANALOG)),
    "bp, transposable, offset": ("dense", "bp", (*FROM_COLUMNS, *OFFSET)),
    "dfa": ("dense", "dfa", ()),
    "dfa, pairs subtracted as currents": ("dense", "dfa", ANALOG),
    "dfa, two phases": ("dense", "dfa", TWO_PHASE),
    "bp, copy, bit by bit, bits that are 1": ("dense", "bp", ONES),
    "bp, transposable, bits that are 1": ("dense", "bp", (*ONES, *TRANSPOSABLE)),
    "dfa, bit by bit, bits that are 1": ("dense", "dfa", ONES),
    "bp, copy, errors converted another way": ("dense", "bp", OF_ERRORS),
    "bp, transposable, errors converted another way": ("dense", "bp", (*FROM_COLUMNS, *OF_ERRORS)),
    "dfa, errors converted another way": ("dense", "dfa", OF_ERRORS),
    "dfa, no copy is kept": ("dense", "dfa", ("execution.feedback=copy",)),
} | {
    f"{network}, {rule}": (network, phase, options)
    for network in ("convolutional", "along_time")
    for rule, phase, options in (
        ("bp, copy", "bp", ()),
        ("bp, copy, two phases", "bp", TWO_PHASE),
        ("bp, transposable", "bp", FROM_COLUMNS),
        ("bp, copy, bit by bit, bits that are 1", "bp", ONES),
        ("bp, transposable, bits that are 1", "bp", (*ONES, *TRANSPOSABLE)),
        ("dfa", "dfa", ()),
        ("dfa, bit by bit, bits that are 1", "dfa", ONES),
    )
}
LAYERS = ("a", "b", "out")


def found_in(step: Step, key: str) -> dict[str, int]:
    """What the arrays of a key counted."""
    c = step.counters[key]
    return {"read": c.reads, "convert": c.conversions, "drive": c.active_rows, "program": c.pulses}


def told_by(step: Step, layer: str, stage: str) -> dict[str, int]:
    """What the tasks of a layer in a stage say."""
    found = counts(step.low, layer=layer, stage=stage)
    return {
        "read": n_tasks(step.low, "read", layer=layer, stage=stage),
        "convert": found["convert"], "drive": found["drive"],
    }  # fmt: skip


@pytest.mark.parametrize(("network", "phase", "options"), CASES.values(), ids=CASES)
def test_the_arrays_count_what_the_tasks_do(trained, network, phase, options):
    step = trained(phase, *ONE_CYCLE, *options, network=network)
    check_counts(step, options)
    from_columns = "execution.feedback=transposable" in options
    copies = {key for key in step.counters if key.endswith(COPY)}
    assert copies == ({"b" + COPY, "out" + COPY} if phase == "bp" and not from_columns else set())


RULES_SAID = {
    "bp, no path through time": ("bp", "{time_path: none}", ()),
    "bp, the output's path through time": ("bp", "{time_path: readout}", ()),
    "bp, pieces of four timesteps": ("bp", "{steps: 4}", ()),
    "bp, pieces, transposable": ("bp", "{steps: 2}", FROM_COLUMNS),
    "dfa, the output's path through time": ("dfa", "{time_path: readout}", ()),
    "dfa, every layer's path through time": ("dfa", "{time_path: full, feedback: {kind: sign_concordant}}", ()),
    "dfa, product": ("dfa", "{time_path: readout, feedback: {kind: product}}", ONES),
    "dfa, traces": ("dfa", "{time_path: readout, time_form: traces}", ()),
    "feedback alignment": ("feedback_alignment", "{}", ()),
    "feedback alignment, pieces, bit by bit": ("feedback_alignment", "{steps: 2}", ONES),
    "sign-symmetric": ("sign_symmetric", "{time_path: readout}", TRANSPOSABLE),
    "sign-symmetric, current": ("sign_symmetric", "{signs: current}", TRANSPOSABLE),
    "Kolen-Pollack": ("kolen_pollack", "{decay: 0.1}", TRANSPOSABLE),
    "direct Kolen-Pollack": ("direct_kolen_pollack", "{decay: 0.1}", ()),
    "direct Kolen-Pollack, bits that are 1": ("direct_kolen_pollack", "{time_path: none, decay: 0}", ONES),
    "weight mirror": ("weight_mirror", "{pairs: 3}", ()),
    "weight mirror, bit by bit": ("weight_mirror", "{pairs: 2, rate: 1}", ONES),
    "DRTP": ("drtp", "{}", ()),
    "DRTP, bit by bit": ("drtp", "{}", ONES),
    "DRTP, paths through time": ("drtp", "{time_path: full}", ()),
    "e-prop": ("eprop", "{feedback: {kind: ternary}}", ()),
    "e-prop, symmetric": ("eprop_symmetric", "{}", ()),
    "local losses": ("local_losses", "{}", ()),
    "local losses, paths through time": ("local_losses", "{time_path: full}", ()),
    "OTTT": ("ottt", "{}", ()),
    "OTTT, transposable": ("ottt", "{}", FROM_COLUMNS),
}


@pytest.mark.parametrize(("phase", "said", "options"), RULES_SAID.values(), ids=RULES_SAID)
def test_the_arrays_count_what_the_tasks_of_a_set_rule_do(trained, phase, said, options):
    step = trained(phase, *ONE_CYCLE, *options, rules=said)
    check_counts(step, options)
    assert check_causality(step.low, step.work, run_tasks(step.low.graph)) > 0


def check_counts(step: Step, options: tuple[str, ...]) -> None:
    """Action by action, layer by layer."""
    from_columns = FROM_COLUMNS[1] in options and RULES[step.low.mapping.phase].reads_transposed
    for layer in LAYERS:
        forward, backward, fed_back = (told_by(step, layer, name) for name in ("forward", "backward", "feedback"))
        arrays = found_in(step, layer)
        written = counts(step.low, layer=layer, stage="update")["program"]
        if from_columns:
            for what in ("read", "convert"):
                assert forward[what] + backward[what] == arrays[what] > 0, what
            told = forward["drive"] + backward["drive"]
            assert told == arrays["drive"] > 0 if ONES[1] in options else told >= arrays["drive"] > 0
        else:
            noise = told_by(step, layer, "update")  # of a mirror
            assert all(forward[what] + noise[what] == arrays[what] for what in forward)
        if layer + COPY in step.counters:
            copy = found_in(step, layer + COPY)
            assert backward == {what: copy[what] for what in backward}
            written -= copy["program"]
        elif layer + FEEDBACK in step.counters:
            matrix = found_in(step, layer + FEEDBACK)
            told = fed_back if fed_back["read"] else backward
            same = ("read", "convert", "drive") if ONES[1] in options or told is backward else ("read", "convert")
            assert [told[what] for what in same] == [matrix[what] for what in same]
            assert told["read"] > 0
            learns = layer + FEEDBACK in step.outer
            assert (matrix["program"] > 0) == learns
            written -= matrix["program"]
            if learns:
                assert counts(step.low, layer=layer, stage="feedback")["outer"] == step.outer[layer + FEEDBACK] > 0
        assert written == arrays["program"] > 0
        assert counts(step.low, layer=layer, stage="gradient")["outer"] == step.outer[layer] > 0


QUANTISERS = {
    "fixed": ("execution.errors={kind: fixed}", (0, 0), (1, 0)),
    "fixed, at random": ("execution.errors={kind: fixed, rounding: stochastic}", (2, 0), (1, 0)),
    "power of two": ("execution.errors={kind: power_of_two}", (1, 1), (0, 0)),
    "power of two, at random": ("execution.errors={kind: power_of_two, rounding: stochastic}", (3, 1), (0, 0)),
    "vector maximum, at random": ("execution.errors={kind: vector_maximum, rounding: stochastic}", (9, 1), (0, 1)),
}
"""Additions of scaling an error of 7 bits, comparisons; multiplications of 16 by 7 bit to scale, to rescale."""


OVER_SAMPLE = "execution.errors={kind: vector_maximum, over: sample}"
AFTER_THE_SAMPLE = {
    "bp": ("dense", "bp", "{}", ()),
    "bp, transposable": ("dense", "bp", "{time_path: readout}", FROM_COLUMNS),
    "bp, convolutional": ("convolutional", "bp", "{}", ()),
    "bp, along time": ("along_time", "bp", "{}", ()),
    "feedback alignment": ("dense", "feedback_alignment", "{}", ()),
    "dfa, the output's path": ("dense", "dfa", "{time_path: readout}", ()),
    "dfa, every layer's path": ("convolutional", "dfa", "{time_path: full}", ()),
    "dfa, low rank in a memory": ("dense", "dfa", "{time_path: readout, rank: 2, place: {kind: sram}}", ()),
    "direct Kolen-Pollack": ("dense", "direct_kolen_pollack", "{decay: 0.1}", ()),
    "DRTP, paths through time": ("dense", "drtp", "{time_path: full}", ()),
    "local losses, paths through time": ("dense", "local_losses", "{time_path: full}", ()),
}


@pytest.mark.parametrize(("network", "phase", "said", "options"), AFTER_THE_SAMPLE.values(), ids=AFTER_THE_SAMPLE)
def test_errors_that_wait_for_the_sample_count_alike_in_numbers_and_in_tasks(
    trained, network, phase, said, options
):
    """Each is compared and scaled once, whatever waits for it."""
    step = trained(phase, *ONE_CYCLE, *options, OVER_SAMPLE, network=network, rules=said)
    check_counts(step, options)
    assert check_causality(step.low, step.work, run_tasks(step.low.graph)) > 0
    errors = RULES[phase].error_stage
    for layer in LAYERS:
        sent_to_matrices = step.n_seen[FEEDBACK] if layer == LAYERS[-1] else 0
        told = counts(step.low, layer=layer, stage=errors)
        assert told["scan"] == told["scale"] == step.n_seen[layer] + sent_to_matrices > 0
    accesses = counts(step.low, stage=errors)
    assert accesses["keep"] > 0  # of 16-bit values, which the history buffer has words for


@pytest.mark.parametrize(("errors", "additions", "products"), QUANTISERS.values(), ids=QUANTISERS)
@pytest.mark.parametrize(("phase", "network"), [("bp", "dense"), ("dfa", "dense"), ("bp", "convolutional")])
def test_each_quantiser_does_the_same_as_numbers_and_as_tasks(
    trained, phase, network, errors, additions, products
):
    step = trained(phase, *ONE_CYCLE, errors, "adc.resolution=12 bit", network=network)
    seen = {layer: step.n_seen[layer] for layer in LAYERS}
    carried = "backward" if phase == "bp" else "feedback"
    for layer in LAYERS:
        assert counts(step.low, layer=layer, stage="gradient")["outer"] == step.outer[layer] > 0
        key = layer + (COPY if phase == "bp" else FEEDBACK)
        if key in step.counters:
            told, found = told_by(step, layer, carried), found_in(step, key)
            same = told if phase == "bp" else ("read", "convert")
            assert [told[what] for what in same] == [found[what] for what in same]
            assert told["read"] > 0
        told = counts(step.low, layer=layer, stage=carried)
        n_fed_back = step.n_seen[FEEDBACK] if layer == LAYERS[-1] else 0
        assert told.get("scan", 0) == additions[1] * (seen[layer] + n_fed_back)
        assert (told.get("scan", 0) > 0) == (additions[1] > 0)
    adder_pj = step.low.parts.chip.tile.learner.cost.energy_pj
    each = sum(step.low.parts.multiplier.charges(16 * 7 / 64).values())
    priced = {name.partition("@")[0]: action for name, action in step.low.actions.items() if "scale" in name}
    expected = additions[0] * adder_pj + products[0] * each
    assert priced["scale"].energy_pj == pytest.approx(expected)
    assert priced["rescale"].energy_pj == pytest.approx(products[1] * each)


N_UPDATES = 5


def test_a_copy_that_waits_is_written_with_every_third_update_in_numbers_and_as_tasks(lowered, root_dir, tmp_path):
    """Five updates of one sample each: the copy is written with the third, and stands still in between."""
    options = [*WITH_CONVERTERS, *ONE_CYCLE, "execution.copy_every=3", "adc.resolution=12 bit"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", options)
    work = lowered.workload("dense", samples=N_UPDATES, batch=1)
    net = initialise(work.network, 0, 3.0, n_timesteps=6)
    x = (np.random.default_rng(1).random((6, N_UPDATES, *net.input_shape)) < 0.6).astype(float)
    on_chip = ChipProducts(chip, net, run_batch(net, x, PlainProducts.of(net)), input_bits=1, seed=0)
    on_chip.reset_counters()
    recorder, copies = Recorder(net, on_chip, N_UPDATES), []
    recipe = Recipe(SGD(2.0), rule="bp", loss=PER_TIMESTEP)
    writing = ThresholdWriting(on_chip, threshold=0.0, residual=False)
    for k in range(N_UPDATES):
        train_step(net, x[:, [k]], np.array([k % 3]), writing, recipe, observe=recorder.observe)
        recorder.written()
        copies.append(on_chip.arrays["out" + COPY].weights)
        if k == 2:
            np.testing.assert_allclose(copies[2], on_chip.read("out"), atol=1e-12)
    assert (copies[0] == copies[1]).all()
    assert (copies[1] != copies[2]).any()
    assert (copies[2] == copies[3]).all()
    assert (copies[4] != on_chip.read("out")).any()
    recorder.activity().save(tmp_path / "recorded.npz")
    low = lower(chip, work, map_workload(chip, work, "bp"), Activity.load(tmp_path / "recorded.npz", net))
    counted = on_chip.counters()
    for layer in ("b", "out"):
        of_both = counted[layer].pulses + counted[layer + COPY].pulses
        assert counts(low, layer=layer, stage="update")["program"] == of_both
        assert counted[layer + COPY].pulses > 0
    every_time = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", options[:-2] + options[-1:])
    kept = {
        every: sum(n for (_, _, user), n in of.buffers.share_bytes.items() if user == "optimizer state of out")
        for every, of in ((3, low.mapping), (1, map_workload(every_time, work, "bp")))
    }
    assert kept[3] >= net.layer("out").weight.size * chip.tile.gradients.gradient_bits / 8 > kept[1] == 0


@pytest.mark.parametrize(("phase", "options"), [("bp", ()), ("bp", FROM_COLUMNS), ("dfa", ())])
def test_errors_are_converted_to_their_own_bits_in_numbers_and_in_prices(trained, phase, options):
    step = trained(phase, *ONE_CYCLE, *options, OF_ERRORS[0])
    carried = "backward" if phase == "bp" else "feedback"
    graph = step.low.graph
    bits = {"forward": set(), carried: set()}
    for task in range(graph.n_tasks):
        name = graph.action_names[graph.action[task]]
        if name.startswith("convert@") and (of := graph.stage_names[graph.stage[task]]) in bits:
            bits[of].add(name.partition("@")[2].partition("b")[0])
    assert bits == {"forward": {"5"}, carried: {"4"}}


def test_an_error_on_the_mean_rate_reads_the_feedback_once_for_each_sample(trained):
    step = trained("dfa", *ONE_CYCLE, loss="count_cross_entropy", learning="{error: mean_rate}")
    for layer in ("a", "b"):
        fed_back, matrix = told_by(step, layer, "feedback"), found_in(step, layer + FEEDBACK)
        assert (fed_back["read"], fed_back["convert"]) == (matrix["read"], matrix["convert"])
        assert fed_back["read"] == N_SAMPLES * len(step.low.mapping.plans[layer].feedback)


def test_the_sign_of_an_error_takes_a_cycle_of_the_tasks_and_none_of_the_arrays(trained):
    """The one known difference, with bits one by one and voltages of both signs: 8 bits are 8 cycles of two's
    complement in the tasks (as ISAAC counts them), and 7 cycles of magnitudes with a sign in the arrays.
    """
    step = trained("bp", "drivers.resolution=1 bit", "execution.error_resolution=8 bit")
    for layer in ("b", "out"):
        backward, copy = told_by(step, layer, "backward"), found_in(step, layer + COPY)
        assert backward["read"] * 7 == copy["read"] * 8 > 0
        assert backward["convert"] * 7 == copy["convert"] * 8


def test_small_errors_and_unchanged_cells_make_the_step_cheaper_than_a_dense_one(trained):
    step = trained("bp", *ONE_CYCLE)
    dense = Activity(step.activity.network, step.activity.spikes)
    full = lower(step.low.parts.chip, step.work, step.low.mapping, dense)
    for layer in LAYERS:
        assert 0 < step.activity.error_density(layer) < 1
        assert counts(step.low, layer=layer)["outer"] < counts(full, layer=layer)["outer"]
    assert counts(step.low)["program"] < counts(full)["program"]


RULES_OF_WRITES = {
    "a law": ("write.pulses_per_cell={kind: lognormal}",),
    "write and verify": (
        "device.errors={programming: {kind: constant, sigma: 0.05}, write_verify: {band: 0.04, max_pulses: 9}}",
    ),
    "update curves": ("device.errors={update: {pulses: 64, potentiation: 1.0, depression: -1.0}}",),
}


@pytest.mark.parametrize("options", RULES_OF_WRITES.values(), ids=RULES_OF_WRITES)
@pytest.mark.parametrize("phase", ["bp", "dfa", "direct_kolen_pollack"])
def test_the_pulses_that_arrays_took_are_those_that_are_priced(trained, phase, options):
    step = trained(phase, *ONE_CYCLE, *options)
    written = [key for key in step.counters if not key.endswith(FEEDBACK) or key in step.outer]
    assert step.low.written.pulses == sum(step.counters[key].pulses for key in written)
    assert step.low.written.pulses > step.low.written.cells > 0
    if "update" not in options[0]:  # open loop, nothing is verified
        verified = sum(step.counters[key].verify_reads for key in written)
        assert verified == step.low.written.pulses
    write, graph = step.low.parts.chip.write, step.low.graph
    spent = sum(
        int(graph.count[task]) * step.low.actions[graph.action_names[graph.action[task]]].energy_pj
        for task in range(graph.n_tasks)
        if graph.action_names[graph.action[task]].startswith("program@")
    )
    turns = sum(
        int(graph.occupancy_ps[task]) // write.pulse_ps
        for task in range(graph.n_tasks)
        if graph.action_names[graph.action[task]].startswith("program@")
    )
    cost = write.cost
    assert spent == pytest.approx(step.low.written.pulses * cost.energy_pj + turns * cost.row_energy_pj)
