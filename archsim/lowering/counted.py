"""Counts of the activity, step by step: driven lines, errors, products, spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.components import Parts
from archsim.lowering.inputs import Bursts
from archsim.mapping import Dataflow, Home, Mapping, all_value_bits
from archsim.spec import Chip
from archsim.workload import Layer, Network, Workload

Span = tuple[int, int]
Ints = NDArray[np.int64]
Counts = NDArray[np.uint16] | NDArray[np.uint32]

MOST_BELOW = 256
"""How many tables of driven lines are kept: those of many samples take as much as a column of the graph."""


class ActivityLike(Protocol):
    """Which outputs spiked, (samples, timesteps, *shape) by layer; which word lines of a layer are active.

    Of learning, where it is known: which errors are not zero, and which cells an update writes.
    """

    @property
    def spikes(self) -> dict[str, NDArray[np.uint8]]:
        """0 or 1 by layer, and for "input"."""
        ...

    def active_rows(self, layer: str, sample: int) -> NDArray[np.uint8]:
        """Active word lines of a layer in a sample."""
        ...

    def error_lines(self, layer: str, sample: int) -> NDArray[np.uint8] | None:
        """(timesteps, positions, columns): columns of a layer's weights with an error; None if not known."""
        ...

    def row_codes(self, layer: str, sample: int, *, input_spikes: bool = False) -> NDArray[np.int32] | None:
        """Numbers on the word lines of a layer in a sample; None if not known."""
        ...

    def column_codes(self, layer: str, sample: int) -> NDArray[np.int32] | None:
        """Numbers of the errors, as `error_lines`; None if not known."""
        ...

    def fed_back_codes(self, sample: int, error: int) -> NDArray[np.int32] | None:
        """Numbers of an error that is sent to fixed matrices, (1, outputs); None if not known."""
        ...

    def written_cells(self, layer: str, update: int, *, of_copy: bool = False) -> NDArray[np.uint8] | None:
        """(rows, columns): cells of each weight that an update writes; None if all."""
        ...

    def pulses_of_cells(self, layer: str, update: int, *, of_copy: bool = False) -> NDArray[np.uint16] | None:
        """(rows, columns, cells): pulses that an update gives each cell of a weight; None if not known."""
        ...


@dataclass
class Tables:
    """What was counted of an activity, whatever the chip, for others that ask the same.

    Parameters
    ----------
    activity : ActivityLike
    """

    activity: ActivityLike
    active: dict[tuple[str, int, Span], list[int]] = field(default_factory=dict)
    sent: dict[tuple[str, int, tuple[Span, ...]], list[int]] = field(default_factory=dict)
    below: dict[tuple[str, int, str], Counts | None] = field(default_factory=dict)
    errors: dict[tuple[str, int, Span], list[int]] = field(default_factory=dict)
    macs: dict[tuple[str, int, Span, Span], list[int]] = field(default_factory=dict)
    words: dict[tuple[str, int, Span, Span, tuple[Span, ...]], list[int]] = field(default_factory=dict)
    of_input: dict[int, list[int]] = field(default_factory=dict)
    codes: dict[tuple[str, int, str], NDArray[np.int32] | None] = field(default_factory=dict)
    driven: dict[tuple[object, ...], Ints] = field(default_factory=dict)


@dataclass
class Counted:
    """A mapped workload and its activity, by layer, sample and step; each is counted once.

    Parameters
    ----------
    chip, work, mapping, parts, activity
        What is lowered, and the parts at their prices.
    """

    chip: Chip
    work: Workload
    mapping: Mapping
    parts: Parts
    activity: ActivityLike

    @cached_property
    def flow(self) -> Dataflow:
        """Which steps need which."""
        return self.mapping.flow

    @cached_property
    def tables(self) -> Tables:
        """Kept with the steps, as long as it is the same activity that is asked for."""
        found: Tables | None = self.flow.known.get("tables")
        if found is None or found.activity is not self.activity:
            found = self.flow.known["tables"] = Tables(self.activity)
        return found

    @cached_property
    def network(self) -> Network:
        """The network that is lowered."""
        return self.work.network

    @cached_property
    def bits(self) -> dict[str, int]:
        """Bits of one value of each layer's output and of "input"."""
        potential = self.chip.tile.membrane_buffer.potential_bits
        return all_value_bits(self.network, self.work.input_bits, potential)

    def active_per_step(self, layer: Layer, sample: int, rows: tuple[int, int]) -> list[int]:
        """Active word lines within a span of rows, summed over the positions of each step's burst."""
        known, key = self.tables.active, (layer.name, sample, rows)
        if key not in known:
            below = self._lines_below((layer.name, sample, "rows"), self.activity.active_rows)
            assert below is not None  # spikes are always known
            known[key] = (below[:, rows[1]] - below[:, rows[0]]).tolist()
        return known[key]

    def _lines_below(
        self, key: tuple[str, int, str], lines_of: Callable[[str, int], NDArray[np.uint8] | None]
    ) -> Counts | None:
        """(steps, lines + 1): how many of the lines before each are driven, all positions of a burst together.

        Of numbers without a sign: a row never falls.
        """
        known = self.tables.below
        if key not in known:
            if len(known) >= MOST_BELOW:
                known.clear()
            lines = lines_of(*key[:2])
            known[key] = None if lines is None else self._summed_up(lines)
        return known[key]

    def _summed_up(self, lines: NDArray[np.uint8]) -> Counts:
        (n_times, n_positions, n_lines), size = lines.shape, self.work.n_positions_per_burst
        n_whole = n_positions // size  # bursts; the last of a timestep may be shorter
        whole = lines[:, : n_whole * size].reshape(n_times, n_whole, size, n_lines)
        sums = [whole.sum(axis=2, dtype=np.int32)]
        if n_whole * size < n_positions:
            sums.append(lines[:, n_whole * size :].sum(axis=1, dtype=np.int32)[:, None])
        of_bursts = np.concatenate(sums, axis=1).reshape(-1, n_lines)
        of = np.uint16 if size * n_lines < 2**16 else np.uint32
        below = np.zeros((len(of_bursts), n_lines + 1), of)
        np.cumsum(of_bursts, axis=1, out=below[:, 1:])
        return below

    def _per_burst(self, per_position: NDArray[np.int64]) -> list[int]:
        """Sums over the positions of each step's burst, of counts (timesteps, positions)."""
        starts = np.arange(0, per_position.shape[1], self.work.n_positions_per_burst)
        sums: list[int] = np.add.reduceat(per_position, starts, axis=1).ravel().tolist()
        return sums

    def errors_per_step(self, layer: str, sample: int, columns: Span) -> list[int]:
        """Errors that drive a line, of a span of a layer's columns, summed over each step's burst.

        All of them where the activity does not say which are zero.
        """
        known, key = self.tables.errors, (layer, sample, columns)
        if key not in known:
            below = self._lines_below((layer, sample, "columns"), self.activity.error_lines)
            if below is None:
                n_columns = columns[1] - columns[0]
                steps = range(self.flow.n_steps(layer))
                known[key] = [n_columns * self.n_vectors(layer, step) for step in steps]
            else:
                known[key] = (below[:, columns[1]] - below[:, columns[0]]).tolist()
        return known[key]

    def row_codes(self, layer: Layer, sample: int, rows: Span) -> Bursts | None:
        """Numbers on a span of a layer's word lines, step by step; None if not known, or all bits count alike."""
        if self.chip.drivers.charged == "all":
            return None
        input_spikes = self.bits["input"] == 1
        known, key = self.tables.codes, (layer.name, sample, f"rows, {input_spikes=}")
        if key not in known:
            known[key] = self.activity.row_codes(layer.name, sample, input_spikes=input_spikes)
        return self._bursts(known[key], rows)

    def error_codes(self, layer: str, sample: int, columns: Span) -> Bursts | None:
        """Numbers of the errors of a span of a layer's columns, step by step; None as for `row_codes`."""
        if self.chip.drivers.charged == "all":
            return None
        known, key = self.tables.codes, (layer, sample, "columns")
        if key not in known:
            known[key] = self.activity.column_codes(layer, sample)
        return self._bursts(known[key], columns)

    def fed_back_codes(self, sample: int, error: int, outputs: Span) -> Bursts | None:
        """Numbers of a span of an error that drives fixed matrices; None as for `row_codes`."""
        if self.chip.drivers.charged == "all":
            return None
        codes = self.activity.fed_back_codes(sample, error)
        return None if codes is None else Bursts(codes[:, outputs[0] : outputs[1]], np.zeros(1, np.int64))

    def _bursts(self, codes: NDArray[np.int32] | None, lines: Span) -> Bursts | None:
        """Of a span of lines, of numbers (timesteps, positions, lines)."""
        if codes is None:
            return None
        n_times, n_positions, _ = codes.shape
        of_one = np.arange(0, n_positions, self.work.n_positions_per_burst)
        starts = np.add.outer(n_positions * np.arange(n_times), of_one).ravel()
        return Bursts(codes[:, :, lines[0] : lines[1]].reshape(n_times * n_positions, -1), starts)

    def macs_per_step(self, layer: Layer, sample: int, rows: Span, columns: Span) -> list[int]:
        """Terms of the outer products of a block: pairs of an active input and an error, position by position."""
        known, key = self.tables.macs, (layer.name, sample, rows, columns)
        if key not in known:
            lines = self.activity.error_lines(layer.name, sample)
            if lines is None:
                n_columns = columns[1] - columns[0]
                known[key] = [n * n_columns for n in self.active_per_step(layer, sample, rows)]
            else:
                active = self.activity.active_rows(layer.name, sample)[:, :, rows[0] : rows[1]]
                errors = lines[:, :, columns[0] : columns[1]]
                pairs = active.sum(axis=2, dtype=np.int64) * errors.sum(axis=2, dtype=np.int64)
                known[key] = self._per_burst(pairs)
        return known[key]

    def words_per_step(self, layer: Layer, sample: int, rows: Span, columns: Span) -> list[int]:
        """Words of a block's gradients that the outer products of each step touch, position by position.

        The gradients of a row of weights begin a word. Of an active row those words are touched that hold a column
        with an error; all of them where the activity does not say which errors are zero.
        """
        words = self.parts.gradient_buffer.words_of_columns(columns[1] - columns[0])
        known, key = self.tables.words, (layer.name, sample, rows, columns, tuple(words))
        if key not in known:
            lines = self.activity.error_lines(layer.name, sample)
            if lines is None:
                known[key] = [n * len(words) for n in self.active_per_step(layer, sample, rows)]
            else:
                active = self.activity.active_rows(layer.name, sample)[:, :, rows[0] : rows[1]]
                errors = lines[:, :, columns[0] : columns[1]]
                touched = [errors[:, :, low:high].any(axis=2) for low, high in words]
                of_row = np.sum(touched, axis=0, dtype=np.int64)
                known[key] = self._per_burst(active.sum(axis=2, dtype=np.int64) * of_row)
        return known[key]

    def words_of_errors(self, layer: str, sample: int, columns: Span) -> list[int]:
        """Words of one row of a block's gradients that the errors of each step touch, position by position."""
        words = self.parts.gradient_buffer.words_of_columns(columns[1] - columns[0])
        lines = self.activity.error_lines(layer, sample)
        if lines is None:
            return [len(words) * self.n_vectors(layer, step) for step in range(self.flow.n_steps(layer))]
        errors = lines[:, :, columns[0] : columns[1]]
        touched = [errors[:, :, low:high].any(axis=2) for low, high in words]
        return self._per_burst(np.sum(touched, axis=0, dtype=np.int64))

    def n_vectors(self, layer: str, step: int) -> int:
        """Output positions of a step's burst."""
        start, stop = self.flow.positions(layer, step)
        return stop - start

    def vectors_of_steps(self, layer: str) -> list[int]:
        """The same of all steps."""
        flow = self.flow
        of_timestep = [self.n_vectors(layer, burst) for burst in range(flow.n_bursts(layer))]
        return of_timestep * flow.timesteps[layer]

    def spikes_per_step(self, name: str, sample: int, home: Home) -> list[int]:
        """Spikes that a home of a layer sends in each step."""
        known, key = self.tables.sent, (name, sample, home.channels)
        if key not in known:
            spikes = self.activity.spikes[name][sample]
            flat = spikes.reshape(spikes.shape[0], spikes.shape[1], -1)
            mine = np.concatenate([flat[:, low:high] for low, high in home.channels], axis=1)
            per_position = mine.sum(axis=1, dtype=np.int64)
            known[key] = self._per_burst(per_position)
        return known[key]

    def spikes_of_input(self, sample: int) -> list[int]:
        """Active inputs of each timestep."""
        known = self.tables.of_input
        if sample not in known:
            spikes = self.activity.spikes["input"][sample]
            known[sample] = spikes.reshape(spikes.shape[0], -1).sum(axis=1, dtype=np.int64).tolist()
        return known[sample]
