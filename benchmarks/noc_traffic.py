"""Synthetic traffic as messages of a chip: how latency grows with load, and where an interconnect saturates.

Open loop: in every cycle each node sends a packet with the probability `rate` / flits, whatever the network does
(a Bernoulli process), and it waits at its source until the network takes it. Packets are laid down by the
lowering that lays down those of any workload (:mod:`archsim.lowering.hops`), through routers with virtual
channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

import archsim
from archsim.components import Parts
from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.interconnect import Interconnect
from archsim.lowering.context import ADMIT, Context, Label
from archsim.lowering.hops import carry
from archsim.mapping.memory import TILE_BUFFERS
from archsim.taskgraph import TaskGraph

Pattern = Literal["uniform", "transpose", "hotspot", "neighbour"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
HOTSPOT_SHARE = 0.1
CHIP = Path(__file__).resolve().parent.parent / "arch_specs" / "wearable_rram.yaml"
CYCLE_PS = 1000
FLIT_BITS = 32


@dataclass(frozen=True)
class Router:
    """What a chip file says of its routers. The defaults are the ones of the recorded BookSim2 runs.

    BookSim2 (Jiang et al., ISPASS 2013) with look-ahead routing (``routing_delay = 0``) and its defaults else: one
    cycle each for allocation of a virtual channel, of the switch, for the crossbar, and to the next router.
    Packets take turns on a link flit by flit; with its ``hold_switch_for_packet = 1`` they do not ("packet").
    """

    n_virtual_channels: int = 4
    buffer_flits: int = 8
    latency_cycles: int = 3
    arbitration: Literal["flit", "packet"] = "flit"

    @property
    def cycles(self) -> int:
        """Cycles of a flit through an empty router and over its link."""
        return self.latency_cycles + 1


@dataclass(frozen=True, eq=False)
class Traffic:
    """Packets as tasks.

    Attributes
    ----------
    graph : TaskGraph
    created : int64[n_packets]
        Cycle in which each packet was made.
    last : int64[n_packets]
        The task that ends it.
    n_hops : int64[n_packets]
        Links between its routers.
    """

    graph: TaskGraph
    created: NDArray[np.int64]
    last: NDArray[np.int64]
    n_hops: NDArray[np.int64]

    def latencies(self, done_ps: NDArray[np.int64], first_cycle: int = 0) -> NDArray[np.int64]:
        """Cycles from creation to arrival, the wait at the source included, of packets made since a cycle.

        `done_ps` is that of the trace.
        """
        kept = self.created >= first_cycle
        latency: NDArray[np.int64] = done_ps[self.last[kept]] // CYCLE_PS - self.created[kept]
        return latency


def traffic(
    interconnect: Interconnect,
    rate: float,
    n_cycles: int,
    seed: int,
    pattern: Pattern = "uniform",
    router: Router | None = None,
    n_flits: int = 1,
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
    n_flits : int
        Of each packet; what a virtual channel holds at most.

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
    created, sources = np.nonzero(rng.random((n_cycles, interconnect.n_tiles)) < rate / n_flits)
    targets = _targets(interconnect, sources, pattern, rng)
    ctx, label, last = _context(interconnect, router), Label("", "", -1, 0), []
    for cycle, source, target in zip(created.tolist(), sources.tolist(), targets.tolist(), strict=True):
        made = ctx.add(label, ADMIT, 1, latency_ps=cycle * CYCLE_PS)
        arrived = carry(ctx, label, source, [target], n_flits * FLIT_BITS, [made])[target]
        last.append(arrived[-1] if arrived else made)
    n_hops = [len(interconnect.route(s, t)) for s, t in zip(sources.tolist(), targets.tolist(), strict=True)]
    return Traffic(ctx.graph.build(), created.astype(np.int64), *(np.array(x, np.int64) for x in (last, n_hops)))


def mean_latency(
    mesh: Interconnect, rate: float, n_cycles: int, seed: int, router: Router | None = None, n_flits: int = 1
) -> float:
    """Mean cycles of a packet on a mesh under uniform traffic; a third of the cycles warm it up.

    What packets wait, on top of what a packet of mean length takes alone: so it does not matter which of them a
    seed sends far.
    """
    load = traffic(mesh, rate, n_cycles, seed, router=router, n_flits=n_flits)
    warm = n_cycles // 3
    took = load.latencies(run_tasks(load.graph, engine="compiled").done_ps, warm)
    alone = zero_load_cycles(load.n_hops[load.created >= warm], router, n_flits)
    return float((took - alone).mean() + zero_load_cycles(mean_hops(mesh), router, n_flits))


def _context(interconnect: Interconnect, router: Router) -> Context:
    """A chip with such routers, and nothing on it."""
    chip = archsim.load_chip(
        CHIP,
        [f"interconnect.{setting}" for setting in (
            f"kind={interconnect.kind}", f"width={FLIT_BITS} bit", f"frequency={1e6 / CYCLE_PS} MHz",
            f"router_latency={router.latency_cycles * CYCLE_PS} ps", f"buffer_flits={router.buffer_flits}",
            f"virtual_channels={router.n_virtual_channels}", f"arbitration={router.arbitration}",
        )],
    )  # fmt: skip
    sizes = dict.fromkeys((*TILE_BUFFERS, "global_buffer"), 4096)
    nothing: Any = None
    placed: Any = SimpleNamespace(interconnect=interconnect)
    return Context(chip, nothing, placed, Parts(chip, interconnect.n_tiles, sizes), nothing)


def zero_load_cycles(n_hops: Any, router: Router | None = None, n_flits: int = 1) -> Any:
    """Latency of one packet alone: every router on the way, both ends included, the link in and the link out.

    With the default router and one flit 4 H + 2, where H = hops + 1.

    Examples
    --------
    >>> zero_load_cycles(5.25)  # mean of an 8 x 8 mesh: 2 (k^2 - 1) / (3 k)
    27.0
    """
    return (router or Router()).cycles * (n_hops + 1) + 2 + n_flits - 1


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
