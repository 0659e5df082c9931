"""The smart-watch recordings and their windows."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import datasets, load_watch, normalise, sample_windows
from archsim.snn.datasets import WatchSet, windows, with_recordings
from archsim.workload.network import window_count


@pytest.fixture(scope="module")
def watch() -> WatchSet:
    return load_watch()


def test_the_watch_set_is_the_published_one(watch: WatchSet) -> None:
    """Counts as in arXiv 1802.01489 and the package: 140 recordings, 7 exercises, 10 subjects, both sides."""
    lengths = [len(r) for r in watch.recordings]
    assert (len(lengths), sum(lengths), min(lengths), max(lengths)) == (140, 244_102, 947, 2_618)
    assert watch.label_names == ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
    assert watch.channel_names == ("ax", "ay", "az", "wx", "wy", "wz")
    assert np.bincount(watch.labels).tolist() == [20] * 7
    assert len(set(watch.subject.tolist())) == 10
    assert set(watch.side.tolist()) == {0, 1}


def test_windows_of_128_every_64_samples_are_3605(watch: WatchSet) -> None:
    cut = windows(watch.recordings, length=128, step=64)
    assert cut.values.shape == (3_605, 128, 6)
    assert np.array_equal(cut.values[1], watch.recordings[0][64:192])
    assert np.array_equal(
        cut.values[-1][-1], watch.recordings[139][((len(watch.recordings[139]) - 128) // 64) * 64 + 127]
    )


def test_the_recordings_are_found_without_importing_seglearn() -> None:
    code = "import sys; from archsim.snn import load_watch; load_watch(); print('seglearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    length=st.integers(1, 8),
    step=st.integers(1, 8),
)
def test_every_recording_gives_as_many_windows_as_fit(lengths: list[int], length: int, step: int) -> None:
    expected = [max(0, window_count(n, length, step, 0)) for n in lengths]
    recordings = [np.arange(2.0 * n).reshape(n, 2) for n in lengths]
    if sum(expected) == 0:
        with pytest.raises(WorkloadError, match="choose a shorter window"):
            windows(recordings, length, step)
        return
    cut = windows(recordings, length, step)
    assert np.bincount(cut.recording, minlength=len(lengths)).tolist() == expected
    assert (np.diff(cut.values[:, :, 0], axis=1) == 2).all()


def test_normalised_training_recordings_have_mean_0_and_deviation_1(watch: WatchSet) -> None:
    training = np.flatnonzero(watch.subject <= 7)
    ready = normalise(watch.recordings, training)
    together = np.concatenate([ready[i] for i in training])
    np.testing.assert_allclose(together.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(together.std(axis=0), 1, atol=1e-9)
    rest = np.concatenate([r for i, r in enumerate(ready) if i not in training])
    assert np.abs(rest.mean(axis=0)).max() > 1e-3


def test_a_constant_channel_is_only_shifted() -> None:
    (only,) = normalise([np.array([[3.0, 0.0], [3.0, 2.0]])], training=[0])
    assert only.tolist() == [[0.0, -1.0], [0.0, 1.0]]
    # the computed deviation of many times .2 is not zero
    (many,) = normalise([np.full((100_000, 1), 0.2)], training=[0])
    assert np.abs(many).max() < 1e-9


def test_drawn_windows_are_different_and_the_same_for_a_seed(watch: WatchSet) -> None:
    one, same, other = (sample_windows(watch, 500, seed) for seed in (1, 1, 2))
    assert one.values.tobytes() == same.values.tobytes()
    assert one.values.tobytes() != other.values.tobytes()
    assert len({w.tobytes() for w in one.values}) == 500
    index = int(one.recording[0])
    cut = windows([watch.recordings[index]])
    assert any(np.array_equal(one.values[0], w) for w in cut.values)


def test_all_windows_can_be_drawn(watch: WatchSet) -> None:
    drawn, cut = sample_windows(watch, 3_605, seed=0), windows(watch.recordings)
    assert {w.tobytes() for w in drawn.values} == {w.tobytes() for w in cut.values}


@pytest.mark.parametrize("n", [0, 3_606])
def test_more_windows_than_there_are_cannot_be_drawn(watch: WatchSet, n: int) -> None:
    with pytest.raises(WorkloadError, match="there are 1 to 3605"):
        sample_windows(watch, n, seed=0)


def test_other_samples_must_be_as_many_recordings(watch: WatchSet) -> None:
    with pytest.raises(WorkloadError, match="1 recordings given, the set has 140"):
        with_recordings(watch, watch.recordings[:1])


@pytest.mark.parametrize("training", [[], [0, 2], [-1]])
def test_training_recordings_must_exist(training: list[int]) -> None:
    with pytest.raises(WorkloadError, match="training recordings must be some of 0 to 1"):
        normalise([np.zeros((2, 1)), np.zeros((2, 1))], training)


@pytest.mark.parametrize(("length", "step"), [(0, 1), (1, 0)])
def test_windows_and_steps_are_at_least_one_sample(length: int, step: int) -> None:
    with pytest.raises(WorkloadError, match="must be 1 or more"):
        windows([np.zeros((5, 1))], length, step)


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(WorkloadError, match=r'pip install "archsim\[data\]"'):
        load_watch()


SHORT = {"X": [[1.0]], "y": [0], "y_labels": "a", "subject": [1], "side": [1], "X_labels": "ab"}
UNEVEN = {**SHORT, "X": [[[1.0, 2.0]]], "y": [0, 1]}


@pytest.mark.parametrize("content", [b"", b"no array", {"X": []}, np.zeros(3), SHORT, UNEVEN])
def test_a_wrong_file_in_the_package_is_refused(
    content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data" / "watch_dataset.npy"
    path.parent.mkdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, np.array(content), allow_pickle=True)
    spec = ModuleSpec("seglearn", None, is_package=True)
    assert spec.submodule_search_locations is not None
    spec.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(WorkloadError, match=r"watch_dataset\.npy"):
        load_watch()


def test_recordings_are_read_once_for_as_long_as_their_file_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = load_watch()
    assert load_watch() is first
    assert not any(recording.flags.writeable for recording in first.recordings)
    copy = tmp_path / "watch_dataset.npy"
    copy.write_bytes(datasets._watch_file().read_bytes())
    monkeypatch.setattr(datasets, "_watch_file", lambda: copy)
    other = load_watch()
    assert other is not first
    assert (other.recordings[0] == first.recordings[0]).all()
    copy.write_bytes(b"no recordings")
    with pytest.raises(WorkloadError, match="not the watch data set"):
        load_watch()
