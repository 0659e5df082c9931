"""Evaluating on a Dask cluster: the same jobs, the same outcomes, on other machines."""

from __future__ import annotations

import contextlib
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archsim.errors import ExploreError
from archsim.explore.evaluate import Job, Outcome, evaluate, failed
from archsim.explore.workers import fit_for_workers

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"


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

    @classmethod
    def connect(cls, address: str, workers: int, limit_s: float | None = None) -> DaskPool:
        """A cluster at an address, or one on this machine for "local".

        Raises
        ------
        ExploreError
            Dask is not installed, or nobody answers at the address.
        """
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise ExploreError("a cluster needs Dask: pip install archsim[cluster]") from None
        try:
            if address != LOCAL:
                return cls(Client(address, timeout="10s"), limit_s)
            with ExitStack() as stack:
                stack.enter_context(fit_for_workers())  # to the end: Dask replaces workers that die
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=50,
                )
                return cls(Client(cluster), limit_s, stack.pop_all())
        except (OSError, ValueError, TimeoutError) as cause:
            raise ExploreError(f"--scheduler {address}: no Dask scheduler answers there: {cause}") from None

    @property
    def n_workers(self) -> int:
        """Threads of the cluster; one at least, since dead workers are replaced and others may still come."""
        n_threads: int = sum(self.client.nthreads().values())
        return max(1, n_threads)

    @property
    def n_free(self) -> int:
        """Threads of the cluster without work of ours."""
        return self.n_workers - len(self._running)

    def submit(self, jobs: tuple[Job, ...]) -> None:
        """Hand in jobs that share a task graph."""
        future = self.client.submit(evaluate, jobs, key=f"archsim-{uuid.uuid4()}", pure=False)
        self._running[future.key] = (future, jobs, time.monotonic())

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """Outcomes that have come in; stops what takes too long."""
        from distributed import wait

        futures = [future for future, *_ in self._running.values()]
        with contextlib.suppress(TimeoutError):
            wait(futures, timeout=timeout_s, return_when="FIRST_COMPLETED")
        found = []
        for name, (future, jobs, started_s) in list(self._running.items()):
            seconds = (time.monotonic() - started_s) / len(jobs)
            if future.status == "finished":
                outcomes: list[Outcome] = future.result()
            elif future.done():
                outcomes = [failed(f"its worker process ended without a result: {_why(future)}")]
            elif self.limit_s is not None and seconds >= self.limit_s:
                self._stop(future)
                outcomes = [failed(f"stopped after its limit of {self.limit_s:g} s")]
            else:
                continue
            del self._running[name]
            if len(outcomes) < len(jobs):  # one of them is at fault: each by itself
                for job in jobs:
                    self.submit((job,))
                continue
            found += [(job.key, {**item, "seconds": seconds}) for job, item in zip(jobs, outcomes, strict=True)]
        return found

    def _stop(self, future: Future[Any]) -> None:
        """Start the worker anew that is busy with it."""
        busy = self.client.processing()
        addresses = [address for address, keys in busy.items() if future.key in keys]
        future.cancel()
        if addresses:
            self.client.restart_workers(addresses, raise_for_error=False)

    def close(self) -> None:
        """Leave the cluster; one of our own ends."""
        cluster = self.client.cluster
        with self._until_closed:
            self.client.cancel([future for future, *_ in self._running.values()])
            self.client.close()
            if cluster is not None:
                cluster.close()


def _why(future: Future[Any]) -> str:
    return type(future.exception()).__name__
