"""The context of all phases while tasks are laid down: the builder, the chip's resources, the prices."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, Charge, Job, Parts
from archsim.lowering.inputs import Bursts
from archsim.lowering.stretch import Stretch, Written
from archsim.mapping import Block, Dataflow, Home, LayerPlan, Mapping, all_value_bits
from archsim.mapping.rule import MappedRule
from archsim.spec import Chip
from archsim.taskgraph import NOTHING, Fragment, Port, TaskGraphBuilder, opening
from archsim.workload import Layer, Network, Workload

# tasks that only order others or hand out buffer space: no time, no energy
ADMIT = Action("admit", (Charge("flow_control", 0.0),))
RELEASE = Action("release", (Charge("flow_control", 0.0),))
BARRIER = Action("barrier", (Charge("flow_control", 0.0),))

FEEDBACK = "feedback of a rule"
"""Stands for a rule's fixed matrices among the names of layers."""
Claim = tuple[int, int]  # resource, units
Span = tuple[int, int]
Ints = NDArray[np.int64]


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


class Label(NamedTuple):
    """The label of a task; people read it, engines do not."""

    phase: str
    layer: str
    timestep: int
    sample: int


@dataclass
class Context:
    """The task graph in the making.

    Parameters
    ----------
    chip, work, mapping, parts, activity
        What is lowered, and the parts at their prices.
    graph : TaskGraphBuilder
        Takes down all tasks and placed fragments.
    actions : dict of str to Action
        Every price that was used, by name.
    seed : int
        For what is drawn while tasks are laid down.
    written : Written
        What the tasks write.
    updates : list of Written
        What each update writes.
    stretch : Stretch
        Of a learning rule, which batches.
    """

    chip: Chip
    work: Workload
    mapping: Mapping
    parts: Parts
    activity: ActivityLike
    graph: TaskGraphBuilder = field(default_factory=TaskGraphBuilder)
    actions: dict[str, Action] = field(default_factory=dict)
    _resources: dict[str, int] = field(default_factory=dict)
    _active: dict[tuple[str, int], dict[tuple[int, int], list[int]]] = field(default_factory=dict)
    _below: dict[tuple[str, int, str], Ints | None] = field(default_factory=dict)
    _errors: dict[tuple[str, int, Span], list[int]] = field(default_factory=dict)
    _macs: dict[tuple[str, int, Span, Span], list[int]] = field(default_factory=dict)
    _words: dict[tuple[str, int, Span, Span], list[int]] = field(default_factory=dict)
    _codes: dict[tuple[str, int, bool], NDArray[np.int32] | None] = field(default_factory=dict)
    _fragments: dict[Hashable, Fragment] = field(default_factory=dict)
    _writing: Fragment | None = None  # the fragment that is written down
    _slots: dict[int, int] = field(default_factory=dict)  # its slots, by resource
    known: dict[Hashable, Any] = field(default_factory=dict)  # what a phase has found out and will ask for again
    last_sum: dict[tuple[str, int], int] = field(default_factory=dict)  # layer, home: sets handed out for errors
    scales: dict[str, dict[int, int]] = field(default_factory=dict)  # layer, home: what scales errors is known
    last_write: dict[Block, int] = field(default_factory=dict)
    reads: dict[Block, list[int]] = field(default_factory=dict)  # since the last write; only for three_level
    seed: int = 0
    written: Written = field(default_factory=Written)
    updates: list[Written] = field(default_factory=list)
    stretch: Stretch = field(default_factory=Stretch)

    @cached_property
    def batches(self) -> list[range]:
        """Samples of each batch."""
        n_batch = self.work.n_batch
        sizes = self.stretch.sizes or (n_batch,) * (self.work.n_samples // n_batch)
        ends = np.cumsum(sizes).tolist()
        return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    @cached_property
    def flow(self) -> Dataflow:
        """Which steps need which."""
        return self.mapping.flow

    @cached_property
    def network(self) -> Network:
        """The network that is lowered."""
        return self.work.network

    @cached_property
    def rule(self) -> MappedRule:
        """The rule that learns, of a phase that does."""
        assert self.mapping.rule is not None  # nobody asks in inference
        return self.mapping.rule

    def plan(self, name: str) -> LayerPlan:
        """The plan of a layer."""
        return self.mapping.plans[name]

    @cached_property
    def bits(self) -> dict[str, int]:
        """Bits of one value of each layer's output and of "input"."""
        potential = self.chip.tile.membrane_buffer.potential_bits
        return all_value_bits(self.network, self.work.input_bits, potential)

    @cached_property
    def signed(self) -> dict[str, bool]:
        """Whether values of each layer's output and of "input" may be negative: spikes and their sums are not."""
        found = {"input": self.bits["input"] > 1}
        for layer in self.network.layers:
            if layer.neuron is not None:
                found[layer.name] = not layer.neuron.spikes
            else:
                found[layer.name] = layer.has_weights or any(found[source] for source in layer.inputs)
        return found

    def resource(self, name: str, capacity: int = 1) -> int:
        """The resource of this name, made at first use; in a fragment that is written down, its slot."""
        number = self._resources.get(name)
        if number is None:
            number = self._resources[name] = self.graph.resource(name, capacity)
        return self._slots.get(number, number)

    def fragment(self, key: Hashable, lay_down: Callable[[], Any], slots: Sequence[int] = ()) -> Fragment:
        """The fragment of a key; written down at first use.

        Parameters
        ----------
        key : hashable
            Says all that the tasks depend on but for the ports, slots and counts that each place gives.
        lay_down : callable
            Lays down the tasks. They wait for ``opening(k)`` where a place gives tasks; what it returns (ids
            within the fragment) is kept as `Fragment.made`.
        slots : sequence of int
            Resources that differ from place to place; here, those of the first.
        """
        found = self._fragments.get(key)
        if found is None:
            found = self._fragments[key] = self._writing = Fragment()
            self._slots = {resource: opening(k) for k, resource in enumerate(slots)}
            found.made = lay_down()
            self._writing, self._slots = None, {}
        return found

    def place(
        self, fragment: Fragment, label: Label, ports: Sequence[Port], slots: Sequence[int] = (),
        counts: Sequence[int] = (), times: Sequence[int] = (),
    ) -> int:  # fmt: skip
        """Lay down a fragment; returns its first task."""
        return self.graph.place(
            fragment, ports=ports, slots=slots, counts=counts, times=times, timestep=label.timestep,
            sample=label.sample,
        )  # fmt: skip

    def placed(
        self, key: Hashable, label: Label, lay_down: Callable[[], Any], ports: Sequence[Port],
        jobs: Sequence[Job] = (),
    ) -> tuple[int, Any]:  # fmt: skip
        """The first task of a fragment (`fragment`) that is laid down here, and what it has made.

        Of each of the jobs, in the fragment that of `opened`, the place says count and times.
        """
        whole = (key, label.phase, label.layer)
        fragment = self._fragments.get(whole) or self.fragment(whole, lay_down)
        if not jobs:
            return self.place(fragment, label, ports), fragment.made
        counts = [job.count for job in jobs]
        times = [time for job in jobs for time in (job.occupancy_ps, job.latency_ps)]
        return self.place(fragment, label, ports, (), counts, times), fragment.made

    def add(
        self,
        label: Label,
        action: Action,
        count: int,
        *,
        uses: Sequence[Claim] = (),
        occupancy_ps: int = 0,
        latency_ps: int | None = None,
        after: Iterable[int | None] = (),
        reserves: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
    ) -> int:
        """Lay down one task; None in `after` stands for nothing to wait for."""
        self.actions.setdefault(action.name, action)
        return (self._writing or self.graph).task(
            action=action.name,
            count=count,
            uses=uses,
            reserves=reserves,
            frees=frees,
            occupancy_ps=occupancy_ps,
            latency_ps=latency_ps,
            after=sorted({task for task in after if task is not None}),
            phase=label.phase,
            layer=label.layer,
            timestep=label.timestep,
            sample=label.sample,
        )

    def do(
        self,
        label: Label,
        at: int | str,
        job: Job,
        after: Iterable[int | None],
        *,
        reserves: Sequence[Claim] = (),
        frees: Sequence[Claim] = (),
    ) -> int:
        """Lay down a part's job on a tile (-1: the chip's own part), or at another place by its name."""
        return self.add(
            label, job.action, job.count, uses=self.claims(at, job),
            occupancy_ps=job.occupancy_ps, latency_ps=job.latency_ps, after=after, reserves=reserves, frees=frees,
        )  # fmt: skip

    def claims(self, at: int | str, job: Job) -> list[Claim]:
        """What a part's job uses, on a tile (-1: the chip's own part), or at another place by its name."""
        place = at if isinstance(at, str) else f"tile[{at}]" if at >= 0 else ""
        uses = [
            (self.resource(f"{place}.{name}" if place else name, capacity), units)
            for name, capacity, units in job.uses
        ]
        return [claim for claim in uses if claim[1]]

    def written_last(self, block: Block) -> int:
        """The last write of a block; `NOTHING` if there is none."""
        return or_nothing(self.last_write.get(block)) if self.last_write else NOTHING

    def active_per_step(self, layer: Layer, sample: int, rows: tuple[int, int]) -> list[int]:
        """Active word lines within a span of rows, summed over the positions of each step's burst."""
        spans = self._active.setdefault((layer.name, sample), {})
        if rows not in spans:
            below = self._lines_below((layer.name, sample, "rows"), self.activity.active_rows)
            assert below is not None  # spikes are always known
            spans[rows] = (below[:, rows[1]] - below[:, rows[0]]).tolist()
        return spans[rows]

    def _lines_below(
        self, key: tuple[str, int, str], lines_of: Callable[[str, int], NDArray[np.uint8] | None]
    ) -> Ints | None:
        """(steps, lines + 1): how many of the lines before each are driven, all positions of a burst together."""
        if key not in self._below:
            lines = lines_of(*key[:2])
            self._below[key] = None if lines is None else self._summed_up(lines)
        return self._below[key]

    def _summed_up(self, lines: NDArray[np.uint8]) -> Ints:
        starts = np.arange(0, lines.shape[1], self.work.n_positions_per_burst)
        of_bursts = np.add.reduceat(lines, starts, axis=1, dtype=np.int64).reshape(-1, lines.shape[2])
        below = np.zeros((len(of_bursts), lines.shape[2] + 1), np.int64)
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
        key = (layer, sample, columns)
        if key not in self._errors:
            below = self._lines_below((layer, sample, "columns"), self.activity.error_lines)
            if below is None:
                n_columns = columns[1] - columns[0]
                steps = range(self.flow.n_steps(layer))
                self._errors[key] = [n_columns * self.n_vectors(layer, step) for step in steps]
            else:
                self._errors[key] = (below[:, columns[1]] - below[:, columns[0]]).tolist()
        return self._errors[key]

    def row_codes(self, layer: Layer, sample: int, rows: Span) -> Bursts | None:
        """Numbers on a span of a layer's word lines, step by step; None if not known, or all bits count alike."""
        if self.chip.drivers.charged == "all":
            return None
        key = (layer.name, sample, False)
        if key not in self._codes:
            input_spikes = self.bits["input"] == 1
            self._codes[key] = self.activity.row_codes(layer.name, sample, input_spikes=input_spikes)
        return self._bursts(self._codes[key], rows)

    def error_codes(self, layer: str, sample: int, columns: Span) -> Bursts | None:
        """Numbers of the errors of a span of a layer's columns, step by step; None as for `row_codes`."""
        if self.chip.drivers.charged == "all":
            return None
        key = (layer, sample, True)
        if key not in self._codes:
            self._codes[key] = self.activity.column_codes(layer, sample)
        return self._bursts(self._codes[key], columns)

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
        key = (layer.name, sample, rows, columns)
        if key not in self._macs:
            lines = self.activity.error_lines(layer.name, sample)
            if lines is None:
                n_columns = columns[1] - columns[0]
                self._macs[key] = [n * n_columns for n in self.active_per_step(layer, sample, rows)]
            else:
                active = self.activity.active_rows(layer.name, sample)[:, :, rows[0] : rows[1]]
                errors = lines[:, :, columns[0] : columns[1]]
                pairs = active.sum(axis=2, dtype=np.int64) * errors.sum(axis=2, dtype=np.int64)
                self._macs[key] = self._per_burst(pairs)
        return self._macs[key]

    def words_per_step(self, layer: Layer, sample: int, rows: Span, columns: Span) -> list[int]:
        """Words of a block's gradients that the outer products of each step touch, position by position.

        The gradients of a row of weights begin a word. Of an active row those words are touched that hold a column
        with an error; all of them where the activity does not say which errors are zero.
        """
        key = (layer.name, sample, rows, columns)
        if key not in self._words:
            words = self.parts.gradient_buffer.words_of_columns(columns[1] - columns[0])
            lines = self.activity.error_lines(layer.name, sample)
            if lines is None:
                self._words[key] = [n * len(words) for n in self.active_per_step(layer, sample, rows)]
            else:
                active = self.activity.active_rows(layer.name, sample)[:, :, rows[0] : rows[1]]
                errors = lines[:, :, columns[0] : columns[1]]
                touched = [errors[:, :, low:high].any(axis=2) for low, high in words]
                of_row = np.sum(touched, axis=0, dtype=np.int64)
                self._words[key] = self._per_burst(active.sum(axis=2, dtype=np.int64) * of_row)
        return self._words[key]

    def n_vectors(self, layer: str, step: int) -> int:
        """Output positions of a step's burst."""
        start, stop = self.flow.positions(layer, step)
        return stop - start

    def spikes_per_step(self, name: str, sample: int, home: Home) -> list[int]:
        """Spikes that a home of a layer sends in each step."""
        key = (home.tile, -1)
        known = self._active.setdefault((name, sample), {})
        if key not in known:
            spikes = self.activity.spikes[name][sample]
            flat = spikes.reshape(spikes.shape[0], spikes.shape[1], -1)
            mine = np.concatenate([flat[:, low:high] for low, high in home.channels], axis=1)
            per_position = mine.sum(axis=1, dtype=np.int64)
            known[key] = self._per_burst(per_position)
        return known[key]

    def spikes_of_input(self, sample: int) -> list[int]:
        """Active inputs of each timestep."""
        spikes = self.activity.spikes["input"][sample]
        counts: list[int] = spikes.reshape(spikes.shape[0], -1).sum(axis=1, dtype=np.int64).tolist()
        return counts

    @cached_property
    def digit_shares(self) -> dict[str, tuple[float, ...]]:
        """Parts of the cells of each layer's arrays, and of a rule's fixed matrices, at each level, lowest first.

        Of a differential pair one cell rests at the lowest. Weights that are not known count as spread evenly.
        """
        device, crossbar = self.chip.device, self.chip.crossbar
        found: dict[str, tuple[float, ...]] = {}
        for layer in (None, *self.network.weighted):
            weight = None if layer is None else layer.weight
            shares = np.full(device.n_levels, 1.0 / device.n_levels)
            if weight is not None and np.abs(weight).max() > 0:
                stored = _stored(weight, pairs=crossbar.signed == "differential")
                digits = digits_of(stored, device.n_levels, crossbar.n_cells_per_weight)
                shares = np.bincount(digits.ravel(), minlength=device.n_levels) / digits.size
            if crossbar.signed == "differential":
                shares = shares / 2
                shares[0] += 0.5
            found[FEEDBACK if layer is None else layer.name] = tuple(shares.tolist())
        return found

    @cached_property
    def mean_conductance(self) -> dict[str, float]:
        """Mean conductance (S) of the cells of each layer's arrays.

        A weight is stored as a whole number of ``levels ** cells_per_weight`` steps, one digit for each cell; a
        cell at digit d of L levels has g_min + d / (L - 1) (g_max - g_min). Of a differential pair one cell
        rests at g_min; otherwise weights are shifted so that the most negative is zero. Weights that are not
        known count as spread evenly, which puts the mean digit at half the window.
        """
        device, crossbar = self.chip.device, self.chip.crossbar
        pairs = crossbar.signed == "differential"
        means = {}
        for layer in self.network.weighted:
            mean = 0.5
            if layer.weight is not None and np.abs(layer.weight).max() > 0:
                stored = _stored(layer.weight, pairs=pairs)
                mean = mean_digit(stored, device.n_levels, crossbar.n_cells_per_weight)
            mean *= 0.5 if pairs else 1.0
            window = device.g_max_siemens - device.g_min_siemens
            means[layer.name] = device.g_min_siemens + mean * window
        return means


def or_nothing(task: int | None) -> int:
    """A task among columns of tasks."""
    return NOTHING if task is None else task


def opened(job: Job, k: int) -> Job:
    """The k-th job of a fragment of which each place says count and times."""
    return replace(job, count=opening(k), occupancy_ps=opening(2 * k), latency_ps=opening(2 * k + 1))


def mean_digit(share: NDArray[np.float64], n_levels: int, n_cells: int) -> float:
    """Mean digit, as a part of the largest, of numbers in 0..1 written with `n_cells` digits to base `n_levels`.

    Examples
    --------
    >>> mean_digit(np.array([1.0, 0.0]), n_levels=4, n_cells=2)
    0.5
    """
    return float(np.mean(digits_of(share, n_levels, n_cells)) / (n_levels - 1))


def digits_of(share: NDArray[np.float64], n_levels: int, n_cells: int) -> NDArray[np.int64]:
    """(n_cells, *shape): digits of numbers in 0..1 written to base `n_levels`, the lowest first."""
    steps = np.rint(share * (n_levels**n_cells - 1)).astype(np.int64)
    return np.stack([steps // n_levels**i % n_levels for i in range(n_cells)])


def _stored(weight: NDArray[np.float64], *, pairs: bool) -> NDArray[np.float64]:
    """What of weights lies in the cells that are not at rest, in 0..1."""
    largest = np.abs(weight).max()
    stored: NDArray[np.float64] = np.abs(weight) / largest if pairs else (weight / largest + 1) / 2
    return stored
