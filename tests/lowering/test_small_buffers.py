"""Small chips, small buffers, every schedule: nothing waits in a circle, every trace passes, counts stay."""

from __future__ import annotations

import re

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
        trace = run_tasks(low.graph, engine="heap")
        verify(low.graph, trace)
        counted = counts(low)
        found.append({action: n for action, n in counted.items() if action not in ("admit", "release", "barrier")})
    assert all(other == found[0] for other in found)  # a schedule moves work, it makes none
