"""What waits for what: schedules, buffers, batches; every lowered graph runs, verifies, and engines agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lowering_support import NETWORKS, counts

from archsim.engine import run_tasks
from archsim.errors import DoesNotFitError
from archsim.registry import INTERCONNECTS
from archsim.verify import verify

PHASES = ("inference", "bp", "dfa")
SCHEDULES = ("sequential", "pipelined", "layer_parallel", "within_batch", "three_level")


def makespan(low):
    trace = run_tasks(low.graph, engine="compiled")
    verify(low.graph, trace)
    return trace.makespan_ps


def tasks_of(low, action, **where):
    graph = low.graph
    chosen = np.array([graph.action_names[a].split("@")[0] == action for a in graph.action])
    for key, value in where.items():
        if key in ("stage", "layer"):
            names = getattr(graph, f"{key}_names")
            chosen &= getattr(graph, key) == (names.index(value) if value in names else -9)
        else:
            chosen &= getattr(graph, key) == value
    return np.flatnonzero(chosen)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_graph_runs_verifies_and_is_the_same_in_both_engines(lowered, network, phase, schedule):
    low = lowered(network, phase, schedule=schedule, samples=4 if network == "dense" else 2, batch=2)
    one, other = run_tasks(low.graph, engine="simpy"), run_tasks(low.graph, engine="heap")
    verify(low.graph, one)
    assert (one.start_ps == other.start_ps).all()
    assert (one.done_ps == other.done_ps).all()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("interconnect", sorted(INTERCONNECTS))
def test_every_interconnect_carries_every_phase(lowered, network, interconnect):
    for phase in PHASES:
        low = lowered(network, phase, [f"interconnect.kind={interconnect}", "tile.pes=1", "pe.crossbars=2"])
        assert low.mapping.n_tiles > 1
        assert makespan(low) > 0


@pytest.mark.parametrize("phase", PHASES)
def test_samples_one_after_the_other_take_longest(lowered, phase):
    times = [makespan(lowered("dense", phase, schedule=s, samples=4)) for s in ("sequential", "pipelined")]
    assert times[0] > times[1]


def test_sequential_samples_do_not_overlap(lowered):
    low = lowered("dense", "bp", schedule="sequential", samples=2)
    trace = run_tasks(low.graph)
    work = low.graph.action != low.graph.action_names.index("barrier")
    first, second = (np.flatnonzero(work & (low.graph.sample == s)) for s in (0, 1))
    learning = low.graph.stage[first] != low.graph.stage_names.index("update")
    assert trace.done_ps[first[learning]].max() <= trace.start_ps[second].min()


def test_pipelined_samples_overlap(lowered):
    low = lowered("dense", "inference", samples=2)
    trace = run_tasks(low.graph)
    assert trace.done_ps[low.graph.sample == 0].max() > trace.start_ps[low.graph.sample == 1].min()


def test_dfa_writes_a_layer_before_the_last_gradient_of_another_is_known(lowered):
    low = lowered("dense", "dfa", batch=1, samples=1, chip=["tile.pes=1", "pe.crossbars=4"])
    trace = run_tasks(low.graph)
    first_write = {
        layer: trace.start_ps[tasks_of(low, "program", layer=layer)].min() for layer in ("a", "b", "out")
    }
    last_outer = {layer: trace.done_ps[tasks_of(low, "outer", layer=layer)].max() for layer in first_write}
    assert min(first_write.values()) < max(last_outer.values())
    assert all(first_write[layer] >= last_outer[layer] for layer in first_write)


@pytest.mark.parametrize("schedule", ["pipelined", "layer_parallel"])
def test_bp_writes_before_the_end_of_the_backward_pass_only_if_layers_are_parallel(lowered, schedule):
    low = lowered("dense", "bp", samples=1, batch=1, schedule=schedule)
    trace = run_tasks(low.graph)
    first_write = trace.start_ps[tasks_of(low, "program")].min()
    last_outer = trace.done_ps[tasks_of(low, "outer")].max()
    assert (first_write < last_outer) == (schedule == "layer_parallel")


def test_the_next_batch_reads_an_array_only_after_it_has_been_verified(lowered):
    low = lowered("dense", "dfa", samples=2, batch=1)
    trace = run_tasks(low.graph)
    for layer in ("a", "b", "out"):
        reads = tasks_of(low, "read", layer=layer, stage="forward", sample=1)
        verifies = tasks_of(low, "verify", layer=layer, sample=0)
        assert trace.start_ps[reads].min() >= trace.done_ps[verifies].min()
    # the array of the last verify is read after it
    assert trace.start_ps[tasks_of(low, "drive", layer="b", stage="forward", sample=1)].max() >= (
        trace.done_ps[tasks_of(low, "verify", layer="b", sample=0)].max()
    )


def test_the_membrane_orders_the_timesteps_of_a_layer(lowered):
    low = lowered("dense", "inference", samples=1, batch=1)
    trace = run_tasks(low.graph)
    updates = tasks_of(low, "update", layer="b")
    order = np.argsort(low.graph.timestep[updates], kind="stable")
    starts = trace.start_ps[updates][order]
    assert (np.diff(starts) > 0).all()
    assert (low.graph.timestep[updates][order] == np.arange(6)).all()


def test_layers_overlap_as_the_data_allow(lowered):
    low = lowered("dense", "inference", samples=1, batch=1)
    trace = run_tasks(low.graph)
    last_of_a = trace.done_ps[tasks_of(low, "update", layer="a")].max()
    assert trace.start_ps[tasks_of(low, "update", layer="out")].min() < last_of_a


def test_the_backward_pass_goes_from_the_last_timestep_to_the_first(lowered):
    low = lowered("dense", "bp", samples=1, batch=1)
    trace = run_tasks(low.graph)
    surrogates = tasks_of(low, "surrogate", layer="a")
    order = np.argsort(low.graph.timestep[surrogates])
    assert (np.diff(trace.start_ps[surrogates][order]) < 0).all()


def test_dfa_with_an_error_at_every_timestep_learns_while_the_forward_pass_runs(lowered):
    low = lowered("dense", "dfa", samples=1, batch=1)
    trace = run_tasks(low.graph)
    assert trace.start_ps[tasks_of(low, "outer")].min() < trace.done_ps[tasks_of(low, "update")].max()


def test_bp_learns_only_after_the_forward_pass(lowered):
    low = lowered("dense", "bp", samples=1, batch=1)
    trace = run_tasks(low.graph)
    assert trace.start_ps[tasks_of(low, "outer")].min() > trace.done_ps[tasks_of(low, "update")].max()


def test_bp_keeps_every_timestep_and_dfa_with_its_own_error_only_a_few(lowered):
    sizes = {}
    for phase in ("bp", "dfa"):
        low = lowered("dense", phase, timesteps=64)
        sizes[phase] = low.mapping.buffers.size_bytes["history_buffer"]
    assert sizes["bp"] >= 8 * sizes["dfa"]


def test_a_larger_history_buffer_lets_samples_overlap_and_gradients_come_earlier(lowered):
    def last_gradient(low):
        return run_tasks(low.graph).done_ps[tasks_of(low, "outer")].max()

    # quick errors, or the transposed reads are the bottleneck; a fixed cycle, or a larger memory is a slower one
    options = ["execution.error_resolution=1 bit", "tile.history_buffer.cycle=1 ns"]
    work = {"samples": 4, "batch": 4, "timesteps": 24}
    with pytest.raises(DoesNotFitError) as none:
        lowered("dense", "bp", [*options, "tile.history_buffer.size=1 B"], **work)
    tight, roomy = (
        lowered("dense", "bp", [*options, f"tile.history_buffer.size={n * none.value.needed} B"], **work)
        for n in (1, 4)
    )
    assert last_gradient(roomy) < last_gradient(tight)


def test_a_full_buffer_pushes_back_on_its_sender(lowered):
    """Three replicas make a faster than b: its spikes wait for admission, the longer the less room b has."""
    slow = ["adc.rate=1 MS/s", "execution.skip_idle_blocks=false", "mapping.replicas={a: 3}"]
    low = lowered("dense", "inference", slow, samples=1, batch=1, timesteps=12)
    graph = low.graph
    space = next(i for i, name in enumerate(graph.resource_names) if "input_buffer.space[a to b]" in name)
    units = graph.reserves_units[graph.reserves_resource == space].max()
    waits = {}
    for n_steps in (1, 12):
        capacity = graph.capacity.copy()
        capacity[space] = n_steps * units
        trace = run_tasks(replace(graph, capacity=capacity))
        admits = tasks_of(low, "admit", layer="a")
        waits[n_steps] = (trace.start_ps[admits] - trace.ready_ps[admits]).sum()
    assert waits[1] > waits[12]


@pytest.mark.parametrize("rows_at_once", [1, 2])
def test_a_power_cap_bounds_how_many_rows_are_written_at_once(lowered, rows_at_once):
    free = lowered("dense", "dfa", samples=1, batch=1)
    power = free.parts.write_circuits.program_power_uw(16)
    low = lowered("dense", "dfa", [f"write.max_power={rows_at_once * power + 2} uW"], samples=1, batch=1)
    trace = run_tasks(low.graph)
    programs = tasks_of(low, "program")
    instants = trace.start_ps[programs]
    ends = instants + low.graph.occupancy_ps[programs]
    full_rows = low.graph.count[programs] == 16
    busiest = max(int(((instants <= t) & (ends > t) & full_rows).sum()) for t in np.unique(instants))
    assert busiest == rows_at_once
    assert makespan(low) > makespan(free)


def test_addresses_of_few_spikes_are_shorter_than_a_bitmap_and_of_many_longer(lowered):
    def flits(spikes, rate):
        low = lowered(
            "dense",
            "inference",
            [
                f"execution.spike_format={spikes}",
                "execution.skip_idle_blocks=false",
                "interconnect.width=1 bit",
                "tile.pes=1",
                "pe.crossbars=1",
            ],
            activity=f"{{kind: rates, input: {rate}, default: {rate}}}",
        )
        return counts(low)["hop"]

    assert flits("aer", 0.0) < flits("bitmap", 0.0)
    assert flits("aer", 1.0) > flits("bitmap", 1.0)
    assert flits("bitmap", 0.0) == flits("bitmap", 1.0)


def test_replicas_share_the_positions_of_a_convolution(lowered):
    one = lowered("convolutional", "inference", ["execution.skip_idle_blocks=false"])
    two = lowered("convolutional", "inference", ["execution.skip_idle_blocks=false", "mapping.replicas={a: 2}"])
    assert counts(one)["convert"] == counts(two)["convert"]
    assert makespan(two) < makespan(one)


def test_a_burst_of_positions_takes_about_as_long_as_its_positions_one_by_one(lowered):
    single = makespan(lowered("convolutional", "inference"))
    burst = makespan(lowered("convolutional", "inference", positions_per_burst=6))
    assert burst == pytest.approx(single, rel=0.35)


def test_the_same_input_gives_the_same_graph(lowered):
    one, other = (lowered("recurrent", "bp").graph for _ in range(2))
    assert one.resource_names == other.resource_names
    for name in ("occupancy_ps", "latency_ps", "action", "count", "after_idx", "uses_resource"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_an_array_settles_before_each_read_and_its_reads_take_turns_with_conversions(lowered):
    """Three bits: settle, read, settle, read, ...; the conversion of a bit overlaps what comes after its read."""
    slow = ["drivers.latency=5 ns", "adc.rate=0.1 GS/s", "pe.crossbars=8"]
    low = lowered("dense", "inference", slow, samples=1, batch=1, timesteps=1, input_resolution="3 bit")
    trace = run_tasks(low.graph)
    first = low.graph.uses_resource[low.graph.uses_ptr[tasks_of(low, "read", layer="a")[0]]]
    reads = [
        t for t in tasks_of(low, "read", layer="a") if low.graph.uses_resource[low.graph.uses_ptr[t]] == first
    ]
    starts = np.sort(trace.start_ps[reads])
    assert len(starts) == 3
    assert (np.diff(starts) == 100_000 + 5_000).all()
