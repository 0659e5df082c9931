"""Which lines were active in which timestep: measured by a forward pass."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.names import COPY, FEEDBACK
from archsim.snn.activity_errors import wrong_parts
from archsim.snn.activity_file import PARTS, read_parts, write_parts
from archsim.snn.codes import Codes, codes_of_layers
from archsim.snn.forward import forward
from archsim.snn.windows import Array, rows_of
from archsim.workload.network import INPUT, Network

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
        change places), layer + ".feedback" for a direct rule's matrix that learns (outputs, neurons): how many
        cells of each weight an update wrote. Of weights that are left out all cells are written; a copy that is
        left out writes what its layer writes.
    pulses : dict of str to uint16 array (n_updates, n_rows, n_columns, n_cells), optional
        By the same names: the pulses that each cell of a weight got. It stands for `writes` where it is there.
    codes : dict of str to int32 array (n_samples, T, *shape), optional
        Of "input" and layers that send no spikes: the numbers as they are sent, see :mod:`archsim.snn.codes`.
    error_codes : dict of str to int32 array, as `errors`, optional
        The errors as they are sent.
    fed_back : dict of str to int32 array (n_samples, T or 1, n_outputs), optional
        Of the last layer: the error as it is sent to a rule's fixed matrices; one if it serves all timesteps.

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
    fed_back: dict[str, Codes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        errors = wrong_parts(self.network, {part: getattr(self, part) for part in PARTS})
        if errors:
            raise WorkloadError(f"activity of network {self.network.name!r}: " + "; ".join(errors))

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
        """The same spikes and errors again and again, or only the first, for another number of timesteps.

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
        along = {
            part: {name: values[:, at] for name, values in getattr(self, part).items()}
            for part in ("spikes", "errors", "codes", "error_codes")
        }
        fed_back = {name: v if v.shape[1] == 1 else v[:, at] for name, v in self.fed_back.items()}
        return Activity(self.network, **along, fed_back=fed_back, writes=self.writes, pulses=self.pulses)

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
        return rows_of(self.network.layer(layer), of_sample, line_by_line=True)

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
        """Inputs on a layer's word lines, as whole numbers with a sign; None if they are not known.

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

    def fed_back_codes(self, sample: int, error: int) -> Codes | None:
        """An error as it is sent to fixed matrices, (1, n_outputs); None if that is not known.

        Parameters
        ----------
        error : int
            Its timestep, or 0 for one that serves all.
        """
        last = self.network.layers[-1].name
        if last not in self.fed_back:
            return None
        of_sample: Codes = self.fed_back[last][sample]
        return of_sample if len(of_sample) == 1 else of_sample[error : error + 1]

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
        self._of(layer.removesuffix(FEEDBACK))
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
        self._of(layer.removesuffix(FEEDBACK))
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
        write_parts(path, self.network, {part: getattr(self, part) for part in PARTS})

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
