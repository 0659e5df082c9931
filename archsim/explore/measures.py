"""Metrics: what a study may want, bound or record of a configuration, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from archsim.components import count_units, part_kinds
from archsim.errors import ExploreError, PluginError
from archsim.lowering.context import ADMIT, BARRIER, RELEASE
from archsim.lowering.power import ISSUE, SETTLE
from archsim.metrics import Result
from archsim.metrics.ledger import Part
from archsim.names import BREAKDOWNS
from archsim.registry import METRICS, RULES
from archsim.units import close_match, kind_of_figure, parse_quantity
from archsim.workload.layer_graph import minimax_fidelity, mixing_time
from archsim.workload.network import Network

ALWAYS: Final = ("latency_ps", "energy_pj", "area_um2", "average_power_uw")
"""Recorded of every configuration."""

WITHOUT_TRACE: Final = (
    "latency_ps", "energy_pj", "area_um2", "average_power_uw", "dynamic_energy_pj", "leakage_energy_pj",
    "leakage_uw", "latency_per_sample_ps", "energy_per_sample_pj", "throughput_per_s", "energy_delay_pj_ps",
)  # fmt: skip
"""All totals but those that need a trace: peak power, utilisation."""

ACCURACIES: Final = {"accuracy": "after", "accuracy_before": "before", "accuracy_source": "source"}
"""Found by learning: after adaptation on the chip, before it, and of the network as it was trained."""

LEARNED: Final = {
    **ACCURACIES,
    "adaptation_latency_ps": "adaptation_latency_ps", "adaptation_energy_pj": "adaptation_energy_pj",
    "adaptation_pulses": "adaptation_pulses", "window_p99_ps": "window_p99_ps",
    "programming_energy_pj": "programming_energy_pj",
}  # fmt: skip
"""These, and what the same adaptation takes: all of it, 99 of 100 windows at most, the programming before it."""

SHAPES: Final[dict[str, Callable[[Network], float]]] = {
    "mixing_time": mixing_time,
    "minimax_fidelity": minimax_fidelity,
}
"""Of the network's layer graph; the chip has no part in them."""


def _parts() -> dict[str, tuple[str, ...]]:
    """Names of parts that do not depend on chip and network, as those of layers do; "(leakage)" is in all."""
    errors = dict.fromkeys(rule.error_stage for rule in RULES.values())
    return {
        "component": (*part_kinds(), "flow_control"),
        "stage": ("forward", *errors, "gradient", "update", "learning"),
        "action": (*count_units(), *(free.name for free in (ADMIT, RELEASE, BARRIER, ISSUE, SETTLE))),
    }


_FRACTIONS = (*ACCURACIES, "minimax_fidelity")


def kind_of(metric: str) -> str | None:
    """The kind of quantity of a metric; None for a plain number.

    Examples
    --------
    >>> kind_of("breakdown.component.adc.energy_pj"), kind_of("accuracy"), kind_of("throughput_per_s")
    ('energy', 'fraction', None)
    """
    if metric in _FRACTIONS or (metric in METRICS and METRICS[metric].is_fraction):
        return "fraction"
    return kind_of_figure(metric)


def limit_of(metric: str, value: object) -> float:
    """A bound as a file writes it, in the metric's unit.

    Raises
    ------
    UnitError
        It has no unit, or a wrong one.
    ValueError
        It is no number.

    Examples
    --------
    >>> limit_of("area_um2", "2 mm2"), limit_of("accuracy", 0.8)
    (2000000.0, 0.8)
    """
    kind = kind_of(metric)
    if kind is not None:
        return float(parse_quantity(value, kind))
    if isinstance(value, str):
        raise ValueError(f"must be a plain number; got {value!r}")
    return float(value)  # type: ignore[arg-type]  # the file's model lets numbers and texts through


def error_of(metric: str) -> str:
    """Error of the name of a metric; empty if it can be found."""
    names = [*METRICS, *LEARNED, *SHAPES]
    if metric in names:
        return ""
    if metric.partition(".")[0] != "breakdown":
        hint = close_match(metric, names)
        return f"no metric is called {metric!r}{hint}; there are: {', '.join(names)}, breakdown.BY.NAME.FIGURE"
    _, by, name, field = split_breakdown(metric)
    fields = list(Part.__annotations__)
    if by == "phase":
        return f"the phase of a task is called its stage: breakdown.stage.{name}.{field}"
    if by not in BREAKDOWNS or not name:
        return f"write it as breakdown.BY.NAME.FIGURE; BY is one of {', '.join(BREAKDOWNS)}"
    known = _parts().get(by, ())
    if known and name not in known and not name.startswith("("):
        return f"no {by} is called {name!r}{close_match(name, known)}; there are: {', '.join(known)}"
    return "" if field in fields else f"no figure {field!r} in a breakdown; there are: {', '.join(fields)}"


def split_breakdown(metric: str) -> tuple[str, str, str, str]:
    """``breakdown``, by what, the name of the part (which may hold dots), and the figure."""
    head, _, rest = metric.partition(".")
    by, _, rest = rest.partition(".")
    name, _, field = rest.rpartition(".")
    return head, by, name, field


def needs_learning(metrics: Iterable[str]) -> bool:
    """Whether one of the metrics is found by learning."""
    return any(metric in LEARNED for metric in metrics)


def measure_shape(network: Network, metrics: Iterable[str]) -> dict[str, float]:
    """Those metrics that the network's layer graph decides alone.

    Raises
    ------
    WorkloadError
        Some layer never reaches the last one.
    """
    return {metric: SHAPES[metric](network) for metric in metrics if metric in SHAPES}


def _total(metric: str, result: Result) -> float:
    with METRICS.calling(metric) as kind:
        value = kind.of(result)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            where = f"{kind.__module__}.{kind.__qualname__}"
            raise PluginError(f"metric {metric!r} ({where}) gives {value!r}, not a finite number")
    found: float = value
    return found


def measure_result(result: Result, metrics: Iterable[str]) -> dict[str, float]:
    """Metrics of a run; those that are found by learning and those of the network's shape are left out.

    Raises
    ------
    ExploreError
        The run has no such part.
    """
    parts: dict[str, Mapping[str, Any]] = {}
    found: dict[str, float] = {}
    for metric in metrics:
        if metric in METRICS:
            found[metric] = _total(metric, result)
        elif metric not in LEARNED and metric not in SHAPES:
            _, by, name, field = split_breakdown(metric)
            if by not in parts:
                parts[by] = result.breakdown(by)
            if name not in parts[by]:
                raise ExploreError(f"{metric}: the run has no {by} {name!r}; there are: {', '.join(parts[by])}")
            found[metric] = parts[by][name][field]
    return found
