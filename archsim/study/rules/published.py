"""The four published figures of DFA against BP: where among the runs each is reached, or what comes nearest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archsim.learn import estimate
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY
from archsim.study.rules.judge import cell_of

Run = Mapping[str, Any]
_GAINS: Mapping[str, Callable[[Run, Run], float]] = {
    "energy_saving_pct": lambda bp, dfa: 100 * (1 - dfa["energy_pj"] / bp["energy_pj"]),
    "area_saving_pct": lambda bp, dfa: 100 * (1 - dfa["area_um2"] / bp["area_um2"]),
    "speedup": lambda bp, dfa: bp["latency_ps"] / dfa["latency_ps"],
    "accuracy_gain_pct": lambda bp, dfa: 100 * (dfa["after"] - bp["after"]),
}
"""Of one seed, in one cell: how much better DFA is than BP."""


def answers(runs: Sequence[Run], contenders: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each published figure the fair pair of BP and DFA that comes nearest to it, or passes it.

    A pair is fair where both have the same network, bits, quantiser, passes and seeds, and rates chosen alike.

    Returns
    -------
    list of dict
        ``figure``, ``published``, ``text``; ``found``: mean and interval over the seeds; ``reached``: whether the
        mean is as large; ``bp``, ``dfa``: contenders; ``cell``; ``accuracy_gain_pct`` of the same pair.
    """
    rule_of = {one["name"]: one["rule"] for one in contenders}
    by_pair: dict[tuple[Any, ...], dict[int, Run]] = {}
    for run in runs:
        by_pair.setdefault((cell_of(run), run["contender"]), {})[run["seed"]] = run
    pairs = [
        (cell, bp, dfa)
        for cell, bp in by_pair
        if rule_of[bp] == "bp"
        for other, dfa in by_pair
        if other == cell and rule_of[dfa] == "dfa"
    ]
    return [_nearest(published, pairs, by_pair) for published in (*PUBLISHED, PUBLISHED_ACCURACY)] if pairs else []


def _nearest(published: Any, pairs: Sequence[Any], by_pair: Mapping[Any, Mapping[int, Run]]) -> dict[str, Any]:
    def gain(pair: Any, figure: str) -> list[float]:
        cell, bp, dfa = pair
        ours, theirs = by_pair[cell, dfa], by_pair[cell, bp]
        return [_GAINS[figure](theirs[seed], ours[seed]) for seed in sorted(ours.keys() & theirs.keys())]

    best = max(pairs, key=lambda pair: estimate(gain(pair, published.figure)).mean)
    found, accuracy = estimate(gain(best, published.figure)), estimate(gain(best, "accuracy_gain_pct"))
    return {
        "figure": published.figure, "published": published.value, "text": published.text,
        "found": {"mean": found.mean, "half_width": found.half_width, "n": found.n},
        "reached": found.mean >= published.value, "cell": list(best[0]), "bp": best[1], "dfa": best[2],
        "accuracy_gain_pct": {"mean": accuracy.mean, "half_width": accuracy.half_width, "n": accuracy.n},
    }  # fmt: skip
