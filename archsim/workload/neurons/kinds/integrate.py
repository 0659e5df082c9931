"""Integrate and fire: the potential does not leak."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archsim.registry import NEURONS
from archsim.units import FieldsError
from archsim.workload.neurons.kind import LeakyKind


@NEURONS.register
class If(LeakyKind):
    """Integrate and fire: the potential does not leak."""

    kind: Literal["if"]

    learns: ClassVar[bool] = True
    nir: ClassVar[tuple[str, ...]] = ("IF",)

    @model_validator(mode="after")
    def _does_not_leak(self) -> Self:
        errors = self._no_synapse()
        if self.leak != 1.0:
            errors.append((("leak",), "an IF neuron does not leak; use kind: lif"))
        if errors:
            raise FieldsError(errors)
        return self
