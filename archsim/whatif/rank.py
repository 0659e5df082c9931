"""Try changes one by one, and rank them by what they bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from archsim.components import Action
from archsim.engine import POLICIES, run_tasks
from archsim.errors import DeadlockError
from archsim.given import refuse, wrong_kind, wrong_type
from archsim.metrics import Result
from archsim.metrics.waits import SPACE, check_finished, waits
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace
from archsim.whatif.changes import Change, Names, changed
from archsim.whatif.order import order_of, reordered
from archsim.whatif.unseen import not_seen

TWICE = Fraction(2)
MOST_BUFFERS = 20


@dataclass(frozen=True)
class Outcome:
    """The gains of some changes.

    Attributes
    ----------
    changes : tuple of Change
    base_ps : int
        The makespan without them.
    latency_ps : int or None
        The makespan with them, played out again under the policy of the run; None if it ends in a deadlock.
    same_order_ps : int or None
        The makespan if every resource serves its tasks in the order of the present schedule (policy ``static``).
        There more speed or more units never harm.
    not_seen : mapping of str to str
        By kind of resource: what its number also decides on the chip, which no replay of the graph can know. The
        gain is then that of more of the same beside it.
    """

    changes: tuple[Change, ...]
    base_ps: int
    latency_ps: int | None
    same_order_ps: int | None
    not_seen: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_anomaly(self) -> bool:
        """Whether another order turns a gain into a loss, or a loss into a gain (Graham's anomalies)."""
        if self.latency_ps is None or self.same_order_ps is None:
            return self.latency_ps != self.same_order_ps
        played, kept = self.base_ps - self.latency_ps, self.base_ps - self.same_order_ps
        return played * kept < 0 or (played < 0) != (kept < 0)

    @property
    def gain_ps(self) -> int | None:
        """Reduction of the makespan; of the two answers the one of the same order if they differ in sign."""
        answer = self.same_order_ps if self.is_anomaly else self.latency_ps
        return None if answer is None else self.base_ps - answer

    def __str__(self) -> str:
        return " and ".join(map(str, self.changes))


def what_if(
    run: Result | TaskGraph,
    trace: Trace | None = None,
    changes: Sequence[Change] | None = None,
    actions: Mapping[str, Action] | None = None,
    policy: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Play a run out again with each change alone, and rank them by what they bring.

    Parameters
    ----------
    run : Result or TaskGraph
        What `archsim.simulate` or `archsim.load_result` gave; or a task graph.
    trace : Trace, optional
        Of a task graph; a result has its own, with prices and policy.
    changes : sequence of Change, optional
        What to try, each alone, and all together if there are several. If not given: all of `single_changes`, and
        twice the space of each of the twenty buffers for which tasks waited longest.
    actions : mapping of str to Action, optional
        The prices, for the names of components.
    policy : {"fifo", "static"}, optional
        The policy of the run; of a graph "fifo" if not given.
    progress : function of (done, all), optional
        Is told how far it is.

    Returns
    -------
    list of Outcome
        The largest gain first; in a tie the given order.

    Raises
    ------
    ArchsimError
        A change names nothing that exists, or leaves a task with too few units; or an argument is of another type.
    EngineError
        The trace is not that of this graph and policy.

    Notes
    -----
    Under ``fifo`` a faster part may lengthen a run, because it changes who comes first (Graham, SIAM J. Appl.
    Math. 17, 1969). So each change is played out twice: by the policy of the run, and with every resource serving
    its tasks in the order of the present schedule, which is monotone. Where they differ in sign, the second ranks.

    The tasks stay as they were laid down. Where the number of a resource also decides how many there are or how
    long they take (`archsim.whatif.unseen`), an outcome says so: simulate again with the key that it names.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc, bus = b.resource("tile[0].adc"), b.resource("tile[0].bus")
    >>> for _ in range(4):
    ...     read = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    ...     sent = b.task(action="send", uses=[(bus, 1)], occupancy_ps=20, after=[read])
    >>> graph = b.build()
    >>> for outcome in what_if(graph, run_tasks(graph))[:5]:
    ...     print(outcome, outcome.gain_ps)
    adc infinitely fast 340
    adc unlimited 240
    adc 2x faster 200
    adc capacity x2 180
    bus infinitely fast 20
    """
    graph, trace, actions, policy = _parts(run, trace, actions, policy, changes)
    check_finished(graph, trace)
    names = Names(graph, actions)
    tried: list[tuple[Change, ...]] = [
        (change,) for change in (_all(names, trace, policy) if changes is None else changes)
    ]
    if changes is not None and len(changes) > 1:
        tried.append(tuple(changes))
    names.check(change for group in tried[: len(changes or tried)] for change in group)
    order = order_of(graph, trace, policy)
    renumbered = reordered(graph, order)
    again = Names(renumbered, actions)
    outcomes = []
    for n, group in enumerate(tried):
        if progress is not None:
            progress(n, len(tried))
        played = _makespan(changed(graph, group, names), policy)
        kept = _makespan(changed(renumbered, group, again), "static")
        outcomes.append(Outcome(group, trace.makespan_ps, played, kept, not_seen(group, names)))
    return sorted(outcomes, key=lambda outcome: -(outcome.gain_ps if outcome.gain_ps is not None else -np.inf))


def _parts(
    run: Result | TaskGraph,
    trace: Trace | None,
    actions: Mapping[str, Action] | None,
    policy: str | None,
    changes: Sequence[Change] | None,
) -> tuple[TaskGraph, Trace, Mapping[str, Action] | None, str]:
    """Graph, trace, prices and policy of what was given; everything of another type is refused."""
    if isinstance(run, Result):
        graph, trace = run.graph, run.trace if trace is None else trace
        actions, policy = run.actions if actions is None else actions, policy or run.policy
    else:
        graph = run
    made_by = "Change.parse of archsim.whatif"
    refuse([
        wrong_type("run", graph, TaskGraph, "archsim.simulate or a TaskGraphBuilder"),
        wrong_type("trace", trace, Trace, "archsim.run_tasks"),
        wrong_kind("policy", policy or "fifo", POLICIES),
        *(wrong_type("changes", one, Change, made_by) for one in _listed(changes)),
    ])  # fmt: skip
    assert trace is not None
    return graph, trace, actions, policy or "fifo"


def _listed(changes: object) -> Sequence[object]:
    """The changes; what is no sequence of them as the one thing that is wrong."""
    if changes is None:
        return ()
    return changes if isinstance(changes, list | tuple) else (changes,)


def _all(names: Names, trace: Trace, policy: str) -> list[Change]:
    """`single_changes`, and twice the space of each single buffer for which tasks waited longest."""
    found = waits(names.graph, trace, policy)
    for_space = found.cause == SPACE
    waited = np.zeros(names.graph.n_resources)
    np.add.at(waited, found.resource[for_space], found.wait_ps[for_space])
    longest = [r for r in np.argsort(-waited, kind="stable")[:MOST_BUFFERS].tolist() if waited[r]]
    return single_changes(names) + [Change("capacity", names.graph.resource_names[r], TWICE) for r in longest]


def _makespan(graph: TaskGraph, policy: str) -> int | None:
    try:
        return run_tasks(graph, "compiled", policy).makespan_ps
    except DeadlockError:
        return None


def single_changes(names: Names) -> list[Change]:
    """Every single change worth trying: parts twice and infinitely fast, units and space doubled and unlimited.

    Parts are components of the price list and kinds of resources; names that mean the same tasks are tried once.
    """
    found: list[Change] = []
    seen: set[bytes] = set()
    components = dict.fromkeys(filter(None, names.components))
    kinds = [f"*.{name}" if name in components else name for name in names.kinds]
    for name in dict.fromkeys([*components, *kinds]):
        on = names.on(name)
        times = names.graph.occupancy_ps[on].any() or names.graph.latency_ps[on].any()
        key = on.tobytes()
        if times and key not in seen:
            seen.add(key)
            found += [Change("speedup", name, TWICE), Change("speedup", name, None)]
    for name in dict.fromkeys(names.kinds):
        found += [Change("capacity", name, TWICE), Change("capacity", name, None)]
    return found
