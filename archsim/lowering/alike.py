"""Steps of a forward pass by their activity, and which of them are alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archsim.lowering.arrays import Product, counts_of
from archsim.lowering.counted import Ints
from archsim.lowering.readers import Readers
from archsim.lowering.reads import Reads, Turn
from archsim.lowering.transport import spike_bits
from archsim.mapping import Home, LayerPlan, sources_of
from archsim.workload import INPUT


@dataclass
class StepsAlike(Readers):
    """Steps of one sample: which arrays they read, what these drive, what is sent."""

    _reached: dict[Turn, list[list[int]]] = field(default_factory=dict, init=False)
    _counts: dict[tuple[Turn, int], tuple[Reads, Ints]] = field(default_factory=dict, init=False)
    _kinds: dict[str, list[Hashable]] = field(default_factory=dict, init=False)
    _sent_bits: dict[str, list[tuple[int, ...]]] = field(default_factory=dict, init=False)

    def kind_of(self, name: str, step: int) -> Hashable:
        """Key of a step: what its tasks depend on beside inputs; None where that is how far others are."""
        if name not in self._kinds:
            self._kinds[name] = self._kinds_of_input() if name == INPUT else self._kinds_of(self.ctx.plan(name))
        return self._kinds[name][step]

    def _kinds_of_input(self) -> list[Hashable]:
        return [(self.readers_of_input(step), bits) for step, bits in enumerate(self.on_link_of_input)]

    def _kinds_of(self, plan: LayerPlan) -> list[Hashable]:
        """By step; equal ones are the same object, which is quick to compare."""
        steps, known = range(self.ctx.flow.n_steps(plan.layer.name)), dict[Hashable, Hashable]()
        same = self.stage, plan.layer.name, bool(self.ctx.last_write)
        found: list[Hashable] = []
        for step, kind, bits in zip(steps, self._kinds_at_all(plan), self._on_links(plan), strict=True):
            active = self.active_of(self.turn_of(plan, step), step)
            of_step = None if kind is None else (*same, kind, bits, *active)
            found.append(known.setdefault(of_step, of_step))
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
        readers = [consumer.name for consumer in self.ctx.network.consumers(INPUT)]
        return tuple(n for n in readers if self.ctx.plan(n).tiles and step in self.last_users(n, INPUT))

    @cached_property
    def on_link_of_input(self) -> list[int]:
        """Bits of the message of each step of the input."""
        ctx, bits = self.ctx, self.ctx.bits[INPUT]
        n_values = ctx.network.input_shape[0] * ctx.flow.n_positions(INPUT)
        return [spike_bits(ctx, n_values, n_spikes, bits) for n_spikes in ctx.spikes_of_input(self.sample)]

    def _kinds_at_all(self, plan: LayerPlan) -> list[Hashable]:
        """For each step of a layer what its tasks depend on in any sample; None as for `kind_of`."""
        key, known = ("kinds of steps", plan.layer.name), self.ctx.known
        if key not in known:
            known[key] = [self._kind(plan, step) for step in range(self.ctx.flow.n_steps(plan.layer.name))]
        found: list[Hashable] = known[key]
        return found

    def _kind(self, plan: LayerPlan, step: int) -> Hashable:
        ctx, name, sources = self.ctx, plan.layer.name, sources_of(plan.layer)
        if ctx.work.schedule == "three_level" or any(self.is_recurrent(source) for source in sources):
            return None
        gone = [tuple(ctx.n_vectors(s, n) for n in self.read_for_good(plan, s, step)) for s in sources]
        n_replicas = plan.forward[-1].replica + 1 if plan.forward else 1
        return step % n_replicas, ctx.n_vectors(name, step), *gone, self.consumers_of(name, step)

    def _on_links(self, plan: LayerPlan) -> list[tuple[int, ...]]:
        """For each step of a layer the bits that each of its homes sends."""
        name = plan.layer.name
        if name not in self._sent_bits:
            steps = range(self.ctx.flow.n_steps(name))
            of_homes = [[self.on_link(home, name, step) for step in steps] for home in plan.homes]
            self._sent_bits[name] = list(zip(*of_homes, strict=True))
        return self._sent_bits[name]

    def turn_of(self, plan: LayerPlan, step: int) -> Turn:
        """The blocks whose turn the step is: those of one replica."""
        known, name = self.ctx.known, plan.layer.name
        if ("turns", name) not in known:
            n_replicas = max((block.replica for block in plan.forward), default=0) + 1
            known["turns", name] = [
                Turn(plan, [block for block in plan.forward if block.replica == replica])
                for replica in range(n_replicas)
            ]
        turns: list[Turn] = known["turns", name]
        return turns[step % len(turns)]

    def active_of(self, turn: Turn, step: int) -> list[int]:
        """Blocks that are read in this step: all whose turn it is, or those that an input reaches."""
        ctx, layer = self.ctx, turn.plan.layer
        if not ctx.chip.execution.skip_idle_blocks:
            return list(range(len(turn.blocks)))
        if turn not in self._reached:
            n_active = [ctx.active_per_step(layer, self.sample, block.rows) for block in turn.blocks]
            self._reached[turn] = _above_zero(n_active, ctx.flow.n_steps(layer.name))
        return self._reached[turn][step]

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
        ctx, layer, rows = self.ctx, turn.plan.layer, product.block.rows
        codes = ctx.row_codes(layer, self.sample, rows) if product.n_bits > 1 else None
        return counts_of(ctx, product, ctx.active_per_step(layer, self.sample, rows), codes)

    def on_link(self, home: Home, name: str, step: int) -> int:
        """Bits that a home sends in a step."""
        ctx, n_vectors = self.ctx, self.ctx.n_vectors(name, step)
        n_spikes = ctx.spikes_per_step(name, self.sample, home)[step]
        return spike_bits(ctx, home.n_channels * n_vectors, n_spikes, ctx.bits[name])


def _above_zero(numbers: Sequence[Sequence[int]], n_steps: int) -> list[list[int]]:
    """For each step, which rows have a number above zero."""
    is_above = np.array(numbers, np.int64).reshape(len(numbers), n_steps).T > 0
    if is_above.all():
        return [list(range(len(numbers)))] * n_steps
    return [np.flatnonzero(of_step).tolist() for of_step in is_above]
