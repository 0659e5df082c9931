"""Where the fixed matrices are: what each place stores, reads, draws, and what errors become there."""

from __future__ import annotations

import numpy as np
import pytest
from learn_support import LI, LIF, NETWORKS, batch_for, chain, conv
from lowering_support import counts, n_tasks

from archsim.errors import DoesNotFitError, MappingError
from archsim.mapping import map_workload
from archsim.names import FEEDBACK
from archsim.registry import PLACES, RULES
from archsim.rules.dfa.matrices import factor_of, low_rank, stored
from archsim.rules.places.kinds.generated import PERIOD, shifted
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Recipe
from archsim.spec import load_chip
from archsim.workload.network import Dense

SAMPLES, TIMESTEPS, CLASSES = 2, 6, 3
HIDDEN = {"a": 12, "b": 9}
CONVOLUTIONS = chain(
    "convolutions", (2, 6), (conv(4, 3), (4, 4), LIF), (conv(5, 2), (5, 3), LIF), (Dense(3), (3,), LI)
)


def said(**rule: object) -> str:
    """What a workload says of DFA."""
    items = ", ".join(f"{key}: {value}" for key, value in rule.items())
    return f"{{rules: {{dfa: {{{items}}}}}}}"


def matrices(work_of, network, **rule):
    """The rule's matrices and settings, of a workload with a network."""
    items = ", ".join(f"{key}: {value}" for key, value in rule.items())
    work, dfa = work_of(network, f"learning.rules={{dfa: {{{items}}}}}"), RULES["dfa"]()
    return dfa.feedback(work, network, 1, None), dfa.settings(work)


def test_a_memory_reads_every_value_for_every_error_and_multiplies_it(lowered):
    low = lowered("dense", "dfa", learning=said(place="{kind: sram, value: 6 bit}"))
    width = low.parts.chip.tile.gradient_buffer.width_bits
    for layer, n in HIDDEN.items():
        found = counts(low, layer=layer, stage="feedback")
        assert found["project"] == SAMPLES * TIMESTEPS * n * CLASSES
        assert found["read_feedback"] == SAMPLES * TIMESTEPS * -(-n * CLASSES * 6 // width)
        assert found["read"] == found["convert"] == 0
    assert not any(plan.feedback for plan in low.mapping.plans.values())
    asked = {d.user: d.least_bytes for d in low.mapping.buffers.demands if d.user.startswith("feedback of")
             and d.buffer == "gradient_buffer"}  # fmt: skip
    assert asked == {f"feedback of {layer}": -(-n * CLASSES * 6 // 8) for layer, n in HIDDEN.items()}


def test_a_register_draws_every_value_for_every_error_and_stores_none(lowered):
    ternary = lowered("dense", "dfa", learning=said(place="{kind: generated}", feedback="{kind: ternary}"))
    uniform = lowered("dense", "dfa", learning=said(place="{kind: generated}", feedback="{kind: uniform}"))
    for low, bits, factors in ((ternary, 2, 0), (uniform, 4, 4 * 8 / 64)):
        n_values = SAMPLES * TIMESTEPS * CLASSES * sum(HIDDEN.values())
        found = counts(low, stage="feedback")
        assert found["draw"] == found["project"] == n_values
        assert found["read_feedback"] == 0
        unit = low.parts.chip.tile.gradient_unit.cost.energy_pj
        (draw,) = (a for name, a in low.actions.items() if name.startswith("draw@"))
        assert draw.energy_pj == pytest.approx(bits * unit), "a step of the register costs an addition"
        assert f"project@1+{factors:g}x" in low.actions
        kept = [d.user for d in low.mapping.buffers.demands if d.buffer == "gradient_buffer"]
        assert not any("feedback" in user for user in kept)


def test_a_matrix_of_low_rank_is_sent_fewer_numbers(lowered):
    whole, narrow = (lowered("dense", "dfa", learning=said(**rank)) for rank in ({}, {"rank": 2}))
    assert counts(narrow, stage="feedback")["compress"] == SAMPLES * TIMESTEPS * 2 * CLASSES
    assert {block.n_rows for plan in narrow.mapping.plans.values() for block in plan.feedback} == {2}
    assert {block.n_rows for plan in whole.mapping.plans.values() for block in plan.feedback} == {3}
    for layer in HIDDEN:
        assert n_tasks(narrow, "read", layer=layer, stage="feedback") == n_tasks(
            whole, "read", layer=layer, stage="feedback"
        )
        drives = [counts(low, layer=layer, stage="feedback")["drive"] for low in (whole, narrow)]
        assert drives[0] * 2 == drives[1] * 3 > 0


def test_one_value_for_all_positions_takes_as_many_arrays_as_there_are_channels(lowered):
    whole, shared = (lowered("convolutional", "dfa", learning=said(**more)) for more in ({}, {"shared": "true"}))
    columns = {
        name: [sum(b.n_columns for b in low.mapping.plans[name].feedback) for low in (whole, shared)]
        for name in ("a", "b")
    }
    assert columns == {"a": [6 * 36, 6], "b": [9 * 4, 9]}
    assert counts(shared, stage="feedback")["convert"] < counts(whole, stage="feedback")["convert"]
    memory = lowered("convolutional", "dfa", learning=said(shared="true", place="{kind: sram}"))
    assert counts(memory, layer="a", stage="feedback")["project"] == SAMPLES * TIMESTEPS * 6 * CLASSES


@pytest.mark.parametrize("kind", ["gaussian", "product", "sign_concordant"])
def test_shared_values_are_the_same_at_all_positions(work_of, kind):
    found, given = matrices(work_of, CONVOLUTIONS, shared="true", feedback=f"{{kind: {kind}}}")
    assert {name: b.shape for name, b in found.items()} == {"0": (16, 3), "1": (15, 3)}
    for name, b in found.items():
        by_channel = b.reshape(*CONVOLUTIONS.layer(name).out_shape, 3)
        assert np.array_equal(by_channel, np.broadcast_to(by_channel[:, :1], by_channel.shape))
        assert len(stored(given, CONVOLUTIONS, found)[name]) == by_channel.shape[0]
    if kind == "product":
        own = make_feedback(CONVOLUTIONS, "product", seed=0)["1"].reshape(5, 3, 3)
        np.testing.assert_allclose(found["1"].reshape(5, 3, 3)[:, 0], own.mean(axis=1))


def test_low_rank_is_the_nearest_for_all_layers_together():
    whole = make_feedback(NETWORKS["wide, sparse"], seed=0)
    near = low_rank(whole, 2)
    together, found = (np.concatenate(list(b.values())) for b in (whole, near))
    assert np.linalg.matrix_rank(found) == 2
    assert np.linalg.norm(together - found) == pytest.approx(np.linalg.svd(together)[1][2])  # Eckart, Young
    narrow = factor_of(near, 2)
    for b in near.values():
        np.testing.assert_allclose(b @ narrow.T @ narrow, b, atol=1e-12)


@pytest.mark.parametrize("rule", [
    {"place": "{kind: sram, value: 8 bit}"}, {"rank": 2}, {"rank": 2, "place": "{kind: sram, value: 12 bit}"},
    {"place": "{kind: generated}", "feedback": "{kind: uniform}"}, {"shared": "true"},
    {"shared": "true", "rank": 2, "place": "{kind: sram, value: 12 bit}"},
], ids=str)  # fmt: skip
def test_on_a_chip_errors_meet_the_same_matrix_but_for_bits(work_of, root_dir, rule):
    network = CONVOLUTIONS if "shared" in rule else NETWORKS["wide, sparse"]
    found, given = matrices(work_of, network, **rule)
    fine = ["device.levels=64", "adc.resolution=12 bit"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", fine)
    tape = run_batch(network, batch_for(network), PlainProducts.of(network))
    on_chip = ChipProducts(chip, network, tape, input_bits=8, seed=0, backward=False)
    recipe = RULES["dfa"]().on_arrays(on_chip, Recipe(None, "dfa", found, settings=given))
    error = np.random.default_rng(0).normal(size=(7, 3))
    on_chip.meet({name + FEEDBACK: recipe.compressed(error) for name in found})
    for name, b in found.items():
        expected = error @ b.T
        got = recipe.project(name, error)
        assert got.shape == expected.shape
        assert np.linalg.norm(got - expected) / np.linalg.norm(expected) < 0.03
    assert ({key for key in on_chip.arrays if key.endswith(FEEDBACK)} != set()) == given.place.has_arrays


@pytest.mark.parametrize("errors", ["{kind: power_of_two}", "{kind: vector_maximum}"])
@pytest.mark.parametrize("place", ["arrays", "sram"])
def test_a_label_is_sent_as_it_is_whatever_scales_errors(work_of, root_dir, errors, place):
    network, labels = NETWORKS["wide, sparse"], np.eye(3) / 7
    work = work_of(network, f"learning.rules={{drtp: {{place: {{kind: {place}}}}}}}")
    drtp = RULES["drtp"]()
    found = drtp.feedback(work, network, 1, None)
    fine = ["device.levels=64", "adc.resolution=12 bit", f"execution.errors={errors}"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", fine)
    tape = run_batch(network, batch_for(network), PlainProducts.of(network))
    on_chip = ChipProducts(chip, network, tape, input_bits=8, seed=0, backward=False)
    recipe = drtp.on_arrays(on_chip, Recipe(None, "drtp", found, settings=drtp.settings(work)))
    on_chip.meet({name + FEEDBACK: labels for name in found})
    for name, b in found.items():
        got = recipe.project(name, labels)
        assert np.linalg.norm(got - labels @ b.T) / np.linalg.norm(labels @ b.T) < 0.03


def test_a_register_goes_through_all_its_states():
    bits = shifted(PERIOD, 0)
    assert bits.sum() == 2**15, "a sequence of the longest period has one 1 more than zeros"
    windows = np.convolve(np.concatenate([bits, bits[:15]]), 1 << np.arange(16))[15 : 15 + PERIOD]
    assert len(set(windows.tolist())) == PERIOD
    assert np.array_equal(shifted(9, 5), shifted(9, 5))
    assert not np.array_equal(shifted(64, 5), shifted(64, 6))


@pytest.mark.parametrize("zeros", [0.0, 0.5])
def test_what_is_drawn_has_the_size_and_the_zeros_that_its_kind_has(work_of, zeros):
    found, _ = matrices(
        work_of, NETWORKS["wide, sparse"], place="{kind: generated}", feedback=f"{{kind: ternary, zeros: {zeros}}}"
    )
    for b in found.values():
        assert (b == 0).mean() == pytest.approx(zeros, abs=0.12)
        assert b.std() == pytest.approx(1 / np.sqrt(3), rel=0.1)
    assert not np.array_equal(found["0"][:41], found["1"])


def test_local_losses_read_spikes_out_and_errors_back(lowered):
    low = lowered("dense", "local_losses", learning="{rules: {local_losses: {place: {kind: sram, value: 4 bit}}}}")
    for layer, n in HIDDEN.items():
        found = counts(low, layer=layer, stage="feedback")
        spikes = int(lowered.activity.spikes[layer].sum())
        assert found["project"] == CLASSES * (spikes + SAMPLES * TIMESTEPS * n)
        assert found["largest"] == found["exponential"] == found["error"] == SAMPLES * TIMESTEPS * CLASSES
        assert found["read"] == 0
    assert not any(plan.feedback for plan in low.mapping.plans.values())
    assert counts(low, layer="out", stage="feedback")["error"] == SAMPLES * TIMESTEPS * CLASSES


@pytest.mark.parametrize(("rule", "error"), [
    ({"place": "{kind: generated}"}, "no shift register draws gaussian feedback; take kind uniform or ternary"),
    ({"place": "{kind: generated}", "feedback": "{kind: product}"}, "no shift register draws product feedback"),
    ({"rank": 3}, "3 is no less than the 3 outputs; leave it out"),
    ({"rank": 2, "place": "{kind: generated}", "feedback": "{kind: uniform}"}, "nothing is stored that it makes"),
    ({"time_form": "traces"}, "no path through time to keep traces of; say time_path: readout or full"),
    ({"time_path": "full", "feedback": "{kind: sdfa}"}, "a path of its own, inside each layer"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_what_would_help(lowered, rule, error):
    rate = "error: mean_rate, " if "sdfa" in str(rule) else ""
    with pytest.raises(MappingError, match=error):
        lowered("dense", "dfa", learning=f"{{{rate}{said(**rule)[1:]}")


def test_a_memory_without_room_for_the_matrices_is_refused_with_who_asks_for_it(lowered):
    small = ["tile.gradient_buffer.size=380 B"]
    with pytest.raises(DoesNotFitError, match=r"gradient_buffer .*feedback of a"):
        lowered("dense", "dfa", small, learning=said(place="{kind: sram, value: 16 bit}"))


@pytest.mark.parametrize("network", ["recurrent", "along_time"])
@pytest.mark.parametrize("place", PLACES)
def test_every_place_serves_every_network(lowered, network, place):
    low = lowered(network, "dfa", learning=said(place=f"{{kind: {place}}}", feedback="{kind: uniform}"))
    assert counts(low, stage="feedback")["project"] > 0 if not PLACES[place].has_arrays else True
    assert map_workload(low.parts.chip, lowered.work, "dfa").n_tiles > 0
