"""The rolling window, from a template to what a run of any length came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archsim.engine import POLICIES, run_tasks
from archsim.engine.kernels.structs import Columns, Found, Memory, Order, Sizes
from archsim.engine.long.full import busy_of, cut, graph_of, play_in_full
from archsim.engine.long.memory import check_memory
from archsim.engine.long.outcome import KEEP, Jump, LongRun
from archsim.errors import DeadlockError, EngineError
from archsim.given import refuse, wrong_kind, wrong_type
from archsim.taskgraph import Run, TaskTemplate
from archsim.taskgraph.template import MAX_TASKS

if TYPE_CHECKING:
    from archsim.engine.kernels import window as kernel

Ints = NDArray[np.int64]

_RUNS_AHEAD = (
    "a stage that nothing holds back runs ahead of the others: bound it (a finite buffer, an edge from a later "
    "iteration), ask for fewer timesteps, or allow more with max_memory"
)


def run_long(
    template: TaskTemplate,
    order: int | Sequence[Run],
    policy: str = "fifo",
    *,
    services_ps: NDArray[np.int64] | None = None,
    service: NDArray[np.int32] | None = None,
    detect: bool = True,
    max_memory_bytes: int | None = None,
) -> LongRun:
    """Play a template for any number of iterations, with memory for those at hand only.

    The rules are those of :func:`archsim.engine.run_tasks` on the unrolled graph, to the same picosecond. At the
    end of every iteration the relative state (what is still missing, what remains of tasks that run, the order of
    the lines, free units) is compared with an earlier one (Brent's cycle detection). If they are equal, all that
    follows is the same again, later by the time between them: whole periods are skipped, and the end is played.

    Parameters
    ----------
    template : TaskTemplate
    order : int or sequence of Run
        How many iterations; or which blocks, how often. Only within one `Run` can a state come back.
    policy : {"fifo", "static"}
    services_ps : int64[n_blocks of the order, n_classes], optional
        Times that change with the iteration: occupancy and latency of the tasks of each class. No state comes
        back then.
    service : int32[template.tasks.n_tasks], optional
        The class of each task of the template, -1 for those with times of their own.
    detect : bool
        Whether to look for a state that comes back. The result is the same.
    max_memory_bytes : int, optional
        What the window may take; half of the free memory if not given.

    Returns
    -------
    LongRun

    Raises
    ------
    DeadlockError
        Some tasks can never start.
    EngineError
        The window needs more memory than allowed, a time exceeds 64 bits, or arguments do not fit together.

    Notes
    -----
    Brent, *BIT* 20, 1980. A stage that nothing holds back runs ahead without bound, and the window grows with it.
    Without numba the graph is unrolled and played in full, if it fits.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder, TaskTemplate
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> convert = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    >>> update = b.task(action="update", occupancy_ps=30, after=[convert])
    >>> template = TaskTemplate.of(b.build(), carried=[(update, convert, 1)])
    >>> run = run_long(template, 1_000_000)
    >>> run.makespan_ps, run.jumps[0].period, run.jumps[0].period_ps, run.n_played < 20
    (130000000, 1, 130, True)
    """
    made_by = "TaskTemplate.of"
    refuse(
        [wrong_type("template", template, TaskTemplate, made_by), wrong_kind("policy", policy, POLICIES)],
        EngineError,
    )
    runs = template.runs(order)
    services_ps, service = _services(template, runs, services_ps, service)
    try:
        from archsim.engine.kernels.window import FINISHED, FULL, STUCK, TOO_LONG
    except ImportError:
        return play_in_full(template, runs, policy, services_ps, service, max_memory_bytes)
    n_blocks = sum(run.n_blocks for run in runs)
    detect = detect and not services_ps.size
    lead, n_slots, grown = 1, template.max_lag + 4, False
    while True:
        n_slots = min(n_slots, n_blocks + template.max_lag + 1)
        window = _Window(template, runs, n_slots, lead)
        check_memory(
            f"a window of {n_slots} of {n_blocks} iterations",
            window.n_bytes,
            max_memory_bytes,
            _RUNS_AHEAD if grown else "allow more with max_memory",
        )
        grown = True
        how = window.play(policy, detect, services_ps, service)
        if how == FINISHED:
            return window.result(policy, services_ps, service)
        if how == STUCK:
            raise window.deadlock(policy, services_ps, service)
        if how == TOO_LONG:
            raise EngineError("a time or a number of units exceeds 64 bits")
        if how == FULL:
            n_slots *= 2
        else:
            lead *= 2
            n_slots = max(n_slots, template.max_lag + lead + 4)


def _services(
    template: TaskTemplate, runs: Sequence[Run], services_ps: Any, service: Any
) -> tuple[Ints, NDArray[np.int32]]:
    """Both tables, empty if there are none; refused if they do not fit."""
    if services_ps is None and service is None:
        return np.zeros((0, 0), np.int64), np.full(template.tasks.n_tasks, -1, np.int32)
    n_blocks = sum(run.n_blocks for run in runs)
    services_ps, service = np.ascontiguousarray(services_ps, np.int64), np.ascontiguousarray(service, np.int32)
    errors = []
    if services_ps.ndim != 2 or len(services_ps) != n_blocks:
        errors.append(f"services_ps has shape {services_ps.shape}; needed: ({n_blocks}, classes)")
    elif services_ps.size and services_ps.min() < 0:
        errors.append(f"services_ps holds {services_ps.min()} ps; times must be 0 or more")
    if service.shape != (template.tasks.n_tasks,):
        errors.append(f"service has shape {service.shape}; needed: ({template.tasks.n_tasks},)")
    elif service.size and services_ps.ndim == 2 and service.max() >= services_ps.shape[1]:
        errors.append(f"service names class {service.max()}; there are {services_ps.shape[1]}")
    if errors:
        raise EngineError("\n".join(errors))
    return services_ps, service


def _plain(column: NDArray[Any], of: type) -> NDArray[Any]:
    """One memory layout and one type, so that the kernel is compiled once."""
    return np.array(column, of)


class _Window:
    """One attempt, with a window of `n_slots` blocks."""

    def __init__(self, template: TaskTemplate, runs: Sequence[Run], n_slots: int, lead: int) -> None:
        self.template, self.runs, self.n_slots, self.lead = template, runs, n_slots, lead
        ptr = template.block_ptr
        tasks = template.tasks
        self.longest = max(1, int(np.diff(ptr).max(initial=0)))
        self.n_edges = int(np.diff(template.after_ptr[ptr]).max(initial=0))
        claims = np.asarray(tasks.uses_ptr[ptr]) + tasks.reserves_ptr[ptr]
        self.n_claims = int(np.diff(claims).max(initial=0))

    @property
    def n_bytes(self) -> int:
        """Memory of the window: state, events, and the state it is compared with."""
        of_task, of_edge, of_claim = 4 * 3 + 8 * 6 + 16 * 2 + 8 * 5 + 16, 8, 8
        places = self.longest * of_task + self.n_edges * of_edge + self.n_claims * of_claim
        return self.n_slots * (places + 24) + self.template.tasks.n_bytes

    def play(self, policy: str, detect: bool, services_ps: Ints, service: NDArray[np.int32]) -> int:
        """How it ended."""
        from archsim.engine.kernels.long import roll as loop
        from archsim.engine.kernels.window import HIGHEST, JUMPED, N_COUNTERS, N_END, REF_RUN

        n, n_resources, n_runs = self.n_slots * self.longest, self.template.tasks.n_resources, len(self.runs)
        first = np.zeros(n_runs + 1, np.int64)
        np.cumsum([run.n_blocks for run in self.runs], out=first[1:])
        ptr = np.zeros(n_runs + 1, np.int64)
        np.cumsum([len(run.blocks) for run in self.runs], out=ptr[1:])
        blocks = np.array([block for run in self.runs for block in run.blocks], np.int64)
        self.n_blocks = int(first[-1])
        self.begins, self.ends = np.full(KEEP, -1, np.int64), np.full(KEEP, -1, np.int64)
        self.outlast, self.out = np.zeros(n_resources, np.int64), np.zeros(5, np.int64)
        self.jumps = np.zeros((n_runs, 4), np.int64)
        times, nodes, ending, soon = (np.empty(2 * n, np.int64) for _ in range(4))
        known = np.empty(2 * n + n_resources, np.int64)
        size = Sizes(self.longest, self.n_edges, self.n_claims, self.n_slots, self.template.max_lag, self.lead)
        counters = np.zeros(N_COUNTERS, np.int64)
        counters[[HIGHEST, N_END, REF_RUN, JUMPED]] = self.template.max_lag, self.n_blocks, -1, -1
        memory = Memory(counters, times, nodes, ending, soon, np.empty(n, np.int64), known)
        found = Found(self.begins, self.ends, self.outlast, self.jumps, self.out)
        roll: Any = loop  # mypy takes the loops for what numba is given
        rows, order = self._rows(service, services_ps), Order(first, ptr, blocks)
        return int(roll(rows, self._places(), size, order, policy == "static", detect, memory, found))

    def _rows(self, service: NDArray[np.int32], services_ps: Ints) -> kernel.Rows:
        from archsim.engine.kernels.rows import claims_of
        from archsim.engine.kernels.structs import Rows as Claims
        from archsim.engine.kernels.window import Rows

        t, g = self.template, self.template.tasks
        rows = {
            name: Claims(
                _plain(getattr(g, f"{name}_ptr"), np.uint32),
                _plain(getattr(g, f"{name}_resource"), np.uint32),
                _plain(getattr(g, f"{name}_units"), np.int64),
            )
            for name in ("uses", "reserves", "frees")
        }
        n_claims = len(g.uses_resource) + len(g.reserves_resource)
        ptr, claims = np.empty(g.n_tasks + 1, np.uint32), Columns(*np.empty((4, n_claims), np.int64))
        size = claims_of(rows["uses"], rows["reserves"], ptr, claims, 2**63 - 1)
        if size < 0:
            raise EngineError("a number of units exceeds 64 bits")
        columns = (
            _plain(t.block_ptr, np.int64),
            _plain(g.occupancy_ps, np.int64),
            _plain(g.latency_ps, np.int64),
            _plain(g.priority, np.int32),
            _plain(t.after_ptr, np.int64),
            _plain(t.after_lag, np.int64),
            _plain(t.after_task, np.int64),
            _plain(ptr, np.int64), _plain(claims.resource[:size], np.int64), _plain(claims.units[:size], np.int64),
            *(_plain(column, np.int64) for name in ("uses", "frees") for column in rows[name]),
            service, services_ps,
        )  # fmt: skip
        return Rows._make(columns)

    def _places(self) -> kernel.Window:
        from archsim.engine.kernels.window import Window

        n, n_edges, n_claims = (self.n_slots * k for k in (self.longest, self.n_edges, self.n_claims))
        n_resources = self.template.tasks.n_resources
        short = ("row", "missing", "waiters", "next_waiter", "waiter", "owner", "follow")
        sizes = {
            "next_waiter": n_edges, "waiter": n_edges, "owner": n_claims, "follow": n_claims,
            "head": n_resources, "tail": n_resources, "touched": n_resources, "is_touched": n_resources,
            "left": self.n_slots, "out": self.n_slots, "sizes": self.n_slots,
        }  # fmt: skip
        columns: dict[str, Any] = {
            name: np.zeros(sizes.get(name, n), np.int32 if name in short else np.int64)
            for name in Window._fields
            if name != "free"
        }
        columns["head"][:] = -1
        columns["is_touched"] = np.zeros(n_resources, np.bool_)
        return Window(**columns, free=_plain(self.template.tasks.capacity, np.int64))

    def result(self, policy: str, services_ps: Ints, service: NDArray[np.int32]) -> LongRun:
        """The outcome of the run."""
        jumps = tuple(Jump(*(int(x) for x in row)) for row in self.jumps if row[3])
        skipped = sum(jump.n_blocks for jump in jumps)
        k = min(KEEP, self.n_blocks)
        for jump in jumps:  # what was skipped came one period later than what was not
            for b in range(jump.after + jump.period, min(k, jump.after + jump.period + jump.n_blocks)):
                self.begins[b] = self.begins[b - jump.period] + jump.period_ps
        return LongRun(
            makespan_ps=int(self.out[0]),
            n_tasks=self.template.n_tasks(self.runs),
            n_blocks=self.n_blocks,
            n_played=self.n_blocks - skipped,
            jumps=jumps,
            window_blocks=int(self.out[1]),
            n_bytes=self.n_bytes,
            first_done_ps=self.begins[:k],
            last_done_ps=self.ends[np.arange(self.n_blocks - k, self.n_blocks) % KEEP],
            busy_ps=busy_of(self.template, self.runs, services_ps, service),
            outlast_ps=self.outlast,
            policy=policy,
        )

    def deadlock(self, policy: str, services_ps: Ints, service: NDArray[np.int32]) -> EngineError:
        """The same deadlock, told by the engine that plays the whole graph up to there, where that is possible."""
        first, end, when = (int(x) for x in self.out[2:5])
        part = cut(self.runs, end)
        if self.template.n_tasks(part) < min(MAX_TASKS, 2_000_000):
            try:
                graph = graph_of(self.template, part, services_ps[:end], service)
                run_tasks(graph, engine="compiled", policy=policy)
            except DeadlockError as error:
                return error
        return EngineError(
            f"deadlock at {when} ps, in iteration {first}: tasks wait for each other's units; "
            f"play {end} iterations in full to see which"
        )
