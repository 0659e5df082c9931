"""Tables of the page: accuracies by cell, how often a rule is clearly better or worse, where that turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from archsim.study.rules.cells import AS_IT_IS
from archsim.study.rules.contenders import REFERENCE
from archsim.study.rules.judge import CELL

Line = Mapping[str, Any]
Lines = Sequence[Line]


def percent(mean: Mapping[str, Any]) -> str:
    """A mean accuracy with its interval.

    Examples
    --------
    >>> percent({"mean": 0.912, "half_width": 0.01})
    '91.2 ± 1.0'
    """
    half = mean["half_width"]
    return f"{100 * mean['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def against(line: Line | None) -> str:
    """A difference to BP, in bold where it is clear after the correction."""
    return "" if line is None else _bold(_difference(line), line)


def _difference(line: Line) -> str:
    found, half = line["difference"]["mean"], line["difference"]["half_width"]
    return f"{100 * found:+.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def _bold(text: str, line: Line) -> str:
    return f"**{text}**" if line["clear"] else text


def where_of(line: Line) -> str:
    """A cell in words.

    Examples
    --------
    >>> where_of({"depth": 2, "bits": 8, "quantiser": "stochastic", "passes": 1, "case": "-"})
    '2 hidden layers, 8 bit stochastic, 1 pass'
    """
    cell = f"{line['depth']} hidden layers, {line['bits']} bit {line['quantiser']}, {n_passes(line)}"
    return cell if line["case"] == AS_IT_IS.name else f"{cell}, {line['case']}"


def n_passes(line: Line) -> str:
    """How often its windows were learned from.

    Examples
    --------
    >>> n_passes({"passes": 6})
    '6 passes'
    """
    return f"{line['passes']} pass" + ("" if line["passes"] == 1 else "es")


def by_cell(differences: Lines) -> dict[tuple[Any, ...], Line]:
    """Differences by cell and contender."""
    return {(*(one[name] for name in CELL), one["contender"]): one for one in differences}


def plain(lines: Iterable[Line]) -> list[Line]:
    """Those of as many passes as the first, with nothing else set: depth, bits, quantiser and rule vary."""
    given = list(lines)
    return [line for line in given if line["passes"] == given[0]["passes"] and line["case"] == AS_IT_IS.name]


# ---- accuracy by depth, bits and quantiser ----


class Grid(NamedTuple):
    """Accuracies of one depth: a row for each quantiser and rule, a column for each number of bits."""

    depth: int
    columns: tuple[str, ...]
    rows: list[list[str]]


def accuracy_grids(lines: Lines, differences: Lines) -> list[Grid]:
    """A table for each depth that was run with more than one number of bits, or with more than one quantiser."""
    apart, found = by_cell(differences), []
    for depth in _values(plain(lines), "depth"):
        here = [line for line in plain(lines) if line["depth"] == depth]
        bits = sorted(_values(here, "bits"), reverse=True)
        if len(bits) > 1 or len(_values(here, "quantiser")) > 1:
            columns = ("quantiser", "rule", *(f"{n} bit" for n in bits))
            found.append(Grid(depth, columns, list(_grid_rows(here, bits, apart))))
    return found


def _grid_rows(here: Lines, bits: Sequence[int], apart: Mapping[tuple[Any, ...], Line]) -> Iterator[list[str]]:
    for quantiser in _values(here, "quantiser"):
        for name in _values(here, "contender"):
            mine = {
                line["bits"]: line for line in here if line["quantiser"] == quantiser and line["contender"] == name
            }
            if mine:
                yield [quantiser, name, *(_said(mine.get(n), apart) for n in bits)]


def _said(line: Line | None, apart: Mapping[tuple[Any, ...], Line]) -> str:
    """BP's accuracy; of others also how far it is from BP's."""
    if line is None:
        return ""
    other = apart.get((*(line[name] for name in CELL), line["contender"]))
    if other is None:
        return percent(line["after"])
    return _bold(f"{100 * line['after']['mean']:.1f} ({_difference(other)})", other)


def _values(lines: Iterable[Line], name: str) -> list[Any]:
    return list(dict.fromkeys(line[name] for line in lines))


# ---- how often ----


def clear_rows(differences: Lines) -> list[list[str]]:
    """For each rule: in how many cells it is clearly better or worse than BP, and the extremes."""
    rows = []
    for name in _values(differences, "contender"):
        mine = [one for one in differences if one["contender"] == name]
        better = [one for one in mine if one["clear"] and one["difference"]["mean"] > 0]
        worse = [one for one in mine if one["clear"] and one["difference"]["mean"] < 0]
        rows.append(
            [name, str(len(mine)), str(len(better)), str(len(worse)), _extreme(mine, max), _extreme(mine, min)]
        )
    return rows


def _extreme(lines: Lines, choose: Callable[..., Line]) -> str:
    found = choose(lines, key=lambda one: one["difference"]["mean"])
    return f"{_difference(found)} ({where_of(found)})"


# ---- where the sign turns ----


NO_DIFFERENCE = 1e-9
"""Points of accuracy below which two means are equal: what their sums are rounded by."""


class Curve(NamedTuple):
    """A rule's difference to BP in points, by depth, at one number of bits and one quantiser.

    Parameters
    ----------
    contender : str
    bits : int
    quantiser : str
    points : list of tuple
        Depth, mean difference, half width of its interval (None with one seed).
    """

    contender: str
    bits: int
    quantiser: str
    points: list[tuple[int, float, float | None]]

    @property
    def turns(self) -> list[float]:
        """Depths at which the mean difference passes 0, between depths that were run; not where it only meets it.

        Examples
        --------
        >>> Curve("DRTP", 2, "fixed", [(2, -4.0, 1.0), (4, -1.0, 1.0), (6, 3.0, 1.0)]).turns
        [4.5]
        >>> Curve("DRTP", 2, "fixed", [(2, -4.0, 1.0), (4, 0.0, 1.0), (6, 3.0, 1.0)]).turns
        [4.0]
        >>> Curve("DRTP", 2, "fixed", [(2, 0.0, 0.0), (4, 0.0, 1.0), (6, 3.0, 1.0)]).turns
        []
        """
        apart = [n for n, (_, mean, _) in enumerate(self.points) if abs(mean) > NO_DIFFERENCE]
        return [self._between(low, high) for low, high in pairwise(apart) if self._sign(low) != self._sign(high)]

    def _between(self, low: int, high: int) -> float:
        """Of two neighbours by their line; the middle of the depths between them where BP is met."""
        if high - low > 1:
            return (self.points[low + 1][0] + self.points[high - 1][0]) / 2
        (at, mean, _), (end, other, _) = self.points[low], self.points[high]
        return at + (end - at) * mean / (mean - other)

    def _sign(self, number: int) -> bool:
        return self.points[number][1] > 0

    @property
    def without_turn(self) -> str:
        """Where it is of BP, if it never passes it."""
        apart = [mean for _, mean, _ in self.points if abs(mean) > NO_DIFFERENCE]
        if not apart:
            return f"as {REFERENCE}"
        if len(apart) < len(self.points):
            return f"never {'below' if apart[0] > 0 else 'above'} {REFERENCE}"
        return f"always {'above' if apart[0] > 0 else 'below'} {REFERENCE}"


def curves(differences: Lines, contenders: Sequence[str]) -> list[Curve]:
    """By contender, quantiser and bits, those with more than one depth."""
    groups: dict[tuple[str, str, int], list[tuple[int, float, float | None]]] = {}
    for one in plain(differences):
        if one["contender"] in contenders:
            mean, half = one["difference"]["mean"], one["difference"]["half_width"]
            point = (one["depth"], 100 * mean, None if half is None else 100 * half)
            groups.setdefault((one["contender"], one["quantiser"], one["bits"]), []).append(point)
    found = [Curve(name, bits, kind, sorted(points)) for (name, kind, bits), points in groups.items()]
    order = {name: number for number, name in enumerate(contenders)}
    found.sort(key=lambda curve: (order[curve.contender], curve.quantiser, -curve.bits))
    return [curve for curve in found if len(curve.points) > 1]


def turn_rows(found: Sequence[Curve]) -> list[list[str]]:
    """At which depth each rule's difference to BP turns its sign."""
    return [[curve.contender, curve.quantiser, str(curve.bits), _turn(curve), *_ends(curve)] for curve in found]


def _turn(curve: Curve) -> str:
    if curve.turns:
        return ", ".join(f"{depth:.1f}" for depth in curve.turns)
    return f"none: {curve.without_turn}"


def _ends(curve: Curve) -> list[str]:
    return [
        f"{mean:+.1f}" + ("" if half is None else f" ± {half:.1f}") + f" ({depth})"
        for depth, mean, half in (curve.points[0], curve.points[-1])
    ]
