"""Synthetic traffic on an interconnect as a task graph: how latency grows with load, and where it saturates.

Open loop: in every cycle each node makes a packet of one flit with the probability `rate`, whatever the network
does (a Bernoulli process), and it waits at its source until the network takes it. What a packet does, per router::

    route        takes a virtual channel of the input port when it comes to its front; looks up its output
    allocate     a virtual channel of the output port, and space in the buffer behind its link (a credit)
    grant        the output port picks the packet that waits longest
    hop          the input port sends it through the crossbar onto the link, one flit a cycle; gives back the
                 channels, the grant and its place in the input buffer
    wire         the way through the crossbar and over the link

A granted output stays idle until the input port accepts, because other outputs may have granted to the same
port: the cost of a separable allocator. Space is held before an output is asked for, so nobody blocks a port while
waiting for a credit, and what waits for what is the graph of `Interconnect.channel_dependencies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.interconnect import Interconnect
from archsim.taskgraph import Claims, TaskGraph, TaskGraphBuilder

Pattern = Literal["uniform", "transpose", "hotspot", "neighbour"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
HOTSPOT_SHARE = 0.1


@dataclass(frozen=True)
class Router:
    """An input-queued router, in cycles and flits. The defaults are the ones of the recorded BookSim2 runs.

    BookSim2 (Jiang et al., ISPASS 2013), as its configuration defaults say: one cycle each for routing, allocation
    of a virtual channel and of the switch, and one from the crossbar to the next router. Four virtual channels of
    eight flits are what was recorded.
    """

    n_virtual_channels: int = 4
    buffer_flits: int = 8
    route_cycles: int = 1
    allocate_cycles: int = 1
    wire_cycles: int = 1

    @property
    def cycles(self) -> int:
        """Cycles of a flit through an empty router and over its link."""
        return self.route_cycles + self.allocate_cycles + 1 + self.wire_cycles


@dataclass(frozen=True, eq=False)
class Traffic:
    """Packets as tasks, one cycle being one unit of time.

    Attributes
    ----------
    graph : TaskGraph
    created : int64[n_packets]
        Cycle in which each packet was made.
    last : int64[n_packets]
        The task that ends it.
    """

    graph: TaskGraph
    created: NDArray[np.int64]
    last: NDArray[np.int64]

    def latencies(self, done_ps: NDArray[np.int64], first_cycle: int = 0) -> NDArray[np.int64]:
        """Cycles from creation to arrival, the wait at the source included, of packets made since a cycle.

        `done_ps` is that of the trace.
        """
        kept = self.created >= first_cycle
        latency: NDArray[np.int64] = done_ps[self.last[kept]] - self.created[kept]
        return latency


class _Step(NamedTuple):
    """One task of a packet."""

    action: str
    latency: int
    occupancy: int = 0
    uses: Claims = ()
    reserves: Claims = ()
    frees: Claims = ()


def traffic(
    interconnect: Interconnect,
    rate: float,
    n_cycles: int,
    seed: int,
    pattern: Pattern = "uniform",
    router: Router | None = None,
) -> Traffic:
    """Lay down the packets of `n_cycles` cycles.

    Parameters
    ----------
    interconnect : Interconnect
    rate : float
        Flits per node and cycle, 0 to 1.
    n_cycles, seed : int
    pattern : "uniform", "transpose", "hotspot" or "neighbour"
        To any node, itself included; from (x, y) to (y, x); uniform, but a tenth of all goes to node 0; to the
        next column, round the edge.
    router : Router, optional

    Raises
    ------
    EngineError
        The rate is no probability, the pattern does not fit the interconnect, or the router would deadlock.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.interconnect import interconnect_of
    >>> quiet = traffic(interconnect_of("mesh", 4), rate=0.01, n_cycles=200, seed=1)
    >>> int(quiet.latencies(run_tasks(quiet.graph, engine="heap").done_ps).max()) <= zero_load_cycles(3)
    True
    """
    router = router or Router()
    _check(interconnect, rate, pattern, router)
    rng = np.random.default_rng(seed)
    created, sources = np.nonzero(rng.random((n_cycles, interconnect.n_tiles)) < rate)
    targets = _targets(interconnect, sources, pattern, rng)
    ports = _Ports(interconnect, router)
    b, last = ports.tasks, []
    for cycle, source, target in zip(created.tolist(), sources.tolist(), targets.tolist(), strict=True):
        task = b.task(action="create", latency_ps=cycle)
        for step in ports.steps(source, target):
            task = b.task(
                action=step.action, uses=step.uses, reserves=step.reserves, frees=step.frees,
                occupancy_ps=step.occupancy, latency_ps=step.latency, after=(task,),
            )  # fmt: skip
        last.append(task)
    return Traffic(b.build(), created.astype(np.int64), np.array(last, np.int64))


def zero_load_cycles(n_hops: float, router: Router | None = None) -> float:
    """Latency of one flit alone: every router on the way, both ends included, the link in and the link out.

    With the default router 4 H + 2, where H = hops + 1.

    Examples
    --------
    >>> zero_load_cycles(5.25)  # mean of an 8 x 8 mesh: 2 (k^2 - 1) / (3 k)
    27.0
    """
    return (router or Router()).cycles * (n_hops + 1) + 2


def _check(interconnect: Interconnect, rate: float, pattern: str, router: Router) -> None:
    if not 0 <= rate <= 1:
        raise EngineError(f"rate {rate}: must be a share of the cycles, 0 to 1")
    if pattern not in PATTERNS:
        raise EngineError(f"pattern {pattern!r}: there are {', '.join(PATTERNS)}")
    if pattern == "transpose" and interconnect.n_columns**2 != interconnect.n_tiles:
        raise EngineError(f"transpose needs a square grid; {interconnect.n_tiles} tiles are none")
    if router.buffer_flits < 1 or router.n_virtual_channels < interconnect.n_vc_classes:
        raise EngineError(
            f"a {interconnect.kind} needs {interconnect.n_vc_classes} virtual channels or more, with room for a "
            "flit each, or packets wait for each other in a circle"
        )


def _targets(
    interconnect: Interconnect, sources: NDArray[np.int64], pattern: Pattern, rng: np.random.Generator
) -> NDArray[np.int64]:
    n, k = interconnect.n_tiles, interconnect.n_columns
    if pattern == "transpose":
        return sources % k * k + sources // k
    if pattern == "neighbour":
        row, column = sources // k, sources % k
        ring = np.minimum(k, n - row * k)
        return row * k + (column + 1) % ring
    targets = rng.integers(0, n, len(sources))
    if pattern == "uniform":
        return targets
    if pattern == "hotspot":
        targets[rng.random(len(sources)) < HOTSPOT_SHARE] = 0
        return targets
    assert_never(pattern)


class _Ports:
    """The resources of all routers, and the steps of a packet through them."""

    def __init__(self, interconnect: Interconnect, router: Router) -> None:
        self.interconnect, self.router = interconnect, router
        self.tasks = TaskGraphBuilder()
        self._numbers: dict[str, int] = {}
        self._steps: dict[tuple[int, int], tuple[_Step, ...]] = {}

    def steps(self, source: int, target: int) -> tuple[_Step, ...]:
        if (source, target) not in self._steps:
            self._steps[source, target] = tuple(self._make(source, target))
        return self._steps[source, target]

    def _make(self, source: int, target: int) -> Iterator[_Step]:
        links = [(hop.link, hop.vc_class) for hop in self.interconnect.route(source, target)]
        way = [(f"inject[{source}]", 0), *links, (f"eject[{target}]", 0)]
        yield _Step("inject", 1, 1, uses=[(self._one(way[0][0]), 1)], reserves=[self._space(*way[0])])
        for entered, left in pairwise(way):
            yield from self._through(entered, left, left is way[-1])
        yield _Step("eject", 1)

    def _through(self, entered: tuple[str, int], left: tuple[str, int], ends: bool) -> Iterator[_Step]:
        router = self.router
        front = self._channels("front", *entered)
        channel = self._channels("channel", *left)
        granted = (self._one(f"{left[0]}.grant"), 1)
        credit = [] if ends else [self._space(*left)]
        yield _Step("route", router.route_cycles, reserves=[front])
        yield _Step("allocate", router.allocate_cycles, reserves=[channel, *credit])
        yield _Step("grant", 0, reserves=[granted])
        yield _Step(
            "hop", 1, 1,
            uses=[(self._one(f"{entered[0]}.crossbar_port"), 1), (self._one(left[0]), 1)],
            frees=[front, channel, granted, self._space(*entered)],
        )  # fmt: skip
        yield _Step("wire", router.wire_cycles)

    def _share(self, vc_class: int) -> int:
        """Virtual channels of a class."""
        n_classes = self.interconnect.n_vc_classes
        return (self.router.n_virtual_channels + n_classes - 1 - vc_class) // n_classes

    def _channels(self, what: str, port: str, vc_class: int) -> tuple[int, int]:
        return self._number(f"{port}.{what}[{vc_class}]", self._share(vc_class)), 1

    def _space(self, port: str, vc_class: int) -> tuple[int, int]:
        n_flits = self._share(vc_class) * self.router.buffer_flits
        return self._number(f"{port}.buffer.space[{vc_class}]", n_flits), 1

    def _one(self, name: str) -> int:
        return self._number(name, 1)

    def _number(self, name: str, capacity: int) -> int:
        if name not in self._numbers:
            self._numbers[name] = self.tasks.resource(name, capacity)
        return self._numbers[name]


def mean_hops(interconnect: Interconnect) -> float:
    """Hops of a packet under uniform traffic, packets to their own node included.

    Examples
    --------
    >>> from archsim.interconnect import interconnect_of
    >>> mean_hops(interconnect_of("mesh", 64))
    5.25
    """
    tiles = range(interconnect.n_tiles)
    hops: Iterable[int] = (len(interconnect.route(s, t)) for s in tiles for t in tiles)
    return sum(hops) / interconnect.n_tiles**2
