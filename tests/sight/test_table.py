"""The table of activity counts what the run is priced by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.metrics import LayerActivity, Result
from archsim.prepare import prepare
from archsim.sight import in_sight_of
from archsim.snn import Activity
from archsim.workload import INPUT

SMALL = ["crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]
NETWORK = """
version: 1
name: small
network:
  input: [2, 6, 6]
  layers:
    - {name: a, kind: conv2d, channels: 6, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: pool, kind: max_pool, kernel: 2}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.5}}
timesteps: 3
input_resolution: 1 bit
activity: {kind: rates, input: 0.05, default: 0.1}
phases: [inference, bp, dfa, direct_kolen_pollack, program]
samples: 2
batch: 1
positions_per_burst: 6
"""


@pytest.fixture
def ran(root_dir: Path, tmp_path: Path) -> Callable[..., Result]:
    """Run the small network: `ran("bp", chip=["..."], work=["..."])`."""

    def run(phase: str, chip: tuple[str, ...] = (), work: tuple[str, ...] = ()) -> Result:
        file = tmp_path / "work.yaml"
        file.write_text(NETWORK, encoding="utf-8")
        on = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [*SMALL, *chip])
        return archsim.simulate(on, archsim.load_workload(file, work), "compiled", phase=phase)

    return run


def counts(result: Result, action: str) -> Counter[str]:
    """Counts of an action in the tasks, by layer."""
    graph, found = result.graph, Counter[str]()
    for task in range(graph.n_tasks):
        name = graph.action_names[graph.action[task]].split("@")[0]
        if name == action:
            found[graph.layer_names[graph.layer[task]]] += int(graph.count[task])
    return found


def rows(result: Result) -> dict[str, LayerActivity]:
    assert result.activity is not None
    return {row.layer: row for row in result.activity.layers}


@pytest.mark.parametrize("skips", ["true", "false"])
@pytest.mark.parametrize("replicas", ["{}", "{a: 3}"])
def test_active_rows_times_reads_are_the_lines_that_drivers_charge(ran, skips, replicas):
    result = ran("inference", (f"execution.skip_idle_blocks={skips}", f"mapping.replicas={replicas}"))
    for name, charged in counts(result, "drive").items():
        row = rows(result)[name]
        assert row.active_rows_per_read * row.reads == pytest.approx(charged, rel=1e-12)
        assert (row.reads_skipped == 0) == (skips == "false")


def test_reads_are_all_that_converters_convert(ran):
    result = ran("inference", ("execution.skip_idle_blocks=false",))
    for name, row in rows(result).items():
        n_vectors = 2 * 3 * {"a": 36, "out": 1}.get(name, 0)
        n_blocks = row.arrays
        assert row.reads == n_vectors * n_blocks
        assert row.arrays_never_read == 0


@pytest.mark.parametrize("phase", ["bp", "dfa", "direct_kolen_pollack", "program"])
def test_cells_written_are_those_of_the_write_circuits(ran, phase):
    result = ran(phase)
    written = counts(result, "program")
    assert {name: row.cells_written for name, row in rows(result).items() if row.cells_written} == dict(written)
    assert sum(written.values()) == result.provenance["writes"]["cells"]


def test_rates_are_those_of_the_spikes(ran):
    found = rows(ran("inference", work=("activity.layers={out: 1.0}", "activity.default=0.5")))
    assert found["out"].firing_rate == 1.0
    assert found["out"].sparsity == 0.0
    assert found["a"].firing_rate == pytest.approx(0.5, abs=0.05)
    assert found["pool"].firing_rate is None


def test_errors_that_are_not_zero_are_told_where_they_are_recorded(root_dir, tmp_path):
    (tmp_path / "work.yaml").write_text(NETWORK, encoding="utf-8")
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", SMALL)
    ready = prepare(chip, archsim.load_workload(tmp_path / "work.yaml"), 0, "bp")
    errors = np.zeros((2, 3, 3), np.uint8)
    errors[:, 0] = 1
    seen = replace(ready.activity, errors={"out": errors})
    found = {row.layer: row for row in in_sight_of(ready.chip, ready.work, ready.mapping, seen).layers}
    assert (found["out"].nonzero_errors_frac, found["out"].errors_recorded) == (pytest.approx(1 / 3), True)
    assert (found["a"].nonzero_errors_frac, found["a"].errors_recorded) == (1.0, False)
    assert found["pool"].nonzero_errors_frac is None


def test_what_runs_on_a_chip_is_the_same_on_every_chip(ran):
    small, large = rows(ran("inference")), rows(ran("inference", ("crossbar.rows=64",)))
    assert [row.firing_rate for row in small.values()] == [row.firing_rate for row in large.values()]
    assert small["out"].arrays > large["out"].arrays


def test_the_raster_holds_every_spike_of_the_first_sample(ran):
    result = ran("inference")
    for name, layer in result.activity.raster.items():
        assert sum(layer["spikes_per_timestep"]) == len(layer["timestep"]) == len(layer["neuron"]), name
        assert np.bincount(layer["timestep"], minlength=3).tolist() == layer["spikes_per_timestep"]
        assert max(layer["neuron"], default=0) < layer["n"]


def test_a_saved_run_keeps_its_activity(ran, tmp_path):
    result = ran("dfa")
    result.save(tmp_path / "saved")
    assert archsim.load_result(tmp_path / "saved").activity == result.activity


def test_a_long_run_tells_the_activity_that_it_repeats(root_dir, monkeypatch):
    monkeypatch.setattr("archsim.long_simulation.FULL_TASKS", 0)
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads" / "nmnist_mlp.yaml", ["network.input=[64]", "timesteps=2"])
    short, long = (archsim.simulate(chip, work, "compiled", timesteps=n) for n in (None, 100))
    assert long.activity == short.activity


def test_a_longer_run_that_is_kept_counts_all_of_its_timesteps(ran, root_dir, tmp_path):
    once = ran("inference")
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", SMALL)
    twice = archsim.simulate(chip, archsim.load_workload(tmp_path / "work.yaml"), "compiled", timesteps=6)
    assert [row.reads for row in twice.activity.layers] == [2 * row.reads for row in once.activity.layers]


def test_a_layer_whose_arrays_no_spike_reaches_has_no_active_rows(ran):
    result = ran("inference", work=("activity.input=0.0",))
    found = rows(result)["a"]
    assert (found.reads, found.active_rows_per_read, found.arrays_never_read) == (0, None, found.arrays)
    assert [warning.what for warning in result.activity.warnings] == ["never fires", "never read"]
    assert [warning.layer for warning in result.activity.warnings] == [INPUT, "a"]


def test_activity_of_a_file_with_more_samples_than_the_run_counts_those_of_the_run(root_dir, tmp_path):
    (tmp_path / "work.yaml").write_text(NETWORK, encoding="utf-8")
    work = archsim.load_workload(tmp_path / "work.yaml")
    spikes = {"input": (2, 3, 2, 6, 6), "a": (2, 3, 6, 6, 6), "pool": (2, 3, 6, 3, 3), "out": (2, 3, 3)}
    recorded = {name: np.zeros(shape, np.uint8) for name, shape in spikes.items()}
    for values in recorded.values():
        values[0] = 1  # the first sample alone
    Activity(work.network, recorded).save(tmp_path / "seen.npz")
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", SMALL)
    one = archsim.load_workload(
        tmp_path / "work.yaml", ["samples=1", "activity={kind: measured, file: seen.npz}", "phases=[inference]"]
    )
    assert {row.firing_rate for row in archsim.simulate(chip, one, "compiled").activity.layers} == {1.0, None}
