"""A whole adaptation as numbers and as tasks: the arrays count what the tasks do, action by action."""

from __future__ import annotations

import math

import pytest
from learning_support import chip, work

from archsim.explore.measures import ACCURACIES, LEARNED
from archsim.learn.pretrained import accuracies
from archsim.learn.sampling import batch_sizes
from archsim.learn.whole import Plan, Recorded, adaptation_cost, played, programming_cost, run_of
from archsim.metrics import Tally
from archsim.snn.learn.adaptation import adapt
from archsim.snn.learn.chip import COPY, FEEDBACK
from archsim.snn.learn.pretraining import data_of, pretrain

# bits of numbers in one cycle each, and nothing skipped: where both sides read alike (docs/models/learning.md)
ALIKE = (
    "device.levels=16", "adc.conversion={subtract: digital}", "adc.resolution=10 bit",
    "execution.skip_idle_blocks=false", "drivers.resolution=7 bit",
    "execution.error_resolution=7 bit",
    "device.errors={programming: {kind: constant, sigma: 0.03}, write_verify: {band: 0.04, max_pulses: 9}}",
)  # fmt: skip
FEW = ("input_resolution=7 bit", "learning.data.step=512", "learning.adapt.windows=26")


EVERY_THIRD = {
    "direct_kolen_pollack": "{decay: 0.05, every: 3}",
    "kolen_pollack": "{decay: 0.05, every: 3}",
    "weight_mirror": "{pairs: 1, every: 3}",
}


@pytest.fixture(scope="module", params=["bp", "dfa", *EVERY_THIRD])
def adapted(request):
    """One adaptation of two passes, and all of its batches as tasks."""
    rule, the_chip = request.param, chip(*ALIKE)
    said = {rule: EVERY_THIRD[rule]} if rule in EVERY_THIRD else {}
    the_work = work(*FEW, *(f"learning.rules={{{name}: {settings}}}" for name, settings in said.items()))
    data = data_of(the_work, 0)
    start = pretrain(the_work, data, 0).network
    plan = Plan.of(the_work, len(data.adapt), 10**6, seed=0)
    done = adapt(the_chip, the_work, start, data, rule, 0, record=frozenset(plan.recorded))
    run = run_of(the_chip, the_work, start, plan, rule, "compiled")
    costs = list(played(run, Recorded(done.activity, plan.recorded, plan.sizes), plan.sample))
    tally = Tally()
    for cost in costs:
        tally.add(cost.tally)
    return done, run, plan, costs, tally


def test_every_window_of_every_batch_is_simulated(adapted):
    done, _, plan, costs, _ = adapted
    assert [len(cost.window_ps) for cost in costs] == list(plan.sizes)
    assert (sum(plan.sizes), len(plan.sizes)) == (done.n_windows, done.n_steps)
    assert plan.sizes == batch_sizes(done.n_windows // 2, 4, 2)
    assert all(cost.is_cut for cost in costs)
    assert len({cost.dynamic_energy_pj for cost in costs}) > len(costs) // 2  # each has its own activity


def test_the_arrays_count_what_the_tasks_do_over_the_whole_adaptation(adapted):
    done, _, _, costs, tally = adapted
    for layer in ("fc1", "fc2", "out"):
        arrays = done.counters[layer]
        for told, found in (
            (tally.tasks, ("read", arrays.reads)),
            (tally.count, ("convert", arrays.conversions)),
            (tally.count, ("drive", arrays.active_rows)),
        ):  # with noise that passes between updates
            both = [told(found[0], stage=stage, layer=layer) for stage in ("forward", "update")]
            assert sum(both) == found[1] > 0
            assert (both[1] > 0) == (done.rule == "weight_mirror" and layer != "fc1")
        for suffix, stage in ((COPY, "backward"), (FEEDBACK, "feedback")):
            if layer + suffix in done.counters:
                other = done.counters[layer + suffix]
                assert tally.tasks("read", stage=stage, layer=layer) == other.reads > 0
                assert tally.count("convert", stage=stage, layer=layer) == other.conversions
    learns = done.rule == "direct_kolen_pollack"
    written = [key for key in done.counters if learns or not key.endswith(FEEDBACK)]
    assert all(done.counters[key].pulses > 0 for key in written)
    pulses = sum(done.counters[key].pulses for key in written)
    assert sum(cost.written.pulses for cost in costs) == pytest.approx(pulses)
    assert done.pulses_by_update["all"] == [cost.written.pulses for cost in costs]
    assert all(
        0 <= few <= n for few, n in zip(done.pulses_by_update["serial"], done.pulses_by_update["all"], strict=True)
    )
    assert pulses == sum(done.counters[key].verify_reads for key in written) > 0
    n_cells = tally.count("program", stage="update")
    assert n_cells == tally.count("verify", stage="update") == sum(cost.written.cells for cost in costs)
    assert 0 < n_cells < pulses


def test_matrices_that_learn_meet_the_errors_that_were_sent(adapted):
    """A term for each spike and each code that is not zero, over the whole adaptation."""
    done, run, _, _, tally = adapted
    if done.rule != "direct_kolen_pollack":
        assert not any(layer.endswith(FEEDBACK) for layer in done.activity.writes)
        return
    is_error = done.activity.fed_back["out"] != 0
    assert 0 < is_error.mean() < 1
    for layer in ("fc1", "fc2"):
        spikes = done.activity.spikes[layer].reshape(*done.activity.spikes[layer].shape[:2], -1)
        expected = int((spikes.sum(axis=2, dtype=int) * is_error.sum(axis=2)).sum())
        assert tally.count("outer", stage="feedback", layer=layer) == expected
    n_values = 7 * sum(run.work.network.layer(name).n_neurons for name in ("fc1", "fc2"))
    n_weights = sum(layer.weight.size for layer in run.work.network.weighted)
    n_decays = done.n_steps // 3
    assert tally.count("decay", stage="update") == n_decays * (n_weights + n_values)


def test_the_figures_are_those_of_all_batches(adapted):
    done, run, plan, costs, tally = adapted
    first = programming_cost(run.chip, run.work, run.work.network, run.mapping.phase, "compiled")
    found = adaptation_cost(run, plan.sample, iter(costs), first, done.pulses_by_update)
    whole, totals = found["adaptation"], found["totals"]
    assert whole["is_whole"]
    assert whole["latency_ps"] == {"value": totals["latency_ps"], "standard_error": 0, "half_width": 0}
    assert totals["latency_ps"] == sum(int(cost.window_ps.sum()) for cost in costs) + costs[-1].writing_ps
    dynamic = math.fsum(cost.dynamic_energy_pj for cost in costs)
    assert totals["dynamic_energy_pj"] == pytest.approx(dynamic, rel=1e-12)
    assert whole["energy_pj"]["value"] == totals["energy_pj"] > totals["dynamic_energy_pj"]
    assert whole["window_ps"]["value"] == totals["latency_ps"] / done.n_windows
    assert totals["n_tasks"] == tally.n_tasks
    assert whole["programming"]["pulses"] >= whole["programming"]["cells"] > 0


def test_a_study_may_ask_what_adapting_takes(tmp_path):
    the_work = work(*FEW, "learning.adapt.passes=1", "learning.pretrain.epochs=1")
    found = accuracies(chip(*ALIKE), the_work, "dfa", 0, tmp_path, costs=True)
    plain = accuracies(chip(*ALIKE), the_work, "dfa", 0, tmp_path)
    assert {name: found[name] for name in plain} == plain
    assert set(found) - set(plain) == set(LEARNED) - set(ACCURACIES)
    assert all(found[name] > 0 for name in set(found) - set(plain))
