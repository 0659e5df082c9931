"""Products of many arrays of a layer, each to its targets, laid down together: as :mod:`archsim.lowering.arrays`.

An array reads, its result is collected, goes to the accumulators of its targets and is added there; then comes the
next array. What each of these fragments is stands in `arrays`; here they are placed side by side, as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.arrays import Product, reading, scattering
from archsim.lowering.context import Context, Label
from archsim.mapping import Block, LayerPlan
from archsim.taskgraph import Many

Ints = NDArray[np.int64]
Targets = Sequence[tuple[int, int]]
"""By target, its tile and how many of the results it gets."""
MOST_KEPT = 256  # sets of arrays that are read together; where few are active, there are many


@dataclass(eq=False)
class Turn:
    """Blocks of a layer that are read in the same step, and the home of each."""

    plan: LayerPlan
    blocks: list[Block]

    @cached_property
    def homes(self) -> list[int]:
        """By block, the tile of the neurons that it adds to."""
        return [self.plan.home_of(block).tile for block in self.blocks]

    def ways_without(self, active: Sequence[int]) -> list[tuple[int, int]]:
        """From which tile to which home only results of other blocks than these go."""
        if len(active) == len(self.blocks):
            return []
        ways = [(block.tile, home) for block, home in zip(self.blocks, self.homes, strict=True)]
        return sorted(set(ways) - {ways[k] for k in active})


class _Row(NamedTuple):
    """Reads of one array: its two fragments, its resources, and the tasks that others ask for."""

    numbers: tuple[int, int]
    n_read: int
    n_tasks: int
    slots: tuple[int, ...]
    last: int
    merged: int
    added: list[int]


class _Together(NamedTuple):
    """The same of arrays that are read one after the other; tasks count from the first of them all."""

    numbers: list[int]
    slots: list[int]
    n_tasks: int
    last: list[int]
    merged: list[int]
    added: list[list[int]]


@dataclass
class Reads:
    """Products that have as many targets each.

    Parameters
    ----------
    products : sequence of Product
    targets : sequence of Targets
        Of each product, as many as of the others.
    """

    products: Sequence[Product]
    targets: Sequence[Targets]
    _rows: dict[int, _Row] = field(default_factory=dict)
    _groups: dict[tuple[int, ...], _Together] = field(default_factory=dict)

    def place(
        self, ctx: Context, label: Label, active: Sequence[int], counts: Ints, waits: Sequence[Sequence[int]],
        free: Sequence[Sequence[Sequence[int]]],
    ) -> tuple[list[int], list[list[int]]]:  # fmt: skip
        """Lay down some of the products.

        Parameters
        ----------
        active : sequence of int
            Which of them.
        counts : int64[n, n_counts]
            What each drives and reads (`counts_of`).
        waits : sequence of sequence of int
            Predecessors of each product; `NOTHING` for none.
        free : sequence of sequence of sequence of int
            Of each product, the tasks that each of its additions waits for beside the result.

        Returns
        -------
        list of int, list of list of int
            The tasks that merge each result, and its additions.
        """
        together = self._together(ctx, label, active)
        first = ctx.n_tasks
        merged = [first + task for task in together.merged]
        if ctx.work.schedule == "three_level":  # a later batch's write waits for them
            for k, task in zip(active, together.last, strict=True):
                ctx.reads.setdefault(self.products[k].block, []).append(first + task)
        sizes: list[int] = []
        tasks: list[int] = []
        for before, read, of_additions in zip(waits, merged, free, strict=True):
            tasks += before
            tasks.append(read)
            sizes.append(len(before))
            sizes.append(1)
            for port in of_additions:
                tasks += port
                sizes.append(len(port))
        many = Many(together.numbers, together.n_tasks, sizes, tasks, together.slots, counts)
        ctx.place_many(many, label)
        return merged, [[first + task for task in of_targets] for of_targets in together.added]

    def _together(self, ctx: Context, label: Label, active: Sequence[int]) -> _Together:
        key = tuple(active)
        if key not in self._groups:
            at, found = 0, _Together([], [], 0, [], [], [])
            for k in active:
                row = self._rows.get(k) or self._learn(ctx, label, k)
                found.numbers.extend(row.numbers)
                found.slots.extend(row.slots)
                found.last.append(at + row.last)
                found.merged.append(at + row.merged)
                found.added.append([at + row.n_read + task for task in row.added])
                at += row.n_tasks
            if len(self._groups) >= MOST_KEPT:
                self._groups.clear()
            self._groups[key] = found._replace(n_tasks=at)
        return self._groups[key]

    def _learn(self, ctx: Context, label: Label, k: int) -> _Row:
        """Asked when it is first laid down: resources are numbered in that order."""
        product, targets = self.products[k], tuple(self.targets[k])
        read = reading(ctx, label, product)
        n_counts = 2 * len(ctx.parts.drivers.read_cycles(product.n_bits, product.signed, product.of_errors))
        one = ctx.graph.known(read.fragment, (1, len(read.slots), n_counts, 0))
        scatter = scattering(ctx, label, product, targets)
        two = ctx.graph.known(scatter, (1 + len(targets), 1, 0, 0))
        self._rows[k] = _Row(
            (one.number, two.number), one.n_tasks, one.n_tasks + two.n_tasks, (*read.slots, read.register),
            last=read.fragment.made[0], merged=read.fragment.made[1], added=scatter.made,
        )  # fmt: skip
        return self._rows[k]
