"""Event files of the N-MNIST kind, on small ones made here."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn.data import frames, load_data, load_nmnist, read_events

EVENT = st.tuples(st.integers(0, 33), st.integers(0, 33), st.integers(0, 1), st.integers(0, 2**23 - 1))


def packed(events: list[tuple[int, int, int, int]]) -> bytes:
    """40 bits each, written as one big number: x, y, polarity, 23 bits of time."""
    numbers = [x << 32 | y << 24 | polarity << 23 | time for x, y, polarity, time in events]
    return b"".join(struct.pack(">Q", n)[3:] for n in numbers)


@given(events=st.lists(EVENT, max_size=30))
def test_events_are_read_as_they_were_packed(events: list[tuple[int, int, int, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.bin"
        path.write_bytes(packed(events))
        found = read_events(path)
    columns = zip(found.x.tolist(), found.y.tolist(), found.polarity.tolist(), found.time_us.tolist(), strict=True)
    assert list(columns) == events


def test_an_overflow_entry_shifts_all_later_times(tmp_path: Path) -> None:
    path = tmp_path / "e.bin"
    path.write_bytes(packed([(1, 1, 0, 8_000), (0, 240, 0, 0), (2, 2, 1, 10), (0, 240, 0, 0), (3, 3, 1, 20)]))
    assert read_events(path).time_us.tolist() == [8_000, 2**13 + 10, 2**14 + 20]


@given(events=st.lists(EVENT, max_size=40), n_steps=st.integers(1, 7))
def test_frames_hold_every_event_of_their_time(events: list[tuple[int, int, int, int]], n_steps: int) -> None:
    import tempfile

    duration = 1_000_003
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.bin"
        path.write_bytes(packed(events))
        found = read_events(path)
    counts = frames(found, n_steps, duration, binary=False)
    expected = np.zeros((n_steps, 2, 34, 34), dtype=int)
    for x, y, polarity, time in events:
        for step in range(n_steps):
            if step * duration <= time * n_steps < (step + 1) * duration:
                expected[step, polarity, y, x] += 1
    assert np.array_equal(counts, expected)
    assert np.array_equal(frames(found, n_steps, duration), expected > 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for part, n in (("Train", 3), ("Test", 2)):
        for digit in range(10):
            place = tmp_path / part / str(digit)
            place.mkdir(parents=True)
            for k in range(n):
                columns = [rng.integers(0, top, 50) for top in (34, 34, 2, 300_000)]
                events = sorted(zip(*(c.tolist() for c in columns), strict=True), key=lambda e: e[3])
                # the digit shows: its own pixel fires in the first bin
                (place / f"{k:05}.bin").write_bytes(packed([(digit, digit, 1, 0), *events]))
    return tmp_path


def test_a_folder_is_read_by_class_and_part(folder: Path) -> None:
    data = load_nmnist(folder)
    assert data.values.shape == (50, 10, 2, 34, 34)
    assert data.values.dtype == np.uint8
    assert np.bincount(data.labels).tolist() == [5] * 10
    assert np.bincount(data.domain).tolist() == [30, 20]
    assert all(data.values[k, 0, 1, d, d] for k, d in enumerate(data.labels))
    few = load_nmnist(folder, per_class=1, n_steps=3, duration_us=1_000)
    assert few.values.shape == (20, 3, 2, 34, 34)


def test_events_go_to_the_trainer_as_they_are(folder: Path) -> None:
    data = load_data("nmnist", "official", folder=folder)
    assert data.train.inputs.shape == (10, 30, 2, 34, 34)
    assert data.train.inputs.dtype == np.uint8
    assert set(np.unique(data.train.inputs)) == {0, 1}
    assert (data.adapt, data.n_classes, data.input_shape, data.n_timesteps) == (None, 10, (2, 34, 34), 10)
    with pytest.raises(WorkloadError, match="events are spikes already"):
        load_data("nmnist", "official", "rate", folder=folder)
    with pytest.raises(WorkloadError, match="load them with fewer timesteps"):
        load_data("nmnist", "official", folder=folder, decimation=2)


def test_missing_folders_are_all_listed(folder: Path) -> None:
    for digit in (3, 7):
        for path in (folder / "Test" / str(digit)).iterdir():
            path.unlink()
        (folder / "Test" / str(digit)).rmdir()
    with pytest.raises(WorkloadError, match=r"lacks 2 of 20:\n  Test/3\n  Test/7\nexpected layout:"):
        load_nmnist(folder)


def test_wrong_files_are_all_listed(folder: Path) -> None:
    (folder / "Train" / "0" / "00000.bin").write_bytes(b"\0" * 7)
    (folder / "Train" / "1" / "00001.bin").write_bytes(packed([(1, 1, 0, 0), (40, 1, 0, 5)]))
    (folder / "Test" / "2" / "00000.bin").unlink()
    (folder / "Test" / "2" / "00001.bin").unlink()
    with pytest.raises(WorkloadError) as caught:
        load_nmnist(folder)
    message = str(caught.value)
    assert message.startswith("N-MNIST: 3 errors")
    assert "00000.bin: 7 bytes are no whole number of events" in message
    assert "00001.bin: event 1 is at x = 40, y = 1, outside 34 x 34 pixels" in message
    assert f"{Path('Test') / '2'}: no files *.bin" in message


@pytest.mark.parametrize("choice", [{"n_steps": 0}, {"duration_us": 0}, {"per_class": 0}])
def test_settings_below_one_are_refused(folder: Path, choice: dict[str, int]) -> None:
    with pytest.raises(WorkloadError, match="must be 1 or more"):
        load_nmnist(folder, **choice)  # type: ignore[arg-type]


def test_frames_need_steps_and_a_duration_and_files_must_exist(folder: Path) -> None:
    with pytest.raises(WorkloadError, match="both must be 1 or more"):
        frames(read_events(folder / "Train" / "0" / "00000.bin"), 0, 10)
    with pytest.raises(WorkloadError, match="cannot be read"):
        read_events(folder / "none.bin")
