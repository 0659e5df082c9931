"""A study file, its chip and its workload, read and checked as a whole."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from archsim.errors import ExploreError, SpecError, WorkloadError
from archsim.examples import Kind, located
from archsim.explore.check import errors_of_set, errors_of_study
from archsim.explore.models import StudyModel
from archsim.explore.study import Study
from archsim.sources import Source, read_source
from archsim.spec import Chip
from archsim.spec.library import read_chip
from archsim.units import errors_of, file_data, file_key
from archsim.workload import Workload
from archsim.yaml_reader import Document, Keys, fill


def read_study(path: Source) -> Study:
    """Read a study, and check all that can be checked before anything runs.

    Parameters
    ----------
    path : path, text or dict
        A file as in ``workloads/studies/``, an example's name, a file's text, or its content as a dict. It names
        its chip and workload relative to itself, or by the names of examples; in a dict, ``chip`` may be a `Chip`,
        ``workload`` a `Workload` that was read, and both may be dicts.

    Raises
    ------
    ExploreError
        With every error of the study, one per line: ``file:line:col: path: message``.
    SpecError, WorkloadError
        The chip or the workload is wrong by itself.

    Examples
    --------
    >>> study = read_study("workloads/studies/watch_tiles.yaml")
    >>> list(study.parameters)[:2]
    ['chip.crossbar.rows', 'chip.adc.resolution']
    >>> here = {"version": 1, "name": "mine", "chip": {"version": 1, "name": "c", "library": "rram_22nm"}}
    >>> there = {"workload": "watch_shape", "objectives": {"energy_pj": "minimize"}}
    >>> read_study({**here, **there, "parameters": {"chip.adc.resolution": ["5 bit", "6 bit"]}}).name
    'mine'
    """
    given: dict[Kind, object] = {}
    if isinstance(path, Mapping):
        sides_given = {side: path[side] for side in _SIDES if side in path}
        given = {side: one for side, one in sides_given.items() if not isinstance(one, str | PathLike)}
        path = {**path, **{side: side if side in given else str(one) for side, one in sides_given.items()}}
    document = read_source(path, "study", ExploreError)
    model, errors = _as_far_as_it_goes(document)
    sides: dict[str, Document] = {}
    for side, read in _SIDES.items():
        try:
            sides[side] = read(given[side] if side in given else _file(document, getattr(model, side), side))
        except (SpecError, WorkloadError) as cause:
            errors.append(((side,), str(cause)))
    if len(sides) < 2:
        raise document.fail(errors)
    chip, workload = sides["chip"], sides["workload"]
    in_set = list(errors_of_set(Study(model, document, chip, workload)))
    wrong = {keys[1] for keys, _ in in_set}
    good = [item for i, item in enumerate(model.set) if i not in wrong]
    for_chip = [item.removeprefix("chip.") for item in good if item.startswith("chip.")]
    for_workload = [item.removeprefix("workload.") for item in good if item.startswith("workload.")]
    study = Study(model, document, chip.override(for_chip), workload.override(for_workload))
    errors += [*in_set, *errors_of_study(study)]
    if errors:
        raise document.fail(errors)
    return study


_NEEDED = tuple(file_key(name) for name, field in StudyModel.model_fields.items() if field.is_required())


def _as_far_as_it_goes(document: Document) -> tuple[StudyModel, list[tuple[Keys, str]]]:
    """The study without what is wrong and may be left out, and what is wrong with it.

    Raises
    ------
    ExploreError
        Something else is wrong, or nothing is left.
    """
    try:
        return fill(StudyModel, document), []
    except ExploreError as refused:
        try:
            StudyModel.model_validate(document.data)
        except ValueError as cause:
            errors = errors_of(cause, StudyModel)
        data = copy.deepcopy(document.data)
        for path, _ in errors:
            section, *rest = path or ("",)  # of the file as a whole: there is nothing to leave out
            if section in ("parameters", "objectives", "constraints") and rest and isinstance(data[section], dict):
                data[section].pop(rest[0], None)
            elif section not in _NEEDED:
                data.pop(str(section), None)
        try:
            return StudyModel.model_validate(data), errors
        except ValueError:
            raise refused from None


def _file(document: Document, named: str, side: Kind) -> Path:
    """The file that a study names, relative to itself, or an example."""
    return located(named, side, document.path.parent)


def _chip_document(given: object) -> Document:
    return read_chip(file_data(given) if isinstance(given, Chip) else _source(given, SpecError))


def _workload_document(given: object) -> Document:
    if isinstance(given, Workload):
        document = read_source(given.described, "workload", WorkloadError)
        return replace(document, path=given.folder / document.path)
    source = _source(given, WorkloadError)
    if isinstance(source, Path) and source.suffix == ".nir":
        raise WorkloadError(f"{source}: name a workload file that says network: {{nir: {source.name}}}")
    return read_source(source, "workload", WorkloadError)


def _source(given: object, error: type[Exception]) -> Path | Mapping[str, Any]:
    if not isinstance(given, Path | Mapping):
        raise error(f"is of type {type(given).__name__}; it must be a file, an example's name, or a dict")
    return given


_SIDES: Final[Mapping[Kind, Callable[[object], Document]]] = MappingProxyType(
    {"chip": _chip_document, "workload": _workload_document}
)
