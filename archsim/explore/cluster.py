"""Evaluating on a Dask cluster: the same jobs, the same outcomes, on other machines."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archsim.errors import ExploreError
from archsim.explore.evaluate import Job, Outcome, evaluate, failed
from archsim.explore.workers import MOST_TRIES
from archsim.processes import fit_for_workers

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
WORKER_S = 30.0
"""Seconds without a worker after which an external cluster is given up."""

LOST_S = 20.0
"""Seconds after which a cluster of our own that has no worker left is made anew; Dask mostly needs less."""


@dataclass
class DaskPool:
    """Workers of a Dask cluster. Dask gives the work of a worker that ended to another one.

    Parameters
    ----------
    client : distributed.Client
    limit_s : float, optional
        Seconds that one evaluation may take from when it is handed in; its worker is started anew then.
    """

    client: Client
    limit_s: float | None = None
    _until_closed: ExitStack = field(default_factory=ExitStack)
    _running: dict[str, tuple[Future[Any], tuple[Job, ...], float]] = field(default_factory=dict)
    _suspects: list[Job] = field(default_factory=list)  # with each of which nothing else may run
    _is_alone: bool = False
    _n_lost: Counter[str] = field(default_factory=Counter)  # by key, how often all workers were lost with it
    _n_own: int = 0  # workers of a cluster of our own
    _alive_s: float = field(default_factory=time.monotonic)  # when there was a worker last

    @classmethod
    def connect(cls, address: str, workers: int, limit_s: float | None = None) -> DaskPool:
        """A cluster at an address, or one on this machine for "local".

        Raises
        ------
        ExploreError
            Dask is not installed, or no scheduler answers at the address.
        """
        try:
            from distributed import Client
        except ImportError:
            raise ExploreError("a cluster needs Dask: pip install archsim[cluster]") from None
        try:
            if address != LOCAL:
                return cls(_with_a_worker(Client(address, timeout="10s"), address), limit_s)
            with ExitStack() as stack:
                stack.enter_context(fit_for_workers())  # to the end: Dask replaces workers that die
                return cls(_of_our_own(workers), limit_s, stack.pop_all(), _n_own=workers)
        except (OSError, ValueError, TimeoutError) as cause:
            raise ExploreError(f"--scheduler {address}: no Dask scheduler answers there: {cause}") from None

    @property
    def n_workers(self) -> int:
        """Threads of the cluster; one at least, since dead workers are replaced and others may still come."""
        n_threads: int = sum(self.client.nthreads().values())
        return max(1, n_threads)

    @property
    def n_free(self) -> int:
        """Threads of the cluster without work of ours; none while suspects have it to themselves."""
        return 0 if self._suspects or self._is_alone else self.n_workers - len(self._running)

    def submit(self, jobs: tuple[Job, ...]) -> None:
        """Hand in jobs that share a task graph."""
        future = self.client.submit(evaluate, jobs, key=f"archsim-{uuid.uuid4()}", pure=False)
        self._running[future.key] = (future, jobs, time.monotonic())

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """Outcomes that have come in; stops what takes too long."""
        from distributed import wait

        # only where there is a worker: one that is lost before must not be blamed on it
        if self._suspects and not self._running and self.client.nthreads():
            self.submit((self._suspects.pop(0),))
            self._is_alone = True
        futures = [future for future, *_ in self._running.values()]
        with contextlib.suppress(TimeoutError):
            wait(futures, timeout=timeout_s, return_when="FIRST_COMPLETED")
        if not futures:
            time.sleep(timeout_s)
        is_lost = self._has_lost_all()
        found = [one for name in list(self._running) for one in self._outcomes(name, is_lost)]
        if is_lost:
            self._leave()
            self.client, self._alive_s = _of_our_own(self._n_own), time.monotonic()
        return found

    def _has_lost_all(self) -> bool:
        """Whether a cluster of our own has had no worker for long: Dask gives up one that dies while it starts.

        Raises
        ------
        ExploreError
            An external cluster has had none.
        """
        if self.client.nthreads():
            self._alive_s = time.monotonic()
        lost_s = time.monotonic() - self._alive_s
        if not self._n_own and lost_s >= WORKER_S:
            raise ExploreError(
                f"the cluster has had no worker for {WORKER_S:g} s; what is finished is kept: start workers, and "
                "give the same command"
            )
        return lost_s >= LOST_S

    def _outcomes(self, name: str, is_lost: bool) -> list[tuple[str, Outcome]]:
        """The result of a piece of work, if it is there.

        Dask blames a worker's death on all that the worker had: each of these is tried once more, alone.
        """
        future, jobs, started_s = self._running[name]
        seconds = (time.monotonic() - started_s) / len(jobs)
        is_late = self.limit_s is not None and seconds >= self.limit_s
        if not (future.done() or is_late or is_lost):
            return []
        del self._running[name]
        was_alone, self._is_alone = self._is_alone, False
        if future.status == "finished":
            outcomes: list[Outcome] = future.result()
            return [(job.key, {"seconds": seconds, **item}) for job, item in zip(jobs, outcomes, strict=True)]
        died = future.done() or is_lost
        if not died:
            self._stop(future)
        if is_lost:  # Dask may have lost its workers by itself
            self._n_lost.update(job.key for job in jobs)
        again = is_lost and self._n_lost[jobs[0].key] < MOST_TRIES
        if len(jobs) > 1 or (died and not was_alone) or again:
            self._suspects += jobs
            return []
        said = "its worker process ended without a result (too little memory?)"
        said = said if died else f"stopped after its limit of {self.limit_s:g} s"
        why = {"worker": "ended"} if died else {"limit_s": self.limit_s}
        return [(jobs[0].key, {**failed(said, why), "seconds": seconds})]

    def _stop(self, future: Future[Any]) -> None:
        """Start the worker anew that is busy with it."""
        busy = self.client.processing()
        addresses = [address for address, keys in busy.items() if future.key in keys]
        future.cancel()
        if addresses:
            self.client.restart_workers(addresses, raise_for_error=False)

    def close(self) -> None:
        """Leave the cluster; one of our own ends."""
        with self._until_closed:
            self._leave()

    def _leave(self) -> None:
        cluster = self.client.cluster
        self.client.cancel([future for future, *_ in self._running.values()])
        self.client.close()
        if cluster is not None:
            cluster.close()


def _with_a_worker(client: Client, address: str) -> Client:
    """The client, as soon as its cluster has a worker."""
    try:
        client.wait_for_workers(1, timeout=WORKER_S)
    except TimeoutError:
        client.close()
        raise ExploreError(
            f"--scheduler {address}: the scheduler has had no worker for {WORKER_S:g} s; start one: "
            f"dask worker {address}"
        ) from None
    return client


def _of_our_own(workers: int) -> Client:
    from distributed import Client, LocalCluster

    return Client(
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
    )
