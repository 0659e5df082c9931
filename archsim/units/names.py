"""Fields that hold the name of a kind: one of those that a registry knows when the file is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class NameOf:
    """Marks a text that is one of `names()`, as `Literal` would, but asked each time: plug-ins may add some.

    Examples
    --------
    >>> from typing import Annotated
    >>> from pydantic import TypeAdapter
    >>> TypeAdapter(Annotated[str, NameOf(lambda: ("a", "b"))]).json_schema()
    {'enum': ['a', 'b'], 'type': 'string'}
    """

    names: Callable[[], tuple[str, ...]]

    def _check(self, value: str) -> str:
        if value not in self.names():
            expected = " or ".join(map(repr, self.names()))
            raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"enum": list(self.names()), "type": "string"}
