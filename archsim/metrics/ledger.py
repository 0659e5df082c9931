"""The ledger of a run: energy, area, busy time and latency by component, layer, stage and action.

Floats rarely add up: the sum depends on the order. So every smallest cell of the ledger is rounded once to
a whole number of quanta, a power of two close to 2**-50 of the total. Whole multiples of a quantum whose sum
stays below 2**53 quanta add up in float64 without any rounding, in every order.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action, AreaItem
from archsim.errors import EngineError
from archsim.metrics.areas import Crossbars, area_shares
from archsim.metrics.power import UW_PS_PER_PJ
from archsim.names import BREAKDOWNS, LEAKAGE, NONE
from archsim.taskgraph import TaskGraph

Ints = NDArray[np.int64]


class Part(TypedDict):
    """One line of a breakdown."""

    energy_pj: float
    busy_ps: int
    latency_ps: int
    area_um2: float
    count: int
    throughput_per_s: float


def action_of_name(name: str) -> str:
    """The action without its variant.

    Examples
    --------
    >>> action_of_name("drive@2b"), action_of_name("collect")
    ('drive', 'collect')
    """
    return name.partition("@")[0]


def quantum_of(values: Iterable[float]) -> float:
    """A power of two so that the sum of the values is 2**49 to 2**50 of it.

    Examples
    --------
    >>> quantum_of([0.5, 0.25]) == 2.0**-50
    True
    """
    total = sum(values)
    if not math.isfinite(total):
        raise EngineError(f"a total of {total} is beyond what a float holds; are counts and prices right?")
    return math.ldexp(1.0, max(math.frexp(total)[1] - 50, -1074))


@dataclass(frozen=True)
class Groups:
    """Tasks of the same action, layer and stage, summed.

    Attributes
    ----------
    of_task : int16[n_tasks], or as wide as it must be
        The group of each task.
    names : dict of str to list of str
        For each breakdown, the name of each group.
    variants : list of str
        The action of each group, with its variant.
    count, busy_ps : list of int
        Sums.
    """

    of_task: Ints
    names: dict[str, list[str]]
    variants: list[str]
    count: list[int]
    busy_ps: list[int]

    @classmethod
    def of(cls, graph: TaskGraph, actions: Mapping[str, Action]) -> Groups:
        """Sum a graph's tasks by (action, layer, stage)."""
        n_layers, n_stages = max(1, len(graph.layer_names)), max(1, len(graph.stage_names))
        n = n_layers * n_stages * max(1, len(graph.action_names))
        key = graph.action.astype(_as_wide_as(n))
        for column, n_names in ((graph.layer, n_layers), (graph.stage, n_stages)):
            key *= n_names
            key += column
        keys, of_task = numbered(key, n)
        variants = [graph.action_names[k] for k in keys // (n_layers * n_stages)]
        names = {
            "component": [busy_component(actions[name]) for name in variants],
            "layer": [graph.layer_names[k] or NONE for k in keys // n_stages % n_layers],
            "stage": [graph.stage_names[k] or NONE for k in keys % n_stages],
            "action": [action_of_name(name) for name in variants],
        }
        count = exact_sums(of_task, graph.count, len(keys))
        return cls(of_task, names, variants, count, exact_sums(of_task, graph.occupancy_ps, len(keys)))


def busy_component(action: Action) -> str:
    """The component that a task of this action keeps busy."""
    return action.charges[0].component if action.charges else NONE


_PIECE = 2**17
"""Entries that are looked at together, so that what numpy makes of them on the way takes little memory. So
few 32-bit numbers sum to less than 2**53, which floats hold exactly."""


def _pieces(n: int) -> Iterator[slice]:
    return (slice(begin, min(n, begin + _PIECE)) for begin in range(0, n, _PIECE))


def _as_wide_as(n: int) -> Any:
    """The type of whole numbers below `n`, with a sign."""
    return np.min_scalar_type(-n)


def numbered(keys: Ints, n: int) -> tuple[Ints, Ints]:
    """The keys that occur, ascending, and the place of each entry's key among them; all are below `n`.

    Examples
    --------
    >>> [column.tolist() for column in numbered(np.array([7, 2, 7]), 10)]
    [[2, 7], [1, 0, 1]]
    """
    if n > max(2**20, len(keys)):  # a table of all that could occur would be longer than what does
        found, at = np.unique(keys, return_inverse=True)
        return found.astype(np.int64), at.astype(keys.dtype).reshape(-1)
    occurs = np.zeros(n, bool)
    for piece in _pieces(len(keys)):
        occurs[keys[piece]] = True
    found = np.flatnonzero(occurs)
    place, at = np.zeros(n, keys.dtype), np.empty_like(keys)
    place[found] = np.arange(len(found))
    for piece in _pieces(len(keys)):
        at[piece] = place[keys[piece]]
    return found, at


def exact_sums(index: Ints, values: Ints, n: int) -> list[int]:
    """Sum the values of each index, all 0 or more, beyond 64 bits if need be.

    Examples
    --------
    >>> exact_sums(np.array([0, 1, 0]), np.array([2**62, 3, 2**62]), 2) == [2**63, 3]
    True
    """
    total = [0] * n
    for piece in _pieces(len(values)):
        at, part = index[piece], values[piece].astype(np.int64)
        for shift, digits in ((0, part & 0xFFFFFFFF), (32, part >> 32)):
            if digits.any():
                sums = np.bincount(at, digits, minlength=n).tolist()
                total = [so_far + (int(more) << shift) for so_far, more in zip(total, sums, strict=True)]
    return total


def whole_sum(values: Ints) -> int:
    """Sum of values of 0 or more, beyond 64 bits if need be.

    Examples
    --------
    >>> whole_sum(np.array([2**62, 2**62, 1])) == 2**63 + 1
    True
    """
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


@dataclass(frozen=True)
class Ledger:
    """The four breakdowns and their totals, which are counted on their own."""

    parts: dict[str, dict[str, Part]]
    energy_pj: float
    dynamic_energy_pj: float
    leakage_energy_pj: float
    area_um2: float
    busy_ps: int


@dataclass(frozen=True)
class Bill:
    """Energy and area of a run to be attributed, in whole quanta.

    Attributes
    ----------
    quantum_pj, quantum_um2 : float
        What one is.
    spent : list of (group, component, quanta)
        Dynamic energy.
    leaked : list of (component, quanta)
        Leakage power x makespan.
    areas : list of int
        Of each area item.
    """

    quantum_pj: float
    quantum_um2: float
    spent: list[tuple[int, str, int]]
    leaked: list[tuple[str, int]]
    areas: list[int]

    @classmethod
    def of(
        cls, groups: Groups, makespan_ps: int, actions: Mapping[str, Action], items: Sequence[AreaItem]
    ) -> Bill:
        """Price the groups and the chip, and round each cell once."""
        spent = [
            (g, charge.component, groups.count[g] * charge.energy_pj)
            for g, variant in enumerate(groups.variants)
            for charge in actions[variant].charges
        ]
        leaked = [(item.component, item.n * item.leakage_uw * makespan_ps / UW_PS_PER_PJ) for item in items]
        areas = [item.n * item.area_um2 for item in items]
        pj = quantum_of([*(energy for *_, energy in spent), *(energy for _, energy in leaked)])
        um2 = quantum_of(areas)
        return cls(
            pj,
            um2,
            [(g, component, round(energy / pj)) for g, component, energy in spent],
            [(component, round(energy / pj)) for component, energy in leaked],
            [round(area / um2) for area in areas],
        )


def ledger_of(
    graph: TaskGraph,
    on_path_ps: Ints,
    makespan_ps: int,
    actions: Mapping[str, Action],
    items: Sequence[AreaItem],
    crossbars: Crossbars,
    n_crossbars: int,
    n_samples: int,
) -> Ledger:
    """Attribute everything, four times.

    Parameters
    ----------
    on_path_ps : int64[n_tasks]
        How much of the makespan each task answers for.
    graph, makespan_ps, actions, items, crossbars, n_crossbars, n_samples
        As in `Result.of`.
    """
    groups = Groups.of(graph, actions)
    bill = Bill.of(groups, makespan_ps, actions, items)
    latency_ps = exact_sums(groups.of_task, on_path_ps, len(groups.count))
    parts, taken = {}, _Taken.of(graph, groups)
    for by in BREAKDOWNS:
        lines = _lines(by, groups, latency_ps, bill)
        for item, size in zip(items, bill.areas, strict=True):
            for name, share in area_shares(by, item, size, crossbars, n_crossbars):
                lines[name]["area"] += share
        rates = taken.throughputs(groups.names[by], n_samples)
        parts[by] = {name: _part(line, bill, rates.get(name, math.inf)) for name, line in lines.items()}
    dynamic, leakage = sum(amount for *_, amount in bill.spent), sum(amount for _, amount in bill.leaked)
    return Ledger(
        parts,
        energy_pj=(dynamic + leakage) * bill.quantum_pj,
        dynamic_energy_pj=dynamic * bill.quantum_pj,
        leakage_energy_pj=leakage * bill.quantum_pj,
        area_um2=sum(bill.areas) * bill.quantum_um2,
        busy_ps=whole_sum(graph.occupancy_ps),
    )


def _lines(by: str, groups: Groups, latency_ps: Sequence[int], bill: Bill) -> dict[str, Counter[str]]:
    """Everything but the area, in whole numbers, by name in order of first mention."""
    lines: dict[str, Counter[str]] = defaultdict(Counter)
    names = groups.names[by]
    for g, name in enumerate(names):
        lines[name]["count"] += groups.count[g]
        lines[name]["busy"] += groups.busy_ps[g]
        lines[name]["latency"] += latency_ps[g]
    for g, component, amount in bill.spent:
        lines[component if by == "component" else names[g]]["energy"] += amount
    for component, amount in bill.leaked:
        lines[component if by == "component" else LEAKAGE]["energy"] += amount
    return lines


def _part(line: Counter[str], bill: Bill, throughput_per_s: float) -> Part:
    return {
        "energy_pj": line["energy"] * bill.quantum_pj,
        "busy_ps": line["busy"],
        "latency_ps": line["latency"],
        "area_um2": line["area"] * bill.quantum_um2,
        "count": line["count"],
        "throughput_per_s": throughput_per_s,
    }


def loads_ps(graph: TaskGraph, held_ps: Ints) -> NDArray[np.float64]:
    """Time that each entry of `uses` takes of its resource: units x time held / capacity."""
    load, capacity = np.empty(len(graph.uses_resource)), np.maximum(graph.capacity, 1)
    for piece, entries, held in _entries(graph):
        time = np.repeat(held_ps[piece].astype(float), held)
        load[entries] = graph.uses_units[entries] * time / capacity[graph.uses_resource[entries]]
    return load


def _entries(graph: TaskGraph) -> Iterator[tuple[slice, slice, Ints]]:
    """Pieces of a graph: its tasks, their entries of `uses`, and how many entries each task has."""
    for piece in _pieces(graph.n_tasks):
        ptr = graph.uses_ptr[piece.start : piece.stop + 1]
        yield piece, slice(int(ptr[0]), int(ptr[-1])), np.diff(ptr)


@dataclass(frozen=True)
class _Taken:
    """Time that each entry of `uses` takes of its resource, and its pair of a group and a resource."""

    pair: Ints
    group: Ints
    resource: Ints
    load_ps: NDArray[np.float64]
    n_resources: int

    @classmethod
    def of(cls, graph: TaskGraph, groups: Groups) -> _Taken:
        n_resources = max(1, graph.n_resources)
        n = max(1, len(groups.count)) * n_resources
        key = np.empty(len(graph.uses_resource), _as_wide_as(n))
        for piece, entries, held in _entries(graph):
            key[entries] = np.repeat(groups.of_task[piece], held)
        key *= n_resources
        key += graph.uses_resource
        keys, pair = numbered(key, n)
        load_ps = loads_ps(graph, graph.occupancy_ps)
        return cls(pair, keys // n_resources, keys % n_resources, load_ps, n_resources)

    def throughputs(self, names: Sequence[str], n_samples: int) -> dict[str, float]:
        """Of each name alone: samples per busy second of the busiest resource of its tasks."""
        place = {name: k for k, name in enumerate(dict.fromkeys(names))}
        label = np.array([place[name] for name in names], np.int64)
        if not len(self.pair):
            return {}
        key = label[self.group] * self.n_resources + self.resource
        keys, of_pair = numbered(key, len(place) * self.n_resources)
        busy, busiest = np.zeros(len(keys)), np.zeros(len(place))
        for piece in _pieces(len(self.pair)):
            np.add.at(busy, of_pair[self.pair[piece]], self.load_ps[piece])
        np.maximum.at(busiest, keys // self.n_resources, busy)
        return {name: n_samples * 1e12 / busiest[k] for name, k in place.items() if busiest[k] > 0}


def check_prices(graph: TaskGraph, actions: Mapping[str, Action], items: Sequence[AreaItem]) -> None:
    """Refuse what cannot be priced.

    Raises
    ------
    EngineError
        An action of the graph has no price, or a price, a leakage or an area is negative or not finite.
    """
    missing = [name for name in graph.action_names if name not in actions]
    errors = [f"action {name!r} has no price" for name in missing]
    used = [actions[name] for name in graph.action_names if name in actions]
    figures = [(f"energy of {a.name!r} in {c.component!r}", c.energy_pj) for a in used for c in a.charges]
    for item in items:
        figures += [
            (f"number of {item.component!r}", item.n),
            (f"area of {item.component!r}", item.area_um2),
            (f"leakage of {item.component!r}", item.leakage_uw),
        ]
    unfair = [(what, value) for what, value in figures if not (math.isfinite(value) and value >= 0)]
    errors += [f"{what} is {value}; it must be finite and 0 or more" for what, value in unfair]
    if errors:
        raise EngineError("\n".join(errors))
