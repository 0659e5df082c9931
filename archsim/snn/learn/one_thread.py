"""One thread for linear algebra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """While it lasts, linear algebra has one thread.

    Products of learning are small: several threads wait for each other longer than they compute. And the last bits
    do not depend on the number of cores. As a decorator it holds for a function.

    Examples
    --------
    >>> import numpy as np
    >>> @one_thread()
    ... def square(matrix):
    ...     return matrix @ matrix
    >>> square(np.eye(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    with threadpool_limits(limits=1):
        yield
