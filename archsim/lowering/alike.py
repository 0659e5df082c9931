"""Steps of a forward pass by their activity, and which of them are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.counted import Ints
from archsim.lowering.products import Product, counted, driven_by
from archsim.lowering.readers import Readers
from archsim.lowering.reads import Reads, Turn
from archsim.lowering.transport import bits_of_messages
from archsim.mapping import Home, LayerPlan, sources_of
from archsim.workload import INPUT

Flags = NDArray[np.bool_]


@dataclass
class StepsAlike(Readers):
    """Steps of one sample: which arrays they read, what these drive, what is sent."""

    _reached: dict[Turn, Flags] = field(default_factory=dict, init=False)
    _counts: dict[tuple[Turn, int], tuple[Reads, Ints]] = field(default_factory=dict, init=False)
    _kinds: dict[str, list[Hashable]] = field(default_factory=dict, init=False)
    _often: dict[str, Counter[int]] = field(default_factory=dict, init=False)
    _sent_bits: dict[tuple[str, int], list[int]] = field(default_factory=dict, init=False)

    def kind_of(self, name: str, step: int) -> Hashable:
        """Key of a step: what its tasks depend on beside inputs; None where that is how far others are."""
        return self.kinds_of(name)[step]

    def kinds_of(self, name: str) -> list[Hashable]:
        """The same of all steps."""
        if name not in self._kinds:
            self._kinds[name] = self._kinds_of_input() if name == INPUT else self._kinds_of(self.ctx.plan(name))
        return self._kinds[name]

    def often(self, name: str) -> Counter[int]:
        """How many steps of a layer are of each kind, by the kind's id: equal ones are one object."""
        if name not in self._often:
            self._often[name] = Counter(map(id, self.kinds_of(name)))
        return self._often[name]

    def _kinds_of_input(self) -> list[Hashable]:
        return list(zip(self._all_readers_of_input, self.on_link_of_input, strict=True))

    def _kinds_of(self, plan: LayerPlan) -> list[Hashable]:
        """By step; equal ones are the same object, which is quick to compare."""
        kinds, numbers = self._kinds_at_all(plan)
        turns, bits = self._turns_of(plan), [self._links_of(home, plan.layer.name) for home in plan.homes]
        sends, found = np.array(bits, np.int64).T, list[Hashable](kinds)
        for k, turn in enumerate(turns):
            mine = slice(k, None, len(turns))
            rows = np.concatenate([numbers[mine, None], sends[mine], self._reached_of(turn)[mine]], axis=1)
            found[mine] = self._told_apart(range(k, len(kinds), len(turns)), rows, plan)
        return found

    def _told_apart(self, steps: Sequence[int], rows: Ints, plan: LayerPlan) -> list[Hashable]:
        """The kind of each of some steps, of which equal rows say what differs."""
        (kinds, _), width, data = self._kinds_at_all(plan), rows[:1].nbytes, rows.tobytes()
        known: dict[bytes, Hashable] = {}
        found: list[Hashable] = []
        for k, step in enumerate(steps):
            row = data[k * width : (k + 1) * width]
            if row not in known:
                sends = tuple(self.on_link(home, plan.layer.name, step) for home in plan.homes)
                active = self.active_of(self.turn_of(plan, step), step)
                same = self.stage, plan.layer.name, bool(self.ctx.last_write)
                known[row] = None if kinds[step] is None else (*same, kinds[step], sends, *active)
            found.append(known[row])
        return found

    def counts_of_steps(self, name: str, steps: Sequence[int]) -> Ints:
        """(steps, counts): what the reads of some steps drive and read; the steps are of one kind."""
        if name == INPUT:
            return np.zeros((len(steps), 0), np.int64)
        turn = self.turn_of(self.ctx.plan(name), steps[0])
        active = self.active_of(turn, steps[0])
        if not active:
            return np.zeros((len(steps), 0), np.int64)
        counts = self.reads_of(turn, self.ctx.n_vectors(name, steps[0]))[1]
        return counts[np.ix_(active, steps)].swapaxes(0, 1).reshape(len(steps), -1)

    def readers_of_input(self, step: int) -> tuple[str, ...]:
        """Layers that read a step of the input."""
        return self._all_readers_of_input[step]

    @property
    def _all_readers_of_input(self) -> list[tuple[str, ...]]:
        ctx, key = self.ctx, "readers of the input"
        if key not in ctx.known:
            names = [layer.name for layer in ctx.network.consumers(INPUT) if ctx.plan(layer.name).tiles]
            users = {name: self.last_users(name, INPUT) for name in names}
            steps = range(ctx.flow.n_steps(INPUT))
            ctx.known[key] = [tuple(name for name in names if step in users[name]) for step in steps]
        found: list[tuple[str, ...]] = ctx.known[key]
        return found

    @cached_property
    def on_link_of_input(self) -> list[int]:
        """Bits of the message of each step of the input."""
        ctx = self.ctx
        n_values = ctx.network.input_shape[0] * ctx.flow.n_positions(INPUT)
        n_spikes = ctx.spikes_of_input(self.sample)
        return bits_of_messages(ctx, [n_values] * len(n_spikes), n_spikes, ctx.bits[INPUT])

    def _kinds_at_all(self, plan: LayerPlan) -> tuple[list[Hashable], Ints]:
        """For each step of a layer what its tasks depend on in any sample, and a number for each such kind."""
        n_replicas = len(self._turns_of(plan))
        key = ("kinds of steps", plan.layer.name, n_replicas, self.ctx.work.schedule)
        known = self.ctx.flow.known
        if key not in known:
            steps = range(self.ctx.flow.n_steps(plan.layer.name))
            kinds = [self._kind(plan, step, n_replicas) for step in steps]
            numbers: dict[Hashable, int] = {}
            known[key] = kinds, np.array([numbers.setdefault(kind, len(numbers)) for kind in kinds], np.int64)
        found: tuple[list[Hashable], Ints] = known[key]
        return found

    def _kind(self, plan: LayerPlan, step: int, n_replicas: int) -> Hashable:
        ctx, name, sources = self.ctx, plan.layer.name, sources_of(plan.layer)
        if ctx.work.schedule == "three_level" or any(self.is_recurrent(source) for source in sources):
            return None
        gone = [tuple(ctx.n_vectors(s, n) for n in self.read_for_good(plan, s, step)) for s in sources]
        needed = [len(ctx.flow.needs(plan.layer, step, source)) for source in sources]
        return step % n_replicas, ctx.n_vectors(name, step), *needed, *gone, self.consumers_of(name, step)

    def turn_of(self, plan: LayerPlan, step: int) -> Turn:
        """The blocks whose turn the step is: those of one replica."""
        turns = self._turns_of(plan)
        return turns[step % len(turns)]

    def _turns_of(self, plan: LayerPlan) -> list[Turn]:
        known, key = self.ctx.known, ("turns", plan.layer.name)
        if key not in known:
            n_replicas = max((block.replica for block in plan.forward), default=0) + 1
            known[key] = [
                Turn(plan, [block for block in plan.forward if block.replica == replica])
                for replica in range(n_replicas)
            ]
        turns: list[Turn] = known[key]
        return turns

    def active_of(self, turn: Turn, step: int) -> list[int]:
        """Blocks that are read in this step: all whose turn it is, or those that an input reaches."""
        active: list[int] = self._reached_of(turn)[step].nonzero()[0].tolist()
        return active

    def _reached_of(self, turn: Turn) -> Flags:
        """(steps, blocks): which are read in which step."""
        ctx, layer, n_blocks = self.ctx, turn.plan.layer, len(turn.blocks)
        if turn not in self._reached:
            n_steps = ctx.flow.n_steps(layer.name)
            found = np.ones((n_steps, n_blocks), bool)
            if ctx.chip.execution.skip_idle_blocks and n_blocks:
                n_active = [ctx.active_per_step(layer, self.sample, block.rows) for block in turn.blocks]
                found = np.array(n_active, np.int64).T > 0
            self._reached[turn] = found
        return self._reached[turn]

    def reads_of(self, turn: Turn, n_vectors: int) -> tuple[Reads, Ints]:
        """Products of the blocks of a turn, and the lines that they drive and read, by block and step."""
        ctx, layer, key = self.ctx, turn.plan.layer, (turn, n_vectors)
        if key not in self._counts:
            bits = max(ctx.bits[source] for source in sources_of(layer))
            signed = any(ctx.signed[source] for source in sources_of(layer))
            products = [Product(block, n_vectors, bits, signed) for block in turn.blocks]
            counts = [self._driven(turn, product) for product in products]
            if ("reads", *key) not in ctx.known:
                n_values = [block.n_columns * n_vectors for block in turn.blocks]
                targets = [[target] for target in zip(turn.homes, n_values, strict=True)]
                ctx.known["reads", *key] = Reads(products, targets)
            self._counts[key] = ctx.known["reads", *key], np.array(counts)
        return self._counts[key]

    def _driven(self, turn: Turn, product: Product) -> Ints:
        """What the reads of a block drive and read in all steps; what they drive is the same on many chips."""
        ctx, layer, rows = self.ctx, turn.plan.layer, product.block.rows
        known, drivers = ctx.tables.driven, ctx.parts.drivers
        cycles = drivers.read_cycles(product.n_bits, product.signed, product.of_errors)
        by = drivers.n_polarities(product.n_bits, product.signed), *(cycle.n_bits for cycle in cycles)
        of_chip = ctx.chip.drivers.kind, ctx.chip.drivers.charged, ctx.bits[INPUT]
        key = (layer.name, self.sample, rows, product.n_bits, product.signed, *of_chip, *by)
        if key not in known:
            codes = ctx.row_codes(layer, self.sample, rows) if product.n_bits > 1 else None
            active = np.array(ctx.active_per_step(layer, self.sample, rows), np.int64)
            known[key] = driven_by(ctx, product, active, codes)
        return counted(ctx, product, known[key])

    def on_link(self, home: Home, name: str, step: int) -> int:
        """Bits that a home sends in a step."""
        return self._links_of(home, name)[step]

    def _links_of(self, home: Home, name: str) -> list[int]:
        """The same of all steps."""
        if (name, home.tile) not in self._sent_bits:
            ctx = self.ctx
            n_channels = home.n_channels
            n_values = [n_channels * n for n in ctx.vectors_of_steps(name)]
            n_spikes = ctx.spikes_per_step(name, self.sample, home)
            self._sent_bits[name, home.tile] = bits_of_messages(ctx, n_values, n_spikes, ctx.bits[name])
        return self._sent_bits[name, home.tile]
