"""A file is written whole or not at all, whatever stands in its place and however the disk ends."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from archsim.errors import WriteError
from archsim.files import append, fresh_file, fresh_folder, write_arrays, write_bytes, write_text


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_failure_leaves_what_was_there(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def fails():
        with fresh_file(file) as opened:
            opened.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert everything_in(tmp_path) == ["a.txt"]
    assert file.read_text() == "old"


def test_what_is_replaced_keeps_its_rights(tmp_path):
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o600)
    write_text(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_killed_process_left_is_used_up(tmp_path):
    code = (
        "import os, sys\nfrom archsim.files import fresh_file\n"
        "with fresh_file(sys.argv[1]) as file:\n    file.write(b'x' * 10**6)\n    os.kill(os.getpid(), 9)\n"
    )
    file = tmp_path / "a.png"
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False).returncode == -9
    assert everything_in(tmp_path) == [".a.png.part"]
    write_bytes(file, b"whole")
    assert everything_in(tmp_path) == ["a.png"]
    assert file.read_bytes() == b"whole"


def test_two_who_write_one_file_do_not_mix(tmp_path):
    file = tmp_path / "a.txt"
    with fresh_file(file) as one, fresh_file(file) as other:
        one.write(b"one")
        other.write(b"other")
    assert file.read_bytes() == b"one"
    assert everything_in(tmp_path) == ["a.txt"]


def test_a_link_is_followed_within_its_folder_and_refused_where_it_leads_out(tmp_path):
    outside, folder = tmp_path / "outside.txt", tmp_path / "r"
    folder.mkdir()
    outside.write_text("mine")
    (folder / "out.txt").symlink_to(outside)
    (folder / "in.txt").symlink_to("real.txt")
    with pytest.raises(WriteError, match="a link that leads out of its folder"):
        write_text(folder / "out.txt", "new")
    write_text(folder / "in.txt", "new")
    assert outside.read_text() == "mine"
    assert (folder / "out.txt").is_symlink()
    assert (folder / "in.txt").is_symlink()
    assert (folder / "real.txt").read_text() == "new"


def test_a_link_or_a_second_name_in_the_place_of_the_temporary_file_is_not_written_through(tmp_path):
    outside, folder = tmp_path / "outside.txt", tmp_path / "r"
    folder.mkdir()
    outside.write_text("mine")
    (folder / ".a.txt.part").hardlink_to(outside)
    write_text(folder / "a.txt", "new")
    (folder / ".b.txt.part").symlink_to(outside)
    with pytest.raises(WriteError, match="cannot be written"):
        write_text(folder / "b.txt", "new")
    assert outside.read_text() == "mine"


def test_a_device_stays_a_device():
    before = os.stat("/dev/null")
    write_text("/dev/null", "nothing")
    assert os.path.samestat(os.stat("/dev/null"), before)
    with pytest.raises(WriteError, match="/dev/full: cannot be written: No space left on device"):
        write_text("/dev/full", "text")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_pipe_is_written_and_stays_one(tmp_path):
    pipe, found = tmp_path / "pipe", []
    os.mkfifo(pipe)
    with pytest.raises(WriteError, match="no process reads from it"):
        write_text(pipe, "text")
    opened = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(opened, True)

    def read():
        with os.fdopen(opened) as file:
            found.append(file.read())

    reader = threading.Thread(target=read)
    held = os.open(pipe, os.O_WRONLY)  # a reader that comes before any writer would see an end
    reader.start()
    write_text(pipe, "text" * 100_000)
    os.close(held)
    reader.join()
    assert found == ["text" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_can_be_named_as_a_file(name):
    code = f"from archsim.files import write_text\nwrite_text({name!r}, 'text')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "text"


@pytest.fixture
def small_files():
    """No file may be longer than a few kilobytes: a write ends in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("write", [
    lambda path: write_text(path, "x" * 10_000),
    lambda path: write_arrays(path, {"a": np.random.default_rng(0).random(10_000)}),
    lambda path: append(path, b"x" * 10_000),
], ids=["text", "arrays", "append"])  # fmt: skip
@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path, write):
    file = tmp_path / "a"
    file.write_text("old")
    with pytest.raises(WriteError, match="cannot be written: File too large") as told:
        write(file)
    assert len(str(told.value).splitlines()) == 1
    assert everything_in(tmp_path) == ["a"]
    assert file.read_text() == "old"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few pages, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    command = [shutil.which("mount") or "false", "-t", "tmpfs", "-o", "size=16k", "none", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: that takes root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_full_keeps_what_it_has(small_disk):
    write_text(small_disk / "a", "old")
    for use in (
        lambda: write_text(small_disk / "a", "x" * 10**5),
        lambda: append(small_disk / "a", b"x" * 10**5),
        lambda: write_network(small_disk / "net.nir"),
        lambda: write_both(small_disk / "out"),
    ):
        with pytest.raises(WriteError, match="cannot be written: No space left on device"):
            use()
        assert everything_in(small_disk) == ["a"]
        assert (small_disk / "a").read_text() == "old"


def write_both(folder):
    with fresh_folder(folder, whole=True) as temporary:
        write_text(temporary / "first", "x")
        write_text(temporary / "second", "x" * 10**5)


@pytest.mark.usefixtures("small_files")
def test_a_network_on_a_full_disk_is_one_line(tmp_path):
    with pytest.raises(WriteError, match="cannot be written: File too large"):
        write_network(tmp_path / "net.nir")
    assert everything_in(tmp_path) == []


def write_network(path):
    from archsim.workload.network import Dense, Layer, Network, Neuron
    from archsim.workload.nir_writer import write_nir

    weight = np.random.default_rng(0).random((100, 100))
    lif = Neuron("lif", decay=0.9, reset="zero")
    layer = Layer("out", Dense(100), ("input",), (100,), (100,), lif, weight=weight)
    write_nir(Network("net", (100,), (layer,)), path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(WriteError, match="is a folder; name a file"):
        write_text(tmp_path, "x")


def test_a_name_of_255_bytes_can_be_written(tmp_path):
    file = tmp_path / ("ä" * 127)
    write_text(file, "x")
    assert file.read_text() == "x"
