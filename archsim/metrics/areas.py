"""Whose area it is: the chip's area split by component, layer, stage and action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archsim.components import AreaItem, Part, part_kinds
from archsim.errors import EngineError
from archsim.names import SHARED, UNUSED

STAGE_OF_ROLE = {"forward": "forward", "copy": "backward", "feedback": "feedback"}
Crossbars = Mapping[tuple[str, str], int]


def check_crossbars(crossbars: Crossbars, n_crossbars: int) -> None:
    """Refuse counts of crossbars that no chip can have.

    Raises
    ------
    EngineError
        A role is unknown, a count is negative, or more crossbars are in use than there are.
    """
    errors = [
        f"crossbars of layer {layer!r}: role {role!r} is unknown; there are: {', '.join(STAGE_OF_ROLE)}"
        for layer, role in crossbars
        if role not in STAGE_OF_ROLE
    ]
    errors += [
        f"crossbars of layer {layer!r} ({role}): {n} is negative"
        for (layer, role), n in crossbars.items()
        if n < 0
    ]
    if not errors and sum(crossbars.values()) > n_crossbars:
        errors.append(f"{sum(crossbars.values())} crossbars are in use, but the chip has {n_crossbars}")
    if errors:
        raise EngineError("\n".join(errors))


def area_shares(
    by: str, item: AreaItem, size: int, crossbars: Crossbars, n_crossbars: int
) -> Iterator[tuple[str, int]]:
    """Split the area of one item, `size` in whole quanta, among the names of a breakdown.

    Parameters
    ----------
    by : {"component", "layer", "stage", "action"}
    item : AreaItem
    size : int
        Its area; the shares sum to it exactly.
    crossbars, n_crossbars
        In use by (layer, role), and of the whole chip.
    """
    if by == "component":
        yield item.component, size
    elif by == "action":
        yield _area_action(item.component), size
    elif by == "layer" and item.where == "chip":
        yield SHARED, size
    elif by == "layer":
        counts = [(layer, n) for (layer, _), n in crossbars.items()]
        yield from _split(size, counts, n_crossbars)
    elif by != "stage":
        raise EngineError(f"cannot break an area down by {by!r}; there are: component, layer, stage, action")
    elif (stage := _area_stage(item.component)) != "forward" or item.where not in ("crossbar", "pe"):
        yield stage, size
    else:
        counts = [(STAGE_OF_ROLE[role], n) for (_, role), n in crossbars.items()]
        yield from _split(size, counts, n_crossbars)


def _area_action(component: str) -> str:
    """The action that a part's area is there for; control circuits serve all: ``(control)``."""
    return part_kinds().get(component, Part).area_action


def _area_stage(component: str) -> str:
    return part_kinds().get(component, Part).area_stage


def _split(size: int, counts: list[tuple[str, int]], n: int) -> Iterator[tuple[str, int]]:
    """In proportion, rounded down; what is left is unused."""
    left = size
    for name, count in counts:
        share = size * count // n if n else 0
        left -= share
        yield name, share
    used = sum(count for _, count in counts)
    if used < n or not n:
        yield UNUSED, left
    else:  # all in use: what rounding left over goes to the last
        yield counts[-1][0], left
