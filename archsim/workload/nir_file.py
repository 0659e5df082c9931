"""Open a NIR file: HDF5 in, plain dictionaries of numpy values out; every damage becomes one clear error."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from archsim.errors import WorkloadError

Tree = dict[str, Any]

MAX_DEPTH = 64  # nested graphs deeper than this are a damaged file, not a network
# deflate cannot shrink data more than about 1032 times (zlib's own documentation): a data set that claims
# to be larger than this many times its file is damaged
MAX_EXPANSION = 1100
CHUNK_ENTRY_BYTES = 8  # every chunk has at least its address in the file
HEAP_MARK = b"GCOL\x01\0\0\0"  # signature and version of a global heap, which holds the strings


def read_tree(path: Path) -> Tree:
    """The content of a NIR file as nested dictionaries, strings decoded.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        The root node: "type", "nodes", "edges", and perhaps "metadata".

    Raises
    ------
    WorkloadError
        If the file is missing, a folder, not HDF5, damaged, or holds no NIR graph.
    """
    _check_is_hdf5(path)
    content = path.read_bytes()
    _check_heaps(path, content)
    import h5py

    try:
        with h5py.File(path, "r") as file:
            tree = _group_to_dict(file, content, ())
    except WorkloadError as error:
        raise WorkloadError(f"{path}: {error}") from None
    except Exception as error:  # HDF5 answers damage with almost every exception there is
        raise WorkloadError(f"{path}: the file is damaged or truncated ({_one_line(error)})") from error
    return _root(path, tree)


def text(value: Any) -> str | None:
    """A string stored as str, bytes, numpy string or array of one of them; None for anything else."""
    while hasattr(value, "shape") and hasattr(value, "size") and value.size == 1 and value.shape != ():
        value = value.reshape(())
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf8", errors="replace")
    return value.strip("\0 ") if isinstance(value, str) else None


def _check_is_hdf5(path: Path) -> None:
    if path.is_dir():
        raise WorkloadError(f"{path}: is a folder; name a .nir file")
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise WorkloadError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise WorkloadError(f"{path}: cannot be opened ({_one_line(error)})") from None
    if not head:
        raise WorkloadError(f"{path}: the file is empty")
    if head.startswith(b"PK\x03\x04"):
        raise WorkloadError(
            f"{path}: not a NIR file but a zip archive, as torch.save writes; export the network with nir.write"
        )
    import h5py

    if not h5py.is_hdf5(path):
        raise WorkloadError(f"{path}: not a NIR file (no HDF5 signature); export the network with nir.write")


def _check_heaps(path: Path, content: bytes) -> None:
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


def _group_to_dict(group: Any, content: bytes, above: tuple[int, ...]) -> Tree:
    import h5py

    address = h5py.h5o.get_info(group.id).addr
    if address in above or len(above) > MAX_DEPTH:
        raise WorkloadError("the file is damaged (a group contains itself)")
    tree: Tree = {}
    for key in group:
        if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
            raise WorkloadError(f"{group.name}/{key} points into another file, which is not followed")
        item = group[key]
        if isinstance(item, h5py.Group):
            tree[str(key)] = _group_to_dict(item, content, (*above, address))
        elif isinstance(item, h5py.Dataset):
            _check_size(item, len(content))
            _check_type(item)
            _check_strings(item, content)
            value = item[()]
            tree[str(key)] = value.decode("utf8") if isinstance(value, bytes) else value
    return tree


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


def _check_strings(item: Any, content: bytes) -> None:
    """Refuse strings whose references (length, address, index) point out of the file: HDF5 would believe them."""
    start = item.id.get_offset()
    if item.dtype.kind != "O" or start is None:
        return
    for at in range(start, start + 16 * item.size, 16):
        length = int.from_bytes(content[at : at + 4], "little")
        address = int.from_bytes(content[at + 4 : at + 12], "little")
        if length and (length > len(content) or content[address : address + 4] != HEAP_MARK[:4]):
            raise WorkloadError(f"the file is damaged (the strings of {item.name} are not where it says)")


def _root(path: Path, tree: Tree) -> Tree:
    root = tree.get("node", tree if "nodes" in tree else None)
    if not isinstance(root, dict) or not root:
        raise WorkloadError(f"{path}: an HDF5 file, but without a NIR graph (no group 'node')")
    return root


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
