"""Nowhere: drawn by a shift register each time that they are needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.components import Operations
from archsim.registry import PLACES
from archsim.rules.places.kind import Place
from archsim.rules.places.logic import multiplied
from archsim.units import Bits

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.snn.learn.feedbacks import FeedbackKind
    from archsim.workload.network import Floats

PERIOD = 2**16 - 1
TAPS = 0xB400
"""x^16 + x^14 + x^13 + x^11 + 1, of the longest period (Xilinx XAPP 052, table 3)."""


@PLACES.register
class Generated(Place):
    """Drawn by a linear feedback shift register of 16 bits in each lane of the gradient unit; nothing is stored.

    A value takes `value` steps of the register, one for each of its bits; the same values come for every error,
    for the register starts anew. A step clocks 16 flip-flops, 2.55 fJ each at 22 nm (NeuroSim V1.3), which is what
    the unit's addition into a 16-bit register takes (0.017 pJ and 16 flip-flops): it is priced as one. Of kind
    uniform its values are whole parts, of kind ternary (half of them zero, or none) two bits.
    """

    kind: Literal["generated"] = "generated"
    value_bits: Annotated[Bits, Field(ge=2, le=16)] = 4
    can_change: ClassVar[bool] = False

    def error(self, feedback: FeedbackKind) -> str:
        """A register knows no weights and no bell curve."""
        given = getattr(feedback, "zeros", 0.5)
        if feedback.kind == "uniform" or (feedback.kind == "ternary" and given in (0.0, 0.5)):
            return ""
        said = "that many zeros" if feedback.kind == "ternary" else f"{feedback.kind} feedback"
        return f"no shift register draws {said}; take kind uniform or ternary (zeros: 0 or 0.5), or place: sram"

    def drawn(self, values: Floats, feedback: FeedbackKind, seed: int) -> Floats:
        """The register's values, scaled to those of the kind."""
        if feedback.kind == "ternary":
            pairs = shifted(2 * values.size, seed).reshape(*values.shape, 2).astype(np.float64)
            signs = 1.0 - 2.0 * pairs[..., 0]
            drawn = signs * pairs[..., 1] if getattr(feedback, "zeros", 0.5) else signs
        else:
            bits = shifted(self.value_bits * values.size, seed).reshape(*values.shape, self.value_bits)
            codes = bits.astype(np.int64) @ (1 << np.arange(self.value_bits))
            drawn = codes - (2**self.value_bits - 1) / 2
        deviation = feedback.scale / np.sqrt(values.shape[1])
        return np.asarray(drawn * deviation / np.sqrt(np.mean(np.square(drawn))))

    def lay_down(self, ctx: Context, label: Label, tile: int, n_values: int, after: list[int]) -> int:
        """Draw the values, and multiply them."""
        bits = 2 if ctx.rule.settings(ctx.work).feedback.kind == "ternary" else self.value_bits
        unit = ctx.parts.at(tile).gradient_unit
        drawn = ctx.do(label, tile, unit.compute(f"draw@{bits}b", n_values, Operations(bits)), after)
        return multiplied(ctx, label, tile, (n_values, bits), [drawn])


@lru_cache(maxsize=1)
def _sequence() -> NDArray[np.uint8]:
    """The bits of one period of the register, from state 1 on."""
    state, found = 1, np.empty(PERIOD, dtype=np.uint8)
    for k in range(PERIOD):
        found[k] = state & 1
        state = (state >> 1) ^ (TAPS if state & 1 else 0)
    return found


def shifted(n_bits: int, seed: int) -> NDArray[np.uint8]:
    """So many bits of the register, which starts at a place that the seed tells.

    Examples
    --------
    >>> shifted(8, 0).tolist(), float(shifted(PERIOD, 3).mean().round(3))
    ([1, 0, 0, 0, 0, 0, 0, 0], 0.5)
    """
    start = int(np.random.SeedSequence(seed).generate_state(1)[0]) % PERIOD if seed else 0
    return _sequence()[(start + np.arange(n_bits)) % PERIOD]
