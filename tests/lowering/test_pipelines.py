"""With unit-cycle stages and no contention, every schedule takes exactly the cycles of its closed form.

The graphs are lowered like any other; only their times are replaced, and ports and units made plentiful.
PipeLayer: Song et al., HPCA 2017; the formulas are those of `known_answers.json`, derived after the paper.
"""

from __future__ import annotations

import json
from functools import partial

import pytest
from pipeline_support import WIDTH, in_unit_cycles, lowered_chain

from archsim.errors import DoesNotFitError

SHAPES = [(1, 1, 3), (2, 1, 5), (3, 4, 4), (3, 4, 12), (5, 8, 16), (8, 3, 9), (4, 16, 32)]  # L, B, N


@pytest.fixture
def known(reference_dir):
    return json.loads((reference_dir / "reference/known_answers.json").read_text())


@pytest.fixture
def lower_chain(tmp_path, root_dir):
    return partial(lowered_chain, tmp_path, root_dir / "arch_specs/wearable_rram.yaml")


@pytest.fixture
def chain(lower_chain):
    return lambda *args, **keys: in_unit_cycles(lower_chain(*args, **keys))


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_within_a_batch_bp_takes_pipelayers_cycles(chain, n_layers, batch, samples):
    run = chain(n_layers, "bp", schedule="within_batch", samples=samples, batch=batch)
    assert run.cycles == samples // batch * (2 * n_layers + batch + 1)


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_one_sample_after_the_other_bp_takes_the_cycles_of_a_machine_without_a_pipeline(
    chain, n_layers, batch, samples
):
    run = chain(n_layers, "bp", schedule="sequential", samples=samples, batch=batch)
    assert run.cycles == (2 * n_layers + 1) * samples + samples // batch


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
@pytest.mark.parametrize("error", ["per_timestep", "mean_rate"])
def test_within_a_batch_dfa_has_all_gradients_one_cycle_after_the_output(chain, n_layers, batch, samples, error):
    learning = f"{{error: {error}}}"
    run = chain(n_layers, "dfa", schedule="within_batch", samples=samples, batch=batch, learning=learning)
    assert run.cycles == samples // batch * (n_layers + batch + 2)


@pytest.mark.parametrize(("n_layers", "batch", "samples"), SHAPES)
def test_testing_takes_a_cycle_a_sample_behind_the_first(chain, n_layers, batch, samples):
    keys = {"samples": samples, "batch": batch}
    assert chain(n_layers, "inference", schedule="pipelined", **keys).cycles == samples + n_layers - 1
    assert chain(n_layers, "inference", schedule="sequential", **keys).cycles == samples * n_layers


def test_the_recorded_examples_of_pipelayer_and_dfa_come_out(chain, known):
    """Large examples batch by batch: after an update nothing is left of the batch before."""
    for example in known["pipelayer"]["examples"]:
        n_layers, batch = example["L"], example["B"]
        for schedule, expected in (("within_batch", example["pipelined"]), ("sequential", example["sequential"])):
            one, two = (
                chain(n_layers, "bp", schedule=schedule, samples=n * batch, batch=batch).cycles for n in (1, 2)
            )
            assert two == 2 * one
            assert one * example["N"] / batch == expected
    for example in known["dfa_pipeline"]["examples"]:
        batch = example["B"]
        run = chain(example["L"], "dfa", schedule="within_batch", samples=batch, batch=batch)
        assert run.cycles * example["N"] / batch == example["dfa"]


def test_the_arrays_of_a_pipeline_idle_for_gpipes_bubble(chain, known):
    for example in known["gpipe"]["examples"]:
        run = chain(example["p"], "inference", schedule="pipelined", samples=example["m"])
        busy = len(run.tasks("read")) / example["p"]
        assert 1 - busy / run.cycles == pytest.approx(example["bubble"], abs=1e-12)


def history_demand(low):
    """By space in the history buffers: bytes without which nothing goes on, for full overlap, and of a step."""
    found = {}
    for demand in low.mapping.buffers.demands:
        if demand.buffer == "history_buffer":
            step = 2 * WIDTH if demand.user.startswith("potentials") else 1  # 16 bits a neuron; 4 spikes in a byte
            space = f"tile[{demand.tile}].history_buffer.space[{demand.user}]"
            found[space] = (demand.least_bytes, demand.liked_bytes, step)
    return found


@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize("n_layers", [2, 4])
def test_the_history_of_bp_is_pipelayers(lower_chain, n_layers, timesteps):
    """Potentials 2 (L - l) + T, inputs two more: for T = 1 PipeLayer's 2 (L - l) + 1 behind each layer.

    An input of layer l is an output of the layer below, behind which the paper has 2 (L - (l - 1)) + 1 buffers.
    """
    low = lower_chain(n_layers, "bp", schedule="within_batch", samples=16, batch=16, timesteps=timesteps)
    for space, (_, liked, step) in history_demand(low).items():
        what, layer = space.split("space[")[1].rstrip("]").split(" of l")
        behind = 2 * (n_layers - int(layer)) + timesteps
        assert liked == step * (behind if what == "potentials" else behind + 2)


@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize("n_layers", [2, 4])
@pytest.mark.parametrize(
    ("phase", "error"), [("bp", "per_timestep"), ("dfa", "mean_rate"), ("dfa", "per_timestep")]
)
def test_the_demanded_history_is_just_enough(lower_chain, n_layers, timesteps, phase, error):
    keys = {"schedule": "within_batch", "samples": 12, "batch": 12, "timesteps": timesteps}
    low = lower_chain(n_layers, phase, **keys, learning=f"{{error: {error}}}")
    free, demand = in_unit_cycles(low), history_demand(low)
    assert len(demand) == 2 * n_layers
    enough = {space: liked for space, (_, liked, _) in demand.items()}
    full = in_unit_cycles(low, dict.fromkeys(demand, 10**6))
    exact = in_unit_cycles(low, enough)
    assert exact.cycles == free.cycles == full.cycles
    for space, (least, liked, step) in demand.items():
        assert exact.peak(space) == liked or liked == least
        if liked > least:
            assert in_unit_cycles(low, enough | {space: liked - step}).cycles > exact.cycles


def test_a_smaller_history_holds_samples_back_and_one_too_small_for_a_sample_is_refused(chain):
    keys = {"schedule": "within_batch", "samples": 8, "batch": 8}
    with pytest.raises(DoesNotFitError) as refused:
        chain(3, "bp", "tile.history_buffer.size=1 B", **keys)
    cycles = [
        chain(3, "bp", f"tile.history_buffer.size={size} B", **keys).cycles
        for size in (refused.value.needed, 2 * refused.value.needed, 4 * refused.value.needed)
    ]
    assert cycles[0] == (2 * 3 + 1) * 8 + 1  # one sample after the other
    assert cycles[0] > cycles[1] > cycles[2] >= 2 * 3 + 8 + 1
