"""BasicMotions and the text format it comes in."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn.data import load_basic_motions, load_data, read_ts, split

HEADER = "# four people\n@problemName tiny\n@timeStamps false\n@classLabel true Rest Walk\n@data\n"
needs_aeon = pytest.mark.skipif(
    importlib.util.find_spec("aeon") is None, reason="the package aeon, which holds the files, is not installed"
)


@needs_aeon
def test_the_set_is_the_published_one() -> None:
    """4 classes, 40 + 40 series of 100 x 6; first and last value as in the file."""
    data = load_basic_motions()
    assert data.values.shape == (80, 100, 6)
    assert data.class_names == ("Standing", "Running", "Walking", "Badminton")
    assert np.bincount(data.labels * 2 + data.domain).tolist() == [10] * 8
    assert data.values[0, :3, 0].tolist() == [0.079106, 0.079106, -0.903497]


@needs_aeon
def test_aeon_itself_is_not_imported() -> None:
    code = (
        "import sys; from archsim.snn.data import load_basic_motions; load_basic_motions(); "
        "print(any(m in sys.modules for m in ('aeon', 'numba', 'pandas')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@needs_aeon
def test_the_official_split_has_forty_series_each() -> None:
    data = load_data("basic_motions", "official", "delta")
    assert data.train.inputs.shape == data.test.inputs.shape == (100, 40, 12)
    parts = split(load_basic_motions(), "official", adapt="recordings")
    assert parts.adapt is not None
    assert (len(parts.adapt), len(parts.test), parts.n_leaking) == (20, 20, 0)


def _install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: str, test: str) -> None:
    """A package of the same layout."""
    folder = tmp_path / "datasets" / "data" / "BasicMotions"
    folder.mkdir(parents=True)
    (folder / "BasicMotions_TRAIN.ts").write_text(train)
    (folder / "BasicMotions_TEST.ts").write_text(test)
    spec = ModuleSpec("aeon", None, is_package=True)
    assert spec.submodule_search_locations is not None
    spec.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)


def test_a_package_of_the_same_layout_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, monkeypatch, HEADER + "1,2:3,4:Rest\n5,6:7,8:Walk\n", HEADER + "9,8:7,6:Walk\n")
    data = load_basic_motions()
    assert data.values.tolist() == [[[1, 3], [2, 4]], [[5, 7], [6, 8]], [[9, 7], [8, 6]]]
    assert data.labels.tolist() == [0, 1, 1]
    assert data.domain.tolist() == [0, 0, 1]
    assert data.channel_names == ("dimension_1", "dimension_2")


def test_files_that_disagree_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, monkeypatch, HEADER + "1,2:3,4:Rest\n", HEADER + "1:2:Rest\n")
    with pytest.raises(WorkloadError, match="disagree on classes or shape"):
        load_basic_motions()


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(WorkloadError, match=r"pip install --no-deps aeon \(nothing else"):
        load_basic_motions()


def test_every_error_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "tiny.ts"
    path.write_text(
        HEADER + "1,2:3,4:Rest\n1,2:3,x:Rest\n\n1,2:3:Walk\n1,2:3,4:Run\n1,2:3,nan:Walk\n1:2:Rest\nRest\n"
    )
    with pytest.raises(WorkloadError) as caught:
        read_ts(path)
    message = str(caught.value)
    assert message.startswith("tiny.ts: 6 errors")
    for part in (
        "tiny.ts:7: not a number",
        "tiny.ts:9: dimensions of different lengths: [2, 1]",
        "tiny.ts:10: class 'Run' is not one of the header's: Rest, Walk",
        "tiny.ts:11: values that are not finite",
        "tiny.ts:12: (1, 2) samples and dimensions; the first series has (2, 2)",
        "tiny.ts:13: dimensions of different lengths: []",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line '@data'"),
        ("@data\n1:a\n", "tiny.ts:1: the header has no line '@classLabel"),
        ("@timeStamps true\n@classLabel true a\n@data\n1:a\n", "tiny.ts:1: series with time stamps"),
        (HEADER, "no series after @data"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tiny.ts"
    path.write_text(text)
    with pytest.raises(WorkloadError, match=message):
        read_ts(path)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="cannot be read"):
        read_ts(tmp_path / "none.ts")
    (tmp_path / "bad.ts").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkloadError, match="cannot be read"):
        read_ts(tmp_path / "bad.ts")
