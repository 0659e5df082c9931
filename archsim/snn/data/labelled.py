"""Windows of recordings with what a split needs: subject, arm, recording, source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.snn.datasets import Ints, load_watch
from archsim.snn.windows import Array

_PER_WINDOW = ("labels", "subject", "domain", "recording", "start")


@dataclass(frozen=True)
class LabelledWindows:
    """Windows of equal length, each with its label and its origin.

    Parameters
    ----------
    name : str
        Of the data set.
    values : array (n, length, channels, …)
        float64 sensor values; uint8 if they are spikes or event counts.
    labels : array (n,) of int
        Index into `class_names`.
    subject : array (n,) of int
        Number of the person; 0 if unknown.
    domain : array (n,) of int
        Index into `domain_names`: which arm, which device, which published part.
    recording : array (n,) of int
        Windows of different recordings never share a sample.
    start : array (n,) of int
        Index of the window's first sample in its recording.
    span : int
        Samples of the recording that a window covers (more than `length` after decimation).
    class_names, channel_names, domain_names : tuple of str

    Raises
    ------
    WorkloadError
        If the arrays do not fit together.
    """

    name: str
    values: Array
    labels: Ints
    subject: Ints
    domain: Ints
    recording: Ints
    start: Ints
    span: int
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    domain_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.values)
        wrong = [k for k in _PER_WINDOW if getattr(self, k).shape != (n,)]
        if self.values.ndim < 3 or self.values.shape[2] != len(self.channel_names):
            wrong.append(f"values {self.values.shape} for {len(self.channel_names)} channels")
        for key, names in (("labels", self.class_names), ("domain", self.domain_names)):
            numbers = getattr(self, key)
            if n and not (numbers.min() >= 0 and numbers.max() < len(names)):
                wrong.append(f"{key} outside 0 to {len(names) - 1}")
        if self.span < self.values.shape[1]:
            wrong.append(f"span {self.span}, shorter than a window")
        if wrong:
            raise WorkloadError(f"windows of {self.name}: {n} windows do not fit their {'; '.join(wrong)}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_classes(self) -> int:
        """Number of classes of the data set, whether or not all occur."""
        return len(self.class_names)

    @property
    def are_events(self) -> bool:
        """Whether the values are spikes or counts already, to be neither normalised nor encoded."""
        return self.values.dtype == np.uint8

    def take(self, which: Ints | NDArray[np.bool_]) -> LabelledWindows:
        """Some of the windows, by index (in that order) or by mask."""
        return replace(self, values=self.values[which], **{k: getattr(self, k)[which] for k in _PER_WINDOW})

    def describe(self, index: int) -> str:
        """Which window this is, in words for a message."""
        first = int(self.start[index])
        return (
            f"window {index} of {self.name} (recording {self.recording[index]}, samples {first} to "
            f"{first + self.span - 1}, class {self.class_names[self.labels[index]]!r}, "
            f"subject {self.subject[index] or 'unknown'})"
        )


def label_windows(
    name: str,
    recordings: Sequence[Array],
    labels: Ints,
    subject: Ints,
    domain: Ints,
    *,
    length: int,
    step: int,
    class_names: tuple[str, ...],
    channel_names: tuple[str, ...],
    domain_names: tuple[str, ...],
    draw: Callable[[int], Ints] | None = None,
) -> LabelledWindows:
    """Cut recordings of one class each into windows, one every `step` samples; a rest too short is dropped.

    Parameters
    ----------
    recordings : sequence of array (n_samples, channels)
    labels, subject, domain : array of int
        Of every recording.
    length, step : int
        Samples, 1 or more. With ``step < length`` neighbouring windows share samples.
    draw : callable, optional
        Given the number of windows, which of them to cut; all if not given.

    Raises
    ------
    WorkloadError
        If length or step is below 1, or no recording is long enough.

    Examples
    --------
    >>> cut = label_windows("tiny", [np.zeros((5, 1))], np.array([0]), np.array([1]), np.array([0]), length=3,
    ...                     step=2, class_names=("rest",), channel_names=("x",), domain_names=("all",))
    >>> cut.values.shape, cut.start.tolist()
    ((2, 3, 1), [0, 2])
    """
    if length < 1 or step < 1:
        raise WorkloadError(f"window length is {length} and step {step}; both must be 1 or more")
    places = [(i, s) for i, r in enumerate(recordings) for s in range(0, len(r) - length + 1, step)]
    if not places:
        longest = max((len(r) for r in recordings), default=0)
        raise WorkloadError(
            f"{name}: no recording has {length} samples (the longest has {longest}); choose a shorter window"
        )
    if draw is not None:
        places = [places[i] for i in draw(len(places))]
    recording, start = np.array(places, dtype=np.int64).reshape(-1, 2).T
    return LabelledWindows(
        name,
        np.stack([recordings[i][s : s + length] for i, s in places]),
        labels[recording],
        subject[recording],
        domain[recording],
        recording,
        start,
        length,
        class_names,
        channel_names,
        domain_names,
    )


def watch_windows(length: int = 128, step: int = 64, draw: Callable[[int], Ints] | None = None) -> LabelledWindows:
    """Windows of the smart-watch recordings (:func:`archsim.snn.load_watch`); the domain is the arm.

    Raises
    ------
    WorkloadError
        If seglearn is not installed, or length or step do not fit.

    Examples
    --------
    >>> windows = watch_windows()
    >>> windows.values.shape, windows.domain_names
    ((3605, 128, 6), ('left', 'right'))
    """
    watch = load_watch()
    return label_windows(
        "watch",
        watch.recordings,
        watch.labels,
        watch.subject,
        watch.side,
        length=length,
        step=step,
        class_names=watch.label_names,
        channel_names=watch.channel_names,
        domain_names=("left", "right"),
        draw=draw,
    )


def decimate(windows: LabelledWindows, factor: int) -> LabelledWindows:
    """Replace every `factor` consecutive samples by their mean: 128 samples and factor 4 give 32.

    The mean is a box filter before the down-sampling, so part of what lies above the new Nyquist frequency is
    removed rather than folded back.

    Raises
    ------
    WorkloadError
        If the factor does not divide the window's length, or the values are events.

    Examples
    --------
    >>> decimate(watch_windows(), 4).values.shape
    (3605, 32, 6)
    """
    n, length, *rest = windows.values.shape
    if factor < 1 or length % factor:
        raise WorkloadError(
            f"decimation by {factor}: it must be 1 or more and divide the {length} samples of a window"
        )
    if factor > 1 and windows.are_events:
        raise WorkloadError(f"{windows.name}: events are not decimated; load them with fewer timesteps")
    if factor == 1:
        return windows
    return replace(windows, values=windows.values.reshape(n, length // factor, factor, *rest).mean(axis=2))


def select_channels(windows: LabelledWindows, names: Sequence[str]) -> LabelledWindows:
    """The named channels only, in the order of `names`.

    Raises
    ------
    WorkloadError
        If a name is unknown or given twice, or none is given.

    Examples
    --------
    >>> select_channels(watch_windows(), ["az", "ax"]).channel_names
    ('az', 'ax')
    """
    unknown = [name for name in names if name not in windows.channel_names]
    if unknown or not names or len(set(names)) != len(names):
        raise WorkloadError(
            f"{windows.name}: channels {list(names)} must be different ones of {', '.join(windows.channel_names)}"
        )
    chosen = [windows.channel_names.index(name) for name in names]
    return replace(windows, values=windows.values[:, :, chosen], channel_names=tuple(names))


def check_finite(windows: LabelledWindows) -> None:
    """Refuse windows with NaN or infinite samples, and say which.

    Raises
    ------
    WorkloadError

    Examples
    --------
    >>> check_finite(watch_windows())
    """
    if windows.are_events or np.isfinite(windows.values).all():
        return
    bad = np.flatnonzero(~np.isfinite(windows.values.reshape(len(windows), -1)).all(axis=1))
    shown = []
    for index in bad[:5]:
        t, channel, *_ = np.argwhere(~np.isfinite(windows.values[index]))[0]
        shown.append(f"  {windows.describe(int(index))}: channel {windows.channel_names[channel]!r}, position {t}")
    more = [f"  … and {len(bad) - 5} more"] if len(bad) > 5 else []
    title = f"{windows.name}: {len(bad)} of {len(windows)} windows hold samples that are not finite"
    raise WorkloadError("\n".join([f"{title}; remove or fill them", *shown, *more]))


def shares_samples(windows: LabelledWindows, others: LabelledWindows) -> NDArray[np.bool_]:
    """For each of `windows`, whether it has a sample of its recording in common with any of `others`.

    Examples
    --------
    >>> cut = watch_windows()
    >>> shares_samples(cut.take(np.array([0, 1, 2])), cut.take(np.array([1]))).tolist()
    [True, True, True]
    >>> shares_samples(cut.take(np.array([0])), cut.take(np.array([2]))).tolist()
    [False]
    """
    if not len(others) or not len(windows):
        return np.zeros(len(windows), dtype=np.bool_)
    reach = max(windows.span, others.span)
    stride = int(max(windows.start.max(), others.start.max())) + 2 * reach + 1
    taken = np.sort(others.recording * stride + others.start)
    mine = windows.recording * stride + windows.start
    after = np.searchsorted(taken, mine)
    following = taken[np.minimum(after, len(taken) - 1)] - mine
    before = mine - taken[np.maximum(after - 1, 0)]
    overlaps_next = (following >= 0) & (following < windows.span)
    return np.asarray(overlaps_next | ((before >= 0) & (before < others.span)))
