"""Configurations that differ in times and prices alone share one task graph, and are played out together."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from archsim.components import Parts, free_paths
from archsim.crossbar.cells import with_expected_pulses
from archsim.engine import run_many
from archsim.engine.bounds import lower_bound
from archsim.errors import ArchsimError
from archsim.explore.identity import digest_of
from archsim.explore.measures import WITHOUT_TRACE
from archsim.explore.played import Runs
from archsim.explore.study import Resolved
from archsim.explore.tape import NotSharedError, Recipe, Tape, TapedParts, TapedTasks
from archsim.lowering import lower, parts_of
from archsim.lowering.lower import Lowered, lay_down
from archsim.mapping import Dataflow, Mapping
from archsim.metrics.ledger import Bill, Groups
from archsim.metrics.power import MIN_WINDOW_PS, PJ_PER_PS_IN_UW
from archsim.prepare import Prepared, prepare
from archsim.provenance import files_of
from archsim.snn import Activity, measure
from archsim.workload import Workload

BOUND = "at_least_ps"
"""Lower bounds of every schedule of a configuration that was not simulated."""

Ints = NDArray[np.int64]

N_KEPT = 16
N_MET = 4096


# what a chip may differ in while its tasks stay the same; their times and prices come from its price list
def graph_key(resolved: Resolved) -> str:
    """The same for configurations whose task graphs differ in times and prices at most."""
    chip = _copied(resolved.described_chip)
    for *path, last in free_paths():
        section: Any = chip
        for name in path:
            section = section.get(name) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section.pop(last, None)
    work = resolved.work
    return digest_of([chip, work.described, files_of(work), resolved.phase, resolved.seed])


def _copied(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _copied(item) if isinstance(item, dict) else item for key, item in data.items()}


@dataclass(frozen=True)
class _Graph:
    """A lowered graph, how its times follow from prices, and what of its ledger is the same for all."""

    lowered: Lowered
    recipe: Recipe
    groups: Groups
    mapping: Mapping
    _played: OrderedDict[bytes, int] = field(default_factory=OrderedDict)

    def makespans(self, times: Sequence[tuple[Ints, Ints]]) -> list[int]:
        """Of the graph with each of some times of its classes; with times that were met it is not played again."""
        names = [occupancy.tobytes() + latency.tobytes() for occupancy, latency in times]
        new = {name: row for name, row in zip(names, times, strict=True) if name not in self._played}
        if new:
            services = tuple(np.array(columns) for columns in zip(*new.values(), strict=True))
            runs = run_many(self.lowered.graph, services, classes=self.recipe.classes, workers=1)
            self._played.update(zip(new, runs.makespan_ps.tolist(), strict=True))
        found = [self._played[name] for name in names]
        while len(self._played) > N_MET:
            self._played.popitem(last=False)
        return found


class Shared:
    """Cache of one worker: recordings that were measured, graphs that were lowered."""

    def __init__(self) -> None:
        self._met: OrderedDict[str, None] = OrderedDict()  # graphs that were asked for
        self._measured: OrderedDict[str, tuple[Workload, Activity]] = OrderedDict()
        self._flows: OrderedDict[str, Dataflow] = OrderedDict()  # kept: what is found out of steps stays known
        self._graphs: OrderedDict[str, _Graph | None] = OrderedDict()
        self._played = Runs()

    def measured(self, work: Workload, seed: int) -> tuple[Workload, Activity]:
        """Activity of a workload; measured once."""
        key = json.dumps([work.described, str(work.folder), files_of(work), seed], sort_keys=True, allow_nan=False)
        if key not in self._measured:
            _keep(self._measured, key, measure(work, seed))
        return self._measured[key]

    def metrics(
        self,
        group: Sequence[Resolved],
        wanted: Iterable[str],
        most_ps: float = math.inf,
        max_memory_bytes: int | None = None,
        key: str = "",
    ) -> list[dict[str, float] | None]:
        """Those metrics that need no trace, of configurations with one `graph_key`.

        Parameters
        ----------
        group : sequence of Resolved
        wanted : iterable of str
        most_ps : float
            Configurations that take longer at best are not played out.
        max_memory_bytes : int, optional
            What the graph may take.
        key : str, optional
            Their `graph_key`, where it is known.

        Returns
        -------
        list of dict or None
            Bit for bit what :func:`archsim.simulate` gives (traces of a shared graph are not verified one by one),
            or only ``{BOUND: ps}``; None for a configuration that must be simulated by itself.
        """
        names = [name for name in wanted if name in WITHOUT_TRACE]
        key = key or graph_key(group[0])
        if len(group) == 1 and self._is_new(key):
            return [self._alone(group[0], names, most_ps, max_memory_bytes)]
        graph = self._graph(key, group[0], max_memory_bytes)
        found: list[dict[str, float] | None] = [None] * len(group)
        if graph is None:
            return found
        rows: list[Any] = []
        for i, resolved in enumerate(group):
            try:
                chip = with_expected_pulses(resolved.chip)
                parts = parts_of(chip, graph.mapping)
                times, actions = graph.recipe.times(parts), graph.recipe.actions(parts)
            except (NotSharedError, ArchsimError):
                continue
            if most_ps < math.inf and (least := _least_ps(graph, times)) > most_ps:
                found[i] = {BOUND: least}
            else:
                rows.append((i, parts, times, actions))
        for (i, parts, _, actions), makespan in zip(rows, graph.makespans([row[2] for row in rows]), strict=True):
            if makespan >= 0:  # -1 says that it deadlocks; the simulation says why
                renamed = dict(zip(graph.recipe.names, actions.values(), strict=True))
                found[i] = _totals(graph.groups, parts, renamed, makespan, group[i].work.n_samples, names)
        return found

    def _is_new(self, key: str) -> bool:
        """Whether no graph has been requested before: sharing it may not pay then."""
        is_new = key not in self._met
        _keep(self._met, key, None, N_MET)
        return is_new and key not in self._graphs

    def _alone(
        self, resolved: Resolved, names: Sequence[str], most_ps: float, max_memory_bytes: int | None
    ) -> dict[str, float] | None:
        """Metrics of one configuration whose graph is laid down for it alone; its trace is verified."""
        try:
            ready = self._prepared(resolved, max_memory_bytes)
            laid = lay_down(ready.chip, ready.work, ready.mapping, ready.activity, seed=resolved.seed)
            played = self._played.of(laid, most_ps)
        except ArchsimError:
            return None  # the simulation says why
        if played.makespan_ps is None or played.least_ps > most_ps:
            return {BOUND: played.least_ps}
        actions = played.priced(laid.ctx.actions, laid.ctx.graph.action_names)
        n_samples = resolved.work.n_samples
        return _totals(played.groups, laid.ctx.parts, actions, played.makespan_ps, n_samples, names)

    def _prepared(self, resolved: Resolved, max_memory_bytes: int | None) -> Prepared:
        """Activity measured once, the network mapped, and room for the graph."""
        ready = prepare(
            resolved.chip, resolved.work, resolved.seed, resolved.phase, max_memory_bytes, self.measured
        )
        ready.check()
        _keep(self._flows, str(id(ready.mapping.flow)), ready.mapping.flow)
        return ready

    def _graph(self, key: str, resolved: Resolved, max_memory_bytes: int | None) -> _Graph | None:
        if key not in self._graphs:
            try:
                _keep(self._graphs, key, self._lowered(resolved, max_memory_bytes))
            except (NotSharedError, ArchsimError):
                _keep(self._graphs, key, None)
        self._graphs.move_to_end(key)
        return self._graphs[key]

    def _lowered(self, resolved: Resolved, max_memory_bytes: int | None) -> _Graph:
        ready = self._prepared(resolved, max_memory_bytes)
        chip, work, activity, mapping = ready.chip, ready.work, ready.activity, ready.mapping
        tape = Tape()
        parts = TapedParts(parts_of(chip, mapping), tape)
        tasks = TapedTasks(tape)
        lowered = lower(chip, work, mapping, activity, cast("Parts", parts), tasks, resolved.seed)
        recipe = Recipe.of(tape, tasks, lowered.graph.action_names)
        return _Graph(lowered, recipe, Groups.of(lowered.graph, lowered.actions), mapping)


def _keep(kept: OrderedDict[str, Any], key: str, value: Any, n_most: int = N_KEPT) -> None:
    kept[key] = value
    while len(kept) > n_most:
        kept.popitem(last=False)


def _least_ps(graph: _Graph, times: tuple[Any, Any]) -> int:
    occupancy, latency = (column[graph.recipe.classes] for column in times)
    return lower_bound(graph.lowered.graph.with_services(occupancy, latency)).makespan_ps


def _totals(
    groups: Groups,
    parts: Parts,
    actions: dict[str, Any],
    makespan_ps: int,
    n_samples: int,
    names: Sequence[str],
) -> dict[str, float]:
    """The totals of `Result`, by the same ledger."""
    bill = Bill.of(groups, makespan_ps, actions, parts.items())
    dynamic, leakage = sum(amount for *_, amount in bill.spent), sum(amount for _, amount in bill.leaked)
    energy_pj = (dynamic + leakage) * bill.quantum_pj
    known = {
        "latency_ps": makespan_ps,
        "energy_pj": energy_pj,
        "area_um2": sum(bill.areas) * bill.quantum_um2,
        "average_power_uw": energy_pj / (makespan_ps or MIN_WINDOW_PS) * PJ_PER_PS_IN_UW,
        "throughput_per_s": n_samples * 1e12 / makespan_ps if makespan_ps else float("inf"),
        "latency_per_sample_ps": makespan_ps / n_samples,
        "energy_per_sample_pj": energy_pj / n_samples,
        "dynamic_energy_pj": dynamic * bill.quantum_pj,
        "leakage_energy_pj": leakage * bill.quantum_pj,
        "leakage_uw": math.fsum(item.n * item.leakage_uw for item in parts.items()),
        "energy_delay_pj_ps": energy_pj * makespan_ps,
    }
    return {name: known[name] for name in names}
