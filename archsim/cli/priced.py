"""Chips whose price list may be off: those of files with one workload, or those of the front of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from archsim.cli.inputs import load_both, progress, refuse_missing
from archsim.cli.say import say
from archsim.errors import ArchsimError
from archsim.explore.uncertain import Priced
from archsim.provenance import provenance
from archsim.report import text_table
from archsim.simulate import simulate
from archsim.spec import Chip
from archsim.workload import Workload


class Asked(NamedTuple):
    """A run that is to be priced; a chip of a study with what was tried there."""

    name: str
    chip: Chip
    work: Workload
    phase: str
    seed: int
    parameters: Mapping[str, Any] = {}


def runs_of(
    items: Sequence[Path], workload: Path | None, phases: Sequence[str], seed: int, assignments: Sequence[str]
) -> list[Asked]:
    """Chips of files with one workload, each in all phases, or those of the front of studies with their own."""
    studies = [item for item in items if (item / "study.json").is_file()]
    if studies and (len(studies) < len(items) or workload or phases or assignments):
        raise ArchsimError(
            f"{studies[0]}: is the folder of a study, whose chips bring their workloads and phases; name studies "
            "alone, without --workload, --phase and --set"
        )
    if studies:
        return [asked for item in studies for asked in _chosen(item, len(studies) > 1)]
    refuse_missing(items)
    if folders := [item for item in items if item.is_dir()]:
        raise ArchsimError(f"{folders[0]}: is a folder without a study; name chips, or what a sweep made")
    if workload is None:
        raise ArchsimError("--workload WORKLOAD is missing: what do the chips compute?")
    loaded = [load_both(path, workload, assignments) for path in items]
    names = [chip.name for chip, _ in loaded]
    if len(set(map(str, items))) < len(items):
        raise ArchsimError("one chip file stands there twice; it would be compared with itself")
    called = [name if names.count(name) == 1 else str(path) for name, path in zip(names, items, strict=True)]
    return [
        Asked(_name(name, phase, phases), chip, work, phase, seed)
        for name, (chip, work) in zip(called, loaded, strict=True)
        for phase in dict.fromkeys(phases or work.phases[:1])
    ]


def _name(chip: str, phase: str, phases: Sequence[str]) -> str:
    return f"{chip} {phase}" if len(set(phases)) > 1 else chip


def _chosen(folder: Path, is_one_of_many: bool) -> list[Asked]:
    """Of a study's front: the knee, and the best of each objective."""
    from archsim.explore.results import choices, notes_on, read_results

    found = read_results(folder)
    for note in notes_on(found):
        say(f"note: {note}", err=True)
    chosen = choices(found)
    if not chosen:
        raise ArchsimError(f"{folder}: no configuration keeps to all constraints; there is no front to be sure of")
    asked = []
    for name, record in chosen.items():
        given = found.study.resolve(record["parameters"])
        full = f"{folder.name} {name}" if is_one_of_many else name
        asked.append(Asked(full, given.chip, given.work, given.phase, given.seed, record["parameters"]))
    return asked


def priced(asked: Sequence[Asked], max_memory_bytes: int | None) -> tuple[list[Priced], list[dict[str, object]]]:
    """Everything simulated, with names that tell them apart, and where each result came from."""
    found, origins = [], []
    for name, chip, work, phase, seed, _ in asked:
        progress(f"{name} ...")
        result = simulate(chip, work, "compiled", seed, phase, max_memory_bytes=max_memory_bytes)
        found.append(Priced(name, chip, result))
        origins.append(provenance(chip, work, "compiled", seed, phase))
    return found, origins


def parameter_table(asked: Sequence[Asked]) -> str:
    """The parameters of the studies that the chips come from; empty if they come from files."""
    names = list(dict.fromkeys(name for item in asked for name in item.parameters))
    if not names:
        return ""
    rows = [[item.name, *(str(item.parameters.get(name, "")) for name in names)] for item in asked]
    return text_table(("chip", *names), rows) + "\n\n"
