"""Policy and features of a graph decide which kernel plays it; the choice never changes a bit of the trace."""

from __future__ import annotations

import numpy as np

from archsim.compiling import ask
from archsim.engine import heap_engine
from archsim.engine.columns import MAX_SLOTS, Ints, Services, Structure, services_of, structure_of
from archsim.engine.deadlock import deadlock
from archsim.engine.kernels.structs import Graph, Times, Wheel
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

KERNELS = ("static", "wheel", "heap", "general wheel", "general heap")
"""`static`: one pass over the ids. `wheel`, `heap`: one unit of one resource per task, with ends on a timing
wheel or a heap. The general ones know all rules."""


def kernels_for(graph: TaskGraph, policy: str) -> tuple[str, ...]:
    """The kernels that can play a graph, the fastest first.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in "ab"]
    >>> kernels_for(b.build(), "fifo")
    ('wheel', 'heap', 'general wheel', 'general heap')
    """
    structure = structure_of(graph)
    return choices(structure, services_of(structure, graph.occupancy_ps, graph.latency_ps), policy)


def run(graph: TaskGraph, policy: str, kernel: str | None = None) -> Trace:
    """Play a task graph out by a compiled kernel; by the heap engine where numba is missing.

    Parameters
    ----------
    graph, policy
        See `archsim.engine.run_tasks`.
    kernel : str, optional
        One of `kernels_for(graph, policy)` instead of the fastest.

    Returns
    -------
    Trace

    Raises
    ------
    DeadlockError
        Some tasks can never start.
    EngineError
        A time exceeds 64 bits, the columns name tasks or resources that do not exist, or the kernel
        cannot play the graph.
    """
    try:
        from archsim.engine.kernels.single import FINISHED, STUCK
    except ImportError:
        return heap_engine.run(graph, policy)
    ask()
    structure = structure_of(graph)
    services = services_of(structure, graph.occupancy_ps, graph.latency_ps)
    names = choices(structure, services, policy)
    if kernel is not None and kernel not in names:
        raise EngineError(f"kernel {kernel!r} cannot play this graph; these can: {', '.join(names)}")
    n = graph.n_tasks
    # one block: the C library's allocator hands three large ones back to the system after each run, and fetching
    # their pages again takes as long as a third of the run
    trace = Trace(*np.empty((3, n), np.int64))
    head = np.full(graph.n_resources, -1, np.int64)
    times = Times(trace.ready_ps, trace.start_ps, trace.done_ps)
    how = play(names if kernel is None else (kernel,), structure, services, policy, times, head)
    if how == FINISHED:
        return trace
    if how == STUCK:
        raise deadlock(graph, trace, head.tolist())
    # numbers beyond 64 bits are no matter for Python's, where the run survives them at all
    return heap_engine.run(graph, policy)


def choices(structure: Structure, services: Services, policy: str) -> tuple[str, ...]:
    """The kernels that know all that is asked for, the fastest first."""
    plain_claims = structure.single_units and not structure.buffers
    even = services.even and not services.zero and not len(structure.priority)
    names = []
    if policy == "static":
        if plain_claims and (structure.needed <= MAX_SLOTS).all():
            names.append("static")
    elif plain_claims and structure.users[1] <= 1 and even:
        names += ["wheel", "heap"]
    names += ["general wheel", "general heap"]
    return tuple(name for name in names if services.n_buckets or "wheel" not in name)


def play(
    names: tuple[str, ...], structure: Structure, services: Services, policy: str, times: Times, head: Ints
) -> int:
    """Fill in the times by the first kernel that gets through; how it ended, as kernels say it."""
    from archsim.engine.kernels.single import OUT_OF_ORDER

    how = OUT_OF_ORDER
    for name in names:
        if name == "static":
            how = _static(structure, services, times)
        elif "general" in name:
            how = _any(structure, services, policy, _wheel(name, services), times, head)
        else:
            how = _one(structure, services, _wheel(name, services), times, head)
        if how != OUT_OF_ORDER:
            break
    return how


def _wheel(name: str, services: Services) -> Wheel:
    """Buckets, unit, and how to divide by it: x >> shift, times the inverse of the odd part."""
    unit = services.unit
    shift = (unit & -unit).bit_length() - 1
    inverse = pow(unit >> shift, -1, 2**64)
    inverse -= 2**64 if inverse >= 2**63 else 0
    return Wheel(services.n_buckets if "wheel" in name else 0, unit, shift, inverse)


def _static(s: Structure, services: Services, times: Times) -> int:
    from archsim.engine.kernels.single import static_pass

    slots = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(s.used, s.capacity, 0))])
    rows = (s.after_ptr, s.after, s.uses_ptr, s.uses)
    return int(static_pass(services.occupancy, services.latency, *rows, slots, times))


def _one(s: Structure, services: Services, wheel: Wheel, times: Times, head: Ints) -> int:
    from archsim.engine.kernels.single import one_resource

    resource, capacity = s.one_resource
    heads = head if len(capacity) == len(head) else np.empty(len(capacity), np.int64)
    how = one_resource(services.latency, resource, capacity.copy(), s.after_ptr, s.after, wheel, times, heads)
    head[:] = heads[: len(head)]
    return int(how)


def _any(
    s: Structure,
    services: Services,
    policy: str,
    wheel: Wheel,
    times: Times,
    head: Ints,
    sequence: Ints | None = None,
) -> int:
    from archsim.engine.kernels.general import any_graph
    from archsim.engine.kernels.single import TOO_LONG

    if s.claims is None:
        return TOO_LONG
    n_nodes = (s.n_tasks * (1 if services.even else 2)) if wheel.n_buckets else 0
    link = np.empty(n_nodes, np.int32 if n_nodes < 2**31 else np.int64)
    static = policy == "static"
    rows = (*s.edges, *s.claims, *s.held, *s.given)
    graph = Graph(services.occupancy, services.latency, s.priority, *rows)
    order = np.empty(0, np.int64) if sequence is None else sequence
    heaps = len(s.priority) > 0 and not static
    how = any_graph(graph, static, heaps, s.capacity.copy(), wheel, link, times, head, order)
    return int(how)


def run_with_order(graph: TaskGraph, policy: str) -> tuple[Trace, Ints]:
    """See `archsim.engine.start_order`."""
    try:
        from archsim.engine.kernels.single import FINISHED
    except ImportError:
        return _in_order(graph, policy)
    structure = structure_of(graph)
    services = services_of(structure, graph.occupancy_ps, graph.latency_ps)
    name = "general wheel" if services.n_buckets else "general heap"
    n = graph.n_tasks
    ready, start, done, sequence = (np.empty(n, np.int64) for _ in range(4))
    head = np.full(graph.n_resources, -1, np.int64)
    how = _any(structure, services, policy, _wheel(name, services), Times(ready, start, done), head, sequence)
    # the heap engine knows what to say of a deadlock, and of times beyond 64 bits
    return (Trace(ready, start, done), sequence) if how == FINISHED else _in_order(graph, policy)


def _in_order(graph: TaskGraph, policy: str) -> tuple[Trace, Ints]:
    sequence: list[int] = []
    trace = heap_engine.run(graph, policy, sequence)
    return trace, np.array(sequence, np.int64)
