"""Workload files: what they may say, and what is said about wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archsim.errors import WorkloadError
from archsim.units import file_data
from archsim.workload import Conv, Dense, Layer, Network, load_workload, phases
from archsim.workload.models import FileActivity, InitModel, RandomActivity, WorkloadModel
from archsim.workload.workload import Workload

FILES = sorted((Path(__file__).parents[2] / "workloads").glob("*.yaml"))
LAYERS = """
    - {name: a, kind: dense, outputs: 4, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 2}
"""


@pytest.fixture
def file(tmp_path: Path):
    """Write a workload file with some keys replaced or (None) left out."""

    def write(layers: str = LAYERS, **changes: object) -> Path:
        keys = {
            "version": 1,
            "name": "test",
            "timesteps": 6,
            "input_resolution": "1 bit",
            "activity": "{kind: random_input, rate: 0.5}",
            "phases": "[inference]",
        } | changes
        lines = [f"{key}: {value}" for key, value in keys.items() if value is not None]
        path = tmp_path / "work.yaml"
        path.write_text("\n".join([*lines, "network:", "  input: [3]", f"  layers:{layers}"]))
        return path

    return write


def refused(path: Path, *changes: str) -> str:
    with pytest.raises(WorkloadError) as caught:
        load_workload(path, changes)
    return str(caught.value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_workload_file_loads_and_bears_its_own_name(path):
    work = load_workload(path)
    assert work.name == path.stem
    assert set(work.phases) <= {"inference", "bp", "dfa"}
    assert work.described["name"] == path.stem


def test_what_a_file_leaves_out_has_deerrors(file):
    work = load_workload(file())
    assert (work.n_samples, work.n_batch, work.n_positions_per_burst) == (1, 1, 1)
    assert (work.schedule, work.error, work.init) == ("pipelined", "per_timestep", InitModel())
    assert work.steps == {"input": 6, "a": 6, "out": 6}


def test_a_set_replaces_a_value(file):
    work = load_workload(file(), ["timesteps=9", "network.layers.0.outputs=7"])
    assert work.n_timesteps == 9
    assert work.network.layer("out").in_shape == (7,)


def test_a_measured_activity_is_looked_for_beside_the_file(file, tmp_path):
    work = load_workload(file(activity="{kind: measured, file: spikes.npz}"))
    assert isinstance(work.activity, FileActivity)
    assert Path(work.activity.file) == tmp_path / "spikes.npz"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"samples": 5, "batch": 2}, "work.yaml:7:1: samples: 5 samples are no whole number of batches of 2"),
        ({"phases": "[bp, bp]"}, "phases: one of them stands there twice"),
        ({"phases": "[]"}, "phases: must have at least 1 items; has 0"),
        ({"phases": "[train]"}, f"must be one of {', '.join(phases())}; got 'train'"),
        ({"timesteps": 0}, "timesteps: must be at least 1; got 0"),
        ({"timesteps": None}, "timesteps: missing; needs a whole number"),
        ({"input_resolution": 8}, "input_resolution: a number of bits needs a unit"),
        ({"activity": "{kind: random_input, rate: 1.5}"}, "a fraction is a number from 0 to 1"),
        ({"activity": "{kind: dreamt}"}, "allowed: dataset, random_input, rates, constant, measured"),
        ({"activity": "{kind: rates, input: 0, default: 0, layers: {b: 0}}"}, "no layer is called b; layers: a"),
        (
            {"schedule": "fast"},
            "must be one of sequential, pipelined, layer_parallel, within_batch, three_level; got 'fast'",
        ),
        ({"speed": 3}, "speed: unknown key"),
        ({"weights": "{gain: -1}"}, "must be greater than 0; got -1"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(file, changes, said):
    path = file(**changes)
    found = refused(path)
    assert said in found
    assert found.startswith(str(path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("network.layers.0.neuron.kind=izh", "must be one of cubali, cubalif, if, li, lif; got 'izh'"),
        ("network.layers.0.size=3", "unknown key; allowed: name, inputs, kind, outputs, flatten_time, neuron"),
        ("network.dt=1 ms", "unknown key; allowed: input, layers"),
        ("network={nir: x.nir, dr: 1}", "unknown key; allowed: nir, dt, reset"),
        ("network={dt: 1 ms}", "missing; needs a text"),
        ("network={}", "must be a mapping with the keys input, layers or a mapping with the keys nir, dt, reset"),
        ("network=x.nir", "must be a mapping with the keys input, layers or a mapping with the keys nir, dt"),
    ],
)
def test_only_the_true_error_of_a_network_is_told(file, change, said):
    found = refused(file(), change)
    assert said in found
    assert len(found.splitlines()) == 1
    assert "network.layers.layers" not in found


def test_a_network_comes_back_from_what_is_described_of_it(file):
    work = load_workload(file())
    assert file_data(WorkloadModel.model_validate(work.described)) == work.described


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        ("{kind: if, leak: 0.5}", "leak: an IF neuron does not leak; use kind: lif"),
        ("{kind: lif}", "leak: missing; a lif neuron needs the factor that remains, e.g. 0.9"),
        ("{kind: lif, leak: 1.1}", "must be at most 1; got 1.1"),
        ("{kind: lif, leak: 0.9, synapse_leak: 0.1}", "synapse_leak: a lif neuron has no synaptic current"),
        ("{kind: lif, leak: 0.9, threshold: 0}", "must be greater than 0; got 0"),
    ],
)
def test_a_neuron_has_the_fields_of_its_kind(file, neuron, said):
    found = refused(file(f"\n    - {{name: a, kind: dense, outputs: 4, neuron: {neuron}}}\n"))
    assert said in found
    assert "network.layers.0.neuron" in found


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            "\n    - {name: a, kind: dense, outputs: 4}\n"
            "    - {name: out, kind: dense, outputs: 2, inputs: [input]}\n",
            "layer 'a': no layer takes its output, and only the last one, 'out', is read out; name it among the "
            "inputs of another layer, or leave it out",
        ),
        (
            "\n    - {name: a, kind: dense, outputs: 4}\n    - {name: p, kind: max_pool, kernel: 2, axis: time}\n",
            "the last layer, 'p', has no weights: nothing to read out or to learn",
        ),
        (
            "\n    - {name: out, kind: dense, outputs: 4, inputs: [input, input]}\n",
            "layer 'out': one of its inputs stands there twice; add up its weights",
        ),
        (
            "\n    - {name: p, kind: conv1d, channels: 2, axis: time, kernel: 7}\n",
            "layer 'p': its input is shorter than its window along time",
        ),
    ],
)
def test_a_network_that_cannot_be_evaluated_is_refused_with_the_file(file, layers, said):
    path = file(layers)
    found = refused(path)
    assert said in found
    assert re.match(rf"{re.escape(str(path))}:(10|11):[0-9]+: network\.layers\.[01]", found)
    assert len(found.splitlines()) == 1


def test_a_error_of_building_the_network_stands_at_its_layer_or_its_set(file):
    path = file(
        "\n    - {name: a, kind: dense, outputs: 4}\n    - {name: a, kind: dense, outputs: 2}\n"
        "    - {name: b, kind: dense, outputs: 2, inputs: [q]}\n"
    )
    assert refused(path).splitlines() == [
        f"{path}:11:8: network.layers.1.name: layer 'a': this is the name of an earlier layer",
        f"{path}:12:42: network.layers.2.inputs: layer 'b': unknown input 'q'; known here: input, a",
    ]
    change = "network.layers.1.name=c"
    assert "earlier layer" not in refused(path, change)
    said = refused(file(), "network.layers.1.name=a")
    assert said == (
        "--set network.layers.1.name=a: network.layers.1.name: layer 'a': this is the name of an earlier layer"
    )


def test_an_activity_of_an_unknown_layer_stands_at_its_line(file):
    path = file(activity="{kind: rates, input: 0, default: 0, layers: {b: 0}}")
    assert refused(path) == f"{path}:5:56: activity.layers.b: no layer is called b; layers: a, out"


def test_a_delay_beyond_the_end_is_refused():
    network = Network("n", (2,), (Layer("a", Dense(1), ("input",), (2,), (1,), delay=4),))
    activity = RandomActivity(kind="random_input", rate=0.5)
    parts = ("n", network), {"input_bits": 1, "activity": activity, "init": InitModel(), "phases": ("inference",)}
    assert Workload(*parts[0], n_timesteps=5, **parts[1]).n_timesteps == 5
    with pytest.raises(WorkloadError, match="delayed by 4 timesteps, but there are only 4; raise timesteps"):
        Workload(*parts[0], n_timesteps=4, **parts[1])


def test_what_a_nir_file_cannot_say_is_set_like_the_keys_of_a_workload(root_dir):
    path = root_dir / "workloads" / "recurrent_cuba.nir"
    plain, changed = load_workload(path), load_workload(path, ["timesteps=7", "activity.rate=0.5"])
    assert plain.n_timesteps == 100
    assert sum("100 assumed" in note or "at rate 0.1 assumed" in note for note in plain.network.notes) == 2
    assert changed.n_timesteps == 7
    assert changed.activity.rate == 0.5
    assert not any("100 timesteps" in note for note in changed.network.notes)
    assert any("reset is not in the file" in note for note in plain.network.notes)
    assert "--set timesteps=no" in refused(path, "timesteps=no")


@pytest.mark.parametrize(
    ("dt", "seconds"), [("100 us", 1e-4), ("0.1 ms", 1e-4), ("7 us", 7e-6), ("1 ps", 1e-12), ("2 s", 2.0)]
)
def test_a_timestep_from_text_is_the_nearest_double(root_dir, monkeypatch, dt, seconds):
    found = {}
    monkeypatch.setattr("archsim.workload.nir_reader.from_nir", lambda _, **asked: found.update(asked))
    with pytest.raises(AttributeError):  # no network comes back
        load_workload(root_dir / "workloads" / "nir_braille_like.yaml", [f"network={{nir: x.nir, dt: {dt}}}"])
    assert found["dt"] == seconds


def test_a_missing_nir_file_is_named_with_the_workload_that_wants_it(tmp_path):
    path = tmp_path / "work.yaml"
    path.write_text(
        "version: 1\nname: t\nnetwork: {nir: gone.nir}\ntimesteps: 3\ninput_resolution: 1 bit\n"
        "activity: {kind: random_input, rate: 0.5}\nphases: [inference]\n"
    )
    found = refused(path)
    assert found.startswith(f"{path}:3:11: network.nir: ")
    assert "gone.nir" in found


def test_a_convolution_in_a_file_is_the_operation_that_it_says(file):
    layer = "\n    - {name: c, kind: conv1d, channels: 2, axis: time, kernel: 3, dilation: 2}\n"
    work = load_workload(file(layer))
    assert work.network.layers[0].op == Conv(2, (3,), (1,), (0,), (2,), axis="time")
    assert work.steps["c"] == 2
