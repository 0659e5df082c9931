"""Errors that are zero drive no line, and cells that do not change are not written, where the activity says so."""

from __future__ import annotations

import numpy as np
import pytest
from lowering_support import ERROR_ROWS, NETWORKS, SMALL_CHIP, counts, n_tasks

from archsim.engine import run_tasks
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.snn import Activity, measure
from archsim.spec import load_chip
from archsim.verify import verify

N_SAMPLES = 2
ERROR_CYCLES = 8
TRANSPOSABLE = ["execution.feedback=transposable", "crossbar.transpose=shared"]
RNG = np.random.default_rng(0)


@pytest.fixture
def sparse(lowered, root_dir):
    """Lower with errors of a density, and with writes of a density, drawn; None leaves them unsaid."""

    def run(network, phase, options=(), *, errors=None, writes=None, n_updates=1, unsaid=(), **changes):
        chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [*SMALL_CHIP, *options])
        work, measured = measure(lowered.workload(network, **changes), seed=0)
        learned = work.network.weighted
        of_errors, of_writes = {}, {}
        if errors is not None:
            shapes = {x.name: measured.spikes[x.name].shape for x in learned if x.name not in unsaid}
            of_errors = {name: (RNG.random(s) < errors).astype(np.uint8) for name, s in shapes.items()}
        if writes is not None:
            for layer in learned:
                shape = (n_updates, measured.active_rows(layer.name, 0).shape[2], layer.n_columns)
                of_writes[layer.name] = RNG.binomial(4, writes, shape).astype(np.uint8)
        activity = Activity(work.network, measured.spikes, of_errors, of_writes)
        return lower(chip, work, map_workload(chip, work, phase), activity), activity

    return run


def weighted(low):
    return [plan for plan in low.mapping.plans.values() if plan.forward]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_an_outer_product_takes_pairs_of_an_active_input_and_an_error(sparse, network, phase):
    low, activity = sparse(network, phase, errors=0.3)
    for plan in weighted(low):
        name, expected = plan.layer.name, 0
        for sample in range(N_SAMPLES):
            rows = activity.active_rows(name, sample).astype(int)
            errors = activity.error_lines(name, sample).astype(int)
            expected += int(np.einsum("tpr,tpc->", rows, errors))
        assert counts(low, layer=name)["outer"] == expected


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_a_word_of_gradients_is_touched_if_one_of_its_columns_has_an_error(sparse, network, phase):
    """Words of 32 bit hold two gradients: counted out row by row, word by word."""
    low, activity = sparse(network, phase, ["tile.gradient_buffer.width=32 bit"], errors=0.3)
    for plan in weighted(low):
        name, expected = plan.layer.name, 0
        for block in plan.forward:
            for sample in range(N_SAMPLES):
                rows = activity.active_rows(name, sample)[:, :, slice(*block.rows)].sum(axis=2, dtype=int)
                errors = activity.error_lines(name, sample)[:, :, slice(*block.columns)]
                pairs = [errors[:, :, k : k + 2].max(axis=2).astype(int) for k in range(0, block.n_columns, 2)]
                expected += int((rows * sum(pairs)).sum())
        assert counts(low, layer=name)["accumulate"] == expected


@pytest.mark.parametrize("density", [0.02, 0.1, 0.5])
def test_independent_errors_touch_words_as_chance_says(sparse, density):
    """A word of w columns is touched with probability 1 - (1 - d)^w: pairs do not pack; here w = 16."""
    one = ("crossbar.rows=64", "crossbar.columns=128", "adc.columns_per_adc=64")
    layers = " {input: [40], layers: [{name: a, kind: dense, outputs: 32, neuron: {kind: lif, leak: 0.9}}]}\n"
    low, activity = sparse("dense", "dfa", one, errors=density, network_text=layers, timesteps=400)
    active = sum(int(activity.active_rows("a", sample).sum()) for sample in range(N_SAMPLES))
    found = counts(low)["accumulate"] / (2 * active)
    assert found == pytest.approx(1 - (1 - density) ** 16, abs=3 * (0.25 / (2 * 2 * 400)) ** 0.5 + 0.01)
    packed = counts(low)["outer"] * 16 / 256 / (2 * active)
    assert packed < found


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("options", [(), TRANSPOSABLE], ids=["copy", "transposable"])
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_only_errors_that_are_not_zero_drive_lines_backwards(sparse, network, options, density):
    low, activity = sparse(network, "bp", options, errors=density)
    dense, _ = sparse(network, "bp", options)
    for plan in weighted(low):
        name = plan.layer.name
        found = counts(low, stage="backward", layer=name)["drive"]
        if density == 1.0:
            assert counts(low, layer=name) == counts(dense, layer=name)
        if density == 0.0:
            assert counts(low, stage="backward", layer=name)["read"] == 0
        if plan.copy:  # every error drives a row of each array side by side
            inputs = {block.columns for block in plan.copy}
            needed = activity.errors[name][:, 1:] if plan.layer.recurrent else activity.errors[name]
            assert found == int(needed.sum()) * len(inputs) * ERROR_CYCLES
        elif not ERROR_ROWS[network][name]:
            assert found == 0
    trace = run_tasks(low.graph)
    verify(low.graph, trace)


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_arrays_without_errors_are_read_all_the_same_if_the_chip_reads_idle_blocks(sparse, phase):
    low, _ = sparse("dense", phase, ["execution.skip_idle_blocks=false"], errors=0.0)
    dense, _ = sparse("dense", phase, ["execution.skip_idle_blocks=false"])
    for pass_name in ("backward", "feedback"):
        for layer in ("a", "b", "out"):
            where = {"stage": pass_name, "layer": layer}
            assert n_tasks(low, "read", **where) == n_tasks(dense, "read", **where)
            assert counts(low, **where)["convert"] == counts(dense, **where)["convert"]
    assert counts(low)["outer"] == 0


def test_layers_whose_errors_are_not_known_count_as_dense(sparse):
    low, activity = sparse("dense", "bp", errors=0.2, unsaid=("b",))
    dense, _ = sparse("dense", "bp")
    assert activity.error_density("b") == 1.0 > activity.error_density("out")
    assert counts(low, layer="b") == counts(dense, layer="b")
    assert counts(low, layer="out")["outer"] < counts(dense, layer="out")["outer"]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_only_cells_that_change_are_programmed_and_verified(sparse, network, phase):
    low, activity = sparse(network, phase, writes=0.05, n_updates=2, batch=1)
    for plan in weighted(low):
        cells = activity.writes[plan.layer.name].astype(int)  # rows, columns
        with_error = np.zeros(cells.shape[1], dtype=bool)
        for block in plan.copy:
            with_error[slice(*block.columns)] = True
        expected = int(cells.sum() + cells[:, with_error].sum())
        found = counts(low, layer=plan.layer.name, stage="update")
        assert found["program"] == found["verify"] == expected
        rows = sum(
            int((part != 0).sum())
            for update in cells
            for block in plan.forward
            for part in [update[slice(*block.rows), slice(*block.columns)].sum(axis=1)]
        )
        rows += sum(
            int((update[slice(*block.columns), slice(*block.rows)].sum(axis=0) != 0).sum())
            for update in cells
            for block in plan.copy
        )
        assert n_tasks(low, "program", layer=plan.layer.name) == rows
    verify(low.graph, run_tasks(low.graph))


def test_an_update_that_changes_nothing_writes_nothing_and_the_next_batch_runs(sparse):
    low, _ = sparse("dense", "dfa", writes=0.0, samples=4, batch=1)
    assert counts(low)["program"] == counts(low)["verify"] == 0
    full, _ = sparse("dense", "dfa", samples=4, batch=1)
    assert counts(low)["load_gradient"] == counts(full)["load_gradient"] > 0
    quick, slow = run_tasks(low.graph), run_tasks(full.graph)
    verify(low.graph, quick)
    assert quick.makespan_ps < slow.makespan_ps


def test_recorded_updates_repeat_if_the_workload_has_more(sparse):
    low, activity = sparse("dense", "dfa", writes=0.1, n_updates=2, samples=6, batch=2)
    total = {name: int(cells.sum()) + int(cells[0].sum()) for name, cells in activity.writes.items()}
    for name, expected in total.items():
        assert counts(low, layer=name)["program"] == expected


def test_a_copy_with_writes_of_its_own_writes_those(sparse, lowered, root_dir):
    low, activity = sparse("dense", "bp", writes=0.1)
    own = {f"{name}.copy": np.ones((1, *cells.shape[:0:-1]), np.uint8) for name, cells in activity.writes.items()}
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", SMALL_CHIP)
    work, measured = measure(lowered.workload("dense"), seed=0)
    activity = Activity(work.network, measured.spikes, {}, {**activity.writes, **own})
    again = lower(chip, work, map_workload(chip, work, "bp"), activity)
    for layer, n_weights in (("b", 12 * 9), ("out", 9 * 3)):
        expected = int(activity.writes[layer].sum()) + n_weights
        assert counts(again, layer=layer)["program"] == expected != counts(low, layer=layer)["program"]


DEEP = "\n  input: [32]\n  layers:\n" + "".join(
    f"  - {{name: {name}, kind: dense, outputs: {n}, neuron: {{kind: lif, leak: 0.9}}}}\n"
    for name, n in (("h0", 32), ("h1", 32), ("h2", 32), ("out", 4))
)


def masked(work, measured, errors_of_step, seed=0):
    """Activity with steps that have no error at all, and all errors in the others."""
    rng, errors = np.random.default_rng(seed), {}
    for layer in work.network.weighted:
        shape = measured.spikes[layer.name].shape
        has_errors = (rng.random(shape[:2]) < errors_of_step).reshape(*shape[:2], *[1] * (len(shape) - 2))
        errors[layer.name] = np.broadcast_to(has_errors, shape).astype(np.uint8)
    return Activity(work.network, measured.spikes, errors, {})


@pytest.mark.parametrize("schedule", ["sequential", "within_batch"])
@pytest.mark.parametrize("rule", ["ottt", "eprop_symmetric", "eprop"])
def test_steps_without_errors_do_not_overtake_those_whose_traces_they_wait_for(lowered, root_dir, rule, schedule):
    """Steps that read no array are quick; they had filled the buffer before the one that has to be first."""
    work, measured = measure(lowered.workload("dense", network_text=DEEP, timesteps=16, schedule=schedule), seed=0)
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", SMALL_CHIP)
    low = lower(chip, work, map_workload(chip, work, rule), masked(work, measured, 0.5))
    verify(low.graph, run_tasks(low.graph, engine="compiled"))


@pytest.mark.parametrize("path", ["none", "readout", "full"])
def test_steps_without_errors_do_not_overtake_those_whose_sums_they_wait_for(lowered, root_dir, path):
    """Windows of a convolution add to the same sums, which are handed out in the order of the steps."""
    learning = f"{{rules: {{bp: {{time_path: {path}}}}}}}"
    changes = {"samples": 4, "schedule": "within_batch", "learning": learning}
    work, measured = measure(lowered.workload("convolutional", **changes), seed=0)
    options = [*SMALL_CHIP, "tile.accumulator_sets=4", "execution.errors={kind: fixed}"]
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", options)
    low = lower(chip, work, map_workload(chip, work, "bp"), masked(work, measured, 0.8))
    verify(low.graph, run_tasks(low.graph, engine="compiled"))
