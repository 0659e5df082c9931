"""Why DFA saves much with one tile configuration and little with another: the same pairs simulated once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from archsim.errors import EngineError, ExploreError
from archsim.explore.run import Explored
from archsim.mapping import map_workload
from archsim.metrics import Result
from archsim.simulate import simulate
from archsim.study.mechanisms import area_parts, energy_parts
from archsim.study.tile_fronts import FIGURES
from archsim.study.without import latency_parts, unsplit

_COMPONENTS = 6  # the largest ones of a run that are kept by name


def explained(
    costs: Explored, pairs: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """By mechanism, what DFA saves in the pairs with the largest and the smallest saving of each figure.

    Parameters
    ----------
    costs : Explored
        The sweep of the costs; its configurations are simulated again, and must come out as recorded.
    pairs, lines : sequence of dict
        As `archsim.study.tile_fronts.pairs` gives them, and what they point into.

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
    note = ""
    try:
        latency = latency_parts(bp, dfa, map_workload(resolved.chip, resolved.work, "bp"))
    except EngineError as error:
        latency, note = unsplit(bp, dfa, error)
    n = bp.n_samples
    return {
        "parts": {
            "energy_pj": {name: part / n for name, part in energy_parts(bp, dfa).items()},
            "latency_ps": {name: part / n for name, part in latency.items()},
            "area_um2": area_parts(bp, dfa),
        },
        "components": {"bp": _components(bp), "dfa": _components(dfa)},
        "n_tiles": {"bp": _n_tiles(bp), "dfa": _n_tiles(dfa)},
        "note": note,
    }


def _components(result: Result) -> dict[str, dict[str, float]]:
    """Energy (per sample) and area of a run's largest components."""
    parts = result.breakdown("component")
    found = {}
    books = {
        "energy_pj": {name: own["energy_pj"] / result.n_samples for name, own in parts.items()},
        "area_um2": {name: own["area_um2"] for name, own in parts.items()},
    }
    for figure, book in books.items():
        order = sorted(book, key=lambda name: -book[name])[:_COMPONENTS]
        found[figure] = {name: float(book[name]) for name in order}
    return found


def _n_tiles(result: Result) -> int:
    return sum(item.n for item in result.items if item.component == "tile_control")
