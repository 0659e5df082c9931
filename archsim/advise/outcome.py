"""The figures of one changed design, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archsim.advise.move import Sets

DELTAS = {"latency": "latency_ps", "energy": "energy_pj", "area": "area_um2", "peak_power": "peak_power_uw"}
"""Figures whose changes are told, by their names in a row of the advice."""


@dataclass(frozen=True)
class Outcome:
    """A move that was made: lowered, simulated and priced anew.

    Attributes
    ----------
    moves : tuple of str
        Kinds: one, or two of a pair.
    title : str
    sets : tuple of str
        The change to the files, as ``--set`` takes it.
    figures : mapping of str to float
        Metrics by name; empty where the design was refused.
    broken : tuple of str
        Budgets that it does not keep to.
    refused : str
        Why there are no figures.
    notes : tuple of str
        What the figures do not tell.
    touches : str
        Why the network's results are others; empty where they are the same.
    accuracy : float or None
        With these changes, where it was asked for and can be another one.
    """

    moves: tuple[str, ...]
    title: str
    sets: Sets
    figures: Mapping[str, float]
    broken: tuple[str, ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()
    touches: str = ""
    accuracy: float | None = None

    def changes(self, base: Mapping[str, float]) -> bool:
        """Whether any of its figures is another one than that of the base."""
        return any(self.figures[name] != base[name] for name in base)

    def named(self) -> dict[str, Any]:
        """The changes, as plain data."""
        return {"move": " + ".join(self.moves), "title": self.title, "set": list(self.sets)}

    def row(self, base: Mapping[str, float], accuracy: float | None = None) -> dict[str, Any]:
        """A row of the advice, as plain data; changes are parts of the base's figure, +0.1 for a tenth more.

        `accuracy` is that of the base, where it was asked for.
        """
        deltas = {f"delta_{name}_frac": _part(self.figures[key], base[key]) for name, key in DELTAS.items()}
        return {
            **self.named(),
            **deltas,
            "figures": dict(self.figures),
            "over_budget": list(self.broken),
            "notes": list(self.notes),
            "accuracy": self._accuracy(accuracy) if self.touches else None,
        }

    def _accuracy(self, base: float | None) -> dict[str, Any]:
        change = None if self.accuracy is None or base is None else self.accuracy - base
        return {"why": self.touches, "value": self.accuracy, "change": change}


def _part(value: float, base: float) -> float | None:
    """The change as a part of the base; None where the base is zero and the value is not."""
    if value == base:
        return 0.0
    return (value - base) / base if base else None
