"""Power over time, as a step function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

MIN_WINDOW_PS = 1_000
"""The energy of a task is spread over 1 ns at least: no task is an infinite spike of power."""

PJ_PER_PS_IN_UW = 1e6  # 1 pJ/ps = 1 W
UW_PS_PER_PJ = 1e6  # 1 uW ps = 1e-18 J; to be divided by, as 1e-6 is no binary number


class Priced(Protocol):
    """A run with its prices: a `Result`."""

    @property
    def graph(self) -> TaskGraph:
        """Its tasks."""

    @property
    def trace(self) -> Trace:
        """When they ran."""

    @property
    def actions(self) -> Mapping[str, Action]:
        """Price of each action."""

    @property
    def leakage_uw(self) -> float:
        """Of the whole chip."""


def power_over_time(result: Priced) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Power of the whole chip from 0 to the makespan.

    Every task spends its energy evenly from its start over the longest of its occupancy, its latency and 1 ns;
    what would reach beyond the makespan is spent before it (a task that starts in the last nanosecond:
    within the last nanosecond). Leakage is constant.

    Parameters
    ----------
    result : Result

    Returns
    -------
    edges_ps : int64[n + 1]
        Where the power changes, from 0 to the makespan (1 ns if the makespan is 0).
    power_uw : float64[n]
        ``power_uw[i]`` holds from ``edges_ps[i]`` to ``edges_ps[i + 1]``. Its integral is the energy.
    """
    prices = np.array([result.actions[name].energy_pj for name in result.graph.action_names], float)
    return power_steps(result.graph, result.trace, prices, result.leakage_uw)


def power_steps(
    graph: TaskGraph, trace: Trace, prices_pj: NDArray[np.float64], leakage_uw: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """`power_over_time`, from the energy of one count of each action and the leakage."""
    horizon = trace.makespan_ps or MIN_WINDOW_PS
    energy = graph.count * prices_pj[graph.action] if graph.n_tasks else np.zeros(0)
    spends = energy > 0
    start = np.minimum(trace.start_ps[spends], max(0, horizon - MIN_WINDOW_PS))
    window = np.maximum(np.maximum(graph.occupancy_ps, graph.latency_ps)[spends], MIN_WINDOW_PS)
    end = start + np.minimum(window, horizon - start)
    power = energy[spends] / (end - start) * PJ_PER_PS_IN_UW
    # whole numbers add up without drift: what a task adds at its start is exactly gone at its end
    quantum = math.ldexp(1.0, max(math.frexp(float(power.sum()))[1] - 61, -1074))
    steps = np.rint(power / quantum).astype(np.int64)
    edges, place = np.unique(np.concatenate([[0, horizon], start, end]), return_inverse=True)
    change = np.zeros(len(edges), np.int64)
    np.add.at(change, place.reshape(-1)[2:], np.concatenate([steps, -steps]))
    level = np.cumsum(change)[:-1].astype(np.float64)
    return edges.astype(np.int64), level * quantum + leakage_uw
