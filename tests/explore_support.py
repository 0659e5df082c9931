"""Small studies for the tests of archsim.explore, and workers that are no processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from archsim.explore.evaluate import Job, Outcome, evaluate

ROOT = Path(__file__).resolve().parent.parent
SHORT = "[workload.timesteps=4, workload.samples=1, workload.batch=1]"


BOTH = "{latency_ps: minimize, area_um2: minimize}"


def study_text(parameters: str, more: str = "", objectives: str = BOTH) -> str:
    """A study file on the wearable chip; each line of `parameters` is one of them."""
    lines = "\n".join(f"  {line.strip()}" for line in parameters.strip().splitlines())
    return (
        f"version: 1\nname: test\nchip: {ROOT}/tests/chips/wearable_rram.yaml\n"
        f"workload: {ROOT}/workloads/watch_mlp.yaml\nset: {SHORT}\nphase: inference\n"
        f"parameters:\n{lines}\nobjectives: {objectives}\n{more}\n"
    )


TWO_BY_TWO = "chip.crossbar.rows: [64, 128]\nchip.adc.columns_per_adc: [16, 64]"


def write_study(folder: Path, parameters: str = TWO_BY_TWO, more: str = "", **given: str) -> Path:
    """The study file in a folder."""
    path = folder / "study.yaml"
    path.write_text(study_text(parameters, more, **given), encoding="utf-8")
    return path


def one_by_one(function: Callable[[Job], Outcome]) -> Callable[[Sequence[Job]], list[Outcome]]:
    """A function of one job as one of several."""
    return lambda jobs: [function(job) for job in jobs]


class HerePool:
    """Does the jobs at once, in this process; counts them."""

    n_workers = 1

    def __init__(self, function: Callable[[Sequence[Job]], list[Outcome]] = evaluate) -> None:
        self.function, self.keys, self._found = function, [], []

    @property
    def n_free(self) -> int:
        return 0 if self._found else 1

    def submit(self, jobs: Sequence[Job]) -> None:
        self.keys += [job.key for job in jobs]
        for job, outcome in zip(jobs, self.function(jobs), strict=True):
            self._found.append((job.key, {**outcome, "seconds": 0.0}))

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        del timeout_s
        found, self._found = self._found, []
        return found

    def close(self) -> None:
        pass


def sleepy(jobs: Sequence[Job]) -> list[Outcome]:
    """Hangs on a read pulse of 100 ns."""
    if any(job.resolved.chip.device.read_pulse_ps == 100_000 for job in jobs):
        time.sleep(1000)
    return evaluate(jobs)


def deadly(jobs: Sequence[Job]) -> list[Outcome]:
    """Ends its process, as too little memory would, on a read pulse of 100 ns."""
    if any(job.resolved.chip.device.read_pulse_ps == 100_000 for job in jobs):
        os._exit(1)
    return evaluate(jobs)
