"""A saved result made again from what it says of itself: the same bits, or which input or version differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archsim.advise import Asked, Budget, Design, advise, goal_of
from archsim.engine import ENGINES
from archsim.errors import ArchsimError, WorkloadError
from archsim.examples import root
from archsim.files import AnyPath, path_of
from archsim.given import refuse, wrong_path
from archsim.learn import learn
from archsim.learn.checkpoints import RESULT as LEARNING_FILE
from archsim.learn.checkpoints import differences
from archsim.learn.result import FORMAT as LEARNING_FORMAT
from archsim.names import with_stages
from archsim.provenance import files_of, versions
from archsim.reading import input_json
from archsim.report import read_results
from archsim.simulate import simulate
from archsim.sources import read_source
from archsim.spec import Chip, load_chip
from archsim.units import file_data
from archsim.workload import Workload
from archsim.workload.files import named_files
from archsim.workload.workload import workload_of

_NO_FIGURES = ("provenance", "notes")


@dataclass(frozen=True)
class Rerun:
    """A result made again.

    Parameters
    ----------
    name : str
    runs : dict of str to tuple of str
        By phase ("learning" for all that learned), the figures that differ; none if all are the same to the last
        bit.
    inputs : tuple of str
        Inputs that are others than then: the chip and workload as this version reads them, and files.
    versions : tuple of str
        Versions that are others than then.
    """

    name: str
    runs: dict[str, tuple[str, ...]]
    inputs: tuple[str, ...]
    versions: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether every figure is the same to the last bit."""
        return not any(self.runs.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        runs = {what: list(differs) for what, differs in self.runs.items()}
        lists = {"inputs": list(self.inputs), "versions": list(self.versions)}
        return {"format": "archsim rerun 1", "name": self.name, "same": self.is_same, "runs": runs, **lists}

    def __str__(self) -> str:
        lines = [self.name]
        for what, differs in self.runs.items():
            lines.append(f"{what}: {'; '.join(differs) if differs else 'the same to the last bit'}")
        for what, changed in (("input", self.inputs), ("version", self.versions)):
            lines += [f"another {what} than then: {one}" for one in changed]
        if not (self.is_same or self.inputs or self.versions):
            lines.append("no input or version is another one: the machine, or a kind of a plug-in or script, is")
        return "\n".join(lines)


def rerun(result: AnyPath, folder: AnyPath | None = None) -> Rerun:
    """Make a saved result again, and compare every figure.

    Parameters
    ----------
    result : path
        A folder of ``archsim run -o`` or ``archsim learn -o``, what `Result.save` wrote, or the JSON file in it.
    folder : path, optional
        Where the files lie that the workload names. If not given they are looked for beside the result, where we
        stand, and among the examples; by their content, where the result says it.

    Raises
    ------
    ArchsimError
        There is no result, it does not say what it was made from, or a file that it was made from is not found.
    SpecError, WorkloadError
        This version cannot read the chip or the workload any more.

    Examples
    --------
    >>> import archsim, tempfile
    >>> work = archsim.load_workload("nmnist_mlp", ["samples=1", "batch=1", "timesteps=2"])
    >>> run = archsim.simulate(archsim.load_chip("wearable_rram"), work)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = run.save(place)
    ...     again = rerun(place)
    >>> print(again)
    wearable_rram/nmnist_mlp
    inference: the same to the last bit
    """
    refuse([wrong_path("result", result), wrong_path("folder", folder) if folder is not None else None])
    path = path_of(result)
    learning = _learning(path)
    records = {"learning": learning} if learning is not None else read_results(path).results
    made_from = [record.get("provenance", {}) for record in records.values()]
    first = made_from[0]
    if missing := [key for key in ("chip", "workload") if not first.get(key)]:
        raise ArchsimError(f"{path}: does not say which {' and '.join(missing)} it was made from")
    chip = load_chip(first["chip"])
    work = _workload(path, first, folder)
    here = files_of(work)
    inputs = differences({"chip": first["chip"], "workload": first["workload"]}, _read(chip, work))
    inputs += differences(first.get("files", {}), here)
    now = versions(*first.get("versions", {}).keys() - versions().keys())
    others = differences(first.get("versions", {}), {name: now[name] for name in first.get("versions", {})})
    runs = {
        what: tuple(differences(_figures(record), _figures(_again(chip, work, what, record))))
        for what, record in records.items()
    }
    name = str(next(iter(records.values()))["name"])
    return Rerun(name, runs, tuple(inputs), tuple(others))


def _learning(path: Path) -> dict[str, Any] | None:
    """The record of a learning run, if it is one."""
    file = path / LEARNING_FILE if path.is_dir() else path
    if file.name != LEARNING_FILE:
        return None
    try:
        found = input_json(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as cause:
        raise ArchsimError(f"{file}: cannot be read: {cause}") from None
    if not isinstance(found, dict) or found.get("format") != LEARNING_FORMAT:
        raise ArchsimError(f"{file}: not a learning run of archsim (format {LEARNING_FORMAT!r} is read)")
    if isinstance(hardware := found.get("hardware"), dict):
        found["hardware"] = {phase: with_stages(record) for phase, record in hardware.items()}
    return found


def _workload(path: Path, made_from: Mapping[str, Any], folder: AnyPath | None) -> Workload:
    """The workload, with its files where they are found."""
    described = made_from["workload"]
    beside = path if path.is_dir() else path.parent
    usual = [beside, beside.parent, Path(), root() / "workloads"]
    places = [path_of(folder)] if folder is not None else usual
    known = made_from.get("files", {})
    candidates = [place for place in places if not _missing(described, place)]
    if not candidates:
        said = "; ".join(_missing(described, places[-1 if folder is None else 0]))
        if "sha256:" in said:
            raise ArchsimError(f"{path}: its activity was recorded in memory; save a recording, and run its file")
        raise ArchsimError(f"{path}: {said}: not found; say where with --folder")
    works = (_placed(described, place) for place in candidates)
    found = [work for work in works if not known or files_of(work) == known]
    return found[0] if found else _placed(described, candidates[0])


def _missing(described: Mapping[str, Any], place: Path) -> list[str]:
    return [f"{'.'.join(keys)}: {path.name}" for keys, path in named_files(described, place) if not path.exists()]


def _placed(described: Mapping[str, Any], place: Path) -> Workload:
    """The workload as if its file lay there."""
    document = read_source(described, "workload", WorkloadError)
    return workload_of(replace(document, path=place / "workload"), place)


def _read(chip: Chip, work: Workload) -> dict[str, Any]:
    """Both as this version reads them."""
    return {"chip": file_data(chip), "workload": work.described}


def _again(chip: Chip, work: Workload, what: str, record: Mapping[str, Any]) -> dict[str, Any]:
    made_from: Mapping[str, Any] = record["provenance"]
    if "advice_moves" in record:
        return _advised(chip, work, what, record)
    engine = str(made_from.get("engine", ENGINES[0]))
    engine = engine if engine in ENGINES else "compiled"
    if what == "learning":
        seeds: Sequence[int] = made_from["seeds"]
        return learn(chip, work, made_from["rules"], len(seeds), seeds[0], engine=engine).to_dict()
    return simulate(
        chip, work, engine, made_from.get("seed", 0), what, policy=made_from.get("policy", "fifo"),
        timesteps=made_from.get("timesteps"),
    ).to_dict()  # fmt: skip


def _advised(chip: Chip, work: Workload, phase: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A design with the advice on it, asked for as then."""
    budgets = tuple(map(Budget.parse, record["advice_budgets"]))
    asked = Asked(
        phase, record["provenance"].get("seed", 0), goal_of(record["advice_goal"]), budgets,
        tuple(record["advice_moves"]), accuracy=record.get("advice_accuracy") is not None,
    )  # fmt: skip
    found = advise(Design.of(chip, work), asked)
    return replace(found.base, advice=found.record()).to_dict()


def _figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """All of a record that is a figure, as a file holds it."""
    return dict(_plain(json.loads(json.dumps(record, allow_nan=False))))


def _plain(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if key not in _NO_FIGURES:
            yield key, dict(_plain(value)) if isinstance(value, Mapping) else value
