"""Digital logic that multiplies errors by the values of fixed matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.components import Operations
from archsim.lowering import arithmetic

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label


def multiplied(ctx: Context, label: Label, tile: int, values: tuple[int, int], after: list[int]) -> int:
    """Multiply and add up values of some bits each; those of two bits pass an error, or its opposite."""
    n_values, bits = values
    factors = () if bits <= 2 else ((bits, arithmetic.error_bits(ctx.chip)),)
    operations = Operations(1, factors)
    name = f"project@1+{operations.n_products:g}x"
    return ctx.do(label, tile, ctx.parts.at(tile).gradient_unit.compute(name, n_values, operations), after)
