"""A study file, its chip and its workload, read and checked as a whole."""

from __future__ import annotations

import copy
from os import PathLike
from pathlib import Path

from archsim.errors import ExploreError, SpecError, WorkloadError
from archsim.explore.check import faults_of_set, faults_of_study
from archsim.explore.models import StudyModel
from archsim.explore.study import Study
from archsim.spec.library import read_chip
from archsim.units import door_key, faults_of
from archsim.yaml_reader import Document, Keys, fill, read_yaml


def read_study(path: str | PathLike[str]) -> Study:
    """Read a study file, and check all that can be checked before anything runs.

    Parameters
    ----------
    path : path
        A file as in ``workloads/studies/``; it names its chip and workload relative to itself.

    Returns
    -------
    Study

    Raises
    ------
    ExploreError
        With every fault of the study, one per line: ``file:line:col: path: message``.
    SpecError, WorkloadError
        The chip or the workload is wrong by itself.

    Examples
    --------
    >>> study = read_study("workloads/studies/watch_tiles.yaml")
    >>> list(study.parameters)[:2]
    ['chip.crossbar.rows', 'chip.adc.resolution']
    """
    document = read_yaml(path, ExploreError)
    model, faults = _as_far_as_it_goes(document)
    folder = document.path.parent
    sides: dict[str, Document] = {}
    for side, read in (("chip", _chip_document), ("workload", _workload_document)):
        try:
            sides[side] = read(folder / getattr(model, side))
        except (SpecError, WorkloadError) as cause:
            faults.append(((side,), str(cause)))
    if len(sides) < 2:
        raise document.fail(faults)
    chip, workload = sides["chip"], sides["workload"]
    in_set = list(faults_of_set(Study(model, document, chip, workload)))
    wrong = {keys[1] for keys, _ in in_set}
    good = [item for i, item in enumerate(model.set) if i not in wrong]
    for_chip = [item.removeprefix("chip.") for item in good if item.startswith("chip.")]
    for_workload = [item.removeprefix("workload.") for item in good if item.startswith("workload.")]
    study = Study(model, document, chip.override(for_chip), workload.override(for_workload))
    faults += [*in_set, *faults_of_study(study)]
    if faults:
        raise document.fail(faults)
    return study


_NEEDED = tuple(door_key(name) for name, field in StudyModel.model_fields.items() if field.is_required())


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
            faults = faults_of(cause, StudyModel)
        data = copy.deepcopy(document.data)
        for (section, *rest), _ in faults:
            if section in ("parameters", "objectives", "constraints") and rest and isinstance(data[section], dict):
                data[section].pop(rest[0], None)
            elif section not in _NEEDED:
                data.pop(str(section), None)
        try:
            return StudyModel.model_validate(data), faults
        except ValueError:
            raise refused from None


def _chip_document(path: Path) -> Document:
    return read_chip(path)


def _workload_document(path: Path) -> Document:
    if path.suffix == ".nir":
        raise WorkloadError(f"{path}: name a workload file that says network: {{nir: {path.name}}}")
    return read_yaml(path, WorkloadError)
