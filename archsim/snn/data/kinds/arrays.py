"""Arrays of the user: samples, labels and groups in an .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from archsim.errors import WorkloadError
from archsim.reading import input_arrays
from archsim.registry import DATA
from archsim.snn.data.file_errors import FileErrors
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.datasets import Ints
from archsim.snn.windows import Array
from archsim.units import FileModel

LAYOUT = """one file .npz with
x: (samples, timesteps, channels, …): numbers; spikes or counts as uint8 or bool
y: (samples,): classes, as whole numbers from 0 or as names; needed to learn
groups: (samples,), optional: whole numbers (persons) or names (arms, devices); splits go from one to the other"""

MOST_CLASSES = 2**16


class ArraySettings(FileModel):
    """`classes`: how many there are, where the last ones may not occur in `y`."""

    n_classes: Annotated[int, Field(ge=1, le=MOST_CLASSES)] | None = None


@DATA.register
class Arrays(DataSet):
    """Arrays of the user: x, y and groups in an .npz file.

    Samples of a group count as one recording, in the order of the file: the first ones adapt, later ones test.
    """

    kind = "arrays"
    layout: ClassVar[str] = LAYOUT
    Settings: ClassVar[type[FileModel]] = ArraySettings

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del length, step
        assert folder is not None  # for mypy: a layout asks for it
        path = Path(folder)
        arrays = _read(path)
        errors = FileErrors(str(path))
        x = _samples(arrays["x"], path, errors)
        n = len(x)
        labels, classes = _numbered(arrays.get("y"), n, "y", path, errors)
        domain, groups = _numbered(arrays.get("groups"), n, "groups", path, errors)
        assert isinstance(self.settings, ArraySettings)
        if (wanted := self.settings.n_classes) is not None and wanted < len(classes):
            errors.add(path, None, f"y holds {len(classes)} classes; settings.classes says {wanted}")
        classes += tuple(map(str, range(len(classes), wanted or 0)))
        errors.raise_any()
        given = arrays.get("groups")
        are_persons = given is not None and given.dtype.kind in "iu"
        persons = np.asarray(given, np.int64) if are_persons else np.zeros(n, np.int64)
        span = x.shape[1]
        channels = tuple(map(str, range(x.shape[2])))
        return LabelledWindows(
            path.stem, x, labels, persons, domain, domain, _turns(domain) * span, span, classes, channels, groups
        )


def _read(path: Path) -> dict[str, Array]:
    try:
        arrays = input_arrays(path, wanted=("x", "y", "groups"))
    except FileNotFoundError:
        raise WorkloadError(f"{path}: there is no such file") from None
    except OSError as cause:
        raise WorkloadError(f"{path}: cannot be read: {cause.strerror or cause}") from None
    except ValueError as cause:
        raise WorkloadError(f"{path}: {cause}") from None
    if "x" not in arrays:
        raise WorkloadError(f"{path}: holds no array x; it must be {LAYOUT}")
    return arrays


def _samples(x: Array, path: Path, errors: FileErrors) -> Array:
    """Spikes and counts as uint8, all else as float64."""
    if x.ndim < 3 or 0 in x.shape:
        errors.add(path, None, f"x has shape {x.shape}; it must be (samples, timesteps, channels, …)")
        return np.zeros((len(x) if x.ndim else 0, 1, 1))
    if x.dtype.kind not in "biuf":
        errors.add(path, None, f"x holds {x.dtype}, not real numbers")
        return np.zeros(x.shape[:3])
    return x.astype(np.uint8 if x.dtype in (np.uint8, np.bool_) else np.float64)


def _numbered(
    given: Array | None, n: int, name: str, path: Path, errors: FileErrors
) -> tuple[Ints, tuple[str, ...]]:
    """Numbers from 0, and what they are called; whole numbers of `y` stay what they are."""
    if given is None:
        return np.zeros(n, np.int64), ("all",)
    if given.shape != (n,) or given.dtype.kind not in "iuUb":
        said = f"{name} has shape {given.shape} of {given.dtype}; it must be {n} whole numbers or names"
        errors.add(path, None, said)
        return np.zeros(n, np.int64), ("all",)
    if name == "y" and given.dtype.kind in "iub":
        labels = given.astype(np.int64)
        if labels.min() < 0 or labels.max() >= MOST_CLASSES:
            errors.add(path, None, f"y holds {labels.min()} to {labels.max()}; classes count from 0")
        return labels, tuple(map(str, range(min(int(labels.max()), MOST_CLASSES) + 1)))
    names, numbers = np.unique(given, return_inverse=True)
    return numbers.astype(np.int64).reshape(n), tuple(map(str, names))


def _turns(domain: Ints) -> Ints:
    """How many samples of the same group stand before each."""
    turns = np.zeros(len(domain), np.int64)
    for group in np.unique(domain):
        own = np.flatnonzero(domain == group)
        turns[own] = np.arange(len(own))
    return turns
