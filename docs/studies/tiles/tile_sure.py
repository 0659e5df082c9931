"""How sure what the chosen tile configurations cost is, as the numbers of the price list may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from archsim.explore.run import Explored
from archsim.explore.uncertain import Priced, propagate
from archsim.study.tile_fronts import COSTS, RULES
from archsim.study.tile_pairs import simulated_again

N_DRAWS = 500
DOUBT = 0.05
METRIC = {"energy_pj": "energy_per_sample_pj", "latency_ps": "latency_per_sample_ps", "area_um2": "area_um2"}


def choices_of(front: Mapping[str, Any]) -> dict[str, int]:
    """Of a rule's front, the line of the knee and of the best of each objective."""
    return {"knee": front["knee"], **front["best"]}


def open_orders(found: Mapping[str, Any], figure: str) -> list[tuple[int, int, float]]:
    """Pairs of a DFA and a BP choice whose order is not known, as lines, with the probability of DFA needing less.

    Examples
    --------
    >>> open_orders({"bp": [3, 4], "dfa": [7], "less": {"area_um2": [[0.5, 0.99]]}}, "area_um2")
    [(7, 3, 0.5)]
    """
    return [
        (dfa, bp, chance)
        for dfa, of_dfa in zip(found["dfa"], found["less"][figure], strict=True)
        for bp, chance in zip(found["bp"], of_dfa, strict=True)
        if DOUBT < chance < 1 - DOUBT
    ]


def sure(costs: Explored, fronts: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Error bars of the chosen configurations, and how probable it is that DFA needs less than BP.

    Parameters
    ----------
    costs : Explored
        The sweep of the costs; the chosen configurations are simulated again, and must come out as recorded.
    fronts, lines
        As `archsim.study.tile_fronts.fronts` gives them, and what they point into.

    Returns
    -------
    dict
        "draws", "seed"; "interval_90" by line (as text) and figure; "less" by figure: how probable it is that each
        of DFA's choices (rows, as in "dfa") needs less than each of BP's (columns, as in "bp"), and "all_less":
        that all of them do.

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
            [found.beats(METRIC[figure], n_bp + row, column) for column in range(n_bp)]
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
    }
