"""Recorded activity of learning on a chip, for the event simulation: spikes, errors, writes."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar import CrossbarArray
from archsim.crossbar.mvm.inputs import encode_checked
from archsim.errors import WorkloadError
from archsim.names import COPY, FEEDBACK, RECURRENT
from archsim.snn.activity import Activity, Pulses, Spikes
from archsim.snn.codes import Codes
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.gradients import Gradients
from archsim.snn.learn.run import Tape
from archsim.snn.learn.updates import Update, pulses_of, typical
from archsim.spec.values import InputRules
from archsim.workload.network import Floats, Network


class Recorder:
    """Watches training steps on a chip: the first, until it has seen enough samples, or those that are named.

    A number or an error counts where its code is not zero, that is where it drives a line: errors are scaled
    and rounded as the chip's `execution.errors` and `execution.error_resolution` say. A write counts for each
    cell that got a pulse; where the chip's cells take pulses one by one (`Chip.counts_pulses`), these are kept
    too; where only the first samples are, of those updates whose pulses are nearest to the mean of all. Codes
    of named steps are kept where the chip's drivers count their bits; those of errors for matrices that learn are
    kept always, for outputs meet them there.

    Parameters
    ----------
    network : Network
    products : ChipProducts
        Whose arrays are written.
    kept : int or container of int
        How many samples to keep (those of whole steps, so perhaps a few more are watched); or which steps.

    Examples
    --------
    ``train_epochs(..., observe=recorder.observe, progress=lambda _: recorder.written())``, then
    ``recorder.activity().save(path)``.
    """

    def __init__(self, network: Network, products: ChipProducts, kept: int | Container[int]) -> None:
        if isinstance(kept, int) and kept < 1:
            raise WorkloadError(f"{kept} samples to record; it must be 1 or more")
        self._network, self._products, self._kept = network, products, kept
        self._keeps_codes = isinstance(kept, int) or products.chip.drivers.charged == "ones"
        self._spikes: dict[str, list[Spikes]] = {}
        self._errors: dict[str, list[NDArray[Any]]] = {}  # codes, or whether they are not zero
        self._codes: dict[str, list[Codes]] = {}
        self._fed_back: list[Codes] = []
        self._rules = _rules_of_sources(network, products)
        self._writes: dict[str, list[Spikes]] = {}
        self._updates: list[Update] = []
        self._n_seen = self._n_steps = 0
        self._before, self._is_open = self._pulses(), self._is_wanted()

    def _is_wanted(self) -> bool:
        """Whether the step that comes next is kept."""
        if isinstance(self._kept, int):
            return self._n_seen < self._kept
        return self._n_steps in self._kept

    def observe(self, tape: Tape, gradients: Gradients) -> None:
        """Note the spikes and errors of a part of a batch."""
        if not self._is_open:
            return
        for name, values in tape.outputs.items():
            sent = _encoded(values, self._rules[name]) if name in self._rules else values
            self._spikes.setdefault(name, []).append((sent != 0).swapaxes(0, 1).astype(np.uint8))
            if name in self._rules and self._keeps_codes:
                self._codes.setdefault(name, []).append(sent.swapaxes(0, 1))
        for name, delta in gradients.deltas.items():
            shape = (delta.shape[1], delta.shape[0], *self._network.layer(name).out_shape)
            # (timesteps, samples, columns, positions): a vector has an error for each column
            by_column = delta.reshape(*delta.shape[:2], self._network.layer(name).n_columns, -1)
            codes = self._sent(name, by_column).swapaxes(0, 1).reshape(shape)
            self._errors.setdefault(name, []).append(codes if self._keeps_codes else codes.astype(bool))
        if gradients.fed_back is not None and (self._keeps_codes or self._products.learned):
            self._fed_back.append(self._sent(FEEDBACK, gradients.fed_back[..., None])[..., 0].swapaxes(0, 1))
        self._n_seen += next(iter(tape.outputs.values())).shape[1]

    def _sent(self, key: str, delta: Floats) -> Codes:
        """Errors (T, B, columns, positions) as the drivers send them."""
        vectors = np.ascontiguousarray(delta.swapaxes(2, 3))
        codes = self._products.sent.looked_at(key, vectors.reshape(-1, delta.shape[2]))
        return codes.reshape(vectors.shape).swapaxes(2, 3)

    def written(self) -> None:
        """Note what the update at the end of a step wrote."""
        self._n_steps += 1
        next_is_open = self._is_wanted()
        keeps_pulses = self._products.chip.counts_pulses and (self._is_open or isinstance(self._kept, int))
        if self._is_open or keeps_pulses:
            self._note_writes(now := self._pulses(), keeps_pulses)
            self._before = now
        elif next_is_open:
            self._before = self._pulses()
        self._is_open = next_is_open

    def _note_writes(self, now: dict[str, NDArray[np.int64]], keeps_pulses: bool) -> None:
        update = Update()
        for layer in self._network.weighted:
            learns = layer.name + FEEDBACK in self._products.learned
            for suffix in ("", COPY, *([FEEDBACK] if learns else [])):
                pulses = self._cells(layer.name, suffix, now)
                if pulses is None:
                    continue
                if self._is_open:
                    written = np.asarray((pulses > 0).sum(axis=2), dtype=np.uint8)
                    self._writes.setdefault(layer.name + suffix, []).append(written)
                if keeps_pulses:
                    update.keep(layer.name + suffix, pulses)
        self._updates += [update] if keeps_pulses else []

    def _cells(self, name: str, suffix: str, now: dict[str, NDArray[np.int64]]) -> Pulses | None:
        """(rows, columns, cells) of a layer: pulses that each cell of a weight got; recurrent inputs come last."""
        keys = [key + suffix for key in (name, name + RECURRENT)]
        parts = [_given(self._before[key], now[key]) for key in keys if key in now]
        if suffix == COPY and len(parts) == 1 and name + RECURRENT in now:
            # the network's input needs no error: only the recurrent weights have a copy
            shape = (len(parts[0]), now[name].shape[0], parts[0].shape[2])
            parts.insert(0, np.zeros(shape, dtype=np.uint16))
        return np.concatenate(parts, axis=1 if suffix == COPY else 0) if parts else None

    def _pulses(self) -> dict[str, NDArray[np.int64]]:
        arrays: dict[str, CrossbarArray] = self._products.arrays
        return {key: array.writes.copy() for key, array in arrays.items()}

    def activity(self) -> Activity:
        """The samples that were kept in their order, and the updates that were made with them.

        Raises
        ------
        WorkloadError
            Nothing was observed.
        """
        if not self._spikes:
            raise WorkloadError("no training step was recorded")

        n_samples, updates = self._n_seen, self._updates
        if isinstance(self._kept, int):
            n_samples = self._kept
            updates = typical(updates, max(map(len, self._writes.values()), default=0))

        def first(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
            return np.ascontiguousarray(np.concatenate(parts)[:n_samples])

        codes = {name: first(parts) for name, parts in self._errors.items()}
        return Activity(
            self._network,
            {name: first(parts) for name, parts in self._spikes.items()},
            {name: np.asarray(of_layer != 0, dtype=np.uint8) for name, of_layer in codes.items()},
            {name: np.stack(parts) for name, parts in self._writes.items()},
            pulses_of(updates),
            {name: first(parts) for name, parts in self._codes.items()},
            codes if self._keeps_codes else {},
            {self._network.layers[-1].name: first(self._fed_back)} if self._fed_back else {},
        )


def _given(before: NDArray[np.int64], now: NDArray[np.int64]) -> Pulses:
    pulses = np.minimum(now - before, np.iinfo(np.uint16).max)  # far more than a write takes
    return np.asarray(pulses.reshape(*pulses.shape[:2], -1), dtype=np.uint16)


def _rules_of_sources(network: Network, products: ChipProducts) -> dict[str, InputRules]:
    """How the numbers of each layer, and of the input, drive the arrays that read them; spikes are left out."""
    found: dict[str, InputRules] = {}
    for layer in network.weighted:
        rules = products.arrays[layer.name].spec.inputs
        if rules.resolution_bits > 1:
            found = {**dict.fromkeys(layer.inputs, rules), **found}
    spiking = {layer.name for layer in network.layers if layer.neuron is not None and layer.neuron.spikes}
    return {name: rules for name, rules in found.items() if name not in spiking}


def _encoded(values: Floats, rules: InputRules) -> Codes:
    flat = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    return encode_checked(flat, rules).codes.astype(np.int32).reshape(values.shape)
