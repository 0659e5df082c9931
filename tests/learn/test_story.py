"""The whole story on a small network: what is kept, what is resumed, what is refused."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
from learning_support import chip, work

import archsim.learn.story as story
from archsim.errors import DoesNotFitError, WorkloadError
from archsim.learn import learn
from archsim.learn.hardware import phases_of, timed
from archsim.snn import forward
from archsim.snn.activity import Activity
from archsim.snn.learn.adaptation import adapt
from archsim.snn.learn.pretraining import data_of, pretrain
from archsim.workload.nir_reader import from_nir

ENDURING = "device.errors.endurance.cycles=1e6"


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A finished run, its folder and what it told."""
    folder, told = tmp_path_factory.mktemp("learn") / "run", []
    result = learn(
        chip(ENDURING), work(), folder=folder, tell=lambda what, progress: told.append((what, progress))
    )
    return result, folder, told


@pytest.fixture
def run(first, tmp_path):
    """The result and a copy of its folder."""
    shutil.copytree(first[1], tmp_path / "run")
    return first[0], tmp_path / "run"


def no_work(monkeypatch, *names):
    """Whoever does one of these parts again fails the test."""

    def refuse(*_arguments, **_options):
        raise AssertionError("a finished part is done again")

    for name in names:
        monkeypatch.setattr(story, name, refuse)


def test_both_rules_win_back_part_of_the_loss(first):
    for rule in ("bp", "dfa"):
        ours = first[0].of(rule)[0]
        assert ours.source > ours.before + 0.2
        assert ours.after > ours.before + 0.05
        assert 0 < ours.written_frac < 1
        assert 0 < ours.wear.years < np.inf


def test_the_story_is_what_its_parts_give(first):
    data = data_of(work(), 0)
    trained = pretrain(work(), data, 0)
    done = adapt(chip(ENDURING), work(), trained.network, data, "dfa", 0)
    ours = first[0].of("dfa")[0]
    parts = (trained.train_accuracy, trained.test_accuracy, done.before, done.after, done.ideal_after)
    assert (ours.source, ours.ideal_before, ours.before, ours.after, ours.ideal_after) == parts


def test_the_event_simulation_prices_a_sample_of_the_adaptation(first):
    result, folder, _ = first
    assert sorted(result.hardware) == ["bp", "dfa", "inference"]
    ours, found = result.of("bp")[0], result.hardware["bp"]
    whole = found["adaptation"]
    assert (whole["n_windows"], whole["n_updates"]) == (ours.n_windows, ours.n_steps)
    assert whole["n_simulated"] == ours.n_simulated == 4
    assert found["totals"]["n_samples"] == 16  # of batches of 4
    assert 0 < whole["energy_pj"]["half_width"] < whole["energy_pj"]["value"]
    assert whole["window_ps"]["p50"] <= whole["window_ps"]["p99"] <= whole["window_ps"]["largest"]
    recorded = Activity.load(folder / "seed_0_bp_activity.npz", work().network)
    assert recorded.n_samples >= 16 + timed(work())[0]  # the first windows too, with which inference is timed
    assert found["provenance"]["writes"]["cells"] > 0
    each = {phase: result.per_sample(phase) for phase in result.hardware}
    assert each["inference"]["energy_pj"] < each["dfa"]["energy_pj"] < each["bp"]["energy_pj"]
    assert each["bp"]["area_um2"] > each["dfa"]["area_um2"]  # the second copy of the weights


def test_the_same_seed_gives_the_same_bits(first, tmp_path):
    again = learn(chip(ENDURING), work(), rules=("dfa",), folder=tmp_path / "again")
    assert again.of("dfa") == first[0].of("dfa")
    with np.load(first[1] / "seed_0_dfa.npz") as one, np.load(tmp_path / "again" / "seed_0_dfa.npz") as other:
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


def test_the_saved_networks_read_back_to_the_same_spikes(first):
    folder = first[1]
    network = from_nir(folder / "seed_0_pretrained.nir")
    recorded = Activity.load(folder / "seed_0_bp_activity.npz", work().network)
    data = data_of(work(), 0)
    trained = pretrain(work(), data, 0).network
    for k in range(3):
        here, there = (forward(net, data.test.inputs[:, k]).outputs for net in (trained, network))
        np.testing.assert_array_equal(here["fc1"], there["fc1"])
        np.testing.assert_array_equal(here["fc2"], there["fc2"])
    assert set(recorded.spikes) == {"input", *network.names}


def test_the_result_is_kept_with_all_that_made_it(first):
    data = json.loads((first[1] / "learning.json").read_text())
    assert data == json.loads(json.dumps(first[0].to_dict()))
    made = data["provenance"]
    assert made["chip"]["name"] == "wearable_rram"
    assert made["workload"]["learning"]["adapt"]["passes"] == 2
    assert made["seeds"] == [0]
    assert made["versions"]["seglearn"] != "not installed"


def test_it_tells_how_far_it_is(first):
    steps = [progress for what, progress in first[2] if what == "seed 0: pre-training" and progress]
    assert [p.step for p in steps] == list(range(1, steps[-1].n_steps + 1))
    assert {what for what, _ in first[2]} > {"seed 0: adapting with bp", "event simulation of dfa"}


def test_resuming_a_finished_run_does_nothing_again(run, monkeypatch):
    result, folder = run
    no_work(monkeypatch, "pretrain", "adapt", "data_of")
    monkeypatch.setattr("archsim.learn.timing.played", None)
    assert learn(chip(ENDURING), work(), folder=folder, resume=True) == result


def test_an_interrupted_run_goes_on_where_it_was(run, monkeypatch):
    result, folder = run
    for name in ("seed_0_dfa.npz", "hardware_bp.npz", "hardware_dfa.npz", "learning.json"):
        (folder / name).unlink()
    no_work(monkeypatch, "pretrain")
    assert learn(chip(ENDURING), work(), folder=folder, resume=True) == result


def test_ctrl_c_leaves_what_is_finished(tmp_path, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(story, "adapt", interrupted)
    with pytest.raises(KeyboardInterrupt):
        learn(chip(), work(), folder=tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "seed_0_pretrained.nir",
        "seed_0_pretrained.npz",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"of_work": "network.layers.0.outputs=20"}, "network.layers.0.outputs was 24, is 20"),
        ({"of_work": "learning.adapt.passes=3"}, "learning.adapt.passes was 2, is 3"),
        ({"of_chip": "device.levels=8"}, "chip.device.levels was 4, is 8"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(run, change, said):
    its_work = work(change["of_work"]) if "of_work" in change else work()
    its_chip = chip(ENDURING, change["of_chip"]) if "of_chip" in change else chip(ENDURING)
    with pytest.raises(WorkloadError, match=said):
        learn(its_chip, its_work, folder=run[1], resume=True)


def test_a_torn_checkpoint_is_refused_by_name(run):
    torn = run[1] / "seed_0_bp.npz"
    torn.write_bytes(torn.read_bytes()[:500])
    with pytest.raises(WorkloadError, match=r"seed_0_bp\.npz: the checkpoint is damaged"):
        learn(chip(ENDURING), work(), folder=run[1], resume=True)


def test_without_a_rule_the_drop_is_shown_and_nothing_adapts(tmp_path):
    only_train = work("learning.data.split=random_windows", "learning.data.step=64", "learning.pretrain.epochs=1")
    result = learn(chip(), only_train, rules=(), folder=tmp_path / "run")
    assert result.runs == ()
    assert list(result.hardware) == ["inference"]
    assert 0 < result.unadapted_accuracy("before").mean <= 1
    assert "leakage" in result.notes[0]
    assert learn(chip(), only_train, rules=(), folder=tmp_path / "run", resume=True) == result


def test_divergence_says_which_seed_and_rule_and_layer(tmp_path, monkeypatch):
    # with a rate that a file may hold these few steps stay finite
    monkeypatch.setattr("archsim.units.fields.LARGEST", math.inf)
    wild = work("learning.adapt.optimizer={kind: sink, rate: 1.7e308}")
    with pytest.raises(WorkloadError, match=r"seed 0, adapting with bp: .*diverged at step \d+: .*'\w+'"):
        learn(chip(), wild, rules=("bp",), folder=tmp_path / "run")
    assert (tmp_path / "run" / "seed_0_pretrained.npz").exists()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("learning.data.split=random_windows", "leaves nothing to adapt to"),
        ("network.input=[9]", "network.input"),
        ("network.layers.2.outputs=6", "7 classes"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_any_training(override, said, tmp_path, monkeypatch):
    no_work(monkeypatch, "pretrain")
    with pytest.raises(WorkloadError, match=said):
        learn(chip(), work(override), folder=tmp_path / "run")


def test_a_workload_without_the_story_says_what_it_lacks():
    plain = work("learning={error: per_timestep}")
    with pytest.raises(WorkloadError) as refused:
        learn(chip(), plain)
    for part in ("data", "pretrain", "adapt"):
        assert f"learning.{part} is missing" in str(refused.value)


def test_a_chip_that_is_too_small_is_told_before_any_training(monkeypatch):
    no_work(monkeypatch, "pretrain", "data_of")
    with pytest.raises(DoesNotFitError):
        learn(chip("tiles=1", "tile.pes=1", "pe.crossbars=1"), work())


def test_wrong_choices_are_named_together():
    with pytest.raises(WorkloadError) as refused:
        learn(chip(), work(), rules=("bp", "rl"), seeds=0)
    assert "'rl' is unknown" in str(refused.value)
    assert "seeds is 0" in str(refused.value)
    with pytest.raises(WorkloadError, match="name the folder"):
        learn(chip(), work(), resume=True)


def test_what_is_timed_are_whole_batches_of_the_adaptation():
    assert timed(work("samples=5", "batch=5")) == (8, 4)
    assert phases_of(work("phases=[bp]"), ["dfa"]) == ("dfa",)
    assert phases_of(work("phases=[bp]"), []) == ("inference",)


def test_more_seeds_than_are_meant_are_refused_at_once():
    with pytest.raises(WorkloadError, match="seeds is 1000000000; it must be a whole number of 1 to 10000"):
        learn(chip(), work(), seeds=10**9)
