"""Back-propagation through time, one sample: which tasks exist, and why.

After the forward pass, which kept every step's inputs and potentials::

    error        at the output: for each timestep, or once on the mean rate
    for every step from the last to the first, every layer from the last to the first
        surrogate, spread, outer      see :mod:`archsim.lowering.learning`
        each array of the layer:      drive, read, convert, shift_add for each cycle of the error's bits,
                                      transposed: on arrays beside it, or on the array from its columns
        collect, hop ..., add         at the homes of the layer below (col2im: each tap at its step)
        rescale                       the sums times what the errors were divided by

The additions of a step wait for one of the sets of accumulators of their home (`tile.accumulator_sets`, and as
many more as windows keep open at once); the surrogate gives it back.

An array that no error drives is skipped if the chip says so (`skip_idle_blocks`); its tile has the errors like any
other, and sends an empty token to each home below that gets no sums from it.

The surrogate of a step waits for the additions of all steps above that read it, and for its own later timestep:
the leak carries the error back through time, where the rule's `time_path` lets it. In pieces (`steps`), and with
no path through time, the backward pass of a piece begins behind the output's next timestep, and its history is
free then. The first layer's error goes no further. Pooling hands its error on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain

import numpy as np

from archsim.lowering.arrays import Product, counts_of
from archsim.lowering.counted import Ints
from archsim.lowering.forward import pooled_values
from archsim.lowering.learning import Learning
from archsim.lowering.order import as_output_asks
from archsim.lowering.reads import Reads
from archsim.lowering.transport import empty_token
from archsim.mapping import Block, Home, LayerPlan, rows_of_source, sources_of
from archsim.mapping.blocks import Span
from archsim.taskgraph import opening
from archsim.workload import INPUT, Layer

Key = tuple[str, int, int]  # layer, tile, step
Place = tuple[int, int, int, Span, Span]  # tile, PE, crossbar; rows and columns, for blocks may share one
Come = dict[tuple[int, str], list[int]]  # by home tile and layer below, the tasks that its sums are made by


@dataclass
class BackPropagation(Learning):
    """The backward pass of one sample."""

    contributions: dict[Key, list[int]] = field(default_factory=dict)
    before: dict[tuple[str, int], int] = field(default_factory=dict)  # the last delta of a layer at a tile
    _counts: dict[tuple[str, int], tuple[Reads, Ints, dict[Place, int]]] = field(default_factory=dict)

    def run(self) -> None:
        """Lay down the forward pass, then the backward pass: each step of a layer after all that read it.

        In the order of the output's steps from the last to the first, each with what it asks for: so a sum is used
        before many more are begun. In pieces the backward pass of each follows behind the forward pass.
        """
        if self.ctx.rule.learns_at_once(self.ctx.work, self.ctx.flow):
            self._in_pieces()
            return
        self.forward.run()
        for (tile, step), task in self.errors().items():
            self._contribute(self.last.name, tile, step, task)
        self._backward(range(max(self.ctx.flow.timesteps.values())))

    def _in_pieces(self) -> None:
        """Each piece's backward pass after the output's next timestep, as the errors of DFA."""
        flow, name = self.ctx.flow, self.last.name
        n_times, piece = flow.timesteps[name], self.ctx.rule.n_timesteps_of_a_piece(self.ctx.work)
        assert piece is not None  # or nothing would be learned at once
        due = 0
        for layer, step in as_output_asks(flow):
            self.forward.lay_down(layer, step)
            if layer == name and step + 1 == (due + piece + 1) * flow.n_bursts(name):
                self._piece(range(due, due + piece))
                due += piece
        while due < n_times:
            self._piece(range(due, min(due + piece, n_times)))
            due += piece

    def _piece(self, timesteps: range) -> None:
        """The errors of some timesteps, and their way back."""
        n_bursts = self.ctx.flow.n_bursts(self.last.name)
        for home in self.ctx.plan(self.last.name).homes:
            for step in range(timesteps[0] * n_bursts, (timesteps[-1] + 1) * n_bursts):
                self._contribute(self.last.name, home.tile, step, self.output_error.of_step(home, step))
        self._backward(timesteps)

    def _backward(self, timesteps: range) -> None:
        """The steps of some timesteps of all layers, the last ones first."""
        flow, network = self.ctx.flow, self.ctx.network
        for layer in network.layers:
            self._hand_out_sets(layer, timesteps)
        for name, step in reversed(self._order):
            if name != INPUT and network.learns(name) and flow.timestep(name, step) in timesteps:
                self._step(self.ctx.plan(name), step)

    @cached_property
    def _order(self) -> list[tuple[str, int]]:
        return list(as_output_asks(self.ctx.flow))

    def _step(self, plan: LayerPlan, step: int) -> None:
        deltas = {home.tile: self._delta(plan, home, step) for home in plan.homes}
        if plan.forward:
            self._weights(plan, step, deltas)
        else:
            self._pool(plan, step, deltas)

    def _contribute(self, layer: str, tile: int, step: int, task: int) -> None:
        self.contributions.setdefault((layer, tile, step), []).append(task)

    def _delta(self, plan: LayerPlan, home: Home, step: int) -> int:
        name = plan.layer.name
        known = self.contributions.get((name, home.tile, step), [])
        own_set = self.sums.taken.get((name, home.tile, step))
        # errors that no sum is made for keep the order of the sums below them by waiting for each other
        turn = self.before.get((name, home.tile)) if own_set is None else own_set
        frees = [] if own_set is None else [self.sums.claim(name, home.tile, self._n_open(name))]
        found = self.delta(plan, home, step, [*known, turn, self.forward.sent[name, home.tile, step]], frees)
        self.before[name, home.tile] = found
        return found

    def _sets(self, plan: LayerPlan, step: int, source: str, home: int) -> list[int]:
        """What additions of a step to the sums of a layer below wait for: sets of its accumulators, in turn."""
        return [self.sums.taken[source, home, needed] for needed in self.ctx.flow.needs(plan.layer, step, source)]

    def _hand_out_sets(self, layer: Layer, timesteps: range) -> None:
        """Sets of accumulators to all steps of a layer that another reads, in the order in which they are used.

        Also to steps that no window reads: without a turn of their own they would run ahead and fill the buffers.
        """
        name = layer.name
        if self._users(name) and self.ctx.network.learns(name):
            of_all = range(self.ctx.flow.n_steps(name))
            steps = [step for step in of_all if self.ctx.flow.timestep(name, step) in timesteps]
            for home in self.ctx.plan(name).homes:
                self.sums.take(self.label(name, steps[-1]), name, home.tile, reversed(steps), self._n_open(name))

    def _users(self, source: str) -> list[Layer]:
        return [layer for layer in self.ctx.network.layers if source in sources_of(layer)]

    def _n_open(self, source: str) -> int:
        """Steps of a layer whose sums are in the making at once: windows above add to several in turn."""
        key, flow = ("open sums", source), self.ctx.flow
        if key not in self.ctx.known:
            ahead = flow.look_ahead[source] * flow.n_bursts(source)
            self.ctx.known[key] = ahead + max(flow.live_steps(user, source) for user in self._users(source))
        return int(self.ctx.known[key])

    def _weights(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> None:
        blocks = [block for block in self._transposed_blocks(plan) if self._is_needed(plan, block, step)]
        active = [block for block in blocks if self._is_read(plan, block, step)]
        tiles = sorted({*plan.gradient_tiles, *(block.tile for block in blocks)})
        readers = {
            tile: (tile in plan.gradient_tiles) + sum(block.tile == tile for block in active) for tile in tiles
        }
        fetched, held = self.spread(plan, step, deltas, readers)
        ctx, label = self.ctx, self.label(plan.layer.name, step)
        come: Come = {}
        for tile in tiles:
            done = []
            if tile in plan.gradient_tiles:
                done.append(self.outer(plan, tile, step, fetched[tile]))
            here = [block for block in active if block.tile == tile]
            if here:
                done += self._transposed_reads(plan, here, step, fetched[tile], come)
            if len(active) < len(blocks):
                idle = self._ways(plan, [block for block in blocks if block.tile == tile]) - self._ways(plan, here)
                for home, source in sorted(idle):
                    token = empty_token(ctx, label, tile, home, fetched[tile])
                    come.setdefault((home, source), []).append(token)
            self.release(label, done or [fetched[tile]], held[tile])
        self._add_up(plan, step, active, come)

    def _add_up(self, plan: LayerPlan, step: int, active: Sequence[Block], come: Come) -> None:
        """What a step gives to the homes below, once all of it is there, in the measure of what others give."""
        spans, n_vectors = {_inputs(block) for block in active}, self.ctx.n_vectors(plan.layer.name, step)
        label, n_rows = self.label(plan.layer.name, step), dict.fromkeys(come, 0)
        for span in spans:
            for tile, n, name in self._targets(plan, span):
                n_rows[tile, name] += n
        for (home, source), tasks in come.items():
            n_values = n_vectors * n_rows[home, source]
            lay_down = partial(self.rescaled, label, home, n_values, [opening(0)])
            first, rescaled = self.ctx.placed(("rescale", home, n_values), label, lay_down, [tasks])
            self._reach(plan, step, home, source, first + rescaled)

    def _transposed_blocks(self, plan: LayerPlan) -> list[Block]:
        """Arrays that carry the error down: those with a row that needs one, or others that the rule has."""
        key, known = ("arrays of errors", plan.layer.name), self.ctx.known
        if key not in known:
            known[key] = self._arrays_of_errors(plan)
        found: list[Block] = known[key]
        return found

    def _arrays_of_errors(self, plan: LayerPlan) -> list[Block]:
        rule, is_copied = self.ctx.rule, self.ctx.chip.execution.feedback == "copy"
        if is_copied or not rule.reads_transposed:
            return list(rule.error_arrays(plan))
        return [block for block in plan.forward if block.replica == 0 and self._targets(plan, block.rows)]

    def _is_needed(self, plan: LayerPlan, block: Block, step: int) -> bool:
        """Whether a step read any of the inputs whose errors the array gives: the first one has no past."""
        return any(
            self.ctx.flow.needs(plan.layer, step, source) for _, _, source in self._targets(plan, _inputs(block))
        )

    def _targets(self, plan: LayerPlan, inputs: Span) -> list[tuple[int, int, str]]:
        """(home tile, rows, source) of the layers below whose errors a span of inputs makes up."""
        network, known = self.ctx.network, self.ctx.known
        key = ("targets", plan.layer.name, inputs)
        if key not in known:
            known[key] = [
                (home.tile, n_rows, source)
                for source in sources_of(plan.layer)
                if network.learns(source)
                for home in self.ctx.plan(source).homes
                if (n_rows := rows_of_source(plan.layer, source, home, network, inputs))
            ]
        found: list[tuple[int, int, str]] = known[key]
        return found

    def _transposed_reads(
        self, plan: LayerPlan, blocks: Sequence[Block], step: int, fetched: int, come: Come
    ) -> list[int]:
        """Each array's share of the errors of the layer below; its results go to the homes they belong to."""
        ctx, name = self.ctx, plan.layer.name
        reads, counts, places = self._reads(plan, step)
        targets = [self._targets(plan, _inputs(block)) for block in blocks]
        sets = [[self._sets(plan, step, source, home) for home, _, source in of_block] for of_block in targets]
        # no result waits in an output register for accumulators that one behind it has to free
        waits = [
            [fetched, ctx.written_last(block), *chain.from_iterable(of_block)]
            for block, of_block in zip(blocks, sets, strict=True)
        ]
        at = [places[_place(block)] for block in blocks]
        merged, added = reads.place(ctx, self.label(name, step), at, counts[at, step], waits, sets)
        self.gradients.setdefault(name, []).extend(merged)
        for of_block, tasks in zip(targets, added, strict=True):
            for (home, _, source), task in zip(of_block, tasks, strict=True):
                come.setdefault((home, source), []).append(task)
        return merged

    def _reads(self, plan: LayerPlan, step: int) -> tuple[Reads, Ints, dict[Place, int]]:
        """What arrays compute of a step's errors, what they drive and read by array and step, which is where."""
        key = (plan.layer.name, self.ctx.n_vectors(plan.layer.name, step))
        if key not in self._counts:
            reads, places = self._arrays(plan, key[1])
            counts = [self._driven(plan.layer.name, product) for product in reads.products]
            self._counts[key] = reads, np.array(counts), places
        return self._counts[key]

    def _arrays(self, plan: LayerPlan, n_vectors: int) -> tuple[Reads, dict[Place, int]]:
        ctx, key = self.ctx, ("reads of errors", plan.layer.name, n_vectors)
        if key not in ctx.known:
            bits, blocks = ctx.chip.execution.error_resolution_bits, self._transposed_blocks(plan)
            products = [Product(block, n_vectors, bits, bits > 1, block.role == "forward") for block in blocks]
            targets = [
                [(home, n_rows * n_vectors) for home, n_rows, _ in self._targets(plan, _inputs(block))]
                for block in blocks
            ]
            places = {_place(block): k for k, block in enumerate(blocks)}
            ctx.known[key] = Reads(products, targets), places
        found: tuple[Reads, dict[Place, int]] = ctx.known[key]
        return found

    def _driven(self, layer: str, product: Product) -> Ints:
        ctx, span, sample = self.ctx, _outputs(product.block), self.forward.sample
        codes = ctx.error_codes(layer, sample, span)
        return counts_of(ctx, product, ctx.errors_per_step(layer, sample, span), codes)

    def _is_read(self, plan: LayerPlan, block: Block, step: int) -> bool:
        return not self.ctx.chip.execution.skip_idle_blocks or self._n_driven(plan, block, step) > 0

    def _ways(self, plan: LayerPlan, blocks: Sequence[Block]) -> set[tuple[int, str]]:
        """The homes below, and their layers, whose errors some arrays add to."""
        return {(home, source) for block in blocks for home, _, source in self._targets(plan, _inputs(block))}

    def _n_driven(self, plan: LayerPlan, block: Block, step: int) -> int:
        """Errors that drive an array in a step, over all vectors."""
        return self.ctx.errors_per_step(plan.layer.name, self.forward.sample, _outputs(block))[step]

    def _reach(self, plan: LayerPlan, step: int, home: int, source: str, task: int) -> None:
        """Predecessors of the errors of all steps of a source that a step has read, at one of its homes."""
        for needed in self.ctx.flow.needs(plan.layer, step, source):
            self._contribute(source, home, needed, task)

    def _pool(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> None:
        """Hand the error of a window to its inputs; they live on the same tile."""
        ctx, name = self.ctx, plan.layer.name
        for home in plan.homes:
            job = ctx.parts.accumulator.pool(pooled_values(ctx, plan, home, step))
            sets = [
                task
                for source in plan.layer.inputs
                if ctx.network.learns(source) and any(h.tile == home.tile for h in ctx.plan(source).homes)
                for task in self._sets(plan, step, source, home.tile)
            ]
            task = ctx.do(self.label(name, step), home.tile, job, [deltas[home.tile], *sets])
            for source in plan.layer.inputs:
                for needed in ctx.flow.needs(plan.layer, step, source) if ctx.network.learns(source) else ():
                    if any(h.tile == home.tile for h in ctx.plan(source).homes):
                        self._contribute(source, home.tile, needed, task)


def _outputs(block: Block) -> Span:
    """The layer's outputs whose errors drive an array."""
    return block.columns if block.role == "forward" else block.rows


def _inputs(block: Block) -> Span:
    """The layer's inputs whose errors an array gives."""
    return block.rows if block.role == "forward" else block.columns


def _place(block: Block) -> Place:
    return block.tile, block.pe, block.crossbar, block.rows, block.columns
