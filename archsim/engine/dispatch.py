"""Policy and features of a graph decide which kernel plays it; the choice never changes a bit of the trace."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import ask
from archsim.engine import heap_engine
from archsim.engine.columns import MAX_SLOTS, Ints, Services, Structure, services_of, structure_of
from archsim.engine.deadlock import deadlock
from archsim.engine.kernels.structs import (
    Ends,
    Graph,
    InOrder,
    Lines,
    Queues,
    Single,
    Slots,
    Times,
    Wheel,
)
from archsim.engine.memory import run_bytes, trace_bytes
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

KERNELS = ("static", "in order", "wheel", "heap", "general wheel", "general heap")
"""`static`: one pass over the ids. `in order`: the same under policy fifo, if tasks in each line become ready in
the order of their ids. `wheel`, `heap`: one unit of one resource per task, with ends on a timing wheel or a heap.
The general ones know all rules."""


def kernels_for(graph: TaskGraph, policy: str) -> tuple[str, ...]:
    """The kernels that can play a graph, the fastest first.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in "ab"]
    >>> kernels_for(b.build(), "fifo")
    ('in order', 'wheel', 'heap', 'general wheel', 'general heap')
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
        from archsim.engine.kernels.parts import FINISHED, STUCK
    except ImportError:
        return heap_engine.run(graph, policy)
    ask()
    structure = structure_of(graph)
    services = services_of(structure, graph.occupancy_ps, graph.latency_ps)
    names = choices(structure, services, policy)
    if kernel is not None and kernel not in names:
        raise EngineError(f"kernel {kernel!r} cannot play this graph; these can: {', '.join(names)}")
    n = graph.n_tasks
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
    single = structure.single_units and not structure.buffers
    in_order = single and bool((structure.needed <= MAX_SLOTS).all())
    names = ["static"] if policy == "static" and in_order else []
    if policy == "fifo" and single and not services.zero and not len(structure.priority):
        names += ["in order"] if in_order else []
        names += ["wheel", "heap"] if structure.users[1] <= 1 and services.even else []
    names += ["general wheel", "general heap"]
    return tuple(name for name in names if services.n_buckets or "wheel" not in name)


def play(
    names: tuple[str, ...], structure: Structure, services: Services, policy: str, times: Times, head: Ints
) -> int:
    """Fill in the times by the first kernel that gets through; how it ended, as kernels say it."""
    from archsim.engine.kernels.parts import OUT_OF_ORDER

    how = OUT_OF_ORDER
    for name in names:
        if name in ("static", "in order"):
            how = _one_pass(structure, services, name == "in order", times)
        elif "general" in name:
            how = _any(structure, services, policy, name, times, head)
        else:
            how = _one(structure, services, name, times, head)
        if how != OUT_OF_ORDER:
            break
    return how


def _block(*columns: tuple[int, type]) -> tuple[NDArray[Any], ...]:
    """Columns of some lengths in one block of memory, which comes and goes as a whole."""
    sizes = [-(-n * np.dtype(of).itemsize // 64) * 64 for n, of in columns]
    block, ends = np.empty(sum(sizes), np.uint8), np.cumsum(sizes).tolist()
    return tuple(
        block[end - size : end].view(of)[:n] for (n, of), size, end in zip(columns, sizes, ends, strict=True)
    )


def _ends(name: str, services: Services, link: NDArray[np.uint32], n_nodes: int) -> Ends:
    """An empty wheel or heap; x divided by the unit is x >> shift, times the inverse of its odd part."""
    from archsim.engine.kernels.ends import BITS

    n_buckets = services.n_buckets if "wheel" in name else 0
    unit = services.unit
    shift = (unit & -unit).bit_length() - 1
    inverse = pow(unit >> shift, -1, 2**64)
    inverse -= 2**64 if inverse >= 2**63 else 0
    first, bits = np.zeros(n_buckets, np.uint32), np.zeros(BITS + (n_buckets >> 6) + 1, np.int64)
    # sized for the worst case; memory that nobody touches costs nothing
    room = 0 if n_buckets else n_nodes
    times, nodes = np.empty(room, np.int64), np.empty(room, np.uint32)
    return Ends(Wheel(n_buckets, unit, shift, inverse), first, bits, link, times, nodes)


def _one_pass(s: Structure, services: Services, fifo: bool, times: Times) -> int:
    from archsim.engine.kernels.static import static_pass

    ptr = np.zeros(len(s.capacity) + 1, np.int64)
    np.cumsum(np.clip(s.capacity, 0, MAX_SLOTS), out=ptr[1:])  # who has more is used by nobody
    slots = Slots(ptr, *(np.zeros(n, np.int64) for n in (ptr[-1], len(s.capacity), len(s.capacity))))
    graph = InOrder(services.occupancy, services.latency, s.after_ptr, s.after, s.uses_ptr, s.uses)
    return int(static_pass(graph, slots, times, fifo))


def _one(s: Structure, services: Services, name: str, times: Times, head: Ints) -> int:
    from archsim.engine.kernels.single import one_resource

    resource, capacity = s.one_resource
    heads = head if len(capacity) == len(head) else np.empty(len(capacity), np.int64)
    queues = Queues(capacity.copy(), heads, np.empty(len(capacity), np.int64), np.empty(s.n_tasks, np.uint32))
    ends = _ends(name, services, np.empty(0, np.uint32), s.n_tasks)
    how = one_resource(Single(services.latency, resource, s.after_ptr, s.after), queues, ends, times)
    head[:] = heads[: len(head)]
    return int(how)


def _keep_freed_memory(s: Structure) -> None:
    """Have what a run frees at hand for the next one: to fetch its pages anew takes up to a third of a run.

    The C library hands back to the system what exceeds twice the largest block that it was ever given back.
    """
    n_claims = len(s.uses) + len(s.reserves) + len(s.frees)
    n_bytes = run_bytes(s.n_tasks, len(s.after), n_claims) - trace_bytes(s.n_tasks)
    np.empty(n_bytes // 2, np.uint8)  # nobody touches it, so it costs nothing


def _any(
    s: Structure,
    services: Services,
    policy: str,
    name: str,
    times: Times,
    head: Ints,
    sequence: Ints | None = None,
) -> int:
    from archsim.engine.kernels.general import any_graph
    from archsim.engine.kernels.parts import TOO_LONG

    _keep_freed_memory(s)
    if s.claims is None:
        return TOO_LONG
    n, n_claims, n_resources = s.n_tasks, len(s.claims[1]), len(head)
    static = policy == "static"
    heaps = len(s.priority) > 0 and not static
    n_nodes = n if services.even else 2 * n
    link, new, follow, child, came = _block(
        (n_nodes, np.uint32), (n, np.uint32), (n_claims, np.int32),
        (n_claims if heaps else 0, np.int32), (n if heaps else 0, np.int64),
    )  # fmt: skip
    head[:] = -1
    graph = Graph(services.occupancy, services.latency, s.priority, *s.edges, *s.claims, s.given)
    lines = Lines(
        static, s.capacity.copy(), head, np.full(n_resources, -1, np.int64), np.zeros(n_resources, np.bool_),
        np.empty(n_resources, np.uint32), np.zeros(n_resources, np.bool_), new, follow, child, came,
    )  # fmt: skip
    ends = _ends(name, services, link, n_nodes)
    order = np.empty(0, np.int64) if sequence is None else sequence
    return int(any_graph(graph, lines, ends, times, order))


def run_with_order(graph: TaskGraph, policy: str) -> tuple[Trace, Ints]:
    """See `archsim.engine.start_order`."""
    try:
        from archsim.engine.kernels.parts import FINISHED
    except ImportError:
        return _in_order(graph, policy)
    structure = structure_of(graph)
    services = services_of(structure, graph.occupancy_ps, graph.latency_ps)
    name = "general wheel" if services.n_buckets else "general heap"
    n = graph.n_tasks
    ready, start, done, sequence = (np.empty(n, np.int64) for _ in range(4))
    head = np.full(graph.n_resources, -1, np.int64)
    how = _any(structure, services, policy, name, Times(ready, start, done), head, sequence)
    # the heap engine knows what to say of a deadlock, and of times beyond 64 bits
    return (Trace(ready, start, done), sequence) if how == FINISHED else _in_order(graph, policy)


def _in_order(graph: TaskGraph, policy: str) -> tuple[Trace, Ints]:
    sequence: list[int] = []
    trace = heap_engine.run(graph, policy, sequence)
    return trace, np.array(sequence, np.int64)
