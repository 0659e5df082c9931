"""Leaky integrator: sends its potential."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archsim.registry import NEURONS
from archsim.units import FieldsError
from archsim.workload.neurons.kind import LeakyKind


@NEURONS.register
class Li(LeakyKind):
    """Leaky integrator: sends its potential."""

    kind: Literal["li"]

    spikes: ClassVar[bool] = False
    learns: ClassVar[bool] = True
    nir: ClassVar[tuple[str, ...]] = ("LI", "I")

    @model_validator(mode="after")
    def _fields_of_the_kind(self) -> Self:
        if errors := self._no_synapse():
            raise FieldsError(errors)
        return self
