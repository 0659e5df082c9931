"""The memories of a chip, as its file describes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.spec.array_parts import Width
from archsim.spec.cells import Count
from archsim.spec.costs import BufferCost
from archsim.units import Bits, Bytes, FileModel, TimePs

Word = Annotated[Bits, Field(ge=1, le=64)]
"""Bits of one number: the word of a computer at most."""
EXACT = "exact"
TILE_BUFFERS = ("input_buffer", "output_buffer", "membrane_buffer", "history_buffer", "gradient_buffer")
"""Memories of a tile, by their keys."""


class Buffer(FileModel):
    """A memory. `size: exact` takes what the mapped workload needs, in whole words; `auto` as a power of two.

    `cycle` is the time of one access of `width`; None takes the model's latency. `banks`: memories of equal size
    that take accesses in turn; "auto" as many as keep up with what they feed.
    """

    size_bytes: Bytes | Literal["auto", "exact"]
    width_bits: Width
    cycle_ps: TimePs | None = None
    n_banks: Count | Literal["auto"] = 1
    cost: BufferCost


class MembraneBuffer(Buffer):
    """Holds the membrane potentials, `potential` bits each (a CubaLIF neuron has two states)."""

    potential_bits: Word


class GradientBuffer(Buffer):
    """Accumulates the weight gradients of a batch, `gradient` bits each."""

    gradient_bits: Word
