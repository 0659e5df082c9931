"""Accuracy after adaptation with BP and with DFA, on chips whose cells spread more and more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from archsim.crossbar.cells.tables import device_table
from archsim.errors import ArchsimError, ExploreError
from archsim.learn.pretrained import accuracies, pretrained
from archsim.learn.result import estimate
from archsim.spec import Chip
from archsim.spec.cells import ConstantError, TableError
from archsim.study.costs import Files
from archsim.workload import Workload

RULES = ("bp", "dfa")
WINDOW = ("device.g_min=1 uS", "device.g_max=39 uS")
"""The conductance window for the accuracy part: inside the measured table of NeuRRAM's cells, 0.1 to 39.26 uS."""


@dataclass(frozen=True)
class Level:
    """How much the cells spread when they are programmed, and every time they are written.

    Parameters
    ----------
    name : str
    for_chip : tuple of str
        Assignments beside those of `WINDOW`.
    """

    name: str
    for_chip: tuple[str, ...] = ()


def _constant(percent: float) -> Level:
    said = f"device.errors.programming={{kind: constant, sigma: {percent / 100!r}}}"
    return Level(f"{percent:g} % of the window", (said,))


NEURRAM = Level("NeuRRAM (measured)", ("device.errors.programming={kind: table, device: wan}",))
LEVELS = (Level("ideal cells"), _constant(2.0), _constant(4.0), NEURRAM, _constant(10.0), _constant(20.0))
QUICK_LEVELS = (Level("ideal cells"), NEURRAM)
QUICK = ("learning.pretrain.epochs=3", "learning.adapt.passes=1")


def check_story(work: Workload) -> None:
    """Refuse a workload that says nothing of learning.

    Raises
    ------
    ExploreError
    """
    parts = ("data", "pretrain", "adapt")
    missing = [f"learning.{part}" for part in parts if getattr(work.learning, part) is None]
    if missing:
        raise ExploreError(
            f"{work.name}: {', '.join(missing)} missing, which the accuracy part needs; "
            f"workloads/watch_adapt.yaml "
            "shows what they may say, and --no-accuracy leaves that part out"
        )


def spread_pct(chip: Chip) -> float:
    """Mean standard deviation of a programmed conductance over the window, in percent of the window."""
    low, high = chip.device.g_min_siemens, chip.device.g_max_siemens
    programming = chip.device.errors.programming
    if programming is None:
        return 0.0
    if isinstance(programming, ConstantError):
        return 100 * programming.sigma_frac
    if isinstance(programming, TableError):
        table = device_table(programming.device)
        first, last = table.window_siemens if programming.scale == "window" else (low, high)
        at = np.linspace(first, last, 1001)
        return 100 * float(np.mean(np.interp(at, table.target_siemens, table.sigma_siemens))) / (last - first)
    return 100 * programming.sigma_frac * (low + high) / 2 / (high - low)


def on_level(files: Files, level: Level) -> tuple[Chip, Workload]:
    """Chip and workload of a noise level."""
    return replace(files, for_chip=(*files.for_chip, *WINDOW, *level.for_chip)).load()


def adapted(files: Files, level: Level, seed: int, rule: str, cache: Path) -> dict[str, Any]:
    """One adaptation: accuracies before and after on the chip, and after in ideal arithmetic.

    The network that was trained in ideal arithmetic is the same for all levels and both rules of a seed, and is
    kept in `cache`.

    Returns
    -------
    dict
        ``level``, ``spread_pct``, ``seed``, ``rule``, ``before``, ``after``, ``ideal_after``; or with ``why_not``.
    """
    chip, work = on_level(files, level)
    record: dict[str, Any] = {"level": level.name, "spread_pct": spread_pct(chip), "seed": seed, "rule": rule}
    try:
        found = accuracies(chip, work, rule, seed, cache)
    except ArchsimError as error:  # goes back to another process: as words
        return {**record, "why_not": "; ".join(str(error).splitlines()[:2])}
    return {**record, **{name: found[name] for name in ("before", "after", "ideal_after")}}


def trained(files: Files, seed: int, cache: Path) -> dict[str, Any]:
    """Train a seed's network and keep it; accuracies on source and target, or ``why_not``."""
    try:
        _, work = files.load()
        return pretrained(work, seed, cache).record
    except ArchsimError as error:
        return {"seed": seed, "why_not": "; ".join(str(error).splitlines()[:2])}


def summary(
    sources: Sequence[Mapping[str, Any]], runs: Sequence[dict[str, Any]], levels: Sequence[Level]
) -> dict[str, Any]:
    """Means and 95 % intervals by level: each rule, and the difference within each seed.

    Raises
    ------
    ExploreError
        A run could not be done: which, and why.
    """
    failed = [
        f"{run['level']}, seed {run['seed']}, {run['rule']}: {run['why_not']}" for run in runs if "why_not" in run
    ]
    failed += [f"training, seed {run['seed']}: {run['why_not']}" for run in sources if "why_not" in run]
    if failed:
        raise ExploreError("\n".join(failed))
    lines = []
    for level in levels:
        own = [run for run in runs if run["level"] == level.name]
        by_rule = {rule: {r["seed"]: r for r in own if r["rule"] == rule} for rule in RULES}
        seeds = sorted(by_rule["bp"])
        gain = [by_rule["dfa"][seed]["after"] - by_rule["bp"][seed]["after"] for seed in seeds]
        lines.append(
            {
                "level": level.name,
                "spread_pct": own[0]["spread_pct"],
                "before": asdict(estimate([by_rule["bp"][seed]["before"] for seed in seeds])),
                **{rule: asdict(estimate([by_rule[rule][seed]["after"] for seed in seeds])) for rule in RULES},
                **{
                    f"{rule}_ideal": asdict(estimate([by_rule[rule][s]["ideal_after"] for s in seeds]))
                    for rule in RULES
                },
                "gain": asdict(estimate(gain)),
            }
        )
    return {"levels": lines, "runs": list(runs), "pretrained": list(sources), "window": list(WINDOW)}
