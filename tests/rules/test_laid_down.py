"""Every rule lays down tasks that run: each cell is written once a batch, each weight has its outer product."""

from __future__ import annotations

import pytest
from lowering_support import ERROR_ROWS, counts
from rules.test_rules import NAMES

from archsim.engine import run_tasks
from archsim.errors import ArchsimError
from archsim.registry import RULES
from archsim.verify import verify

BY_TIMESTEP = "{error: per_timestep}"
CELLS = 4  # two slices, in pairs


# the mirror's noise is spikes: a pool, which sends numbers, is refused below
PAIRS = {(rule, network) for rule in NAMES for network in ("dense", "convolutional")} - {
    ("weight_mirror", "convolutional")
}


@pytest.mark.parametrize(("rule", "network"), sorted(PAIRS))
def test_every_rule_writes_every_cell_once_a_batch(lowered, rule, network):
    low = lowered(network, rule, samples=1, batch=1, timesteps=3, learning=BY_TIMESTEP)
    verify(low.graph, run_tasks(low.graph, engine="heap"))
    for plan in (plan for plan in low.mapping.plans.values() if plan.forward):
        layer, n_rows = plan.layer, plan.n_rows
        copied = any(block.role == "copy" for block in low.mapping.blocks if block.layer == layer.name)
        n_rows += ERROR_ROWS[network][layer.name] if copied else 0
        found = counts(low, layer=layer.name)
        n_cells = n_rows * layer.n_columns * CELLS
        if rule == "direct_kolen_pollack" and layer is not low.mapping.plans["out"].layer:
            n_cells += 3 * layer.n_neurons * CELLS
        assert found["program"] == found["verify"] == n_cells
        assert found["outer"] > 0
    assert RULES[rule].error_stage in low.graph.stage_names


SAID = {
    "pieces of no path": ("bp", "dense", "{rules: {bp: {steps: 2, time_path: readout}}}", "cuts the path through"),
    "rank of a label": ("drtp", "dense", "{rules: {drtp: {rank: 2}}}", "a label is one number already"),
    "one way": ("local_losses", "dense", "{rules: {local_losses: {place: {kind: arrays}}}}", "reads one way"),
    "one error": ("local_losses", "dense", "{error: mean_rate}", "use error: per_timestep"),
    "numbers for a mirror": ("weight_mirror", "convolutional", BY_TIMESTEP, "its noise is spikes"),
    "traces, one error": ("eprop", "dense", "{error: mean_rate}", "which meet the error of each timestep"),
    "traces, windows": ("eprop", "along_time", BY_TIMESTEP, "read other timesteps (windows, delays)"),
    "inputs, one error": ("ottt", "dense", "{error: mean_rate}", "which meet the error of each timestep"),
}


@pytest.mark.parametrize(("rule", "network", "learning", "said"), SAID.values(), ids=SAID)
def test_what_a_rule_cannot_do_is_refused_with_what_would_help(lowered, rule, network, learning, said):
    with pytest.raises(ArchsimError) as caught:
        lowered(network, rule, learning=learning)
    assert said in str(caught.value)
