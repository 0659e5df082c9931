"""Values of `write.pulses_per_cell`: a mean, "auto", or a law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from archsim.registry import FAMILIES
from archsim.units import KindOf
from archsim.units.quantities import as_written

AUTO = "auto"


@dataclass(frozen=True)
class _Pulses(KindOf):
    """A number above zero, the text "auto", or the section of a kind."""

    def _read(self, value: object) -> object:
        if value == AUTO or isinstance(value, dict | FAMILIES[self.group].base):
            return value if value == AUTO else super()._read(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
            return float(value)
        kinds = ", ".join(FAMILIES[self.group])
        raise ValueError(
            f"must be a number above zero, auto, or a law: a mapping with the key kind, one of {kinds}; "
            f"got {as_written(value)}"
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        laws: list[Any] = super().__get_pydantic_json_schema__(schema, handler)["oneOf"]
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": AUTO}, *laws]}


PulsesPerCell = Annotated[Any, _Pulses("archsim.pulses")]
