"""Readers of files of events, by the end of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.reading import input_arrays, input_bytes
from archsim.snn.data.nmnist import Events, read_events

_VERSION = b"#!AER-DAT3.1"
_END_OF_HEADER = b"#!END-HEADER\r\n"
_PACKET = np.dtype([
    ("kind", "<i2"), ("source", "<i2"), ("size", "<i4"), ("at", "<i4"), ("overflow", "<i4"), ("capacity", "<i4"),
    ("n", "<i4"), ("valid", "<i4"),
])  # fmt: skip
_POLARITY = 1
_LAST = 2**62  # of an empty file


def read_aedat(path: Path) -> Events:
    """Read polarity events of an AEDAT 3.1 file; events of other kinds, and those marked invalid, are left out.

    A packet is a header of 28 bytes and its events, 8 bytes each: a word with validity (bit 0), polarity (bit 1),
    y (bits 2 to 16) and x (bits 17 to 31), and the time in µs; little-endian. Times count from the earliest event.
    Source: iniVation, "AEDAT 3.1" file format.

    Raises
    ------
    WorkloadError
        It cannot be read, is of another version, or is cut short.
    """
    raw = _bytes(path)
    first = raw.split(b"\r\n", 1)[0]
    if first != _VERSION:
        said = f"AEDAT 3.1 is read, which begins with {_VERSION!r}"
        raise WorkloadError(f"{path}: begins with {first[:20]!r}; {said}")
    place = raw.find(_END_OF_HEADER)
    if place < 0:
        raise WorkloadError(f"{path}: its header has no end")
    place += len(_END_OF_HEADER)
    words: list[NDArray[Any]] = []
    while place < len(raw):
        body = place + _PACKET.itemsize
        if body > len(raw):
            raise WorkloadError(f"{path}: is cut short at byte {place}")
        head = np.frombuffer(raw, _PACKET, 1, place)[0]
        size, n = int(head["size"]), int(head["n"])
        if size < 1 or n < 0 or body + n * size > len(raw):
            raise WorkloadError(f"{path}: the packet at byte {place} claims {n} events of {size} bytes")
        if head["kind"] == _POLARITY and size == 8:
            packet = np.frombuffer(raw, "<u4", 2 * n, body).reshape(n, 2).astype(np.int64)
            packet[:, 1] += int(head["overflow"]) << 31
            words.append(packet)
        place = body + n * size
    data, time_us = np.concatenate(words).T if words else np.zeros((2, 0), np.int64)
    kept = (data & 1) == 1
    data, time_us = data[kept], time_us[kept]
    return Events(data >> 17, (data >> 2) & 0x7FFF, (data >> 1) & 1, time_us - time_us.min(initial=_LAST))


def read_arrays(path: Path) -> Events:
    """Read events from arrays x, y, p (polarity, 0 or 1) and t (µs) of an .npz file, in time.

    Raises
    ------
    WorkloadError
        It cannot be read, or its arrays are no events.
    """
    try:
        arrays = input_arrays(path, wanted=("x", "y", "p", "t"))
    except (OSError, ValueError) as cause:
        raise WorkloadError(f"{path}: cannot be read: {cause}") from None
    return events_of(arrays, str(path))


def events_of(columns: Mapping[str, NDArray[Any]], where: str) -> Events:
    """Events from columns x, y, p, t; WorkloadError if they are none."""
    if missing := [name for name in ("x", "y", "p", "t") if name not in columns]:
        raise WorkloadError(f"{where}: has no {', '.join(missing)}; events have x, y, p, t")
    made = {name: np.asarray(columns[name]) for name in ("x", "y", "p", "t")}
    errors = [f"{name} holds {of.dtype}" for name, of in made.items() if of.dtype.kind not in "biu"]
    if len({of.shape for of in made.values()}) > 1 or made["x"].ndim != 1:
        errors.append("x, y, p and t differ in length")
    if not errors:
        whole = {name: of.astype(np.int64) for name, of in made.items()}
        errors += [f"{name} is negative" for name, of in whole.items() if len(of) and of.min() < 0]
        errors += ["p is neither 0 nor 1"] if len(whole["p"]) and whole["p"].max() > 1 else []
    if errors:
        raise WorkloadError(f"{where}: {'; '.join(errors)}")
    return Events(whole["x"], whole["y"], whole["p"], whole["t"])


def _bytes(path: Path) -> bytes:
    try:
        return input_bytes(path)
    except OSError as error:
        raise WorkloadError(f"{path}: cannot be read: {error.strerror or error}") from None


READERS: Final[Mapping[str, Callable[[Path], Events]]] = MappingProxyType(
    {".bin": read_events, ".aedat": read_aedat, ".npz": read_arrays}
)
