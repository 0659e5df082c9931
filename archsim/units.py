"""Quantities with units at the door, plain numbers inside.

``"100 ns"`` in a file becomes ``100_000`` in a field whose name ends in ``_ps``. Nothing else in
archsim reads a unit. Decimals go through :class:`decimal.Decimal`, so ``"0.1 ns"`` is exactly 100 ps.

The second half holds what every model that is filled from a file shares: the field types
(`TimePs`, `EnergyPj`, …), the base class `DoorModel`, its inverse `to_door`, and `faults_of`, which
says in plain words what is wrong with a file.
"""

from __future__ import annotations

import difflib
import enum
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from archsim.errors import UnitError

Path = tuple[str | int, ...]

_EXACT: Final = Context(prec=200)
_FOUR_DIGITS: Final = Context(prec=4)
_LONGEST_TEXT: Final = 64
_LARGEST_INT: Final = 2**63 - 1
_NUMBER: Final = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_QUANTITY: Final = re.compile(rf"\s*(?P<number>[+-]?{_NUMBER})\s*(?P<unit>.*?)\s*", re.DOTALL)
_EXPONENTS: Final = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}


@dataclass(frozen=True)
class _Kind:
    """What is measured: the units it may have, as factors to the unit used inside."""

    noun: str
    inner: str
    units: Mapping[str, Decimal]
    example: str
    shown: tuple[str, ...]
    whole: bool = False
    signed: bool = False
    show_from: Decimal = Decimal(1)

    @property
    def allowed(self) -> str:
        return ", ".join(unit for unit in self.units if unit)


def _scaled(symbol: str, prefixes: str, inner: int, power: int = 1) -> dict[str, Decimal]:
    """Factors of ``prefix + symbol`` to the unit with exponent `inner`; ``-`` stands for no prefix."""
    names = [prefix.replace("-", "") for prefix in prefixes]
    return {f"{name}{symbol}": Decimal(1).scaleb((_EXPONENTS[name] - inner) * power) for name in names}


def _kind(noun: str, inner: str, units: dict[str, Decimal], example: str, **more: Any) -> _Kind:
    more.setdefault("shown", tuple(units))
    return _Kind(noun, inner, units, example, **more)


_BITS_PER: Final = {
    **{f"{p}bit": Decimal(10) ** _EXPONENTS[p] for p in ("", "k", "M", "G")},
    **{f"{p}ibit": Decimal(1024) ** n for n, p in enumerate("KMG", start=1)},
    **{f"{p}B": 8 * Decimal(10) ** _EXPONENTS[p] for p in ("", "k", "M", "G")},
    **{f"{p}iB": 8 * Decimal(1024) ** n for n, p in enumerate("KMG", start=1)},
}

_KINDS: Final[dict[str, _Kind]] = {
    "time": _kind("a time", "ps", _scaled("s", "pnum-", -12), "100 ns", whole=True),
    "energy": _kind("an energy", "pJ", _scaled("J", "afpnum-", -12), "2.5 pJ"),
    "power": _kind("a power", "uW", _scaled("W", "fpnum-", -6), "35 uW"),
    "area": _kind(
        "an area",
        "um2",
        _scaled("m2", "num", -6, power=2),
        "0.12 mm2",
        shown=("um2", "mm2"),
        show_from=Decimal("0.1"),
    ),
    "length": _kind("a length", "um", _scaled("m", "num-", -6), "20 um"),
    "node": _kind("a technology node", "nm", _scaled("m", "nu", -9), "65 nm", shown=("nm",)),
    "frequency": _kind(
        "a frequency or rate",
        "MHz",
        {**_scaled("Hz", "-kMG", 6), **_scaled("S/s", "-kMG", 6)},
        "1.28 GS/s",
        shown=("Hz", "kHz", "MHz", "GHz"),
    ),
    "voltage": _kind("a voltage", "V", _scaled("V", "um-", 0), "0.2 V", signed=True),
    "current": _kind("a current", "A", _scaled("A", "fpnum-", 0), "10 uA"),
    "resistance": _kind("a resistance", "ohm", _scaled("ohm", "m-kMG", 0), "10 kohm"),
    "conductance": _kind("a conductance", "S", _scaled("S", "pnum-", 0), "40 uS"),
    "capacitance": _kind("a capacitance", "fF", _scaled("F", "afpnu", -15), "50 fF"),
    "bits": _kind(
        "a number of bits", "bit", _BITS_PER, "8 bit", shown=("bit", "kbit", "Mbit", "Gbit"), whole=True
    ),
    "bytes": _kind(
        "a number of bytes",
        "B",
        {unit: factor / 8 for unit, factor in _BITS_PER.items()},
        "64 KiB",
        shown=("B", "kB", "MB", "GB"),
        whole=True,
    ),
    "temperature": _kind("a temperature", "K", {"K": Decimal(1)}, "300 K"),
    "fraction": _kind("a fraction", "", {"%": Decimal("0.01"), "": Decimal(1)}, "35 %", shown=("%",)),
}


def _spelled(unit: str) -> str:
    """The one spelling of a unit that the tables use."""
    for written, meant in (("µ", "u"), ("μ", "u"), ("Ω", "ohm"), ("Ω", "ohm"), ("^2", "2"), ("²", "2")):
        unit = unit.replace(written, meant)
    return unit.removesuffix("s") if unit.endswith("bits") else unit


def close_match(word: str, words: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'rows'?``, or nothing."""
    by_lower: dict[str, str] = {}
    for candidate in words:
        by_lower.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean '{by_lower[found[0]]}'?" if found else ""


def _shown(value: object) -> str:
    """A value as a file would write it, cut to a line."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _with_example(kind: _Kind) -> str:
    if not kind.inner:
        return f"{kind.noun} is a number from 0 to 1 or a percentage, e.g. 0.35 or '35 %'"
    return f"{kind.noun} needs a unit, e.g. '{kind.example}' (allowed: {kind.allowed})"


def _split(text: object, kind: _Kind) -> tuple[Decimal, str]:
    """The number and the unit of a quantity as written."""
    bare = not isinstance(text, bool) and not kind.inner
    if bare and isinstance(text, int | float) and math.isfinite(text):
        return Decimal(repr(text)), ""
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise UnitError(f"{_with_example(kind)}; got {_shown(text)}")
    unit = _spelled(match["unit"])
    if unit in kind.units:
        return Decimal(match["number"]), unit
    if not unit:
        raise UnitError(f"{_with_example(kind)}; got {_shown(text)}")
    for other in _KINDS.values():
        if unit in other.units:
            raise UnitError(f"{_shown(text)} is {other.noun}; {_with_example(kind)}")
    raise UnitError(f"unknown unit in {_shown(text)}: {_with_example(kind)}{close_match(unit, kind.units)}")


def parse_quantity(text: object, kind: str) -> int | float:
    """Read a quantity with its unit, as files write it.

    Parameters
    ----------
    text : object
        A number and a unit, such as ``"2.5e-3 pJ"``; the space may be missing, ``µ`` and ``u`` mean the
        same. Only a fraction may be a bare number.
    kind : str
        ``time``, ``energy``, ``power``, ``area``, ``length``, ``node``, ``frequency``, ``voltage``,
        ``current``, ``resistance``, ``conductance``, ``capacitance``, ``bits``, ``bytes``,
        ``temperature`` or ``fraction``.

    Returns
    -------
    int or float
        The value in ps (int), pJ, uW, um², um, nm, MHz, V, A, ohm, S, fF, bits (int), bytes (int), K,
        or as a fraction of one. The only rounding is the last one, from decimal to float.

    Raises
    ------
    UnitError
        No unit, an unknown unit or one of another kind; a time that is no whole number of ps, bits or
        bytes that are not whole; a negative value of anything but a voltage; a fraction above one;
        a value that no field can hold.

    Examples
    --------
    >>> parse_quantity("0.1 ns", "time")
    100
    >>> parse_quantity("64 KiB", "bytes")
    65536
    >>> parse_quantity("0.12 mm^2", "area")
    120000.0
    """
    rules = _KINDS[kind]
    number, unit = _split(text, rules)
    if number < 0 and not rules.signed:
        raise UnitError(f"{rules.noun} must not be negative; got {_shown(text)}")
    if number and abs(number.adjusted()) > 400:
        size = "large" if number.adjusted() > 0 else "small"
        raise UnitError(f"{rules.noun} cannot be as {size} as {_shown(text)}")
    value = _EXACT.multiply(number, rules.units[unit])
    if not rules.inner and value > 1:
        raise UnitError(f"{_with_example(rules)}; got {_shown(text)}")
    return _as_whole(value, text, rules) if rules.whole else _as_float(value, text, rules)


def _as_whole(value: Decimal, text: object, kind: _Kind) -> int:
    if value != value.to_integral_value():
        whole = f"{kind.noun} must be a whole number of {kind.inner}"
        raise UnitError(f"{whole}; {_shown(text)} is {_plain(value)} {kind.inner}")
    if value > _LARGEST_INT:
        raise UnitError(f"{kind.noun} must stay below 2^63 {kind.inner}; got {_shown(text)}")
    return int(value)


def _as_float(value: Decimal, text: object, kind: _Kind) -> float:
    plain = float(value)
    if math.isinf(plain):
        raise UnitError(f"{kind.noun} cannot be as large as {_shown(text)}")
    if plain == 0.0 and value:
        raise UnitError(f"{kind.noun} cannot be as small as {_shown(text)}")
    return plain + 0.0  # no negative zero


def _fitting_unit(number: Decimal, kind: _Kind) -> str:
    """The largest unit in which the number is not below one (0.1 for an area)."""
    shown = kind.shown
    if kind.inner == "B" and number and number % 1024 == 0:
        shown = ("B", "KiB", "MiB", "GiB")
    fitting = [unit for unit in shown if abs(number) >= kind.show_from * kind.units[unit]]
    if not number and kind.inner in shown:
        return kind.inner
    return fitting[-1] if fitting else shown[0]


def _decimal(value: int | float) -> Decimal:
    # float() and int() take off numpy's types, whose repr is no plain number
    return Decimal(repr(float(value))) if isinstance(value, float) else Decimal(int(value))


def _plain(number: Decimal) -> str:
    """A decimal without trailing zeros, and without an exponent where that stays readable."""
    number = number.normalize(_EXACT)
    return format(number, "f") if number == 0 or -6 <= number.adjusted() < 18 else str(number)


def format_quantity(value: int | float, kind: str) -> str:
    """Write a value for people: four digits and the unit that suits its size.

    Parameters
    ----------
    value : int or float
        In the unit used inside (ps, pJ, uW, um², …).
    kind : str
        As in `parse_quantity`.

    Returns
    -------
    str
        Such as ``"1.25 us"``. Rounded; `to_door` is exact instead.

    Examples
    --------
    >>> format_quantity(1_250_000, "time"), format_quantity(120_000.0, "area")
    ('1.25 us', '0.12 mm2')
    """
    rules = _KINDS[kind]
    if not math.isfinite(value):
        return f"{value} {rules.inner or '%'}"
    exact = _decimal(value)
    unit = _fitting_unit(_FOUR_DIGITS.plus(exact), rules)
    if kind == "bytes":
        unit = _fitting_unit(exact, rules)
    return f"{_plain(_FOUR_DIGITS.divide(exact, rules.units[unit]))} {unit}"


def _exact_quantity(value: int | float, kind: str) -> str | float:
    """The text that `parse_quantity` reads back as exactly this value."""
    rules = _KINDS[kind]
    if not rules.inner:
        return value
    number = _decimal(value)
    unit = _fitting_unit(number, rules)
    scaled = _EXACT.divide(number, rules.units[unit])
    if _EXACT.multiply(scaled, rules.units[unit]) != number or scaled.adjusted() < -30:
        unit, scaled = rules.inner, number
    return f"{_plain(scaled)} {unit}"


def _pattern(kind: _Kind) -> str:
    """The regular expression (JSON Schema's dialect) of what `parse_quantity` takes."""
    units = []
    for unit in kind.units:
        written = re.sub(r"^u(?=.)", "[uµμ]", unit)
        written = re.sub(r"2$", "(\\^?2|²)", written)
        written = re.sub(r"bit$", "bits?", written)
        units.append(re.sub(r"ohm$", "(ohm|Ω|Ω)", written))
    sign = "[+-]?" if kind.signed else r"\+?"
    return rf"^\s*{sign}{_NUMBER}\s*({'|'.join(units)})\s*$"


@dataclass(frozen=True)
class Quantity:
    """Marks a field whose value is written with a unit; `kind` is as in `parse_quantity`."""

    kind: str

    def _read(self, value: object) -> int | float:
        return parse_quantity(value, self.kind)

    def _write(self, value: int | float) -> str | float:
        return _exact_quantity(value, self.kind)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self._read,
            handler(source),
            # model_dump() keeps plain numbers; mode="json" writes what a file holds
            serialization=core_schema.plain_serializer_function_ser_schema(self._write, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        rules = _KINDS[self.kind]
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


def door_key(field_name: str) -> str:
    """The key in a file of a field in Python: without count prefix and unit suffix.

    Examples
    --------
    >>> door_key("read_latency_ps"), door_key("n_rows"), door_key("n_bits"), door_key("kind")
    ('read_latency', 'rows', 'bits', 'kind')
    """
    key = field_name.removeprefix("n_") or field_name
    for suffix in _SUFFIXES:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key.removesuffix(suffix)
    return key


def _as_declared(value: object, annotation: Any) -> object:
    """Lists become tuples, and texts members of an enum, where the field says so; all else stays."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal and isinstance(value, bool | float):
        # pydantic takes true and 1.0 for a literal 1; as a text neither passes
        return value if any(value == arm and type(value) is type(arm) for arm in arguments) else _shown(value)
    if origin is Annotated:
        return _as_declared(value, arguments[0])
    if origin in (Union, types.UnionType):
        for arm in arguments:
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


class DoorModel(BaseModel):
    """Base of every model that is filled from a file.

    Frozen; unknown keys and silent conversions are refused (an int field takes neither ``"3"`` nor
    ``3.0`` nor ``true``). Keys in the file are `door_key` of the field names. Lists fill tuple fields.
    Also from Python it is built from what a file would hold, so that a number never loses its unit.

    Examples
    --------
    >>> class Array(DoorModel):
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
        alias_generator=door_key,
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
            for mark in _place(field.annotation, field.metadata).metadata:
                if isinstance(mark, Quantity) and shown.get("default") is not None:
                    shown["default"] = _exact_quantity(field.default, mark.kind)
        return written

    @model_validator(mode="before")
    @classmethod
    def _take_lists_for_tuples(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        declared = {field.alias or name: field.annotation for name, field in cls.model_fields.items()}
        return {key: _as_declared(value, declared.get(key)) for key, value in data.items()}


def to_door(model: DoorModel) -> dict[str, Any]:
    """What a file would hold to give this model: keys of the file, quantities with units, exact.

    ``type(model).model_validate(to_door(model)) == model``.
    """
    return model.model_dump(mode="json", by_alias=True)


# ---- faults in words ----


@dataclass(frozen=True)
class _Place:
    """What is declared at a path of a model: an annotation without Optional and Annotated."""

    annotation: Any
    metadata: tuple[Any, ...] = ()

    @property
    def arms(self) -> tuple[Any, ...]:
        return get_args(self.annotation) if get_origin(self.annotation) in (Union, types.UnionType) else ()

    @property
    def model(self) -> type[BaseModel] | None:
        kind = self.annotation
        return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _place(annotation: Any, metadata: Sequence[Any] = ()) -> _Place:
    metadata = tuple(metadata)
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += tuple(more)
            continue
        place = _Place(annotation, metadata)
        arms = [arm for arm in place.arms if arm is not type(None)]
        if len(arms) == len(place.arms):
            return place
        annotation = Union[tuple(arms)]  # noqa: UP007  (built at run time)


def _is_arm(arm: Any, label: str) -> bool:
    """Whether pydantic's label in a location means this arm of a union: its tag, or its type's name."""
    place = _place(arm)
    if place.model is not None:
        tags = [tag for field in place.model.model_fields.values() for tag in _choices(_place(field.annotation))]
        return label == place.model.__name__ or label in map(str, tags)
    if any(isinstance(mark, Quantity) for mark in place.metadata):
        return label.startswith("function-before")
    name = getattr(get_origin(place.annotation) or place.annotation, "__name__", "").lower()
    return label.removeprefix("constrained-").split("[")[0] == name


def _step(place: _Place, part: str | int) -> tuple[_Place, bool]:
    """One part of pydantic's location: what is declared there, and whether a file shows that part."""
    if place.arms:
        arm = next((arm for arm in place.arms if _is_arm(arm, str(part))), Any)
        return _place(arm), False
    if place.model is not None:
        fields = {field.alias or name: field for name, field in place.model.model_fields.items()}
        field = fields.get(str(part))
        return (_place(field.annotation, field.metadata) if field else _Place(Any)), True
    origin, arguments = get_origin(place.annotation), get_args(place.annotation)
    if part == "[key]":
        return _Place(str), False
    if origin is dict:
        return _place(arguments[1]), True
    if origin in (tuple, list) and isinstance(part, int):
        many = origin is list or arguments[-1] is Ellipsis
        return _place(arguments[0 if many else min(part, len(arguments) - 1)]), True
    return _Place(Any), True


def _choices(place: _Place) -> tuple[Any, ...]:
    """The values that a Literal or Enum allows."""
    if get_origin(place.annotation) is Literal:
        return get_args(place.annotation)
    if isinstance(place.annotation, type) and issubclass(place.annotation, enum.Enum):
        return tuple(member.value for member in place.annotation)
    return ()


_NOUNS: Final[dict[Any, str]] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}


def _needs(place: _Place) -> str:
    """What belongs at a place, in words."""
    for mark in place.metadata:
        if isinstance(mark, Quantity):
            kind = _KINDS[mark.kind]
            return f"{kind.noun}, e.g. '{kind.example}'"
    if choices := _choices(place):
        return "one of " + ", ".join(map(str, choices)) if len(choices) > 1 else str(choices[0])
    if place.arms:
        return " or ".join(dict.fromkeys(_needs(_place(arm)) for arm in place.arms))
    if place.model is not None:
        return "a mapping with the keys " + ", ".join(_keys(place.model))
    origin = get_origin(place.annotation)
    if origin in (tuple, list):
        return "a list"
    return "a mapping" if origin is dict else _NOUNS.get(place.annotation, "a value")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(key: str | int, parent: _Place) -> str:
    keys = _keys(parent.model) if parent.model else []
    hint = f"; did you mean '{door_key(str(key))}'?" if door_key(str(key)) in keys else close_match(str(key), keys)
    return f"unknown key; allowed: {', '.join(keys)}{hint}"


def _message(item: Mapping[str, Any], here: _Place, parent: _Place) -> str:
    """One of pydantic's errors for the person who wrote the file."""
    kind, context, value = item["type"], item.get("ctx", {}), item.get("input")
    if kind == "extra_forbidden":
        return _unknown_key(item["loc"][-1], parent)
    if kind == "missing":
        return f"missing; needs {_needs(here)}"
    if kind in ("too_long", "too_short"):
        bound = f"at most {context['max_length']}" if kind == "too_long" else f"at least {context['min_length']}"
        return f"must have {bound} items; has {context['actual_length']}"
    if kind == "union_tag_invalid":
        name = context["discriminator"].strip("'")
        tags = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        return f"unknown {name} '{context['tag']}'; allowed: {', '.join(tags)}{close_match(context['tag'], tags)}"
    if kind == "union_tag_not_found":
        tags = [str(tag) for arm in here.arms for tag in _tags_of(arm, context["discriminator"].strip("'"))]
        return f"missing; needs one of {', '.join(tags)}"
    if "error" in context:  # raised by a validator, written for people already
        return str(context["error"])
    if choices := _choices(here):
        hint = close_match(value, map(str, choices)) if isinstance(value, str) else ""
        return f"must be {_needs(here)}; got {_shown(value)}{hint}"
    if kind.endswith("_type") or kind == "model_attributes_type":
        return f"must be {_needs(here)}; got {_shown(value)}"
    said = (
        item["msg"]
        .replace("Input should", "must")
        .replace("String should", "must")
        .replace("greater than or equal to", "at least")
    )
    return f"{said.replace('less than or equal to', 'at most')}; got {_shown(value)}"


def _tags_of(arm: Any, discriminator: str) -> tuple[Any, ...]:
    model = _place(arm).model
    fields = {} if model is None else {f.alias or name: f for name, f in model.model_fields.items()}
    return _choices(_place(fields[discriminator].annotation)) if discriminator in fields else ()


def faults_of(error: ValueError, model_class: type[BaseModel]) -> list[tuple[Path, str]]:
    """Every fault that pydantic found, as (path in the file, message for people).

    Parameters
    ----------
    error : ValueError
        What ``model_class.model_validate`` raised.
    model_class : type
        The model that was to be filled: it knows the keys, kinds and units that are allowed.

    Returns
    -------
    list of (path, message)
        Paths hold keys and list indices as a file shows them (no tags of unions). A path appears once.
    """
    if not isinstance(error, ValidationError):
        return [((), str(error))]
    found = [_fault(item, model_class) for item in error.errors(include_url=False)]
    reached = [fault.path for fault in found if not fault.wrong_arm]
    faults: dict[Path, list[str]] = {}
    for fault in found:
        # an arm of a union whose very type is wrong says nothing where another arm was meant
        if fault.wrong_arm and any(path[: len(fault.path)] == fault.path for path in reached):
            continue
        messages = faults.setdefault(fault.path, [])
        if fault.message not in messages:
            messages.append(fault.message)
    return [(path, "; ".join(messages)) for path, messages in faults.items()]


@dataclass(frozen=True)
class _Fault:
    path: Path
    message: str
    wrong_arm: bool


def _fault(item: Mapping[str, Any], model_class: type[BaseModel]) -> _Fault:
    """One of pydantic's errors, at its path in the file."""
    parent, here, path, shown = _Place(Any), _place(model_class), list[str | int](), True
    for part in item["loc"]:
        parent, (here, shown) = here, _step(here, part)
        path += [part] if shown else []
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path.append(item["ctx"]["discriminator"].strip("'"))
    wrong_arm = not shown and item["type"].endswith("_type")
    return _Fault(tuple(path), _message(item, parent if wrong_arm else here, parent), wrong_arm)


def only_unit_faults(error: ValueError) -> bool:
    """Whether all that pydantic found are quantities without unit, or with a wrong one."""
    if not isinstance(error, ValidationError):
        return isinstance(error, UnitError)
    causes = [item.get("ctx", {}).get("error") for item in error.errors(include_url=False)]
    return all(isinstance(cause, UnitError) for cause in causes)
