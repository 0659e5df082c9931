"""Small chips, small buffers, every schedule: nothing waits in a circle, every trace passes, counts stay."""

from __future__ import annotations

import re

import lowering_support
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lowering_support import NETWORKS, Lowerer, counts

from archsim.engine import run_tasks
from archsim.errors import DoesNotFitError
from archsim.verify import verify

SCHEDULES = ("sequential", "pipelined", "layer_parallel", "within_batch", "three_level")
BUFFERS = ("input_buffer", "output_buffer", "history_buffer")


def as_small_as_it_goes(lowered: Lowerer, network: str, phase: str, chip: list[str], work: dict[str, object]):
    """Raise each buffer from one byte to what the refusal asks for."""
    sizes = dict.fromkeys(BUFFERS, 1)
    while True:
        options = [*chip, *(f"tile.{name}.size={size} B" for name, size in sizes.items())]
        try:
            return lowered(network, phase, options, **work)
        except DoesNotFitError as refused:
            name = re.match(r"\w+", refused.resource).group()
            sizes[name] = refused.needed


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    network=st.sampled_from(sorted(NETWORKS)),
    phase=st.sampled_from(["bp", "dfa"]),
    batch=st.integers(1, 3),
    n_batches=st.integers(1, 3),
    pes=st.integers(1, 3),
    error=st.sampled_from(["per_timestep", "mean_rate"]),
    sets=st.integers(1, 2),
)
def test_no_schedule_waits_in_a_circle_in_the_smallest_buffers(
    lowered, network, phase, batch, n_batches, pes, error, sets
):
    chip = [f"tile.pes={pes}", f"tile.input_sets={sets}", f"tile.accumulator_sets={sets}"]
    work = {
        "timesteps": 4, "samples": batch * n_batches, "batch": batch, "learning": f"{{error: {error}}}",
        "positions_per_burst": 8,
    }  # fmt: skip
    found = []
    for schedule in SCHEDULES:
        low = as_small_as_it_goes(lowered, network, phase, chip, work | {"schedule": schedule})
        for policy in ("fifo", "static"):
            verify(low.graph, run_tasks(low.graph, engine="compiled", policy=policy), policy=policy)
        counted = counts(low)
        found.append({action: n for action, n in counted.items() if action not in ("admit", "release", "barrier")})
    assert all(other == found[0] for other in found)  # a schedule moves work, it makes none


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
def test_windows_are_read_in_program_order_before_the_buffer_is_full(lowered, phase):
    """One position a burst: a window comes before the next row of its source, or `static` waits for ever."""
    low = lowered("convolutional", phase, [], samples=1, batch=1, timesteps=2, positions_per_burst=1)
    verify(low.graph, run_tasks(low.graph, engine="compiled", policy="static"), policy="static")


PADDED = """
  input: [3]
  layers:
    - {name: a, kind: conv1d, axis: time, channels: 6, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: b, kind: conv1d, axis: time, channels: 7, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
"""


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("network", ["dense", "convolutional", "recurrent", "padded"])
def test_dfa_in_program_order_finds_the_history_that_an_earlier_error_gave_back(
    lowered, monkeypatch, network, schedule
):
    # the history holds a few of the 9 timesteps; the padded windows do several steps at once at the end
    monkeypatch.setitem(lowering_support.NETWORKS, "padded", PADDED)
    work = {"timesteps": 9, "samples": 2, "batch": 1, "schedule": schedule, "positions_per_burst": 8}
    low = as_small_as_it_goes(lowered, network, "dfa", [], work)
    trace = run_tasks(low.graph, engine="compiled", policy="static")
    verify(low.graph, trace, policy="static")
    assert trace.start_ps.min() >= 0
