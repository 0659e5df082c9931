"""Errors go from a worker to the one who waits for it, with all that they hold."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from archsim import errors
from archsim.trace import Trace

TRACE = Trace(np.array([0]), np.array([0]), np.array([5]))


@pytest.mark.parametrize(
    "error",
    [
        errors.SpecError("two\nlines"),
        errors.DoesNotFitError("crossbars", 12, 8, "crossbars", "raise chip.tiles"),
        errors.DeadlockError("they wait", (1, 2), TRACE),
        errors.TraceError("too early", "a task starts when its resource is free", 7),
    ],
)
def test_an_error_survives_the_way_between_processes(error):
    error.add_note("in job 3")
    same = pickle.loads(pickle.dumps(error))
    assert type(same) is type(error)
    assert str(same) == str(error)
    assert same.args == error.args
    assert same.__notes__ == ["in job 3"]
    assert {k: v for k, v in vars(same).items() if k != "trace"} == {
        k: v for k, v in vars(error).items() if k != "trace"
    }


def test_what_ran_before_a_deadlock_is_still_there():
    same = pickle.loads(pickle.dumps(errors.DeadlockError("they wait", (1, 2), TRACE)))
    assert same.trace.done_ps.tolist() == [5]
