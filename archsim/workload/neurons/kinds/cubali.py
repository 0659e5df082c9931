"""Leaky integrator behind a synaptic current that leaks too."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archsim.registry import NEURONS
from archsim.units import FieldsError
from archsim.workload.neurons.kind import LeakyKind


@NEURONS.register
class CubaLi(LeakyKind):
    """Leaky integrator behind a synaptic current that leaks too."""

    kind: Literal["cubali"]

    n_states: ClassVar[int] = 2
    has_synapse: ClassVar[bool] = True
    spikes: ClassVar[bool] = False
    learns: ClassVar[bool] = True
    nir: ClassVar[tuple[str, ...]] = ("CubaLI",)

    @model_validator(mode="after")
    def _fields_of_the_kind(self) -> Self:
        if errors := self._missing_leak():
            raise FieldsError(errors)
        return self
