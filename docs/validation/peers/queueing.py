"""Queueing theory: Poisson arrivals at one server, M/M/1 and M/D/1 (Pollaczek-Khinchine), on the compiled engine.

A mean over n customers is itself uncertain. Its standard error comes from 20 batches of customers (Law and
Kelton); a mean further off than three of them is no matter of chance, and is left without a reason.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.engine import run_tasks
from archsim.taskgraph import TaskGraphBuilder
from peers.compared import NO_REASON_UP_TO, Compared, Line

N, N_BATCHES, SERVICE_PS = 400_000, 20, 1_000_000
LOADS = (0.3, 0.5, 0.7)


def waits_ps(arrivals: NDArray[np.int64], services: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long each customer waits at one server, as the engine plays it."""
    b = TaskGraphBuilder()
    server = b.resource("server")
    for at, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        came = b.task(action="come", latency_ps=at)
        b.task(action="serve", uses=[(server, 1)], occupancy_ps=service, after=[came])
    trace = run_tasks(b.build(), engine="compiled")
    served: NDArray[np.int64] = trace.start_ps[1::2] - arrivals
    return served


def lindley(arrivals: NDArray[np.int64], services: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same by Lindley's recursion: w' = max(0, w + service - time to the next arrival)."""
    found = np.zeros(len(arrivals), np.int64)
    for k, (service, gap) in enumerate(zip(services[:-1].tolist(), np.diff(arrivals).tolist(), strict=True)):
        found[k + 1] = max(0, found[k] + service - gap)
    return found


def lines(load: float, kind: str) -> list[Line]:
    """Mean wait by the recursion on the same customers, and by the formula."""
    rng = np.random.default_rng([int(100 * load), kind == "M/D/1"])
    arrivals = np.cumsum(np.rint(rng.exponential(SERVICE_PS / load, N))).astype(np.int64)
    services = np.full(N, SERVICE_PS)
    if kind == "M/M/1":
        services = np.rint(rng.exponential(SERVICE_PS, N)).astype(np.int64)
    waits = waits_ps(arrivals, services)
    played, same = waits.mean() / SERVICE_PS, lindley(arrivals, services).mean() / SERVICE_PS
    squares = {"M/M/1": 2.0, "M/D/1": 1.0}[kind]
    expected = load * squares / (2 * (1 - load))
    error = np.std(waits.reshape(N_BATCHES, -1).mean(axis=1), ddof=1) / np.sqrt(N_BATCHES) / SERVICE_PS
    chance = abs(played - expected) <= 3 * error
    why = f"chance: the mean of {N} customers has a standard error of {100 * error / expected:.1f} %"
    label = f"{kind}, load {load}: mean wait"
    return [
        Line(f"{label}, same customers by Lindley's recursion", played, same, "service times"),
        Line(f"{label}, formula", played, expected, "service times", why if chance else ""),
    ]


def compared() -> Compared:
    """Both kinds of server at three loads."""
    parts = [(kind, [line for load in LOADS for line in lines(load, kind)]) for kind in ("M/M/1", "M/D/1")]
    off = max(abs(line.off) for _, found in parts for line in found)
    return Compared(
        "queueing", "contention at one resource", "queueing theory (M/M/1, M/D/1, Lindley's recursion)", parts,
        "the recursion is met exactly" + (", the formulas up to chance" if off > NO_REASON_UP_TO else ""),
    )  # fmt: skip
