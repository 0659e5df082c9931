"""Costs of a run that is too long to be kept task by task: the figures that need no trace."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from archsim.components import Action, AreaItem
from archsim.errors import EngineError
from archsim.metrics.activity import RunActivity
from archsim.metrics.areas import Crossbars, check_crossbars
from archsim.metrics.figures import Figures
from archsim.metrics.ledger import Ints, Ledger, Part, check_prices, ledger_of
from archsim.metrics.tally import Tally
from archsim.names import BREAKDOWNS, NOT_FOLLOWED
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import in_64_bits, products, sums_by

NOT_AVAILABLE = {
    "peak_power_uw": "needs the start of every task",
    "critical_path": "needs the start of every task; the latency of a breakdown stands in one line",
    "pictures": "need the start of every task; run fewer timesteps or samples for them",
}
"""The figures that a long run does not give, and why."""


@dataclass(frozen=True, eq=False)
class LongResult(Figures):
    """Costs of a long run. Make one with `LongResult.of`.

    Attributes
    ----------
    latency_ps, n_tasks, n_timesteps, n_samples : int
        Of the whole run.
    way : str
        Which way it went: what was skipped, or that all was played.
    long_run : dict
        ``first_done_ps`` and ``last_done_ps`` (when the first and last timesteps were done) and ``steady`` (what
        was skipped: after which timestep, period, its time, how many).
    actions, items, phase, name, provenance, ledger, activity
        As in `Result`.
    load_ps : int64[n_resources]
        Units x time that tasks held each resource until the end of the run.
    tasks : TaskGraph
        The tasks that are repeated, without edges, for their names and resources.
    """

    totals: ClassVar = (
        "n_samples", "n_timesteps", "n_tasks", "latency_ps", "throughput_per_s", "energy_pj", "dynamic_energy_pj",
        "leakage_energy_pj", "area_um2", "average_power_uw", "busy_ps", "peak_power_uw",
    )  # fmt: skip
    peak_power_uw: ClassVar[None] = None

    latency_ps: int
    n_tasks: int
    n_timesteps: int
    n_samples: int
    way: str
    long_run: dict[str, object]
    actions: Mapping[str, Action]
    items: tuple[AreaItem, ...]
    phase: str
    name: str
    provenance: dict[str, object]
    ledger: Ledger
    load_ps: Ints
    tasks: TaskGraph
    activity: RunActivity | None = None

    @classmethod
    def of(
        cls,
        tasks: TaskGraph,
        times: Ints,
        load_ps: Ints,
        latency_ps: int,
        actions: Mapping[str, Action],
        items: Sequence[AreaItem],
        crossbars: Crossbars,
        n_crossbars: int,
        **labels: Any,
    ) -> LongResult:
        """Evaluate a run from how often each task came; the sums are those of a `Result` of the whole graph.

        Parameters
        ----------
        tasks : TaskGraph
            The tasks that are repeated.
        times : int64[n_tasks]
            How often each of them ran.
        load_ps, latency_ps
            As above.
        actions, items, crossbars, n_crossbars
            As in `Result.of`.
        **labels
            ``n_timesteps``, ``n_samples``, ``way``, ``long_run``, ``phase``, ``name``, ``provenance``.

        Raises
        ------
        EngineError
            A price is missing or impossible, or a sum leaves 64 bits.
        """
        check_prices(tasks, actions, items)
        check_crossbars(crossbars, n_crossbars)
        most = int(times.max(initial=0))
        largest = max(int(tasks.count.max(initial=0)), int(tasks.occupancy_ps.max(initial=0)))
        if most * largest >= 2**63:
            raise EngineError(f"{most} times {largest} leaves 64 bits; run fewer timesteps")
        all_of_them = replace(tasks, count=tasks.count * times, occupancy_ps=tasks.occupancy_ps * times)
        ledger = _ledger(all_of_them, latency_ps, actions, items, crossbars, n_crossbars, labels["n_samples"])
        return cls(
            latency_ps=latency_ps, n_tasks=int(times.sum()), actions=actions, items=tuple(items), ledger=ledger,
            load_ps=load_ps, tasks=tasks, **labels,
        )  # fmt: skip

    @classmethod
    def of_tally(
        cls,
        tally: Tally,
        latency_ps: int,
        actions: Mapping[str, Action],
        items: Sequence[AreaItem],
        crossbars: Crossbars,
        n_crossbars: int,
        **labels: Any,
    ) -> LongResult:
        """Evaluate a run whose tasks were added up part by part; otherwise as `of`.

        Raises
        ------
        EngineError
            A price is missing or impossible, or a sum leaves 64 bits.
        """
        tasks = tally.graph()
        check_prices(tasks, actions, items)
        check_crossbars(crossbars, n_crossbars)
        owner = np.repeat(np.arange(tasks.n_tasks), np.diff(tasks.uses_ptr))
        held = products(tasks.occupancy_ps[owner], tasks.uses_units)
        load = in_64_bits(sums_by(tasks.uses_resource, held, tasks.n_resources), "busy time of a resource")
        return cls(
            latency_ps=latency_ps, n_tasks=tally.n_tasks, actions=actions, items=tuple(items),
            ledger=_ledger(tasks, latency_ps, actions, items, crossbars, n_crossbars, labels["n_samples"]),
            load_ps=load, tasks=tasks, **labels,
        )  # fmt: skip

    def utilisation(self) -> dict[str, float]:
        g = self.tasks
        return {
            g.resource_names[r]: min(1.0, int(self.load_ps[r]) / (max(1, int(g.capacity[r])) * self.latency_ps))
            if self.latency_ps
            else 0.0
            for r in np.unique(g.uses_resource).tolist()
        }

    def _found(self) -> dict[str, object]:
        return {
            "critical_path": None,
            "way": self.way,
            "long_run": self.long_run,
            "not_available": NOT_AVAILABLE,
        }


def _ledger(
    tasks: TaskGraph, latency_ps: int, actions: Mapping[str, Action], items: Sequence[AreaItem],
    crossbars: Crossbars, n_crossbars: int, n_samples: int,
) -> Ledger:  # fmt: skip
    """A ledger in which the latency is attributed to no part."""
    no_path = np.zeros(tasks.n_tasks, np.int64)
    ledger = ledger_of(tasks, no_path, latency_ps, actions, items, crossbars, n_crossbars, n_samples)
    for by in BREAKDOWNS:
        ledger.parts[by][NOT_FOLLOWED] = Part(
            energy_pj=0.0, busy_ps=0, latency_ps=latency_ps, area_um2=0.0, count=0, throughput_per_s=math.inf
        )
    return ledger
