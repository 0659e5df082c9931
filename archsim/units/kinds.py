"""Fields that name a kind: what is allowed is asked of the register whenever a file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from archsim.registry import FAMILIES
from archsim.units.quantities import as_written, close_match


@dataclass(frozen=True)
class KindName:
    """Marks a text that names a kind of the family to which entry points of `group` add.

    Examples
    --------
    >>> KindName("archsim.adcs").names()
    ('flash', 'integrate_and_fire', 'ramp', 'sar', 'sense_amp')
    """

    group: str
    besides: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    """Names that mean none of the kinds, before and after these."""

    def names(self) -> tuple[str, ...]:
        """The allowed values."""
        return (*self.besides, *FAMILIES[self.group].names(), *self.behind)

    def _known(self, value: object) -> object:
        if isinstance(value, str) and value in self.names():
            return value
        raise PydanticKnownError("literal_error", {"expected": ", ".join(self.names())})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.names())}


class FieldsError(ValueError):
    """Errors of a whole section, each at its key.

    Parameters
    ----------
    errors : sequence of (path, message)
        Paths are relative to the model whose validator raises this.

    Examples
    --------
    >>> print(FieldsError([(("adc", "rate"), "must be above zero"), (("name",), "is taken")]))
    adc.rate: must be above zero; name: is taken
    """

    def __init__(self, errors: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        lines = (": ".join(filter(None, (".".join(map(str, path)), message))) for path, message in errors)
        super().__init__("; ".join(lines))
        self.errors = tuple(errors)


class KindFieldsError(FieldsError):
    """Errors in the section of a kind, each at its key; `units`: only those of quantities."""

    def __init__(self, errors: Sequence[tuple[tuple[str | int, ...], str]], units: bool = False) -> None:
        super().__init__(errors)
        self.units = units


@dataclass(frozen=True)
class KindOf:
    """Marks a section whose key `kind` names a kind of a family; the kinds are models, filled from the section."""

    group: str

    def models(self) -> tuple[type[BaseModel], ...]:
        """The values that it may have."""
        return tuple(FAMILIES[self.group].values())

    def _read(self, value: object) -> object:
        family = FAMILIES[self.group]
        if isinstance(value, family.base):
            return value
        if not isinstance(value, dict):
            listed = ", ".join(family)
            raise ValueError(f"must be a mapping with the key kind, one of {listed}; got {as_written(value)}")
        kind = value.get("kind")
        if not (isinstance(kind, str) and kind in family):
            raise KindFieldsError([(("kind",), self._wrong_name(value))])
        return self._filled(family[kind], value)

    def _wrong_name(self, value: dict[str, Any]) -> str:
        names = list(FAMILIES[self.group])
        if "kind" not in value:
            return f"missing; needs one of {', '.join(names)}"
        kind = value["kind"]
        hint = close_match(kind, names) if isinstance(kind, str) else ""
        return f"must be one of {', '.join(names)}; got {as_written(kind)}{hint}"

    def _filled(self, kind: type[BaseModel], value: dict[str, Any]) -> BaseModel:
        from archsim.units.errors import errors_of, only_unit_errors  # knows this module

        try:
            return kind.model_validate(value)
        except ValueError as error:
            raise KindFieldsError(errors_of(error, kind), only_unit_errors(error)) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        return {"oneOf": [handler(model.__pydantic_core_schema__) for model in self.models()]}
