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


@dataclass(eq=False)
class Turn:
    """Blocks of a layer that are read in the same step, and the home of each."""

    plan: LayerPlan
    blocks: list[Block]

    @cached_property
    def homes(self) -> list[int]:
        """By block, the tile of the neurons that it adds to."""
        return [self.plan.home_of(block).tile for block in self.blocks]

    def ways_of(self, blocks: Sequence[int]) -> set[tuple[int, int]]:
        """From which tile to which home the results of some blocks go."""
        return {(self.blocks[k].tile, self.homes[k]) for k in blocks}


class _Row(NamedTuple):
    """Reads of one array: its two fragments, its resources, and the tasks that others ask for."""

    numbers: tuple[int, int]
    n_read: int
    n_tasks: int
    slots: tuple[int, ...]
    last: int
    merged: int
    added: list[int]


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
        many = Many([], 0, [], [], [], counts)
        at = first = ctx.n_tasks
        is_late = ctx.work.schedule == "three_level"  # a later batch's write waits for them
        merged, added = [], []
        for k, before, of_additions in zip(active, waits, free, strict=True):
            row = self._rows.get(k) or self._learn(ctx, label, k)
            many.numbers.extend(row.numbers)
            many.slots.extend(row.slots)
            merged.append(at + row.merged)
            added.append([at + row.n_read + task for task in row.added])
            for port in (before, merged[-1:], *of_additions):
                many.port_tasks.extend(port)
                many.port_sizes.append(len(port))
            if is_late:
                ctx.reads.setdefault(self.products[k].block, []).append(at + row.last)
            at += row.n_tasks
        ctx.place_many(many._replace(n_tasks=at - first), label)
        return merged, added

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
