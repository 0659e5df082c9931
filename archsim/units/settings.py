"""Fields that hold settings of kinds by their names, each as the kind itself says what may be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from archsim.registry import FAMILIES
from archsim.units.errors import Path, errors_of
from archsim.units.kinds import FieldsError
from archsim.units.quantities import as_written, close_match


@dataclass(frozen=True)
class SettingsOf:
    """Marks a mapping from kinds of a family to their settings, as each kind's model `Settings` allows them."""

    group: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        errors = [error for name, values in given.items() for error in self._errors(name, values)]
        if errors:
            raise FieldsError(errors)
        return given

    def _errors(self, name: str, values: Any) -> Iterator[tuple[Path, str]]:
        family = FAMILIES[self.group]
        if name not in family:
            yield (name,), f"unknown {family.family}; there are: {', '.join(family)}{close_match(name, family)}"
            return
        if not isinstance(values, Mapping):
            yield (name,), f"must be a mapping; got {as_written(values)}"
            return
        model = family[name].Settings
        try:
            model.model_validate(values)
        except ValidationError as error:
            yield from (((name, *path), said) for path, said in errors_of(error, model))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        models = {name: kind.Settings for name, kind in FAMILIES[self.group].items()}
        kinds = {name: handler(model.__pydantic_core_schema__) for name, model in models.items()}
        return {"type": "object", "properties": kinds, "additionalProperties": False}
