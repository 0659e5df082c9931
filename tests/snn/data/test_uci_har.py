"""The UCI-HAR folder, on a small one of the same layout made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn.data import load_uci_har, split

ACTIVITIES = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING")
SIGNALS = [f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz"]


def write_part(top: Path, part: str, people: list[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Two recordings per person, of 4 and 1 windows: 9 signals, windows of 128 every 64, as published."""
    recordings = [rng.normal(size=(n, 9)) for _ in people for n in (128 + 3 * 64, 128)]
    labels = [k % 6 + 1 for k in range(len(recordings))]
    windows = [
        (r[s : s + 128], label, people[k // 2])
        for k, (r, label) in enumerate(zip(recordings, labels, strict=True))
        for s in range(0, len(r) - 127, 64)
    ]
    folder = top / part / "Inertial Signals"
    folder.mkdir(parents=True)
    (top / part / f"y_{part}.txt").write_text("".join(f"{label}\n" for _, label, _ in windows))
    (top / part / f"subject_{part}.txt").write_text("".join(f"{person}\n" for _, _, person in windows))
    for k, signal in enumerate(SIGNALS):
        rows = ["".join(f" {v: .7e}" for v in w[:, k]) + "\n" for w, _, _ in windows]
        (folder / f"{signal}_{part}.txt").write_text("".join(rows))
    return recordings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "UCI HAR Dataset"
    rng = np.random.default_rng(0)
    write_part(top, "train", [1, 3, 5], rng)
    write_part(top, "test", [2, 4], rng)
    (top / "activity_labels.txt").write_text("".join(f"{k} {a}\n" for k, a in enumerate(ACTIVITIES, start=1)))
    return top


def test_the_windows_come_with_class_person_and_part(folder: Path) -> None:
    data = load_uci_har(folder)
    assert data.values.shape == (25, 128, 9)
    assert data.class_names == ACTIVITIES
    assert data.channel_names == tuple(SIGNALS)
    assert data.subject.tolist() == [1] * 5 + [3] * 5 + [5] * 5 + [2] * 5 + [4] * 5
    assert [data.domain_names[k] for k in data.domain] == ["train"] * 15 + ["test"] * 10
    assert data.labels.tolist()[:10] == [0] * 4 + [1] + [2] * 4 + [3]


def test_windows_that_share_half_are_put_together_as_one_recording(tmp_path: Path) -> None:
    top = tmp_path / "UCI HAR Dataset"
    rng = np.random.default_rng(1)
    recordings = [*write_part(top, "train", [1], rng), *write_part(top, "test", [2], rng)]
    (top / "activity_labels.txt").write_text("".join(f"{k} {a}\n" for k, a in enumerate(ACTIVITIES, start=1)))
    data = load_uci_har(tmp_path)
    assert data.recording.tolist() == [0, 0, 0, 0, 1, 2, 2, 2, 2, 3]
    assert data.start.tolist() == [0, 64, 128, 192, 0] * 2
    for window, recording, start in zip(data.values, data.recording, data.start, strict=True):
        np.testing.assert_allclose(window, recordings[recording][start : start + 128], atol=1e-7)


@pytest.mark.parametrize("name", ["official", "train_to_test", "leave_out_3", "subjects_1_to_5", "random_windows"])
def test_no_value_that_is_tested_was_seen(folder: Path, name: str) -> None:
    data = load_uci_har(folder)
    parts = split(data, name, adapt=None if name == "random_windows" else "time", normalise=False)
    seen = set(parts.train.values.ravel().tolist())
    seen |= set(() if parts.adapt is None else parts.adapt.values.ravel().tolist())
    leaks = [not seen.isdisjoint(window.ravel().tolist()) for window in parts.test.values]
    assert parts.n_leaking == sum(leaks)
    assert any(leaks) == (name == "random_windows")


def test_the_official_split_tests_all_of_the_published_part(folder: Path) -> None:
    parts = split(load_uci_har(folder), "official")
    assert (len(parts.train), parts.adapt, len(parts.test)) == (15, None, 10)


def test_all_missing_files_are_listed_with_the_layout(folder: Path) -> None:
    (folder / "train" / "y_train.txt").unlink()
    (folder / "test" / "Inertial Signals" / "body_gyro_z_test.txt").unlink()
    with pytest.raises(WorkloadError) as caught:
        load_uci_har(folder)
    message = str(caught.value)
    assert "lacks 2 of 23" in message
    assert "  train/y_train.txt\n  test/Inertial Signals/body_gyro_z_test.txt\nexpected layout:" in message
    assert "UCI HAR Dataset/" in message


def _change(path: Path, line: int, text: str | None) -> None:
    lines = path.read_text().splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    path.write_text("\n".join(lines) + "\n")


def test_every_error_is_reported_with_file_and_line(folder: Path) -> None:
    inertial = folder / "train" / "Inertial Signals"
    _change(folder / "train" / "y_train.txt", 2, "7")
    _change(folder / "train" / "y_train.txt", 3, "sit")
    _change(folder / "test" / "subject_test.txt", 1, "-2")
    _change(inertial / "body_acc_x_train.txt", 4, "1.0 2.0")
    _change(inertial / "body_acc_y_train.txt", 5, " ".join(["0.5"] * 127 + ["x"]))
    _change(inertial / "body_acc_z_train.txt", 6, " ".join(["nan"] * 128))
    _change(inertial / "total_acc_x_train.txt", 1, None)
    with pytest.raises(WorkloadError) as caught:
        load_uci_har(folder)
    message = str(caught.value)
    assert message.startswith("UCI-HAR: 7 errors")
    for part in (
        "y_train.txt:2: class '7' must be 1 to 6",
        "y_train.txt:3: class 'sit'",
        "subject_test.txt:1: person '-2' must be 1 or more",
        "body_acc_x_train.txt:4: 2 values; a window has 128",
        "body_acc_y_train.txt:5: could not convert",
        "body_acc_z_train.txt:6: value 1 is not finite: nan",
        "total_acc_x_train.txt: 14 lines; y_train.txt has 15",
    ):
        assert part in message


def test_many_errors_are_counted_and_the_first_shown(folder: Path) -> None:
    (folder / "train" / "y_train.txt").write_text("0\n" * 30)
    with pytest.raises(WorkloadError, match=r"UCI-HAR: 40 errors(.|\n)*y_train.txt:20: (.|\n)*… and 20 more"):
        load_uci_har(folder)


@pytest.mark.parametrize("text", ["1 WALKING\n3 SITTING\n", "WALKING\n", ""])
def test_activity_names_must_be_numbered(folder: Path, text: str) -> None:
    (folder / "activity_labels.txt").write_text(text)
    with pytest.raises(WorkloadError, match=r"activity_labels\.txt"):
        load_uci_har(folder)


def test_an_empty_part_and_unreadable_text_are_refused(folder: Path) -> None:
    for path in (folder / "test").rglob("*.txt"):
        path.write_text("")
    with pytest.raises(WorkloadError, match=r"y_test\.txt: no windows"):
        load_uci_har(folder)
    (folder / "test" / "y_test.txt").write_bytes(b"\xff\xfe1\n")
    with pytest.raises(WorkloadError, match=r"y_test\.txt cannot be read"):
        load_uci_har(folder)
