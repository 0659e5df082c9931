"""Event files of the N-MNIST kind: digits seen by an event camera during three saccades.

Orchard et al. 2015, "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades", Frontiers
in Neuroscience 9:437. The data are not shipped; the user has the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.reading import input_bytes
from archsim.snn.data.file_errors import FileErrors, find_folder
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.datasets import Ints

SIDE = 34  # pixels of a side
DIGITS = tuple("0123456789")
PARTS = ("train", "test")
LAYOUT = """Train/0/00002.bin …
Train/1/… to Train/9/…
Test/0/… to Test/9/…"""
_OVERFLOW_ROW = 240  # an event with this y is no event: the camera's clock has wrapped by _OVERFLOW_US
_OVERFLOW_US = 2**13


@dataclass(frozen=True)
class Events:
    """Events in the order of the file.

    Parameters
    ----------
    x, y : array of int
        Pixel, from 0.
    polarity : array of int
        1 where it got brighter, 0 where it got darker.
    time_us : array of int
    """

    x: Ints
    y: Ints
    polarity: Ints
    time_us: Ints


def read_events(path: Path) -> Events:
    """Read a file of 40-bit events: 8 bits x, 8 bits y, 1 bit polarity, 23 bits time in µs, big-endian.

    An entry with y = 240 is not an event: all times from there on are 2^13 µs later (the rule of the readers
    published with the data).

    Raises
    ------
    WorkloadError
        If the file cannot be read or is not a whole number of events.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "two.bin"
    >>> _ = path.write_bytes(bytes([3, 7, 0x80, 0, 5, 33, 0, 1, 0, 0]))
    >>> events = read_events(path)
    >>> events.x.tolist(), events.polarity.tolist(), events.time_us.tolist()
    ([3, 33], [1, 0], [5, 65536])
    """
    try:
        raw = np.frombuffer(input_bytes(path), dtype=np.uint8)
    except OSError as error:
        raise WorkloadError(f"{path} cannot be read: {error}") from None
    if len(raw) % 5:
        raise WorkloadError(
            f"{path}: {len(raw)} bytes are no whole number of events of 5 bytes; the file is cut short"
        )
    x, y, high, middle, low = raw.reshape(-1, 5).T.astype(np.int64)
    wrapped = y == _OVERFLOW_ROW
    time_us = ((high & 0x7F) << 16 | middle << 8 | low) + _OVERFLOW_US * np.cumsum(wrapped)
    kept = ~wrapped
    return Events(x[kept], y[kept], (high >> 7)[kept], time_us[kept])


def frames(
    events: Events, n_steps: int, duration_us: int, *, binary: bool = True, side: int = SIDE
) -> NDArray[np.uint8]:
    """Events as frames: timestep t holds those of ``[t, t + 1) duration_us / n_steps``; later ones are left out.

    Parameters
    ----------
    events : Events
    n_steps, duration_us : int
        1 or more.
    binary : bool
        1 where there was any event; else their number, at most 255.
    side : int
        Pixels of a side.

    Returns
    -------
    uint8 array (n_steps, 2, side, side)
        Channel 0: darker, 1: brighter; then rows (y) and columns (x).

    Raises
    ------
    WorkloadError
        If n_steps or duration_us is below 1, or an event lies outside the frame.

    Examples
    --------
    >>> one = np.array([1])
    >>> made = frames(Events(x=2 * one, y=5 * one, polarity=one, time_us=99 * one), n_steps=10, duration_us=100)
    >>> made.shape, np.argwhere(made).tolist()
    ((10, 2, 34, 34), [[9, 1, 5, 2]])
    """
    if n_steps < 1 or duration_us < 1:
        raise WorkloadError(f"frames: n_steps is {n_steps} and duration_us {duration_us}; both must be 1 or more")
    outside = np.flatnonzero((events.x >= side) | (events.y >= side))
    if len(outside):
        k = outside[0]
        raise WorkloadError(
            f"event {k} is at x = {events.x[k]}, y = {events.y[k]}, outside {side} x {side} pixels"
        )
    inside = events.time_us < duration_us
    step = events.time_us[inside] * n_steps // duration_us
    place = (step, events.polarity[inside], events.y[inside], events.x[inside])
    shape = (n_steps, 2, side, side)
    counts = np.bincount(np.ravel_multi_index(place, shape), minlength=int(np.prod(shape)))
    return np.minimum(counts, 1 if binary else 255).astype(np.uint8).reshape(shape)


def load_nmnist(
    folder: Path | str,
    *,
    n_steps: int = 10,
    duration_us: int = 300_000,
    binary: bool = True,
    per_class: int | None = None,
) -> LabelledWindows:
    """Load a folder of event files, one folder per class, as frames; the domain is the published part.

    Parameters
    ----------
    folder : path
        Holds Train/0 … Train/9 and Test/0 … Test/9 with files *.bin.
    n_steps : int
        Timesteps; 10 as in PipeSDFA (arXiv 2507.15603).
    duration_us : int
        The first that many µs are used: three saccades of 100 ms (Orchard et al. 2015).
    binary : bool
        See :func:`frames`.
    per_class : int, optional
        Read only the first so many files (by name) of each class and part.

    Returns
    -------
    LabelledWindows
        uint8 values (n, n_steps, 2, 34, 34); every file is a recording of its own, the person is unknown (0).

    Raises
    ------
    WorkloadError
        If folders are missing (all at once, with the expected layout) or files have errors (all at once).

    Examples
    --------
    >>> load_nmnist("nowhere")
    Traceback (most recent call last):
    archsim.errors.WorkloadError: N-MNIST: nowhere is not a folder; expected one that holds
      Train/0/00002.bin …
    ...
    """
    if n_steps < 1 or duration_us < 1 or (per_class is not None and per_class < 1):
        raise WorkloadError("N-MNIST: n_steps, duration_us and per_class must be 1 or more")
    needed = [f"{part.title()}/{digit}" for part in PARTS for digit in DIGITS]
    top = find_folder(folder, "N-MNIST", "N-MNIST", needed, LAYOUT)
    errors = FileErrors("N-MNIST")
    files = [
        (path, label, domain)
        for domain, part in enumerate(PARTS)
        for label, digit in enumerate(DIGITS)
        for path in _files(top / part.title() / digit, per_class, errors)
    ]
    values = np.zeros((len(files), n_steps, 2, SIDE, SIDE), dtype=np.uint8)
    for k, (path, _, _) in enumerate(files):
        try:
            values[k] = frames(read_events(path), n_steps, duration_us, binary=binary)
        except WorkloadError as error:
            errors.add(path, None, str(error).removeprefix(f"{path}: "))
    errors.raise_any()
    labels, domain = (np.array([f[k] for f in files], dtype=np.int64) for k in (1, 2))
    zero, index = np.zeros(len(files), dtype=np.int64), np.arange(len(files))
    return LabelledWindows(
        "nmnist", values, labels, zero, domain, index, zero, n_steps, DIGITS, ("off", "on"), PARTS
    )


def _files(folder: Path, most: int | None, errors: FileErrors) -> list[Path]:
    found = sorted(folder.glob("*.bin"))[:most]
    if not found:
        errors.add(folder, None, "no files *.bin")
    return found
