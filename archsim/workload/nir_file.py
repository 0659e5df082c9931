"""Open a NIR file: HDF5 in, plain dictionaries of numpy values out; every damage becomes one clear error."""

from __future__ import annotations

import errno
import math
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.errors import WorkloadError
from archsim.reading import open_input, size_text

Tree = dict[str, Any]

MAX_DEPTH = 64  # nested graphs deeper than this are a damaged file, not a network
MAX_ITEMS = 50_000  # links may lead to one group in many ways
LARGEST_UNPACKED_BYTES = 1 << 29  # all numbers as float64, which is what they become
LARGEST_FILE_BYTES = 600_000_000
# deflate cannot shrink data more than about 1032 times (zlib's own documentation): a data set that claims
# to be larger than this many times its file is damaged
MAX_EXPANSION = 1100
CHUNK_ENTRY_BYTES = 8  # every chunk has at least its address in the file
HEAP_MARK = b"GCOL\x01\0\0\0"  # signature and version of a global heap, which holds the strings
_NUMBER_BYTES = 8


def read_tree(path: Path) -> Tree:
    """The content of a NIR file as nested dictionaries, strings decoded.

    Returns
    -------
    dict
        The root node: "type", "nodes", "edges", and perhaps "metadata".

    Raises
    ------
    WorkloadError
        If the file is missing, a folder, a pipe, a device or too large; not HDF5, open for writing in another
        program, damaged, or holds no NIR graph; if data stand in other files or would be too large unpacked.
    """
    try:
        with open_input(path, LARGEST_FILE_BYTES) as file:
            _check_head(path, file.read(8))
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                _check_heaps(path, content)
                tree = _tree(path, content)
    except FileNotFoundError:
        raise WorkloadError(f"{path}: there is no such file") from None
    except OSError as error:
        raise WorkloadError(f"{path}: {error.strerror or _one_line(error)}") from None
    return _root(path, tree)


def _tree(path: Path, content: mmap.mmap) -> Tree:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _Reader(content, file.userblock_size).group(file, ())
    except WorkloadError as error:
        raise WorkloadError(f"{path}: {error}") from None
    except Exception as error:  # HDF5 answers damage with almost every exception there is
        if _is_open_elsewhere(error):
            raise WorkloadError(
                f"{path}: is open for writing in another program, or one has not closed it; close it there, "
                "or read a copy"
            ) from None
        raise WorkloadError(f"{path}: the file is damaged or truncated ({_one_line(error)})") from error


def _is_open_elsewhere(error: Exception) -> bool:
    """Whether HDF5 could not lock the file, or finds its mark of a writer."""
    locked = isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EACCES)
    return locked or "unable to lock file" in str(error) or "already open for write" in str(error)


def text(value: Any) -> str | None:
    """A string stored as str, bytes, numpy string or array of one of them; None for anything else."""
    if hasattr(value, "shape") and hasattr(value, "item"):
        if value.size != 1:
            return None
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf8", errors="replace")
    return value.rstrip("\0") if isinstance(value, str) else None


def _check_head(path: Path, head: bytes) -> None:
    if not head:
        raise WorkloadError(f"{path}: the file is empty")
    if head.startswith(b"PK\x03\x04"):
        raise WorkloadError(
            f"{path}: not a NIR file but a zip archive, as torch.save writes; export the network with nir.write"
        )
    import h5py

    if not h5py.is_hdf5(path):  # looks behind a user block too
        raise WorkloadError(f"{path}: not a NIR file (no HDF5 signature); export the network with nir.write")


def _check_heaps(path: Path, content: mmap.mmap) -> None:
    """Refuse a string heap with an object of size zero: HDF5 (2.0.0) would walk it for ever.

    Layout: HDF5 File Format Specification, section III.E, with lengths of 8 bytes.
    """
    start = content.find(HEAP_MARK)
    while start >= 0:
        end = min(start + int.from_bytes(content[start + 8 : start + 16], "little"), len(content))
        at = start + 16
        while at + 16 <= end:
            index = int.from_bytes(content[at : at + 2], "little")
            size = int.from_bytes(content[at + 8 : at + 16], "little")
            step = size if index == 0 else 16 + (size + 7) // 8 * 8
            if step % (1 << 64) == 0:
                raise WorkloadError(f"{path}: the file is damaged (its strings cannot be read)")
            at += step
        start = content.find(HEAP_MARK, start + 1)


@dataclass
class _Reader:
    """Turns groups into dictionaries; counts what it has read, since links may lead to the same often."""

    content: mmap.mmap
    base: int  # where HDF5 begins: behind a user block
    n_items: int = 0
    n_bytes: int = 0

    def group(self, group: Any, above: tuple[int, ...]) -> Tree:
        import h5py

        address = h5py.h5o.get_info(group.id).addr
        if address in above or len(above) > MAX_DEPTH:
            raise WorkloadError("the file is damaged (a group contains itself)")
        tree: Tree = {}
        for key in group:
            self.n_items += 1
            if self.n_items > MAX_ITEMS:
                raise WorkloadError(f"holds more than {MAX_ITEMS} groups and data sets, counted by its links")
            _check_name(group, key)
            if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
                raise WorkloadError(f"{group.name}/{key} points into another file, which is not followed")
            item = group[key]
            if isinstance(item, h5py.Group):
                tree[key] = self.group(item, (*above, address))
            elif isinstance(item, h5py.Dataset):
                tree[key] = self._value(item)
        return tree

    def _value(self, item: Any) -> Any:
        if item.shape is None:
            raise WorkloadError(f"{item.name} is an empty data set")
        if item.is_virtual or item.external:
            raise WorkloadError(f"{item.name} keeps its data in another file, which is not followed")
        _check_size(item, len(self.content))
        self.n_bytes += max(item.nbytes, item.size * _NUMBER_BYTES)
        if self.n_bytes > LARGEST_UNPACKED_BYTES:
            most = size_text(LARGEST_UNPACKED_BYTES)
            raise WorkloadError(f"unpacked, with {item.name}, it has more than {most}, the most that is read")
        _check_type(item)
        _check_strings(item, self.content, self.base)
        value = item[()]
        return value.decode("utf8") if isinstance(value, bytes) else value


def _check_name(group: Any, key: str) -> None:
    try:
        key.encode("utf8")
    except UnicodeEncodeError:
        shown = key.encode("utf8", errors="replace").decode("utf8")
        raise WorkloadError(f"{group.name}/{shown}: its name is no UTF-8 text") from None


def _check_size(item: Any, file_size: int) -> None:
    """Refuse a data set that claims more than its file can hold: HDF5 would fill the memory, or take for ever."""
    if item.chunks is None:
        fits = item.nbytes <= file_size
    else:
        n_chunks = math.prod(-(-n // c) for n, c in zip(item.shape, item.chunks, strict=True))
        fits = item.nbytes <= file_size * MAX_EXPANSION and n_chunks * CHUNK_ENTRY_BYTES <= file_size
    if not fits:
        raise WorkloadError(f"the file is damaged ({item.name} claims {item.nbytes} bytes)")


def _check_type(item: Any) -> None:
    """Refuse numbers stored in a type that numpy does not write: reading a damaged one may crash HDF5."""
    import h5py

    stored = item.id.get_type()
    if item.dtype.kind == "O":
        if h5py.check_string_dtype(item.dtype) is None:
            raise WorkloadError(f"{item.name} holds neither numbers nor strings")
    elif item.dtype.kind not in "biufSU" or not stored.equal(h5py.h5t.py_create(item.dtype)):
        raise WorkloadError(f"the file is damaged, or {item.name} is stored in an unusual type")


def _check_strings(item: Any, content: mmap.mmap, base: int) -> None:
    """Refuse strings whose references (length, address, index) point out of the file: HDF5 would believe them."""
    start = item.id.get_offset()
    if item.dtype.kind != "O" or start is None:
        return
    for at in range(start, start + 16 * item.size, 16):
        length = int.from_bytes(content[at : at + 4], "little")
        address = base + int.from_bytes(content[at + 4 : at + 12], "little")
        if length and (length > len(content) or content[address : address + 4] != HEAP_MARK[:4]):
            raise WorkloadError(f"the file is damaged (the strings of {item.name} are not where it says)")


def _root(path: Path, tree: Tree) -> Tree:
    root = tree.get("node", tree if "nodes" in tree else None)
    if not isinstance(root, dict) or not root:
        raise WorkloadError(f"{path}: an HDF5 file, but without a NIR graph (no group 'node')")
    return root


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
