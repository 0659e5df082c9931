"""Paths: named by a user, or made of names that may come from a file; and whose it is."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archsim.errors import ArchsimError, WriteError

AnyPath = str | os.PathLike[str]
_LONGEST = 200  # bytes of a name that its temporary file repeats: a name has 255 at most


def path_of(path: AnyPath) -> Path:
    """A user's path from the root on; ``~`` is a home.

    Raises
    ------
    ArchsimError
        It is no path: another type, empty, with a zero byte, or of a home that there is not.

    Examples
    --------
    >>> path_of("/a/../b"), path_of(Path("/c"))
    (PosixPath('/a/../b'), PosixPath('/c'))
    >>> path_of(5)
    Traceback (most recent call last):
    archsim.errors.ArchsimError: 5: is no path; give a text or a pathlib.Path
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise ArchsimError(f"{path!r}: is no path; give a text or a pathlib.Path")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ArchsimError(f"{os.fspath(path)!r}: is no path; it is empty or holds a zero byte")
    try:
        return Path(path).expanduser().absolute()
    except (RuntimeError, OSError) as cause:  # no such home, or no folder to work in
        raise ArchsimError(f"{path}: is no path here: {cause}") from None


def inside(folder: AnyPath, *names: str) -> Path:
    """The path of a file in a folder, from names that may come from a file; it never leads out.

    Parameters
    ----------
    folder : path
    names : str
        One for each level below it.

    Raises
    ------
    ArchsimError
        `folder` is no path, a name is no plain name, or a link leads out of the folder.

    Examples
    --------
    >>> inside("/out", "front", "chip.yaml")
    PosixPath('/out/front/chip.yaml')
    >>> inside("/out", "../x")
    Traceback (most recent call last):
    archsim.errors.WriteError: /out: '../x' is no name of a file in it
    """
    path_of(folder)
    path = Path(folder).expanduser()
    for name in names:
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise WriteError(f"{folder}: {name!r} is no name of a file in it")
        path /= name
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(Path(folder).expanduser())):
        raise WriteError(f"{path}: cannot be written: a link leads out of {folder}, to {real}")
    return path


@contextmanager
def errors_of(path: AnyPath) -> Iterator[None]:
    """Errors of the system in the block as errors of writing a path."""
    try:
        yield
    except OSError as cause:
        raise WriteError(f"{path}: cannot be written: {cause.strerror or cause}") from None


def short(target: Path) -> str:
    """A name that leaves room for more: names have 255 bytes at most."""
    name = os.fsencode(target.name)
    return target.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()


def know_locks() -> None:
    """Load what locks, before there is a file that an interrupted process would leave behind."""
    import filelock  # noqa: F401  # is there afterwards


def locked(descriptor: int) -> bool:
    """Whether it is ours alone; the lock ends with the process, however it ends."""
    from filelock import lock_descriptor

    try:
        return lock_descriptor(descriptor, blocking=False)
    except OSError:  # the file system, or the system, has no locks
        return False


def is_still(path: Path, descriptor: int) -> bool:
    """Whether a name, and no other one, is that of what is open."""
    try:
        now, opened = os.lstat(path), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return os.path.samestat(now, opened) and (stat.S_ISDIR(opened.st_mode) or opened.st_nlink == 1)
