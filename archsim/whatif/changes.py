"""Changes of a chip at the level of its task graph: faster parts, more units, more space."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from archsim.components import Action
from archsim.errors import ArchsimError
from archsim.given import refuse, wrong_kinds
from archsim.metrics import bare_name, busy_component, kind_of
from archsim.metrics.waits import owners
from archsim.taskgraph import TaskGraph

Flags = NDArray[np.bool_]
_LARGEST = 2**62
_MOST_NAMES = 12


@dataclass(frozen=True)
class Change:
    """One thing made different.

    Parameters
    ----------
    kind : "speedup" or "capacity"
        Tasks take 1/factor of their time; or a resource has factor times its units.
    pattern : str
        Which: see `Names`.
    factor : Fraction or None
        None: infinitely fast, or units without end. Tasks on what is infinitely fast take no time, and nobody
        waits for it any more: the resource is taken away. (Of a component: its tasks no longer take resources of
        its name.)
    """

    kind: Literal["speedup", "capacity"]
    pattern: str
    factor: Fraction | None

    def __post_init__(self) -> None:
        refuse(wrong_kinds(self, "change."))

    @classmethod
    def parse(cls, kind: Literal["speedup", "capacity"], text: str) -> Change:
        """Read ``"adc=2"``, ``"tile.*.adc=1.5"`` or ``"adc=inf"``.

        Raises
        ------
        ArchsimError
            It is written otherwise, or the factor is not above zero.

        Examples
        --------
        >>> str(Change.parse("speedup", "adc=2")), str(Change.parse("capacity", "tile.*.adc=inf"))
        ('adc 2x faster', 'tile.*.adc unlimited')
        """
        pattern, equals, value = (part.strip() for part in text.rpartition("="))
        wrong = f"--{kind} {text}: write NAME=FACTOR, for instance adc=2, adc=1.5 or adc=inf"
        if not equals or not pattern:
            raise ArchsimError(wrong)
        if value == "inf":
            return cls(kind, pattern, None)
        try:
            factor = Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ArchsimError(wrong) from None
        if factor <= 0:
            raise ArchsimError(f"--{kind} {text}: the factor must be above zero")
        return cls(kind, pattern, factor)

    def __str__(self) -> str:
        if self.factor is None:
            return f"{self.pattern} {'infinitely fast' if self.kind == 'speedup' else 'unlimited'}"
        number = f"{float(self.factor):.6g}"
        return f"{self.pattern} " + (f"{number}x faster" if self.kind == "speedup" else f"capacity x{number}")


class Names:
    """The resources and actions that a name in a change may stand for.

    For speed, the name of a component (``adc``) means the tasks that keep it busy, as in the breakdown: each task
    belongs to one component. Any other pattern means resources, and all tasks that use them, whole. It is compared
    with the whole name of a resource (``tile[3].pe[1].adc``), the name without indices (``tile.pe.adc``) and its
    kind (``adc``). ``*`` stands for anything, ``?`` for one character; brackets are just brackets.

    Parameters
    ----------
    graph : TaskGraph
    actions : mapping of str to Action, optional
        The prices, for the names of components.
    """

    def __init__(self, graph: TaskGraph, actions: Mapping[str, Action] | None = None) -> None:
        self.graph = graph
        self.kinds = [kind_of(name) for name in graph.resource_names]
        self._bare = [bare_name(name) for name in graph.resource_names]
        self.components = ["" if actions is None else busy_component(actions[a]) for a in graph.action_names]

    def resources(self, pattern: str) -> list[int]:
        """Resources that a pattern means."""
        matches = _matcher(pattern)
        names = zip(self.graph.resource_names, self._bare, self.kinds, strict=True)
        return [r for r, of_r in enumerate(names) if any(map(matches, of_r))]

    def actions(self, pattern: str) -> list[int]:
        """Actions of components that a pattern means."""
        matches = _matcher(pattern)
        return [a for a, name in enumerate(self.components) if name and matches(name)]

    def is_component(self, pattern: str) -> bool:
        """Whether a pattern means the tasks of components, not those that use resources."""
        return pattern in self.components or (not self.resources(pattern) and bool(self.actions(pattern)))

    def on(self, pattern: str) -> Flags:
        """Tasks whose time is a component's, or who use a resource, that a pattern means."""
        g = self.graph
        if self.is_component(pattern):
            return np.isin(g.action, self.actions(pattern))
        found = np.zeros(g.n_tasks, bool)
        found[owners(g.uses_ptr)[np.isin(g.uses_resource, self.resources(pattern))]] = True
        return found

    def check(self, changes: Iterable[Change]) -> None:
        """Refuse names that mean nothing.

        Raises
        ------
        ArchsimError
            Every such name, with near ones.
        """
        errors = []
        for change in changes:
            components = self.components if change.kind == "speedup" else []
            known = sorted({*self.kinds, *self._bare, *components} - {""})
            resources, actions = self.resources(change.pattern), self.actions(change.pattern)
            if not resources and not (change.kind == "speedup" and actions):
                said = f"no resource{' or component' if components else ''} has this name"
                errors.append(f"--{change.kind} {change.pattern}: {said}{_near(change.pattern, known)}")
            elif change.kind == "speedup" and not self.on(change.pattern).any():
                errors.append(
                    f"--speedup {change.pattern}: no task spends time on it; space is changed by --capacity"
                )
        if errors:
            raise ArchsimError("\n".join(errors))


def _matcher(pattern: str) -> Callable[[str], bool]:
    literal = pattern.replace("[", "[[]")
    return lambda name: fnmatchcase(name, literal)


def _near(pattern: str, known: Sequence[str]) -> str:
    last = re.sub(r"[*?]", "", pattern.rpartition(".")[2]) or pattern
    tries = (last, pattern) if re.search(r"[*?]", pattern) else (pattern, last)
    near = get_close_matches(tries[0], known, 3, 0.6) or get_close_matches(tries[1], known, 3, 0.6)
    if near:
        return f"; did you mean {', '.join(near)}?"
    plain = [name for name in known if "." not in name] or known
    more = f" and {len(plain) - _MOST_NAMES} more" if len(plain) > _MOST_NAMES else ""
    return f"; there are: {', '.join(plain[:_MOST_NAMES])}{more}"


def changed(graph: TaskGraph, changes: Sequence[Change], names: Names) -> TaskGraph:
    """The graph after all changes, one after the other.

    Times are divided exactly and rounded once to whole picoseconds (halves go up); a capacity is rounded down.

    Parameters
    ----------
    graph : TaskGraph
    changes : sequence of Change
    names : Names
        Of the same graph.

    Returns
    -------
    TaskGraph
        The tasks keep their numbers.

    Raises
    ------
    ArchsimError
        A name means nothing, or a task would need more units than there are.
    """
    names.check(changes)
    occupancy, latency = graph.occupancy_ps, graph.latency_ps
    capacity, gone = graph.capacity.copy(), np.zeros(graph.n_resources, bool)
    idle = np.zeros(len(graph.uses_resource), bool)
    for change in changes:
        resources = names.resources(change.pattern)
        if change.kind == "speedup":
            on = names.on(change.pattern)
            occupancy, latency = (
                np.where(on, _divided(times, change.factor), times) for times in (occupancy, latency)
            )
            if change.factor is None and names.is_component(change.pattern):
                idle |= on[owners(graph.uses_ptr)] & np.isin(graph.uses_resource, resources)
            elif change.factor is None:
                gone[resources] = True
            continue
        for r in resources:
            units = _LARGEST if change.factor is None else int(capacity[r]) * change.factor.numerator
            units = units if change.factor is None else units // change.factor.denominator
            gone[r] |= units >= _LARGEST
            capacity[r] = min(units, _LARGEST)
    _check_units(graph, capacity, gone)
    found = replace(graph, occupancy_ps=occupancy, latency_ps=latency, capacity=capacity)
    return _without(found, gone, idle) if gone.any() or idle.any() else found


def _divided(times: NDArray[np.int64], factor: Fraction | None) -> NDArray[np.int64]:
    if factor is None:
        return np.zeros_like(times)
    up, down = factor.denominator, factor.numerator
    distinct, place = np.unique(times, return_inverse=True)  # Python's numbers, for none is too long for them
    exact = [(2 * int(t) * up + down) // (2 * down) for t in distinct]
    if max(exact, default=0) >= 2**63:
        raise ArchsimError(f"a task would take {max(exact)} ps; times must stay below 2**63 ps")
    return np.array(exact, np.int64)[place.reshape(-1)]


def _check_units(graph: TaskGraph, capacity: NDArray[np.int64], gone: Flags) -> None:
    needed = np.zeros(graph.n_resources, np.int64)
    for kind in ("uses", "reserves"):
        np.maximum.at(needed, getattr(graph, f"{kind}_resource"), getattr(graph, f"{kind}_units"))
    errors = [
        f"{graph.resource_names[r]}: would have {capacity[r]} units, but a task takes {needed[r]} at once"
        for r in np.flatnonzero((needed > capacity) & (capacity < graph.capacity) & ~gone).tolist()
    ]
    if errors:
        raise ArchsimError("\n".join(errors[:5] + ([f"… and {len(errors) - 5} more"] if len(errors) > 5 else [])))


def _without(graph: TaskGraph, gone: Flags, idle: Flags) -> TaskGraph:
    """The graph with resources that are no longer used, and without some entries of `uses`."""
    columns: dict[str, Any] = {}
    for kind in ("uses", "reserves", "frees"):
        ptr, resource = getattr(graph, f"{kind}_ptr"), getattr(graph, f"{kind}_resource")
        keep = ~gone[resource] & (~idle if kind == "uses" else True)
        left = np.bincount(owners(ptr)[keep], minlength=graph.n_tasks)
        columns[f"{kind}_ptr"] = np.concatenate([np.zeros(1, np.int64), np.cumsum(left)])
        columns[f"{kind}_resource"] = resource[keep]
        columns[f"{kind}_units"] = getattr(graph, f"{kind}_units")[keep]
    return replace(graph, **columns)
