"""Fields that name a kind: what is allowed is asked of the register whenever a file is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from archsim.registry import FAMILIES


@dataclass(frozen=True)
class KindName:
    """Marks a text that names a kind of the family to which entry points of `group` add.

    Examples
    --------
    >>> KindName("archsim.adcs").names()
    ('flash', 'ramp', 'sar', 'sense_amp')
    """

    group: str

    def names(self) -> tuple[str, ...]:
        """What is allowed."""
        return FAMILIES[self.group].names()

    def _known(self, value: object) -> object:
        if isinstance(value, str) and value in self.names():
            return value
        raise PydanticKnownError("literal_error", {"expected": ", ".join(self.names())})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.names())}
