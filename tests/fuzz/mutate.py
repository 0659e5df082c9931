"""Damage: changes of trees (YAML, JSON), of text, of bytes, of archives of arrays (npz) and of HDF5 files."""

from __future__ import annotations

import copy
import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np


class Raw(str):
    """Text that is written into a file as it stands, without quotes."""


NUMBERS = (
    *(0, -1, 1, 2, 3, 7, -0.0, 0.5, 1.5, -1e-9, 1e308, -1e308, 5e-324, 1e-308, 1e18, 1e30),
    *(2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**64), 10**30),
    *(Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw(".nan"), Raw(".inf"), Raw("-.inf"), Raw("1e400")),
    *(Raw("-1e400"), Raw("0x10"), Raw("1_000"), Raw("1e5"), Raw("017"), Raw("9" * 400), Raw("1:30"), Raw("~")),
)
UNITS = (
    *("ns", "ps", "s", "ms", "us", "pJ", "nJ", "J", "uW", "W", "bit", "kB", "B", "MB", "V", "mV", "uS", "S"),
    *("ohm", "GS/s", "GHz", "Hz", "um2", "mm2", "nm", "%", "fF", "K", "bananas", "n s", "NS", "µs", "Ω", "²", ""),
)
TEXTS = (
    *("", " ", "\t", "input", "output", "(none)", "(leakage)", "(unused)", "auto", "null", "true", "nan", "-"),
    *(".", "..", "/", "../canary/file", "../../../../etc/passwd", "/dev/zero", "/dev/null", "canary", "in"),
    "~nobody/r",
    *("a/b", "a\\b", "C:\\x", "a\nb", "a\r\nb", "a\0b", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07"),
    *("\u202eabc", "é", "\ufeff", "\ud7ff", "😀", "ﷺ", "٣", "²", "x" * 5000, "=1+1", "@a", "# head"),
    "<script>alert(1)</script>",
    *("{{7*7}}", "%s%n", "{0}", "${HOME}", "$(id)", "'; --", "--help", "-o", "*", "[1]", "a: b"),
    "!!python/none x",
)
TYPES = ([], {}, [[]], [{}], {"": ""}, {"kind": "x"}, True, False, None, [0], ["a"], {"a": {"b": 1}}, 0, "", 1.0)
PATHS = tuple[tuple[Any, ...], ...]


def scalar(rng: Random) -> Any:
    """Something that hardly any field takes."""
    kind = rng.randrange(6)
    if kind < 2:
        return rng.choice(NUMBERS)
    if kind == 2:
        return f"{rng.choice(NUMBERS)} {rng.choice(UNITS)}"
    if kind == 3:
        return copy.deepcopy(rng.choice(TYPES))
    return rng.choice(TEXTS)


def _paths(tree: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    todo: list[tuple[tuple[Any, ...], Any]] = [((), tree)]
    while todo:
        path, node = todo.pop()
        if path:
            found.append(path)
        if isinstance(node, dict):
            todo += [((*path, key), item) for key, item in node.items()]
        elif isinstance(node, list):
            todo += [((*path, k), item) for k, item in enumerate(node[:200])]
    return found


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _nested(rng: Random) -> Raw:
    depth = rng.choice((3, 40, 200, 1100, 5000))
    pair = rng.choice(("[]", "{}"))
    return Raw("[" * depth + "]" * depth if pair == "[]" else '{"a":' * depth + "1" + "}" * depth)


def _changed(rng: Random, value: Any) -> Any:
    """A value near the one that was there."""
    number, _, unit = value.partition(" ") if isinstance(value, str) else (value, "", "")
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and unit and rng.random() < 0.8:
        return f"{rng.choice(NUMBERS)} {unit}" if rng.random() < 0.7 else f"{number} {rng.choice(UNITS)}"
    if isinstance(value, int | float) and rng.random() < 0.6:
        return rng.choice((value + 1, value - 1, -value, value * 2, value / 3, value * 10, str(value), [value]))
    if isinstance(value, list) and value:
        return rng.choice((value * 2, value[:-1], value[::-1], value[0], [value], value * 50))
    if isinstance(value, dict) and value:
        return rng.choice((list(value), [value], {**value, "extra": 1}, dict(list(value.items())[:-1])))
    return scalar(rng)


def tree(rng: Random, found: Any) -> Any:
    """A copy of plain data with one to four changes, or more."""
    found = copy.deepcopy(found)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3, 4, 12))):
        paths = _paths(found)
        if not paths:
            return scalar(rng)
        path = rng.choice(paths)
        parent, key = _at(found, path[:-1]), path[-1]
        _one_change(rng, found, parent, key, paths)
    return found


def _one_change(rng: Random, found: Any, parent: Any, key: Any, paths: list[tuple[Any, ...]]) -> None:
    kind = rng.randrange(12)
    if kind < 4:
        parent[key] = _changed(rng, parent[key])
    elif kind < 7:
        parent[key] = scalar(rng)
    elif kind == 7:
        del parent[key]
    elif kind == 8:
        parent[key] = copy.deepcopy(_at(found, rng.choice(paths)))
    elif kind == 9 and isinstance(parent, dict):
        name = rng.choice((str(key) + "s", str(key).upper(), str(key) + " ", rng.choice(TEXTS)))
        items = [(name if k == key else k, v) for k, v in parent.items()]
        parent.clear()
        parent.update(items)
    elif kind == 9:
        parent.insert(key, copy.deepcopy(parent[key]))
    elif kind == 10:
        parent[key] = _nested(rng)
    elif isinstance(parent, dict):
        parent[rng.choice(TEXTS)] = scalar(rng)
    else:
        parent.append(scalar(rng))


def written(node: Any) -> str:
    """Plain data as JSON, which is YAML too, with `Raw` parts as they are."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {written(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ", ".join(map(written, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def text(rng: Random, found: str) -> str:
    """A text with lines that are gone, doubled, swapped, moved in or out, joined with odd characters."""
    lines = found.split("\n")
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        k, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        kind = rng.randrange(8)
        if kind == 0 and len(lines) > 1:
            del lines[k]
        elif kind == 1:
            lines.insert(k, lines[k])
        elif kind == 2:
            lines[k], lines[j] = lines[j], lines[k]
        elif kind == 3:
            lines[k] = " " * rng.randrange(1, 5) + lines[k]
        elif kind == 4:
            lines[k] = lines[k].lstrip()
        elif kind == 5:
            lines[k] += rng.choice((" #", ":", ": x", " *a", " &a", " !t", "\t", "]", "}", '"', "'", " |", " >"))
        elif kind == 6:
            lines[k] = lines[k].replace(rng.choice((":", ",", "{", " ", "1", ".")), rng.choice(TEXTS), 1)
        else:
            lines[k] = rng.choice(("---", "...", "%YAML 1.1", "- a", "<<: {a: 1}", "? [a]", *TEXTS))
    return "\n".join(lines)


def data(rng: Random, found: bytes, other: bytes = b"") -> bytes:
    """Bytes that are flipped, cut, cut out, doubled, overwritten, or those of another file in part."""
    out = bytearray(found)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        n = len(out)
        k = rng.randrange(n) if n else 0
        kind = rng.randrange(8)
        if kind < 2 and n:
            out[k] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del out[k:]
        elif kind == 3:
            del out[k : k + rng.choice((1, 4, 100, 1000))]
        elif kind == 4:
            out[k:k] = out[k : k + rng.choice((1, 4, 100, 1000))]
        elif kind == 5:
            size = rng.choice((1, 2, 4, 8))
            out[k : k + size] = rng.choice((b"\0", b"\xff", b"\x7f")) * size
        elif kind == 6:
            out[k:k] = rng.choice(TEXTS).encode("utf-8", "replace")
        else:
            out[k:] = other[min(k, len(other)) :]
    return bytes(out)


def file(rng: Random, path: Path, other: Path) -> None:
    """Change bytes of a file."""
    path.write_bytes(data(rng, path.read_bytes(), other.read_bytes()))


_DTYPES = ("f8", "f4", "f2", "i8", "i4", "u8", "u1", "i1", "?", "c16", "U8", "S3", "M8[s]")


def array(rng: Random, found: Any) -> Any:
    """An array of other values, shape or type."""
    found = np.array(found)
    kind = rng.randrange(10)
    if kind < 4 and found.size and found.dtype.kind in "fiub":
        flat = found.astype(rng.choice(("f8", found.dtype.str))).ravel()
        for _ in range(rng.choice((1, 1, 3))):
            flat[rng.randrange(flat.size)] = _fitting(rng, flat.dtype)
        return flat.reshape(found.shape)
    changes: tuple[Callable[[], Any], ...] = (
        lambda: found[:0],
        lambda: found.ravel(),
        lambda: found[None],
        lambda: found[:-1],
        lambda: np.concatenate([found, found]),
        lambda: found.ravel()[0],
        lambda: found.T,
        lambda: found.astype(rng.choice(_DTYPES)),
        lambda: np.zeros((0, 0, 0)),
        lambda: np.full(found.shape, _fitting(rng, np.dtype("f8"))),
        lambda: np.array(rng.choice(TEXTS)),
        lambda: np.zeros(2, [("a", "f8"), ("b", "i4")]),
    )
    try:
        with np.errstate(all="ignore"):
            return rng.choice(changes)()
    except (ValueError, IndexError, TypeError, OverflowError):
        return np.zeros(0)


def _fitting(rng: Random, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "b":
        return rng.random() < 0.5
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        return rng.choice((np.nan, np.inf, -np.inf, float(limits.max), 0.0, -1.0, 1e-30, float(limits.tiny), 0.3))
    whole = np.iinfo(dtype)
    return rng.choice((whole.max, whole.min, 0, 1, whole.max // 2))


def npz(rng: Random, path: Path, other: Path, sign: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Change an archive: its arrays, the JSON text in it, its names, or its bytes.

    Parameters
    ----------
    sign : callable, optional
        Makes the checksum of the changed arrays good again, in place.
    """
    arrays = _arrays(path)
    if arrays is None or rng.random() < 0.3:
        file(rng, path, other)
        return
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        _one_of_npz(rng, arrays)
    if sign is not None and rng.random() < 0.8:
        sign(arrays)
    with path.open("wb") as out:
        np.savez_compressed(out, **arrays)


def _arrays(path: Path) -> dict[str, Any] | None:
    """What an archive holds; None if it is damaged already."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error):
        return None


def _one_of_npz(rng: Random, arrays: dict[str, Any]) -> None:
    texts = [name for name in arrays if name in ("header", "labels")]
    name = rng.choice(texts) if texts and rng.random() < 0.5 else rng.choice(list(arrays) or ["x"])
    kind = rng.randrange(10)
    if name in texts and kind < 8 and (found := json_of(arrays[name])) is not None:
        arrays[name] = as_array(written(tree(rng, found)), arrays[name])
    elif kind == 8 and name in arrays:
        del arrays[name]
    elif kind == 9:
        arrays[rng.choice(("extra", "a/b", "../x", name + "_"))] = arrays.pop(name, np.zeros(1))
    elif name in arrays:
        arrays[name] = array(rng, arrays[name])


def json_of(stored: Any) -> Any:
    """What the JSON text in an archive says: an array of bytes, or a text; None if it is none."""
    try:
        return json.loads(stored.tobytes() if stored.dtype == np.uint8 else str(stored[()]))
    except (ValueError, RecursionError, TypeError):  # a text that another case put there has no [()]
        return None


def as_array(said: str, like: Any) -> Any:
    """A text in the form in which an archive holds it."""
    said = said.replace("\0", "")
    return np.frombuffer(said.encode("utf-8", "replace"), np.uint8) if like.dtype == np.uint8 else np.array(said)


def hdf5(rng: Random, path: Path, other: Path) -> None:
    """Change an HDF5 file: its data sets, groups, attributes, links, or its bytes."""
    if rng.random() < 0.4 or not _opens(path):
        file(rng, path, other)
        return
    with h5py.File(path, "r+") as found:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            names: list[str] = []
            found.visit(names.append)
            if names:
                _one_of_hdf5(rng, found, rng.choice(names), rng.choice(names))


def _opens(path: Path) -> bool:
    """Whether an earlier damage has left a file that can be written."""
    try:
        with h5py.File(path, "r+"):
            return True
    except OSError:
        return False


def _one_of_hdf5(rng: Random, found: h5py.File, name: str, other: str) -> None:
    item, kind = found[name], rng.randrange(8)
    try:
        if kind == 0:
            del found[name]
        elif kind == 1:
            found.move(name, name + rng.choice(("_", "x", " ", ".y", "é")))
        elif kind == 2:
            del found[name]
            outside = h5py.ExternalLink("../canary/file", "/")
            found[name] = rng.choice((h5py.SoftLink("/" + other), outside, "text"))
        elif kind == 3:
            found[name + "_again"] = found[other]
        elif isinstance(item, h5py.Dataset):
            value = item[()]
            del found[name]
            is_text = isinstance(value, bytes)
            words = ("LIF", "IF", "Conv2d", "Affine", "NIRGraph", "Input", "Output", "Flatten", *TEXTS)
            found[name] = rng.choice(words).replace("\0", "") if is_text else array(rng, value)
        else:
            found[f"{name}/extra"] = rng.choice((1, "x", np.zeros(3)))
    except (ValueError, KeyError, TypeError, RuntimeError, OSError):
        return  # HDF5 itself refuses the change
