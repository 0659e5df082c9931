"""A study's folder, read back: front, knee, hypervolume, importances, tables, chips, a page."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from archsim.errors import ArchsimError, ExploreError, SpecError, WorkloadError
from archsim.explore.check import errors_alone
from archsim.explore.folder import ABOUT, log_of, read_about
from archsim.explore.front import losses
from archsim.explore.identity import model_version
from archsim.explore.log import RESULTS, Record
from archsim.explore.measures import needs_learning
from archsim.explore.models import Range, StudyModel, Value, split_number
from archsim.explore.run import Explored, flat
from archsim.explore.study import Study, without_files
from archsim.files import fresh_file, fresh_folder, inside, make_folder, path_of, remove, write_text
from archsim.texts import as_cell, one_line
from archsim.units import file_data, format_metric, quantities_of, unit_of
from archsim.workload.files import named_files
from archsim.yaml_reader import Document, fill

CSV, PARQUET, CHIPS, PAGE = "results.csv", "results.parquet", "front", "report.html"
BASE, RUNS = "base", "runs"
"""Folders: the files that all configurations start from, and runs that were kept."""
_READY_FILE = re.compile(r"[0-9a-f]{12}(\.workload)?\.yaml")
LEAST_FOR_IMPORTANCE, MOST_FOR_IMPORTANCE = 10, 200
MOST_NEAREST = 10
PICTURES = {"front": "front.png", "parallel": "parallel.png", "importance": "importance.png"}


def read_results(folder: str | Path) -> Explored:
    """A study with all that was found so far.

    Raises
    ------
    ExploreError
        The folder holds no study.
    """
    path = path_of(folder)
    about = read_about(path)
    study = _study(about, path / ABOUT)
    log = log_of(path, study)
    records = list(log.read().values())
    if study.model.fidelity is not None:  # evaluated in full after low fidelity: two lines, the full one later
        records = list({repr(sorted(record["parameters"].items())): record for record in records}.values())
    return Explored(study, path, records, 0, tuple(log.damaged))


def _study(about: dict[str, Any], file: Path) -> Study:
    """The study that a folder is of, checked as its file was."""
    files = about["study"]["files"]
    data = without_files(about["study"]) | {"sweep": {"kind": "grid"}}
    where: dict[Any, Any] = {(): str(file)}
    document = Document(data, file, ExploreError, where)
    study = Study(
        fill(StudyModel, document),
        document,
        Document(files["chip"], file, SpecError, where),
        Document(files["workload"], Path(about["workload_folder"]) / file.name, WorkloadError, where),
    )
    if errors := errors_alone(study):
        raise document.fail(errors)
    return study


def hypervolume(found: Explored) -> float:
    """Part of the box between the best and the worst of each objective that the front dominates, 0 to 1.

    The box spans all feasible configurations; by moocore (Fonseca et al., CEC 2006).
    """
    import moocore

    points = _unit_box(found)
    return float(moocore.hypervolume(points, ref=np.ones(points.shape[1]))) if len(points) else 0.0


def _unit_box(found: Explored) -> Any:
    """The front's objectives from 0 (best) to 1 (worst), all minimised."""
    from archsim.explore.front import is_feasible

    feasible = losses(found.study, [record for record in found.records if is_feasible(found.study, record)])
    if not len(feasible):
        return feasible
    low, span = feasible.min(axis=0), np.ptp(feasible, axis=0)
    return (losses(found.study, found.front) - low) / np.where(span > 0, span, 1.0)


def knee(found: Explored) -> Record | None:
    """The configuration of the front that lies nearest to the best of all objectives at once (unit box)."""
    points = _unit_box(found)
    return found.front[int(np.argmin((points**2).sum(axis=1)))] if len(points) else None


def choices(found: Explored) -> dict[str, Record]:
    """Of the front, the knee and the best of each objective, by what they are; each once."""
    if not found.front:
        return {}
    named, objectives = {"knee": knee(found)}, found.study.model.objectives
    for column, (name, aim) in zip(losses(found.study, found.front).T, objectives.items(), strict=True):
        named[f"{'least' if aim == 'minimize' else 'most'} {name}"] = found.front[int(np.argmin(column))]
    once: dict[str, tuple[list[str], Record]] = {}
    for name, record in named.items():
        assert record is not None  # the front is not empty
        once.setdefault(record["key"], ([], record))[0].append(name)
    return {", ".join(names): record for names, record in once.values()}


def importance(found: Explored) -> dict[str, dict[str, float]]:
    """By objective, which part of its variance each parameter brings.

    This is fANOVA (Hutter, Hoos, Leyton-Brown, ICML 2014), as Optuna carries it out. Of more than 200
    configurations, 200 are taken, evenly spread in the order in which they were tried. Parameters that do not
    count in every configuration are left out, objectives of fewer than 10 configurations too.
    """
    import optuna

    done = [record for record in found.records if record["state"] == "done"]
    if len(done) < LEAST_FOR_IMPORTANCE:
        return {}
    names = [name for name in found.study.parameters if all(name in record["parameters"] for record in done)]
    distributions = {name: _distribution(found, name, done) for name in names}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    result: dict[str, dict[str, float]] = {}
    for objective, aim in found.study.model.objectives.items():
        known = [record for record in done if record["metrics"].get(objective) is not None]
        if len(known) < LEAST_FOR_IMPORTANCE:
            continue
        study = optuna.create_study(direction=aim)
        places = np.linspace(0, len(known) - 1, min(len(known), MOST_FOR_IMPORTANCE)).round().astype(int)
        for record in (known[place] for place in places):
            params = {name: _number_of(found.study, name, record["parameters"][name]) for name in names}
            value = record["metrics"][objective]
            trial = optuna.trial.create_trial(params=params, distributions=distributions, value=value)
            study.add_trial(trial)
        evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=32, seed=0)
        shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
        result[objective] = {name: float(share) for name, share in shares.items()}
    return result


def _distribution(found: Explored, name: str, records: Sequence[Record]) -> Any:
    """A range as numbers in an order; else what was tried as kinds without one."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    item = found.study.parameters[name]
    if isinstance(item, Range):
        low, high = (float(end) for end in item.ends)
        return FloatDistribution(low, high, log=item.scale == "log")
    return CategoricalDistribution(list(dict.fromkeys(record["parameters"][name] for record in records)))


def _number_of(study: Study, name: str, value: Value) -> Value:
    item = study.parameters[name]
    if not isinstance(item, Range) or isinstance(value, bool):
        return value
    number = split_number(value)[0]
    low, high = item.ends
    return float(min(max(number or low, low), high))  # a digit that was rounded may lie beyond an end


def export(found: Explored, folder: Path) -> list[Path]:
    """Write all records as CSV and Parquet, each chip of the front with its workload, and what all start from.

    Returns
    -------
    list of Path
        The files. Without pyarrow there is no Parquet file.

    Raises
    ------
    WriteError
        The folder cannot be written.
    """
    with fresh_folder(folder) as place:
        names = write_tables(found, place)
    remove_older(folder, names)
    return [inside(folder, *name.split("/")) for name in names]


def write_tables(found: Explored, folder: Path) -> list[str]:
    """Write tables, chips and workloads into a new folder; their names in it."""
    rows = _with_numbers([flat(record) for record in found.records], list(found.study.parameters))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    write_text(inside(folder, CSV), _csv(rows, columns))
    names = [CSV, *_parquet(inside(folder, PARQUET), rows, columns)]
    make_folder(inside(folder, BASE))
    for name, data in (("chip", found.study.chip.data), ("workload", _with_files(found.study.workload))):
        write_text(inside(folder, BASE, f"{name}.yaml"), _base_text(found, data))
        names.append(f"{BASE}/{name}.yaml")
    make_folder(inside(folder, CHIPS))
    for record in found.front:
        for name, text in _ready_files(found, record).items():
            write_text(inside(folder, CHIPS, name), text)
            names.append(f"{CHIPS}/{name}")
    return names


def remove_older(folder: Path, names: Sequence[str]) -> None:
    """Remove chips and workloads of a front of before."""
    for path in inside(folder, CHIPS).iterdir():
        if _READY_FILE.fullmatch(path.name) and f"{CHIPS}/{path.name}" not in names:
            remove(path)


def _csv(rows: list[dict[str, Any]], names: list[str]) -> str:
    """A table for spreadsheets, in which no text is a formula."""
    lines: list[list[Any]] = [list(names), *([row.get(name) for name in names] for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([as_cell(cell) if isinstance(cell, str) else cell for cell in line] for line in lines)
    return text.getvalue()


def _with_numbers(rows: list[dict[str, Any]], parameters: Sequence[str]) -> list[dict[str, Any]]:
    """With a column of numbers beside each parameter that is a quantity, named after its unit."""
    found = [dict(row) for row in rows]
    for name in parameters:
        at = [i for i, row in enumerate(rows) if row.get(name) is not None]
        numbers = quantities_of([rows[i][name] for i in at])
        if numbers:
            for i, number in zip(at, numbers, strict=True):
                found[i][f"{name} ({unit_of(rows[at[0]][name])})"] = number
    return found


def _parquet(path: Path, rows: list[dict[str, Any]], names: list[str]) -> list[str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return []
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        kind = next(iter(kinds)) if len(kinds) == 1 else float if kinds <= {int, float} else str
        columns[name] = [None if value is None else kind(value) for value in values]
    with fresh_file(path) as file:
        pq.write_table(pa.table(columns), file)
    return [path.name]


def _ready_files(found: Explored, record: Record) -> dict[str, str]:
    """A chip of the front and its workload as files, by name, with where they come from on top."""
    chip, workload = (f"{record['key'][:12]}{end}" for end in (".yaml", ".workload.yaml"))
    again = f"{CHIPS}/{chip} {CHIPS}/{workload} --phase {record['phase']} --seed {record['seed']}"
    model, other = read_about(found.folder)["model"], other_version(found)
    said = [
        f"Found by the study {found.study.name}, record {record['key']}, by archsim {model}.",
        *([f"This file is by another version. {other}"] if other else []),
        f"Parameters: {json.dumps(record['parameters'], allow_nan=False)}",
        f"Metrics (phase {record['phase']}, seed {record['seed']}): "
        f"{json.dumps(record['metrics'], allow_nan=False)}",
        f"Once more, in the folder above this one: archsim run {again}",
        *_learned_again(found.study, record, f"{CHIPS}/{chip} {CHIPS}/{workload}"),
    ]
    head = [f"# {one_line(line)}" for line in said]  # a name may hold the end of a line
    data = {
        chip: file_data(found.study.resolve(record["parameters"]).chip),
        workload: _workload(found.study, record),
    }
    return {name: "\n".join([*head, *_yaml(part, 0)]) + "\n" for name, part in data.items()}


def _learned_again(study: Study, record: Record, files: str) -> list[str]:
    if not needs_learning(record["metrics"]):
        return []
    asked = f"--rule {study.rule_of(record['phase'])} --seed {record['seed']}"
    return [f"Its accuracies, there: archsim learn {files} {asked} --seeds {study.model.learning.n_seeds}"]


def notes_on(found: Explored) -> list[str]:
    """Notes for the reader, before the figures."""
    n = found.n_damaged
    lost = (
        f"{n} line{'s' * (n > 1)} of {RESULTS} cut off or damaged ({found.damaged[0] if n else ''}"
        f"{'; …' * (n > 1)}); a sweep or search does again what they held"
    )
    objectives = list(found.study.model.objectives)
    mixed = needs_learning(objectives) and not all(needs_learning([metric]) for metric in objectives)
    two_runs = (
        "costs are those of the workload's samples, batch and activity; accuracy is that of its learning.adapt, "
        "whose own costs archsim learn tells"
    )
    notes = [*([lost] if n else []), *([two_runs] if mixed else []), *filter(None, [other_version(found)])]
    return [*notes, *_assumed(found)]


def _assumed(found: Explored) -> list[str]:
    """Assumptions and repairs of the network's reader, in the first configuration that can be put together."""
    for record in found.records:
        try:
            return list(found.study.resolve(record["parameters"]).work.network.notes)
        except ArchsimError:
            continue
    return []


def other_version(found: Explored) -> str:
    """A note on a study that another version of archsim made; empty if it was this one."""
    model = read_about(found.folder)["model"]
    if model == model_version():
        return ""
    return f"The study was made by archsim {model}; this is {model_version()}, which may give other figures."


def _workload(study: Study, record: Record) -> dict[str, Any]:
    """The workload of a configuration."""
    return _with_files(study.workload.override(study.settings(record["parameters"]).workload))


def _with_files(document: Document) -> dict[str, Any]:
    """A workload's data, in which files that it names are found from anywhere."""
    named = named_files(document.data, document.path.parent)
    found = {".".join(place): json.dumps(str(path.resolve()), allow_nan=False) for place, path in named}
    return document.override([f"{place}={path}" for place, path in found.items()]).data


def _base_text(found: Explored, data: Mapping[str, Any]) -> str:
    """A file as it stands before a configuration sets its parameters; it may be wrong without them."""
    said = f"What all configurations of the study {found.study.name} start from; report.html says what each sets."
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}" for key, value in data.items()]
    return "\n".join([f"# {one_line(said)}", *lines]) + "\n"


def _yaml(data: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in data.items():
        if isinstance(value, dict) and value:
            lines += [f"{'  ' * depth}{key}:", *_yaml(value, depth + 1)]
        elif value is not None:
            lines.append(f"{'  ' * depth}{key}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}")
    return lines


def check_libraries() -> None:
    """Refuse before anything is written.

    Raises
    ------
    ExploreError
        A library of the extra `explore` is missing.
    """
    missing = [name for name in ("moocore", "optuna", "sklearn") if find_spec(name) is None]
    if missing:
        raise ExploreError(
            f"the report of a study needs {' and '.join(missing)}: pip install 'archsim[explore]'; "
            "results.jsonl in its folder can be read without"
        )


def common_metrics(records: Sequence[Record]) -> list[str]:
    """Metrics that all of some records have, in the order of the first.

    Examples
    --------
    >>> common_metrics([{"metrics": {"a": 1, "b": 2}}, {"metrics": {"b": 3, "c": 4}}])
    ['b']
    """
    return [name for name in records[0]["metrics"] if all(name in record["metrics"] for record in records)]


def shown(value: float | None, kind: str | None) -> str:
    """A metric for people."""
    if value is None:
        return "infinite"
    return format_metric(value, kind)
