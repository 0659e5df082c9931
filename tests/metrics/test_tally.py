"""Tasks that are added up by kind give the ledger of the graph that they come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.metrics import LongResult, Result, Tally
from archsim.names import BREAKDOWNS
from archsim.taskgraph import TaskGraph


@settings(max_examples=25)
@given(data=st.data())
def test_a_tally_gives_the_figures_of_its_graph(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[[TaskGraph], Result], data: st.DataObject
) -> None:
    whole = evaluate(data.draw(random_graphs))
    tally = Tally()
    tally.add(Tally.of(whole.graph))
    labels = {"n_samples": 4, "phase": "bp", "name": "net", "provenance": {}}
    chip = whole.items, whole.crossbars, whole.n_crossbars
    long = LongResult.of_tally(
        tally, whole.latency_ps, whole.actions, *chip, n_timesteps=1, way="", long_run={}, **labels
    )
    for name in ("n_tasks", "energy_pj", "dynamic_energy_pj", "area_um2", "busy_ps", "average_power_uw"):
        assert getattr(long, name) == getattr(whole, name), name
    assert tally.energy_pj(whole.actions) == pytest.approx(whole.dynamic_energy_pj, rel=1e-12)
    for by in BREAKDOWNS:
        for name, part in whole.breakdown(by).items():
            theirs = long.breakdown(by)[name]
            assert (theirs["energy_pj"], theirs["busy_ps"]) == (part["energy_pj"], part["busy_ps"])
    of_layers = [tally.count("drive", layer=layer) for layer in ("", "fc1", "fc2")]
    assert tally.count("drive") == sum(of_layers)
    assert tally.tasks("drive", stage="update") <= tally.tasks("drive") <= tally.n_tasks
