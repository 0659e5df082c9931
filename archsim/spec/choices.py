"""Choices of a design that are neither a part nor a number: execution, mapping, a cap on power."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from archsim.registry import QUANTISERS
from archsim.spec.buffers import Word
from archsim.spec.cells import Count
from archsim.units import DoorModel, KindOf, PowerUw

Quantiser = Annotated[Any, KindOf("archsim.quantisers")]
"""A kind of :mod:`archsim.crossbar.quantisers`."""


class Execution(DoorModel):
    """Choices of the design that are neither a part nor a number.

    Parameters
    ----------
    spike_format : "aer" or "bitmap"
        Spikes travel as a list of addresses, or one bit per neuron.
    skip_idle_blocks : bool
        Whether an array that no spike reaches in a timestep is read all the same.
    feedback : "copy" or "transposable"
        Back-propagation reads a second, transposed copy of the weights, or the array itself from its columns.
    copy_every : int
        Updates from one write of the second copy to the next; what changes in between waits in the gradient
        buffer, and errors are read from the copy as it is.
    error_resolution : Bits
        Resolution of the error that goes backwards through the drivers.
    errors : quantiser, optional
        What the largest code of an error stands for, and how it is rounded: a kind of
        :mod:`archsim.crossbar.quantisers`. Each vector over its largest, rounded to the nearest, when absent.
    """

    spike_format: Literal["aer", "bitmap"]
    skip_idle_blocks: bool
    feedback: Literal["copy", "transposable"]
    error_resolution_bits: Word
    errors: Quantiser | None = None
    n_copy_every: Count = 1

    @property
    def quantiser(self) -> Any:
        """How errors become codes."""
        return QUANTISERS["vector_maximum"](kind="vector_maximum") if self.errors is None else self.errors


class MappingRules(DoorModel):
    """How layers are laid out.

    `convolution`: "im2col" stacks kernel taps and channels on the rows of arrays; "tap_per_crossbar" gives
    each kernel tap its own crossbar in a PE, and adds the currents before the converters (SpikeSim).
    `few_rows`: DFA's fixed matrices, and the transposed copy of a layer with few outputs, have few rows:
    "spread" gives each of their blocks its own crossbar, so that all are read at once; "stacked" puts blocks
    on each other's free rows, which takes fewer crossbars and reads them one after the other.
    `replicas`: copies of each layer by name, for layers that are busy.
    """

    convolution: Literal["im2col", "tap_per_crossbar"] = "im2col"
    placement: Literal["near", "in_order"] = "near"
    few_rows: Literal["spread", "stacked"] = "spread"
    replicas: dict[str, Count] = Field(default_factory=dict)


class PowerRules(DoorModel):
    """A cap on the power of the whole chip, leakage included: tasks wait until their share is free."""

    max_uw: PowerUw
