"""Compiled loops where numba is switched off, or has no place for what it compiled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from archsim.errors import ArchsimWarning

RUN = """
import numpy as np
from archsim import TaskGraphBuilder, run_many, run_tasks
from archsim.crossbar import CrossbarArray
from archsim.crossbar.mvm.kernels import compiled_loops
from archsim.spec import ArraySpec

b = TaskGraphBuilder()
adc = b.resource("adc")
for _ in range(3):
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
assert run_tasks(b.build(), engine="compiled").makespan_ps == 300
assert run_many(b.build(), np.full((1, 3), 5)).makespan_ps.tolist() == [15]
wires = {"row": "1 ohm", "column": "1 ohm"}
readout = {"kind": "adc", "resolution": "5 bit"}
assert CrossbarArray(ArraySpec(rows=4, columns=4, wires=wires, readout=readout), np.eye(2), 0).mvm(np.eye(2)).any()
assert compiled_loops() is None
"""


def test_with_numba_switched_off_the_plain_loops_are_taken():
    pytest.importorskip("numba")
    switched_off = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, env=switched_off, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_place_for_numbas_cache_functions_work_and_that_is_told_once(monkeypatch):
    caching = pytest.importorskip("numba.core.caching")
    from archsim import jit

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    jit._tell_that_nothing_is_kept.cache_clear()
    with pytest.warns(ArchsimWarning, match="NUMBA_CACHE_DIR") as told:
        twice, thrice = (jit.njit(cache=True)(function) for function in (lambda x: 2 * x, lambda x: 3 * x))
    assert (twice(2), thrice(2), len(told)) == (4, 6, 1)
