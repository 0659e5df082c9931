"""A study: what is varied, what is wanted, and the files that it starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

from archsim.explore.alike import ChipsAlike
from archsim.explore.models import RULE_OF_INFERENCE, Options, Parameter, StudyModel, Value, Values, split_number
from archsim.explore.shown import study_html
from archsim.registry import RULES
from archsim.spec import Chip
from archsim.units import file_data
from archsim.workload import Workload
from archsim.workload.workload import workload_of
from archsim.yaml_reader import Document

Parameters = dict[str, Value]
MOST_KEPT = 1024


@dataclass(frozen=True)
class Settings:
    """Settings of a configuration: assignments as ``--set`` takes them, the phase, and the seed."""

    chip: tuple[str, ...]
    workload: tuple[str, ...]
    phase: str | None
    seed: int


@dataclass(frozen=True)
class Resolved:
    """A configuration as it is simulated."""

    chip: Chip
    work: Workload
    phase: str
    seed: int

    @cached_property
    def described_chip(self) -> dict[str, Any]:
        """The chip file that gives its chip."""
        return file_data(self.chip)

    def __reduce__(self) -> tuple[type[Resolved], tuple[Chip, Workload, str, int]]:
        """As it was made: what was found out of it stays where it is."""
        return Resolved, (self.chip, self.work, self.phase, self.seed)


@dataclass(frozen=True)
class Study:
    """A study that has been read and checked.

    Parameters
    ----------
    model : StudyModel
        What its file says.
    document : Document
        The file's data, and where each part stands.
    chip, workload : Document
        The files that configurations start from, with what the study sets in all of them.
    """

    model: StudyModel
    document: Document
    chip: Document
    workload: Document

    @property
    def name(self) -> str:
        """Of the study; its folder is called so."""
        return self.model.name

    def _repr_html_(self) -> str:
        return study_html(self)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The varied parameters, by path or name, in the order of the file."""
        return self.model.parameters

    @cached_property
    def listed(self) -> dict[str, list[Value] | None]:
        """The values of each parameter one by one; None for a continuous one."""
        return {name: listed(item) for name, item in self.parameters.items()}

    @cached_property
    def ordered(self) -> dict[str, list[Value] | None]:
        """The values of each parameter that are numbers, or quantities of one unit, from small to large."""
        return {name: _in_order(self.listed[name]) for name in self.parameters}

    @cached_property
    def even_floats(self) -> dict[str, list[float] | None]:
        """The same as `even`, as floats."""
        return {
            name: None if numbers is None else list(map(float, numbers)) for name, numbers in self.even.items()
        }

    @cached_property
    def even(self) -> dict[str, list[Decimal] | None]:
        """The numbers of each parameter that has several in equal steps, in its unit, from small to large."""
        return {name: _in_equal_steps(self.ordered[name]) for name in self.parameters}

    def settings(self, parameters: Mapping[str, Value]) -> Settings:
        """Settings of a configuration in the two files."""
        sides: dict[str, list[str]] = {"chip": [], "workload": []}
        phase: str | None = self.model.phase
        seed = self.model.seed
        for name, value in parameters.items():
            item = self.parameters[name]
            if name == "phase":
                phase = str(value)
            elif name == "seed":
                seed = int(value)
            elif isinstance(item, Options):
                for assignment in item.options[str(value)]:
                    side, _, rest = assignment.partition(".")
                    sides[side].append(rest)
            else:
                for path in (name, *item.also):
                    side, _, rest = path.partition(".")
                    sides[side].append(f"{rest}={json.dumps(value, allow_nan=False)}")
        return Settings(tuple(sides["chip"]), tuple(sides["workload"]), phase, seed)

    def rule_of(self, phase: str | None) -> str:
        """By which rule the accuracy of configurations of a phase is found."""
        if self.model.learning.rule is not None:
            return self.model.learning.rule
        return phase if phase is not None and phase in RULES else RULE_OF_INFERENCE

    @property
    def cheap(self) -> tuple[str, ...]:
        """Settings of the low-fidelity evaluation in the workload; empty if there is none."""
        given = self.model.fidelity
        return () if given is None else tuple(item.removeprefix("workload.") for item in given.set)

    def resolve(self, parameters: Mapping[str, Value], shortened: Sequence[str] = ()) -> Resolved:
        """Chip and workload of a configuration.

        Parameters
        ----------
        parameters : mapping
            Values of the active parameters.
        shortened : sequence of str
            More assignments for the workload.

        Raises
        ------
        SpecError, WorkloadError
            The values do not go together.
        """
        settings = self.settings(parameters)
        chip = self._chips.get(settings.chip)
        if chip is None:
            _make_room(self._chips)
            chip = self._chips[settings.chip] = self._filled.of(self.chip.override(settings.chip))
        for_workload = (*settings.workload, *shortened)
        work = self._works.get(for_workload)
        if work is None:
            _make_room(self._works)
            document = self.workload.override(for_workload)
            work = self._works[for_workload] = workload_of(document, self.workload.path.parent)
        return Resolved(chip, work, settings.phase or work.phases[0], settings.seed)

    @cached_property
    def _filled(self) -> ChipsAlike:
        return ChipsAlike()

    @cached_property
    def _chips(self) -> dict[tuple[str, ...], Chip]:
        return {}

    @cached_property
    def _works(self) -> dict[tuple[str, ...], Workload]:
        return {}


def _make_room(kept: dict[tuple[str, ...], Any]) -> None:
    """Of a hundred thousand chips only the last ones are kept."""
    while len(kept) >= MOST_KEPT:
        del kept[next(iter(kept))]


def listed(parameter: Parameter) -> list[Value] | None:
    """The values of a parameter one by one; None if it is continuous."""
    if isinstance(parameter, Values):
        return list(parameter.values)
    if isinstance(parameter, Options):
        return list(parameter.options)
    return parameter.listed()


def _in_order(values: list[Value] | None) -> list[Value] | None:
    if not values or any(isinstance(value, bool) for value in values):
        return None
    numbers = [split_number(value) for value in values]
    if any(number is None for number, _ in numbers) or len({unit for _, unit in numbers}) > 1:
        return None
    return sorted(values, key=lambda value: split_number(value)[0] or 0)


def _in_equal_steps(values: list[Value] | None) -> list[Decimal] | None:
    numbers = [number for number, _ in map(split_number, values or []) if number is not None]
    steps = {after - before for before, after in pairwise(numbers)}
    return numbers if len(steps) == 1 and steps != {0} else None


def is_active(parameter: Parameter, parameters: Mapping[str, Value]) -> bool:
    """Whether a parameter counts, given those before it."""
    return all(parameters.get(name) in values for name, values in parameter.when.items())


def describe(study: Study) -> dict[str, Any]:
    """The study in plain data, without what may change when it goes on."""
    files = {"chip": study.chip.data, "workload": study.workload.data}
    return {**described_model(study.model), "files": files}


def described_model(model: StudyModel) -> dict[str, Any]:
    """Content of a study file, without its files and what may change when it resumes."""
    data = model.model_dump(mode="json", by_alias=True)
    for key in ("chip", "workload", "set", "time_limit"):
        data.pop(key)
    data["sweep"].pop("configurations")
    data["search"].pop("trials")
    return data


def without_files(described: Mapping[str, Any]) -> dict[str, Any]:
    """The description of `describe` as a study file: for `StudyModel`, not to be swept."""
    rest = {key: value for key, value in described.items() if key != "files"}
    # how many are drawn is not described; a kind other than a grid is refused without it
    drawn = {} if rest["sweep"]["kind"] == "grid" else {"configurations": 1}
    return {**rest, "chip": "study.json", "workload": "study.json", "sweep": {**rest["sweep"], **drawn}}
