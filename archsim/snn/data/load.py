"""Loading of any data set by name: its split, and encoded batches in the order of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.errors import WorkloadError
from archsim.registry import DATA
from archsim.snn.data.kind import Draw, Picked
from archsim.snn.data.labelled import LabelledWindows, decimate, select_channels
from archsim.snn.data.splits import Adapt, Order, Split, split
from archsim.snn.datasets import Ints
from archsim.snn.encoders import Encoding, encode
from archsim.snn.windows import Array
from archsim.workload.network import Shape


@dataclass(frozen=True)
class Samples:
    """One part of a data set, ready for the trainer.

    Parameters
    ----------
    inputs : array (T, B, *input_shape)
        float64 for analog values, uint8 for spikes and events.
    labels, subject, recording, start : array (B,) of int
        As in :class:`LabelledWindows`, in the order of `inputs`.
    """

    inputs: Array
    labels: Ints
    subject: Ints
    recording: Ints
    start: Ints

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int) -> Samples:
        """The first `n` of them."""
        each = (self.labels, self.subject, self.recording, self.start)
        return Samples(self.inputs[:, :n], *(values[:n] for values in each))


@dataclass(frozen=True)
class LearningData:
    """The data of a learning run.

    Parameters
    ----------
    name, split : str
    train : Samples
        Source domain.
    adapt : Samples or None
        Target domain, in the order in which it is to be learned.
    test : Samples
        Target domain, other samples.
    n_classes : int
    input_shape : tuple of int
        Of one timestep of one sample: what the network's `input_shape` must be.
    class_names : tuple of str
    n_leaking : int
        Test windows that share samples with training or adaptation; 0 unless the split says otherwise.
    note : str
        What a reader of a result must know, see :class:`Split`.
    """

    name: str
    split: str
    train: Samples
    adapt: Samples | None
    test: Samples
    n_classes: int
    input_shape: Shape
    class_names: tuple[str, ...]
    n_leaking: int
    note: str

    @property
    def n_timesteps(self) -> int:
        """Timesteps of every sample."""
        return len(self.train.inputs)


def load_windows(
    name: str,
    folder: Path | str | None = None,
    *,
    length: int | None = None,
    step: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> LabelledWindows:
    """Load a data set by name.

    Parameters
    ----------
    name : str
        A name of `archsim.registry.DATA`: "watch", "basic_motions", "uci_har", "hhar", "nmnist", the user's own
        "arrays", "csv", "events", "tonic", or a plug-in's.
    folder : path, optional
        The file or folder of data that the user has, refused for those that come with a package.
    length, step : int, optional
        Samples of the windows, of data that are cut: "watch" (default 128, 64), "hhar" (100, 50) and "csv".
    settings : mapping, optional
        What the kind lets a user say.

    Raises
    ------
    WorkloadError
        If the name is unknown, data are missing (which extra to install, or which layout the folder must have), or
        a choice does not apply to the data set.

    Examples
    --------
    >>> load_windows("watch", length=64, step=32).values.shape
    (7421, 64, 6)
    >>> load_windows("hhar")
    Traceback (most recent call last):
    archsim.errors.WorkloadError: the data set 'hhar' is not shipped: give the folder that holds
      Phones_accelerometer.csv, ...
    """
    loaded = _called(name, folder, length, step, settings, lambda made, *where: made.load(*where))
    if not isinstance(loaded, LabelledWindows):
        raise WorkloadError(f"data set {name!r}: its load gives a {type(loaded).__name__}, not LabelledWindows")
    return loaded


def pick_windows(
    name: str, folder: Path | str | None, length: int | None, step: int | None, settings: Mapping[str, Any] | None,
    draw: Draw,
) -> Picked:  # fmt: skip
    """Some windows of a data set, as `draw` chooses them of their number, and those that `spread` needs."""
    found: Picked = _called(name, folder, length, step, settings, lambda made, *where: made.pick(*where, draw))
    return found


def _called(
    name: str, folder: Path | str | None, length: int | None, step: int | None, settings: Mapping[str, Any] | None,
    call: Callable[..., Any],
) -> Any:  # fmt: skip
    """The windows of a data set, once it is known that it can be read."""
    if name not in DATA:
        raise WorkloadError(f"data set {name!r} is unknown; choose one of {', '.join(DATA)}")
    with DATA.calling(name) as kind:
        if folder is None and kind.layout:
            layout = "\n".join(f"  {line}" for line in kind.layout.splitlines())
            raise WorkloadError(f"the data set {name!r} is not shipped: give the folder that holds\n{layout}")
        made = kind(kind.Settings.model_validate(settings or {}))
        if folder is not None and not kind.layout:
            raise WorkloadError(f"the data set {name!r} comes with a package; leave the folder {folder} out")
        if kind.cut is None and (length is not None or step is not None):
            raise WorkloadError(f"the data set {name!r} comes in windows of its own; leave length and step out")
        usual_length, usual_step = kind.cut or (0, 0)
        return call(made, folder, usual_length if length is None else length, usual_step if step is None else step)


def load_data(
    data: str | LabelledWindows,
    split_name: str,
    encoding: str | Encoding = "analog",
    *,
    folder: Path | str | None = None,
    length: int | None = None,
    step: int | None = None,
    decimation: int = 1,
    channels: Sequence[str] | None = None,
    adapt: Adapt | None = None,
    adapt_frac: float = 0.5,
    order: Order = "recording",
    test_frac: float = 0.2,
    seed: int = 0,
) -> LearningData:
    """Load, choose channels, decimate, split, normalise by the training part, encode.

    Parameters
    ----------
    data : str or LabelledWindows
        Name of a data set (:func:`load_windows`), or windows that are there already.
    split_name : str
        See :func:`split`, as for `adapt`, `adapt_frac`, `order` and `test_frac`.
    encoding : str or Encoding
        "analog", "rate", "latency", "delta", or with settings. Events pass as they are ("analog").
    folder, length, step
        See :func:`load_windows`.
    decimation : int
        Mean of so many samples; see :func:`decimate`.
    channels : sequence of str, optional
        Only these; see :func:`select_channels`.
    seed : int
        Of the split and of the rate code.

    Returns
    -------
    LearningData

    Raises
    ------
    WorkloadError
        As the functions named above.

    Examples
    --------
    >>> data = load_data("watch", "right_to_left", decimation=4)
    >>> data.train.inputs.shape, data.adapt.inputs.shape, data.test.inputs.shape
    ((32, 1728, 6), (32, 923, 6), (32, 884, 6))
    >>> data.n_classes, data.input_shape
    (7, (6,))
    """
    how = Encoding(encoding) if isinstance(encoding, str) else encoding
    if isinstance(data, LabelledWindows):
        if folder is not None or length is not None or step is not None:
            raise WorkloadError("these windows are loaded and cut already; leave folder, length and step out")
        windows = data
    else:
        windows = load_windows(data, folder, length=length, step=step)
    if windows.are_events and how.kind != "analog":
        raise WorkloadError(f"{windows.name}: events are spikes already; leave the encoding {how.kind!r} out")
    if channels is not None:
        windows = select_channels(windows, channels)
    parts = split(
        decimate(windows, decimation), split_name, adapt=adapt, adapt_frac=adapt_frac, order=order,
        test_frac=test_frac, seed=seed,
    )  # fmt: skip
    return _encoded(parts, how, seed)


def _encoded(parts: Split, how: Encoding, seed: int) -> LearningData:
    train = _samples(parts.train, how, seed, 0)
    adapt = None if parts.adapt is None else _samples(parts.adapt, how, seed, 1)
    return LearningData(
        parts.train.name,
        parts.name,
        train,
        adapt,
        _samples(parts.test, how, seed, 2),
        parts.train.n_classes,
        train.inputs.shape[2:],
        parts.train.class_names,
        parts.n_leaking,
        parts.note,
    )


def _samples(windows: LabelledWindows, how: Encoding, seed: int, part: int) -> Samples:
    if windows.are_events:
        inputs: Array = windows.values.swapaxes(0, 1)
    else:
        # the key keeps this apart from the streams of the split
        inputs = encode(windows.values, how, seed=seed, key=(2, part))
    return Samples(inputs, windows.labels, windows.subject, windows.recording, windows.start)
