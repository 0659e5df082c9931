"""The tile's gradient buffer, an SRAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from archsim.components import Operations
from archsim.registry import PLACES
from archsim.rules.places.kind import Place
from archsim.rules.places.logic import multiplied
from archsim.units import Bits

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.spec import Chip
    from archsim.workload.network import Floats


@PLACES.register
class Sram(Place):
    """In the gradient buffers of the tiles where the layers' neurons live, `value` bits each, signs included.

    All values are read for every error, word by word, and the gradient unit multiplies and adds them. Two bits are
    -1, 0 and 1: then nothing is multiplied.
    """

    kind: Literal["sram"] = "sram"
    value_bits: Annotated[Bits, Field(ge=2, le=16)] = 8

    def stored_bits(self, chip: Chip, n_values: int) -> int:
        """All of them."""
        return n_values * self.value_bits

    def rounded(self, chip: Chip, values: Floats) -> Floats:
        """To whole parts of the largest."""
        largest, n_steps = np.abs(values).max(initial=0.0), self._n_steps
        return np.rint(values / largest * n_steps) * (largest / n_steps) if largest else values

    def step(self, values: Floats) -> float:
        """The part of the largest."""
        return float(np.abs(values).max(initial=0.0)) / self._n_steps

    @property
    def _n_steps(self) -> int:
        return int(2 ** (self.value_bits - 1) - 1)

    def rewrite(self, ctx: Context, label: Label, tile: int, n_values: int, after: list[int | None]) -> int:
        """Read the steps, multiply and add them as write circuits do elsewhere, and each word out and back."""
        here, bits = ctx.parts.at(tile), ctx.chip.tile.gradients.gradient_bits
        read = ctx.do(label, tile, here.gradient_buffer.access("read_feedback", n_values * bits), after)
        added = here.gradient_unit.compute(f"optimize@memory,{bits}b", n_values, Operations(1, ((bits, bits),)))
        done = ctx.do(label, tile, added, [read])
        n_words = here.gradient_buffer.accesses(n_values * self.value_bits)
        return ctx.do(label, tile, here.gradient_buffer.accumulate(n_words), [done])

    def lay_down(self, ctx: Context, label: Label, tile: int, n_values: int, after: list[int]) -> int:
        """Read the values, and multiply them."""
        buffer = ctx.parts.at(tile).gradient_buffer
        read = ctx.do(label, tile, buffer.access("read_feedback", n_values * self.value_bits), after)
        return multiplied(ctx, label, tile, (n_values, self.value_bits), [read])
