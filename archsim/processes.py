"""Work shared among processes of this machine: in order, and the same whatever their number."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from types import ModuleType
from typing import Any, TypeVar

from archsim.errors import ArchsimError
from archsim.registry import FROM_SCRIPTS

THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
_AHEAD = 2  # pieces of work per worker that are handed out before their turn

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Done = TypeVar("Done")


@contextmanager
def fit_for_workers() -> Iterator[None]:
    """While it lasts, spawned processes have one thread for arithmetic, and do not run the caller's script.

    Spawn imports what it finds as ``__main__`` in the new process: a script without a guard would start its sweep
    once more. A script that has registered kinds is imported, for the workers need them; it has to have a guard.
    """
    before, main = {name: os.environ.get(name) for name in THREADS}, sys.modules["__main__"]
    os.environ.update(dict.fromkeys(THREADS, "1"))
    if not FROM_SCRIPTS:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def end_with_parent() -> None:
    """Wait for the parent's end, in a thread of a worker, and end then too."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def in_turn(
    function: Callable[[Shared, Item], Done], shared: Shared, items: Iterable[Item], n_workers: int = 1
) -> Iterator[Done]:
    """``function(shared, item)`` of every item, in their order.

    Parameters
    ----------
    function : callable
        Of a module, so that workers find it.
    shared : object
        Sent to each worker once.
    items : iterable
        Taken shortly before it is their turn.
    n_workers : int
        Processes; with 1 all is done here.

    Raises
    ------
    ArchsimError
        As `function`; or a worker has ended (too little memory, killed).

    Examples
    --------
    >>> list(in_turn(pow, 2, [1, 2, 3]))
    [2, 4, 8]
    """
    if n_workers <= 1:
        yield from (function(shared, item) for item in items)
        return
    pool = ProcessPoolExecutor(n_workers, get_context("spawn"), _begin, (function, shared))
    waiting: deque[tuple[Item, Future[Any]]] = deque()
    try:
        for item in items:
            with fit_for_workers():
                waiting.append((item, pool.submit(_do, item)))
            if len(waiting) >= _AHEAD * n_workers:
                yield _answer(function, shared, *waiting.popleft())
        while waiting:
            yield _answer(function, shared, *waiting.popleft())
    finally:
        pool.shutdown(wait=not waiting, cancel_futures=True)


def _answer(
    function: Callable[[Shared, Item], Done], shared: Shared, item: Item, future: Future[tuple[bool, Any]]
) -> Done:
    try:
        is_done, found = future.result()
    except BrokenExecutor as error:
        raise ArchsimError(f"a worker process ended without a result (too little memory?): {error}") from None
    # what went wrong goes wrong here too, and is told as it is
    done: Done = found if is_done else function(shared, item)
    return done


_at_work: dict[str, Any] = {}


def _begin(function: Callable[..., Any], shared: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=end_with_parent, daemon=True).start()
    _at_work.update(function=function, shared=shared)


def _do(item: object) -> tuple[bool, Any]:
    try:
        return True, _at_work["function"](_at_work["shared"], item)
    except ArchsimError:
        return False, None
