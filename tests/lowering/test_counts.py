"""The tasks do as many reads, conversions, outer products and writes as the algorithms say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lowering_support import ERROR_ROWS, NETWORKS, counts, n_tasks

ALL_BLOCKS = ["execution.skip_idle_blocks=false"]
PHASES = ("inference", "bp", "dfa")
ERROR_CYCLES = 8  # 8-bit errors through 1-bit drivers
# arrays have 8 rows and hold 4 weights of 4 columns (2 cells, 2 signs) side by side


def weighted(low):
    return [plan for plan in low.mapping.plans.values() if plan.forward]


def steps(low, name):
    return low.mapping.flow.n_steps(name)


def input_bits(lowerer, layer):
    """1 for spikes; average pooling of 2x2 spikes gives 0..4, three bits."""
    sources = [lowerer.work.network.layer(name) if name != "input" else None for name in layer.inputs]
    averaged = [s for s in sources if s is not None and not s.has_weights and s.op.kind == "average"]
    return 3 if averaged else 1


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", PHASES)
def test_every_block_is_read_once_for_each_step_and_input_bit(lowered, network, phase):
    low = lowered(network, phase, ALL_BLOCKS)
    for plan in weighted(low):
        expected = 2 * steps(low, plan.layer.name) * len(plan.forward) * input_bits(lowered, plan.layer)
        assert n_tasks(low, "read", stage="forward", layer=plan.layer.name) == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_every_column_of_every_block_is_converted_once_for_each_vector(lowered, network):
    low = lowered(network, "inference", ALL_BLOCKS)
    for plan in weighted(low):
        layer = plan.layer
        row_blocks = math.ceil(plan.n_rows / 8)
        vectors = 2 * low.mapping.flow.timesteps[layer.name] * layer.n_positions
        expected = vectors * row_blocks * layer.n_columns * 4 * input_bits(lowered, layer)
        assert counts(low, layer=layer.name)["convert"] == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_every_neuron_is_updated_once_in_each_timestep(lowered, network):
    low = lowered(network, "inference")
    for plan in low.mapping.plans.values():
        expected = 2 * low.mapping.flow.timesteps[plan.layer.name] * plan.layer.n_neurons
        updates = counts(low, layer=plan.layer.name)["update"]
        assert updates == (expected if plan.layer.neuron is not None else 0)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("feedback", ["copy", "transposable"])
def test_bp_reads_transposed_weights_once_for_each_step_above_the_first_layer(lowered, network, feedback):
    options = [f"execution.feedback={feedback}"]
    options += ["crossbar.transpose=duplicated"] if feedback == "transposable" else []
    low = lowered(network, "bp", options)
    for plan in weighted(low):
        outputs, inputs = plan.layer.n_columns, ERROR_ROWS[network][plan.layer.name]
        reads = n_tasks(low, "read", stage="backward", layer=plan.layer.name)
        converted = counts(low, stage="backward", layer=plan.layer.name)["convert"]
        # what a recurrent layer reads of itself comes from the timestep before: the first one has none
        past = 1 if plan.layer.recurrent else 0
        errors = 2 * (steps(low, plan.layer.name) - past) * ERROR_CYCLES
        if feedback == "copy":
            assert reads == errors * math.ceil(outputs / 8) * math.ceil(inputs / 4)
            assert converted == errors * math.ceil(outputs / 8) * inputs * 4
        else:  # from the columns: 4 weights drive an array of 8 rows, one cell of each after the other
            all_rows, first = plan.n_rows, plan.n_rows - inputs  # inputs without error come first
            arrays = math.ceil(outputs / 4) * (math.ceil(all_rows / 8) - first // 8 if inputs else 0)
            assert reads == errors * arrays * 2
            rows = all_rows - first // 8 * 8 if inputs else 0
            assert converted == errors * math.ceil(outputs / 4) * rows * 2


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_outer_products_are_gated_by_the_active_inputs(lowered, network, phase):
    """MACs = sum over samples, timesteps, positions of (active inputs) x (outputs): SATA's weight-update count."""
    low = lowered(network, phase)
    for plan in weighted(low):
        layer = plan.layer
        active = sum(int(lowered.activity.active_rows(layer.name, sample).sum()) for sample in range(2))
        assert active > 0
        assert counts(low, layer=layer.name)["outer"] == active * layer.n_columns


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("error", ["per_timestep", "mean_rate"])
def test_dfa_reads_each_feedback_array_once_for_each_error(lowered, network, error):
    low = lowered(network, "dfa", learning=f"{{error: {error}}}")
    last = lowered.work.network.layers[-1].name
    errors = 2 * (low.mapping.flow.timesteps[last] if error == "per_timestep" else 1)
    hidden = [plan for plan in weighted(low) if plan.layer.name != last]
    assert counts(low, layer=last)["error"] == errors * 3
    for plan in hidden:
        neurons = plan.layer.n_neurons
        reads = n_tasks(low, "read", stage="feedback", layer=plan.layer.name)
        assert reads == errors * len(plan.feedback) * ERROR_CYCLES
        converted = counts(low, stage="feedback", layer=plan.layer.name)["convert"]
        assert converted == errors * neurons * 4 * ERROR_CYCLES  # 3 outputs: one row block


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_the_surrogate_is_taken_once_for_each_neuron_and_timestep(lowered, network, phase):
    low = lowered(network, phase)
    for plan in low.mapping.plans.values():
        learns = plan.layer.neuron is not None and (bool(plan.forward) or phase == "bp")
        expected = 2 * low.mapping.flow.timesteps[plan.layer.name] * plan.layer.n_neurons
        assert counts(low, layer=plan.layer.name)["surrogate"] == (expected if learns else 0)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
@pytest.mark.parametrize("batch", [1, 2])
def test_each_batch_writes_every_cell_once_and_those_of_a_second_copy_too(lowered, network, phase, batch):
    low = lowered(network, phase, batch=batch)
    for plan in weighted(low):
        cells = plan.n_rows * plan.layer.n_columns * 4
        copied = ERROR_ROWS[network][plan.layer.name] * plan.layer.n_columns * 4 if phase == "bp" else 0
        found = counts(low, layer=plan.layer.name)
        assert found["program"] == found["verify"] == (2 // batch) * (cells + copied)


def test_nothing_is_written_in_inference(lowered):
    assert counts(lowered("dense", "inference"))["program"] == 0


def test_a_transposable_array_is_written_once(lowered):
    options = ["execution.feedback=transposable", "crossbar.transpose=shared"]
    low = lowered("dense", "bp", options)
    assert counts(low)["program"] == sum(p.n_rows * p.layer.n_columns * 4 for p in weighted(low))


def test_without_verify_nothing_is_read_back(lowered):
    low = lowered("dense", "bp", ["write.verify=false"])
    assert counts(low)["verify"] == 0
    assert counts(low)["program"] > 0


def test_arrays_without_active_inputs_are_skipped_only_if_the_chip_says_so(lowered):
    quiet = {"activity": "{kind: rates, input: 0, default: 0}"}
    skipping = lowered("dense", "inference", **quiet)
    reading = lowered("dense", "inference", ALL_BLOCKS, **quiet)
    assert counts(skipping)["read"] == counts(skipping)["convert"] == 0
    assert counts(reading)["convert"] > 0
    assert counts(skipping)["update"] == counts(reading)["update"]  # neurons leak all the same


def test_driven_word_lines_are_the_measured_active_rows(lowered):
    low = lowered("recurrent", "inference")
    for plan in weighted(low):
        active = sum(lowered.activity.active_rows(plan.layer.name, s).sum(dtype=np.int64) for s in range(2))
        column_blocks = len({block.columns for block in plan.forward})
        assert counts(low, layer=plan.layer.name)["drive"] == active * column_blocks


@pytest.mark.parametrize(("network", "window"), [("convolutional", 4), ("along_time", 2)])
@pytest.mark.parametrize("phase", ["inference", "bp"])
def test_pooling_adds_up_every_value_of_its_windows(lowered, network, window, phase):
    low = lowered(network, phase)
    pool = low.mapping.plans["pool"].layer
    outputs = 2 * low.mapping.flow.timesteps["pool"] * pool.n_neurons
    assert counts(low, stage="forward", layer="pool")["pool"] == window * outputs
    if phase == "bp":
        assert counts(low, stage="backward", layer="pool")["pool"] == window * outputs


@pytest.mark.parametrize(("phase", "pass_name", "accesses"), [("bp", "backward", 2), ("dfa", "feedback", 2 + 1)])
def test_errors_are_fetched_from_the_input_buffer_like_spikes(lowered, phase, pass_name, accesses):
    """Layer b: 9 errors of 8 bits in two accesses of 64 bit for each step; for DFA also the 3 of the output."""
    low = lowered("dense", phase, ["tile.pes=8", "pe.crossbars=8"])
    assert low.mapping.n_tiles == 1
    assert counts(low, stage=pass_name, layer="b")["fetch"] == 2 * 6 * accesses


def test_outer_products_read_and_write_each_word_of_gradients_that_they_touch(lowered):
    """Rows of 4 weights of 16 bit are one word of 64 bit; the last block of b has one weight a row, out three."""
    slow = ["tile.gradient_buffer.width=64 bit", "tile.gradient_buffer.cycle=10 ns"]
    low = lowered("dense", "dfa", slow)
    graph, names = low.graph, low.graph.action_names
    for layer, words_of_row in (("a", 3), ("b", 3), ("out", 1)):
        active = sum(int(lowered.activity.active_rows(layer, sample).sum()) for sample in range(2))
        assert counts(low, layer=layer)["accumulate"] == active * words_of_row
    columns = zip(graph.action.tolist(), graph.count.tolist(), graph.occupancy_ps.tolist(), strict=True)
    times = [(names[action], n, ps) for action, n, ps in columns]
    assert all(ps == 2 * 10_000 * n for name, n, ps in times if name == "accumulate")
    assert all(ps == math.ceil(n / 32) * 2039 for name, n, ps in times if name == "outer")
