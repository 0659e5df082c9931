"""Folders: made, filled and put in their place as one step."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archsim.errors import WriteError
from archsim.files.paths import AnyPath, errors_of, inside, is_still, know_locks, locked, path_of, short

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


def make_folder(path: AnyPath) -> Path:
    """A folder to write into, made if it is not there, with those above it.

    Returns
    -------
    Path
        From the root on, without links.

    Raises
    ------
    WriteError
        It is a file, or cannot be written.
    """
    target = _folder_of(path)
    with errors_of(target):
        target.mkdir(parents=True, exist_ok=True)
        if not os.access(target, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target


def _folder_of(path: AnyPath) -> Path:
    """The folder that is meant; who names a link means the folder behind it."""
    target = Path(os.path.realpath(path_of(path)))
    if target.exists() and not target.is_dir():
        raise WriteError(f"{target}: cannot be written: it is a file; name a folder")
    return target


def check_folder(path: AnyPath) -> None:
    """Find out before a long run that a folder cannot be written; nothing of it is made yet.

    Raises
    ------
    WriteError
        It is a file, or cannot be written.
    """
    target = _folder_of(path)
    with errors_of(target), tempfile.TemporaryDirectory(dir=_nearest(target)):
        pass


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder among the system's temporary ones, which is gone after the block.

    Raises
    ------
    WriteError
        There is no place for it.
    """
    with errors_of("a temporary folder"):
        place = tempfile.mkdtemp(prefix="archsim-")
    try:
        yield Path(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def fresh_folder(path: AnyPath, *, whole: bool = False) -> Iterator[Path]:
    """A new folder to write into, which becomes `path` if the block ends well.

    If the block fails or is interrupted, nothing is left behind and nothing has changed. Whether `path` can be
    written is found out before the block.

    Parameters
    ----------
    path : path
        Folders above it are made. A link is followed: who names it means the folder behind it.
    whole : bool
        What is there already is replaced as a whole; if not, by name, and other files stay.

    Yields
    ------
    Path
        A temporary folder on the same file system.

    Raises
    ------
    WriteError
        It cannot be written, or is a file.

    Examples
    --------
    >>> from archsim.files import scratch_folder, write_text
    >>> with scratch_folder() as place:
    ...     with fresh_folder(place / "out") as temporary:
    ...         write_text(temporary / "note.txt", "done")
    ...     (place / "out" / "note.txt").read_text(), [path.name for path in place.iterdir()]
    ('done', ['out'])
    """
    target = _folder_of(path)
    made = [above for above in target.parents if not above.exists()]
    try:
        with errors_of(target):
            _tidy(target)
            parent = target.parent if whole else _nearest(target)
            temporary, lock = _temporary_folder(target, parent)
        try:
            yield temporary
            with errors_of(target):
                _put(temporary, target, whole)
        except WriteError as error:  # nobody knows the temporary folder
            raise WriteError(str(error).replace(str(temporary), str(target))) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            os.close(lock)
    finally:
        for above in made:
            with suppress(OSError):  # it holds the folder, or was not made
                above.rmdir()


def _nearest(target: Path) -> Path:
    """The folder itself, or the nearest one above it that exists, of the same file system."""
    return next(path for path in (target, *target.parents) if path.exists())


def _temporary_folder(target: Path, parent: Path) -> tuple[Path, int]:
    know_locks()
    while True:
        temporary = parent / f".{short(target)}.part-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            temporary.mkdir(parents=True)
            lock = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY)
            locked(lock)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if is_still(temporary, lock):  # nobody took it for a left-over before it was locked
            return temporary, lock
        os.close(lock)


def _put(temporary: Path, target: Path, whole: bool) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.rename(target)
    elif not whole:
        _merge(temporary, target)
    elif not _exchanged(temporary, target):
        _replace(temporary, target)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two names were exchanged in one step (Linux's renameat2), so that neither was ever missing."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):  # another system
        return False
    return bool(call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def _replace(temporary: Path, target: Path) -> None:
    """The same in two steps; after a kill between them, `_tidy` brings the old folder back."""
    old = target.parent / f".{short(target)}.old-{os.getpid()}"
    lock = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    locked(lock)
    try:
        target.rename(old)
        temporary.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    finally:
        os.close(lock)
    shutil.rmtree(old, ignore_errors=True)


def _merge(temporary: Path, target: Path) -> None:
    """Move files over those of the same names, after a look at every place."""
    found = sorted(temporary.rglob("*"))  # a folder comes before what is in it
    places = [inside(target, *path.relative_to(temporary).parts) for path in found]
    for place in places:
        if place.exists() and not (place.is_file() or place.is_dir()):
            raise WriteError(f"{place}: cannot be written: it is a pipe or a device; remove it")
    for path, place in zip(found, places, strict=True):
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            os.replace(path, place)


def _tidy(target: Path) -> None:
    """Remove what processes that were killed left beside and in a folder; bring back what one took away."""
    pattern = re.compile(rf"{re.escape(f'.{short(target)}.')}(part|old)-\d+(-[0-9a-f]+)?")
    places = [place for place in (target.parent, target) if place.is_dir()]
    for path in [path for place in places for path in place.iterdir()]:
        if found := pattern.fullmatch(path.name):
            _tidy_one(path, target, was_moved=found[1] == "old")


def _tidy_one(path: Path, target: Path, *, was_moved: bool) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # it is gone, or something else
        return
    try:
        if not locked(descriptor):  # its process lives
            return
        if was_moved and not target.exists():
            path.rename(target)
        else:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
