"""Direct feedback matrices that learn: what they get, where they end, and which tasks that takes."""

from __future__ import annotations

import numpy as np
import pytest
from causality_support import check_causality
from learn_support import batch_for
from lowering_support import counts
from rules.test_gradients import DEEP, LABELS, WIDTH, close, slope

from archsim.engine import run_tasks
from archsim.errors import MappingError
from archsim.names import FEEDBACK
from archsim.registry import RULES
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.losses import score
from archsim.snn.learn.optimizers import SGD, Adam
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe, train_step
from archsim.snn.learn.writing import ThresholdWriting
from archsim.spec import load_chip

RULE, RATE, SEED = "direct_kolen_pollack", 0.05, 3


def begun(work_of, optimizer, **said):
    """Weights, and a recipe with matrices that start at random."""
    items = ", ".join(f"{key}: {value}" for key, value in said.items())
    work, rule = work_of(DEEP, f"learning.rules={{{RULE}: {{{items}}}}}"), RULES[RULE]()
    recipe = Recipe(
        optimizer, RULE, rule.feedback(work, DEEP, SEED, None), "membrane_mse", Surrogate("triangle", WIDTH),
        settings=rule.settings(work), seed=SEED,
    )  # fmt: skip
    return PlainProducts.of(DEEP), recipe


def literally(tape, error, matrices):
    """Gradients of weights and matrices, timestep by timestep: the output's delta is what all are sent."""
    out, found = tape.numbers["2"], {}
    for b in range(error.shape[1]):
        later = 0.0
        for t in reversed(range(len(error))):
            later = error[t, b] + out.decay * later
            sent = out.gain * later
            for name in ("0", "1", "2"):
                delta = sent
                if name in matrices:
                    delta = (matrices[name] @ sent) * slope(tape, name, t, b) * tape.numbers[name].gain
                    met = np.outer(tape.outputs[name][t, b], sent)
                    found[name + FEEDBACK] = found.get(name + FEEDBACK, 0.0) + met
                found[name] = found.get(name, 0.0) + np.outer(delta, tape.rows[name][t, b, 0])
    return found


def test_two_steps_number_by_number(work_of):
    """Weights and matrices as they are now, then each one's own gradient and the decay of all."""
    products, recipe = begun(work_of, SGD(RATE), decay=0.1)
    held = {key: value.copy() for key, value in products.weights.items()}
    held |= {name + FEEDBACK: value.copy() for name, value in recipe.feedback.items()}
    for step in range(2):
        tape = run_batch(DEEP, batch_for(DEEP), PlainProducts({k: w for k, w in held.items() if k in "012"}))
        error = score("membrane_mse", tape.outputs["2"], LABELS).error
        expected = literally(tape, error, {name: held[name + FEEDBACK] for name in ("0", "1")})
        found = train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
        close(found.gradients.weights, expected)
        held = {key: held[key] - RATE * expected[key] - 0.1 * held[key] for key in held}
    close(products.weights | {name + FEEDBACK: b for name, b in recipe.feedback.items()}, held)


@pytest.mark.parametrize("optimizer", [SGD(RATE), Adam(0.01)])
def test_below_the_output_the_matrix_comes_to_be_the_outputs_weights(optimizer, work_of):
    """(1 - d)^n of the difference is left, Kolen and Pollack 1994; here with every second of nine updates."""
    products, recipe = begun(work_of, optimizer, decay=0.2, every=2)
    before = recipe.feedback["1"] - products.weights["2"].T
    for step in range(9):
        train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
    np.testing.assert_allclose(recipe.feedback["1"] - products.weights["2"].T, 0.8**4 * before, rtol=1e-9)


def test_matrices_come_to_stand_for_what_lies_between(work_of):
    """The error that they bring turns towards the one that BP brings, further down, too."""
    products, recipe = begun(work_of, SGD(0.2), decay=0.01)
    cosines = []
    for step in range(300):
        train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
        if step in (0, 299):
            between = products.weights["1"].T @ products.weights["2"].T
            b = recipe.feedback["0"]
            cosines.append(np.sum(between * b) / np.linalg.norm(between) / np.linalg.norm(b))
    assert cosines[1] > cosines[0] + 0.3


@pytest.fixture
def programmed(work_of, root_dir):
    """A network on a chip, and what it learns with there."""

    def made(*options, **said):
        chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", ["device.levels=16", *options])
        _, recipe = begun(work_of, SGD(said.pop("rate", RATE)), **said)
        tape = run_batch(DEEP, batch_for(DEEP), PlainProducts.of(DEEP))
        on_chip = ChipProducts(chip, DEEP, tape, input_bits=8, seed=0, backward=False)
        recipe = RULES[RULE]().on_arrays(on_chip, recipe)
        on_chip.meet(typical_errors(DEEP, batch_for(DEEP), LABELS, recipe), len(LABELS))
        return on_chip, recipe

    return made


@pytest.mark.parametrize("bits", [3, 8])
def test_on_a_chip_outputs_meet_the_error_as_its_bits_say(programmed, bits):
    on_chip, recipe = programmed(f"execution.error_resolution={bits} bit")
    tapes = []
    done = train_step(
        DEEP, batch_for(DEEP), LABELS, on_chip, recipe, observe=lambda tape, found: tapes.append((tape, found))
    )
    [(tape, found)] = tapes
    sent = found.fed_back
    n_codes = 2 ** (bits - 1) - 1
    largest = np.abs(sent).max(axis=2, keepdims=True)
    as_codes = np.rint(sent / largest * n_codes) / n_codes * largest
    for name in ("0", "1"):
        expected = np.einsum("tbn,tbc->nc", tape.outputs[name], as_codes)
        np.testing.assert_allclose(done.gradients.weights[name + FEEDBACK], expected, rtol=1e-9, atol=1e-15)


def test_matrices_stay_within_the_range_that_they_were_programmed_with(programmed):
    on_chip, recipe = programmed(rate=1e4, decay=0)
    before = {name: np.abs(b).max() for name, b in recipe.feedback.items()}
    train_step(DEEP, batch_for(DEEP), LABELS, on_chip, recipe)
    for name, largest in before.items():
        held = on_chip.asked(name + FEEDBACK)
        assert np.abs(held).max() == pytest.approx(largest)
        assert (np.isclose(np.abs(held), largest) | (held == recipe.feedback[name])).all()
        assert on_chip.counters()[name + FEEDBACK].pulses > 0


def test_a_seed_draws_the_start(work_of):
    rule = RULES[RULE]()
    work = work_of(DEEP, f"learning.rules={{{RULE}: {{feedback: {{kind: ternary}}}}}}")
    first, again, other = (rule.feedback(work, DEEP, seed, None) for seed in (1, 1, 2))
    assert set(np.unique(first["0"])) <= {-first["0"].max(), 0.0, first["0"].max()}
    assert np.array_equal(first["0"], again["0"])
    assert not np.array_equal(first["0"], other["0"])


# ---- tasks ---------------------------------------------------------------------------------------

HIDDEN, CLASSES, CELLS = {"a": 12, "b": 9}, 3, 4


def said(**settings: object) -> str:
    """What a workload says of the rule."""
    items = ", ".join(f"{key}: {value}" for key, value in settings.items())
    return f"{{rules: {{{RULE}: {{{items}}}}}}}"


def test_matrices_are_arrays_that_are_written_beside_the_weights(lowered):
    """Beside DFA's tasks the writes of as many cells as the matrices have; and what decays is read."""
    low = lowered("dense", RULE, learning=said(decay=0.1))
    dfa = lowered("dense", "dfa", learning="{rules: {dfa: {time_path: readout}}}")
    found, like = (counts(each, stage="update") for each in (low, dfa))
    n_values = CLASSES * sum(HIDDEN.values())
    n_weights = 5 * 12 + 12 * 9 + 9 * 3
    assert found["program"] - like["program"] == found["verify"] - like["verify"] == n_values * CELLS
    assert found["decay"] == n_weights + n_values
    assert found["inspect"] == found["program"]
    assert found["load_gradient"] > like["load_gradient"]
    without = counts(lowered("dense", RULE, learning=said(decay=0)), stage="update")
    assert without["decay"] == without["inspect"] == 0
    assert counts(low, stage="gradient") == counts(dfa, stage="gradient")


def test_outputs_meet_the_error_where_the_neurons_live(lowered):
    """A term for each spike and each number of the error, of which the activity says no more."""
    low = lowered("dense", RULE)
    for layer in HIDDEN:
        n_spikes = int(lowered.activity.spikes[layer].sum())
        found = counts(low, layer=layer, stage="feedback")
        assert found["outer"] == CLASSES * n_spikes > 0
        assert CLASSES * n_spikes >= found["accumulate"] > 0
    assert counts(low, layer="out", stage="feedback")["outer"] == 0


def test_gradients_and_states_of_matrices_have_room_at_the_homes(lowered):
    low = lowered("dense", RULE, learning=said(optimizer="{kind: adam, rate: 0.1}"))
    gradients = low.parts.chip.tile.gradients
    for layer, n in HIDDEN.items():
        words = sum(
            -(-b.n_columns * gradients.gradient_bits // gradients.width_bits) * b.n_rows
            for b in low.mapping.plans[layer].feedback
        )
        asked = [d for d in low.mapping.buffers.demands if (d.buffer, d.user) ==
                 ("gradient_buffer", f"feedback of {layer}")]  # fmt: skip
        # the gradient and two averages
        assert sum(d.least_bytes for d in asked) == 3 * words * gradients.width_bits // 8
        assert n * CLASSES * gradients.gradient_bits <= words * gradients.width_bits
    assert counts(low, stage="update")["optimize"] == 5 * 12 + 12 * 9 + 9 * 3 + CLASSES * sum(HIDDEN.values())


def test_a_memory_is_read_and_written_word_by_word_at_the_homes(lowered):
    low = lowered("dense", RULE, samples=4, batch=2, learning=said(place="{kind: sram, value: 6 bit}", decay=0.1))
    width, n_updates = low.parts.chip.tile.gradients.width_bits, 2
    bits = low.parts.chip.tile.gradients.gradient_bits
    for layer, n in HIDDEN.items():
        update, fed_back = (counts(low, layer=layer, stage=stage) for stage in ("update", "feedback"))
        assert update["optimize"] == n_updates * n * CLASSES
        assert update["accumulate"] == n_updates * CLASSES * -(-n * 6 // width)
        assert update["read_feedback"] == n_updates * CLASSES * -(-n * bits // width)
        assert fed_back["project"] == 4 * 6 * n * CLASSES
        assert fed_back["outer"] == CLASSES * int(lowered.activity.spikes[layer].sum())
        kept = sum(d.least_bytes for d in low.mapping.buffers.demands if d.user == f"feedback of {layer}"
                   and d.buffer == "gradient_buffer")  # fmt: skip
        assert kept == -(-(n * CLASSES * 6 + CLASSES * -(-n * bits // width) * width) // 8)
    assert not any(plan.feedback for plan in low.mapping.plans.values())
    graph, trace = low.graph, run_tasks(low.graph, engine="compiled")
    names = np.array([graph.action_names[k].split("@")[0] for k in graph.action])
    stages, layers = np.array(graph.stage_names)[graph.stage], np.array(graph.layer_names)[graph.layer]
    for layer in HIDDEN:
        written = (stages == "update") & (names == "accumulate") & (layers == layer) & (graph.sample == 1)
        read = (names == "project") & (layers == layer) & (graph.sample >= 2)
        assert trace.start_ps[read].min() >= trace.done_ps[written].max() > 0


@pytest.mark.parametrize("keeps_rest", [True, False])
def test_in_a_memory_matrices_change_by_whole_steps_within_their_range(programmed, keeps_rest):
    """Change by change as written down here; what is less than half a step waits, or is lost."""
    on_chip, recipe = programmed(place="{kind: sram, value: 4 bit}", decay=0, rate=0.02)
    writing = ThresholdWriting(on_chip, threshold=0.0, residual=keeps_rest)
    start = {name: b.copy() for name, b in recipe.feedback.items()}
    held, waiting = {name: b.copy() for name, b in start.items()}, dict.fromkeys(start, 0.0)
    for step in range(20):
        done = train_step(DEEP, batch_for(DEEP), LABELS, writing, recipe, step=step)
        for name in start:
            largest = np.abs(start[name]).max()
            wanted = done.updates[name + FEEDBACK] + waiting[name]
            whole = np.rint(wanted / (largest / 7)) * (largest / 7)
            waiting[name] = wanted - whole if keeps_rest else 0.0
            held[name] = np.clip(held[name] + whole, -largest, largest)
    close(dict(recipe.feedback), held)
    assert any((held[name] != start[name]).any() for name in start)
    errors = np.array([[1.0, -1.0, 0.0], [0.0, 0.5, 1.0]])
    on_chip.begin(2)
    for name, b in recipe.feedback.items():
        np.testing.assert_allclose(recipe.project(name, errors), errors @ b.T, atol=0.01 * np.abs(b).max())


@pytest.mark.parametrize(("network", "schedule"), [
    ("convolutional", "within_batch"), ("along_time", "three_level"), ("recurrent", "layer_parallel"),
])  # fmt: skip
@pytest.mark.parametrize("place", ["arrays", "sram"])
def test_nothing_happens_before_what_it_is_made_of(lowered, network, schedule, place):
    chip = ["tile.pes=1", "pe.crossbars=2"]
    learning = said(place=f"{{kind: {place}}}")
    low = lowered(network, RULE, chip, schedule=schedule, samples=2, batch=1, timesteps=4, learning=learning)
    assert counts(low, stage="feedback")["outer"] > 0
    assert check_causality(low, lowered.work, run_tasks(low.graph, engine="compiled")) > 0


@pytest.mark.parametrize(("settings", "error"), [
    ({"place": "{kind: generated}", "feedback": "{kind: uniform}"}, "drawn anew for each error cannot learn"),
    ({"rank": 2}, "an update of a matrix has no rank that stays; leave it out"),
    ({"shared": "true"}, "each neuron's outputs change its own values; leave it out"),
    ({"time_form": "traces"}, "outputs meet the error as it is sent, without traces; leave it out"),
    ({"feedback": "{kind: sdfa}"}, "one matrix for all layers; take another kind"),
])  # fmt: skip
def test_what_cannot_learn_is_refused_with_what_would_help(lowered, settings, error):
    with pytest.raises(MappingError, match=error):
        lowered("dense", RULE, learning=said(**settings))


def test_outputs_that_nobody_keeps_are_refused(lowered):
    network = """
  input: [5]
  layers:
    - {name: a, kind: dense, outputs: 12}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
"""
    with pytest.raises(
        MappingError, match="nobody keeps the outputs of a, which has no neurons; give it a neuron"
    ):
        lowered("dense", RULE, network_text=network)
