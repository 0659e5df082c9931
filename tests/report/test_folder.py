"""The result folder is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.errors import ArchsimError
from archsim.report import read_results, result_folder


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_appears_only_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "results" / "demo"
    with result_folder(target) as folder:
        (folder / "result.json").write_text("{}")
        assert not target.exists()
    assert everything_in(tmp_path) == ["results", "results/demo", "results/demo/result.json"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing_not_even_the_folders_above(tmp_path: Path, failure: type[BaseException]) -> None:
    def fails() -> None:
        with result_folder(tmp_path / "a" / "b") as folder:
            (folder / "result.json").write_text("half")
            raise failure

    with pytest.raises(failure):
        fails()
    assert everything_in(tmp_path) == []


def test_a_failure_leaves_an_older_result_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "result.json").write_text("old")

    def fails() -> None:
        with result_folder(target) as folder:
            (folder / "result.json").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert everything_in(tmp_path) == ["out", "out/result.json"]
    assert (target / "result.json").read_text() == "old"


def test_an_older_result_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name in ("result.json", "pipeline_dfa.png", "spans_dfa.npz", "report.md"):
        (target / name).write_text("old")
    with result_folder(target) as folder:
        (folder / "result.json").write_text("new")
    assert everything_in(tmp_path) == ["out", "out/result.json"]
    assert (target / "result.json").read_text() == "new"


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ArchsimError, match=r"no result of archsim \(thesis.tex\)"), result_folder(tmp_path):
        pytest.fail("must not get here")
    assert everything_in(tmp_path) == ["result.json", "thesis.tex"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArchsimError, match="is a file"), result_folder(tmp_path / "out"):
        pytest.fail("must not get here")
    with pytest.raises(ArchsimError, match="cannot be written"), result_folder(tmp_path / "out" / "deeper"):
        pytest.fail("must not get here")
    assert everything_in(tmp_path) == ["out"]


def test_the_folder_one_works_in_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArchsimError, match="is the folder you work in"), result_folder("."):
        pytest.fail("must not get here")


def test_an_error_within_the_block_is_not_blamed_on_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), result_folder(tmp_path / "out"):
        (tmp_path / "data").read_text()


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"format": "another 1", "results": {}}', "\xff"])
def test_another_file_is_no_result(tmp_path: Path, content: str) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ArchsimError, match="not a result of archsim"):
        read_results(file)


def test_a_missing_result_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ArchsimError, match="archsim run -o"):
        read_results(tmp_path)
