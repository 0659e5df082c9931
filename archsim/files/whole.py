"""One file, written whole or not at all; pipes and devices, written as they are."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from archsim.errors import WriteError
from archsim.files.paths import AnyPath, errors_of, is_still, know_locks, locked, path_of, short

_OPEN_FILES = re.compile(r"/dev/(?:fd/(\d+)|(stdout)|(stderr))|/proc/self/fd/(\d+)")


def write_text(path: AnyPath, text: str) -> None:
    """Write a text file in UTF-8, as `write_bytes` does. Lone surrogates are spelled out."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_arrays(path: AnyPath, arrays: Mapping[str, Any]) -> None:
    """Write arrays as a compressed .npz file, as `write_bytes` does."""
    import numpy as np

    packed = io.BytesIO()  # numpy's writer answers a full disk with errors of its own
    np.savez_compressed(packed, **arrays)
    write_bytes(path, packed.getvalue())


def write_bytes(path: AnyPath, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    WriteError
        It cannot be written; what was there before is as it was.
    """
    with fresh_file(path) as file:
        file.write(data)


@contextmanager
def fresh_file(path: AnyPath) -> Iterator[IO[bytes]]:
    """A file to write bytes into, which takes the place of `path` if the block ends well.

    A pipe or a device is written as it is. A link is followed if it stays in its folder.

    Raises
    ------
    WriteError
        It cannot be written; what was there before is as it was. An error of the system in the block counts as
        one of writing.

    Examples
    --------
    >>> from archsim.files import scratch_folder
    >>> with scratch_folder() as place:
    ...     with fresh_file(place / "a.txt") as file:
    ...         n = file.write(b"spans")
    ...     (place / "a.txt").read_bytes(), [path.name for path in place.iterdir()]
    (b'spans', ['a.txt'])
    """
    named = path_of(path)
    with errors_of(path):
        target = named if _OPEN_FILES.fullmatch(str(named)) else _followed(named)
        stream = _opened_stream(target)
        with stream or _beside(target) as file:
            yield file


def _followed(path: Path) -> Path:
    """Where a link leads that stays in its folder; any other path as it is."""
    if not path.is_symlink():
        return path
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(path.parent)):
        raise WriteError(f"{path}: cannot be written: a link that leads out of its folder; name {real} itself")
    return real


def _opened_stream(path: Path) -> IO[bytes] | None:
    """A pipe or a device, or what is open already as /dev/stdout; None for what can be replaced."""
    if found := _OPEN_FILES.fullmatch(str(path)):
        number = 1 if found[2] else 2 if found[3] else int(found[1] or found[4])
        return os.fdopen(os.dup(number), "wb")
    mode = os.lstat(path).st_mode if os.path.lexists(path) else stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise WriteError(f"{path}: is a folder; name a file")
    if stat.S_ISBLK(mode):
        raise WriteError(f"{path}: cannot be written: it is a disk; name a file")
    return None if stat.S_ISREG(mode) else _stream(path)


def _stream(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as cause:
        if cause.errno == errno.ENXIO:
            raise WriteError(f"{path}: cannot be written: no process reads from it") from None
        raise
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


@contextmanager
def _beside(target: Path) -> Iterator[IO[bytes]]:
    """A temporary file that takes the place of `target`, with its rights, once it is on the disk."""
    temporary, file = _temporary_file(target)
    try:
        with file:
            yield file
            file.flush()
            if target.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            os.fsync(file.fileno())
            os.replace(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _temporary_file(target: Path) -> tuple[Path, IO[bytes]]:
    """One name for each target, so that what a killed process left is used up; another if it is in use."""
    know_locks()
    path = target.parent / f".{short(target)}.part"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    if not (locked(descriptor) and is_still(path, descriptor)):
        os.close(descriptor)
        path = path.with_name(f".{short(target)}.{secrets.token_hex(4)}.part")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    os.ftruncate(descriptor, 0)
    return path, os.fdopen(descriptor, "wb")


def remove(path: AnyPath) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    WriteError
        It cannot be removed.
    """
    with errors_of(path):
        Path(path).unlink(missing_ok=True)
