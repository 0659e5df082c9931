"""Networks that stretch the layout run to the end on buffers of the least size, in every phase."""

from __future__ import annotations

import pytest

from archsim.engine import run_tasks
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.snn import measure
from archsim.verify import verify

LIF = "neuron: {kind: lif, leak: 0.9}"
OUT = f"name: out, kind: dense, outputs: 3, {LIF}"
NETWORKS = {
    "windows that look ahead": (
        [3],
        f"name: a, kind: dense, outputs: 6, {LIF}",
        f"name: b, kind: conv1d, axis: time, channels: 5, kernel: 7, padding: 3, {LIF}",
        f"name: c, kind: conv1d, axis: time, channels: 5, kernel: 5, padding: 2, {LIF}",
        OUT,
    ),
    "timesteps that nobody reads": (
        [3],
        f"name: a, kind: dense, outputs: 6, {LIF}",
        f"name: b, kind: conv1d, axis: time, channels: 5, kernel: 2, dilation: 2, stride: 2, {LIF}",
        OUT,
    ),
    "a pooled input, a convolution of one axis": (
        [2, 9],
        "name: p, kind: max_pool, kernel: 2",
        f"name: a, kind: conv1d, channels: 6, kernel: 3, {LIF}",
        OUT,
    ),
    "maps concatenated with the input, and flattened together": (
        [2, 3, 3],
        f"name: a, kind: conv2d, channels: 5, kernel: 3, padding: 1, {LIF}",
        "name: p, kind: average_pool, kernel: 2, inputs: [a, input]",
        f"name: out, kind: dense, outputs: 3, inputs: [p, a], {LIF}",
    ),
    "all time at once, from a map": (
        [2, 4],
        f"name: a, kind: conv1d, channels: 5, kernel: 2, {LIF}",
        "name: out, kind: dense, outputs: 3, flatten_time: true",
    ),
}


@pytest.mark.parametrize("rule", ["spread", "stacked"])
@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_phase_runs_to_the_end_and_breaks_no_rule(chip, workload, network, phase, rule):
    shape, *layers = NETWORKS[network]
    work, activity = measure(workload(shape, *layers, samples=2, batch=2, weights="{gain: 3.0}"), seed=0)
    on = chip(
        "crossbar.rows=8",
        "crossbar.columns=16",
        "adc.columns_per_adc=4",
        "write.parallel_cells=16",
        "tile.pes=1",
        f"mapping={{few_rows: {rule}}}",
    )
    mapping = map_workload(on, work, phase)
    graph = lower(on, work, mapping, activity).graph
    trace = run_tasks(graph)
    verify(graph, trace)
    assert trace.done_ps.min() >= 0
    assert mapping.n_tiles > 1 or "pooled" in network
