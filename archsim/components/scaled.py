"""The costs of a chip at its node and conditions, each scaled once by the law of its part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from archsim.components.part import Part
from archsim.components.process import LAWS, Outside, State, chip_error
from archsim.spec.chip import Chip
from archsim.spec.costs import At, Conditions, Priced
from archsim.units import file_key, format_quantity

_QUANTITIES: Final = {"_pj": "energy", "_ff": "energy", "_um2": "area", "_uw": "leakage"}


def quantity_of(field: str) -> str | None:
    """Quantity of a field of a cost: energy, area or leakage by its unit; None for what is not scaled.

    Examples
    --------
    >>> quantity_of("row_energy_pj"), quantity_of("cell_area_um2"), quantity_of("swing_v")
    ('energy', 'area', None)
    """
    return next((quantity for suffix, quantity in _QUANTITIES.items() if field.endswith(suffix)), None)


def states(chip: Chip, cost: Priced) -> tuple[State, State]:
    """Where the figures of a cost hold, and where the chip works.

    What one of them does not say is as for the other one; a supply at another node is the nominal one there.
    """
    node_nm = chip.technology.node_nm
    said, at = chip.conditions or Conditions(), cost.at or At()
    is_here = at.node_nm in (None, node_nm)
    temperature_k, flavour = at.temperature_k or said.temperature_k, at.flavour or said.flavour
    supply_v = at.supply_v or (said.supply_v if is_here else None)
    new_v = said.supply_v or (at.supply_v if is_here else None)
    old = State(at.node_nm or node_nm, temperature_k, supply_v, flavour)
    return old, State(node_nm, said.temperature_k or temperature_k, new_v, said.flavour or flavour)


@dataclass(frozen=True)
class Scaled:
    """A chip whose costs hold at its own conditions; by part what was done, in words."""

    chip: Chip
    said: Mapping[str, str]


def at_conditions(chip: Chip, kinds: Mapping[str, type[Part]]) -> Scaled:
    """The chip with every cost scaled from where its figures hold (``at``) to where the chip works.

    Parameters
    ----------
    chip : Chip
        Without `scaling_errors`.
    kinds : mapping
        The classes of its parts.
    """
    said = {}
    for name, kind in kinds.items():
        cost = kind.cost_of(chip)
        if cost is not None and _differ(chip, cost):
            changed, said[name] = _scaled(chip, cost, kind)
            chip = _replaced(chip, kind.cost_path(), changed)
    return Scaled(chip, said)


def _differ(chip: Chip, cost: Priced) -> bool:
    old, new = states(chip, cost)
    return old != new


def _scaled(chip: Chip, cost: Priced, kind: type[Part]) -> tuple[Priced, str]:
    old, new = states(chip, cost)
    changed: dict[str, float] = {}
    words: dict[str, None] = {}
    for name, quantity in _figures(cost).items():
        law = LAWS[kind.law_of(name)]
        factor = law.factor(quantity, old, new)
        if factor != 1:
            changed[name] = getattr(cost, name) * factor
            words[f"{quantity} x{factor:.3g} ({law.cites.get(quantity, 'power of the supply')})"] = None
    return cost.model_copy(update=changed), _said(old, new, list(words))


def _figures(cost: Priced) -> dict[str, str]:
    """The figures of a cost that may be scaled, and what they are."""
    found = {name: quantity_of(name) for name in type(cost).model_fields if getattr(cost, name)}
    return {name: quantity for name, quantity in found.items() if quantity is not None}


def _replaced(model: Any, path: Sequence[str], value: object) -> Any:
    """A model with another value at a path."""
    if not path:
        return value
    return model.model_copy(update={path[0]: _replaced(getattr(model, path[0]), path[1:], value)})


def _said(old: State, new: State, words: Sequence[str]) -> str:
    done = ", ".join(words) if words else "nothing changes"
    return f"from {_different(old, new)} to {_different(new, old)}: {done}"


def _different(state: State, other: State) -> str:
    """Differences to another state, as text."""
    shown = []
    if state.node_nm != other.node_nm:
        shown.append(f"{state.node_nm:g} nm")
    if state.temperature_k and state.temperature_k != other.temperature_k:
        shown.append(f"{state.temperature_k:g} K")
    if state.supply_v and state.supply_v != other.supply_v:
        shown.append(format_quantity(state.supply_v, "voltage"))
    if state.flavour and state.flavour != other.flavour:
        shown.append(state.flavour)
    return ", ".join(shown)


def scaling_errors(chip: Chip, kinds: Mapping[str, type[Part]]) -> list[str]:
    """Reasons why costs cannot be scaled to their chip, as ``path: what is wrong; what would help``; each once."""
    found: dict[str, None] = {}
    for kind in kinds.values():
        cost = kind.cost_of(chip)
        if cost is None or not _differ(chip, cost):
            continue
        new, path = states(chip, cost)[1], ".".join(map(file_key, kind.cost_path()))
        for outside in _outside(chip, cost, kind):
            found[chip_error(outside) if outside.state == new else _of_figures(path, outside)] = None
    return list(found)


def _of_figures(path: str, outside: Outside) -> str:
    helps = "give figures that hold for this chip, or leave at out to take them as they are"
    return f"{path}.at.{outside.key}: cannot be scaled: {outside.value}; its law holds {outside.allowed}; {helps}"


def _outside(chip: Chip, cost: Priced, kind: type[Part]) -> Iterator[Outside]:
    old, new = states(chip, cost)
    by_law: dict[str, set[str]] = {}
    for name, quantity in _figures(cost).items():
        by_law.setdefault(kind.law_of(name), set()).add(quantity)
    for law in sorted(by_law):
        yield from LAWS[law].errors(old, new, by_law[law])


def conditions_without_effect(chip: Chip, kinds: Mapping[str, type[Part]]) -> list[str]:
    """Conditions that no price follows: of the chip, and of single costs."""
    said, heeded, found = chip.conditions, set[str](), []
    for kind in kinds.values():
        cost = kind.cost_of(chip)
        heeded |= kind.heeds(chip)
        if cost is None or cost.at is None:
            continue
        path = ".".join(map(file_key, kind.cost_path()))
        if not _figures(cost):
            found.append(f"{path}.at: changes nothing here, for its model holds no figures; leave it out")
            continue
        found += [
            f"{path}.at.{key}: changes nothing here, for the chip does not say its own; give conditions.{key}"
            for key in _stated(cost.at)
            if key != "node" and key not in _stated(said)
        ]
    idle = [key for key in _stated(said) if key not in heeded]
    return found + [
        f"conditions.{key}: changes nothing here, for no cost says at which {key} its figures hold; give one at:"
        for key in idle
    ]


def _stated(conditions: Any) -> list[str]:
    """The keys of conditions that are said."""
    fields = () if conditions is None else type(conditions).model_fields
    return [file_key(name) for name in fields if getattr(conditions, name) is not None]
