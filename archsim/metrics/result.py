"""Costs of a run: latency, throughput, energy, area and power, in total and by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, AreaItem
from archsim.errors import EngineError
from archsim.files import inside
from archsim.metrics.activity import RunActivity
from archsim.metrics.areas import Crossbars, check_crossbars
from archsim.metrics.critical import Segment, critical_path
from archsim.metrics.figures import Figures
from archsim.metrics.ledger import Ledger, check_prices, ledger_of, loads_ps
from archsim.metrics.links import LinkLoad, link_load
from archsim.metrics.notebook import result_html
from archsim.metrics.power import power_over_time
from archsim.metrics.run_file import run_file, write_run
from archsim.metrics.spans import Spans
from archsim.names import BREAKDOWNS
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.memory import give_back
from archsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Result(Figures):
    """Costs of a run. Make one with `Result.of`.

    Attributes
    ----------
    graph, trace : TaskGraph, Trace
        What was run, and when it ran.
    actions : mapping of str to Action
        The prices.
    items : tuple of AreaItem
        Area and leakage of the chip.
    crossbars, n_crossbars, n_samples, phase, name, provenance, policy
        As given.
    path : tuple of Segment
        The critical path, see `critical_path`.
    seen : RunActivity, callable or None
        What ran through the layers, where it is known, or who counts it when `activity` is asked for.
    advice : mapping or None
        What to change, where that was asked (``archsim.advise.Advice.record()``).
    ledger : Ledger
        The sums behind the properties.

    Notes
    -----
    Energies are whole multiples of a power of two near 2**-50 of the total, and so are areas, so that parts
    sum to the whole exactly, in every order. A cell is off by half of that at most: 5e-16 of the total.
    """

    totals: ClassVar = (
        "n_samples", "n_tasks", "latency_ps", "throughput_per_s", "energy_pj", "dynamic_energy_pj",
        "leakage_energy_pj", "area_um2", "average_power_uw", "peak_power_uw", "busy_ps",
    )  # fmt: skip

    graph: TaskGraph
    trace: Trace
    actions: Mapping[str, Action]
    items: tuple[AreaItem, ...]
    crossbars: Crossbars
    n_crossbars: int
    n_samples: int
    phase: str
    name: str
    provenance: dict[str, object]
    policy: str
    path: tuple[Segment, ...]
    ledger: Ledger
    seen: RunActivity | Callable[[], RunActivity] | None = None
    advice: Mapping[str, object] | None = None

    @classmethod
    def of(
        cls,
        graph: TaskGraph,
        trace: Trace,
        actions: Mapping[str, Action],
        items: Sequence[AreaItem],
        crossbars: Crossbars,
        n_crossbars: int,
        n_samples: int,
        phase: str,
        name: str,
        provenance: Mapping[str, object],
        policy: str = "fifo",
    ) -> Result:
        """Evaluate a finished run, and check that all parts sum to the whole.

        Parameters
        ----------
        graph, trace
            A finished run.
        actions : mapping of str to Action
            The price of every action in the graph.
        items : sequence of AreaItem
            Every component of the chip, once.
        crossbars : mapping of (layer, role) to int
            Crossbars in use; a role is "forward", "copy" or "feedback".
        n_crossbars : int
            Crossbars of the whole chip.
        n_samples : int
            Samples that the run computed, 1 or more.
        phase, name : str
            What was run, for people.
        provenance : mapping
            Where it all came from; values that JSON can hold.
        policy : {"fifo", "static"}
            The policy of the run, for the critical path.

        Returns
        -------
        Result

        Raises
        ------
        EngineError
            The run is not finished, a price is missing or impossible, there are fewer than one sample, or
            parts do not sum to the whole.

        Examples
        --------
        >>> from archsim.components import Charge
        >>> from archsim.engine import run_tasks
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> adc = b.resource("adc")
        >>> tasks = [b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=1000, layer="fc1")
        ...          for _ in "ab"]
        >>> graph = b.build()
        >>> prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
        >>> result = Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "two tasks", {})
        >>> result.latency_ps, result.energy_pj, result.average_power_uw, result.busiest_resource
        (2000, 8.0, 4000.0, Busiest(name='adc', utilisation=1.0))
        """
        _check_run(graph, trace, n_samples)
        check_prices(graph, actions, items)
        check_crossbars(crossbars, n_crossbars)
        path = tuple(critical_path(graph, trace, policy))
        give_back(graph.n_tasks)
        on_path = np.zeros(graph.n_tasks, np.int64)
        np.add.at(on_path, [s.task for s in path], [s.length_ps for s in path])
        ledger = ledger_of(graph, on_path, trace.makespan_ps, actions, items, crossbars, n_crossbars, n_samples)
        result = cls(
            graph, trace, actions, tuple(items), crossbars, n_crossbars, n_samples, phase, name,
            dict(provenance), policy, path, ledger,
        )  # fmt: skip
        result.check()
        return result

    @cached_property
    def activity(self) -> RunActivity | None:
        """Activity of the layers, where it is known; counted when it is first asked for."""
        return self.seen() if callable(self.seen) else self.seen

    # ---- the whole ----

    @property
    def latency_ps(self) -> int:
        """From the start of the run until its last task is done (the makespan)."""
        return self.trace.makespan_ps

    @cached_property
    def peak_power_uw(self) -> float:
        """Highest power at any instant, see `power_over_time`."""
        _, power_uw = power_over_time(self)
        # the true peak is never below the average; rounding must not say otherwise
        return max(float(power_uw.max()), self.average_power_uw)

    def utilisation(self) -> dict[str, float]:
        graph, latency = self.graph, self.latency_ps
        held: NDArray[np.int64] = np.minimum(graph.occupancy_ps, latency - self.trace.start_ps)
        load = np.bincount(graph.uses_resource, loads_ps(graph, held), minlength=graph.n_resources)
        return {
            graph.resource_names[r]: min(1.0, float(load[r]) / latency) if latency else 0.0
            for r in np.unique(graph.uses_resource).tolist()
        }

    def link_load(self) -> dict[str, LinkLoad]:
        """Share of the run, flits and energy of every link in use, see `archsim.metrics.link_load`."""
        return link_load(self.graph, self.trace, self.actions)

    # ---- the parts ----

    def check(self) -> None:
        """Assert that all parts sum to the whole, bit for bit.

        Raises
        ------
        EngineError
            They do not.
        """
        for by in BREAKDOWNS:
            parts = list(self.ledger.parts[by].values())
            sums: list[tuple[str, float, float]] = [
                ("energy_pj", sum(part["energy_pj"] for part in parts), self.energy_pj),
                ("area_um2", sum(part["area_um2"] for part in parts), self.area_um2),
                ("busy_ps", sum(part["busy_ps"] for part in parts), self.busy_ps),
                ("latency_ps", sum(part["latency_ps"] for part in parts), self.latency_ps),
            ]
            for what, total, whole in sums:
                if total != whole:
                    raise EngineError(f"{what} by {by}: the parts sum to {total!r}, the whole is {whole!r}")
        if self.dynamic_energy_pj + self.leakage_energy_pj != self.energy_pj:
            raise EngineError("dynamic energy and leakage do not sum to the energy")

    def spans(self) -> Spans:
        """Which unit of which resource each task held, from when to when."""
        return Spans.of(self.graph, self.trace)

    # ---- for files ----

    def _found(self) -> dict[str, object]:
        return {
            "links": {name: load._asdict() for name, load in self.link_load().items()},
            "critical_path": self._path_shares(),
        }

    @property
    def n_tasks(self) -> int:
        """Tasks of the run."""
        return self.graph.n_tasks

    def _path_shares(self) -> dict[str, object]:
        """Breakdown of the makespan: results awaited, resources awaited, and by component."""
        contended = 0
        for here, following in pairwise(self.path):
            if following.why in ("resource", "space", "queue"):
                contended += here.length_ps
        whole = self.latency_ps
        parts = self.ledger.parts["component"].items()
        return {
            "n_segments": len(self.path),
            "waiting_for_results_ps": whole - contended,
            "waiting_for_resources_ps": contended,
            "share_of_component": {name: part["latency_ps"] / whole for name, part in parts if part["latency_ps"]},
        }

    def write(self, folder: str | Path) -> None:
        super().write(folder)
        write_run(self, inside(folder, run_file(self.phase)))

    def _repr_html_(self) -> str:
        return result_html(self)


def _check_run(graph: TaskGraph, trace: Trace, n_samples: int) -> None:
    if trace.n_tasks != graph.n_tasks:
        raise EngineError(f"the trace has {trace.n_tasks} tasks, its graph {graph.n_tasks}")
    if graph.n_tasks and int(trace.start_ps.min()) < 0:
        task = int(trace.start_ps.argmin())
        raise EngineError(f"task {task} ({graph.label(task)}) never ran; only a finished run has a result")
    if n_samples < 1:
        raise EngineError(f"n_samples is {n_samples}; a result needs 1 or more")
