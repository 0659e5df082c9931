"""The parts of a page that can be clicked down, and its power over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result, power_over_time
from archsim.metrics.ledger import Bill, Groups, exact_sums
from archsim.names import BREAKDOWNS, LEAKAGE

N_WINDOWS = 2000
"""Power that changes no more often is kept exactly, else as mean and highest in that many windows."""


def cells(result: Result) -> list[dict[str, Any]]:
    """The smallest parts of energy, time and counts, which sum to `Result.breakdown` exactly, in every order.

    A list of cells: ``component``, ``layer``, ``stage``, ``action``, ``energy_pj``, ``busy_ps``, ``latency_ps``,
    ``count``. Leakage has its component, and ``(leakage)`` for the rest.
    """
    graph = result.graph
    groups = Groups.of(graph, result.actions)
    bill = Bill.of(groups, result.latency_ps, result.actions, result.items)
    on_path = np.zeros(graph.n_tasks, np.int64)
    np.add.at(on_path, [s.task for s in result.path], [s.length_ps for s in result.path])
    latency = exact_sums(groups.of_task, on_path, len(groups.count))
    found: dict[tuple[str, ...], list[float]] = {}

    def cell(*key: str) -> list[float]:
        return found.setdefault(key, [0, 0, 0, 0])

    others = [(groups.names["layer"][g], groups.names["stage"][g], groups.names["action"][g])
              for g in range(len(groups.count))]  # fmt: skip
    for g, component in enumerate(groups.names["component"]):
        line = cell(component, *others[g])
        line[1] += groups.busy_ps[g]
        line[2] += latency[g]
        line[3] += groups.count[g]
    for g, component, amount in bill.spent:
        cell(component, *others[g])[0] += amount
    for component, amount in bill.leaked:
        cell(component, LEAKAGE, LEAKAGE, LEAKAGE)[0] += amount
    keys = BREAKDOWNS
    return [
        {**dict(zip(keys, key, strict=True)), "energy_pj": line[0] * bill.quantum_pj, "busy_ps": line[1],
         "latency_ps": line[2], "count": line[3]}
        for key, line in found.items() if any(line)
    ]  # fmt: skip


def areas(result: Result) -> list[dict[str, Any]]:
    """Breakdown of the area: component, where it sits, how many, what is idle, and whose figures they are."""
    return [
        {"component": item.component, "where": item.where, "n": item.n, "area_um2": item.n * item.area_um2,
         "each_um2": item.area_um2, "leakage_uw": item.n * item.leakage_uw, "idle_um2": item.idle_um2,
         "source": item.source, "scaling": item.scaling}
        for item in result.items
    ]  # fmt: skip


def power(result: Result) -> dict[str, Any]:
    """Edges, mean and highest power between them, and the lines to draw across."""
    edges, level = power_over_time(result)
    exact = len(level) <= N_WINDOWS
    times, mean, highest = (edges.astype(np.float64), level, level) if exact else _windows(edges, level)
    return {
        "edges_ps": [round(float(time), 3) for time in times],
        "mean_uw": _rounded(mean),
        "highest_uw": _rounded(highest),
        "exact": exact,
        "n_windows": N_WINDOWS,
        "average_uw": result.average_power_uw,
        "peak_uw": result.peak_power_uw,
        "leakage_uw": result.leakage_uw,
        "budget_uw": budget_uw(result),
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]


def _windows(
    edges: NDArray[np.int64], level: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    changes = edges.astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(level * np.diff(changes))])
    times = np.linspace(0.0, changes[-1], N_WINDOWS + 1)
    mean = np.diff(np.interp(times, changes, energy)) / np.diff(times)
    first = np.clip(np.searchsorted(changes, times[:-1], side="right") - 1, 0, len(level) - 1)
    stop = np.maximum(np.searchsorted(changes, times[1:], side="left"), first + 1)
    highest = np.array([level[low:high].max() for low, high in zip(first, stop, strict=True)])
    return times, mean, highest


def budget_uw(result: Result) -> float | None:
    """The cap on the chip's power, where its file sets one (``power.max``)."""
    from archsim.units import parse_quantity

    chip = result.provenance.get("chip")
    rules = chip.get("power") if isinstance(chip, dict) else None
    text = rules.get("max") if isinstance(rules, dict) else None
    return float(parse_quantity(text, "power")) if isinstance(text, str) else None
