"""One product worked out by hand; a run without contention is the longest path of its graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from archsim.engine import run_tasks
from archsim.taskgraph import TaskGraph
from archsim.verify import verify


def spiking_layer(n_inputs: int, n_outputs: int) -> dict[str, Any]:
    """One dense layer of LIF neurons, one timestep, every input spikes."""
    layer = {"name": "fc", "kind": "dense", "outputs": n_outputs, "neuron": {"kind": "lif", "leak": 0.9}}
    return {
        "version": 1,
        "name": f"spiking_{n_inputs}_{n_outputs}",
        "network": {"input": [n_inputs], "layers": [layer]},
        "timesteps": 1,
        "input_resolution": "1 bit",
        "activity": {"kind": "rates", "input": 1.0, "default": 1.0},
        "phases": ["inference"],
    }


def test_one_layer_on_one_tile_in_one_timestep_takes_what_a_hand_calculation_says(
    make_run: Callable[..., Any],
) -> None:
    run = make_run("tests/chips/wearable_rram.yaml", spiking_layer(64, 16))
    assert run.lowered.mapping.n_tiles == 1
    sram_ps = 427  # one access of 64 bit: CACTI, 22 nm, 1 KiB: 0.427074 ns
    clock_ps = 2039  # NeuroSim, 22 nm
    by_hand_ps = (
        sram_ps  # 64 spikes leave the global buffer in one access
        + 2 * 1000 + 4000  # as two flits of 32 bit at 1 GHz, behind one router
        + sram_ps  # into the tile's input buffer
        + clock_ps  # and out of it over the bus to the array: one beat, longer than the access
        + 0  # the drivers settle within the read
        + 100_000  # one read: a spike has one bit
        + 32 * 1000  # 16 weights x 2 cells x 2 signs = 64 columns on 2 ADCs of 1 GS/s
        + 4 * clock_ps  # 64 values merge on 16 lanes
        + 4 * clock_ps  # 16 sums of 16 bit cross the bus of 64 bit
        + clock_ps  # 16 sums enter 16 accumulators
        + 2 * clock_ps  # 16 neurons on 16 lanes, a latency of two cycles (their memory: 2 x 0.412 ns, hidden)
        + 2 * sram_ps  # 16 spikes into the output buffer and out again
        + 1000 + 4000  # one flit, one router
        + sram_ps  # into the global buffer
    )  # fmt: skip
    assert run.trace.makespan_ps == by_hand_ps == 169_603


def test_its_energy_is_what_a_hand_calculation_says(make_run: Callable[..., Any]) -> None:
    run = make_run("tests/chips/wearable_rram.yaml", spiking_layer(64, 16))
    spent = run.energy_pj()
    # no weights are known: a cell of a pair is at half the window or at g_min, on average 1 + 0.5 x 0.5 x 3 uS
    cell_pj = 0.5**2 * 1.75e-6 * 100e-9 * 1e12
    assert spent["crossbar"] == pytest.approx(64 * 64 * cell_pj)
    assert spent["drivers"] == pytest.approx(64 * 0.02315)
    assert spent["sample_hold"] == pytest.approx(64 * 0.000977)
    assert spent["adc"] == pytest.approx(64 * 0.8 * 0.4629, rel=1e-3)  # the survey: 5 bit, 1 GS/s, 22 nm
    assert spent["shift_add"] == pytest.approx(64 * 0.06983)
    assert spent["accumulator"] == pytest.approx(16 * 0.05998)
    assert spent["neuron_unit"] == pytest.approx(16 * 0.27932)
    assert spent["tile_bus"] == pytest.approx(5 * 3.456)  # one beat in, four out
    assert spent["interconnect"] == pytest.approx(3 * 2.5925)  # two flits in, one out


def longest_path_ps(graph: TaskGraph) -> np.ndarray[Any, np.dtype[np.int64]]:
    """When each task is done if nothing ever waits: ids are in topological order."""
    done = np.zeros(graph.n_tasks, np.int64)
    for task in range(graph.n_tasks):
        before = graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]]
        done[task] = (done[before].max() if len(before) else 0) + graph.latency_ps[task]
    return done


def uncontended(graph: TaskGraph) -> TaskGraph:
    """The same tasks with more than enough of everything."""
    return replace(graph, capacity=np.full(graph.n_resources, 2**40, np.int64))


def with_one_adc(graph: TaskGraph) -> TaskGraph:
    """The same tasks, all converting on the first bank of ADCs."""
    banks = [i for i, name in enumerate(graph.resource_names) if name.endswith((".adc", ".adc.transposed"))]
    assert len(banks) > 1
    shared = np.where(np.isin(graph.uses_resource, banks), banks[0], graph.uses_resource).astype(np.int32)
    return replace(graph, uses_resource=shared)


@pytest.fixture(scope="module", params=["inference", "bp", "dfa"])
def watch(request: pytest.FixtureRequest, make_run: Callable[..., Any]) -> Any:
    rates = ("activity={kind: rates, input: 1.0, default: 0.1}", "timesteps=8", "samples=2", "batch=2")
    return make_run("tests/chips/wearable_rram.yaml", "watch_mlp", work_set=rates, phase=request.param)


def test_with_enough_of_everything_the_latency_is_the_longest_path(watch: Any) -> None:
    free = uncontended(watch.graph)
    trace = run_tasks(free, engine="heap")
    np.testing.assert_array_equal(trace.done_ps, longest_path_ps(watch.graph))
    assert trace.makespan_ps < watch.trace.makespan_ps
    verify(free, trace)


def test_with_one_shared_bank_of_adcs_everything_takes_longer(watch: Any) -> None:
    shared = with_one_adc(watch.graph)
    trace = run_tasks(shared, engine="heap")
    verify(shared, trace)
    assert trace.makespan_ps > watch.trace.makespan_ps
    # and no less than the conversions one after the other
    conversions = watch.tasks("convert")
    assert trace.makespan_ps > watch.graph.occupancy_ps[conversions].sum()


def test_a_second_layer_on_the_tile_adds_its_way_there_and_its_own_time(make_run: Callable[..., Any]) -> None:
    layers = spiking_layer(64, 16)
    second = {"name": "next", "kind": "dense", "outputs": 16, "neuron": {"kind": "lif", "leak": 0.9}}
    layers["network"]["layers"].append(second)
    sram_ps, clock_ps = 427, 2039
    more_ps = (
        2 * sram_ps  # 16 spikes into the output buffer and out again
        + clock_ps  # over the tile's bus: one beat
        + sram_ps  # into the input buffer
        + clock_ps  # out of it, over the bus to the array
        + 100_000 + 32 * 1000  # read and converted as the first layer
        + (4 + 4 + 1 + 2) * clock_ps  # merged, carried, added, updated
    )  # fmt: skip
    one, two = (make_run("tests/chips/wearable_rram.yaml", work) for work in (spiking_layer(64, 16), layers))
    assert two.lowered.mapping.n_tiles == 1
    assert two.trace.makespan_ps - one.trace.makespan_ps == more_ps == 159_788
    moved = two.energy_pj()["tile_bus"] - one.energy_pj()["tile_bus"]
    assert moved == pytest.approx((1 + 1 + 4) * 3.456)  # moved, fetched, collected
