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
the leak carries the error back through time, where the rule's `time_path` lets it. Where errors wait until the
sample is over (:mod:`archsim.lowering.waiting`), all steps of a layer have their surrogate before the first is
spread. In pieces (`steps`), and with no path through time, the backward pass of a piece begins behind the output's
next timestep, and its history is free then. The first layer's error goes no further. Pooling hands its error on.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.context import Claim, Given, listed, numbers_of
from archsim.lowering.counted import Ints
from archsim.lowering.forward import pooled_values
from archsim.lowering.learning import Learning
from archsim.lowering.order import as_output_asks, layer_by_layer
from archsim.lowering.products import Product, counts_of
from archsim.lowering.reads import Reads
from archsim.lowering.transport import empty_token
from archsim.mapping import Block, Home, LayerPlan, rows_of_source, sources_of
from archsim.mapping.blocks import Span
from archsim.rules.bp.one_step import Done, Place, Reading, Step, Waits, inputs_of, outputs_of, place_of
from archsim.taskgraph import opening
from archsim.workload import INPUT, Layer

Key = tuple[str, int, int]  # layer, tile, step
Come = dict[tuple[int, str], list[int]]  # by home tile and layer below, the tasks that its sums are made by


@dataclass
class BackPropagation(Learning):
    """The backward pass of one sample."""

    contributions: dict[Key, list[int]] = field(default_factory=dict)
    _counts: dict[tuple[str, int], tuple[Reads, Ints, dict[Place, int]]] = field(default_factory=dict)
    _driven_arrays: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    _kept: dict[tuple[str, int], dict[int, int]] = field(
        default_factory=dict
    )  # deltas that wait, by step and tile

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
        timesteps = range(max(self.ctx.flow.timesteps.values()))
        if self.waits:
            self._layer_by_layer(timesteps)
        else:
            self._backward(timesteps)

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

    def _layer_by_layer(self, timesteps: range) -> None:
        """Each layer's errors are known and kept before the first of them is sent down."""
        for layer in self.ctx.network.layers:
            self._hand_out_sets(layer, timesteps)
        for is_sent, name, step in layer_by_layer(self.ctx.flow):
            plan = self.ctx.plan(name)
            if is_sent or not plan.forward:
                self._step(plan, step)
                continue
            deltas = {home.tile: self._delta(plan, home, step) for home in plan.homes}
            self._kept[name, step] = self.keep_deltas(plan, step, deltas)
            if step == 0:  # the last that becomes known
                self.tell_largest(name)

    @cached_property
    def _order(self) -> list[tuple[str, int]]:
        return list(as_output_asks(self.ctx.flow))

    def _step(self, plan: LayerPlan, step: int) -> None:
        """A step's errors, and what is made of them: of a layer with arrays in one piece."""
        name = plan.layer.name
        if not plan.forward:
            self._pool(plan, step, {home.tile: self._delta(plan, home, step) for home in plan.homes})
            return
        does = self._of_step(plan, step)
        given = self._given(plan, step, does)
        first, done = self.ctx.recurring(
            self._key(plan, step, does),
            self.label(name, step),
            partial(self._lay_down_step, plan, step, does),
            given,
        )
        for tile, delta in done.deltas.items():
            self.remember_delta(plan, tile, step, first + delta)
        self.gradients.setdefault(name, []).extend([first + task for task in done.gradients])
        for (home_below, source), task in done.below.items():
            self._reach(plan, step, home_below, source, first + task)

    def _contribute(self, layer: str, tile: int, step: int, task: int) -> None:
        self.contributions.setdefault((layer, tile, step), []).append(task)

    def _delta(self, plan: LayerPlan, home: Home, step: int) -> int:
        ports = self._before_delta(plan, home, step)
        frees = self._used(plan, home, step)
        found = self.place_delta(plan, home, step, ports, frees, has_later=bool(ports[1]))
        self.remember_delta(plan, home.tile, step, found)
        return found

    def _before_delta(self, plan: LayerPlan, home: Home, step: int) -> list[list[int]]:
        """Predecessors of a delta: arriving errors, the later delta, the potentials."""
        key = (plan.layer.name, home.tile, step)
        arrives = [*self.contributions.get(key, ()), *self._turn(plan, key), self.forward.laid.sent(*key)]
        return [arrives, *self.ports_of_delta(plan, home, step)]

    def _turn(self, plan: LayerPlan, key: Key) -> list[int]:
        """Predecessors of a delta that keep the order of the steps.

        Sums below are handed out in that order. A step without errors would be early, hold the buffers of its
        layer's errors, and wait for sums that steps before it have to give back, which find no buffer.
        """
        before = listed(self.before.get(key[:2]))
        if key not in self.sums.taken:
            return before
        if self._goes_back(plan.layer) and self.ctx.flow.n_bursts(key[0]) == 1:
            return [self.sums.taken[key]]  # the delta of the later timestep is the one before
        return [self.sums.taken[key], *before]

    def _used(self, plan: LayerPlan, home: Home, step: int) -> list[Claim]:
        """The set of accumulators that a delta uses up."""
        name = plan.layer.name
        has_set = (name, home.tile, step) in self.sums.taken
        return [self.sums.claim(name, home.tile, self._n_open(name))] if has_set else []

    def _sets(self, plan: LayerPlan, step: int, source: str, home: int) -> list[int]:
        """Predecessors of a step's additions to the sums of a layer below: sets of its accumulators, in turn."""
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

    def _of_step(self, plan: LayerPlan, step: int) -> Step:
        has_traces = self.ctx.rule.traces(self.ctx.work, plan.layer) is not None
        tiles = () if has_traces else plan.gradient_tiles
        jobs = {tile: self.jobs_of_outer(plan, tile, step) for tile in tiles}
        if self.waits:
            kept = self._kept.pop((plan.layer.name, step))
            before = [[[kept[home.tile]], [], []] for home in plan.homes]
        else:
            before = [self._before_delta(plan, home, step) for home in plan.homes]
        return Step(self._read_by(plan, step), jobs, before)

    def _key(self, plan: LayerPlan, step: int, does: Step) -> Hashable:
        """Key of a step: what its tasks depend on beside inputs; None where that is how far others are."""
        ctx, name = self.ctx, plan.layer.name
        if ctx.work.schedule == "three_level" or not does.jobs:
            return None
        has_set = [(name, home.tile, step) in self.sums.taken for home in plan.homes]
        actions = [job.action.name for jobs in does.jobs.values() for job in jobs]
        return (
            "step", self.stage, ctx.n_vectors(name, step), id(does.reads), *has_set, *does.has_later, *actions,
            bool(ctx.last_write),
        )  # fmt: skip

    def _given(self, plan: LayerPlan, step: int, does: Step) -> Given:
        """Ports: of each delta; what scales errors; by array its last write; sets of accumulators; kept inputs."""
        name, ports, active = plan.layer.name, list[Sequence[int]](), does.reads.active
        ports += chain.from_iterable(does.deltas)
        ports += [self.scale_of(name, home.tile) for home in plan.homes]
        if self.ctx.last_write:
            ports += [listed(self.ctx.last_write.get(block)) for block in active]
        ports += [self._sets(plan, step, source, home) for home, source in does.reads.ways]
        ports += [[self.forward.laid.kept_inputs(name, tile, step)] for tile in does.jobs]
        counts, times = numbers_of(job for jobs in does.jobs.values() for job in jobs)
        if active:
            _, of_reads, places = self._reads(plan, step)
            counts += of_reads[[places[place_of(block)] for block in active], step].ravel().tolist()
        return Given(ports, counts, times)

    def _lay_down_step(self, plan: LayerPlan, step: int, does: Step, given: Given) -> Done:
        """As `_given` says it. The counts of reads follow those of the outer products."""
        ports, counts, times = iter(given.ports), iter(given.counts), iter(given.times)
        reads, done, known = does.reads, Done({}, [], {}), list[Sequence[int]]()
        for home, has_later in zip(plan.homes, does.has_later, strict=True):
            before = list(islice(ports, 3))
            if not self.waits:
                frees = self._used(plan, home, step)
                found = self.place_delta(plan, home, step, before, frees, has_later=has_later)
                done.deltas[home.tile] = found
                before = [[found]]
            known.append(before[0])
        spread = [[*deltas, *next(ports)] for deltas in known]
        fetched, held, seen = self.place_spread(plan, step, spread, reads.readers)
        done.gradients.extend(seen)
        is_written = bool(self.ctx.last_write)
        written = [next(ports) if is_written else () for _ in reads.active]
        sets = {way: next(ports) for way in reads.ways}
        outer = {}
        for tile, jobs in does.jobs.items():
            numbers = list(islice(counts, len(jobs))), list(islice(times, 2 * len(jobs)))
            outer[tile] = Given([[fetched[tile]], next(ports)], *numbers)
        of_reads = np.array(list(counts), np.int64).reshape(max(1, len(reads.active)), -1)
        come: Come = {}
        for tile, here in reads.by_tile.items():
            released = []
            if tile in outer:
                released.append(self.place_outer(plan, tile, step, outer[tile], does.jobs[tile]))
            elif tile in plan.gradient_tiles:
                need = self.ctx.rule.traces(self.ctx.work, plan.layer)
                assert need is not None  # or there are jobs
                released.append(self.outer_of_traces(plan, tile, step, fetched[tile], need))
            if here:
                waits = [[fetched[tile], *written[k]] for k in here]
                blocks = [reads.active[k] for k in here]
                released += self._transposed_reads(plan, blocks, step, Waits(waits, sets, of_reads[here]), come)
            done.gradients.extend(released)
            for home_below, source in reads.idle[tile]:
                token = empty_token(self.ctx, self.label(plan.layer.name, step), tile, home_below, fetched[tile])
                come.setdefault((home_below, source), []).append(token)
            self.release(self.label(plan.layer.name, step), released or [fetched[tile]], held[tile])
        self._add_up(plan, step, reads.active, come, done)
        return done

    def _add_up(self, plan: LayerPlan, step: int, active: Sequence[Block], come: Come, done: Done) -> None:
        """Errors of a step for the homes below, once complete, in the scale of the other contributions."""
        spans, n_vectors = {inputs_of(block) for block in active}, self.ctx.n_vectors(plan.layer.name, step)
        label, n_rows = self.label(plan.layer.name, step), dict.fromkeys(come, 0)
        for span in spans:
            for tile, n, name in self._targets(plan, span):
                n_rows[tile, name] += n
        for (home, source), tasks in come.items():
            n_values = n_vectors * n_rows[home, source]
            lay_down = partial(self.rescaled, label, home, n_values, [opening(0)])
            first, rescaled = self.ctx.placed(("rescale", home, n_values), label, lay_down, [tasks])
            done.below[home, source] = first + rescaled

    def _read_by(self, plan: LayerPlan, step: int) -> Reading:
        """The arrays that a step reads."""
        layer, flow, network = plan.layer, self.ctx.flow, self.ctx.network
        needed = [
            source for source in sources_of(layer) if network.learns(source) and flow.needs(layer, step, source)
        ]
        driven = self._driven_at(plan)[step]
        key, readings = (layer.name, *needed, driven.tobytes()), self.ctx.known.setdefault("readings", {})
        if key not in readings:
            every = zip(self._transposed_blocks(plan), driven.tolist(), strict=True)
            asked = [
                (block, is_driven)
                for block, is_driven in every
                if any(source in needed for _, _, source in self._targets(plan, inputs_of(block)))
            ]
            active = [block for block, is_driven in asked if is_driven]
            readings[key] = self._reading(plan, [block for block, _ in asked], active)
        found: Reading = readings[key]
        return found

    def _reading(self, plan: LayerPlan, blocks: list[Block], active: list[Block]) -> Reading:
        tiles = sorted({*plan.gradient_tiles, *(block.tile for block in blocks)})
        by_tile = {tile: [k for k, block in enumerate(active) if block.tile == tile] for tile in tiles}
        idle = {
            tile: sorted(
                self._ways(plan, [block for block in blocks if block.tile == tile])
                - self._ways(plan, [active[k] for k in by_tile[tile]])
            )
            for tile in tiles
        }
        readers = {tile: (tile in plan.gradient_tiles) + len(here) for tile, here in by_tile.items()}
        return Reading(active, sorted(self._ways(plan, active)), by_tile, idle, readers)

    def _driven_at(self, plan: LayerPlan) -> NDArray[np.bool_]:
        """(steps, arrays): whether a step's errors drive each array, or it is read in any case."""
        name = plan.layer.name
        if name not in self._driven_arrays:
            blocks, n_steps = self._transposed_blocks(plan), self.ctx.flow.n_steps(name)
            n_errors = [self.ctx.errors_per_step(name, self.forward.sample, outputs_of(block)) for block in blocks]
            driven = np.array(n_errors, np.int64).reshape(len(blocks), n_steps).T > 0
            self._driven_arrays[name] = driven | (not self.ctx.chip.execution.skip_idle_blocks)
        return self._driven_arrays[name]

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
        self, plan: LayerPlan, blocks: Sequence[Block], step: int, waits: Waits, come: Come
    ) -> list[int]:
        """Each array's share of the errors of the layer below; its results go to the homes they belong to."""
        reads, _, places = self._reads(plan, step)
        targets = [self._targets(plan, inputs_of(block)) for block in blocks]
        sets = [[waits.sets[home, source] for home, _, source in of_block] for of_block in targets]
        # no result waits in an output register for accumulators that one behind it has to free
        before = [[*own, *chain.from_iterable(of_block)] for own, of_block in zip(waits.before, sets, strict=True)]
        at = [places[place_of(block)] for block in blocks]
        merged, added = reads.place(self.ctx, self.label(plan.layer.name, step), at, waits.counts, before, sets)
        for of_block, tasks in zip(targets, added, strict=True):
            for (home, _, source), task in zip(of_block, tasks, strict=True):
                come.setdefault((home, source), []).append(task)
        return merged

    def _reads(self, plan: LayerPlan, step: int) -> tuple[Reads, Ints, dict[Place, int]]:
        """Products of a step's errors, lines driven and read by array and step, and the index of each."""
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
                [(home, n_rows * n_vectors) for home, n_rows, _ in self._targets(plan, inputs_of(block))]
                for block in blocks
            ]
            places = {place_of(block): k for k, block in enumerate(blocks)}
            ctx.known[key] = Reads(products, targets), places
        found: tuple[Reads, dict[Place, int]] = ctx.known[key]
        return found

    def _driven(self, layer: str, product: Product) -> Ints:
        ctx, span, sample = self.ctx, outputs_of(product.block), self.forward.sample
        codes = ctx.error_codes(layer, sample, span)
        return counts_of(ctx, product, ctx.errors_per_step(layer, sample, span), codes)

    def _ways(self, plan: LayerPlan, blocks: Sequence[Block]) -> set[tuple[int, str]]:
        """The homes below, and their layers, whose errors some arrays add to."""
        return {(home, source) for block in blocks for home, _, source in self._targets(plan, inputs_of(block))}

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
