"""The one place that opens files which others wrote: regular files of bounded size, looked at before unpacked.

A pipe or a device may never end, a compressed file of some megabytes may hold gigabytes. What is wrong is an
`OSError` or a `ValueError` in words; the reader that knows what the file is for says the rest.
"""

from __future__ import annotations

import errno
import io
import math
import os
import stat
import zipfile
from collections.abc import Container
from typing import IO, TYPE_CHECKING, Any, Final

from archsim.json_reader import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_BYTES: Final = 1 << 30
"""Of a file, and of all arrays in it unpacked, where a reader does not say otherwise."""

LARGEST_TEXT_BYTES: Final = 1 << 26
_MEMBER_KINDS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes


def size_text(n_bytes: int) -> str:
    """Bytes for people.

    Examples
    --------
    >>> size_text(999), size_text(1 << 30)
    ('999 bytes', '1.07 GB')
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes} bytes"


def open_input(path: str | os.PathLike[str], largest_bytes: int | None = LARGEST_BYTES) -> io.BufferedReader:
    """A file opened for reading.

    Parameters
    ----------
    path : path
    largest_bytes : int or None
        None where it is read line by line.

    Raises
    ------
    OSError
        There is no such file, it cannot be opened, is a folder, a pipe or a device, or is too large.
    """
    try:  # without waiting for the other end of a pipe
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as cause:  # a NUL in the name
        raise OSError(errno.EINVAL, str(cause)) from None
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a folder; name a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file; a pipe or a device might never end")
        if largest_bytes is not None and found.st_size > largest_bytes:
            most = f"at most {largest_bytes} are read"
            raise OSError(errno.EFBIG, f"the file is too large: {found.st_size} bytes, {most}")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def input_bytes(path: str | os.PathLike[str], largest_bytes: int = LARGEST_BYTES) -> bytes:
    """The whole content of a file; raises as :func:`open_input` does."""
    with open_input(path, largest_bytes) as file:
        return file.read(largest_bytes + 1)


def input_text(
    path: str | os.PathLike[str], largest_bytes: int = LARGEST_TEXT_BYTES, encoding: str = "utf-8"
) -> str:
    """The text of a file, line ends as ``\\n``.

    Raises
    ------
    OSError
        As :func:`open_input`.
    UnicodeDecodeError
        It is no text in this encoding.
    """
    text = input_bytes(path, largest_bytes).decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def open_text(
    path: str | os.PathLike[str], largest_bytes: int | None = LARGEST_TEXT_BYTES, encoding: str = "utf-8",
    newline: str | None = None,
) -> IO[str]:  # fmt: skip
    """A file of text opened for reading line by line; raises as :func:`open_input` does."""
    return io.TextIOWrapper(open_input(path, largest_bytes), encoding=encoding, newline=newline)


def input_json(path: str | os.PathLike[str], largest_bytes: int = LARGEST_TEXT_BYTES) -> Any:
    """The content of a JSON file: finite numbers, whole numbers of at most 64 bit, not nested without end.

    Raises
    ------
    OSError
        As :func:`open_input`.
    ValueError
        It is no JSON, or what a field holds that none can have.
    """
    return read_json(input_text(path, largest_bytes))


def input_array(path: str | os.PathLike[str], largest_bytes: int = LARGEST_BYTES) -> NDArray[Any]:
    """The array of an .npy file.

    Raises
    ------
    OSError
        As :func:`open_input`.
    ValueError
        It is no such file, is damaged, or holds Python objects.
    """
    import numpy as np

    with open_input(path, largest_bytes) as file:
        size = os.fstat(file.fileno()).st_size
        _check_header(file, size)
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def input_arrays(
    path: str | os.PathLike[str], largest_bytes: int = LARGEST_BYTES, wanted: Container[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Arrays of an .npz file by name: all, or those that are wanted.

    Sizes are compared before anything is unpacked: what the archive and the arrays in it claim.

    Raises
    ------
    OSError
        As :func:`open_input`.
    ValueError
        It is no such file, is damaged (where), holds Python objects, or would be larger than `largest_bytes`.
    """
    with open_input(path, largest_bytes) as file, _archive(file) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        members = {name: member for name, member in members.items() if wanted is None or name in wanted}
        _check_members(list(members.values()), largest_bytes)
        return {name: _member(archive, member) for name, member in members.items()}


def array_names(path: str | os.PathLike[str]) -> list[str]:
    """Names of the arrays in an .npz file; raises as :func:`input_arrays` does."""
    with open_input(path) as file, _archive(file) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def _archive(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
        there = archive.namelist()
    except Exception as cause:  # a damaged zip answers with many kinds of exception
        raise ValueError(f"not an archive of arrays (npz): {_line(cause)}") from None
    twice = next((name for name in there if there.count(name) > 1), None) if len(set(there)) < len(there) else None
    if twice is not None:
        raise ValueError(f"{twice!r} stands in it twice")
    return archive


def _check_members(members: list[zipfile.ZipInfo], largest_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    if total > largest_bytes:
        most = f"at most {size_text(largest_bytes)} are read"
        raise ValueError(f"unpacked it would have {size_text(total)}; {most}")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise ValueError(f"{member.filename!r} in it is no array")
        if member.compress_type not in _MEMBER_KINDS:
            raise ValueError(f"{member.filename!r} in it is packed in a way that numpy does not use")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    import numpy as np

    try:
        with archive.open(member) as file:
            _check_header(file, member.file_size)
        with archive.open(member) as file:
            return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    except Exception as cause:  # as above, and zlib and numpy have their own
        name = member.filename.removesuffix(".npy")
        raise ValueError(f"array {name!r} cannot be read: {_line(cause)}") from None


def _check_header(file: IO[bytes], n_bytes: int) -> None:
    """Refuse an array that claims another size than its file has, before room is made for it."""
    shape, dtype = _header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"its shape is {shape}")
    claimed, there = math.prod(shape) * dtype.itemsize, n_bytes - file.tell()
    if claimed != there:
        raise ValueError(f"its header claims shape {shape} of {dtype}, {claimed} bytes, but {there} follow")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    import numpy as np

    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except OSError:
        raise
    except Exception as cause:  # the header is a Python expression, which can be wrong in every way
        raise ValueError(f"its header is damaged: {_line(cause)}") from None
    return shape, dtype


def _line(cause: object) -> str:
    return " ".join(str(cause).split())[:200] or type(cause).__name__
