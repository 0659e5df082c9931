"""A folder is put in its place as one step, and nothing is written outside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.errors import WriteError
from archsim.files import check_folder, folders, fresh_folder, inside, make_folder, write_text


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fill(folder: Path, text: str, fails: type[BaseException] | None = None, whole: bool = False) -> None:
    with fresh_folder(folder, whole=whole) as temporary:
        write_text(temporary / "a.txt", text)
        if fails is not None:
            raise fails


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_everything_as_it_was(tmp_path, error, earlier, whole):
    target = tmp_path / "above" / "out"
    if earlier:
        fill(target, "first", whole=whole)
    before = everything_in(tmp_path)
    with pytest.raises(error):
        fill(target, "second", error, whole)
    assert everything_in(tmp_path) == before
    if earlier:
        assert (target / "a.txt").read_text() == "first"


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced_as_a_whole_or_by_name(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(folders, "_exchanged", lambda *_: False)
    target = tmp_path / "out"
    fill(target, "first")
    (target / "mine.txt").write_text("mine")
    fill(target, "second")
    assert everything_in(tmp_path) == ["out", "out/a.txt", "out/mine.txt"]
    fill(target, "third", whole=True)
    assert everything_in(tmp_path) == ["out", "out/a.txt"]
    assert (target / "a.txt").read_text() == "third"


def killed(code: str, target: Path) -> None:
    head = (
        "import os, sys\nfrom pathlib import Path\nfrom archsim.files import folders, fresh_folder, write_text\n"
        "target = Path(sys.argv[1])\ndef die(*_, **__): os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", head + code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL


FILLED = "with fresh_folder(target, whole=True) as temporary:\n    write_text(temporary / 'a.txt', 'second')\n"
KILLS = {
    "while it is filled": f"{FILLED}    die()\n",
    "behind the exchange": f"folders.shutil.rmtree = die\n{FILLED}",
    "between two renames": "folders._exchanged = lambda one, other: False\nrename = Path.rename\n"
    f"Path.rename = lambda self, to: die() if 'part' in self.name else rename(self, to)\n{FILLED}",
}


@pytest.mark.parametrize("code", KILLS.values(), ids=KILLS)
def test_a_kill_loses_no_name_and_what_it_left_is_cleaned_up(tmp_path, code):
    target = tmp_path / "r"
    fill(target, "first")
    killed(code, target)
    with pytest.raises(KeyboardInterrupt):  # the next one brings back what was there, even if it fails itself
        fill(target, "third", KeyboardInterrupt, whole=True)
    assert everything_in(tmp_path) == ["r", "r/a.txt"]
    assert (target / "a.txt").read_text() == ("second" if "rmtree" in code else "first")


@pytest.mark.parametrize("name", [".r.part-4242", ".r.old-4242"])
def test_left_overs_of_earlier_versions_are_cleaned_up(tmp_path, name):
    fill(tmp_path / "r", "first")
    (tmp_path / name).mkdir()
    fill(tmp_path / "r", "second", whole=True)
    assert everything_in(tmp_path) == ["r", "r/a.txt"]


def test_a_folder_that_somebody_fills_is_no_left_over(tmp_path):
    with fresh_folder(tmp_path / "r", whole=True) as one:
        with fresh_folder(tmp_path / "r", whole=True):
            assert one.is_dir()
        write_text(one / "a.txt", "one")
    assert everything_in(tmp_path) == ["r", "r/a.txt"]


def test_a_link_that_is_named_means_the_folder_behind_it(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    fill(tmp_path / "link", "first", whole=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "first"


def test_no_link_inside_leads_a_file_out(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "sub").symlink_to("../outside")

    def filled():
        with fresh_folder(tmp_path / "r") as temporary:
            write_text(temporary / "a.txt", "x")
            (temporary / "sub").mkdir()
            write_text(temporary / "sub" / "a.txt", "x")

    with pytest.raises(WriteError, match="a link leads out"):
        filled()
    assert everything_in(tmp_path) == ["outside", "r", "r/sub"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0b"])
def test_a_name_from_a_file_leads_nowhere_else(tmp_path, name):
    with pytest.raises(WriteError, match="is no name of a file in it"):
        inside(tmp_path, name)


@pytest.mark.parametrize("use", [make_folder, check_folder, fill], ids=lambda use: use.__name__)
def test_a_file_in_the_way_is_told(tmp_path, use):
    (tmp_path / "out").write_text("mine")
    arguments = ("x",) if use is fill else ()
    with pytest.raises(WriteError, match="it is a file; name a folder"):
        use(tmp_path / "out", *arguments)
    with pytest.raises(WriteError, match="Not a directory"):
        use(tmp_path / "out" / "deeper", *arguments)
    assert everything_in(tmp_path) == ["out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_told(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    for use in (make_folder, check_folder, lambda path: fill(path, "x")):
        with pytest.raises(WriteError, match="Permission denied"):
            use(tmp_path / "locked")


def test_a_check_makes_nothing(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert everything_in(tmp_path) == []


def test_an_error_names_the_folder_that_was_asked_for(tmp_path):
    def filled():
        with fresh_folder(tmp_path / "out") as temporary:
            write_text(temporary / "none" / "a.txt", "x")

    with pytest.raises(WriteError) as told:
        filled()
    assert str(told.value) == f"{tmp_path}/out/none/a.txt: cannot be written: No such file or directory"
