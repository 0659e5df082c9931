"""The smart-watch recordings that ship inside the package seglearn, and windows of them.

Six axes of a wrist sensor at 50 Hz, seven shoulder exercises, ten subjects, both arms
(Burns et al. 2018, arXiv 1802.01489; file of seglearn, BSD-3).
"""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.snn.weights import stream
from archsim.workload.network import Floats

Ints = NDArray[np.int64]
_FIELDS = ("X", "y", "y_labels", "subject", "side", "X_labels")


@dataclass(frozen=True, eq=False)
class WatchSet:
    """Recordings of one exercise each.

    Parameters
    ----------
    recordings : tuple of array (n_samples, 6)
        At 50 Hz; values as published, see `channel_names`.
    labels : array of int
        Exercise of every recording, an index into `label_names`.
    label_names : tuple of str
    subject : array of int
        Number of the person.
    side : array of int
        1 right arm, 0 left arm.
    channel_names : tuple of str
    """

    recordings: tuple[Floats, ...]
    labels: Ints
    label_names: tuple[str, ...]
    subject: Ints
    side: Ints
    channel_names: tuple[str, ...]


@dataclass(frozen=True)
class Windows:
    """Windows of equal length.

    Parameters
    ----------
    values : array (n, length, channels)
    recording : array (n,) of int
        Index of the recording that each window is from.
    """

    values: Floats
    recording: Ints


def load_watch() -> WatchSet:
    """Load the smart-watch recordings: 140 of them, 244,102 samples.

    The file is found without importing seglearn. It is a pickled array, so it can run code when opened;
    only the file inside the installed package is ever opened this way.

    Raises
    ------
    WorkloadError
        If seglearn is not installed or its file is not what is expected.

    Examples
    --------
    >>> watch = load_watch()
    >>> len(watch.recordings), watch.label_names[0], watch.channel_names
    (140, 'PEN', ('ax', 'ay', 'az', 'wx', 'wy', 'wz'))
    """
    path = _watch_file()
    found = path.stat()
    return _read_watch(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)  # a study asks for it each time, and to unpickle it takes longer than to measure the spikes
def _read_watch(path: Path, _changed_ns: int, _n_bytes: int) -> WatchSet:
    """The recordings of a file, as long as it stays as it is; nobody may write into them."""
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=True).item()
        missing = [name for name in _FIELDS if name not in content]
        if missing:
            raise WorkloadError(f"{path}: the recordings lack {', '.join(missing)}; use seglearn 1.2.5 or later")
        watch = _watch_set(path, content)
    except (OSError, EOFError, ValueError, TypeError, AttributeError, pickle.UnpicklingError) as error:
        if isinstance(error, WorkloadError):
            raise
        raise WorkloadError(f"{path} is not the watch data set of seglearn 1.2.5: {error}") from None
    for column in (*watch.recordings, watch.labels, watch.subject, watch.side):
        column.flags.writeable = False
    return watch


def _watch_file() -> Path:
    spec = importlib.util.find_spec("seglearn")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "watch_dataset.npy"
        if path.is_file():
            return path
    raise WorkloadError(
        "the smart-watch recordings are not installed (they ship with the package seglearn): "
        'pip install "archsim[data]"'
    )


def _watch_set(path: Path, content: dict[str, Any]) -> WatchSet:
    recordings = tuple(np.asarray(r, dtype=np.float64) for r in content["X"])
    channel_names = tuple(str(name) for name in content["X_labels"])
    labels, subject, side = (np.asarray(content[k]).astype(np.int64) for k in ("y", "subject", "side"))
    if any(r.ndim != 2 or r.shape[1] != len(channel_names) for r in recordings):
        raise WorkloadError(f"{path}: not every recording has {len(channel_names)} channels")
    if not all(a.shape == (len(recordings),) for a in (labels, subject, side)):
        raise WorkloadError(f"{path}: labels, subjects or sides do not match the {len(recordings)} recordings")
    return WatchSet(recordings, labels, tuple(str(n) for n in content["y_labels"]), subject, side, channel_names)


def windows(recordings: Sequence[Floats], length: int = 128, step: int = 64) -> Windows:
    """Cut recordings into windows of `length` samples, one every `step`; a rest too short is dropped.

    Raises
    ------
    WorkloadError
        If length or step is below 1, or no recording is long enough.

    Examples
    --------
    >>> cut = windows([np.arange(10.0).reshape(5, 2)], length=3, step=2)
    >>> cut.values.shape, cut.values[1, 0].tolist(), cut.recording.tolist()
    ((2, 3, 2), [4.0, 5.0], [0, 0])
    """
    if length < 1 or step < 1:
        raise WorkloadError(f"window length is {length} and step {step}; both must be 1 or more")
    values, recording = [], []
    for index, samples in enumerate(recordings):
        for start in range(0, len(samples) - length + 1, step):
            values.append(samples[start : start + length])
            recording.append(index)
    if not values:
        raise WorkloadError(f"no recording has {length} samples; choose a shorter window")
    return Windows(np.stack(values), np.array(recording, dtype=np.int64))


def normalise(recordings: Sequence[Floats], training: Sequence[int] | Ints) -> tuple[Floats, ...]:
    """Subtract each channel's mean and divide by its standard deviation, both over the training recordings.

    Parameters
    ----------
    recordings : sequence of array (n_samples, channels)
    training : sequence of int
        Indices of the recordings that mean and deviation are taken from, so that nothing of the others leaks.
        A channel that is constant there is only shifted.

    Raises
    ------
    WorkloadError
        If `training` is empty or names a recording that is not there.

    Examples
    --------
    >>> first, second = normalise([np.array([[0.0], [2.0]]), np.array([[5.0]])], training=[0])
    >>> first.ravel().tolist(), second.ravel().tolist()
    ([-1.0, 1.0], [4.0])
    """
    wrong = [int(i) for i in training if not 0 <= i < len(recordings)]
    if len(training) == 0 or wrong:
        raise WorkloadError(
            f"training recordings must be some of 0 to {len(recordings) - 1}, got {wrong or 'none'}"
        )
    mean, scale = spread_of(np.concatenate([recordings[i] for i in training]), 1)
    return tuple((r - mean) / scale for r in recordings)


def spread_of(known: NDArray[Any], channels: int = 2) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each channel, the deviation 1 where a channel is constant.

    Parameters
    ----------
    known : array
        Windows (n, length, channels, ...), or samples (n, channels).
    channels : int
        The axis of the channels.

    Examples
    --------
    >>> [numbers.tolist() for numbers in spread_of(np.array([[[0.0, 7.0], [2.0, 7.0]]]))]
    [[1.0, 7.0], [1.0, 1.0]]
    """
    axes = tuple(axis for axis in range(known.ndim) if axis != channels)
    mean, deviation = known.mean(axis=axes), known.std(axis=axes)
    # the deviation of equal numbers may be a rounding error instead of zero
    return mean, np.where(known.max(axis=axes) > known.min(axis=axes), deviation, 1.0)


def sample_windows(data: WatchSet, n: int, seed: int, *, length: int = 128, step: int = 64) -> Windows:
    """Draw `n` different windows at random from all windows of all recordings; a seed always gives the same.

    Raises
    ------
    WorkloadError
        If `n` is below 1 or above the number of windows.

    Examples
    --------
    >>> sample_windows(load_watch(), 5, seed=1).values.shape
    (5, 128, 6)
    """
    cut = windows(data.recordings, length, step)
    if not 1 <= n <= len(cut.values):
        raise WorkloadError(f"{n} windows were asked for; there are 1 to {len(cut.values)} to draw")
    chosen = stream(seed).permutation(len(cut.values))[:n]
    return Windows(cut.values[chosen], cut.recording[chosen])


def with_recordings(data: WatchSet, recordings: Sequence[Floats]) -> WatchSet:
    """The same set with other samples, for instance normalised ones.

    Raises
    ------
    WorkloadError
        If the number of recordings differs.

    Examples
    --------
    >>> watch = load_watch()
    >>> ready = with_recordings(watch, normalise(watch.recordings, training=range(100)))
    >>> len(ready.recordings)
    140
    """
    if len(recordings) != len(data.recordings):
        raise WorkloadError(f"{len(recordings)} recordings given, the set has {len(data.recordings)}")
    return replace(data, recordings=tuple(recordings))
