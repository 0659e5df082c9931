"""Splits into training, adaptation and test windows without leakage: no test window was trained on.

Online adaptation needs three parts: `train` of the source domain (the cloud), `adapt` of the target
domain in the order in which it was recorded (the device), and `test` of the target domain, of other samples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.snn.data.labelled import LabelledWindows, check_finite, shares_samples
from archsim.snn.datasets import Ints, spread_of
from archsim.snn.weights import stream
from archsim.workload.network import Floats

Adapt = Literal["time", "recordings", "none"]
Order = Literal["recording", "interleaved"]
Mask = NDArray[np.bool_]
_SUBJECTS = re.compile(r"subjects_(\d+)(?:-(\d+))?_to_(\d+)(?:-(\d+))?")
_LEAVE_OUT = re.compile(r"leave_out_(\d+)")


@dataclass(frozen=True)
class Split:
    """Three parts of a data set.

    Parameters
    ----------
    name : str
    train : LabelledWindows
        Source domain, in the order of the data set.
    adapt : LabelledWindows or None
        Target domain, in the order in which it is to be learned; None if the split has no such part.
    test : LabelledWindows
        Target domain; shares no sample with `train` and `adapt`, except in "random_windows".
    n_dropped : int
        Windows of the target domain left out because they would share samples with both parts.
    mean, deviation : array (channels,) or None
        What was subtracted, then divided by, in all three parts: taken from `train` alone.
    note : str
        What a reader of a result must know about the split.
    """

    name: str
    train: LabelledWindows
    adapt: LabelledWindows | None
    test: LabelledWindows
    n_dropped: int = 0
    mean: Floats | None = None
    deviation: Floats | None = None
    note: str = ""

    @property
    def n_leaking(self) -> int:
        """Number of test windows that share samples with a training or adaptation window."""
        leaks = shares_samples(self.test, self.train)
        if self.adapt is not None:
            leaks = leaks | shares_samples(self.test, self.adapt)
        return int(leaks.sum())


def split_names(data: LabelledWindows) -> tuple[str, ...]:
    """Names of splits that the data set has, for messages and menus; other ranges of subjects work too.

    Examples
    --------
    >>> from archsim.snn.data import watch_windows
    >>> split_names(watch_windows())[:4]
    ('random_windows', 'random_recordings', 'left_to_right', 'right_to_left')
    """
    names = ["random_windows", "random_recordings"]
    present = [data.domain_names[k] for k in np.unique(data.domain)]
    names += [f"{a}_to_{b}" for a in present for b in present if a != b]
    if {"train", "test"} <= set(present):
        names.append("official")
    people = _people(data)
    names += [f"subjects_{people[0]}-{people[-2]}_to_{people[-1]}"] if len(people) > 2 else []
    return (*names, *(f"leave_out_{k}" for k in people if len(people) > 1))


def split(
    data: LabelledWindows,
    name: str,
    *,
    adapt: Adapt | None = None,
    adapt_frac: float = 0.5,
    order: Order = "recording",
    test_frac: float = 0.2,
    seed: int = 0,
    normalise: bool = True,
) -> Split:
    """Split windows into training, adaptation and test parts.

    Parameters
    ----------
    data : LabelledWindows
    name : str
        - ``"right_to_left"``, or any ``"<domain>_to_<domain>"`` of the data set's domain names;
          ``"official"`` is ``"train_to_test"``;
        - ``"subjects_1-7_to_8"``, ``"subjects_1-7_to_8-10"``: from some people to others;
        - ``"leave_out_3"``: from all others to person 3;
        - ``"random_recordings"``: whole recordings drawn at random, `test_frac` of each class;
        - ``"random_windows"``: windows drawn at random. Where windows overlap, test windows share samples with
          training windows, so the accuracy is too high; `Split.n_leaking` and `Split.note` say so.
    adapt : {"time", "recordings", "none"}, optional
        How the target domain is divided. "time": the first `adapt_frac` of the windows of every recording adapt,
        the windows that start after them test; those in between are dropped. "recordings": `adapt_frac` of the
        recordings of every class, drawn at random, adapt, the others test. "none": all test. Default: "time"
        for a change of domain or person; "none" (the only choice) for random splits, and for "official".
    adapt_frac : float
        Between 0 and 1, both excluded.
    order : {"recording", "interleaved"}
        Of the adaptation windows: recording after recording, each in time; or one window of each recording in
        turn, each recording still in time.
    test_frac : float
        For random splits; between 0 and 1, both excluded.
    seed : int
        Of the random draws.
    normalise : bool
        Subtract each channel's mean and divide by its standard deviation, both over the training windows. A
        channel that is constant there is only shifted. Events are never normalised.

    Returns
    -------
    Split

    Raises
    ------
    WorkloadError
        If the name, a domain or a person is unknown, a part would be empty, a fraction is out of range or a
        sample is not finite.

    Examples
    --------
    >>> from archsim.snn.data import watch_windows
    >>> parts = split(watch_windows(), "right_to_left")
    >>> len(parts.train), len(parts.adapt), len(parts.test), parts.n_dropped, parts.n_leaking
    (1728, 923, 884, 70, 0)
    >>> split(watch_windows(), "random_windows").n_leaking > 0
    True
    """
    _check_choices(adapt, adapt_frac, order, test_frac)
    check_finite(data)
    if name.startswith("random_"):
        made = _random(data, name, adapt, test_frac, seed)
    else:
        source, target = _domains(data, name)
        how: Adapt = adapt or ("none" if name == "official" else "time")
        made = _adapted(data, name, source, target, how, adapt_frac, order, seed)
    _check_parts(made)
    return _normalised(made) if normalise and not data.are_events else made


def _check_choices(adapt: str | None, adapt_frac: float, order: str, test_frac: float) -> None:
    fractions = {"adapt_frac": adapt_frac, "test_frac": test_frac}
    wrong = [f"{k} is {v}; it must lie between 0 and 1" for k, v in fractions.items() if not 0 < v < 1]
    if adapt is not None and adapt not in get_args(Adapt):
        wrong.append(f"adapt is {adapt!r}; choose one of {', '.join(get_args(Adapt))}")
    if order not in get_args(Order):
        wrong.append(f"order is {order!r}; choose one of {', '.join(get_args(Order))}")
    if wrong:
        raise WorkloadError("split: " + "; ".join(wrong))


def _people(data: LabelledWindows) -> list[int]:
    return [int(k) for k in np.unique(data.subject) if k > 0]


def _unknown(data: LabelledWindows, name: str, why: str) -> WorkloadError:
    return WorkloadError(f"{data.name}: split {name!r}: {why}; there are {', '.join(split_names(data))}")


def _domains(data: LabelledWindows, name: str) -> tuple[Mask, Mask]:
    """Which windows are of the source and which of the target domain."""
    if match := _LEAVE_OUT.fullmatch(name):
        _check_people(data, name, [int(match[1])])
        target = data.subject == int(match[1])
        return ~target, target
    if match := _SUBJECTS.fullmatch(name):
        first, last, to_first, to_last = _ranges(match)
        source_people, target_people = list(range(first, last + 1)), list(range(to_first, to_last + 1))
        both = sorted(set(source_people) & set(target_people))
        if both or not source_people or not target_people:
            raise _unknown(data, name, f"people {both} on both sides" if both else "an empty range of people")
        _check_people(data, name, source_people + target_people)
        return np.isin(data.subject, source_people), np.isin(data.subject, target_people)
    names = ("train_to_test" if name == "official" else name).split("_to_")
    numbers = [data.domain_names.index(n) for n in names if n in data.domain_names]
    if len(names) != 2 or len(numbers) != 2 or numbers[0] == numbers[1]:
        raise _unknown(data, name, "unknown")
    return data.domain == numbers[0], data.domain == numbers[1]


def _ranges(match: re.Match[str]) -> tuple[int, int, int, int]:
    first, last, to_first, to_last = match.groups()
    return int(first), int(last or first), int(to_first), int(to_last or to_first)


def _check_people(data: LabelledWindows, name: str, wanted: list[int]) -> None:
    people = _people(data)
    if not people:
        raise _unknown(data, name, "the data set does not say who was recorded")
    if missing := [k for k in wanted if k not in people]:
        raise _unknown(data, name, f"no windows of person {', '.join(map(str, missing))}")


def _random(data: LabelledWindows, name: str, adapt: Adapt | None, test_frac: float, seed: int) -> Split:
    if adapt not in (None, "none"):
        raise WorkloadError(f"split {name!r} has one domain, so nothing to adapt to; leave adapt out")
    if name == "random_windows":
        test = np.zeros(len(data), dtype=np.bool_)
        test[stream(seed, 0).permutation(len(data))[: round(test_frac * len(data))]] = True
    elif name == "random_recordings":
        test = np.isin(data.recording, _drawn_recordings(data, test_frac, seed))
    else:
        raise _unknown(data, name, "unknown")
    made = Split(name, data.take(~test), None, data.take(test))
    if not made.n_leaking:
        return made
    share = f"{made.n_leaking} of {len(made.test)} test windows share samples with training windows"
    return replace(made, note=f"leakage: {share}; accuracy on them is not accuracy on new data")


def _drawn_recordings(data: LabelledWindows, fraction: float, seed: int) -> Ints:
    """A fraction of the recordings of every class, at least one, at least one left."""
    drawn = []
    for label in np.unique(data.labels):
        there = np.unique(data.recording[data.labels == label])
        if len(there) < 2:
            raise WorkloadError(
                f"{data.name}: class {data.class_names[label]!r} has only one recording, so it cannot be in both "
                'parts; divide by time (adapt="time")'
            )
        n = min(max(round(fraction * len(there)), 1), len(there) - 1)
        drawn.append(stream(seed, 1, int(label)).permutation(there)[:n])
    return np.concatenate(drawn)


def _adapted(
    data: LabelledWindows,
    name: str,
    source: Mask,
    target: Mask,
    how: Adapt,
    fraction: float,
    order: Order,
    seed: int,
) -> Split:
    there = data.take(target)
    if not len(there) or how == "none":
        return Split(name, data.take(source), None, there)
    if how == "time":
        early = _early(there, fraction)
    else:
        early = np.isin(there.recording, _drawn_recordings(there, fraction, seed))
    adapt = _ordered(there.take(early), order)
    if not len(adapt):
        raise WorkloadError(
            f"split {name!r}: no recording of the target domain is long enough to divide in time (windows per "
            f'recording: 1, adapt_frac: {fraction}); use adapt="recordings"'
        )
    later = there.take(~early)
    test = later.take(~shares_samples(later, adapt))
    return Split(name, data.take(source), adapt, test, n_dropped=len(later) - len(test))


def _early(windows: LabelledWindows, fraction: float) -> Mask:
    """The first windows of every recording."""
    early = np.zeros(len(windows), dtype=np.bool_)
    for recording in np.unique(windows.recording):
        own = np.flatnonzero(windows.recording == recording)
        own = own[np.argsort(windows.start[own], kind="stable")]
        early[own[: int(fraction * len(own))]] = True
    return early


def _ordered(windows: LabelledWindows, order: Order) -> LabelledWindows:
    by_time = np.lexsort((windows.start, windows.recording))
    if order == "recording":
        return windows.take(by_time)
    ordered = windows.take(by_time)
    _, first, counts = np.unique(ordered.recording, return_index=True, return_counts=True)
    turn = np.arange(len(ordered)) - np.repeat(first, counts)
    return ordered.take(np.lexsort((ordered.recording, turn)))


def _check_parts(made: Split) -> None:
    empty = [k for k in ("train", "adapt", "test") if (p := getattr(made, k)) is not None and not len(p)]
    if empty:
        raise WorkloadError(
            f"split {made.name!r}: no windows are left to {' and '.join(empty)}; choose other fractions, "
            "a shorter window or a smaller step"
        )
    if made.name != "random_windows" and made.n_leaking:
        raise WorkloadError(
            f"split {made.name!r}: {made.n_leaking} test windows share samples with other parts, because a "
            "recording belongs to both domains; give each domain recordings of its own"
        )


def _normalised(made: Split) -> Split:
    known = made.train.values
    mean, scale = spread_of(known)
    wide = (1, 1, len(mean), *(1 for _ in range(3, known.ndim)))

    def ready(part: LabelledWindows) -> LabelledWindows:
        return replace(part, values=(part.values - mean.reshape(wide)) / scale.reshape(wide))

    adapt = None if made.adapt is None else ready(made.adapt)
    return replace(made, train=ready(made.train), adapt=adapt, test=ready(made.test), mean=mean, deviation=scale)
