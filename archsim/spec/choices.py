"""Choices of a design that are neither a part nor a number: execution, mapping, a cap on power."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from archsim.registry import QUANTISERS
from archsim.spec.buffers import Word
from archsim.spec.cells import Count
from archsim.units import AreaUm2, FieldsError, FileModel, KindOf, PowerUw

Quantiser = Annotated[Any, KindOf("archsim.quantisers")]
"""A kind of :mod:`archsim.crossbar.quantisers`."""


class Execution(FileModel):
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


class MappingRules(FileModel):
    """How layers are laid out.

    `convolution`: "im2col" stacks kernel taps and channels on the rows of arrays; "tap_per_crossbar" gives
    each kernel tap its own crossbar in a PE, and adds the currents before the converters (SpikeSim).
    `few_rows`: DFA's fixed matrices, and the transposed copy of a layer with few outputs, have few rows:
    "spread" gives each of their blocks its own crossbar, so that all are read at once; "stacked" puts blocks
    on each other's free rows, which takes fewer crossbars and reads them one after the other.
    `replicas`: copies of each layer by name, for layers that are busy; or "auto", which gives the busiest layers
    more (:mod:`archsim.mapping.replicas`): into arrays that are idle anyway, or with `replica_crossbars` or
    `replica_area` into as many more, or as much more area.
    """

    convolution: Literal["im2col", "tap_per_crossbar"] = "im2col"
    placement: Literal["near", "in_order"] = "near"
    few_rows: Literal["spread", "stacked"] = "spread"
    replicas: dict[str, Count] | Literal["auto"] = Field(default_factory=dict)
    n_replica_crossbars: Count | None = None
    replica_area_um2: AreaUm2 | None = None

    @property
    def copies(self) -> dict[str, int]:
        """Replicas by layer, where they are given; one of each that is not named."""
        return {} if self.replicas == "auto" else self.replicas

    @property
    def is_bounded(self) -> bool:
        """Whether a budget for replicas is given."""
        return self.n_replica_crossbars is not None or self.replica_area_um2 is not None

    @model_validator(mode="after")
    def _budget_is_for_auto(self) -> Self:
        given = {"replica_crossbars": self.n_replica_crossbars, "replica_area": self.replica_area_um2}
        keys = [key for key, value in given.items() if value is not None]
        if keys and self.replicas != "auto":
            raise FieldsError([((key,), "bounds replicas: auto, and nothing else") for key in keys])
        if len(keys) > 1:
            raise FieldsError([(("replica_area",), "give this or replica_crossbars, not both")])
        return self


class PowerRules(FileModel):
    """A cap on the power of the whole chip, leakage included: tasks wait until their share is free."""

    max_uw: PowerUw
