"""How much of a chip holds nothing, or is larger than what it holds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypedDict

from archsim.components import AreaItem


class IdlePart(TypedDict):
    """Area and leakage of what is idle."""

    area_um2: float
    leakage_uw: float


class Idle(IdlePart):
    """Of the whole chip, and of each component that has some."""

    components: dict[str, IdlePart]


def idle_of(items: Iterable[AreaItem]) -> Idle:
    """Sum up what is idle: arrays and PEs without weights, memories beyond what is to lie in them.

    Examples
    --------
    >>> item = AreaItem("crossbar", "crossbar", 16, 400.0, 0.1, "s", "", 1, idle_um2=800.0, idle_uw=0.2)
    >>> idle_of([item])
    {'area_um2': 800.0, 'leakage_uw': 0.2, 'components': {'crossbar': {'area_um2': 800.0, 'leakage_uw': 0.2}}}
    """
    parts: dict[str, IdlePart] = {}
    for item in items:
        if item.idle_um2 or item.idle_uw:
            part = parts.setdefault(item.component, {"area_um2": 0.0, "leakage_uw": 0.0})
            part["area_um2"] += item.idle_um2
            part["leakage_uw"] += item.idle_uw
    return {
        "area_um2": math.fsum(part["area_um2"] for part in parts.values()),
        "leakage_uw": math.fsum(part["leakage_uw"] for part in parts.values()),
        "components": parts,
    }
