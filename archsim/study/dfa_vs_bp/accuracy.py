"""Accuracy after adaptation with BP and with DFA, on chips whose cells spread more and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from archsim.learn import estimate
from archsim.study.adaptation import NEURRAM, WINDOW, noise_level
from archsim.study.configurations import RULES, Configuration


def _constant(percent: float) -> Configuration:
    return noise_level(f"{percent:g} % of the window", f"{{kind: constant, sigma: {percent / 100!r}}}")


LEVELS = (noise_level("ideal cells"), _constant(2.0), _constant(4.0), NEURRAM, _constant(10.0), _constant(20.0))
QUICK_LEVELS = (LEVELS[0], NEURRAM)
QUICK = ("learning.pretrain.epochs=3", "learning.adapt.passes=1")


def summary(
    sources: Sequence[dict[str, Any]], runs: Sequence[dict[str, Any]], levels: Sequence[Configuration]
) -> dict[str, Any]:
    """Means and 95 % intervals by level: each rule, and the difference within each seed."""
    lines = [_line([run for run in runs if run["level"] == level.name]) for level in levels]
    return {"levels": lines, "runs": list(runs), "pretrained": list(sources), "window": list(WINDOW)}


def _line(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    of = {(run["rule"], run["seed"]): run for run in runs}
    seeds = sorted({run["seed"] for run in runs})

    def of_rule(rule: str, figure: str) -> dict[str, Any]:
        return asdict(estimate([of[rule, seed][figure] for seed in seeds]))

    return {
        "level": runs[0]["level"],
        "spread_pct": runs[0]["spread_pct"],
        "before": of_rule("bp", "before"),
        **{rule: of_rule(rule, "after") for rule in RULES},
        **{f"{rule}_ideal": of_rule(rule, "ideal_after") for rule in RULES},
        "gain": asdict(estimate([of["dfa", seed]["after"] - of["bp", seed]["after"] for seed in seeds])),
    }
