"""Nothing happens before what it is made of, in every phase and schedule, also where little or nothing spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from causality_support import check_causality
from lowering_support import NETWORKS

from archsim.engine import run_tasks
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.snn import measure
from archsim.spec import load_chip
from archsim.trace import Trace
from archsim.workload import load_workload

ONE_ARRAY = ["tile.pes=1", "pe.crossbars=1"]  # per tile
PHASES = ("inference", "bp", "dfa")

# c sees a at once and b two layers later; a and x spike, b does not
UNEQUAL_DEPTH = """
version: 1
name: unequal_depth
network:
  input: [6]
  layers:
    - {name: a, kind: dense, outputs: 128, neuron: {kind: lif, leak: 0.9}}
    - {name: x, kind: dense, outputs: 128, neuron: {kind: lif, leak: 0.9}}
    - {name: b, kind: dense, outputs: 128, neuron: {kind: lif, leak: 0.9}}
    - {name: c, kind: dense, outputs: 10, inputs: [a, b], neuron: {kind: lif, leak: 0.9}}
timesteps: 1
input_resolution: 1 bit
activity: {kind: rates, input: 1.0, layers: {a: 1.0, x: 1.0}, default: 0.0}
phases: [inference]
"""

# workload -> what makes it small
SHIPPED = {
    "nir_braille_like": ["timesteps=8"],
    "nmnist_mlp": ["timesteps=2", "network.input=[130]", "network.layers.0.outputs=140"],
    "spikesim_vgg9": ["timesteps=1", "positions_per_burst=1024"],
    "ucihar_sfcn": ["timesteps=8", "samples=1", "batch=1"],
    "vgg9_cifar10": [
        "timesteps=1",
        "positions_per_burst=16",
        "network.input=[3, 8, 8]",
        *(f"network.layers.{k}.channels=16" for k in (0, 1, 3, 4, 6, 7, 8)),
    ],
    "watch_adapt": ["timesteps=3", "samples=2", "batch=2"],
    "watch_mlp": ["timesteps=4"],
    "watch_sfcn": ["timesteps=8", "samples=1", "batch=1"],
    "watch_shape": ["timesteps=4"],
}


def lowered_file(root_dir, path, chip=(), keys=(), phase="inference"):
    chip = load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [*chip])
    work, activity = measure(load_workload(path, [*keys]), seed=0)
    return lower(chip, work, map_workload(chip, work, phase), activity), work


def updates(low, trace, layer):
    graph = low.graph
    names = np.array([name.split("@")[0] for name in graph.action_names])
    tasks = np.flatnonzero((names[graph.action] == "update") & (graph.layer == graph.layer_names.index(layer)))
    return trace.start_ps[tasks], trace.done_ps[tasks]


def test_a_layer_waits_for_a_deeper_source_that_stays_silent(root_dir, tmp_path):
    path = tmp_path / "work.yaml"
    path.write_text(UNEQUAL_DEPTH)
    low, work = lowered_file(root_dir, path, ONE_ARRAY)
    trace = run_tasks(low.graph, engine="heap")
    check_causality(low, work, trace)
    _, b_done = updates(low, trace, "b")
    c_start, _ = updates(low, trace, "c")
    # b's spikes are stored, travel and are fetched, and an empty token comes back: no read of an array is between
    assert b_done.max() < c_start.min() < b_done.max() + 100_000


def test_an_empty_token_is_one_flit_on_each_link_to_the_home(root_dir, tmp_path):
    path = tmp_path / "work.yaml"
    path.write_text(UNEQUAL_DEPTH)
    low, _ = lowered_file(root_dir, path, ONE_ARRAY)
    graph, plan = low.graph, low.mapping.plans["c"]
    (home,), topology = plan.homes, low.mapping.interconnect
    idle = [block.tile for block in plan.forward if block.rows[0] >= 128]  # the rows that read b
    chosen = graph.layer == graph.layer_names.index("c")
    hops = np.array([name.startswith("hop") for name in graph.action_names])[graph.action] & chosen
    used = [graph.resource_names[graph.uses_resource[graph.uses_ptr[task]]] for task in np.flatnonzero(hops)]
    route = [hop.link for tile in idle for hop in topology.route(tile, home.tile)]
    tokens = [link for link, n in zip(used, graph.count[hops].tolist(), strict=True) if n == 1]
    assert idle
    assert home.tile not in idle
    assert [tokens.count(link) >= route.count(link) for link in route] == [True] * len(route)


def test_the_checker_finds_a_step_that_does_not_wait(root_dir, tmp_path):
    path = tmp_path / "work.yaml"
    path.write_text(UNEQUAL_DEPTH)
    low, work = lowered_file(root_dir, path, ONE_ARRAY)
    trace = run_tasks(low.graph, engine="heap")
    _, done = updates(low, trace, "b")
    c_start, _ = updates(low, trace, "c")
    early = np.where(trace.start_ps == c_start[0], done.max() - 1, trace.start_ps)
    with pytest.raises(AssertionError, match="outputs come after the inputs that they read"):
        check_causality(low, work, Trace(early, early, early + low.graph.latency_ps))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_workload_keeps_causality_in_every_phase(root_dir, name):
    path = root_dir / "workloads" / f"{name}.yaml"
    phases = load_workload(path).phases
    for phase in phases:
        low, work = lowered_file(root_dir, path, ONE_ARRAY, SHIPPED[name], phase)
        assert check_causality(low, work, run_tasks(low.graph, engine="compiled")) > 0


def test_every_shipped_workload_is_checked(root_dir):
    assert {path.stem for path in (root_dir / "workloads").glob("*.yaml")} == set(SHIPPED)


LITTLE = "{kind: rates, input: 0.2, default: 0.05}"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", PHASES)
def test_little_activity_keeps_causality_in_every_network(lowered, network, phase):
    low = lowered(network, phase, ONE_ARRAY, samples=1, batch=1, timesteps=4, activity=LITTLE)
    assert check_causality(low, lowered.work, run_tasks(low.graph, engine="compiled")) > 0


@pytest.mark.parametrize("network", ["dense", "recurrent"])
@pytest.mark.parametrize("phase", ["bp", "dfa"])
@pytest.mark.parametrize("schedule", ["sequential", "layer_parallel", "within_batch", "three_level"])
def test_little_activity_keeps_causality_in_every_schedule(lowered, network, phase, schedule):
    chip = ["tile.pes=1", "pe.crossbars=2"]
    low = lowered(network, phase, chip, schedule=schedule, samples=3, batch=1, timesteps=2, activity=LITTLE)
    assert check_causality(low, lowered.work, run_tasks(low.graph, engine="compiled")) > 0


@pytest.mark.parametrize("network", ["dense", "recurrent"])
@pytest.mark.parametrize("feedback", ["copy", "transposable"])
def test_errors_that_are_all_zero_keep_causality(lowered, network, feedback):
    transposed = ["crossbar.transpose=shared", f"execution.feedback={feedback}"]
    lowered(network, "bp", [*ONE_ARRAY, *transposed], timesteps=3)
    shapes = {layer.name: (2, 3, *layer.out_shape) for layer in lowered.work.network.weighted}
    draw = np.random.default_rng(0)
    errors = {name: (draw.random(shape) < 0.05).astype(np.uint8) for name, shape in shapes.items()}
    activity = replace(lowered.activity, errors=errors)
    mapping = map_workload(lowered.chip, lowered.work, "bp")
    low = lower(lowered.chip, lowered.work, mapping, activity)
    assert check_causality(low, lowered.work, run_tasks(low.graph, engine="compiled")) > 0


def test_layers_with_replicas_on_tiles_of_their_own_learn(lowered):
    for phase in ("bp", "dfa"):
        low = lowered("dense", phase, [*ONE_ARRAY, "mapping.replicas={b: 3}"], timesteps=4)
        assert check_causality(low, lowered.work, run_tasks(low.graph, engine="compiled")) > 0


WIDE_OUTPUT = """
version: 1
name: wide_output
network:
  input: [4]
  layers:
    - {name: out, kind: dense, outputs: 12, neuron: {kind: lif, leak: 0.9}}
timesteps: 2
input_resolution: 1 bit
activity: {kind: rates, input: 1.0, default: 0.5}
phases: [bp, dfa]
learning: {loss: LOSS}
"""


@pytest.mark.parametrize("loss", ["membrane_cross_entropy", "membrane_mse"])
def test_only_a_cross_entropy_needs_the_outputs_of_other_tiles(root_dir, tmp_path, loss):
    path = tmp_path / "work.yaml"
    path.write_text(WIDE_OUTPUT.replace("LOSS", loss))
    small = [*ONE_ARRAY, "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]
    low, work = lowered_file(root_dir, path, small, phase="bp")
    homes = low.mapping.plans["out"].homes
    check_causality(low, work, run_tasks(low.graph, engine="heap"))
    graph = low.graph
    actions = np.array([name.split("@")[0] for name in graph.action_names])[graph.action]
    backward = graph.stage == graph.stage_names.index("backward")
    sums = int(((actions == "add") & backward).sum())
    # one value from each other home to the first, at each of two timesteps: the largest output and the sum of a
    # softmax, and whatever the loss the largest error, which all are divided by for the drivers
    assert len(homes) == 3
    assert sums == 2 * (len(homes) - 1) * (3 if loss == "membrane_cross_entropy" else 1)


def test_sequential_samples_wait_for_spikes_that_nobody_reads(root_dir, tmp_path):
    path = tmp_path / "work.yaml"
    path.write_text(
        "version: 1\nname: unread\nnetwork:\n  input: [1, 7]\n  layers:\n"
        "    - {name: a, kind: conv1d, channels: 64, kernel: 1, neuron: {kind: if}}\n"
        "    - {name: b, kind: conv1d, channels: 2, kernel: 1, stride: 4, neuron: {kind: if}}\n"
        "    - {name: out, kind: dense, outputs: 2}\n"
        "timesteps: 1\ninput_resolution: 1 bit\nphases: [inference]\nsamples: 2\nbatch: 1\nschedule: sequential\n"
        "activity: {kind: rates, input: 1.0, default: 0.0}\n"
    )
    low, work = lowered_file(root_dir, path, ONE_ARRAY)
    assert check_causality(low, work, run_tasks(low.graph, engine="heap")) > 0
