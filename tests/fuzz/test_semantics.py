"""Random valid chips, networks, phases and schedules: whatever they are, what a run says holds together.

``ARCHSIM_FUZZ`` is the number of cases, ``ARCHSIM_FUZZ_SEED`` the seed of the first one.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from causality_support import check_causality
from semantics_support import Case, case_of, plain_outputs

from archsim.engine import run_tasks
from archsim.engine.bounds import lower_bound
from archsim.errors import DeadlockError, DoesNotFitError
from archsim.metrics import Result
from archsim.verify import verify

FIRST = int(os.environ.get("ARCHSIM_FUZZ_SEED", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("ARCHSIM_FUZZ", "10")))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_run_holds_together(seed, root_dir, tmp_path):
    case = case_of(seed)
    try:
        check(case, root_dir, tmp_path)
    except Exception as error:
        again = f"ARCHSIM_FUZZ_SEED={seed} ARCHSIM_FUZZ=1 python -m pytest tests/fuzz/test_semantics.py"
        error.add_note(f"seed {seed}; again: {again}\n{case}")
        raise


def check(case: Case, root_dir, folder) -> None:
    try:
        low, work, activity = case.lowered(root_dir, folder)
    except DoesNotFitError:
        return  # said in words, which other tests read
    check_spikes(work, activity)
    check_run(low, work, check_engines(low.graph, "fifo", ("compiled", "heap", "simpy")), "fifo")
    try:
        trace = check_engines(low.graph, "static", ("compiled", "heap"))
    except DeadlockError:
        # the program order lays down all bursts of a layer that its inputs allow before those of the next; in
        # that order two steps of buffer are too few for some windows. It is said which capacity to raise
        return
    check_run(low, work, trace, "static")
    check_more_is_not_slower(low.graph, trace.makespan_ps, case.seed)


def check_run(low, work, trace, policy) -> None:
    bound = lower_bound(low.graph)
    verify(low.graph, trace, policy=policy, bound=bound)
    assert 0 < bound.makespan_ps <= trace.makespan_ps
    check_causality(low, work, trace)
    check_parts(low, work, trace, policy)


def check_spikes(work, activity) -> None:
    """Spikes are those of the definitions, for inputs that are spikes."""
    if work.activity.kind != "random_input":
        return
    for sample in range(work.n_samples):
        outputs = plain_outputs(work.network, activity.spikes["input"][sample])
        for name, values in outputs.items():
            assert np.array_equal(activity.spikes[name][sample], values != 0), f"spikes of {name}, sample {sample}"


def check_engines(graph, policy, engines):
    traces = [run_tasks(graph, engine=engine, policy=policy) for engine in engines]
    for trace in traces[1:]:
        for column in ("ready_ps", "start_ps", "done_ps"):
            assert np.array_equal(getattr(trace, column), getattr(traces[0], column)), f"{column} differs"
    return traces[0]


def check_parts(low, work, trace, policy) -> None:
    """Every energy is finite and none is negative; parts sum to the whole."""
    places = low.mapping
    result = Result.of(
        low.graph, trace, low.actions, low.parts.items(), places.crossbars_by_layer, places.n_crossbars_available,
        work.n_samples, places.phase, work.name, {}, policy,
    )  # fmt: skip
    assert low.graph.count.min() >= 0
    assert all(charge.energy_pj >= 0 for action in low.actions.values() for charge in action.charges)
    assert 0 < result.energy_pj < math.inf
    assert 0 < result.area_um2 < math.inf
    for by in ("component", "layer", "stage", "action"):
        parts = result.breakdown(by).values()
        assert all(part["energy_pj"] >= 0 for part in parts)
        assert math.fsum(part["energy_pj"] for part in parts) == result.energy_pj
    paid = {name.split("@")[0] for name, action in low.actions.items() if action.energy_pj > 0}
    working = {name.split("@")[0] for name in low.actions} & {"read", "convert", "add", "update", "program", "hop"}
    assert working <= paid, f"{working - paid} cost nothing"


def check_more_is_not_slower(graph, makespan_ps, seed) -> None:
    """Under static order, one more unit of any resource, or of all, never takes longer."""
    draw = np.random.default_rng(seed)
    chosen = [*draw.integers(0, graph.n_resources, 3).tolist(), slice(None)]
    for resource in chosen:
        capacity = graph.capacity.copy()
        capacity[resource] += 1
        more = run_tasks(replace(graph, capacity=capacity), engine="compiled", policy="static")
        assert more.makespan_ps <= makespan_ps, f"slower with more of {resource}"
