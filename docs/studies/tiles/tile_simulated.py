"""Mechanisms and components of chosen configurations, and the uncertainty of their costs: simulated once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, cast

import numpy as np
from tile_effects import COSTS, FIGURES

from archsim import ExploreError, Result, simulate
from archsim.explore import Explored, Priced, Uncertain, conclusions, propagate
from archsim.mapping import map_workload
from archsim.study import RULES, second_copy
from archsim.whatif import mechanisms

_COMPONENTS = 6  # the largest ones of a run that are kept by name
N_DRAWS = 200
DOUBT = 0.05
METRIC = {"energy_pj": "energy_per_sample_pj", "latency_ps": "latency_per_sample_ps", "area_um2": "area_um2"}


def choices_of(front: Mapping[str, Any]) -> dict[str, int]:
    """Of a rule's front, the line of the knee and of the best of each objective."""
    return {"knee": front["knee"], **front["best"]}


def uncertain_orders(found: Mapping[str, Any], figure: str) -> list[tuple[int, int, float]]:
    """Pairs of a DFA and a BP choice whose order is uncertain, as lines, with the probability of DFA needing less.

    Examples
    --------
    >>> uncertain_orders({"bp": [3, 4], "dfa": [7], "less": {"area_um2": [[0.5, 0.99]]}}, "area_um2")
    [(7, 3, 0.5)]
    """
    return [
        (dfa, bp, chance)
        for dfa, of_dfa in zip(found["dfa"], found["less"][figure], strict=True)
        for bp, chance in zip(found["bp"], of_dfa, strict=True)
        if DOUBT < chance < 1 - DOUBT
    ]


# ---- why: by mechanism ----


def explained(
    costs: Explored, pairs: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """By mechanism, what DFA saves in the pairs with the largest and the smallest saving of each figure.

    Parameters
    ----------
    costs : Explored
        The sweep of the costs; its configurations are simulated again, and must come out as recorded.
    pairs, lines : sequence of dict
        As `tile_effects.savings` gives them, and what they point into.

    Returns
    -------
    list of dict
        For each pair: "pair" (its place), "why" (what it is the largest or smallest of), "parts" by figure and
        mechanism (per sample; BP less DFA), "components" (energy and area of the largest ones, by rule), "note".

    Raises
    ------
    ExploreError
        A simulation gives another figure than the record: the sweep was made by another version.
    """
    chosen: dict[int, list[str]] = {}
    for figure in FIGURES:
        order = sorted(range(len(pairs)), key=lambda k: (pairs[k][figure], k))
        for place, word in ((order[-1], "largest"), (order[0], "smallest")):
            chosen.setdefault(place, []).append(f"{word} {figure}")
    records = {record["key"]: record for record in costs.records}
    found = []
    for place, why in chosen.items():
        pair = pairs[place]
        bp, dfa = (simulated_again(costs, records[lines[pair[rule]]["key"]]) for rule in ("bp", "dfa"))
        parameters = records[lines[pair["bp"]]["key"]]["parameters"]
        found.append({"pair": place, "why": why, **_parts(costs, parameters, bp, dfa)})
    return found


def simulated_again(costs: Explored, record: Mapping[str, Any]) -> Result:
    """A configuration's result, which must be that of its record.

    Raises
    ------
    ExploreError
        It is another one.
    """
    resolved = costs.study.resolve(record["parameters"])
    phase = cast("Literal['bp', 'dfa']", resolved.phase)
    result = simulate(resolved.chip, resolved.work, engine="compiled", seed=resolved.seed, phase=phase)
    for name in ("energy_pj", "latency_ps", "area_um2"):
        if getattr(result, name) != record["metrics"][name]:
            raise ExploreError(
                f"{costs.folder}: {name} of {record['parameters']} is recorded as {record['metrics'][name]}, this "
                f"version of archsim gives {getattr(result, name)}: sweep again with this version"
            )
    return result


def _parts(costs: Explored, parameters: Mapping[str, Any], bp: Result, dfa: Result) -> dict[str, Any]:
    resolved = costs.study.resolve(parameters)
    parts, note = mechanisms(bp, dfa, second_copy(map_workload(resolved.chip, resolved.work, "bp")))
    return {
        "parts": parts,
        "components": {"bp": _components(bp), "dfa": _components(dfa)},
        "n_tiles": {"bp": _n_tiles(bp), "dfa": _n_tiles(dfa)},
        "note": note,
    }


def _components(result: Result) -> dict[str, dict[str, float]]:
    """Energy (per sample) and area of a run's largest components."""
    parts = result.breakdown("component")
    found = {}
    by_figure = {
        "energy_pj": {name: part["energy_pj"] / result.n_samples for name, part in parts.items()},
        "area_um2": {name: part["area_um2"] for name, part in parts.items()},
    }
    for figure, own in by_figure.items():
        order = sorted(own, key=lambda name: -own[name])[:_COMPONENTS]
        found[figure] = {name: float(own[name]) for name in order}
    return found


def _n_tiles(result: Result) -> int:
    return sum(item.n for item in result.items if item.component == "tile_control")


# ---- uncertainty ----


def uncertainty(costs: Explored, fronts: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Error bars of the chosen configurations, and how probable it is that DFA needs less than BP.

    Parameters
    ----------
    costs : Explored
        The sweep of the costs; the chosen configurations are simulated again, and must come out as recorded.
    fronts, lines
        As `archsim.study.fronts` gives them, and what they point into.

    Returns
    -------
    dict
        "draws", "seed"; "interval_90" by line (as text) and figure; "less" by figure: how probable it is that each
        of DFA's choices (rows, as in "dfa") needs less than each of BP's (columns, as in "bp"), and "all_less":
        that all of them do; "conclusions" by figure: of each choice of DFA and each of BP which needs less, in
        which share of the draws, and which single price carries it (`archsim.explore.Conclusion`).

    Raises
    ------
    ExploreError
        A simulation gives another figure than the record: the sweep was made by another version.
    """
    chosen = {rule: list(dict.fromkeys(choices_of(fronts[rule]).values())) for rule in RULES}
    records = {record["key"]: record for record in costs.records}
    order = [line for rule in RULES for line in chosen[rule]]
    chips = []
    for line in order:
        record = records[lines[line]["key"]]
        chip = costs.study.resolve(record["parameters"]).chip
        chips.append(Priced(str(line), chip, simulated_again(costs, record)))
    found = propagate(chips, N_DRAWS, costs.study.model.seed)
    n_bp = len(chosen["bp"])
    less, all_less = {}, {}
    for figure in COSTS:
        draws = found.draws[METRIC[figure]]
        less[figure] = [
            [found.probability_of_less(METRIC[figure], n_bp + row, column) for column in range(n_bp)]
            for row in range(len(chosen["dfa"]))
        ]
        all_less[figure] = float(np.mean(draws[n_bp:].max(axis=0) < draws[:n_bp].min(axis=0)))
    return {
        "draws": N_DRAWS,
        "seed": found.seed,
        **chosen,
        "interval_90": {
            str(line): {figure: list(found.interval(METRIC[figure], k)) for figure in COSTS}
            for k, line in enumerate(order)
        },
        "less": less,
        "all_less": all_less,
        "conclusions": _concluded(chips, found, n_bp),
    }


def _concluded(chips: Sequence[Priced], found: Uncertain, n_bp: int) -> dict[str, list[dict[str, Any]]]:
    """By figure: of each choice of BP and each of DFA."""
    across = [(bp, dfa) for bp in range(n_bp) for dfa in range(n_bp, len(chips))]
    said = conclusions(chips, found, [METRIC[figure] for figure in COSTS], across)
    return {figure: [asdict(one) for one in said if one.metric == METRIC[figure]] for figure in COSTS}
