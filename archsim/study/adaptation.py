"""Adaptation on a configuration's chip: how accurate it ends, and what it costs with its own recorded activity."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from archsim.crossbar.cells.noises import Window
from archsim.errors import ExploreError
from archsim.explore.jobs import error_in_words
from archsim.files import scratch_folder
from archsim.learn.checkpoints import with_arrays
from archsim.learn.hardware import timed
from archsim.learn.pretrained import accuracies, pretrained
from archsim.metrics import Result
from archsim.simulate import simulate
from archsim.snn.learn.adaptation import adapt, ideal_accuracy
from archsim.snn.learn.pretraining import data_of
from archsim.spec import Chip
from archsim.study.comparison import comparison_of
from archsim.study.configurations import RULES, Base, Configuration
from archsim.workload import Workload
from archsim.workload.models import FileActivity

WINDOW = ("device.g_min=1 uS", "device.g_max=39 uS")
"""The conductance window of noise levels: inside the measured table of NeuRRAM's cells, 0.1 to 39.26 uS."""


def noise_level(name: str, programming: str = "") -> Configuration:
    """How far cells land from their target when they are programmed, and whenever they are written."""
    errors = (f"device.errors.programming={programming}",) if programming else ()
    return Configuration(name, for_chip=(*WINDOW, *errors))


NEURRAM = noise_level("NeuRRAM (measured)", "{kind: table, device: wan}")


def check_learning(work: Workload, way_out: str = "") -> None:
    """Refuse a workload that does not say how it learns.

    Raises
    ------
    ExploreError
    """
    parts = ("data", "pretrain", "adapt")
    missing = [f"learning.{part}" for part in parts if getattr(work.learning, part) is None]
    if missing:
        raise ExploreError(
            f"{work.name}: {', '.join(missing)} missing, which adaptation needs; workloads/watch_adapt.yaml shows "
            f"what they may say{way_out}"
        )


def spread_pct(chip: Chip) -> float:
    """Mean standard deviation of a programmed conductance over the window, in percent of the window."""
    low, high = chip.device.g_min_siemens, chip.device.g_max_siemens
    programming = chip.device.errors.programming
    if programming is None:
        return 0.0
    found: float = programming.spread_pct(Window(low, high))
    return found


@error_in_words
def trained(base: Base, seed: int, cache: Path) -> dict[str, Any]:
    """Train a seed's network in ideal arithmetic and keep it.

    Returns
    -------
    dict
        ``seed``, and the accuracies on ``source`` and ``target``; or ``why_not``.
    """
    return pretrained(base.load()[1], seed, cache).record


@error_in_words
def adapted(base: Base, level: Configuration, seed: int, rule: str, cache: Path) -> dict[str, Any]:
    """One adaptation: accuracies before and after on the chip, and after in ideal arithmetic.

    The network that was trained in ideal arithmetic is the same for all levels and both rules of a seed, and is
    kept in `cache`.

    Returns
    -------
    dict
        ``level``, ``spread_pct``, ``seed``, ``rule``, ``before``, ``after``, ``ideal_after``; or ``why_not``.
    """
    chip, work = base.load(level)
    found = accuracies(chip, work, rule, seed, cache)
    kept = {name: found[name] for name in ("before", "after", "ideal_after")}
    return {"level": level.name, "spread_pct": spread_pct(chip), "seed": seed, "rule": rule, **kept}


@error_in_words
def adapted_ideally(base: Base, seed: int, rule: str, cache: Path) -> dict[str, Any]:
    """The same adaptation in ideal arithmetic alone: ``accuracy`` after it; or ``why_not``."""
    _, work = base.load()
    start = with_arrays(work.network, pretrained(work, seed, cache).arrays)
    return {"accuracy": ideal_accuracy(work, start, data_of(work, seed), rule, seed)}


@error_in_words
def compared_as_recorded(base: Base, configuration: Configuration, seed: int, cache: Path) -> dict[str, Any]:
    """The base with both rules, each simulated with what its own adaptation did, as plain types; or ``why_not``.

    The network is trained, programmed and adapted on the base chip; the spikes of the first samples, which of
    their errors were not zero and which cells were written go through the event simulation.
    """
    bp, dfa = (_as_recorded(base, rule, seed, cache) for rule in RULES)
    return asdict(comparison_of(base, configuration, bp, dfa))


def _as_recorded(base: Base, rule: str, seed: int, cache: Path) -> Result:
    chip, work = base.load(rule=rule)
    start = with_arrays(work.network, pretrained(work, seed, cache).arrays)
    n_samples, n_batch = timed(work)
    done = adapt(chip, work, start, data_of(work, seed), rule, seed, record=n_samples)
    with scratch_folder() as place:
        file = place / "activity.npz"
        done.activity.save(file)
        measured = FileActivity(kind="measured", file=str(file))
        ready = replace(work, network=start, activity=measured, n_samples=n_samples, n_batch=n_batch)
        return simulate(chip, ready, engine="compiled", phase=rule)
