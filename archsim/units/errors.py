"""Errors of a file, in plain words."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo

from archsim.errors import UnitError
from archsim.json_reader import shown_path
from archsim.units.fields import Place, Quantity, file_key, place_of
from archsim.units.kinds import FieldsError, KindFieldsError, KindName
from archsim.units.quantities import KINDS, as_written, close_match

Path = tuple[str | int, ...]


def _is_arm(arm: Any, label: str) -> bool:
    """Whether pydantic's label in a location means this arm of a union: its tag, or its type's name."""
    place = place_of(arm)
    if any(isinstance(mark, Tag) and mark.tag == label for mark in place.metadata):
        return True
    if place.model is not None:
        tags = [
            tag
            for field in place.model.model_fields.values()
            for tag in _choices(place_of(field.annotation, field.metadata))
        ]
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
    """The values that a Literal, an Enum or a register of kinds allows."""
    for mark in place.metadata:
        if isinstance(mark, KindName):
            return mark.names()
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
    """The allowed values at a place, in words."""
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


def _needs_one_of(place: Place) -> str:
    """The allowed values of a union, with the bounds of its numbers."""
    words = []
    for arm in map(place_of, place.arms):
        least = next((bound for mark in arm.metadata if (bound := _least(mark)) is not None), None)
        words.append(_needs(arm) + ("" if least is None else f" from {least}"))
    return (", or " if any(" from " in word for word in words) else " or ").join(dict.fromkeys(words))


def _least(mark: Any) -> Any:
    """The lower bound that is declared, or None."""
    bounds = mark.metadata if isinstance(mark, FieldInfo) else [mark]
    return next((bound.ge for bound in bounds if hasattr(bound, "ge")), None)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(key: str | int, parent: Place) -> str:
    keys = _keys(parent.model) if parent.model else []
    hint = f"; did you mean '{file_key(str(key))}'?" if file_key(str(key)) in keys else close_match(str(key), keys)
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
    if kind == "union_tag_not_found" and _by_function(item):
        return f"must be {_needs(here)}; got {as_written(value)}"
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


def _by_function(item: Mapping[str, Any]) -> bool:
    """Whether a function, and no key in the file, chooses the arm of a union."""
    return str(item["ctx"]["discriminator"]).endswith("()")


def _tags_of(arm: Any, discriminator: str) -> tuple[Any, ...]:
    model = place_of(arm).model
    fields = {} if model is None else {f.alias or name: f for name, f in model.model_fields.items()}
    return _choices(place_of(fields[discriminator].annotation)) if discriminator in fields else ()


def errors_of(error: ValueError, model_class: type[BaseModel], single: bool = False) -> list[tuple[Path, str]]:
    """Every error that pydantic found, as (path in the file, message for people).

    Parameters
    ----------
    error : ValueError
        What ``model_class.model_validate`` raised.
    model_class : type
        The model that was to be filled: it knows the keys, kinds and units that are allowed.
    single : bool
        Leave out what depends on several fields together.

    Returns
    -------
    list of (path, message)
        Paths hold keys and list indices as a file shows them (no tags of unions). A path appears once.
    """
    if not isinstance(error, ValidationError):
        return [((), str(error))]
    items = error.errors(include_url=False)
    if single:
        items = [item for item in items if not _is_of_several(item.get("ctx", {}).get("error"))]
    found = [one for item in items for one in _errors(item, model_class)]
    by_path: dict[Path, list[_Error]] = {}
    for one in found:
        by_path.setdefault(one.path, []).append(one)
    reached = [one.path for one in found if not one.wrong_arm]
    # an arm of a union that the value does not fit says nothing where another arm was meant
    return [
        (path, message)
        for path, here in by_path.items()
        if (message := _joined(here, any(len(p) > len(path) and p[: len(path)] == path for p in reached)))
    ]


def _is_of_several(cause: object) -> bool:
    return isinstance(cause, FieldsError) and not isinstance(cause, KindFieldsError)


@dataclass(frozen=True)
class _Error:
    """`union`: where the value stands, if an arm of it refuses the value as a whole."""

    path: Path
    message: str
    union: Place | None = None
    wrong_arm: bool = False
    plain: bool = False  # the refusal says no more than what the arm needs
    value: object = None


_PLAIN: Final = ("literal_error", "enum", "greater_than_equal")


def _errors(item: Mapping[str, Any], model_class: type[BaseModel]) -> Iterator[_Error]:
    """One of pydantic's errors, at its path in the file; several if a validator found several."""
    parent, here, path, shown = Place(Any), place_of(model_class), list[str | int](), True
    for part in item["loc"]:
        parent, (here, shown) = here, _step(here, part)
        path += [part] if shown else []
    kind = item["type"]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, FieldsError):
        yield from (_Error((*path, *where), message) for where, message in cause.errors)
        return
    if kind in ("union_tag_invalid", "union_tag_not_found") and not _by_function(item):
        path.append(item["ctx"]["discriminator"].strip("'"))
    in_arm = not shown and bool(parent.arms)
    wrong_arm = not shown and kind.endswith(("_type", "literal_error", "enum"))
    yield _Error(
        tuple(path),
        _message(item, parent if not shown and kind.endswith("_type") else here, parent),
        union=parent if in_arm else None,
        wrong_arm=wrong_arm,
        plain=in_arm and (wrong_arm or kind in _PLAIN),
        value=item.get("input"),
    )


def _joined(errors: Sequence[_Error], deeper: bool) -> str:
    """One message for all that is said about one value; nothing if the meant arm says more, deeper down."""
    if deeper:
        errors = [error for error in errors if not error.wrong_arm]
    plain = [error for error in errors if error.plain]
    told = [error.message for error in errors if not error.plain]
    union = plain[0].union if plain else None
    if union is None or (len(plain) == 1 and not told):
        return "; ".join(dict.fromkeys(error.message for error in errors))
    if not told:
        return f"must be {_needs_one_of(union)}; got {as_written(plain[0].value)}"
    words = [text for arm in union.arms for text in map(str, _choices(place_of(arm)))]
    return "; ".join(dict.fromkeys(told)) + (f"; or {', '.join(words)}" if words else "")


def only_unit_errors(error: ValueError) -> bool:
    """Whether all that pydantic found are quantities without unit, or with a wrong one."""
    if not isinstance(error, ValidationError):
        return isinstance(error, UnitError)
    causes = [item.get("ctx", {}).get("error") for item in error.errors(include_url=False)]
    return all(isinstance(cause, UnitError) or getattr(cause, "units", False) for cause in causes)


def paths_to(model_class: type[BaseModel], keys: str) -> list[str]:
    """Where a key, or keys with dots between, stands in files of a kind; items of lists are left out.

    Examples
    --------
    >>> from archsim.spec import Chip
    >>> paths_to(Chip, "rows"), paths_to(Chip, "bus.width")
    (['crossbar.rows', 'drivers.cost.rows'], ['tile.bus.width'])
    """
    wanted = keys.split(".")
    paths = dict.fromkeys(_all_paths(place_of(model_class)))
    return [".".join(path) for path in paths if list(path[-len(wanted) :]) == wanted]


def _all_paths(place: Place) -> Iterator[tuple[str, ...]]:
    for arm in place.arms:
        yield from _all_paths(place_of(arm))
    if place.model is not None:
        for name, field in place.model.model_fields.items():
            key = field.alias or name
            yield (key,)
            for deeper in _all_paths(place_of(field.annotation, field.metadata)):
                yield (key, *deeper)


def shape_error(found: object, shape: type[BaseModel]) -> str:
    """Errors of data, each field by its name; empty if it has the shape.

    Examples
    --------
    >>> class Shape(BaseModel):
    ...     seed: int
    >>> shape_error({"seed": "one"}, Shape)
    "seed: must be a valid integer, unable to parse string as an integer; got 'one'"
    """
    try:
        shape.model_validate(found)
    except ValueError as cause:
        return "; ".join(f"{shown_path(path)}: {said}" if path else said for path, said in errors_of(cause, shape))
    return ""
