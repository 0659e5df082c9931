"""Component libraries: a chip file names one and then states only what differs.

A library is a chip file itself. Sections are merged key by key, the chip's word last; where a section comes in
several models or kinds with keys of their own, another one replaces it whole. A chip that names another kind of
ADC than its library gets that kind's own figures, where there are some (`library/adcs/`). Every value keeps
its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from archsim.errors import SpecError
from archsim.sources import Source, read_source
from archsim.spec.chip import Chip
from archsim.spec.costs import Priced
from archsim.units import close_match, parse_quantity
from archsim.units.either import EITHER, without
from archsim.units.fields import Place, place_of
from archsim.yaml_reader import Document, Keys, read_yaml

FOLDER = Path(str(files("archsim") / "library"))
_OWN = ("name",)
"""Keys that come from the chip file alone, never from its library."""
_TELLS = ("model", "kind")
"""Keys by which a section says which of several it is."""
_NO_FIGURES = frozenset({"model", "source", "at", "uncertainty"})


def libraries() -> tuple[str, ...]:
    """Names of the libraries that come with the package.

    Examples
    --------
    >>> "rram_22nm" in libraries()
    True
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def nearest_library(node_nm: float) -> Document:
    """The library whose node is nearest, by the ratio of both, with all that it takes from others.

    Examples
    --------
    >>> nearest_library(28).data["name"]
    'rram_22nm'
    """
    known = [read_chip(FOLDER / f"{name}.yaml") for name in libraries()]

    def far(document: Document) -> float:
        node = parse_quantity(document.data["technology"]["node"], "node")
        return max(node / node_nm, node_nm / node)

    return min(known, key=far)


def read_chip(path: Source, overrides: Sequence[str] = ()) -> Document:
    """A chip file over its library, with ``--set`` assignments.

    Parameters
    ----------
    path : path, text or dict
        A file as in ``arch_specs/``, an example's name, or what a file holds: its text, or its content as a dict.
    overrides : sequence of str
        As in `Document.override`; ``library=NAME`` and ``adc.kind=KIND`` choose what the library brings, before
        the others are set.

    Returns
    -------
    Document
        All that the chip is made of, without ``library``; what that says stands where it says it.

    Raises
    ------
    SpecError
        A file cannot be read, the library is not known or names itself, or figures of the chip file would stand
        under the source of the library's.

    Examples
    --------
    >>> document = read_chip("arch_specs/wearable_rram.yaml")
    >>> document.position(("crossbar", "rows")) is None
    False
    """
    document = read_source(path, "chip", SpecError)
    given = [overrides] if isinstance(overrides, str) else overrides
    if not isinstance(given, list | tuple):
        return document.override(given)  # refuses it
    chosen = [item for item in given if isinstance(item, str) and _chooses(item)]
    others = [item for item in given if item not in chosen]
    return with_library(document.override(chosen)).override(others)


def _chooses(assignment: str) -> bool:
    return assignment.partition("=")[0].strip() in ("library", "adc.kind")


def with_library(document: Document, users: tuple[Path, ...] = ()) -> Document:
    """A document over the library that it names; as it is if it names none."""
    named = document.data.get("library")
    if not isinstance(named, str):  # none, or what the model refuses
        return document
    path = _path_of(document, named)
    users = (*users, document.path.resolve())
    if path.resolve() in users:
        raise document.fail([(("library",), f"{named} is made from this file; a library cannot name itself")])
    base = with_library(read_yaml(path, SpecError), users)
    base = _with_adc(base, document, path)
    kept = {key: value for key, value in base.data.items() if key not in _OWN}
    if errors := list(_uncited(kept, document, (), Place(Chip))):
        raise document.fail(errors)
    for one, other in EITHER.items():
        if _says(document.data, one) and not _says(document.data, other):
            without(kept, other)
    data = _merged(kept, {key: value for key, value in document.data.items() if key != "library"}, Place(Chip))
    return Document(data, document.path, document.error, _marks(base, document, data))


def _path_of(document: Document, named: str) -> Path:
    if named.endswith((".yaml", ".yml")) or "/" in named:
        path = document.path.parent / named
        if not path.is_file():
            raise document.fail([(("library",), f"there is no file {path}; {_known(named)}")])
        return path
    if named not in libraries():
        raise document.fail([(("library",), f"there is no library {named!r}; {_known(named)}")])
    return FOLDER / f"{named}.yaml"


def _with_adc(base: Document, over: Document, library: Path) -> Document:
    """A library with the figures of the kind of ADC that a chip names, where it has figures of that kind."""
    adc = over.data.get("adc")
    kind = adc.get("kind") if isinstance(adc, dict) else None
    file = FOLDER / "adcs" / library.name
    if kind == base.data["adc"]["kind"] or not isinstance(kind, str) or not file.is_file():
        return base
    others = read_yaml(file, SpecError)
    if kind not in others.data:
        return base
    data = {**base.data, "adc": {**base.data["adc"], "cost": others.data[kind]}}
    own = {path: place for path, place in base.marks.items() if path[:2] != ("adc", "cost")}
    found = {("adc", "cost", *path[1:]): others.where(path) for path in others.marks if path[:1] == (kind,)}
    return Document(data, base.path, base.error, {**own, **found})


def _says(data: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def _known(named: str) -> str:
    names = ", ".join(libraries())
    return f"known are {names}, or the path of a file such as ./mine.yaml{close_match(named, libraries())}"


def _merged(base: Any, over: Any, place: Place) -> Any:
    """`base` with the keys of `over` in place of its own."""
    if not (isinstance(base, dict) and isinstance(over, dict)) or _is_another(base, over, place):
        return over
    both = {key: _merged(base[key], over[key], _below(place, key)) for key in base.keys() & over.keys()}
    return {key: both.get(key, over.get(key, base.get(key))) for key in {**base, **over}}


def _is_another(base: dict[str, Any], over: dict[str, Any], place: Place) -> bool:
    """Whether a section of several models or kinds is another one than that of the library."""
    return bool(place.arms) and any(key in over and over[key] != base.get(key) for key in _TELLS)


def _below(place: Place, key: str) -> Place:
    fields = {} if place.model is None else place.model.model_fields
    found = next((field for name, field in fields.items() if (field.alias or name) == key), None)
    return Place(Any) if found is None else place_of(found.annotation, found.metadata)


def _uncited(base: Any, document: Document, path: Keys, place: Place) -> Iterator[tuple[Keys, str]]:
    """Costs whose figures differ from the library's, with no word on where they come from."""
    over: Any = document.data
    for key in path:
        over = over[key]
    if not (isinstance(base, dict) and isinstance(over, dict)) or _is_another(base, over, place):
        return
    if _is_cost(place) and "source" in base and "source" not in over and over.keys() - _NO_FIGURES:
        yield path, "gives figures without their source; that of the library is for its own"
    for key in base.keys() & over.keys():
        yield from _uncited(base[key], document, (*path, key), _below(place, key))


def _is_cost(place: Place) -> bool:
    models = [place.model, *(place_of(arm).model for arm in place.arms)]
    return any(model is not None and issubclass(model, Priced) for model in models)


def _marks(base: Document, over: Document, data: dict[str, Any]) -> dict[Keys, tuple[int, int] | str]:
    """Where everything stands: in the chip file, or in words where the library has it."""
    of_base = {path: base.where(path) for path in base.marks if path and _stands_in(data, path)}
    return {**of_base, **over.marks}


def _stands_in(data: Any, path: Keys) -> bool:
    for key in path:
        if not (key in data if isinstance(data, dict) else isinstance(data, list) and key in range(len(data))):
            return False
        data = data[key]
    return True
