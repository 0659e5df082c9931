"""Which tile for a chip that adapts: three finished sweeps joined, BP and DFA compared.

One sweep prices every configuration with both rules, two others (one for each rule) adapt with several seeds where
the learned numbers can differ: ``tile_costs.yaml``, ``tile_accuracy_bp.yaml``, ``tile_accuracy_dfa.yaml``. What
follows from the joined table is in ``tile_effects.py`` and ``tile_simulated.py``, how the page reads in
``tiles.md.j2``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tile_effects import SAME_NUMBERS, compared
from tile_page import PAGE, PICTURES, RECORD, TABLE, page
from tile_pictures import tile_costs, tile_effects, tile_fronts
from tile_simulated import explained, uncertainty
from tile_tables import FACTOR_NAMES, choice_table, table_csv

from archsim import ArchsimError, ExploreError
from archsim.cli.script import ended, options, tell
from archsim.explore import Explored, configurations, differences, read_about, read_results
from archsim.files import fresh_folder
from archsim.learn import estimate
from archsim.provenance import versions
from archsim.report import json_text, read_record, text_table, write_texts

Parameters = Mapping[str, Any]
FORMAT = "archsim study tiles 2"
PHASE, ARRAY, BITS, SHARING, PES, FEEDBACK, SEED = (
    "phase", "array", "chip.adc.resolution", "chip.adc.columns_per_adc", "chip.tile.pes", "feedback", "seed",
)  # fmt: skip
FIELDS = {ARRAY: "array", BITS: "adc_bits", SHARING: "columns_per_adc", PES: "pes", FEEDBACK: "feedback"}
"""Names of the parameters of the sweeps in the joined table."""
COSTS = {"energy_pj": "energy_per_sample_pj", "latency_ps": "latency_per_sample_ps", "area_um2": "area_um2"}
"""Figures of the joined table, and the sweep's metrics they come from."""
FIXED = "fixed"
"""DFA's feedback: arrays of fixed random numbers."""
WANTED = {
    "costs": {PHASE, ARRAY, BITS, SHARING, PES, FEEDBACK},
    "bp": {ARRAY, BITS, FEEDBACK, SEED},
    "dfa": {ARRAY, BITS, SEED},
}
_MADE_BY = {"costs": "tile_costs", "bp": "tile_accuracy_bp", "dfa": "tile_accuracy_dfa"}
# a run that is priced and one that learns may differ in these: how far cells land, what changes no learned number
# or is varied anyhow, and how many samples are priced
_MAY_DIFFER = {
    "chip": (("device", "errors"), *(tuple(path.split(".")[1:]) for path in (BITS, SHARING, PES))),
    "workload": (("samples",), ("batch",)),
}


@dataclass(frozen=True)
class TileFolders:
    """Where the three sweeps lie.

    Parameters
    ----------
    costs : Path
        Of ``tile_costs.yaml`` or one like it: both rules, priced.
    bp, dfa : Path
        Of ``tile_accuracy_bp.yaml`` and ``tile_accuracy_dfa.yaml``: the accuracy after adapting.
    """

    costs: Path
    bp: Path
    dfa: Path

    def items(self) -> Iterator[tuple[str, Path]]:
        """Which part, and its folder."""
        yield from (("costs", self.costs), ("bp", self.bp), ("dfa", self.dfa))


def joined(folders: TileFolders, partial: bool = False) -> dict[str, Any]:
    """Join what tile configurations cost with how well they adapt, and compare BP with DFA.

    Parameters
    ----------
    folders : TileFolders
    partial : bool
        Join what is done where a sweep is not finished, and say what is left out.

    Returns
    -------
    dict
        What ``tiles.json`` holds: "lines" (one for each configuration and rule), "accuracy" (means and 95 %
        intervals over the seeds), fronts, effects of each factor, savings of pairs, what explains them, and the
        uncertainty of the costs of the chosen ones.

    Raises
    ------
    ExploreError
        A folder holds no such study, or is not finished; or the three do not go together. With all errors. Or
        moocore is missing.
    """
    if find_spec("moocore") is None:
        raise ExploreError("the study of tiles needs moocore: pip install 'archsim[explore]'")
    found = _read(folders, partial)
    _check_together(folders, found)
    accuracy = _accuracy(found)
    lines = [line for record in _in_order(found["costs"]) if (line := _line(record, accuracy))]
    levels = {field: _levels(found["costs"], name) for name, field in FIELDS.items()}
    study = {
        "format": FORMAT,
        "name": f"{found['costs'].study.chip.data['name']}/{found['costs'].study.workload.data['name']}",
        "left_out": {explored.study.name: n for explored in found.values() if (n := len(_missing(explored)))},
        "most_inputs": _most_inputs(found["costs"]),
        "levels": levels,
        "lines": lines,
        "accuracy": list(accuracy.values()),
        **compared(lines, list(accuracy.values()), levels),
    }
    if not study["pairs"]:
        raise ExploreError(
            f"{folders.costs}: no two configurations that are done, with their accuracy, differ in the rule "
            "alone; go on "
            "with the sweeps"
        )
    tell("why: simulations of the pairs that differ most and least")
    study["explained"] = explained(found["costs"], study["pairs"], lines)
    tell("uncertainty: the chosen configurations priced with other price lists")
    study["uncertainty"] = uncertainty(found["costs"], study["fronts"], lines)
    study["provenance"] = {
        "sweeps": {part: _described(path) for part, path in folders.items()},
        "versions": versions("moocore", "scipy"),
    }
    return study


# ---- reading, and errors in a folder ----


def _read(folders: TileFolders, partial: bool) -> dict[str, Explored]:
    found: dict[str, Explored] = {}
    errors: list[str] = []
    for part, path in folders.items():
        try:
            found[part] = read_results(path)
        except ArchsimError as error:
            errors.append(str(error))
            continue
        errors += [f"{path}: {said}" for said in _errors(part, found[part], partial)]
    if errors:
        raise ExploreError("\n".join(errors))
    return found


def _errors(part: str, found: Explored, partial: bool) -> list[str]:
    """What keeps a folder from being a part of this study."""
    model, wanted = found.study.model, WANTED[part]
    hint = f"; this part is made by a study such as docs/studies/tiles/{_MADE_BY[part]}.yaml"
    errors = []
    if set(model.parameters) != wanted:
        errors.append(f"varies {', '.join(model.parameters)}; wanted are {', '.join(sorted(wanted))}{hint}")
    measured = {*model.objectives, *model.record}
    missing = (set(COSTS.values()) if part == "costs" else {"accuracy"}) - measured - {"area_um2"}
    if missing:
        errors.append(f"does not measure {' and '.join(sorted(missing))}{hint}")
    if part != "costs" and (rule := found.study.rule_of(model.phase)) != part:
        errors.append(f"learns with the rule {rule}, wanted is {part}{hint}")
    if part == "costs" and PHASE in model.parameters:
        phases = {str(value) for value in found.study.listed[PHASE] or []}
        errors += [f"has no phase {rule}{hint}" for rule in ("bp", "dfa") if rule not in phases]
    return errors or _unfinished(found, partial)


def _unfinished(found: Explored, partial: bool) -> list[str]:
    """Configurations that are not done; a study that is no grid cannot be joined."""
    kind = read_about(found.folder)["study"]["sweep"]["kind"]
    if kind != "grid":
        return [f"its sweep is {kind}; sweep the whole grid"]
    failed = [r for r in found.records if r["state"] == "failed"]
    missing = _missing(found)
    if not missing or partial:
        return []
    said = f"{len(missing)} of {len(configurations(found.study))} configurations are not done"
    if failed:
        first = str(failed[0]["error"]).splitlines()[0]
        said += f", {len(failed)} of them failed ({json.dumps(failed[0]['parameters'], allow_nan=False)}: {first})"
    return [f"{said}; go on with archsim sweep, -o this folder, or join what is done with --partial"]


def _missing(found: Explored) -> list[str]:
    done = {_key(r["parameters"]) for r in found.records if r["state"] == "done"}
    return [key for parameters in configurations(found.study) if (key := _key(parameters)) not in done]


def _key(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True, allow_nan=False)


# ---- whether the three go together ----


def _check_together(folders: TileFolders, found: Mapping[str, Explored]) -> None:
    costs = found["costs"]
    errors: list[str] = []
    model = read_about(folders.costs)["model"]
    for part in ("bp", "dfa"):
        where = getattr(folders, part)
        own = read_about(where)["model"]
        if own != model:
            errors.append(f"{where}: made by archsim {own}, the costs by {model}: sweep with one version")
        for side in ("chip", "workload"):
            there, here = _comparable(costs, side), _comparable(found[part], side)
            if there != here:
                errors.append(
                    f"{where}: another {side} than that of the costs: {'; '.join(differences(there, here))}"
                )
        errors += [f"{where}: {said}" for said in _unlike(costs, found[part])]
        missing = sorted({w for w in _needed(costs, part) if w not in _there(found[part], part)})
        errors += [f"{where}: has no accuracy of {', '.join(w)}, which is priced" for w in missing]
        if len(_levels(found[part], SEED)) < 2:
            errors.append(f"{where}: has one seed; intervals need two or more")
    seeds = [_levels(found[part], SEED) for part in ("bp", "dfa")]
    if seeds[0] != seeds[1]:
        errors.append(f"{folders.dfa}: seeds {seeds[1]}, but {seeds[0]} in {folders.bp}: pairs need the same ones")
    if errors:
        raise ExploreError("\n".join(errors))


def _comparable(found: Explored, side: str) -> Any:
    """A side's file without what may differ between pricing and learning."""
    data = json.loads(json.dumps(getattr(found.study, side).data, allow_nan=False))
    for *above, last in _MAY_DIFFER[side]:
        place = data
        for key in above:
            place = place.get(key, {})
        place.pop(last, None)
    return data


def _unlike(costs: Explored, other: Explored) -> list[str]:
    """Options of the same name that set other things."""
    said = []
    for name in (ARRAY, FEEDBACK):
        one, two = (getattr(e.study.parameters.get(name), "options", {}) for e in (costs, other))
        said += [
            f"{name} {option} sets {', '.join(two[option])}; in the costs it sets {', '.join(one[option])}"
            for option in one
            if option in two and list(one[option]) != list(two[option])
        ]
    return said


def _needed(costs: Explored, rule: str) -> Iterator[tuple[str, str, str]]:
    for parameters in configurations(costs.study):
        if parameters[PHASE] == rule:
            yield _settings(parameters)


def _there(found: Explored, rule: str) -> set[tuple[str, str, str]]:
    """What a part has the accuracy of, directly or because another feedback gives the same numbers."""
    own = {_settings(parameters) for parameters in configurations(found.study)}
    also = {(a, b, other) for a, b, f in own for other, same in SAME_NUMBERS.items() if same == f}
    return own | (also if rule == "bp" else set())


def _settings(parameters: Parameters) -> tuple[str, str, str]:
    """What the learned numbers depend on: array, ADC bits, feedback."""
    return str(parameters[ARRAY]), str(parameters[BITS]), str(parameters.get(FEEDBACK, FIXED))


# ---- joining ----


def _accuracy(found: Mapping[str, Explored]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """Means and intervals over the seeds, by rule, array, ADC bits and feedback."""
    result: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for rule in ("bp", "dfa"):
        own = found[rule]
        seeds = _levels(own, SEED)
        by_settings: dict[tuple[str, str, str], dict[int, Any]] = {}
        for record in _in_order(own):
            of_seed = by_settings.setdefault(_settings(record["parameters"]), {})
            of_seed[int(record["parameters"][SEED])] = record["metrics"]
        for (array, bits, feedback), of_seed in by_settings.items():
            if set(of_seed) != set(seeds):
                continue
            after = [float(of_seed[seed]["accuracy"]) for seed in seeds]
            before = [of_seed[seed].get("accuracy_before") for seed in seeds]
            result[rule, array, bits, feedback] = {
                "rule": rule, "array": array, "adc_bits": _bits(bits), "feedback": feedback,
                "of_seed": dict(zip(map(str, seeds), after, strict=True)),
                "before": None if None in before else asdict(estimate(before)),
                **asdict(estimate(after)),
            }  # fmt: skip
    return result


def _line(
    record: Mapping[str, Any], accuracy: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    """One row of the joined table; empty where its accuracy is not known."""
    parameters, rule = record["parameters"], str(record["parameters"][PHASE])
    array, bits, feedback = _settings(parameters)
    own = accuracy.get((rule, array, bits, feedback))
    found = own or accuracy.get((rule, array, bits, SAME_NUMBERS.get(feedback, "")))
    if found is None:
        return {}
    return {
        "rule": rule,
        "array": array,
        "adc_bits": _bits(bits),
        "columns_per_adc": parameters[SHARING],
        "pes": parameters[PES],
        "feedback": feedback,
        **{name: float(record["metrics"][metric]) for name, metric in COSTS.items()},
        "accuracy": found["mean"],
        "accuracy_half_width": found["half_width"],
        "key": record["key"],
    }


def _bits(text: object) -> int:
    return int(str(text).removesuffix(" bit"))


def _levels(found: Explored, name: str) -> list[Any]:
    """The values of a parameter in the order of the study."""
    values: Sequence[Any] = found.study.listed[name] or []
    return [_bits(value) for value in values] if name == BITS else list(values)


def _most_inputs(costs: Explored) -> int:
    """Of the widest layer."""
    work = costs.study.resolve(configurations(costs.study)[0]).work
    return max(layer.n_in for layer in work.network.layers)


def _in_order(found: Explored) -> list[dict[str, Any]]:
    """Records in the order of the grid, whoever finished first."""
    by_key = {_key(r["parameters"]): r for r in found.records if r["state"] == "done"}
    keys = map(_key, configurations(found.study))
    return [by_key[key] for key in keys if key in by_key]


def _described(folder: Path) -> dict[str, Any]:
    """What a folder says of its study, without where it lay."""
    return {key: value for key, value in read_about(folder).items() if key != "workload_folder"}


# ---- files and the command line ----


def write(folder: Path, study: Mapping[str, Any], command: str) -> None:
    """Record, table, page and pictures, all of them or none."""
    texts = {RECORD: json_text(study), TABLE: table_csv(study), PAGE: page(study, command)}
    with fresh_folder(folder) as place:
        write_texts(place, texts)
        tile_fronts(study["lines"], study["fronts"], place / PICTURES["fronts"])
        tile_costs(study["lines"], study["fronts"], place / PICTURES["costs"])
        tile_effects(study["effects"], FACTOR_NAMES, place / PICTURES["effects"])


def main(arguments: Sequence[str]) -> None:
    """Join three sweeps, or write the files of a record again."""
    parser = options(__doc__, "tiles")
    parser.add_argument("costs", type=Path, help="folder of the sweep that prices both rules")
    parser.add_argument("bp", type=Path, help="folder of the sweep of BP's accuracy")
    parser.add_argument("dfa", type=Path, help="folder of the sweep of DFA's accuracy")
    parser.add_argument("--partial", action="store_true", help="join what is done, where a sweep is not finished")
    asked = parser.parse_args(arguments)
    folders = TileFolders(asked.costs, asked.bp, asked.dfa)
    study = read_record(asked.output / RECORD, FORMAT) if asked.from_record else joined(folders, asked.partial)
    # where the sweeps lie if they are made as the page says
    places = [f"results/{about['study']['name']}" for about in study["provenance"]["sweeps"].values()]
    more = ["--partial"] if asked.partial else []
    command = [".venv/bin/python", "docs/studies/tiles/tiles.py", *places, *more, "-o", str(asked.output)]
    write(asked.output, study, shlex.join(command))
    print(text_table(*choice_table(study)))


if __name__ == "__main__":
    ended(main)
