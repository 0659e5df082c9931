"""The HHAR folder, on small files of the same layout made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn.data import LabelledWindows, hhar, load_hhar, split

HEADER = "Index,Arrival_Time,Creation_Time,x,y,z,User,Model,Device,gt\n"
START_NS = 1_424_696_631_913_248_572  # nanoseconds since 1970, as phones write them: more digits than a float has


def rows_of(
    user: str, device: str, stretches: list[tuple[str, float, float]], rate_hz: float, slope: tuple[float, ...]
) -> list[str]:
    """Samples that rise linearly in time, so that interpolation is exact: x = slope[0] seconds, …"""
    rows = []
    for gt, begin, end in stretches:
        for k in range(round((end - begin) * rate_hz)):
            t = begin + k / rate_hz
            x, y, z = (s * t for s in slope)
            time_ns = START_NS + round(t * 1e9)
            rows.append(
                f"{len(rows)},{time_ns // 10**6},{time_ns},{x!r},{y!r},{z!r},{user},{device[:-2]},{device},{gt}\n"
            )
    return rows


ACC, GYRO = (1.0, 2.0, 3.0), (-1.0, -2.0, -3.0)


def write(folder: Path, acceleration: list[str], rotation: list[str], carrier: str = "Phones") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{carrier}_accelerometer.csv").write_text(HEADER + "".join(acceleration))
    (folder / f"{carrier}_gyroscope.csv").write_text(HEADER + "".join(rotation))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people, two devices; sensors at 100 and 160 Hz, one activity unlabelled."""
    stretches = [("walk", 0.0, 5.0), ("null", 5.0, 6.0), ("sit", 6.0, 11.0)]
    devices = [("a", "nexus4_1"), ("b", "nexus4_1"), ("b", "s3_2")]
    acceleration = [r for user, device in devices for r in rows_of(user, device, stretches, 100, ACC)]
    rotation = [r for user, device in devices for r in rows_of(user, device, stretches, 160, GYRO)]
    return write(tmp_path / "Activity recognition exp", acceleration, rotation)


def test_recordings_are_of_one_person_device_and_activity(folder: Path) -> None:
    data = load_hhar(folder, length=50, step=50)
    assert data.channel_names == ("ax", "ay", "az", "wx", "wy", "wz")
    assert data.domain_names == ("nexus4", "s3")
    assert len(np.unique(data.recording)) == 6
    # 5 s at 50 Hz less the end of the recording: 5 windows of 1 s, the last one may lack a sample
    per_recording = np.bincount(data.recording)
    assert set(per_recording.tolist()) <= {4, 5}
    assert sorted({(int(s), data.domain_names[d]) for s, d in zip(data.subject, data.domain, strict=True)}) == [
        (1, "nexus4"),
        (2, "nexus4"),
        (2, "s3"),
    ]
    assert {data.class_names[k] for k in data.labels} == {"walk", "sit"}


def test_both_sensors_are_interpolated_on_one_grid(folder: Path) -> None:
    """Linear signals come back exactly, in spite of times with 19 digits."""
    data = load_hhar(folder, length=50, step=25, rate_hz=40)
    for window, label, start in zip(data.values, data.labels, data.start, strict=True):
        begin = {"walk": 0.0, "sit": 6.0}[data.class_names[label]]
        t = begin + (start + np.arange(50)) / 40
        np.testing.assert_allclose(window, t[:, None] * np.array([*ACC, *GYRO]), atol=1e-6)


def test_a_recording_lasts_as_long_as_its_accelerometer(tmp_path: Path) -> None:
    """From 0 to 1 s inclusive at 10 Hz: 11 samples, though the gyroscope has none at 1 s, only around it."""
    write(
        tmp_path,
        rows_of("a", "s3_1", [("sit", 0, 1.01)], 100, ACC),
        rows_of("a", "s3_1", [("sit", 0, 2)], 7.3, GYRO),
    )
    data = load_hhar(tmp_path, length=11, step=1, rate_hz=10)
    assert data.values.shape == (1, 11, 6)
    np.testing.assert_allclose(data.values[0], np.arange(11)[:, None] / 10 * np.array([*ACC, *GYRO]), atol=1e-6)


def test_rows_in_any_order_and_twice_give_the_same(folder: Path, tmp_path: Path) -> None:
    expected = load_hhar(folder)
    for path in folder.glob("*.csv"):
        rows = path.read_text().splitlines(keepends=True)[1:]
        mixed = [rows[k] for k in np.random.default_rng(0).permutation(len(rows))]
        write_path = tmp_path / "mixed" / path.name
        write_path.parent.mkdir(exist_ok=True)
        write_path.write_text(HEADER + "".join(mixed + rows[:100]) + "\n")
    found = load_hhar(tmp_path / "mixed")
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.labels.tolist() == expected.labels.tolist()


def test_blocks_do_not_change_the_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_hhar(folder)
    monkeypatch.setattr(hhar, "_ROWS_AT_ONCE", 37)
    found = load_hhar(folder)
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.subject.tolist() == expected.subject.tolist()


def test_a_pause_of_a_sensor_ends_the_recording(tmp_path: Path) -> None:
    acceleration = rows_of("a", "gear_1", [("walk", 0, 4), ("walk", 6, 10)], 100, ACC)
    rotation = rows_of("a", "gear_1", [("walk", 1, 8), ("walk", 9.5, 12)], 100, GYRO)
    write(tmp_path, acceleration, rotation, "Watch")
    data = load_hhar(tmp_path, carrier="Watch", length=10, step=10, rate_hz=10)
    # both sensors run in 1 … 4, 6 … 8 and 9.5 … 10 s; the last is too short for a window of 1 s
    begins = [data.values[data.recording == k][0, 0, 0] for k in np.unique(data.recording)]
    assert begins == pytest.approx([1.0, 6.0])
    ends = [data.values[data.recording == k][-1, -1, 0] for k in np.unique(data.recording)]
    assert ends == pytest.approx([3.9, 7.9])
    unbroken = load_hhar(tmp_path, carrier="Watch", length=10, step=10, rate_hz=10, max_gap_s=3)
    assert len(np.unique(unbroken.recording)) == 1


def samples_of(windows: LabelledWindows) -> set[tuple[int, int]]:
    places = zip(windows.recording.tolist(), windows.start.tolist(), strict=True)
    return {(recording, k) for recording, start in places for k in range(start, start + windows.span)}


@pytest.mark.parametrize("name", ["nexus4_to_s3", "leave_out_1"])
def test_a_change_of_device_or_person_is_a_split_without_shared_samples(folder: Path, name: str) -> None:
    parts = split(load_hhar(folder), name)
    assert parts.adapt is not None
    assert parts.n_leaking == 0
    seen = samples_of(parts.train) | samples_of(parts.adapt)
    tested = samples_of(parts.test)
    assert seen.isdisjoint(tested)


def test_people_and_devices_can_be_chosen_and_keep_their_numbers(folder: Path) -> None:
    data = load_hhar(folder.parent, users=["b"], devices=["s3_2"])
    assert set(data.subject) == {2}
    assert {data.domain_names[k] for k in data.domain} == {"s3"}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"users": ["z", "a"]}, r"Phones_accelerometer\.csv has no user z; it has a, b"),
        ({"devices": ["s9_1"]}, "no device s9_1; it has nexus4_1, s3_2"),
        ({"users": ["a"], "devices": ["s3_2"]}, "no labelled stretch has both sensors"),
        ({"carrier": "Shoes"}, "choose one of Phones, Watch"),
        ({"rate_hz": 0.0}, "both must be positive"),
        ({"max_gap_s": float("nan")}, "both must be positive"),
        ({"length": 1000}, "no recording has 1000 samples"),
        (
            {"carrier": "Watch"},
            r"lacks 2 of 2:\n  Watch_accelerometer\.csv\n  Watch_gyroscope\.csv\nexpected layout",
        ),
    ],
)
def test_choices_that_the_files_do_not_offer_are_refused(
    folder: Path, choice: dict[str, object], message: str
) -> None:
    with pytest.raises(WorkloadError, match=message):
        load_hhar(folder, **choice)  # type: ignore[arg-type]


def test_every_error_is_reported_with_file_and_line(folder: Path) -> None:
    path = folder / "Phones_gyroscope.csv"
    lines = path.read_text().splitlines()
    changes = {3: (3, "nan"), 5: (9, "fly"), 7: (2, "soon"), 9: (4, "1.0.0"), 11: (2, "9" * 30), 15: (2, "1.5")}
    for line, (column, text) in changes.items():
        cells = lines[line - 1].split(",")
        cells[column] = text
        lines[line - 1] = ",".join(cells)
    lines[12] = "1,2,3"
    path.write_text("\n".join(lines))
    with pytest.raises(WorkloadError) as caught:
        load_hhar(folder)
    message = str(caught.value)
    assert message.startswith("HHAR: 7 errors")
    for line in (3, 5, 7, 9, 11, 13, 15):
        assert f"Phones_gyroscope.csv:{line}: " in message
    assert "gt is 'fly'; expected bike, sit" in message
    assert "3 columns, expected 10" in message


@pytest.mark.parametrize(("column", "text"), [(3, "inf"), (9, "fly"), (2, "1.5"), (5, "")])
def test_a_single_error_is_found_in_a_later_block(
    folder: Path, monkeypatch: pytest.MonkeyPatch, column: int, text: str
) -> None:
    monkeypatch.setattr(hhar, "_ROWS_AT_ONCE", 50)
    path = folder / "Phones_accelerometer.csv"
    lines = path.read_text().splitlines()
    cells = lines[220].split(",")
    lines[220] = ",".join([*cells[:column], text, *cells[column + 1 :]])
    path.write_text("\n".join(lines))
    with pytest.raises(WorkloadError, match=r"HHAR: 1 error\n.*Phones_accelerometer\.csv:221: "):
        load_hhar(folder)


@pytest.mark.parametrize("text", ["", "a,b\n", HEADER])
def test_files_without_header_or_rows_are_refused(folder: Path, text: str) -> None:
    (folder / "Phones_accelerometer.csv").write_text(text)
    with pytest.raises(WorkloadError, match=r"Phones_accelerometer\.csv"):
        load_hhar(folder)


def test_unreadable_text_is_refused(folder: Path) -> None:
    (folder / "Phones_accelerometer.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkloadError, match="cannot be read"):
        load_hhar(folder)
