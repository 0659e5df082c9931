"""Where published ratios are reached: by which configuration, and where along a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from archsim.study.comparison import Comparison
from archsim.study.configurations import Configuration, Factor


@dataclass(frozen=True)
class Published:
    """A published "up to": which figure, its value, and how it reads."""

    figure: str
    value: float
    text: str


PUBLISHED = (
    Published("energy_saving_pct", 64.1, "64.1 % less energy"),
    Published("area_saving_pct", 10.1, "10.1 % less area"),
    Published("speedup", 2.1, "2.1x less latency"),
)
"""DFA_Sim (arXiv 2502.06736), DFA against BP, each "up to", without a published configuration."""

PUBLISHED_ACCURACY = Published("accuracy_gain_pct", 7.55, "7.55 % more accuracy")


@dataclass(frozen=True)
class Crossing:
    """Where a figure passes a published one, interpolated linearly between two neighbouring settings."""

    factor: str
    between: tuple[float, float]
    at: float
    rises: bool

    def __str__(self) -> str:
        way = "rises above" if self.rises else "falls below"
        low, high = self.between
        return f"{way} it at {self.factor} ≈ {self.at:.3g} (between {low:g} and {high:g})"


def crossings(factor: Factor, rows: Sequence[Comparison], published: Published) -> list[Crossing]:
    """Where a ratio passes the published one along a factor; none along a factor without an order.

    Examples
    --------
    >>> depth = Factor.of("depth", "", 2, {4: ((), ())})
    >>> def row(name, saved):
    ...     return Comparison(name, {}, {}, {}, 0.0, saved, 1.0, {}, {})
    >>> for found in crossings(depth, [row("base", 5.0), row("depth=4", 15.2)], PUBLISHED[1]):
    ...     print(found)
    rises above it at depth ≈ 3 (between 2 and 4)
    """
    if not factor.is_number:
        return []
    by_name = {row.name: row for row in rows}
    known = [
        (float(setting), by_name[factor.name_of(setting)].figure(published.figure) - published.value)
        for setting in factor.settings()
        if factor.name_of(setting) in by_name
    ]
    return [
        Crossing(factor.name, (x0, x1), x0 + (x1 - x0) * y0 / (y0 - y1), rises=y1 >= 0)
        for (x0, y0), (x1, y1) in pairwise(known)
        if (y0 < 0) != (y1 < 0)
    ]


def reached(factors: Sequence[Factor], rows: Sequence[Comparison]) -> list[dict[str, Any]]:
    """For each published figure: which configurations reach it, the largest, the smallest, and the crossings."""
    found = []
    for published in PUBLISHED:
        values = {row.name: row.figure(published.figure) for row in rows}
        best, least = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
        crossed = [crossing for factor in factors for crossing in crossings(factor, rows, published)]
        found.append(
            {
                "figure": published.figure,
                "published": published.value,
                "text": published.text,
                "by": [name for name, value in values.items() if value >= published.value],
                "best": best,
                "best_value": values[best],
                "least": least,
                "least_value": values[least],
                "base_value": values[rows[0].name],
                "crossings": [{**asdict(crossing), "text": str(crossing)} for crossing in crossed],
            }
        )
    return found


def strongest(factors: Sequence[Factor], rows: Sequence[Comparison], n: int) -> list[tuple[Factor, Configuration]]:
    """Factors that raise a published ratio above the base, each with its best setting.

    The three figures take turns: each takes the strongest factor that is not taken yet, so that none is left out.
    """
    by_name = {row.name: row for row in rows}
    taken: list[tuple[Factor, Configuration]] = []
    for published in [*PUBLISHED] * n:
        found = [
            (by_name[c.name].figure(published.figure), -i, factor, c)
            for i, factor in enumerate(factors)
            for c in factor.configurations
            if c.name in by_name and all(factor is not other for other, _ in taken)
        ]
        if found and len(taken) < n:
            best, _, factor, configuration = max(found, key=lambda item: item[:2])
            if best > rows[0].figure(published.figure):
                taken.append((factor, configuration))
    return taken
