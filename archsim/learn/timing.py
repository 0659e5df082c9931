"""The event simulations of a learning run, each kept once it is finished."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from archsim.learn.checkpoints import Checkpoint, fingerprint
from archsim.learn.hardware import simulated, timed
from archsim.learn.result import RuleRun
from archsim.learn.shapes import HardwareShape
from archsim.learn.whole import Plan, Recorded, adaptation_cost, played, programming_cost, run_of
from archsim.names import with_stages
from archsim.snn.activity import Activity
from archsim.snn.learn.epochs import Progress
from archsim.spec import Chip
from archsim.units import file_data
from archsim.workload import Workload
from archsim.workload.network import Network

_KEYS = ("name", "network", "timesteps", "input_resolution", "schedule", "positions_per_burst")


@dataclass(frozen=True)
class Timing:
    """Settings that all event simulations of a run share.

    Parameters
    ----------
    chip, work : Chip, Workload
    trained : Network
        With the weights that were programmed.
    folder : Path
        For what is finished.
    engine : str
    max_memory_bytes : int or None
    n_workers : int
    tell : callable or None
        Called with what is going on, and how far it is.
    """

    chip: Chip
    work: Workload
    trained: Network
    folder: Path
    engine: str
    max_memory_bytes: int | None
    n_workers: int
    tell: Callable[[str, Progress | None], None] | None

    def adaptation(self, run: RuleRun, recorded: Path) -> dict[str, Any]:
        """An adaptation with one rule, batch after batch, and the programming before it."""
        plan = self.work.learning.adapt
        assert plan is not None  # adapt has said so
        chosen = Plan.of(self.work, run.n_windows // plan.passes, run.n_simulated, run.seed)
        activity = Activity.load(recorded, self.trained)
        asked = {"windows": run.n_windows, "batches": list(chosen.sample.batches)}
        batches = partial(self._batches, run, chosen, activity)
        return self._kept(run.rule, activity, asked, batches)

    def _batches(self, of: RuleRun, chosen: Plan, activity: Activity) -> dict[str, Any]:
        allowed = self.max_memory_bytes
        rule = of.rule
        run = run_of(self.chip, self.work, self.trained, chosen, rule, self.engine, max_memory_bytes=allowed)
        recorded = Recorded(activity, chosen.recorded, chosen.sizes)
        costs = played(run, recorded, chosen.sample, self.n_workers, partial(self._told, rule))
        first = programming_cost(self.chip, self.work, self.trained, rule, self.engine)
        return adaptation_cost(run, chosen.sample, costs, first, of.pulses_by_update)

    def first_windows(self, phase: str, recorded: Path) -> dict[str, Any]:
        """The first recorded windows, in a phase in which nothing is learned."""
        n_samples, n_batch = timed(self.work)

        def run() -> dict[str, Any]:
            allowed = self.max_memory_bytes
            return simulated(self.chip, self.work, self.trained, recorded, phase, self.engine, allowed)

        asked = {"samples": n_samples, "batch": n_batch}
        return self._kept(phase, Activity.load(recorded, self.trained), asked, run)

    def _told(self, rule: str, done: int, n: int) -> None:
        if self.tell is not None:
            self.tell(f"event simulation of {rule}", Progress(0, done, n))

    def _kept(
        self, phase: str, activity: Activity, asked: dict[str, Any], run: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """A finished event simulation, or one that is done now."""
        learning: Any = self.work.described.get("learning") or {}
        of_work = {key: self.work.described.get(key) for key in _KEYS} | {"error": learning.get("error")}
        made_from = {
            "part": "event simulation",
            "phase": phase,
            **asked,
            "chip": file_data(self.chip),
            "workload": of_work,
            "network": fingerprint(self.trained),
            "activity": _print_of(activity),
        }
        path = self.folder / f"hardware_{phase}.npz"
        if path.exists():
            kept: dict[str, Any] = with_stages(Checkpoint.load(path, made_from, HardwareShape).record)
            return kept
        if self.tell is not None:
            self.tell(f"event simulation of {phase}", None)
        found = run()
        Checkpoint(made_from, found, {}).save(path)
        return found


def _print_of(activity: Activity) -> str:
    digest = hashlib.sha256()
    for part in (activity.spikes, activity.errors, activity.writes, activity.pulses):
        for name, values in part.items():
            digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()[:16]
