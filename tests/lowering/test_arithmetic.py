"""What learning computes in digital logic is counted and priced, operation by operation, as a hand count says."""

from __future__ import annotations

import pytest
from causality_support import check_causality
from lowering_support import counts, n_tasks

from archsim.engine import run_tasks

ADD_PJ = 0.13966  # wearable_rram.yaml: one addition of 16 bit
MULTIPLY = (
    "tile.gradient_unit.multiply={model: cited, energy: 0.072 pJ, area: 110 um2, leakage: 0.01 uW, "
    "source: mean of Horowitz and Aladdin and CiMLoop and PUMA and NeuroSim}"
)
SAMPLES, TIMESTEPS = 2, 6


def energy_pj(low, action):
    """What all tasks of an action spend, by part."""
    graph, found = low.graph, {}
    for index, count in zip(graph.action.tolist(), graph.count.tolist(), strict=True):
        name = graph.action_names[index]
        if name.split("@")[0] == action:
            for charge in low.actions[name].charges:
                found[charge.component] = found.get(charge.component, 0.0) + count * charge.energy_pj
    return found


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_a_surrogate_is_a_multiplication_of_a_sum_by_a_slope(lowered, phase):
    """16 bit by 8 bit are two 8x8 multiplications, u - threshold and width - |x| two additions, for 24 neurons."""
    n_values = SAMPLES * TIMESTEPS * (12 + 9 + 3)
    low = lowered("dense", phase)
    assert counts(low)["surrogate"] == n_values
    # no price is given: four additions each (72 fJ by 18 fJ)
    assert energy_pj(low, "surrogate") == pytest.approx({"gradient_unit": n_values * (2 + 2 * 4) * ADD_PJ})
    priced = energy_pj(lowered("dense", phase, [MULTIPLY]), "surrogate")
    expected = {"gradient_unit": n_values * 2 * ADD_PJ, "multiplier": n_values * 2 * 0.072}
    assert priced == pytest.approx(expected)


@pytest.mark.parametrize(("kind", "additions", "products"), [
    ("triangle", 2, 2),
    ("fast_sigmoid", 2 + 8, 2 + 1 + 2),  # |x| / width, its square, 1 / that; then the sum by the slope
    ("arctan", 2 + 8, 2 + 1 + 2),
])  # fmt: skip
def test_a_slope_costs_what_its_formula_takes(lowered, kind, additions, products):
    low = lowered("dense", "dfa", learning=f"{{surrogate: {{kind: {kind}}}}}")
    n_values = SAMPLES * TIMESTEPS * 24
    assert energy_pj(low, "surrogate")["gradient_unit"] == pytest.approx(
        n_values * (additions + 4 * products) * ADD_PJ
    )


def test_a_neuron_that_does_not_spike_has_no_slope_to_multiply_by(lowered):
    low = lowered("convolutional", "dfa")  # its output is leaky and sends its potential
    assert low.actions["surrogate@none"].energy_pj == 0
    assert counts(low, layer="out")["surrogate"] == SAMPLES * TIMESTEPS * 3


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_inputs_that_are_no_spikes_are_multiplied_by_the_error(lowered, phase):
    low = lowered("dense", phase, [MULTIPLY], input_resolution="8 bit")
    active = sum(int(lowered.activity.active_rows("a", sample).sum()) for sample in range(SAMPLES))
    found = {name: low.actions[name] for name in low.actions if name.split("@")[0] == "outer"}
    assert set(found) == {"outer", "outer@8x8b"}
    by_part = {charge.component: charge.energy_pj for charge in found["outer@8x8b"].charges}
    assert (by_part["gradient_unit"], by_part["multiplier"]) == (ADD_PJ, 0.072)
    assert "multiplier" not in {charge.component for charge in found["outer"].charges}
    assert energy_pj(low, "outer")["multiplier"] == pytest.approx(active * 12 * 0.072)


def test_small_numbers_take_small_multipliers(lowered):
    """Four pooled spikes are a number of 3 bit: 3 x 8 of the 64 partial products of 8 x 8."""
    low = lowered("convolutional", "dfa", [MULTIPLY])
    by_part = {charge.component: charge.energy_pj for charge in low.actions["outer@3x8b"].charges}
    assert by_part["multiplier"] == pytest.approx(0.072 * 3 / 8)


def test_multipliers_take_area_and_leak_in_every_lane_where_the_chip_has_them(lowered):
    plain, priced = (lowered("dense", "inference", options).parts for options in ([], [MULTIPLY]))
    assert "multiplier" not in {item.component for item in plain.items()}
    (item,) = [item for item in priced.items() if item.component == "multiplier"]
    assert (item.n, item.area_um2, item.leakage_uw) == (32 * priced.n_tiles, 110.0, 0.01)


def state_pj(low, n_states):
    """Numbers of 16 bit, read and written in words of 256 bit."""
    price = low.parts.membrane_buffer.price
    return n_states * 16 / 256 * (price.read_energy_pj + price.write_energy_pj)


@pytest.mark.parametrize(("network", "layer", "additions", "products", "n_states"), [
    ("dense", "a", 1, 2, 1),  # leak 0.9: a factor of 8 bit for 16 bit, and an addition
    ("convolutional", "a", 1, 0, 1),  # an IF neuron adds the later error as it is
    ("convolutional", "out", 1, 2, 1),  # a leaky read-out too
    ("recurrent", "a", 2, 4, 2),  # CubaLIF: two leaks, two states
])  # fmt: skip
def test_the_error_of_the_later_timestep_is_multiplied_by_the_leak_and_added(
    lowered, network, layer, additions, products, n_states
):
    low = lowered(network, "bp")
    found = counts(low, layer=layer)["leak"]
    neurons = low.mapping.plans[layer].layer.n_neurons
    assert found == SAMPLES * (TIMESTEPS - 1) * neurons, "the last timestep has no later one"
    (name,) = {n for n in low.actions if n.startswith(f"leak@{additions}+{products:g}x,{n_states}states")}
    spent = {charge.component: charge.energy_pj for charge in low.actions[name].charges}
    expected = {"gradient_unit": (additions + 4 * products) * ADD_PJ, "membrane_buffer": state_pj(low, n_states)}
    assert spent == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reset", "additions", "products"), [("subtract", 1 + 1, 2 + 1 + 2), ("zero", 1 + 2, 2 + 4)]
)
def test_the_path_through_a_reset_multiplies_once_more(lowered, reset, additions, products):
    neuron = f"neuron: {{kind: lif, leak: 0.9, reset: {reset}}}"
    layers = f" {{input: [5], layers: [{{name: a, kind: dense, outputs: 4, {neuron}}}]}}\n"
    low = lowered("dense", "bp", network_text=layers, learning="{reset_path: true}")
    assert f"leak@{additions}+{products}x,1states" in low.actions


def test_dfa_goes_back_in_time_only_inside_neurons_and_only_as_sdfa(lowered):
    plain = lowered("dense", "dfa", learning="{error: mean_rate}")
    assert counts(plain)["leak"] == 0
    low = lowered("dense", "dfa", learning="{error: mean_rate, feedback: {kind: sdfa}}")
    assert counts(low)["leak"] == SAMPLES * (TIMESTEPS - 1) * 24
    assert check_causality(low, lowered.work, run_tasks(low.graph)) > 0
    for layer in ("a", "b", "out"):
        share = low.mapping.buffers.share_bytes["membrane_buffer", 0, f"error of {layer}"]
        assert share >= low.mapping.plans[layer].layer.n_neurons * 2


EXPONENTIAL = (6, 2 + 1 + 1)  # I-BERT: additions, and multiplications of 16 by 8 bit once and 8 by 8 bit twice
QUOTIENT = (8, 0)  # of 8 bit, bit by bit


def terms(*of_value):
    """Energy of additions and multiplications."""
    return sum(additions + 4 * products for additions, products in of_value) * ADD_PJ


@pytest.mark.parametrize("phase", ["bp", "dfa"])
@pytest.mark.parametrize(("loss", "of_output"), [
    ("membrane_mse", {"error": [(1, 0)]}),
    ("membrane_cross_entropy", {"largest": [(1, 0)], "exponential": [EXPONENTIAL], "error": [QUOTIENT, (1, 0)]}),
])  # fmt: skip
def test_the_error_of_each_timestep_costs_what_its_loss_takes(lowered, phase, loss, of_output):
    low = lowered("dense", phase, learning=f"{{loss: {loss}}}")
    n_values = SAMPLES * TIMESTEPS * 3
    for action in ("tally", "largest", "exponential", "error"):
        assert counts(low)[action] == (n_values if action in of_output else 0)
        expected = n_values * terms(*of_output.get(action, []))
        assert energy_pj(low, action).get("gradient_unit", 0.0) == pytest.approx(expected)


@pytest.mark.parametrize(("loss", "of_output"), [
    # (how often, what): outputs are added up first, but a membrane's softmax is one of each timestep
    ("count_mse", {"tally": (TIMESTEPS, [(1, 0)]), "error": (1, [(1, 0)])}),
    ("membrane_mse", {"tally": (TIMESTEPS, [(1, 0)]), "error": (1, [(1, 0)])}),
    ("count_cross_entropy", {
        "tally": (TIMESTEPS, [(1, 0)]), "largest": (1, [(1, 0)]), "exponential": (1, [EXPONENTIAL]),
        "error": (1, [QUOTIENT, (1, 0)]),
    }),
    ("membrane_cross_entropy", {
        "tally": (TIMESTEPS, [QUOTIENT, (1, 0), (1, 0)]), "largest": (TIMESTEPS, [(1, 0)]),
        "exponential": (TIMESTEPS, [EXPONENTIAL]), "error": (1, []),
    }),
])  # fmt: skip
def test_an_error_on_the_mean_rate_adds_up_what_its_loss_needs(lowered, loss, of_output):
    low = lowered("dense", "dfa", learning=f"{{loss: {loss}, error: mean_rate}}")
    for action in ("tally", "largest", "exponential", "error"):
        times, of_value = of_output.get(action, (0, []))
        assert counts(low)[action] == SAMPLES * times * 3
        expected = SAMPLES * times * 3 * terms(*of_value)
        assert energy_pj(low, action).get("gradient_unit", 0.0) == pytest.approx(expected)
    assert check_causality(low, lowered.work, run_tasks(low.graph)) > 0


@pytest.mark.parametrize(("phase", "pass_name"), [("bp", "backward"), ("dfa", "feedback")])
def test_the_label_of_each_sample_comes_from_the_global_buffer_to_the_output(lowered, phase, pass_name):
    one_tile = ["tile.pes=8", "pe.crossbars=8", "interconnect.frequency=1 GHz"]
    low = lowered("dense", phase, one_tile)
    assert counts(low, stage=pass_name)["load_global"] == n_tasks(low, "load_global", stage=pass_name) == SAMPLES
    assert counts(low, stage=pass_name)["hop"] == SAMPLES  # one flit each; nothing else leaves the tile
    room = low.mapping.buffers.share_bytes["global_buffer", -1, "input of a sample"]
    assert room >= 2 * (4 + 1)  # of two samples six timesteps of 5 bits, and a label of 2 bits


def test_homes_of_one_softmax_tell_each_other_the_largest_and_the_sum(lowered):
    """Three outputs on two tiles: each number of 16 bit goes to the first tile and back, a flit of 32 bit each."""
    layers = " {input: [5], layers: [{name: out, kind: dense, outputs: 5, neuron: {kind: li, leak: 0.9}}]}\n"
    apart = ["tile.pes=1", "pe.crossbars=1"]
    low = lowered("dense", "dfa", apart, network_text=layers, activity="{kind: random_input, rate: 1.0}")
    assert len(low.mapping.plans["out"].homes) == 2
    assert n_tasks(low, "add", stage="feedback") == (2 + 1) * SAMPLES * TIMESTEPS
    squares = lowered("dense", "dfa", apart, network_text=layers, learning="{loss: membrane_mse}")
    assert n_tasks(squares, "add", stage="feedback") == SAMPLES * TIMESTEPS  # of the scale of the error alone


@pytest.mark.parametrize(("phase", "pass_name"), [("bp", "backward"), ("dfa", "feedback")])
def test_errors_are_scaled_to_the_largest_of_their_step_and_back(lowered, phase, pass_name):
    low, n = lowered("dense", phase, ["tile.pes=8", "pe.crossbars=8"]), SAMPLES * TIMESTEPS
    deltas, below = 12 + 9 + 3, 12 + 9
    # every layer's on the way to its arrays and gradients; with DFA the error of the output to all layers besides
    sent = deltas + (3 if phase == "dfa" else 0)
    assert counts(low)["scan"] == counts(low)["scale"] == n * sent
    assert counts(low, stage="gradient")["rescale"] == n * deltas  # where they meet the inputs
    assert counts(low, stage=pass_name)["rescale"] == n * below  # of what the arrays made of them
    assert energy_pj(low, "scan") == pytest.approx({"gradient_unit": n * sent * ADD_PJ})
    assert energy_pj(low, "scale") == pytest.approx({"gradient_unit": n * sent * terms(QUOTIENT)})
    assert energy_pj(low, "rescale") == pytest.approx({"gradient_unit": n * (deltas + below) * terms((0, 2))})


def test_each_position_of_a_convolution_has_a_scale_of_its_own(lowered):
    """Layer b gives at each of its 4 positions 6 x 2 x 2 taps to the pool below, on whatever arrays."""
    low = lowered("convolutional", "bp", ["execution.skip_idle_blocks=false"])
    assert counts(low, layer="b", stage="backward")["rescale"] == SAMPLES * TIMESTEPS * 4 * (6 * 2 * 2)
    assert counts(low, layer="b", stage="backward")["scan"] == SAMPLES * TIMESTEPS * 4 * 9


def test_homes_of_a_layer_tell_each_other_the_largest_of_their_errors(lowered):
    layers = " {input: [5], layers: [{name: out, kind: dense, outputs: 5, neuron: {kind: li, leak: 0.9}}]}\n"
    apart = ["tile.pes=1", "pe.crossbars=1"]
    low = lowered("dense", "bp", apart, network_text=layers, learning="{loss: membrane_mse}")
    assert len(low.mapping.plans["out"].homes) == 2
    assert n_tasks(low, "add", stage="backward") == SAMPLES * TIMESTEPS
    one = lowered("dense", "bp", network_text=layers, learning="{loss: membrane_mse}")
    assert n_tasks(one, "add", stage="backward") == 0


def test_errors_travel_with_what_they_were_divided_by(lowered):
    """9 errors of 8 bit and a number of 16: 11 bytes in the buffers of the tile, of one step."""
    low = lowered("dense", "bp", ["tile.pes=8", "pe.crossbars=8"])
    (demand,) = [d for d in low.mapping.buffers.demands if (d.buffer, d.user) == ("output_buffer", "error of b")]
    assert demand.least_bytes == 9 + 2
