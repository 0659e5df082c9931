"""With unit-cycle stages and no contention, every schedule takes exactly the cycles of its closed form.

The graphs are lowered like any other; only their times are replaced, and ports and units made plentiful.
PipeLayer: Song et al., HPCA 2017; the formulas are those of `known_answers.json`, derived after the paper.
"""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from pipeline_support import WIDTH, in_unit_cycles, lowered_chain

from archsim.engine import run_tasks
from archsim.errors import DoesNotFitError
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.snn import measure
from archsim.spec import load_chip
from archsim.workload import load_workload

SHAPES = [(1, 1, 3), (2, 1, 4), (3, 4, 12), (5, 8, 16), (8, 3, 6)]  # L, B, N


@pytest.fixture
def known(reference_dir):
    return json.loads((reference_dir / "reference/known_answers.json").read_text())


@pytest.fixture
def lower_chain(tmp_path, root_dir):
    return partial(lowered_chain, tmp_path, root_dir / "tests/chips/wearable_rram.yaml")


@pytest.fixture
def chain(lower_chain):
    return lambda *args, **keys: in_unit_cycles(lower_chain(*args, **keys))


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_within_a_batch_bp_takes_pipelayers_cycles(chain, n_layers, batch, samples):
    run = chain(n_layers, "bp", schedule="within_batch", samples=samples, batch=batch)
    assert run.cycles == samples // batch * (2 * n_layers + batch + 1)


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_one_sample_after_the_other_bp_takes_the_cycles_of_a_machine_without_a_pipeline(
    chain, n_layers, batch, samples
):
    run = chain(n_layers, "bp", schedule="sequential", samples=samples, batch=batch)
    assert run.cycles == (2 * n_layers + 1) * samples + samples // batch


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
@pytest.mark.parametrize("error", ["per_timestep", "mean_rate"])
def test_within_a_batch_dfa_has_all_gradients_one_cycle_after_the_output(chain, n_layers, batch, samples, error):
    learning = f"{{error: {error}}}"
    run = chain(n_layers, "dfa", schedule="within_batch", samples=samples, batch=batch, learning=learning)
    assert run.cycles == samples // batch * (n_layers + batch + 2)


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_testing_takes_a_cycle_a_sample_behind_the_first(chain, n_layers, batch, samples):
    keys = {"samples": samples, "batch": batch}
    assert chain(n_layers, "inference", schedule="pipelined", **keys).cycles == samples + n_layers - 1
    assert chain(n_layers, "inference", schedule="sequential", **keys).cycles == samples * n_layers


def test_the_recorded_examples_of_pipelayer_and_dfa_come_out(chain, known):
    """One batch of each large example; that batches follow each other, nothing left between, is shown above."""
    for example in known["pipelayer"]["examples"]:
        n_layers, batch = example["L"], example["B"]
        for schedule, expected in (("within_batch", example["pipelined"]), ("sequential", example["sequential"])):
            one = chain(n_layers, "bp", schedule=schedule, samples=batch, batch=batch)
            assert one.cycles * example["N"] / batch == expected
    for example in known["dfa_pipeline"]["examples"]:
        batch = example["B"]
        run = chain(example["L"], "dfa", schedule="within_batch", samples=batch, batch=batch)
        assert run.cycles * example["N"] / batch == example["dfa"]


def test_the_arrays_of_a_pipeline_idle_for_gpipes_bubble(chain, known):
    for example in known["gpipe"]["examples"]:
        run = chain(example["p"], "inference", schedule="pipelined", samples=example["m"])
        busy = len(run.tasks("read")) / example["p"]
        assert 1 - busy / run.cycles == pytest.approx(example["bubble"], abs=1e-12)


def history_demand(low):
    """By space in the history buffers: bytes without which nothing goes on, for full overlap, and of a step."""
    found = {}
    for demand in low.mapping.buffers.demands:
        if demand.buffer == "history_buffer":
            step = 2 * WIDTH if demand.user.startswith("potentials") else 1  # 16 bits a neuron; 4 spikes in a byte
            space = f"tile[{demand.tile}].history_buffer.space[{demand.user}]"
            found[space] = (demand.least_bytes, demand.liked_bytes, step)
    return found


@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize("n_layers", [2, 4])
def test_the_history_of_bp_is_pipelayers(lower_chain, n_layers, timesteps):
    """Potentials 2 (L - l) + T, inputs two more: for T = 1 PipeLayer's 2 (L - l) + 1 behind each layer.

    An input of layer l is an output of the layer below, behind which the paper has 2 (L - (l - 1)) + 1 buffers.
    """
    low = lower_chain(n_layers, "bp", schedule="within_batch", samples=16, batch=16, timesteps=timesteps)
    for space, (_, liked, step) in history_demand(low).items():
        what, layer = space.split("space[")[1].rstrip("]").split(" of l")
        behind = 2 * (n_layers - int(layer)) + timesteps
        assert liked == step * (behind if what == "potentials" else behind + 2)


@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize("n_layers", [2, 4])
@pytest.mark.parametrize(
    ("phase", "error"), [("bp", "per_timestep"), ("dfa", "mean_rate"), ("dfa", "per_timestep")]
)
def test_the_demanded_history_is_just_enough(lower_chain, n_layers, timesteps, phase, error):
    keys = {"schedule": "within_batch", "samples": 12, "batch": 12, "timesteps": timesteps}
    low = lower_chain(n_layers, phase, **keys, learning=f"{{error: {error}}}")
    free, demand = in_unit_cycles(low), history_demand(low)
    assert len(demand) == 2 * n_layers
    enough = {space: liked for space, (_, liked, _) in demand.items()}
    full = in_unit_cycles(low, dict.fromkeys(demand, 10**6))
    exact = in_unit_cycles(low, enough)
    assert exact.cycles == free.cycles == full.cycles
    for space, (least, liked, step) in demand.items():
        assert exact.peak(space) == liked or liked == least
        if liked > least:
            assert in_unit_cycles(low, enough | {space: liked - step}).cycles > exact.cycles


def test_a_smaller_history_holds_samples_back_and_one_too_small_for_a_sample_is_refused(chain):
    keys = {"schedule": "within_batch", "samples": 8, "batch": 8}
    with pytest.raises(DoesNotFitError) as refused:
        chain(3, "bp", "tile.history_buffer.size=1 B", **keys)
    cycles = [
        chain(3, "bp", f"tile.history_buffer.size={size} B", **keys).cycles
        for size in (refused.value.needed, 2 * refused.value.needed, 4 * refused.value.needed)
    ]
    assert cycles[0] == (2 * 3 + 1) * 8 + 1  # one sample after the other
    assert cycles[0] > cycles[1] > cycles[2] >= 2 * 3 + 8 + 1


@pytest.mark.parametrize(("n_layers", "batch", "samples"), [(2, 4, 12), (3, 6, 24), (4, 8, 16)])
def test_batches_that_overlap_leave_a_gap_of_one_update_between_them(chain, n_layers, batch, samples):
    """Derived here: N samples a cycle apart, N/B updates, and the last sample's way through the layers.

    Holds if a batch is long enough that its gradients are there when the next one has been read: B >= 2 L.
    """
    keys = {"schedule": "three_level", "samples": samples, "batch": batch}
    n_updates = samples // batch
    assert chain(n_layers, "dfa", **keys).cycles == samples + n_updates + n_layers
    assert chain(n_layers, "bp", **keys).cycles == samples + n_updates + 2 * n_layers - 1


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_overlapping_batches_read_weights_that_are_exactly_one_update_old(chain, phase):
    """Batch k reads arrays after update k - 2 and before update k - 1: the same weights for the whole batch."""
    batch, n_batches = 3, 5
    run = chain(3, phase, schedule="three_level", samples=batch * n_batches, batch=batch)
    for layer in ("l1", "l2", "l3"):
        for read_stage in ("forward", "backward") if phase == "bp" and layer != "l1" else ("forward",):
            arrays = _arrays(run, run.tasks("read", layer=layer, stage=read_stage))
            ends = range(batch - 1, batch * n_batches, batch)  # the last sample of a batch names its update
            programs = [run.tasks("program", layer=layer, sample=end) for end in ends]
            writes = [[task for task in tasks if _array(run, task) in arrays] for tasks in programs]
            for k in range(n_batches):
                reads = np.concatenate(
                    [run.tasks("read", layer=layer, stage=read_stage, sample=k * batch + i) for i in range(batch)]
                )
                if k >= 2:
                    assert run.trace.start_ps[reads].min() >= run.trace.done_ps[writes[k - 2]].max()
                if k >= 1:
                    assert run.trace.done_ps[reads].max() <= run.trace.start_ps[writes[k - 1]].min()


def _array(run, task):
    """The array that a task uses."""
    graph = run.graph
    return int(graph.uses_resource[graph.uses_ptr[task]])


def _arrays(run, tasks):
    return {_array(run, task) for task in tasks}


@pytest.mark.parametrize("schedule", ["pipelined", "layer_parallel", "within_batch", "sequential"])
@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_all_other_schedules_read_weights_with_every_update_before(chain, schedule, phase):
    run = chain(3, phase, schedule=schedule, samples=6, batch=2)
    for layer in ("l1", "l2", "l3"):
        for k in (1, 2):
            reads = run.tasks("read", layer=layer, stage="forward", sample=2 * k)
            arrays = _arrays(run, reads)
            writes = [t for t in run.tasks("program", layer=layer, sample=2 * k - 1) if _array(run, t) in arrays]
            assert writes
            assert run.trace.start_ps[reads].min() >= run.trace.done_ps[writes].max()


def test_within_a_batch_no_sample_begins_before_all_arrays_are_written(chain):
    run = chain(3, "dfa", schedule="within_batch", samples=4, batch=2)
    written = run.trace.done_ps[run.tasks("program", sample=1)].max()
    stages = np.array(run.graph.stage_names)[run.graph.stage]
    later = np.flatnonzero((run.graph.sample >= 2) & (stages != "update"))
    assert run.trace.start_ps[later].min() >= written


@pytest.mark.parametrize("which", ["input_sets", "accumulator_sets"])
def test_one_set_of_registers_takes_turns_and_two_overlap(lower_chain, which):
    """A slow bus before the arrays, or a slow buffer behind slow accumulators, is hidden by a second set."""
    adders = ["tile.accumulator.cycle=120 ns", "tile.accumulator.latency=120 ns"]
    slow = ["tile.bus.cycle=80 ns"] if which == "input_sets" else [*adders, "tile.output_buffer.cycle=60 ns"]
    lows = [lower_chain(2, "inference", *slow, f"tile.{which}={n}", samples=6) for n in (1, 2, 3)]
    times = [run_tasks(low.graph, engine="heap").makespan_ps for low in lows]
    assert times[0] > times[1] >= times[2]


def test_with_contention_the_closed_form_misses_the_update_and_little_else(root_dir):
    """On the demo chip an update writes 128 rows one after the other: tens of cycles where the form has one.

    The slowest stage is the gradient buffer, which all layers share: other stages are shorter than its cycle.
    """
    chip = load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    n_layers, batch = 3, 24
    one_step = ["timesteps=1", "input_resolution=1 bit", "activity={kind: rates, input: 0.5, default: 0.5}"]
    keys = [f"samples={batch}", f"batch={batch}", "schedule=within_batch"]
    work, activity = measure(load_workload(root_dir / "workloads/watch_mlp.yaml", [*one_step, *keys]), seed=0)
    low = lower(chip, work, map_workload(chip, work, "bp"), activity)
    graph = low.graph
    trace = run_tasks(graph, engine="heap")
    actions = np.array([name.split("@")[0] for name in graph.action_names])[graph.action]
    ends = [trace.done_ps[(graph.sample == s) & (actions == "outer")].max() for s in range(batch)]
    # of an active row: 8 words of 16 gradients for 128 columns, one for 7; each is read and written
    words_of_row = {"fc1": 8, "fc2": 8, "out": 1}
    active = {name: sum(activity.active_rows(name, s).sum() for s in range(batch)) for name in words_of_row}
    words = sum(words_of_row[name] * int(active[name]) for name in active) / batch
    cycle = 2 * words * low.parts.gradient_buffer.access_ps(1)
    assert np.median(np.diff(ends)) == pytest.approx(cycle, rel=0.1)
    assert batch * cycle < max(ends) < (2 * n_layers + batch) * cycle
    # pulse, read, 64 conversions on each of two converters
    rows_ps = 128 * (85_693 + 100_000 + 64_000)
    assert rows_ps < trace.makespan_ps - max(ends) < 2 * rows_ps  # and not a cycle
