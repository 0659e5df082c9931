"""Data of the page of a study: all configurations in columns."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.explore.correlation import correlations
from archsim.explore.front import is_feasible
from archsim.explore.measures import kind_of, needs_learning
from archsim.explore.results import BASE, CHIPS, RUNS, importance
from archsim.explore.run import Explored
from archsim.explore.study import Study
from archsim.units import quantities_of, unit_of

MOST_COLOURS = 21
"""Texts with a colour of their own; more are shades from the first to the last."""


def study_data(found: Explored, runs: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the page of a study draws and says.

    Parameters
    ----------
    found : Explored
    runs : mapping of str to str
        Where the page of a run was kept, by the key of its configuration.

    Returns
    -------
    dict
        Parameters are columns of places (`codes`, -1 where a parameter does not count) in their different `texts`,
        with `numbers` where these are quantities of one `unit`, and `sets`, the options that set them; metrics are
        columns of numbers, None where there is none. The rest is one item for each configuration.
    """
    from archsim.plot import layer_colours

    study, records = found.study, found.records
    front = {record["key"] for record in found.front}
    parameters = [_parameter(study, name, records) for name in study.parameters]
    metrics = list(dict.fromkeys(name for record in records for name in record["metrics"]))
    columns = {name: [record["metrics"].get(name) for record in records] for name in metrics}
    return {
        "parameters": parameters,
        "metrics": [{"name": name, "kind": kind_of(name), "values": columns[name]} for name in metrics],
        "objectives": dict(study.model.objectives),
        "keeps": [int(is_feasible(study, record)) for record in records],
        "constrained": bool(study.model.constraints),
        "state": [record["state"] for record in records],
        "rule": [record["phase"] or "" for record in records],
        "rules": _rules(dict.fromkeys(record["phase"] or "" for record in records)),
        "seed": [record["seed"] for record in records],
        "key": [record["key"][:12] for record in records],
        "error": {str(i): record["error"] for i, record in enumerate(records) if record["error"]},
        "runs": {str(i): runs[record["key"]] for i, record in enumerate(records) if record["key"] in runs},
        "files": {
            str(i): f"{CHIPS}/{record['key'][:12]}.yaml"
            for i, record in enumerate(records)
            if record["key"] in front
        },
        "folders": {"base": BASE, "front": CHIPS, "runs": RUNS},
        "learn": _learn(study, {record["phase"] for record in records}) if needs_learning(metrics) else {},
        "importance": importance(found),
        "correlation": _correlation(parameters, columns),
        "palette": list(layer_colours([str(i) for i in range(MOST_COLOURS)]).values()),
    }


def _parameter(study: Study, name: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One column, its different values from small to large or in the order of the study's file."""
    given = [record["parameters"].get(name) for record in records]
    different = [value for value in dict.fromkeys(map(_told_apart, given)) if value[1] is not None]
    numbers = _numbers([value for _, value in different])
    if numbers is not None:
        order = sorted(range(len(different)), key=lambda i: numbers[i])
    else:
        places = {_told_apart(value): i for i, value in enumerate(study.listed[name] or [])}
        order = sorted(range(len(different)), key=lambda i: places.get(different[i], len(places)))
    different = [different[i] for i in order]
    place = {value: i for i, value in enumerate(different)}
    return {
        "name": name,
        "texts": [str(value) for _, value in different],
        "numbers": None if numbers is None else [numbers[i] for i in order],
        "unit": unit_of(str(different[0][1])) if numbers is not None and different else "",
        "codes": [place.get(_told_apart(value), -1) for value in given],
        "sets": [_options(study, name, value) for _, value in different],
    }


def _told_apart(value: Any) -> tuple[str, Any]:
    """True and 1 are two values."""
    return type(value).__name__, value


def _numbers(values: Sequence[Any]) -> list[float] | None:
    """The numbers of values that have an order."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [float(value) for value in values]
    return quantities_of(values)


def _options(study: Study, name: str, value: Any) -> str:
    """The option that sets a parameter on the command line; phase and seed have options of their own."""
    settings = study.settings({name: value})
    sides = {"chip": settings.chip, "workload": settings.workload}
    return " ".join(f"--set {shlex.quote(f'{side}.{one}')}" for side, given in sides.items() for one in given)


def _rules(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Title and colour of each phase; a learning rule has the colour that it has in every picture."""
    from archsim.plot import rule_colours
    from archsim.registry import RULES

    colours = rule_colours(names)
    return {
        name: {"title": RULES[name].title if name in RULES else name, "colour": colour}
        for name, colour in colours.items()
    }


def _learn(study: Study, phases: Iterable[str | None]) -> dict[str, str]:
    """By phase, the options by which `archsim learn` finds accuracies again."""
    n_seeds = study.model.learning.n_seeds
    return {phase or "": f"--rule {study.rule_of(phase)} --seeds {n_seeds}" for phase in phases}


def _correlation(
    parameters: Sequence[Mapping[str, Any]], metrics: Mapping[str, Sequence[float | None]]
) -> dict[str, dict[str, float]]:
    """Parameters that have an order and metrics, each with each metric."""
    ordered = {item["name"]: _values_of(item) for item in parameters if item["numbers"]}
    figures = {name: np.array(values, float) for name, values in metrics.items()}
    return {name: row for name, row in correlations({**ordered, **figures}, figures).items() if row}


def _values_of(parameter: Mapping[str, Any]) -> NDArray[np.float64]:
    known = np.array([*parameter["numbers"], np.nan])
    return known[np.array(parameter["codes"], np.int64)]  # -1 is the last
