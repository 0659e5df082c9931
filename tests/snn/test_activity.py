"""Recorded and drawn activity, and its file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.errors import WorkloadError, WriteError
from archsim.snn import Activity, forward, from_rates, initialise, record, rows_of
from archsim.snn.activity_file import PARTS
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
        ({"header": np.array("[" * 5000 + "]" * 5000)}, "header is damaged: is nested deeper than 100"),
        ({"header": np.array('{"version": NaN}')}, "header is damaged: version: is nan"),
        ({"header": np.array('{"version": 1' + "0" * 30 + "}")}, "version: is a whole number of 31 digits"),
        ({"header": np.array('{"format": null, "errors": {"a": 1}}')}, "version is missing; structure is missing"),
        ({"header": np.array("[1, 2]")}, "its header holds no fields"),
        ({"header": np.arange(4)}, "it has no header"),
        (
            {"header": np.array('{"format": "archsim activity", "version": 2, "structure": {"layers": [3]}}')},
            "its structure, which names no layers",
        ),
        ({"spikes_1": None}, "the spikes of conv 1 are missing"),
        ({"spikes_1": np.full((3, 8, 4, 6), np.nan)}, "spikes of 'conv 1' have type float64"),
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


def test_an_activity_that_unpacks_to_gigabytes_is_refused_before_it_is(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    measured.save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("more.npy", "w") as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "|u1", "fortran_order": False, "shape": (1100 << 20,)}
        )
        for _ in range(1100):
            member.write(bytes(1 << 20))
    assert path.stat().st_size < 3_000_000
    with pytest.raises(WorkloadError, match=r"unpacked it would have 1.15 GB; at most 1.07 GB are read"):
        Activity.load(path, NETWORK)


def test_a_missing_file_and_an_unwritable_folder_say_so(measured: Activity, tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="there is no activity file"):
        Activity.load(tmp_path / "none.npz", NETWORK)
    with pytest.raises(WriteError, match=r"cannot be written|is a folder"):
        measured.save(tmp_path / "no folder" / "a.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match=r"cannot be written|is a folder"):
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


def learned(measured: Activity) -> Activity:
    """With errors and writes as learning would leave them."""
    rng = np.random.default_rng(2)
    errors = {name: (rng.random(measured.spikes[name].shape) < 0.2).astype(np.uint8) for name in ("conv 1", "out")}
    shapes = {"dense": (2, 12 + 5, 5), "dense.copy": (2, 5, 12 + 5), "out": (1, 5, 2)}
    writes = {name: rng.integers(0, 5, shape, dtype=np.uint8) for name, shape in shapes.items()}
    signs = {name: np.where(rng.random(e.shape) < 0.5, -9, 9).astype(np.int32) * e for name, e in errors.items()}
    sent = {"out": rng.integers(-127, 128, (3, 8, 2)).astype(np.int32)}
    return Activity(measured.network, measured.spikes, errors, writes, error_codes=signs, fed_back=sent)


def test_errors_and_writes_come_back_from_the_file(measured: Activity, tmp_path: Path) -> None:
    there = learned(measured)
    there.save(tmp_path / "activity.npz")
    back = Activity.load(tmp_path / "activity.npz", NETWORK)
    for part in PARTS:
        one, other = getattr(there, part), getattr(back, part)
        assert set(one) == set(other)
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_file_of_version_1_is_read_without_errors_or_writes(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    learned(measured).save(path)
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files if name.startswith(("spikes", "header"))}
    header = json.loads(str(arrays["header"]))
    del header["errors"], header["writes"], header["codes"], header["error_codes"], header["fed_back"]
    np.savez(path, **{**arrays, "header": np.array(json.dumps(header | {"version": 1}))})
    back = Activity.load(path, NETWORK)
    assert (back.errors, back.writes) == ({}, {})
    assert np.array_equal(back.spikes["dense"], measured.spikes["dense"])


def test_lines_of_errors_are_channels_by_position_and_unsaid_ones_are_dense(measured: Activity) -> None:
    there = learned(measured)
    lines = there.error_lines("conv 1", 1)
    assert lines is not None
    assert lines.shape == (8, 6, 4)
    assert lines[3, 5, 2] == there.errors["conv 1"][1, 3, 2, 5]
    assert there.error_density("conv 1") == there.errors["conv 1"].mean()
    assert there.error_lines("dense", 0) is None
    assert there.error_density("dense") == 1.0


@pytest.mark.parametrize(("kind", "pooled"), [("max", np.max), ("average", np.sum)])
def test_pooled_spikes_stand_on_the_lines_as_small_numbers(measured: Activity, kind: Any, pooled: Any) -> None:
    pool = replace(NETWORK.layer("pool"), op=Pool(kind, (2,), (2,), (0,)))
    network = replace(NETWORK, layers=tuple(pool if x.name == "pool" else x for x in NETWORK.layers))
    rows = Activity(network, measured.spikes).row_codes("dense", 0, input_spikes=True)
    windows = measured.spikes["conv 1"][0].astype(int).reshape(8, 4, 3, 2)
    assert rows is not None
    assert np.array_equal(rows[:, 0, :12], pooled(windows, axis=3).reshape(8, -1))


def test_errors_stand_on_the_lines_as_they_were_recorded(measured: Activity) -> None:
    there = learned(measured)
    columns = there.column_codes("conv 1", 1)
    assert columns is not None
    assert columns[3, 5, 2] == there.error_codes["conv 1"][1, 3, 2, 5]
    assert there.column_codes("dense", 0) is None


def test_an_error_for_fixed_matrices_is_that_of_its_timestep_or_one_for_all(measured: Activity) -> None:
    there = learned(measured)
    one = Activity(NETWORK, measured.spikes, fed_back={"out": there.fed_back["out"][:, :1]})
    for activity, at in ((there, 5), (one, 0)):
        found = activity.fed_back_codes(1, 5)
        assert found is not None
        assert np.array_equal(found, there.fed_back["out"][1, at : at + 1])
    assert measured.fed_back_codes(1, 5) is None
    with pytest.raises(WorkloadError, match="fed_back of 'dense', which is not the last layer"):
        Activity(NETWORK, measured.spikes, fed_back={"dense": there.fed_back["out"]})


def test_numbers_of_an_input_that_is_no_spikes_are_known_only_where_recorded(measured: Activity) -> None:
    codes = {INPUT: np.full(measured.spikes[INPUT].shape, -3, np.int32)}
    there = Activity(NETWORK, measured.spikes, codes=codes)
    assert measured.row_codes("conv 1", 0) is None
    rows = there.row_codes("conv 1", 0)
    assert rows is not None
    assert set(np.unique(rows)) <= {-3, 0}
    with pytest.raises(WorkloadError, match="error_codes of 'out', without what they are of"):
        Activity(NETWORK, measured.spikes, error_codes={"out": np.zeros((3, 8, 2), np.int32)})
    with pytest.raises(WorkloadError, match="codes of 'input' have type"):
        Activity(NETWORK, measured.spikes, codes={INPUT: codes[INPUT].astype(float)})


def test_recorded_updates_repeat_and_a_copy_without_writes_of_its_own_takes_its_layers(measured: Activity) -> None:
    there = learned(measured)
    third, first = (there.written_cells("dense", update) for update in (2, 0))
    assert np.array_equal(third, first)
    assert not np.array_equal(third, there.written_cells("dense", 1))
    assert np.array_equal(there.written_cells("dense", 1, of_copy=True), there.writes["dense.copy"][1])
    assert np.array_equal(there.written_cells("out", 0, of_copy=True), there.writes["out"][0].T)
    assert there.written_cells("conv 1", 0) is None


def test_errors_and_writes_that_do_not_fit_are_all_named(measured: Activity) -> None:
    there = learned(measured)
    errors = {"pool": there.errors["out"], "out": there.errors["out"][:1], "conv 1": there.errors["conv 1"] + 1}
    writes = {"x": there.writes["out"], "out": there.writes["out"][:, :4], "dense": np.uint8(3) * np.ones(1)}
    with pytest.raises(WorkloadError) as error:
        Activity(NETWORK, measured.spikes, errors, writes)
    for part in (
        "errors of 'pool', which is no layer with weights",
        "errors of 'out' have shape (1, 8, 2); expected (3, 8, 2)",
        "errors of 'conv 1' hold values other than 0 and 1",
        "writes of 'x', which is no layer with weights",
        "writes of 'out' have shape (1, 4, 2); expected (1, 5, 2)",
        "writes of 'dense' have type float64; expected uint8",
    ):
        assert part in str(error.value)


def test_a_file_that_lacks_errors_it_names_says_so(measured: Activity, tmp_path: Path) -> None:
    path = tmp_path / "activity.npz"
    learned(measured).save(path)
    rewritten(path, errors_0=None)
    with pytest.raises(WorkloadError, match="the errors of conv 1 are missing; record it again"):
        Activity.load(path, NETWORK)
