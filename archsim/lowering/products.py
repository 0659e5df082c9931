"""Products that arrays compute: what they are, and the lines that they drive and read, cycle by cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.context import Context
from archsim.lowering.inputs import Bursts, driven_steps
from archsim.mapping import Block

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Product:
    """A product that an array computes.

    Parameters
    ----------
    block : Block
    n_vectors : int
        Vectors of the burst.
    n_bits : int
        Bits of one input.
    signed : bool
        Whether inputs may be negative; the sign is one of the bits then.
    transposed : bool
        Driven from the columns and read at the rows.
    """

    block: Block
    n_vectors: int
    n_bits: int
    signed: bool
    transposed: bool = False

    @property
    def of_errors(self) -> bool:
        """Whether errors drive the array: a transposed read, a copy or a fixed matrix of a rule."""
        return self.transposed or self.block.role != "forward"


def counts_of(ctx: Context, product: Product, n_active: Sequence[int], bursts: Bursts | None = None) -> Ints:
    """Lines that a product drives and reads, cycle by cycle, in each of some steps.

    Parameters
    ----------
    n_active : sequence of int
        By step, the lines that are driven, over all vectors.
    bursts : Bursts, optional
        The numbers on these lines, where they are known and count.

    Returns
    -------
    int64[n_steps, 2 n_cycles]
    """
    found = driven_by(ctx, product, np.array(n_active, np.int64), bursts)
    return counted(ctx, product, found)


def driven_by(ctx: Context, product: Product, n_active: Ints, bursts: Bursts | None) -> Ints:
    """What each cycle of a product drives in each of some steps (`driven_steps`)."""
    spec, drivers = ctx.chip.drivers, ctx.parts.drivers
    cycles = drivers.read_cycles(product.n_bits, product.signed, product.of_errors)
    n_polarities = drivers.n_polarities(product.n_bits, product.signed)
    return driven_steps(spec.kind, cycles, n_polarities, n_active, bursts, spec.charged == "ones")


def counted(ctx: Context, product: Product, driven: Ints) -> Ints:
    """Lines that are driven and cells that are read, as `counts_of`, of `driven_by`."""
    found = driven.copy()
    found[:, :, 0] *= lines_at_once(ctx) if product.transposed else 1
    if ctx.parts.crossbar.counted == "read":
        # the price of the action holds the repeats without a sample-and-hold
        found[:, :, 1] = product.n_vectors * product.block.n_crossbars
    elif product.transposed:
        found[:, :, 1] *= lines_at_once(ctx) * product.block.n_rows
    else:
        found[:, :, 1] *= read_columns(ctx, product.block)
    return found.reshape(len(driven), -1)


def read_columns(ctx: Context, block: Block) -> int:
    """Columns of cells: all those of the weights, and the reference column."""
    crossbar = ctx.chip.crossbar
    return block.n_columns * crossbar.n_columns_per_weight + (1 if crossbar.signed == "offset" else 0)


def lines_at_once(ctx: Context) -> int:
    """Columns of a weight that one transposed read drives: both of a pair, with voltages of both signs."""
    crossbar = ctx.chip.crossbar
    is_pair = crossbar.signed == "differential" and ctx.chip.drivers.signed_input == "bipolar"
    return 2 if is_pair else 1
