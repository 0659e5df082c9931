"""A learning run in parts, batch after batch, is the run as one graph: picoseconds, counts and picojoules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lowering_support import SMALL_CHIP, Lowerer

from archsim.engine import run_tasks
from archsim.learn.whole import Recorded
from archsim.long_learning import LearningRun, play_batch, window_ends
from archsim.lowering import Stretch, lower
from archsim.mapping import map_workload
from archsim.metrics import LongResult, Result, Tally
from archsim.snn import measure
from archsim.spec import load_chip

UNEVEN = (2, 3, 2)
ONE_BY_ONE = (1, 1, 1, 1)
ONE_LEFT = (3, 1, 2)  # as the end of a pass leaves it: the next lead begins a window earlier
FEW = (2, 1)


@pytest.fixture
def ready(tmp_path, root_dir):
    """A run whose every window has spikes, errors and written cells of its own, and what was recorded of it."""

    def made(network: str, phase: str, sizes: tuple[int, ...], *options: str, **changes: object):
        chip_file = root_dir / "tests" / "chips" / "wearable_rram.yaml"
        chip = load_chip(chip_file, [*SMALL_CHIP, *options])
        n = sum(sizes)
        given = {"samples": n, "batch": n, "schedule": "sequential", **changes}
        work, activity = measure(Lowerer(tmp_path, chip_file).workload(network, **given), seed=0)
        rng = np.random.default_rng(3)
        weighted = {layer.name: layer for layer in work.network.weighted}
        errors = {name: (rng.random(activity.spikes[name].shape) < 0.7).astype(np.uint8) for name in weighted}
        steps = work.steps
        shapes = {name: (len(sizes), layer.n_rows(steps[layer.inputs[0]]), layer.n_columns)
                  for name, layer in weighted.items()}  # fmt: skip
        n_cells = chip.crossbar.n_columns_per_weight
        writes = {name: rng.integers(0, n_cells + 1, shape).astype(np.uint8) * (rng.random(shape) < 0.3)
                  for name, shape in shapes.items()}  # fmt: skip
        writes = {name: values.astype(np.uint8) for name, values in writes.items()}
        activity = replace(activity, errors=errors, writes=writes)
        run = LearningRun(chip, replace(work, n_batch=max(sizes)), map_workload(chip, work, phase), sizes)
        return run, Recorded(activity, tuple(range(len(sizes))), sizes)

    return made


def in_parts(run: LearningRun, recorded: Recorded):
    return [play_batch(run, k, recorded.of(run.parts(k))) for k in range(len(run.sizes))]


def as_one(run: LearningRun, recorded: Recorded):
    low = lower(run.chip, run.work, run.mapping, recorded.activity, stretch=Stretch(run.sizes))
    return low, run_tasks(low.graph, engine="compiled")


CASES = {
    f"{network}, {rule}, {schedule}, batches of {sizes}": (network, rule, schedule, sizes)
    for network, rule, schedule, sizes in (
        ("dense", "bp", "sequential", UNEVEN),
        ("dense", "dfa", "sequential", UNEVEN),
        ("dense", "bp", "within_batch", UNEVEN),
        ("dense", "dfa", "within_batch", UNEVEN),
        ("dense", "bp", "sequential", ONE_BY_ONE),
        ("dense", "dfa", "sequential", ONE_BY_ONE),
        ("dense", "dfa", "sequential", ONE_LEFT),
        ("dense", "bp", "within_batch", ONE_LEFT),
        ("convolutional", "bp", "sequential", FEW),
        ("along_time", "dfa", "sequential", UNEVEN),
        ("recurrent", "bp", "sequential", UNEVEN),
    )
}


@pytest.mark.parametrize(("network", "rule", "schedule", "sizes"), CASES.values(), ids=CASES)
def test_the_parts_add_up_to_the_run_as_one_graph(ready, network, rule, schedule, sizes):
    run, recorded = ready(network, rule, sizes, schedule=schedule)
    low, trace = as_one(run, recorded)
    costs = in_parts(run, recorded)
    windows = np.concatenate([cost.window_ps for cost in costs])
    assert windows.tolist() == np.diff(window_ends(low.graph, trace)).tolist()
    assert windows.sum() + costs[-1].writing_ps == trace.makespan_ps
    assert all(cost.is_cut for cost in costs) or sizes == ONE_BY_ONE

    tally, prices = Tally(), {}
    for cost in costs:
        tally.add(cost.tally)
        prices |= cost.prices
    rest = (low.parts.items(), run.mapping.crossbars_by_layer, run.mapping.n_crossbars_available)
    made = {"n_samples": sum(sizes), "phase": rule, "name": "", "provenance": {}}
    long = LongResult.of_tally(tally, trace.makespan_ps, prices, *rest, n_timesteps=6, way="", long_run={}, **made)
    full = Result.of(low.graph, trace, low.actions, *rest, **made)
    assert (long.energy_pj, long.area_um2, long.busy_ps) == (full.energy_pj, full.area_um2, full.busy_ps)
    assert long.n_tasks == low.graph.n_tasks
    for by in ("component", "layer", "stage", "action"):
        theirs = full.breakdown(by)
        for name, part in long.breakdown(by).items():
            if name in theirs:
                assert {**part, "latency_ps": 0} == {**theirs[name], "latency_ps": 0}
    assert long.utilisation() == pytest.approx(full.utilisation())
    written = [sum(getattr(cost.written, name) for cost in costs) for name in ("cells", "pulses", "failed")]
    assert written == pytest.approx([low.written.cells, low.written.pulses, low.written.failed])


@pytest.mark.parametrize("schedule", ["pipelined", "layer_parallel"])
def test_where_windows_overlap_the_parts_come_near(ready, schedule):
    run, recorded = ready("dense", "dfa", UNEVEN, schedule=schedule)
    _, trace = as_one(run, recorded)
    costs = in_parts(run, recorded)
    found = sum(int(cost.window_ps.sum()) for cost in costs) + costs[-1].writing_ps
    assert found == pytest.approx(trace.makespan_ps, rel=0.001)


def test_pulses_are_drawn_as_in_one_graph(ready):
    law = "write.pulses_per_cell={kind: lognormal}"
    run, recorded = ready("dense", "dfa", UNEVEN, law, "write.draw=true")
    low, trace = as_one(run, recorded)
    costs = in_parts(run, recorded)
    assert sum(cost.written.pulses for cost in costs) == pytest.approx(low.written.pulses)
    assert sum(int(cost.window_ps.sum()) for cost in costs) + costs[-1].writing_ps == trace.makespan_ps
