"""The four published figures of DFA against BP: where among the runs each is reached, or what comes nearest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from archsim.learn import estimate
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY, Published
from archsim.study.rules.judge import cell_of

Run = Mapping[str, Any]
_PARTS = {"energy_saving_pct": "energy_pj", "area_saving_pct": "area_um2", "speedup": "latency_ps"}
"""The figure of a run that a published one is made of."""
_GAINS: Mapping[str, Callable[[Any, Any], Any]] = {
    "energy_saving_pct": lambda bp, dfa: 100 * (1 - dfa / bp),
    "area_saving_pct": lambda bp, dfa: 100 * (1 - dfa / bp),
    "speedup": lambda bp, dfa: bp / dfa,
}
N_BROUGHT = 3


class Pair(NamedTuple):
    """BP and DFA in one cell: their names, and their runs by seed."""

    cell: tuple[Any, ...]
    bp: str
    dfa: str
    runs: tuple[tuple[Run, Run], ...]

    def gains(self, figure: str) -> list[float]:
        """How much better DFA is, seed by seed."""
        if figure == PUBLISHED_ACCURACY.figure:
            return [100 * (dfa["after"] - bp["after"]) for bp, dfa in self.runs]
        name = _PARTS[figure]
        return [float(_GAINS[figure](bp[name], dfa[name])) for bp, dfa in self.with_all(name)]

    def with_all(self, *names: str) -> list[tuple[Run, Run]]:
        """The runs in which both sides have all of these."""
        return [(bp, dfa) for bp, dfa in self.runs if all(name in bp and name in dfa for name in names)]


def answers(
    runs: Sequence[Run], contenders: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """For each published figure the fair pair of BP and DFA that comes nearest to it, or passes it.

    A pair is fair where both have the same network, bits, quantiser, passes and seeds, and rates chosen alike.

    Returns
    -------
    list of dict
        ``figure``, ``published``, ``text``; ``found``: mean and interval over the seeds; ``reached``: whether the
        mean is as large; ``probability``: in which share of seeds and draws of the prices it is; ``brought_by``:
        the parts that make most of the difference, in percent of BP's; ``bp``, ``dfa``: contenders; ``cell``;
        ``accuracy_gain_pct`` of the same pair; ``clear``: of accuracy, whether that difference is among those that
        are clear after the correction (:func:`archsim.study.rules.differences`), None of other figures.
    """
    pairs = list(pairs_of(runs, contenders))
    found = [_nearest(published, pairs) for published in (*PUBLISHED, PUBLISHED_ACCURACY)] if pairs else []
    clear = {(*cell_of(one), one["contender"]) for one in differences if one["clear"]}
    return [
        {
            **one,
            "clear": (*one["cell"], one["dfa"]) in clear if one["figure"] == PUBLISHED_ACCURACY.figure else None,
        }
        for one in found
    ]


def pairs_of(runs: Sequence[Run], contenders: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Every kind of BP with every kind of DFA that ran in the same cell with the same seeds."""
    rule_of = {one["name"]: one["rule"] for one in contenders}
    by_cell: dict[tuple[Any, ...], dict[str, dict[int, Run]]] = {}
    for run in runs:
        by_cell.setdefault(cell_of(run), {}).setdefault(run["contender"], {})[run["seed"]] = run
    return [
        Pair(cell, bp, dfa, tuple((here[bp][seed], here[dfa][seed]) for seed in sorted(shared)))
        for cell, here in by_cell.items()
        for bp in here
        if rule_of[bp] == "bp"
        for dfa in here
        if rule_of[dfa] == "dfa" and (shared := here[bp].keys() & here[dfa].keys())
    ]


def _nearest(published: Published, pairs: Sequence[Pair]) -> dict[str, Any]:
    known = [pair for pair in pairs if pair.gains(published.figure)]
    best = max(known, key=lambda pair: estimate(pair.gains(published.figure)).mean)
    found = estimate(best.gains(published.figure))
    accuracy = estimate(best.gains(PUBLISHED_ACCURACY.figure))
    return {
        "figure": published.figure, "published": published.value, "text": published.text,
        "found": {"mean": found.mean, "half_width": found.half_width, "n": found.n},
        "reached": found.mean >= published.value, "probability": probability(best, published),
        "brought_by": brought_by(best, published.figure), "cell": list(best.cell), "bp": best.bp, "dfa": best.dfa,
        "accuracy_gain_pct": {"mean": accuracy.mean, "half_width": accuracy.half_width, "n": accuracy.n},
    }  # fmt: skip


def probability(pair: Pair, published: Published) -> float:
    """In which share of the seeds, and of the draws of the prices, a pair reaches a published figure."""
    name = _PARTS.get(published.figure)
    factors = [(bp["prices"], dfa["prices"]) for bp, dfa in pair.with_all("prices")]
    if name is None or not factors:
        return float(np.mean(np.asarray(pair.gains(published.figure)) >= published.value))
    of_bp, of_dfa = np.array(list(zip(*(one[name] for one in factors[0]), strict=False))).T
    gains = [_GAINS[published.figure](bp[name] * of_bp, dfa[name] * of_dfa) for bp, dfa in pair.with_all(name)]
    return float(np.mean(np.concatenate(gains) >= published.value))


def brought_by(pair: Pair, figure: str) -> list[dict[str, Any]]:
    """The components that make most of the difference between a pair, in percent of all that BP needs."""
    name = _PARTS.get(figure)
    known = pair.with_all("parts")
    if name is None or not known:
        return []
    bp, dfa = known[0]
    theirs, ours = (run["parts"][name]["component"] for run in (bp, dfa))
    scale = dfa[name] / bp[name]
    points = {part: 100 * (theirs.get(part, 0.0) - scale * ours.get(part, 0.0)) for part in {**theirs, **ours}}
    largest = sorted(points, key=lambda part: -abs(points[part]))[:N_BROUGHT]
    return [{"component": part, "points": points[part]} for part in largest]


class Line(NamedTuple):
    """A pair's energy saving as one component's share of BP's energy varies: linear between two ends.

    Parameters
    ----------
    depth : int
    component : str
    share : float
        Of BP's energy, as it is.
    without, alone : float
        Saving in percent where the component costs nothing, and where nothing else does.
    """

    depth: int
    component: str
    share: float
    without: float
    alone: float

    def at(self, share: float) -> float:
        """Saving in percent at a share."""
        return self.without + share * (self.alone - self.without)

    def reaches(self, saving: float) -> float | None:
        """At which share a saving is reached; None if at none."""
        if self.alone == self.without:
            return None
        share = (saving - self.without) / (self.alone - self.without)
        return share if 0 <= share <= 1 else None


def saving_lines(pairs: Sequence[Pair], components: Sequence[str]) -> list[Line]:
    """How the saving of each pair depends on what the price of a component makes of BP's energy.

    With the ratios r of DFA's energy to BP's, of the component and of all else, and the share w of the component
    in BP's energy: saving = 1 - w r_component - (1 - w) r_else.
    """
    found = []
    for pair in pairs:
        known = pair.with_all("parts")
        for component in components if known else ():
            (bp, dfa), name = known[0], "energy_pj"
            theirs, ours = (run["parts"][name]["component"].get(component, 0.0) for run in (bp, dfa))
            scale = dfa[name] / bp[name]
            if not 0 < theirs < 1:
                continue
            without, alone = 100 * (1 - scale * (1 - ours) / (1 - theirs)), 100 * (1 - scale * ours / theirs)
            found.append(Line(bp["depth"], component, theirs, without, alone))
    return found
