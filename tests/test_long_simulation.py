"""Any number of timesteps of a workload: every figure is that of the whole task graph."""

from __future__ import annotations

import importlib
import json
import math
import os

import pytest

import archsim
from archsim.errors import TooLargeError, WorkloadError
from archsim.metrics import BREAKDOWNS, LongResult, Result

long_simulation = importlib.import_module("archsim.long_simulation")
memory = importlib.import_module("archsim.memory")

CONSTANT = ["timesteps=4", "samples=1", "batch=1", "activity={kind: constant, input: 0.5, default: 0.1}"]
DRAWN = ["timesteps=5", "samples=1", "batch=1", "activity={kind: rates, input: 0.5, default: 0.1}"]


@pytest.fixture(scope="module")
def chip():
    return archsim.load_chip("tests/chips/wearable_rram.yaml")


def load(*assignments: str):
    return archsim.load_workload("workloads/watch_mlp.yaml", list(assignments))


def both(monkeypatch, chip, work, timesteps, policy="fifo") -> tuple[LongResult, Result]:
    """The same run in the window and in full, the latter without any template."""
    monkeypatch.setattr(long_simulation, "FULL_TASKS", 0)
    long = archsim.simulate(chip, work, phase="inference", timesteps=timesteps, policy=policy)
    monkeypatch.setattr(long_simulation, "find_recurrence", lambda *_: (None, "not looked for"))
    full = archsim.simulate(chip, work, "compiled", phase="inference", timesteps=timesteps, policy=policy)
    monkeypatch.undo()
    assert isinstance(full, Result)
    return long, full


def assert_equal(long: LongResult, full: Result) -> None:
    assert isinstance(long, LongResult)
    for name in ("latency_ps", "n_tasks", "energy_pj", "dynamic_energy_pj", "leakage_energy_pj", "area_um2",
                 "busy_ps", "average_power_uw", "throughput_per_s", "n_samples"):  # fmt: skip
        assert getattr(long, name) == getattr(full, name), name
    for by in BREAKDOWNS:
        mine, whole = long.breakdown(by), full.breakdown(by)
        assert mine.pop("(not followed)")["latency_ps"] == full.latency_ps
        assert set(mine) == set(whole)
        for name, part in mine.items():
            for key in ("energy_pj", "busy_ps", "area_um2", "count"):
                assert part[key] == whole[name][key], (by, name, key)
            if not math.isinf(part["throughput_per_s"]):
                assert part["throughput_per_s"] == pytest.approx(whole[name]["throughput_per_s"], rel=1e-12)
    assert long.utilisation() == pytest.approx(full.utilisation(), rel=1e-12)


@pytest.mark.parametrize("policy", ["fifo", "static"])
@pytest.mark.parametrize("activity", [CONSTANT, DRAWN], ids=["constant", "drawn"])
def test_a_long_run_has_the_figures_of_the_whole_graph(monkeypatch, chip, activity, policy):
    for timesteps in (40, 61):
        long, full = both(monkeypatch, chip, load(*activity), timesteps, policy)
        assert_equal(long, full)


def test_several_samples_follow_each_other_as_in_the_whole_graph(monkeypatch, chip):
    long, full = both(monkeypatch, chip, load(*CONSTANT, "samples=3"), 50)
    assert_equal(long, full)


def test_a_million_timesteps_of_constant_activity_say_when_they_became_steady(chip):
    result = archsim.simulate(chip, load(*CONSTANT), timesteps=1_000_000)
    assert isinstance(result, LongResult)
    assert "period 1 (" in result.way
    steady = result.long_run["steady"][0]
    short = archsim.simulate(chip, load(*CONSTANT), timesteps=100_000)
    assert result.latency_ps - short.latency_ps == 900_000 * steady["period_ps"]
    assert result.energy_pj == pytest.approx(10 * short.energy_pj, rel=1e-3)


SHAPE = [*CONSTANT, "network.width=8"]  # two of its layers read the input, the second one later than the first


@pytest.mark.parametrize("policy", ["fifo", "static"])
@pytest.mark.parametrize("chip_name", ["wearable_rram", "spikesim_65nm"])
def test_the_input_does_not_run_ahead_where_several_layers_read_it(chip_name, policy):
    work = archsim.load_workload("workloads/watch_shape.yaml", SHAPE)
    assert len(work.network.consumers("input")) == 2
    on = archsim.load_chip(f"arch_specs/{chip_name}.yaml")
    result = archsim.simulate(on, work, phase="inference", policy=policy, timesteps=10**6, max_memory_bytes=10**9)
    assert "iterations skipped" in result.way


SMALL = {
    "watch_mlp.yaml": [],
    "watch_shape.yaml": ["network.width=6", "network.hidden=2"],
    "recurrent_cuba.nir": [],
}


SCHEDULES = ["sequential", "pipelined", "layer_parallel", "within_batch", "three_level"]
LENGTHS = (1, 2, 7, 40, 100, *([1000] if "ARCHSIM_NIGHTLY" in os.environ else []))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("chip_name", ["wearable_rram", "neurram_130nm"])
def test_every_schedule_of_every_network_costs_what_a_workload_of_as_many_timesteps_does(
    monkeypatch, chip_name, workload, schedule
):
    # one size, since an automatic buffer follows the timesteps of the workload
    on = archsim.load_chip(f"arch_specs/{chip_name}.yaml", ["global_buffer.size=1 MiB"])
    sets = [*CONSTANT, *SMALL[workload], f"schedule={schedule}", "samples=2", "batch=2"]
    work = archsim.load_workload(f"workloads/{workload}", sets)
    monkeypatch.setattr(long_simulation, "FULL_TASKS", 0)
    for timesteps in LENGTHS:
        asked = archsim.simulate(on, work, "compiled", phase="inference", timesteps=timesteps)
        as_written = archsim.load_workload(f"workloads/{workload}", [*sets, f"timesteps={timesteps}"])
        whole = archsim.simulate(on, as_written, "compiled", phase="inference")
        assert isinstance(whole, Result)
        if timesteps >= 40:
            assert_equal(asked, whole)
            continue
        assert isinstance(asked, Result)
        # how much of it is idle follows the timesteps as well
        apart = {"provenance": 0, "idle": 0}
        assert {**asked.to_dict(), **apart} == {**whole.to_dict(), **apart}
        assert asked.trace.start_ps.tolist() == whole.trace.start_ps.tolist()


def test_samples_one_after_the_other_roll_on_too(chip):
    work = load(*CONSTANT, "samples=3", "schedule=sequential")
    long, short = (archsim.simulate(chip, work, timesteps=n, max_memory_bytes=10**9) for n in (10**6, 10**5))
    steady = long.long_run["steady"]
    assert len(steady) == 3
    assert "3 times steady, first after 4 iterations, period 1 (" in long.way
    assert long.way.count("steady") == 1
    assert long.latency_ps - short.latency_ps == 900_000 * sum(jump["period_ps"] for jump in steady)


def test_each_layer_that_reads_the_input_loads_it_when_it_has_room(chip):
    work = archsim.load_workload("workloads/watch_shape.yaml", SHAPE)
    graph = archsim.simulate(chip, work, "compiled", phase="inference").graph
    loads = [task for task in range(graph.n_tasks) if graph.action_names[graph.action[task]] == "load_global"]
    assert len(loads) == 2 * work.n_timesteps


def test_recorded_spikes_are_repeated_and_come_back_with_the_recording(chip):
    result = archsim.simulate(chip, load(*DRAWN), timesteps=1_000_003)
    assert isinstance(result, LongResult)
    assert result.long_run["steady"][0]["period"] % 5 == 0


def test_few_timesteps_are_played_in_full_with_a_trace(chip):
    for timesteps in (1, 3, 30):
        result = archsim.simulate(chip, load(*CONSTANT), timesteps=timesteps)
        assert isinstance(result, Result)
        assert result.graph.timestep.max() == timesteps - 1
        assert str(result.provenance["way"]).startswith("played in full")


def test_the_timesteps_of_the_workload_itself_change_nothing(chip):
    asked = archsim.simulate(chip, load(*DRAWN), timesteps=5)
    plain = archsim.simulate(chip, load(*DRAWN))
    assert (asked.latency_ps, asked.energy_pj) == (plain.latency_ps, plain.energy_pj)
    assert asked.provenance["inputs_sha256"] != plain.provenance["inputs_sha256"]


def test_what_a_long_run_does_not_tell_is_said_in_its_file(chip, tmp_path):
    result = archsim.simulate(chip, load(*CONSTANT), timesteps=1_000_000)
    record = json.loads(result.save(tmp_path / "r").read_text())
    assert record["totals"]["peak_power_uw"] is None
    assert record["critical_path"] is None
    assert set(record["not_available"]) == {"peak_power_uw", "critical_path", "pictures"}
    assert record["way"] == record["provenance"]["way"] == result.way
    assert record["provenance"]["timesteps"] == 1_000_000


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_learning_goes_batch_by_batch_and_takes_what_one_graph_takes(chip, phase):
    batches = ("samples=4", "batch=2", "schedule=sequential")
    long = archsim.simulate(chip, load(*CONSTANT, *batches), "compiled", phase=phase, timesteps=12)
    one = archsim.simulate(chip, load(*CONSTANT, *batches, "timesteps=12"), "compiled", phase=phase)
    assert isinstance(long, LongResult)
    assert (long.latency_ps, long.energy_pj, long.area_um2) == (one.latency_ps, one.energy_pj, one.area_um2)
    assert (long.n_tasks, long.n_samples, long.n_timesteps) == (one.graph.n_tasks, 4, 12)
    written = long.provenance["writes"]
    assert written == pytest.approx({name: one.provenance["writes"][name] for name in written})


def test_layers_along_time_learn_from_many_samples_at_their_own_timesteps(chip):
    work = archsim.load_workload(
        "workloads/watch_sfcn.yaml",
        ["timesteps=8", "samples=2", "batch=1", "network.layers.4.channels=32", "schedule=sequential"],
    )
    long = archsim.simulate(chip, work, "compiled", phase="dfa", timesteps=8)
    one = archsim.simulate(chip, work, "compiled", phase="dfa")
    assert (long.latency_ps, long.energy_pj) == (one.latency_ps, one.energy_pj)
    with pytest.raises(WorkloadError, match="timesteps of their own"):
        archsim.simulate(chip, work, phase="dfa", timesteps=9)


def test_layers_along_time_are_not_repeated_and_say_so(chip):
    work = archsim.load_workload("workloads/watch_sfcn.yaml", ["samples=1", "batch=1"])
    with pytest.raises(WorkloadError, match="timesteps of their own"):
        archsim.simulate(chip, work, phase="inference", timesteps=1000)


def test_a_graph_that_would_not_fit_is_refused_before_it_is_built(monkeypatch, chip):
    monkeypatch.setattr(long_simulation, "find_recurrence", lambda *_: (None, "blocks differ"))
    with pytest.raises(TooLargeError, match=r"a graph of some \d+ tasks needs .* 1 GB are allowed; .*differ"):
        archsim.simulate(chip, load(*CONSTANT), timesteps=10**8, max_memory_bytes=10**9)


def test_an_ordinary_run_is_refused_too_where_its_tasks_would_not_fit(chip):
    work = load("timesteps=20000", *CONSTANT[1:])
    with pytest.raises(TooLargeError, match=r"a graph of some \d{7} tasks.*--timesteps"):
        archsim.simulate(chip, work, phase="inference", max_memory_bytes=10**9)
    with pytest.raises(TooLargeError, match=r"1 x 20000 timesteps, most of it the activity"):
        archsim.simulate(chip, work, phase="inference", max_memory_bytes=10**6)


def test_constant_activity_is_the_same_in_every_timestep_and_as_dense_as_its_rates():
    from archsim.snn import measure

    work, activity = measure(load(*CONSTANT), seed=3)
    assert activity.cycle == 1
    for layer in work.network.layers[:-1]:
        n = activity.spikes[layer.name].sum()
        assert n == 4 * round(0.1 * layer.n_neurons)


def test_the_command_says_which_way_it_went_and_refuses_with_exit_code_2(tmp_path):
    from typer.testing import CliRunner

    from archsim.cli.app import app

    files = ["tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", "--phase", "inference"]
    sets = [word for assignment in CONSTANT for word in ("--set", assignment)]
    command = ["run", *files, "--timesteps", "1000000", *sets]
    done = CliRunner().invoke(app, [*command, "--policy", "static", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "period 1 (" in done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.md", "result.json"]
    refused = CliRunner().invoke(app, [*command, "--max-memory", "1kB"])
    assert refused.exit_code == 2
    assert "1 kB are allowed" in refused.output
    unclear = CliRunner().invoke(app, [*command, "--max-memory", "2"])
    assert unclear.exit_code == 2
    assert "needs a unit" in unclear.output


def test_more_timesteps_than_can_be_labelled_are_refused(chip):
    with pytest.raises(WorkloadError, match=r"it must be 2147483647 \(2\^31 - 1\) or less"):
        archsim.simulate(chip, load(*CONSTANT), phase="inference", timesteps=10**20)


def test_the_provenance_names_the_engine_that_ran(chip):
    result = archsim.simulate(chip, load(*CONSTANT), "simpy", timesteps=10**5)
    assert result.provenance["engine"] == "rolling window (compiled)"


def test_phases_that_cannot_be_stretched_are_refused_before_the_first_one_runs(monkeypatch, chip):
    from archsim.cli.runs import RunOptions, simulated

    module = importlib.import_module("archsim.simulate")
    monkeypatch.setattr(module, "simulate_long", lambda *_: pytest.fail("a phase was simulated"))
    with pytest.raises(WorkloadError, match="program has no timesteps"):
        simulated(chip, load(*CONSTANT), RunOptions(["inference", "program"], timesteps=1000))


def test_the_short_runs_of_many_samples_are_refused_too_before_they_are_laid_down(monkeypatch, chip):
    lower, n_samples = long_simulation.lower, []

    def counted(chip, work, *more, **named):
        n_samples.append(work.n_samples)
        return lower(chip, work, *more, **named)

    for module in (long_simulation, memory):
        monkeypatch.setattr(module, "lower", counted)
    with pytest.raises(TooLargeError, match=r"a graph of some \d+ tasks needs .* 20 MB are allowed"):
        archsim.simulate(
            chip, load(*CONSTANT, "samples=20"), phase="inference", timesteps=10**6, max_memory_bytes=2 * 10**7
        )
    assert set(n_samples) == {1}
