"""Direct feedback through matrices that learn: which tasks exist beside those of DFA, and why.

Each error goes to the homes of a hidden layer, too, and stays there. Once a step's surrogate has its slope, a home
knows which of its neurons have spiked: their potentials are above the threshold. For each step and home::

    fetch        the error out of the input buffer
    rescale      times what it was divided by
    outer        errors times outputs, only where a neuron has spiked and the error is not zero
    accumulate   beside it: each word of gradients that this touches out of the gradient buffer and back

And with the update of the layer, beside the writes of its weights::

    decay            of each value, a multiplication and an addition, where the update decays
    optimize ...     see :mod:`archsim.lowering.optimize`, at the homes
    load_gradient, hop ...    each row to the array of the matrix
    inspect, program, verify  see :mod:`archsim.lowering.writes`; in a memory a row's words go out and back

The gradients lie as the matrix does on its arrays: a row for each number of the error. They have room of their
own, below the output too, where they are those of the output's weights the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from archsim.components import Operations
from archsim.lowering import arithmetic
from archsim.lowering.context import BARRIER, RELEASE, Claim, Context, Label
from archsim.lowering.optimize import Steps, lower_steps
from archsim.lowering.transport import travel
from archsim.lowering.update import last_read
from archsim.lowering.writes import count_rows, inspect_row, rows_of, write_row
from archsim.mapping import Block, Home, LayerPlan, error_bytes
from archsim.mapping.rule import MappedRule
from archsim.rules.dfa.tasks import DirectFeedback
from archsim.workload import Workload

AtHome = tuple[str, int, int]  # layer, tile, error
Counts = tuple[int, int, int]  # errors, products, words of gradients


class LearnedRule(MappedRule, Protocol):
    """The rule as these tasks see it; see :class:`archsim.rules.direct_kolen_pollack.DirectKolenPollack`."""

    def matrix_blocks(self, work: Workload, plan: LayerPlan) -> list[Block]: ...

    def decays(self, work: Workload, number: int) -> bool: ...


@dataclass
class LearnedFeedback(DirectFeedback):
    """The learning pass of one sample."""

    _come: dict[AtHome, list[int]] = field(default_factory=dict)  # who has brought the error
    _held: dict[AtHome, tuple[list[int], list[Claim]]] = field(default_factory=dict)  # who has read it; its space
    _known: dict[AtHome, list[tuple[int, int]]] = field(default_factory=dict)  # steps, and their surrogates
    _spikes: dict[tuple[str, int], Spikes] = field(default_factory=dict)

    def _read_feedback(self, plan: LayerPlan, tile: int, error: int, arrived: list[int]) -> list[int]:
        """Also keep the error where it meets the outputs; a home need have no array of the matrix."""
        if any(home.tile == tile for home in plan.homes):
            self._come[plan.layer.name, tile, error] = arrived
        if plan.feedback and not any(block.tile == tile for block in plan.feedback):
            return []
        return super()._read_feedback(plan, tile, error, arrived)

    def _multiplied(self, plan: LayerPlan, tile: int, error: int, fetched: int) -> int:
        """With what the last update has left in the memory."""
        ctx, blocks = self.ctx, self._blocks_at(plan, tile)
        label = self.label(plan.layer.name, 0)
        written = [ctx.last_write[block] for block in blocks if block in ctx.last_write]
        ready = ctx.add(label, BARRIER, 1, after=[fetched, *written]) if written else fetched
        found = super()._multiplied(plan, tile, error, ready)
        if ctx.work.schedule == "three_level":
            for block in blocks:
                ctx.reads.setdefault(block, []).append(found)
        return found

    def _blocks_at(self, plan: LayerPlan, tile: int) -> list[Block]:
        blocks = cast("LearnedRule", self.ctx.rule).matrix_blocks(self.ctx.work, plan)
        return [block for block in blocks if block.tile == tile]

    def _free_sent(self, label: Label, whose: AtHome, read: list[int], held: list[Claim]) -> None:
        """A home keeps the error until it has met the outputs."""
        if whose in self._come:
            self._held[whose] = read, held
        else:
            super()._free_sent(label, whose, read, held)

    def _hidden_delta(self, plan: LayerPlan, home: Home, step: int, error: int) -> int:
        found = super()._hidden_delta(plan, home, step, error)
        self._known.setdefault((plan.layer.name, home.tile, error), []).append((step, found))
        return found

    def _hidden(self, plan: LayerPlan, steps: list[int], error: int) -> None:
        """The layer's steps, and what its matrix learns from them."""
        super()._hidden(plan, steps, error)
        name = plan.layer.name
        for home in plan.homes:
            key = name, home.tile, error
            read, held = self._held.pop(key)
            met = [self._meet(plan, home, error, step, task) for step, task in self._known.pop(key, [])]
            self.gradients.setdefault(name, []).extend(met)
            del self._come[key]
            self.ctx.add(self.label(name, steps[-1] if steps else 0), RELEASE, 1, after=[*read, *met], frees=held)

    def _meet(self, plan: LayerPlan, home: Home, error: int, step: int, known: int) -> int:
        """Outer products of an error and a step's outputs, at a home."""
        ctx, name, tile = self.ctx, plan.layer.name, home.tile
        label, here = self.label(name, step), ctx.parts.at(tile)
        n_errors, n_macs, n_words = self._counts_of_step(plan, tile, error, step)
        n_bits = 8 * error_bytes(ctx.chip, self.rule.n_sent(ctx.work), 1)
        fetched = self.fetch_errors(label, tile, n_bits, 1, [*self._come[name, tile, error], known])
        ready = [self.rescaled(label, tile, n_errors, [fetched])]
        outer = here.gradient_unit.outer(n_macs, ctx.bits[name], arithmetic.error_bits(ctx.chip))
        done = [ctx.do(label, tile, outer, ready)]
        if n_words:
            done.append(ctx.do(label, tile, here.gradient_buffer.accumulate(n_words), ready))
        return ctx.add(label, BARRIER, 1, after=done)

    def _counts_of_step(self, plan: LayerPlan, tile: int, error: int, step: int) -> Counts:
        """Errors that are not zero; their products with outputs; words of gradients that these touch."""
        key, ctx = (plan.layer.name, tile), self.ctx
        if key not in self._spikes:
            self._spikes[key] = Spikes.of(ctx, plan, self._blocks_at(plan, tile), self.forward.sample)
        codes = ctx.activity.fed_back_codes(self.forward.sample, error)
        n_outputs = self.last.n_neurons
        is_error = np.ones(n_outputs, np.bool_) if codes is None else codes[0] != 0
        return self._spikes[key].met(is_error, step)


@dataclass(frozen=True)
class Spikes:
    """Outputs at a home, by block of its matrix and step: how many there are, and in how many words of a row."""

    blocks: Sequence[Block]
    n_spikes: NDArray[np.int64]
    n_words: NDArray[np.int64]

    @classmethod
    def of(cls, ctx: Context, plan: LayerPlan, blocks: Sequence[Block], sample: int) -> Spikes:
        """Of a sample."""
        name, flow = plan.layer.name, ctx.flow
        given = ctx.activity.spikes[name][sample]
        by_channel = given.reshape(len(given), plan.layer.out_shape[0], -1) != 0
        of_steps = np.zeros((flow.n_steps(name), *by_channel.shape[1:]), np.bool_)
        for step in range(len(of_steps)):
            low, high = flow.positions(name, step)
            of_steps[step, :, low:high] = by_channel[flow.timestep(name, step), :, low:high]
        flat = of_steps.reshape(len(of_steps), -1)
        columns = [flat[:, block.columns[0] : block.columns[1]] for block in blocks]
        spikes = [lines.sum(axis=1, dtype=np.int64) for lines in columns]
        words = [_words(ctx, lines) for lines in columns]
        return cls(blocks, np.array(spikes, np.int64), np.array(words, np.int64))

    def met(self, is_error: NDArray[np.bool_], step: int) -> Counts:
        """With the errors of a step."""
        of_rows = np.array([np.count_nonzero(is_error[b.rows[0] : b.rows[1]]) for b in self.blocks], np.int64)
        n_macs, n_words = of_rows @ self.n_spikes[:, step], of_rows @ self.n_words[:, step]
        return int(np.count_nonzero(is_error)), int(n_macs), int(n_words)


def _words(ctx: Context, lines: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of outputs (steps, columns): words of a row of gradients in which any lies, by step."""
    words = ctx.parts.gradient_buffer.words_of_columns(lines.shape[1])
    touched = np.stack([lines[:, low:high].any(axis=1) for low, high in words])
    return np.asarray(touched.sum(axis=0, dtype=np.int64))


def decayed(ctx: Context, label: Label, blocks: Sequence[Block], known: int) -> int:
    """The decay of the values of some blocks where their gradients lie: a multiplication and an addition."""
    bits, done = ctx.chip.tile.gradients.gradient_bits, []
    for tile in sorted({block.tile for block in blocks}):
        n_values = sum(block.n_rows * block.n_columns for block in blocks if block.tile == tile)
        unit = ctx.parts.at(tile).gradient_unit
        job = unit.compute(f"decay@{bits}b", n_values, Operations(1, ((bits, bits),)))
        done.append(ctx.do(label, tile, job, [known]))
    return ctx.add(label, BARRIER, 1, after=done)


def write_matrix(ctx: Context, label: Label, plan: LayerPlan, update: int, known: int) -> list[int]:
    """The steps of a layer's matrix, and their writes; the last of each array."""
    rule = cast("LearnedRule", ctx.rule)
    blocks = rule.matrix_blocks(ctx.work, plan)
    if not blocks:
        return []
    if rule.decays(ctx.work, ctx.stretch.first_update + update):
        known = decayed(ctx, label, blocks, known)
    steps = lower_steps(ctx, label, replace(plan, forward=tuple(blocks), copy=()), known)
    if not plan.feedback:
        for block in blocks:
            ctx.last_write[block] = _rewrite(ctx, label, block, steps)
        return [ctx.last_write[block] for block in blocks]
    for gradients, block in zip(blocks, plan.feedback, strict=True):
        ctx.last_write[block] = _write_array(ctx, label, gradients, block, steps, update)
    return [ctx.last_write[block] for block in plan.feedback]


def _rewrite(ctx: Context, label: Label, block: Block, steps: Steps) -> int:
    """Row by row, of a matrix in a memory where its gradients lie."""
    free, place = last_read(ctx, label, block), ctx.rule.settings(ctx.work).place
    rows = [
        place.rewrite(ctx, label, block.tile, block.n_columns, [steps.before(block, k), free])
        for k in range(block.n_rows)
    ]
    return ctx.add(label, BARRIER, 1, after=rows)


def _write_array(ctx: Context, label: Label, gradients: Block, block: Block, steps: Steps, update: int) -> int:
    """Row by row, from where its gradients lie."""
    free, rows = last_read(ctx, label, block), rows_of(ctx, block, update)
    count_rows(ctx, rows)
    n_bits = block.n_columns * ctx.chip.tile.gradients.gradient_bits
    load = ctx.parts.at(gradients.tile).gradient_buffer.load_gradient(n_bits)
    last: int | None = None
    arrived: list[int | None] = []
    for k, row in enumerate(rows):
        loaded = ctx.do(label, gradients.tile, load, [steps.before(gradients, k), free])
        come = travel(ctx, label, gradients.tile, block.tile, n_bits, [loaded])
        arrived.append(come)
        if ctx.inspects:
            last = come = inspect_row(ctx, label, block, [come, last])
        if row is not None:
            last = write_row(ctx, label, block, row, [come, last])
    return ctx.add(label, BARRIER, 1, after=arrived) if last is None else last
