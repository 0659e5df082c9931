"""Fields with units, and the base of every model that is filled from a file."""

from __future__ import annotations

import enum
import math
import re
import types
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from archsim.units.kinds import KindOf
from archsim.units.quantities import (
    KINDS,
    LARGEST,
    NUMBER,
    SMALLEST,
    Kind,
    as_written,
    exact_quantity,
    parse_quantity,
)


def _pattern(kind: Kind) -> str:
    """The regular expression (JSON Schema's dialect) of what `parse_quantity` takes."""
    units = []
    for unit in kind.units:
        written = re.sub(r"^u(?=.)", "[uµμ]", unit)
        written = re.sub(r"2$", "(\\^?2|²)", written)
        written = re.sub(r"bit$", "bits?", written)
        units.append(re.sub(r"ohm$", "(ohm|Ω|Ω)", written))
    sign = "[+-]?" if kind.signed else r"\+?"
    return rf"^\s*{sign}{NUMBER}\s*({'|'.join(units)})\s*$"


# a study reads and writes thousands of chips that differ in a few of their hundred quantities
_read_text = lru_cache(maxsize=4096)(parse_quantity)
_written = lru_cache(maxsize=4096, typed=True)(exact_quantity)


@dataclass(frozen=True)
class Quantity:
    """Marks a field whose value is written with a unit; `kind` is as in `parse_quantity`."""

    kind: str

    def _read(self, value: object) -> int | float:
        return _read_text(value, self.kind) if isinstance(value, str) else parse_quantity(value, self.kind)

    def _write(self, value: int | float) -> str | float:
        return _written(value, self.kind)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self._read,
            handler(source),
            # model_dump() keeps plain numbers; mode="json" writes what a file holds
            serialization=core_schema.plain_serializer_function_ser_schema(self._write, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        rules = KINDS[self.kind]
        text = {"type": "string", "pattern": _pattern(rules), "examples": [rules.example]}
        if not rules.inner:
            return {
                "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, text],
                "description": "A fraction: a number from 0 to 1, or a percentage.",
            }
        noun = rules.noun[0].upper() + rules.noun[1:]
        return {**text, "description": f"{noun} with its unit ({rules.allowed})."}


TimePs = Annotated[int, Quantity("time")]
EnergyPj = Annotated[float, Quantity("energy")]
PowerUw = Annotated[float, Quantity("power")]
AreaUm2 = Annotated[float, Quantity("area")]
LengthUm = Annotated[float, Quantity("length")]
NodeNm = Annotated[float, Quantity("node")]
FrequencyMhz = Annotated[float, Quantity("frequency")]
VoltageV = Annotated[float, Quantity("voltage")]
CurrentA = Annotated[float, Quantity("current")]
ResistanceOhm = Annotated[float, Quantity("resistance")]
ConductanceSiemens = Annotated[float, Quantity("conductance")]
CapacitanceFf = Annotated[float, Quantity("capacitance")]
Bits = Annotated[int, Quantity("bits")]
Bytes = Annotated[int, Quantity("bytes")]
TemperatureK = Annotated[float, Quantity("temperature")]
Frac = Annotated[float, Quantity("fraction")]

_SUFFIXES: Final = (
    *("_ps", "_pj", "_uw", "_um2", "_um", "_nm", "_mhz", "_v", "_a", "_ohm", "_siemens", "_ff"),
    *("_bits", "_bytes", "_k", "_frac"),
)


def file_key(field_name: str) -> str:
    """The key in a file of a field in Python: without count prefix and unit suffix.

    Examples
    --------
    >>> file_key("read_latency_ps"), file_key("n_rows"), file_key("n_bits"), file_key("kind")
    ('read_latency', 'rows', 'bits', 'kind')
    """
    key = field_name.removeprefix("n_") or field_name
    for suffix in _SUFFIXES:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key.removesuffix(suffix)
    return key


@dataclass(frozen=True)
class Place:
    """The declaration at a path of a model: an annotation without Optional and Annotated."""

    annotation: Any
    metadata: tuple[Any, ...] = ()

    @property
    def arms(self) -> tuple[Any, ...]:
        for mark in self.metadata:
            if isinstance(mark, KindOf):
                return mark.models()
        return get_args(self.annotation) if get_origin(self.annotation) in (Union, types.UnionType) else ()

    @property
    def model(self) -> type[BaseModel] | None:
        kind = self.annotation
        return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def place_of(annotation: Any, metadata: Sequence[Any] = ()) -> Place:
    metadata = tuple(metadata)
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += tuple(more)
            continue
        place = Place(annotation, metadata)
        arms = [arm for arm in place.arms if arm is not type(None)]
        if len(arms) == len(place.arms):
            return place
        annotation = Union[tuple(arms)]  # noqa: UP007  (built at run time)


@cache
def _declared(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations by key, of the fields in which `_as_declared` may change something."""
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    return {key: annotation for key, annotation in fields.items() if _may_change(annotation)}


def _may_change(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _may_change(arguments[0])
    if origin in (Union, types.UnionType):
        return any(_may_change(arm) for arm in arguments)
    is_enum = isinstance(annotation, type) and issubclass(annotation, enum.Enum)
    return is_enum or origin in (Literal, tuple, list, dict)


def _as_declared(value: object, annotation: Any) -> object:
    """Lists become tuples, and texts members of an enum, where the field says so; all else stays."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal and isinstance(value, bool | float):
        # pydantic takes true and 1.0 for a literal 1; as a text neither passes
        return value if any(value == arm and type(value) is type(arm) for arm in arguments) else as_written(value)
    if origin is Annotated:
        return _as_declared(value, arguments[0])
    if origin in (Union, types.UnionType):
        numbers = any(get_origin(arm) is not Literal for arm in arguments) and type(value) is float
        for arm in arguments:
            if not (numbers and get_origin(arm) is Literal):  # a number is for the other arm
                value = _as_declared(value, arm)
        return value
    if isinstance(value, list) and origin in (tuple, list):
        many = origin is list or arguments[-1:] == (Ellipsis,)
        kinds = [arguments[0]] * len(value) if many else [*arguments, *[None] * len(value)]
        items = [_as_declared(item, kind) for item, kind in zip(value, kinds, strict=False)]
        return tuple(items) if origin is tuple else items
    if isinstance(value, dict) and origin is dict:
        return {key: _as_declared(item, arguments[1]) for key, item in value.items()}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum) and not isinstance(value, bool):
        members = {member.value: member for member in annotation}
        return members.get(value, value) if isinstance(value, str | int) else value
    return value


def checked_size(value: object) -> object:
    """A value as it is; a number so large or small that no product of it would be right is refused.

    Examples
    --------
    >>> checked_size("any text"), checked_size(0.5), checked_size(0.0)
    ('any text', 0.5, 0.0)
    """
    if isinstance(value, float) and value and math.isfinite(value):
        if abs(value) > LARGEST:
            raise ValueError(f"cannot be as large as {as_written(value)}; {LARGEST:g} is the most")
        if abs(value) < SMALLEST:
            raise ValueError(f"cannot be as small as {as_written(value)}; {SMALLEST:g} is the least above zero")
    return value


class FileModel(BaseModel):
    """Base of every model that is filled from a file.

    Frozen; unknown keys and silent conversions are refused (an int field takes neither ``"3"`` nor
    ``3.0`` nor ``true``). Keys in the file are `file_key` of the field names. Lists fill tuple fields.
    Also from Python it is built from what a file would hold, so that a number never loses its unit.

    Examples
    --------
    >>> class Array(FileModel):
    ...     n_rows: int
    ...     read_latency_ps: TimePs
    >>> Array.model_validate({"rows": 128, "read_latency": "100 ns"})
    Array(n_rows=128, read_latency_ps=100000)
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        alias_generator=file_key,
        protected_namespaces=(),
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        seen: dict[str, str] = {}
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if key in seen:
                raise TypeError(f"{cls.__name__}: fields {seen[key]} and {name} would share the key '{key}'")
            seen[key] = name

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        written = handler(schema)
        properties = handler.resolve_ref_schema(written).get("properties", {})
        for name, field in cls.model_fields.items():
            shown = properties.get(field.alias or name, {})
            for mark in place_of(field.annotation, field.metadata).metadata:
                if isinstance(mark, Quantity) and shown.get("default") is not None:
                    shown["default"] = exact_quantity(field.default, mark.kind)
        return written

    @field_validator("*", mode="after")
    @classmethod
    def _can_be_multiplied(cls, value: object) -> object:
        return checked_size(value)

    @model_validator(mode="before")
    @classmethod
    def _take_lists_for_tuples(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        declared = _declared(cls)
        return {key: _as_declared(item, declared[key]) if key in declared else item for key, item in data.items()}


def file_data(model: FileModel) -> dict[str, Any]:
    """The file that gives this model: keys of the file, quantities with units, exact.

    ``type(model).model_validate(file_data(model)) == model``.
    """
    return model.model_dump(mode="json", by_alias=True)
