"""What is wrong with a file, in plain words."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from archsim.errors import UnitError
from archsim.units.door import Place, Quantity, door_key, place_of
from archsim.units.quantities import KINDS, as_written, close_match

Path = tuple[str | int, ...]


def _is_arm(arm: Any, label: str) -> bool:
    """Whether pydantic's label in a location means this arm of a union: its tag, or its type's name."""
    place = place_of(arm)
    if place.model is not None:
        tags = [tag for field in place.model.model_fields.values() for tag in _choices(place_of(field.annotation))]
        return label == place.model.__name__ or label in map(str, tags)
    if any(isinstance(mark, Quantity) for mark in place.metadata):
        return label.startswith("function-before")
    name = getattr(get_origin(place.annotation) or place.annotation, "__name__", "").lower()
    return label.removeprefix("constrained-").split("[")[0] == name


def _step(place: Place, part: str | int) -> tuple[Place, bool]:
    """One part of pydantic's location: what is declared there, and whether a file shows that part."""
    if place.arms:
        arm = next((arm for arm in place.arms if _is_arm(arm, str(part))), Any)
        return place_of(arm), False
    if place.model is not None:
        fields = {field.alias or name: field for name, field in place.model.model_fields.items()}
        field = fields.get(str(part))
        return (place_of(field.annotation, field.metadata) if field else Place(Any)), True
    origin, arguments = get_origin(place.annotation), get_args(place.annotation)
    if part == "[key]":
        return Place(str), False
    if origin is dict:
        return place_of(arguments[1]), True
    if origin in (tuple, list) and isinstance(part, int):
        many = origin is list or arguments[-1] is Ellipsis
        return place_of(arguments[0 if many else min(part, len(arguments) - 1)]), True
    return Place(Any), True


def _choices(place: Place) -> tuple[Any, ...]:
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


def _needs(place: Place) -> str:
    """What belongs at a place, in words."""
    for mark in place.metadata:
        if isinstance(mark, Quantity):
            kind = KINDS[mark.kind]
            return f"{kind.noun}, e.g. '{kind.example}'"
    if choices := _choices(place):
        return "one of " + ", ".join(map(str, choices)) if len(choices) > 1 else str(choices[0])
    if place.arms:
        return " or ".join(dict.fromkeys(_needs(place_of(arm)) for arm in place.arms))
    if place.model is not None:
        return "a mapping with the keys " + ", ".join(_keys(place.model))
    origin = get_origin(place.annotation)
    if origin in (tuple, list):
        return "a list"
    return "a mapping" if origin is dict else _NOUNS.get(place.annotation, "a value")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(key: str | int, parent: Place) -> str:
    keys = _keys(parent.model) if parent.model else []
    hint = f"; did you mean '{door_key(str(key))}'?" if door_key(str(key)) in keys else close_match(str(key), keys)
    return f"unknown key; allowed: {', '.join(keys)}{hint}"


def _message(item: Mapping[str, Any], here: Place, parent: Place) -> str:
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
        return f"must be {_needs(here)}; got {as_written(value)}{hint}"
    if kind.endswith("_type") or kind == "model_attributes_type":
        return f"must be {_needs(here)}; got {as_written(value)}"
    said = (
        item["msg"]
        .replace("Input should", "must")
        .replace("String should", "must")
        .replace("greater than or equal to", "at least")
    )
    return f"{said.replace('less than or equal to', 'at most')}; got {as_written(value)}"


def _tags_of(arm: Any, discriminator: str) -> tuple[Any, ...]:
    model = place_of(arm).model
    fields = {} if model is None else {f.alias or name: f for name, f in model.model_fields.items()}
    return _choices(place_of(fields[discriminator].annotation)) if discriminator in fields else ()


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
    parent, here, path, shown = Place(Any), place_of(model_class), list[str | int](), True
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
