"""Files of others are opened in one place: regular files of bounded size, looked at before they are unpacked."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archsim import reading

PACKAGE = Path(reading.__file__).parent


def test_pipes_devices_folders_and_files_beyond_a_size_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(11))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(40 << 30)
    for name, said in (
        (tmp_path / "pipe", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (tmp_path, "is a folder"),
        (tmp_path / "large", "the file is too large: 11 bytes, at most 10 are read"),
        (tmp_path / "sparse", "the file is too large: 42949672960 bytes, at most 10 are read"),
        (tmp_path / "none", "No such file"),
        ("a\0b", "null"),
    ):
        with pytest.raises(OSError, match=said):
            reading.open_input(name, 10)


def archive_of(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def npy(shape: tuple[int, ...], descr: str = "<f8", data: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


def test_an_array_that_claims_another_size_than_it_has_is_refused_before_room_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for shape, data in (((10**13,), b""), ((2,), bytes(8)), ((1,), bytes(16)), ((-1,), b"")):
        archive_of(path, good=npy((1,), data=bytes(8)), bad=npy(shape, data=data))
        with pytest.raises(ValueError, match=r"array 'bad' cannot be read: (its header claims|its shape is)"):
            reading.input_arrays(path)
        assert reading.input_arrays(path, wanted=["good"])["good"].tolist() == [0.0]
        (tmp_path / "a.npy").write_bytes(npy(shape, data=data))
        with pytest.raises(ValueError, match=r"its header claims shape|its shape is"):
            reading.input_array(tmp_path / "a.npy")


def test_archives_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for content in (b"", b"PK\3\4 no zip", npy((0,))):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not an archive of arrays"):
            reading.input_arrays(path)
    for content, said in ((b"text", "its header is damaged"), (npy((1,), "|O", bytes(8)), "Python objects")):
        archive_of(path, a=content)
        with pytest.raises(ValueError, match=f"array 'a' cannot be read: .*{said}"):
            reading.input_arrays(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.npy", npy((0,)))
    with pytest.raises(ValueError, match="packed in a way that numpy does not use"):
        reading.input_arrays(path)


def test_arrays_come_back_as_numpy_saved_them(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3).T, "b": np.array("text"), "empty": np.zeros((0, 3))}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    np.save(tmp_path / "a.npy", arrays["a"])
    back = reading.input_arrays(tmp_path / "a.npz")
    assert list(back) == reading.array_names(tmp_path / "a.npz") == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
    np.testing.assert_array_equal(reading.input_array(tmp_path / "a.npy"), arrays["a"])


# what opens files by itself, and why that is right: it wrote the file, or it is the system's
OPENS = {
    "taskgraph/memory.py": "/proc and control groups",
    "engine/long/memory.py": "/proc",
    "snn/datasets.py": "a file inside an installed package, which holds Python objects",
    "explore/identity.py": "the package's own source",
    "report/comparison.py": "pictures that it has drawn",
    "plot/inline.py": "pictures that it has drawn",
    "explore/page.py": "pictures that it has drawn",
    "explore/log.py": "appends to its own log",
    "explore/journal.py": "appends to its own journal",
    "reading.py": "is that place",
}


def test_files_are_opened_by_one_door() -> None:
    own = re.compile(r"read_bytes\(|\.read_text\(|np\.load\(|np\.loadtxt\([a-z_]*path|open\([^)]*\"rb\"")
    found = set()
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text().splitlines()
        code = [line for line in lines if not line.lstrip().startswith((">>>", "...")) and "(files(" not in line]
        if own.search("\n".join(code)):
            found.add(path.relative_to(PACKAGE).as_posix())
    assert found - set(OPENS) == set()


def test_json_of_the_package_itself_is_such_json() -> None:
    for path in PACKAGE.rglob("*.json"):
        assert reading.input_json(path) == json.loads(path.read_text())
