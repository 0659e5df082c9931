"""Which lines were active in which timestep: measured by a forward pass, or drawn from rates."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.names import COPY
from archsim.snn.activity_file import read_parts, write_parts
from archsim.snn.codes import Codes, codes_of_layers
from archsim.snn.forward import forward
from archsim.snn.weights import stream
from archsim.snn.windows import Array, gather, op_windows, rows_of
from archsim.workload.network import INPUT, Layer, Network, Pool, Shape

Spikes = NDArray[np.uint8]
Pulses = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Activity:
    """Which outputs were not zero, per sample, timestep and layer; and, of learning, which errors and writes.

    Parameters
    ----------
    network : Network
        The network this belongs to (its weights do not matter).
    spikes : dict of str to uint8 array (n_samples, T_l, *shape)
        0 or 1 by layer, and for "input"; of analog values, whether they differ from zero.
    errors : dict of str to uint8 array (n_samples, T_l, *shape), optional
        0 or 1 by layer with weights: whether the error (dL/d(current)) of an output is one that drives a line.
        A layer that is left out counts as dense.
    writes : dict of str to uint8 array (n_updates, n_rows, n_columns), optional
        By layer, and by layer + ".copy" for the transposed weights of a second set of arrays (inputs and outputs
        change places): how many cells of each weight an update wrote. Of weights that are left out all cells
        are written; a copy that is left out writes what its layer writes.
    pulses : dict of str to uint16 array (n_updates, n_rows, n_columns, n_cells), optional
        By the same names: the pulses that each cell of a weight got. It stands for `writes` where it is there.
    codes : dict of str to int32 array (n_samples, T, *shape), optional
        Of "input" and layers that send no spikes: the numbers as they are sent, see :mod:`archsim.snn.codes`.
    error_codes : dict of str to int32 array, as `errors`, optional
        The errors as they are sent.

    Raises
    ------
    WorkloadError
        If a layer is missing or an array has the wrong shape or type.
    """

    network: Network
    spikes: dict[str, Spikes]
    errors: dict[str, Spikes] = field(default_factory=dict)
    writes: dict[str, Spikes] = field(default_factory=dict)
    pulses: dict[str, Pulses] = field(default_factory=dict)
    codes: dict[str, Codes] = field(default_factory=dict)
    error_codes: dict[str, Codes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {INPUT, *self.network.names}
        faults = [f"no spikes of {name!r}" for name in sorted(names - set(self.spikes))]
        faults += [f"{name!r} is no layer of the network" for name in sorted(set(self.spikes) - names)]
        first = self.spikes.get(INPUT)
        if first is not None and (first.ndim < 2 or min(first.shape[:2]) < 1):
            faults.append(f"spikes of 'input' have shape {first.shape}; expected (samples, timesteps, ...)")
        elif first is not None:
            n_samples, n_timesteps = first.shape[:2]
            for name, shape in _shapes(self.network, n_timesteps):
                faults += _array_faults("spikes", name, self.spikes.get(name), (n_samples, *shape))
            faults += _error_faults(self.network, self.errors, n_samples, n_timesteps)
            faults += _write_faults(self.network, self.writes, n_timesteps)
            faults += _pulse_faults(self.network, self.pulses, n_timesteps)
            faults += _code_faults(self)
        if faults:
            raise WorkloadError(f"activity of network {self.network.name!r}: " + "; ".join(faults))

    @property
    def n_samples(self) -> int:
        """Recorded samples."""
        return len(self.spikes[INPUT])

    @property
    def n_timesteps(self) -> int:
        """Timesteps of the input."""
        return int(self.spikes[INPUT].shape[1])

    def mean_rate(self, name: str) -> float:
        """Fraction of active outputs of a layer or of "input", over all samples and timesteps."""
        return float(self._of(name).mean())

    @property
    def cycle(self) -> int:
        """After how many timesteps all spikes are the same again: a divisor of `n_timesteps`."""
        n = self.n_timesteps
        for cycle in range(1, n + 1):
            if n % cycle == 0 and all(
                np.array_equal(values[:, cycle:], values[:, : len(values[0]) - cycle])
                for part in (self.spikes, self.codes)
                for values in part.values()
            ):
                return cycle
        return n

    def repeated(self, n_timesteps: int) -> Activity:
        """The same spikes again and again, or only the first, for another number of timesteps.

        Raises
        ------
        WorkloadError
            A layer has timesteps of its own.

        Examples
        --------
        >>> from archsim.workload.network import Dense, Layer, Neuron
        >>> layer = Layer("out", Dense(1), ("input",), (1,), (1,), Neuron("if"))
        >>> spikes = {name: np.array([[[1], [0]]], np.uint8) for name in ("input", "out")}
        >>> Activity(Network("tiny", (1,), (layer,)), spikes).repeated(5).spikes["out"].ravel().tolist()
        [1, 0, 1, 0, 1]
        """
        if any(values.shape[1] != self.n_timesteps for values in self.spikes.values()):
            raise WorkloadError("layers along time have timesteps of their own; their activity cannot be repeated")
        at = np.arange(n_timesteps) % self.n_timesteps
        spikes = {name: values[:, at] for name, values in self.spikes.items()}
        return Activity(self.network, spikes, codes={name: values[:, at] for name, values in self.codes.items()})

    def active_rows(self, layer: str, sample: int) -> Spikes:
        """Which word lines of a layer are active: 1 or 0, in the order of :func:`rows_of`.

        Returns
        -------
        uint8 array (T_l, n_positions, n_rows)

        Raises
        ------
        WorkloadError
            If there is no such layer or sample, or the layer has no weights.
        """
        self._of(layer)
        if layer == INPUT:
            raise WorkloadError("the input drives no word lines of its own; name a layer")
        if not 0 <= sample < self.n_samples:
            raise WorkloadError(f"there is no sample {sample}; the activity has 0 to {self.n_samples - 1}")
        of_sample = {name: values[sample] for name, values in self.spikes.items()}
        return rows_of(self.network.layer(layer), of_sample)

    def error_lines(self, layer: str, sample: int) -> Spikes | None:
        """Which columns of a layer's weights have an error: 1 or 0; None if that is not known.

        Returns
        -------
        uint8 array (T_l, n_positions, n_columns), or None
        """
        self._of(layer)
        if layer not in self.errors:
            return None
        of_sample = self.errors[layer][sample]
        n_columns = self.network.layer(layer).n_columns
        lines: Spikes = of_sample.reshape(len(of_sample), n_columns, -1).swapaxes(1, 2)
        return lines

    def row_codes(self, layer: str, sample: int, *, input_spikes: bool = False) -> Codes | None:
        """What stands on a layer's word lines, as whole numbers with a sign; None if that is not known.

        Parameters
        ----------
        input_spikes : bool
            Whether the input has one bit.

        Returns
        -------
        int32 array (T_l, n_positions, n_rows), or None
        """
        self._of(layer)
        of_sample = {name: values[sample] for name, values in self.spikes.items()}
        codes = {name: values[sample] for name, values in self.codes.items()}
        known = codes_of_layers(self.network, of_sample, codes, input_spikes=input_spikes)
        found = self.network.layer(layer)
        if not {*found.inputs, *([layer] if found.recurrent else [])} <= set(known):
            return None
        return rows_of(found, known).astype(np.int32)

    def column_codes(self, layer: str, sample: int) -> Codes | None:
        """The errors of a layer's columns as they are sent, shaped like `error_lines`; None if not known."""
        self._of(layer)
        if layer not in self.error_codes:
            return None
        of_sample = self.error_codes[layer][sample]
        lines: Codes = of_sample.reshape(len(of_sample), self.network.layer(layer).n_columns, -1).swapaxes(1, 2)
        return lines

    def error_density(self, layer: str) -> float:
        """Fraction of a layer's errors that drive a line; 1 if that is not known."""
        self._of(layer)
        return float(self.errors[layer].mean()) if layer in self.errors else 1.0

    def written_cells(self, layer: str, update: int, *, of_copy: bool = False) -> Spikes | None:
        """Cells that an update writes of each weight; None if all. Recorded updates repeat.

        Returns
        -------
        uint8 array (n_rows, n_columns), or None
            For the copy (n_columns, n_rows).
        """
        self._of(layer)
        key = layer + COPY if of_copy and layer + COPY in self.writes else layer
        if key not in self.writes:
            return None
        cells: Spikes = self.writes[key][update % len(self.writes[key])]
        return cells.T if of_copy and key == layer else cells

    def pulses_of_cells(self, layer: str, update: int, *, of_copy: bool = False) -> Pulses | None:
        """Pulses that an update gives each cell of a weight; None if that is not known. Recorded updates repeat.

        Returns
        -------
        uint16 array (n_rows, n_columns, n_cells), or None
            For the copy (n_columns, n_rows, n_cells).
        """
        self._of(layer)
        key = layer + COPY if of_copy and layer + COPY in self.pulses else layer
        if key not in self.pulses:
            return None
        pulses: Pulses = self.pulses[key][update % len(self.pulses[key])]
        return pulses.swapaxes(0, 1) if of_copy and key == layer else pulses

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a compressed npz file; it is written beside and then renamed, so never half there.

        Raises
        ------
        WriteError
            If the file cannot be written.
        """
        parts = ("spikes", "errors", "writes", "pulses", "codes", "error_codes")
        write_parts(path, self.network, {part: getattr(self, part) for part in parts})

    @classmethod
    def load(cls, path: str | os.PathLike[str], network: Network) -> Activity:
        """Read what :meth:`save` wrote, for the same network (weights may differ).

        Raises
        ------
        WorkloadError
            If the file is missing, no activity, of another format version, damaged, or of another network.
        """
        parts = read_parts(path, network)
        try:
            return cls(network, **parts)
        except WorkloadError as error:
            raise WorkloadError(f"{path}: {error}") from None

    def _of(self, name: str) -> Spikes:
        if name not in self.spikes:
            raise WorkloadError(f"there is no layer {name!r}; there are {', '.join(self.spikes)}")
        return self.spikes[name]


def _shapes(network: Network, n_timesteps: int) -> Iterator[tuple[str, Shape]]:
    """(T_l, *shape) of the input and of every layer."""
    steps = network.steps(n_timesteps)
    yield INPUT, (n_timesteps, *network.input_shape)
    for layer in network.layers:
        yield layer.name, (steps[layer.name], *layer.out_shape)


def _code_faults(activity: Activity) -> list[str]:
    """Codes stand beside the spikes or errors that they are, of the same shape."""
    faults = []
    for what, codes, of in (
        ("codes", activity.codes, activity.spikes),
        ("error_codes", activity.error_codes, activity.errors),
    ):
        faults += [f"{what} of {name!r}, without what they are of" for name in sorted(set(codes) - set(of))]
        for name in sorted(set(codes) & set(of)):
            faults += _array_faults(what, name, codes[name], of[name].shape, np.int32)
    return faults


def _array_faults(
    what: str, name: str, array: Array | None, shape: Shape, kind: type[np.generic] = np.uint8
) -> list[str]:
    if array is None:
        return []
    if array.dtype != kind:
        return [f"{what} of {name!r} have type {array.dtype}; expected {kind.__name__}"]
    if array.shape != shape:
        return [f"{what} of {name!r} have shape {array.shape}; expected {shape}"]
    if what in ("spikes", "errors") and array.size and array.max() > 1:
        return [f"{what} of {name!r} hold values other than 0 and 1"]
    return []


def _error_faults(
    network: Network, errors: Mapping[str, Spikes], n_samples: int, n_timesteps: int
) -> list[str]:
    shapes = dict(_shapes(network, n_timesteps))
    learned = {layer.name for layer in network.weighted}
    faults = [f"errors of {name!r}, which is no layer with weights" for name in sorted(set(errors) - learned)]
    for name in sorted(set(errors) & learned):
        faults += _array_faults("errors", name, errors[name], (n_samples, *shapes[name]))
    return faults


def _write_faults(network: Network, writes: Mapping[str, Spikes], n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    faults = [f"writes of {name!r}, which is no layer with weights" for name in sorted(set(writes) - set(shapes))]
    for name in sorted(set(writes) & set(shapes)):
        n_updates = max(1, len(writes[name])) if writes[name].ndim else 1
        faults += _array_faults("writes", name, writes[name], (n_updates, *shapes[name]))
    return faults


def _shapes_of_weights(network: Network, n_timesteps: int) -> dict[str, Shape]:
    """(rows, columns) of every layer's weights, and of their transposed copy."""
    steps = network.steps(n_timesteps)
    shapes: dict[str, Shape] = {}
    for layer in network.weighted:
        n_rows = layer.n_rows(steps[layer.inputs[0]])
        shapes[layer.name] = (n_rows, layer.n_columns)
        shapes[layer.name + COPY] = (layer.n_columns, n_rows)
    return shapes


def _pulse_faults(network: Network, pulses: Mapping[str, Pulses], n_timesteps: int) -> list[str]:
    shapes = _shapes_of_weights(network, n_timesteps)
    faults = [f"pulses of {name!r}, which is no layer with weights" for name in sorted(set(pulses) - set(shapes))]
    for name in sorted(set(pulses) & set(shapes)):
        given = pulses[name]
        if given.dtype != np.uint16:
            faults.append(f"pulses of {name!r} have type {given.dtype}; expected uint16")
        elif given.ndim != 4 or given.shape[1:3] != shapes[name] or 0 in given.shape:
            shown = ", ".join(map(str, shapes[name]))
            faults.append(f"pulses of {name!r} have shape {given.shape}; expected (updates, {shown}, cells)")
    return faults


def record(network: Network, inputs: Array) -> Activity:
    """Measure the activity: run every sample and note which outputs are not zero.

    Parameters
    ----------
    network : Network
        With all weights.
    inputs : array (n_samples, T, *network.input_shape)

    Raises
    ------
    WorkloadError
        As :func:`forward`; or if there are no samples.

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), Neuron("if"), weight=np.array([[2.0, 0.0]]))
    >>> activity = record(Network("tiny", (2,), (layer,)), np.array([[[1, 0], [0, 1]]]))
    >>> activity.spikes["out"].ravel().tolist(), activity.mean_rate("input")
    ([1, 0], 0.5)
    >>> activity.active_rows("out", sample=0).tolist()
    [[[1, 0]], [[0, 1]]]
    """
    if np.ndim(inputs) < 2 or len(inputs) == 0:
        raise WorkloadError(f"inputs have shape {np.shape(inputs)}; expected (samples, timesteps, ...)")
    spikes: dict[str, list[Spikes]] = {name: [] for name in (INPUT, *network.names)}
    for x in inputs:
        for name, values in forward(network, x, spikes_only=True).outputs.items():
            spikes[name].append((values != 0).astype(np.uint8))
    return Activity(network, {name: np.stack(values) for name, values in spikes.items()})


def from_rates(
    network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float], seed: int
) -> Activity:
    """Draw activity: every output of a layer spikes with the layer's rate, ``s ~ Bernoulli(rate)``, independently.

    Real spikes are correlated in time and between neurons; measured activity is better where it can be had.

    Parameters
    ----------
    rates : mapping of str to float
        Spikes per neuron and timestep, 0 to 1, for "input" and every spiking layer. Where none is given,
        pooling without a neuron is active where its window is, and other layers without spikes (LI, or no
        neuron) are always active.
    seed : int
        Every layer draws from a stream of (seed, its position, the sample), whatever the order of `rates`.

    Raises
    ------
    WorkloadError
        If rates are missing, out of range or for layers that do not exist (all named at once).

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(3), ("input",), (2,), (3,), Neuron("if"))
    >>> activity = from_rates(Network("tiny", (2,), (layer,)), 4, 2, {"input": 1.0, "out": 0.0}, seed=0)
    >>> activity.mean_rate("input"), activity.mean_rate("out"), activity.spikes["out"].shape
    (1.0, 0.0, (2, 4, 3))
    """
    _check_rates(network, n_timesteps, n_samples, rates)
    shapes = dict(_shapes(network, n_timesteps))
    spikes: dict[str, list[Spikes]] = {name: [] for name in shapes}
    for sample in range(n_samples):
        drawn: dict[str, Array] = {}
        for index, (name, shape) in enumerate(shapes.items()):
            layer = None if name == INPUT else network.layer(name)
            if name not in rates and layer is not None and isinstance(layer.op, Pool):
                drawn[name] = _pooled_activity(layer, drawn)
            else:
                chance = rates.get(name, 1.0)
                drawn[name] = (stream(seed, index, sample).random(shape) < chance).astype(np.uint8)
            spikes[name].append(drawn[name])
    return Activity(network, {name: np.stack(values) for name, values in spikes.items()})


def evenly_active(
    network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float]
) -> Activity:
    """Activity without chance: in every timestep the same ``round(rate x n)`` of n outputs spike, evenly spread.

    Every timestep is alike, so that a long run becomes periodic as soon as the chip lets it.

    Parameters
    ----------
    rates : mapping of str to float
        As for :func:`from_rates`.

    Raises
    ------
    WorkloadError
        As :func:`from_rates`.

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(4), ("input",), (2,), (4,), Neuron("if"))
    >>> evenly_active(Network("tiny", (2,), (layer,)), 2, 1, {"input": 1.0, "out": 0.5}).spikes["out"].tolist()
    [[[0, 1, 0, 1], [0, 1, 0, 1]]]
    """
    _check_rates(network, n_timesteps, n_samples, rates)
    active: dict[str, Array] = {}
    for name, (n_steps, *shape) in _shapes(network, n_timesteps):
        layer = None if name == INPUT else network.layer(name)
        if name not in rates and layer is not None and isinstance(layer.op, Pool):
            active[name] = _pooled_activity(layer, active)
            continue
        n = math.prod(shape)
        quota = np.arange(n + 1) * round(rates.get(name, 1.0) * n) // n
        once = np.diff(quota).astype(np.uint8).reshape(shape)
        active[name] = np.broadcast_to(once, (n_steps, *shape))
    return Activity(network, {name: np.stack([values] * n_samples) for name, values in active.items()})


def _pooled_activity(layer: Layer, drawn: Mapping[str, Array]) -> Spikes:
    assert isinstance(layer.op, Pool)  # for mypy
    windows = op_windows(layer, gather(layer, drawn))
    active: Spikes = windows.max(axis=tuple(range(-len(layer.op.kernel), 0)))
    return active


def _check_rates(network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float]) -> None:
    faults = []
    if n_timesteps < 1 or n_samples < 1:
        faults.append(f"{n_samples} samples of {n_timesteps} timesteps; both must be 1 or more")
    needed = [INPUT, *(layer.name for layer in network.layers if layer.neuron and layer.neuron.spikes)]
    missing = [name for name in needed if name not in rates]
    if missing:
        faults.append(f"no rate for {', '.join(missing)}")
    for name, value in rates.items():
        if name != INPUT and name not in network.names:
            faults.append(f"there is no layer {name!r}")
        if not 0 <= value <= 1:
            faults.append(f"the rate of {name!r} is {value}; it must be 0 to 1 (spikes per neuron and timestep)")
    if faults:
        raise WorkloadError(f"activity rates of network {network.name!r}: " + "; ".join(faults))
