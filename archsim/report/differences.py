"""Where two results differ: by component, layer, stage or action, with sign and share, without a rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from archsim.errors import ArchsimError
from archsim.names import BREAKDOWNS
from archsim.report.summary import Record, percent
from archsim.report.table import markdown_table, text_table
from archsim.units import format_quantity

FIGURES = {"latency_ps": "time", "energy_pj": "energy", "area_um2": "area"}
"""Breakdowns that are compared, and their titles."""
NOISE = 1e-13
"""Cells of a breakdown are rounded to 1e-15 of the total; changes below this part of it are shown as 0."""


class Difference(NamedTuple):
    """One part of one figure, in two results.

    Attributes
    ----------
    part : str
        A component, layer, stage or action.
    before, after : float
        0 where a result has no such part.
    """

    part: str
    before: float
    after: float

    @property
    def change(self) -> Fraction:
        """After - before, without rounding."""
        return Fraction(self.after) - Fraction(self.before)


class Differences(NamedTuple):
    """All parts of one figure, the largest change first.

    Attributes
    ----------
    figure : str
        "latency_ps", "energy_pj" or "area_um2".
    parts : tuple of Difference
        Their changes sum to `change` exactly.
    before, after : float
        The totals.
    """

    figure: str
    parts: tuple[Difference, ...]
    before: float
    after: float

    @property
    def change(self) -> Fraction:
        """The whole change, without rounding."""
        return Fraction(self.after) - Fraction(self.before)

    def change_of(self, *parts: str) -> Fraction:
        """The change of some parts together."""
        return sum((part.change for part in self.parts if part.part in parts), Fraction())

    def share(self, part: Difference) -> Fraction | None:
        """The part of the whole change that this one is; above 1 or below 0 where others counter it.

        The shares of all parts sum to 1. None if the totals are equal.
        """
        return part.change / self.change if self.change else None


def differences(before: Record, after: Record, by: str = "component") -> dict[str, Differences]:
    """Compare two results part by part.

    Parameters
    ----------
    before, after : mapping
        As `Result.to_dict` gives them.
    by : {"component", "layer", "stage", "action"}

    Returns
    -------
    dict of str to Differences
        By figure. Parts of a result sum to its total bit for bit, so the changes do too.

    Raises
    ------
    ArchsimError
        There is no such breakdown, a record is no result, or its parts do not sum to its total.

    Examples
    --------
    >>> def record(adc_pj, bus_pj):
    ...     line = {"latency_ps": 0, "area_um2": 0.0}
    ...     parts = {"adc": {"energy_pj": adc_pj, **line}, "bus": {"energy_pj": bus_pj, **line}}
    ...     return {"totals": {"energy_pj": adc_pj + bus_pj, **line}, "breakdown": {"component": parts}}
    >>> found = differences(record(8.0, 1.0), record(2.0, 3.0))["energy_pj"]
    >>> [(part.part, float(part.change), float(found.share(part))) for part in found.parts], float(found.change)
    ([('adc', -6.0, 1.5), ('bus', 2.0, -0.5)], -4.0)
    """
    if by not in BREAKDOWNS:
        raise ArchsimError(f"unknown breakdown {by!r}; there are: {', '.join(BREAKDOWNS)}")
    try:
        parts = [record["breakdown"][by] for record in (before, after)]
        totals = [record["totals"] for record in (before, after)]
        names = list(dict.fromkeys([*parts[0], *parts[1]]))
        found = {}
        for figure in FIGURES:
            values = [Difference(n, *(part[n][figure] if n in part else 0 for part in parts)) for n in names]
            ranked = sorted(values, key=lambda one: -abs(one.change))
            found[figure] = Differences(figure, tuple(ranked), totals[0][figure], totals[1][figure])
    except (KeyError, TypeError) as cause:
        raise ArchsimError(f"no result of archsim: {type(cause).__name__} at {cause}") from None
    for one in found.values():
        if sum((part.change for part in one.parts), Fraction()) != one.change:
            raise ArchsimError(f"{one.figure} by {by}: the parts of a result do not sum to its total")
    return found


def as_data(found: dict[str, Differences]) -> dict[str, object]:
    """For JSON: every part with its values, change and share; changes are rounded to floats once."""
    data: dict[str, object] = {}
    for figure, one in found.items():
        parts = []
        for part in one.parts:
            share = one.share(part)
            parts.append(
                {
                    "part": part.part,
                    "before": part.before,
                    "after": part.after,
                    "change": _number(part.change),
                    "share": None if share is None else float(share),
                }
            )
        data[figure] = {
            "before": one.before, "after": one.after, "change": _number(one.change), "parts": parts
        }  # fmt: skip
    return data


def _number(exact: Fraction) -> int | float:
    return int(exact) if exact.denominator == 1 and abs(exact) < 2**53 else float(exact)


def difference_table(found: dict[str, Differences], by: str, top: int, as_markdown: bool = False) -> str:
    """`difference_rows` as text, or as Markdown."""
    return (markdown_table if as_markdown else text_table)(*difference_rows(found, by, top))


def difference_rows(found: dict[str, Differences], by: str, top: int) -> tuple[list[str], list[list[str]]]:
    """Titles, and the parts that changed, one line each: change with sign, share of the whole change.

    The parts with the largest share of any figure come first; the rest is one line, so that columns add up.
    """
    columns = [by]
    for figure in FIGURES:
        columns += [figure.rpartition("_")[0], "share"]
    by_name = [{part.part: part for part in one.parts} for one in found.values()]

    def weight(name: str) -> Fraction:
        shares = [one.share(parts[name]) or Fraction() for one, parts in zip(found.values(), by_name, strict=True)]
        return max(map(abs, shares))

    changed = [name for name in by_name[0] if any(not _is_noise(o, o.change_of(name)) for o in found.values())]
    ranked = sorted(changed, key=lambda name: -weight(name))
    rows = [_row(name, [name], found, by_name) for name in ranked[:top]]
    if ranked[top:]:
        rows.append(_row(f"{len(ranked) - top} more", ranked[top:], found, by_name))
    rows.append(_row("all", ranked, found, by_name))
    return columns, rows


def _row(
    title: str, names: Sequence[str], found: dict[str, Differences], by_name: Sequence[dict[str, Difference]]
) -> list[str]:
    cells = [title]
    for (figure, kind), one, parts in zip(FIGURES.items(), found.values(), by_name, strict=True):
        change = sum((parts[name].change for name in names), Fraction())
        change = Fraction() if _is_noise(one, change) else change
        cells += [signed(float(change), kind), percent(float(change / one.change)) if one.change else "-"]
        assert one.figure == figure
    return cells


def _is_noise(one: Differences, change: Fraction) -> bool:
    """Whether a change is nothing but the rounding of a breakdown's cells (see `archsim.metrics`)."""
    return abs(change) <= Fraction(NOISE) * max(Fraction(one.before), Fraction(one.after))


def signed(value: float, kind: str) -> str:
    """A change for people.

    Examples
    --------
    >>> signed(-1500.0, "time"), signed(0.0, "energy"), signed(2.5, "energy")
    ('-1.5 ns', '0', '+2.5 pJ')
    """
    if not value:
        return "0"
    return ("-" if value < 0 else "+") + format_quantity(abs(value), kind)
