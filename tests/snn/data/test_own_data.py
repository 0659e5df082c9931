"""The user's own data drive the network in `run` and teach it in `learn`: arrays, tables, event files, tonic."""

from __future__ import annotations

import struct
import sys
import types

import numpy as np
import pytest

import archsim
from archsim.errors import SpecError, WorkloadError
from archsim.learn import learn
from archsim.snn import measure
from archsim.snn.data import frames, load_windows, read_events
from archsim.snn.data.event_files import read_aedat

NEURON = {"kind": "lif", "leak": 0.5, "threshold": 0.5}


def workload(data, n_in, n_out=3, **more):
    return {
        "version": 1, "name": "own", "timesteps": 8, "input_resolution": "8 bit", "phases": ["inference", "dfa"],
        "samples": 2, "batch": 2, "data": data,
        "network": {"input": n_in, "layers": [
            {"name": "hidden", "kind": "dense", "outputs": 5, "neuron": NEURON},
            {"name": "out", "kind": "dense", "outputs": n_out, "neuron": {"kind": "li", "leak": 0.5}},
        ]}, **more,
    }  # fmt: skip


def learning(split):
    sgd = {"kind": "sgd", "rate": 0.01}
    return {"data": {"split": split}, "pretrain": {"epochs": 1, "batch": 4, "optimizer": sgd},
            "adapt": {"passes": 1, "batch": 4, "optimizer": sgd}}  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    x = rng.normal(y[:, None, None], 1.0, (24, 8, 4))
    np.savez("my.npz", x=x, y=y, groups=np.repeat(["left", "right"], 12))
    return tmp_path


def test_arrays_drive_a_network_with_exactly_what_they_hold(place):
    work = archsim.load_workload(workload({"kind": "arrays", "file": "my.npz"}, [4]))
    _, activity = measure(work, seed=0)
    x = np.load(place / "my.npz")["x"]
    values = ((x - x.mean((0, 1))) / x.std((0, 1))).reshape(24, -1)
    codes = activity.codes["input"].reshape(2, -1)
    nearest = [np.array([np.corrcoef(one, of)[0, 1] for of in values]).argmax() for one in codes]
    largest = np.abs(values[nearest]).max()
    assert len(set(nearest)) == 2
    assert np.array_equal(codes, np.rint(values[nearest] / largest * 127))


def test_the_same_arrays_teach_it(place):
    assert place
    work = archsim.load_workload(
        workload({"kind": "arrays", "file": "my.npz"}, [4], learning=learning("left_to_right"))
    )
    found = learn(archsim.load_chip("wearable_rram"), work, ["dfa"])
    assert found.rules == ("dfa",)
    assert found.runs[0].n_windows == 6  # the first half of those of the right
    assert "data.file" in found.provenance["files"]


def test_groups_of_numbers_are_persons(place):
    np.savez(place / "people.npz", x=np.zeros((6, 8, 4)), y=np.arange(6) % 2, groups=np.array([1, 1, 2, 2, 3, 3]))
    windows = load_windows("arrays", place / "people.npz")
    assert windows.subject.tolist() == [1, 1, 2, 2, 3, 3]
    assert windows.domain_names == ("1", "2", "3")
    assert windows.start.tolist() == [0, 8] * 3


def test_arrays_of_spikes_are_spikes(place):
    x = np.random.default_rng(1).random((4, 8, 4)) < 0.4
    np.savez(place / "spikes.npz", x=x)
    work = archsim.load_workload(workload({"kind": "arrays", "file": "spikes.npz"}, [4], input_resolution="1 bit"))
    _, activity = measure(work, seed=0)
    kept = {sample.tobytes() for sample in activity.spikes["input"]}
    assert kept <= {sample.astype(np.uint8).tobytes() for sample in x}


@pytest.mark.parametrize(("arrays", "said"), [
    ({"y": np.zeros(3)}, "holds no array x"),
    ({"x": np.zeros((3, 2))}, r"x has shape \(3, 2\); it must be"),
    ({"x": np.zeros((3, 8, 4)), "y": np.zeros(2, int)}, r"y has shape \(2,\)"),
    ({"x": np.zeros((3, 8, 4)), "y": np.array([0, -1, 0])}, "classes count from 0"),
    ({"x": np.zeros((3, 8, 4)), "groups": np.zeros(3)}, "it must be 3 whole numbers or names"),
])  # fmt: skip
def test_wrong_arrays_are_told(place, arrays, said):
    np.savez(place / "wrong.npz", **arrays)
    with pytest.raises(WorkloadError, match=said):
        load_windows("arrays", place / "wrong.npz")


def test_data_that_do_not_fit_the_network_are_told(place):
    assert place
    work = archsim.load_workload(workload({"kind": "arrays", "file": "my.npz"}, [5]))
    with pytest.raises(WorkloadError, match=r"has 8 timesteps of 4 channels; .* network.input is \[5\]"):
        measure(work, seed=0)


@pytest.mark.parametrize(("data", "said"), [
    ({"kind": "arayz", "file": "a"}, "data.kind: must be one of arrays, .* did you mean 'arrays'"),
    ({"kind": "csv", "file": "a", "settings": {"lable": "x"}}, "data.settings.lable: unknown key.* 'label'"),
    ({"kind": "csv", "file": "a", "folder": "b"}, "data.folder: give a file or a folder, not both"),
    ({"kind": "events", "folder": "a", "settings": {"duration": 5}}, "data.settings.duration: a time needs a"),
])  # fmt: skip
def test_wrong_keys_of_data_are_told_at_their_place(data, said):
    with pytest.raises((WorkloadError, SpecError), match=said):
        archsim.load_workload(workload(data, [4]))


def test_without_data_something_must_name_them():
    with pytest.raises(WorkloadError) as raised:
        archsim.load_workload(workload(None, [4], learning=learning("a_to_b"), activity={"kind": "dataset"}))
    assert "activity.dataset: missing; name a data set, or say data" in str(raised.value)
    assert "learning.data.set: missing" in str(raised.value)


def test_a_table_of_sensors_is_cut_into_recordings_and_windows(place):
    rows = [f"{i},{i % 7},{'run' if i // 20 % 2 else 'sit'},{i // 40}" for i in range(80)]
    text = "\n".join(["ax,ay,label,group", *rows])
    (place / "s.csv").write_text(f"\ufeff{text}", encoding="utf-8")
    windows = load_windows("csv", place / "s.csv", length=8, step=6)
    assert windows.values.shape == (4 * 3, 8, 2)  # 20 samples of a recording: windows at 0, 6, 12
    assert windows.class_names == ("run", "sit")
    assert windows.subject.tolist() == [0] * 6 + [1] * 6
    assert windows.values[4, :, 0].tolist() == list(range(26, 34))
    work = archsim.load_workload(workload({"kind": "csv", "file": "s.csv"}, [2]))
    assert measure(work, seed=0)[1].n_timesteps == 8


def test_every_wrong_cell_of_a_table_is_told_by_its_line(place):
    (place / "s.csv").write_text("ax,ay\n1,2\n3,x\n4\n")
    with pytest.raises(WorkloadError, match=r"s.csv:4: has 1 values for 2 columns"):
        load_windows("csv", place / "s.csv")
    (place / "s.csv").write_text("ax,ay\n1,2\n3,x\nnan,5\n")
    with pytest.raises(WorkloadError, match=r"2 errors\n.*s.csv:3: ay: 'x' is no finite .*\n.*s.csv:4: ax: 'nan'"):
        load_windows("csv", place / "s.csv")


def aedat(events, version=b"3.1", **head):
    """An AEDAT 3.1 file by its description: a packet header of eight fields, words of 32 bits."""
    fields = {"kind": 1, "source": 1, "size": 8, "at": 4, "overflow": 0, "capacity": 9, "n": len(events)} | head
    packed = struct.pack("<hhiiiiii", *fields.values(), len(events))
    words = b"".join(struct.pack("<II", x << 17 | y << 2 | p << 1 | valid, t) for x, y, p, t, valid in events)
    return b"#!AER-DAT" + version + b"\r\n#Format: RAW\r\n#!END-HEADER\r\n" + packed + words


def test_aedat_holds_what_its_description_says(place):
    path = place / "a.aedat"
    path.write_bytes(aedat([(5, 7, 1, 100, 1), (1, 2, 0, 130, 1), (9, 9, 1, 140, 0)]))
    events = read_aedat(path)  # the last one is marked invalid
    assert [of.tolist() for of in (events.x, events.y, events.polarity, events.time_us)] == [
        [5, 1], [7, 2], [1, 0], [0, 30],
    ]  # fmt: skip
    path.write_bytes(aedat([(5, 7, 1, 100, 1)], kind=2))
    assert len(read_aedat(path).x) == 0  # frames, not polarities
    path.write_bytes(aedat([(5, 7, 1, 100, 1), (1, 2, 0, 40, 1)]))
    assert read_aedat(path).time_us.tolist() == [60, 0]  # from the earliest one on


@pytest.mark.parametrize(("content", "said"), [
    (b"#!AER-DAT2.0\r\n", "AEDAT 3.1 is read"), (b"#!AER-DAT3.1\r\n", "its header has no end"),
    (aedat([(1, 1, 1, 1, 1)])[:-3], "claims 1 events of 8 bytes"), (aedat([])[:-5], "is cut short"),
    (aedat([], size=0), "claims 0 events of 0 bytes"),
])  # fmt: skip
def test_damaged_aedat_is_told(place, content, said):
    (place / "a.aedat").write_bytes(content)
    with pytest.raises(WorkloadError, match=said):
        read_aedat(place / "a.aedat")


def test_events_that_span_days_are_told(place):
    (place / "ev" / "one").mkdir(parents=True)
    header = len(aedat([])) - 28
    later = aedat([(1, 2, 0, 0, 1)], overflow=9)[header:]  # 9 times 2^31 us
    (place / "ev" / "one" / "a.aedat").write_bytes(aedat([(5, 7, 1, 0, 1)]) + later)
    with pytest.raises(WorkloadError, match=r"its events span \d+ µs; say settings: {duration: …}"):
        load_windows("events", place / "ev", length=8)


def test_a_folder_of_event_files_of_every_kind(place):
    for group in ("train", "test"):
        (place / "ev" / group / "one").mkdir(parents=True)
        (place / "ev" / group / "two").mkdir()
        (place / "ev" / group / "one" / "a.bin").write_bytes(bytes([3, 7, 0x80, 0, 5, 33, 0, 1, 0, 0]))
        (place / "ev" / group / "two" / "a.aedat").write_bytes(aedat([(5, 7, 1, 100, 1), (1, 2, 0, 130, 1)]))
    columns = {"x": np.array([1]), "y": np.array([2]), "p": np.array([0]), "t": np.array([9])}
    np.savez(place / "ev" / "train" / "two" / "b.npz", **columns)
    windows = load_windows("events", place / "ev", length=8)
    assert windows.class_names == ("one", "two")
    assert sorted(zip(windows.labels, windows.domain, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 1)]
    longest_us = 65536 + 1
    first = frames(read_events(place / "ev" / "train" / "one" / "a.bin"), 8, longest_us)
    mine = np.flatnonzero((windows.labels == 0) & (windows.domain == windows.domain_names.index("train")))[0]
    assert np.array_equal(windows.values[mine], first)
    data = {"kind": "events", "folder": "ev", "settings": {"duration": "100 us"}}
    work = archsim.load_workload(workload(data, [2, 34, 34], 2, input_resolution="1 bit", samples=5, batch=5))
    assert measure(work, seed=0)[1].spikes["input"].sum() == 2 * 1 + 2 * 2 + 1  # those of the first 100 us


def test_a_data_set_of_tonic_by_its_name(place, monkeypatch):
    kind = np.dtype([("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])

    class Tiny(list):
        def __init__(self, save_to, train):
            assert save_to == str(place / "kept")
            events = np.array([(1, 2, 1000, 1), (3, 4, 1007, 0)], kind)
            super().__init__([(events, digit) for digit in ((10, 2) if train else (2,))])

    datasets = types.SimpleNamespace(Tiny=Tiny)
    monkeypatch.setitem(sys.modules, "tonic", types.SimpleNamespace(datasets=datasets))
    monkeypatch.setitem(sys.modules, "tonic.datasets", datasets)
    windows = load_windows("tonic", place / "kept", length=8, settings={"set": "Tiny"})
    assert windows.class_names == ("2", "10")
    assert [windows.domain_names[k] for k in windows.domain] == ["train", "train", "test"]
    assert windows.values[0, 0, 1, 2, 1] == windows.values[0, 7, 0, 4, 3] == 1
    with pytest.raises(WorkloadError, match="tonic has no data set 'Nothing'"):
        load_windows("tonic", place / "kept", settings={"set": "Nothing"})


def test_data_sets_that_only_learn_knew_drive_a_network_too(place):
    """Basic motions come with a package: one register for both commands."""
    pytest.importorskip("sklearn")
    assert place
    work = archsim.load_workload("watch_mlp", ["timesteps=8", "samples=2", "activity.encoding=latency"])
    with pytest.raises(WorkloadError, match="with encoding 'latency' has 64 timesteps"):
        measure(work, seed=0)


def test_what_is_hashed_of_a_workload_without_data_is_as_before():
    assert "data" not in archsim.load_workload("watch_mlp").described
