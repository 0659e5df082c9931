"""Compiled loops where numba is switched off, or has no place for what it compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from archsim import compiling
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


class Loop:
    """Stands for a compiled function."""

    __name__ = "loop"

    def __init__(self, *signatures):
        self.signatures = signatures


@pytest.fixture
def nothing_asked(monkeypatch):
    monkeypatch.setattr(compiling, "_ASKED", set())
    monkeypatch.setattr(compiling, "_DONE_PLAINLY", Counter())


@pytest.mark.usefixtures("nothing_asked")
def test_compiling_pays_where_there_is_enough_to_do_in_one_go_or_in_many():
    assert [compiling.pays(Loop(), 400, worth=1000) for _ in range(3)] == [False, False, True]
    assert compiling.put_off() == 800
    assert compiling.pays(Loop(), 1000, worth=1000)


@pytest.mark.usefixtures("nothing_asked")
def test_what_is_compiled_or_asked_for_is_taken_at_once():
    assert compiling.pays(Loop("(int64)"), 1, worth=1000)
    compiling.ask()
    assert compiling.pays(Loop(), 1, worth=1000)
    assert compiling.put_off() == 0


@pytest.mark.usefixtures("nothing_asked")
def test_what_an_earlier_process_compiled_is_taken_at_once(monkeypatch, tmp_path):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    from archsim import jit

    def twice(x):
        return 2 * x

    assert not compiling.pays(jit.njit(cache=True)(twice), 1, worth=1000)
    assert jit.njit(cache=True)(twice)(4) == 8
    assert compiling.pays(jit.njit(cache=True)(twice), 1, worth=1000)


FRESH = """
import sys
import archsim
from archsim.verify import compiled
chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
archsim.simulate(chip, work, phase="inference")
print(len(compiled.replayed.signatures))
"""


def test_a_small_first_run_compiles_nothing(tmp_path):
    pytest.importorskip("numba")
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", FRESH], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0"], done.stderr
    assert not list(tmp_path.rglob("*.nbc"))
