"""The trace of an engine: when each task was ready, started and done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Trace:
    """The schedule of a task graph, one entry per task.

    Attributes
    ----------
    ready_ps : ndarray of int64
        When the last predecessor was done; 0 for a task without predecessors.
    start_ps : ndarray of int64
        When it took its resources.
    done_ps : ndarray of int64
        When its successors could go on, ``start_ps + latency_ps``.

    Notes
    -----
    -1 stands for what never happened; that occurs only in the trace of a `DeadlockError`.

    Examples
    --------
    >>> import numpy as np
    >>> Trace(np.array([0, 5]), np.array([0, 5]), np.array([5, 9])).makespan_ps
    9
    """

    ready_ps: NDArray[np.int64]
    start_ps: NDArray[np.int64]
    done_ps: NDArray[np.int64]

    @property
    def n_tasks(self) -> int:
        """Number of tasks, whether they ran or not."""
        return len(self.start_ps)

    @property
    def makespan_ps(self) -> int:
        """When the last task is done; 0 if none ran.

        A resource may be held a little longer: where the occupancy exceeds the latency, the
        tail after the last result is not part of the makespan.
        """
        return max(0, int(self.done_ps.max())) if len(self.done_ps) else 0
