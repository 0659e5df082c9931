"""Files that grow at their end, and files that are there to be locked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from archsim.files.paths import AnyPath, errors_of

_POLL_S = 0.001


def append(path: AnyPath, data: bytes, *, to_disk: bool = True) -> int:
    """Write behind the end of a file, all of it or nothing.

    Parameters
    ----------
    path : path
    data : bytes
    to_disk : bool
        Whether to wait until the disk has it.

    Returns
    -------
    int
        Bytes of the file then.

    Raises
    ------
    WriteError
        It cannot be written, or is a link.
    """
    with errors_of(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, data)
                if to_disk:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
            return before + len(data)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def cut(path: AnyPath, n_bytes: int) -> None:
    """Keep only the beginning of a file.

    Raises
    ------
    WriteError
        It cannot be written.
    """
    with errors_of(path):
        os.truncate(path, n_bytes)


def lock_file(path: AnyPath) -> int:
    """Open a file that is there to be locked, made if it is not there; who opens it closes it.

    Returns
    -------
    int
        Its descriptor.

    Raises
    ------
    WriteError
        It cannot be written, or is a link.
    """
    with errors_of(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)


@contextmanager
def holding(path: AnyPath) -> Iterator[None]:
    """Hold a file's lock, waited for; the system gives it back when the process ends, however it ends.

    Raises
    ------
    WriteError
        The file cannot be written, or its file system has no locks.
    """
    from filelock import lock_descriptor

    descriptor = lock_file(path)
    try:
        with errors_of(path):
            lock_descriptor(descriptor, poll_interval=_POLL_S)
        yield
    finally:
        os.close(descriptor)
