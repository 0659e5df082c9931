"""Play one case in a process of its own, forked from this one, with limits; and judge what it did."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kinds import Argv, made

CPU_S = 10
MEMORY_BYTES = 2 * 2**30
WALL_S = 120  # much more than the limit of CPU: only who waits for something that never comes gets there
CRASHED = 70
_MOST_SAID = 20_000
_WARNED = re.compile(r"^.*\b(\w*Warning: .*)$", re.M)
_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


@dataclass(frozen=True)
class Played:
    """What a case did."""

    argv: Argv
    code: int
    out: str
    err: str
    errors: tuple[str, ...]
    cpu_s: float
    peak_bytes: int


def play(kind: str, seed: int, corpus: Path, folder: Path) -> Played:
    """Make a case in an empty folder, play it, judge it."""
    argv = made(kind, seed, corpus, folder)
    (folder / "home").mkdir()
    (folder / "tmp").mkdir()
    before = _listing(folder)
    status, usage, wrote, waited = _forked(argv, folder)
    code = os.waitstatus_to_exitcode(status)
    out, err = (_said(folder / name) for name in ("stdout", "stderr"))
    allowed = _may_change(argv)
    outside = [f"wrote to {path}" for path in wrote if not _is_in(path, [*allowed, folder / "tmp"])]
    after = _listing(folder)
    changed = {path for path in {**before, **after} if before.get(path) != after.get(path)}
    outside += [f"changed {path}" for path in sorted(changed) if not _is_in(path, allowed)]
    left = [f"left {path} behind" for path in after if path.parent == folder / "tmp" and path not in before]
    errors = [*_errors(code, out, err, argv), *outside, *left, *_not_finite(allowed, code)]
    if waited:
        errors.insert(0, f"did not end within {WALL_S} s")
    return Played(argv, code, out, err, tuple(errors), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _may_change(argv: Argv) -> list[Path]:
    """Where a command may write: where its -o says; report and plot without one into the folder that they show."""
    named = [Path(argv[k + 1]) for k, item in enumerate(argv) if item == "-o"]
    if not named and argv[0] in ("report", "plot"):
        named = [Path(argv[1])]
    return named


def _is_in(path: Path, folders: list[Path]) -> bool:
    # a file is written beside under a name of its own, and renamed
    def beside(found: Path, folder: Path) -> bool:
        return found.parent == folder.parent and found.name.startswith(f".{folder.name}")

    ways = (path, *path.parents)
    return any(folder in ways or any(beside(found, folder) for found in ways) for folder in folders)


def _listing(folder: Path) -> dict[Path, tuple[int, bytes]]:
    skip = (folder / "stdout", folder / "stderr")
    files = [path for path in folder.rglob("*") if path not in skip and not path.is_dir()]
    return {path: (path.stat().st_size, path.read_bytes()[:4096]) for path in files}


def _said(path: Path) -> str:
    return path.read_bytes()[:2_000_000].decode("utf-8", "replace")


def _errors(code: int, out: str, err: str, argv: Argv) -> list[str]:
    found = []
    if code == -signal.SIGXCPU:
        found.append(f"took more than {CPU_S} s of CPU")
    elif code < 0:
        found.append(f"ended by signal {-code} ({signal.Signals(-code).name})")
    elif code not in (0, 1, 2):
        found.append(f"exit code {code}")
    if "Traceback (most recent call last)" in err + out:
        found.append("a traceback: " + err.strip().rsplit("\n", 1)[-1][:300])
    elif code in (1, 2) and not err.strip():
        found.append(f"exit code {code} without a message")
    elif code in (1, 2) and len(err) > _MOST_SAID:
        found.append(f"a message of {len(err)} characters")
    found += [f"a warning of Python's: {said}" for said in dict.fromkeys(_WARNED.findall(err))]
    if escapes := _ESCAPE.findall(out + err):
        found.append(f"control characters on the terminal: {sorted(set(escapes))}")
    if code == 0 and "--json" in argv:
        found += _strict(out, "stdout")
    return found


def _not_finite(folders: list[Path], code: int) -> list[str]:
    files = [path for folder in folders for path in (folder, *folder.rglob("*.json")) if path.is_file()]
    found = []
    for path in files if code == 0 else []:
        if path.suffix == ".json":
            found += _strict(path.read_text(encoding="utf-8"), path.name)
    return found


def _strict(said: str, where: str) -> list[str]:
    def refused(constant: str) -> Any:
        raise ValueError(f"holds {constant}")

    try:
        json.loads(said, parse_constant=refused)
    except (ValueError, RecursionError) as error:
        return [f"{where} is no JSON: {error}"]
    return []


def _forked(argv: Argv, folder: Path) -> tuple[int, resource.struct_rusage, list[Path], bool]:
    """Exit status, usage, where it wrote, and whether it was stopped."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(argv, folder, writer)
    os.close(writer)
    wrote, ended = _heard(reader)
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL) if not ended else None
    _, status, usage = os.wait4(pid, 0)
    with contextlib.suppress(ProcessLookupError):  # what it has started
        os.killpg(pid, signal.SIGKILL)
    return status, usage, [Path(os.path.abspath(folder / name)) for name in wrote], not ended


def _heard(reader: int) -> tuple[list[str], bool]:
    content, ended = b"", False
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    while not ended and poll.poll(WALL_S * 1000):
        part = os.read(reader, 65536)
        content, ended = content + part, not part
    return sorted(set(content.decode("utf-8", "surrogateescape").split("\0")) - {""}), ended


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.remove", "os.mkdir", "os.rmdir", "os.chmod")  # the last argument is a folder, or -1


def _watch(writer: int) -> None:
    """Tell of every file that Python opens to write, renames, makes or removes from now on."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "os.truncate" or (event == "open" and isinstance(args[2], int) and args[2] & _WRITES):
            tell(args[0])
        elif event in ("os.rename", "os.link"):
            tell(args[0], args[2])
            tell(args[1], args[3])
        elif event in _CHANGES and not (event == "os.mkdir" and os.path.isdir(args[0])):  # which changes nothing
            tell(args[0], args[-1])

    def tell(name: Any, folder: Any = -1) -> None:
        if isinstance(name, str | bytes | os.PathLike) and os.fspath(name) not in ("/dev/null", b"/dev/null"):
            is_open = isinstance(folder, int) and folder >= 0
            start = os.readlink(f"/proc/self/fd/{folder}") if is_open else os.getcwd()
            os.write(writer, os.fsencode(os.path.normpath(os.path.join(start, os.fsdecode(name)))) + b"\0")

    sys.addaudithook(hook)


def _child(argv: Argv, folder: Path, writer: int) -> None:
    """Never comes back."""
    try:
        os.setsid()
        os.chdir(folder)
        os.environ.update(HOME=str(folder / "home"), COLUMNS="100")
        tempfile.tempdir = str(folder / "tmp")
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.argv, sys.dont_write_bytecode = ["archsim", *argv], True
        _watch(writer)
        code = _main()
    except BaseException:
        traceback.print_exc()
        code = CRASHED
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    with contextlib.suppress(BaseException):
        sys.stderr.flush()
    os._exit(code)


def _main() -> int:
    from archsim.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def clear(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
