"""The goal of a design: a figure to be minimized, and bounds on others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archsim.errors import ArchsimError, UnitError
from archsim.explore.measures import limit_of
from archsim.registry import METRICS
from archsim.units import close_match

SHORT = {
    "latency": "latency_ps",
    "energy": "energy_pj",
    "area": "area_um2",
    "power": "average_power_uw",
    "peak_power": "peak_power_uw",
    "leakage": "leakage_uw",
    "edp": "energy_delay_pj_ps",
}
"""Metrics by the names that people use."""
_BUDGET = re.compile(r"\s*(?P<name>[A-Za-z_]\w*)\s*(?P<sign><=?|>=?)\s*(?P<value>\S.*)")
_BETTER_LARGE = ("throughput_per_s", "busiest_utilisation")


def metric_of(name: str, what: str) -> str:
    """The metric that a name means.

    Raises
    ------
    ArchsimError
        There is none, with near ones.

    Examples
    --------
    >>> metric_of("edp", "--goal"), metric_of("energy_pj", "--goal")
    ('energy_delay_pj_ps', 'energy_pj')
    """
    found = SHORT.get(name, name)
    if found not in METRICS:
        names = [*SHORT, *METRICS]
        raise ArchsimError(
            f"{what} {name}: there is no such figure{close_match(name, names)}; there are: {', '.join(names)}"
        )
    return found


def goal_of(name: str) -> str:
    """The metric that is to be as small as possible; ArchsimError as `metric_of`, or if more of it is better."""
    found = metric_of(name, "--goal")
    if found in _BETTER_LARGE:
        raise ArchsimError(f"--goal {name}: a goal is made as small as possible; ask for latency")
    return found


@dataclass(frozen=True)
class Budget:
    """A bound on a metric.

    Parameters
    ----------
    text : str
        As it was written.
    metric : str
    sign : "<", "<=", ">" or ">="
    value : float
        In the metric's unit.
    """

    text: str
    metric: str
    sign: str
    value: float

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read ``"area<2mm2"``, ``"peak_power <= 50 mW"``.

        Raises
        ------
        ArchsimError
            It is written otherwise, the figure is not known, or the value has no or a wrong unit.

        Examples
        --------
        >>> budget = Budget.parse("area<2mm2")
        >>> budget.metric, budget.value, budget.keeps({"area_um2": 1.5e6})
        ('area_um2', 2000000.0, True)
        """
        found = _BUDGET.fullmatch(text)
        if found is None:
            raise ArchsimError(f"--budget {text}: write it as FIGURE<VALUE, for instance 'area<2mm2'")
        metric = metric_of(found["name"], "--budget")
        try:
            value = limit_of(metric, _number(found["value"].strip()))
        except (UnitError, ValueError) as error:
            raise ArchsimError(f"--budget {text}: {error}") from None
        return cls(text.strip(), metric, found["sign"], value)

    def keeps(self, figures: Mapping[str, float]) -> bool:
        """Whether a design keeps to it."""
        found = figures[self.metric]
        if found == self.value:
            return "=" in self.sign
        return (found < self.value) == ("<" in self.sign)


def _number(text: str) -> object:
    """A plain number as one, for metrics without a unit."""
    try:
        return float(text)
    except ValueError:
        return text


def broken(budgets: Sequence[Budget], figures: Mapping[str, float]) -> list[str]:
    """Budgets that a design does not keep to, as they were written."""
    return [budget.text for budget in budgets if not budget.keeps(figures)]
