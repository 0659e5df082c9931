"""Recorded and drawn activity, and its file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn import Activity, forward, from_rates, initialise, record, rows_of
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron, Pool

NETWORK = Network(
    "conv/pool/dense",
    (2, 6),
    (
        Layer("conv 1", Conv(4, (3,), (1,), (1,), (1,)), (INPUT,), (2, 6), (4, 6), Neuron("lif", decay=0.5)),
        Layer("pool", Pool("max", (2,), (2,), (0,)), ("conv 1",), (4, 6), (4, 3)),
        Layer("dense", Dense(5), ("pool",), (4, 3), (5,), Neuron("if"), recurrent=True),
        Layer("out", Dense(2), ("dense",), (5,), (2,), Neuron("li", decay=0.9)),
    ),
)
RATES = {INPUT: 0.3, "conv 1": 0.1, "dense": 0.6}


@pytest.fixture
def measured() -> Activity:
    inputs = np.random.default_rng(0).normal(size=(3, 8, 2, 6))
    inputs[:, :, 0] = 0
    return record(initialise(NETWORK, seed=0), inputs)


def test_recorded_activity_is_what_the_forward_pass_gives(measured: Activity) -> None:
    inputs = np.random.default_rng(0).normal(size=(3, 8, 2, 6))
    inputs[:, :, 0] = 0
    for sample, x in enumerate(inputs):
        result = forward(measured.network, x)
        for name, values in result.outputs.items():
            assert np.array_equal(measured.spikes[name][sample], values != 0)
        for layer in measured.network.weighted:
            expected = rows_of(layer, result.outputs) != 0
            assert np.array_equal(measured.active_rows(layer.name, sample), expected)
    assert measured.mean_rate(INPUT) == 0.5
    assert 0 < measured.mean_rate("conv 1") < 1
    assert (measured.n_samples, measured.n_timesteps) == (3, 8)


@pytest.mark.parametrize("name", list(RATES))
def test_drawn_rates_lie_within_five_standard_deviations(name: str) -> None:
    activity = from_rates(NETWORK, 200, 20, RATES, seed=0)
    p, n = RATES[name], activity.spikes[name].size
    assert abs(activity.mean_rate(name) - p) < 5 * np.sqrt(p * (1 - p) / n)


def test_layers_without_spikes_get_their_activity_from_what_they_do() -> None:
    activity = from_rates(NETWORK, 50, 2, RATES, seed=0)
    conv = activity.spikes["conv 1"]
    assert np.array_equal(activity.spikes["pool"], conv.reshape(2, 50, 4, 3, 2).max(axis=-1))
    assert activity.mean_rate("out") == 1.0
    assert from_rates(NETWORK, 50, 2, {**RATES, "pool": 0.0}, seed=0).mean_rate("pool") == 0.0


def test_a_seed_gives_the_same_bits_whatever_the_order_of_the_rates() -> None:
    one = from_rates(NETWORK, 9, 2, RATES, seed=5)
    turned = from_rates(NETWORK, 9, 2, dict(reversed(RATES.items())), seed=5)
    other = from_rates(NETWORK, 9, 2, RATES, seed=6)
    assert all(one.spikes[name].tobytes() == turned.spikes[name].tobytes() for name in one.spikes)
    assert one.spikes["dense"].tobytes() != other.spikes["dense"].tobytes()


def test_more_samples_begin_with_the_same_ones() -> None:
    few, many = (from_rates(NETWORK, 9, n, RATES, seed=5) for n in (2, 4))
    assert np.array_equal(few.spikes["dense"], many.spikes["dense"][:2])
    assert not np.array_equal(many.spikes["dense"][0], many.spikes["dense"][1])


def test_all_wrong_rates_are_named_at_once() -> None:
    with pytest.raises(WorkloadError) as error:
        from_rates(NETWORK, 0, 1, {INPUT: 1.5, "dense": float("nan"), "x": 0.1}, seed=0)
    for part in ("0 timesteps", "no rate for conv 1", "'input' is 1.5", "'dense' is nan", "no layer 'x'"):
        assert part in str(error.value)


def test_activity_comes_back_from_its_file(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    measured.save(path)
    back = Activity.load(path, NETWORK)
    assert list(tmp_path.iterdir()) == [path]
    assert all(np.array_equal(back.spikes[name], measured.spikes[name]) for name in measured.spikes)
    assert set(back.spikes) == set(measured.spikes)


def test_the_same_activity_gives_the_same_file(measured: Activity, tmp_path: Path) -> None:
    measured.save(tmp_path / "a")
    measured.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_activity_of_another_network_is_refused(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    measured.save(path)
    other = replace(NETWORK, layers=(*NETWORK.layers[:3], replace(NETWORK.layers[3], delay=1)))
    with pytest.raises(WorkloadError, match=r"recorded with another network than .*; what differs: out"):
        Activity.load(path, other)
    with pytest.raises(WorkloadError, match="what differs: out"):
        Activity.load(path, replace(NETWORK, layers=NETWORK.layers[:3]))


def rewritten(path: Path, **changes: object) -> None:
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    arrays |= changes  # type: ignore[arg-type]
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": None}, "not an activity that archsim has saved"),
        ({"header": np.array("{")}, "not an activity that archsim has saved"),
        (
            {"header": np.array(json.dumps({"format": "archsim activity", "version": 99, "structure": 0}))},
            "version 99",
        ),
        ({"spikes_1": None}, "the spikes of conv 1 are missing"),
        ({"spikes_1": np.zeros((3, 8, 4, 5), dtype=np.uint8)}, r"shape \(3, 8, 4, 5\); expected \(3, 8, 4, 6\)"),
        ({"spikes_1": np.zeros((3, 8, 4, 6))}, "type float64; expected uint8"),
        ({"spikes_1": np.full((3, 8, 4, 6), 2, dtype=np.uint8)}, "other than 0 and 1"),
        ({"spikes_0": np.zeros(3, dtype=np.uint8)}, "spikes of 'input' have shape"),
    ],
)
def test_an_activity_file_with_wrong_content_is_refused(
    changes: dict[str, object], message: str, measured: Activity, tmp_path: Path
) -> None:
    path = tmp_path / "activity.npz"
    measured.save(path)
    rewritten(path, **changes)
    with pytest.raises(WorkloadError, match=message) as error:
        Activity.load(path, NETWORK)
    assert str(path) in str(error.value)


def test_files_that_are_no_activity_are_refused(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    measured.save(path)
    whole = path.read_bytes()
    np.save(tmp_path / "bare.npy", np.zeros(3))
    np.save(tmp_path / "pickled.npy", np.array({"a": 1}, dtype=object), allow_pickle=True)
    damaged = bytearray(whole)
    damaged[len(whole) // 2 - 20 : len(whole) // 2 + 20] = bytes(40)
    contents = [b"", b"text", whole[: len(whole) // 2], bytes(damaged), *(
        (tmp_path / name).read_bytes() for name in ("bare.npy", "pickled.npy"))]  # fmt: skip
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(WorkloadError, match="is not an activity file"):
            Activity.load(path, NETWORK)


def test_a_missing_file_and_an_unwritable_folder_say_so(measured: Activity, tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="there is no activity file"):
        Activity.load(tmp_path / "none.npz", NETWORK)
    with pytest.raises(WorkloadError, match="cannot write the activity to"):
        measured.save(tmp_path / "no folder" / "a.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WorkloadError, match="cannot write the activity to"):
        measured.save(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_layers_and_samples_that_do_not_exist_are_refused(measured: Activity) -> None:
    with pytest.raises(WorkloadError, match="no layer 'x'; there are input, conv 1"):
        measured.mean_rate("x")
    with pytest.raises(WorkloadError, match="no sample 3; the activity has 0 to 2"):
        measured.active_rows("dense", 3)
    with pytest.raises(WorkloadError, match="drives no word lines"):
        measured.active_rows("pool", 0)
    with pytest.raises(WorkloadError, match="input drives no word lines"):
        measured.active_rows(INPUT, 0)


def test_an_activity_that_lacks_layers_names_them(measured: Activity) -> None:
    spikes = {name: values for name, values in measured.spikes.items() if name != "pool"}
    with pytest.raises(WorkloadError, match="no spikes of 'pool'; 'more' is no layer"):
        Activity(NETWORK, {**spikes, "more": spikes["out"]})


@pytest.mark.parametrize("inputs", [np.zeros(4), np.zeros((0, 8, 2, 6))])
def test_there_must_be_something_to_record(inputs: np.ndarray) -> None:
    with pytest.raises(WorkloadError, match=r"expected \(samples, timesteps"):
        record(initialise(NETWORK, seed=0), inputs)
