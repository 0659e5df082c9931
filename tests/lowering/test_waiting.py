"""Errors that are quantised once the sample is over: what they wait for, what keeps them, and who cannot wait."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from lowering_support import counts

from archsim.engine import run_tasks
from archsim.errors import MappingError
from archsim.verify import verify

OVER_SAMPLE = "execution.errors={kind: vector_maximum, over: sample}"
SAMPLES, TIMESTEPS = 3, 6
NEURONS = {"a": 12, "b": 9, "out": 3}


@pytest.fixture
def laid_down(lowered):
    def run(phase: str, said: str = "{}", *options: str, network: str = "dense", **changes: object):
        learning = f"{{rules: {{{phase}: {said}}}}}"
        return lowered(network, phase, options, samples=SAMPLES, batch=SAMPLES, learning=learning, **changes)

    return run


@pytest.mark.parametrize("schedule", ["sequential", "pipelined", "within_batch"])
@pytest.mark.parametrize(("phase", "said"), [("bp", "{}"), ("dfa", "{time_path: readout}")])
def test_nothing_is_sent_before_the_last_error_of_its_layer_and_sample_is_known(laid_down, phase, said, schedule):
    """By every policy; and samples that overlap wait for each other's room, never for ever."""
    low = laid_down(phase, said, OVER_SAMPLE, schedule=schedule)
    graph = low.graph
    actions = np.array([graph.action_names[k].split("@")[0] for k in graph.action])
    layers, phases = np.array(graph.layer_names)[graph.layer], np.array(graph.stage_names)[graph.stage]
    for policy in ("fifo", "static"):
        trace = run_tasks(graph, engine="compiled", policy=policy)
        verify(graph, trace, policy)
        for layer in ("a", "b"):
            for sample in range(SAMPLES):
                here = (layers == layer) & (graph.sample == sample) & np.isin(phases, ("backward", "feedback"))
                known, sent = (here & (actions == action) for action in ("surrogate", "scale"))
                assert trace.done_ps[known].max() <= trace.start_ps[sent].min()


def test_a_layers_errors_of_a_sample_lie_in_the_history_buffer(laid_down):
    """Of each layer its neurons times the timesteps, 16 bits each; DFA's error for the matrices beside them."""
    low = laid_down("dfa", "{time_path: readout}", OVER_SAMPLE)
    asked = Counter()
    for demand in low.mapping.buffers.demands:
        asked[demand.buffer, demand.user] += demand.least_bytes  # all homes together
    for name, n_neurons in NEURONS.items():
        assert asked["history_buffer", f"errors of {name}"] == n_neurons * TIMESTEPS * 2
    assert asked["history_buffer", "errors for feedback"] == NEURONS["out"] * TIMESTEPS * 2
    plain = laid_down("dfa", "{time_path: readout}")
    assert not any(d.user.startswith("errors") for d in plain.mapping.buffers.demands)


def test_it_costs_a_write_and_a_read_of_each_error_and_not_one_comparison_more(laid_down):
    waiting, at_once = (laid_down("bp", "{}", *said) for said in ((OVER_SAMPLE,), ()))
    found, before = (counts(low, stage="backward") for low in (waiting, at_once))
    assert found["scan"] == before["scan"] > 0
    n_errors = found["scan"]
    width = waiting.parts.chip.tile.history_buffer.width_bits
    extra = found["keep"] - before["keep"], found["recall"] - before["recall"]
    assert extra[0] == extra[1] >= n_errors * 16 / width
    assert waiting.graph.n_tasks > at_once.graph.n_tasks


CANNOT = {
    "dfa": ("dfa", "{}", "time_path"),
    "dfa with traces": ("dfa", "{time_path: full, time_form: traces}", "traces"),
    "bp in pieces": ("bp", "{steps: 2}", "steps"),
    "bp without a path through time": ("bp", "{time_path: none}", "time_path: none"),
    "e-prop": ("eprop", "{}", "traces"),
    "OTTT": ("ottt", "{}", "pieces"),
    "DRTP": ("drtp", "{}", "time_path"),
    "local losses": ("local_losses", "{}", "time_path"),
}


@pytest.mark.parametrize(("phase", "said", "why"), CANNOT.values(), ids=CANNOT)
def test_a_rule_that_sends_errors_while_the_sample_runs_is_refused_with_what_would_help(
    laid_down, phase, said, why
):
    with pytest.raises(MappingError, match=r"execution\.errors\.over: sample keeps errors") as refused:
        laid_down(phase, said, OVER_SAMPLE)
    assert why in str(refused.value)
    assert "over: timestep" in str(refused.value)


def test_recurrent_weights_cannot_carry_errors_that_wait(laid_down):
    with pytest.raises(MappingError, match="recurrent weights of"):
        laid_down("bp", "{}", OVER_SAMPLE, network="recurrent")


def test_a_network_without_hidden_layers_keeps_nothing_for_matrices(laid_down):
    """What nobody reads would never be given up, and the next sample would wait for its room."""
    one = "{input: [5], layers: [{name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}]}\n"
    low = laid_down("dfa", "{time_path: readout}", OVER_SAMPLE, network_text=f" {one}")
    verify(low.graph, run_tasks(low.graph, engine="compiled"))
    assert counts(low, stage="feedback")["scan"] == 3 * TIMESTEPS * SAMPLES
