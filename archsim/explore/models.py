"""Models of study files."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from archsim.units import FieldsError, FileModel, KindName, TimePs, factor_between, whole_step
from archsim.workload.phases import Phase, RuleName

MOST_TRIALS = 2**20
"""Configurations, trials, seeds: more are not evaluated in any time that one would wait."""
Count = Annotated[int, Field(ge=1, le=MOST_TRIALS)]
Natural = Annotated[int, Field(ge=0, le=2**63 - 1)]
Name = Annotated[str, Field(min_length=1)]
Value = bool | int | float | str
Number = int | float | str
MOST_POINTS = 100_000


class ParameterBase(FileModel):
    """Keys of every parameter.

    `also`: other paths that take the same value. `when`: only while other parameters, named above this one, have
    one of these values; else the file's own value stays.
    """

    also: list[Name] = Field(default_factory=list)
    when: dict[str, Annotated[list[Value], Field(min_length=1)]] = Field(default_factory=dict)


class Values(ParameterBase):
    """These values, one after the other."""

    values: Annotated[list[Value], Field(min_length=1)]

    @model_validator(mode="after")
    def _differ(self) -> Self:
        _refuse_twice(("values",), [repr(value) for value in self.values])
        return self


class Range(ParameterBase):
    """From one number or quantity to another, both with the same unit.

    `step` is what lies between two values of a linear range, `points` how many there are. Without both, whole
    numbers have a step of 1, and others are continuous: for random and quasi-random sweeps, and for searches.
    """

    from_: Annotated[Number, Field(alias="from")]
    to: Number
    step: Number | None = None
    points: Annotated[int, Field(ge=2, le=MOST_POINTS)] | None = None
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        (low, unit), (high, other) = split_number(self.from_), split_number(self.to)
        for key, number, value in (("from", low, self.from_), ("to", high, self.to)):
            if number is None:
                errors.append(((key,), f"must be a number, or a number and a unit; got {value!r}"))
        if low is not None and high is not None:
            factor = _factor(unit, other)
            if factor is None:
                said = f"has the unit {other!r}, but from has {unit!r}: they do not measure the same"
                errors.append((("to",), said))
            elif high * factor <= low:
                errors.append((("to",), f"must be above from, {self.from_}; the range is empty"))
            if self.scale == "log" and low <= 0:
                errors.append((("from",), "a logarithmic range starts above zero"))
            errors += self._step_errors(low, high * (factor or 1), unit)
        if errors:
            raise FieldsError(errors)
        return self

    def _step_errors(self, low: Decimal, high: Decimal, unit: str) -> list[tuple[tuple[str, ...], str]]:
        if self.step is None:
            if self.is_whole and self.points is None and high - low >= MOST_POINTS:
                return [(("to",), f"gives more than {MOST_POINTS} whole numbers; say step or points")]
            return []
        step, other = split_number(self.step)
        if self.points is not None:
            return [(("points",), "give either step or points, not both")]
        if self.scale == "log":
            return [(("step",), "a logarithmic range has points, no step")]
        factor = _factor(unit, other)
        if step is None or step <= 0 or factor is None:
            return [(("step",), f"must be above zero, and measure what from does; got {self.step!r}")]
        if (high - low) / (step * factor) > MOST_POINTS:
            return [(("step",), f"gives more than {MOST_POINTS} values")]
        return []

    @property
    def unit(self) -> str:
        """The unit of `from`, in which its values are written; empty for a plain number."""
        return split_number(self.from_)[1]

    @property
    def ends(self) -> tuple[Decimal, Decimal]:
        """Both ends, in the unit."""
        return self._in_unit(self.from_), self._in_unit(self.to)

    def _in_unit(self, value: Number) -> Decimal:
        number, unit = split_number(value)
        factor = _factor(self.unit, unit)
        assert number is not None
        assert factor is not None  # the validator has seen to it
        return number * factor

    @property
    def is_whole(self) -> bool:
        """Whether it runs over whole numbers without a unit."""
        given = (self.from_, self.to, *([] if self.step is None else [self.step]))
        return all(isinstance(number, int) for number in given)

    def listed(self) -> list[Value] | None:
        """Its values one by one; None if it is continuous."""
        return None if self._listed is None else list(self._listed)

    @cached_property
    def _listed(self) -> list[Value] | None:
        low, high = self.ends
        if self.points is not None:
            last = self.points - 1
            if self.scale == "log":
                numbers = [low * (high / low) ** (Decimal(i) / last) for i in range(self.points)]
            else:
                numbers = [low + (high - low) * i / last for i in range(self.points)]
        elif self.step is not None or self.is_whole:
            step = Decimal(1) if self.step is None else self._in_unit(self.step)
            numbers = [low + step * i for i in range(int((high - low) / step) + 1)]
        else:
            return None
        return list(dict.fromkeys(self.value_of(number) for number in numbers))

    def value_of(self, number: Decimal | float) -> Value:
        """A number in the unit, as a file would hold it: with six digits at most, whole where it must be.

        Times are whole picoseconds, so 14.1421 ns is 14.142 ns.
        """
        if self.is_whole:
            return round(number)
        exact = Decimal(f"{number:.6g}")
        if step := whole_step(self.unit):
            exact = (exact / step).to_integral_value() * step
        text = f"{exact.normalize():f}"
        return f"{text} {self.unit}" if self.unit else float(text)


class Options(ParameterBase):
    """Named choices; each sets what it lists, as ``--set`` does: ``chip.execution.feedback=copy``."""

    options: Annotated[dict[Name, list[Name]], Field(min_length=1)]


def split_number(value: Number) -> tuple[Decimal | None, str]:
    """The number and the unit of a quantity; None if it starts with no number.

    Examples
    --------
    >>> split_number("2.5 ns"), split_number(64)
    ((Decimal('2.5'), 'ns'), (Decimal('64'), ''))
    """
    text = str(value).strip()
    if isinstance(value, bool):
        return None, ""
    digits = next((n for n in range(len(text), 0, -1) if _decimal(text[:n]) is not None), 0)
    return _decimal(text[:digits]) if digits else None, text[digits:].strip()


def _factor(unit: str, other: str) -> Decimal | None:
    return Decimal(1) if unit == other else factor_between(unit, other)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _refuse_twice(path: tuple[str, ...], items: list[str]) -> None:
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        raise FieldsError([(path, f"{', '.join(twice)} stands there twice")])


def _parameter_kind(value: object) -> str | None:
    if isinstance(value, ParameterBase):
        return type(value).__name__.lower()
    keys = set(value) if isinstance(value, dict) else set()
    for kind, own in (("options", {"options"}), ("values", {"values"})):
        if keys & own:
            return kind
    return "range" if keys & {"from", "to", "step", "points", "scale"} else None


Parameter = Annotated[
    Annotated[Values, Tag("values")] | Annotated[Range, Tag("range")] | Annotated[Options, Tag("options")],
    Discriminator(_parameter_kind),
]


class Bound(FileModel):
    """The bounds of a metric, with its unit where it has one: ``{at_most: 2 mm2}``."""

    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise FieldsError([((), "give at_least, at_most, or both")])
        return self


class SweepModel(FileModel):
    """Which configurations a sweep tries: all of the grid, or so many at random or quasi-random (Sobol)."""

    kind: Literal["grid", "random", "quasi_random"] = "grid"
    n_configurations: Count | None = None

    @model_validator(mode="after")
    def _how_many(self) -> Self:
        if self.kind != "grid" and self.n_configurations is None:
            raise FieldsError([(("configurations",), f"missing; how many are drawn by kind: {self.kind}")])
        return self


class SearchModel(FileModel):
    """How a search goes: `batch` configurations are asked for, evaluated, and told together."""

    sampler: Annotated[str, KindName("archsim.samplers")] = "tpe"
    n_trials: Count = 200
    n_batch: Count = 10
    population: Annotated[int, Field(ge=2, le=MOST_TRIALS)] = 20

    @model_validator(mode="after")
    def _is_a_batch_at_least(self) -> Self:
        if self.n_batch > self.n_trials:
            said = f"a batch of {self.n_batch} is evaluated whole, which is more than {self.n_trials} trials"
            raise FieldsError([(("trials",), f"{said}; say batch: {self.n_trials}, or less")])
        return self


RULE_OF_INFERENCE: Final = "dfa"
"""By which accuracy is found where a study names no rule and simulates inference."""


class LearningOfStudy(FileModel):
    """How accuracy is found, if it is an objective or a constraint: rule, and how many seeds are averaged.

    Without `rule` it is the phase, where that is one of learning, and DFA where the phase is inference.
    """

    rule: RuleName | None = None
    n_seeds: Count = 1


class FidelityModel(FileModel):
    """Multi-fidelity: all configurations with cheap settings of the workload, then the best share in full."""

    set: Annotated[list[Name], Field(min_length=1)]
    keep: Annotated[float, Field(gt=0, lt=1)] = 0.25


class StudyModel(FileModel):
    """A study file."""

    version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
    chip: Name
    workload: Name
    set: list[Name] = Field(default_factory=list)
    phase: Phase | None = None
    seed: Natural = 0
    parameters: Annotated[dict[Name, Parameter], Field(min_length=1)]
    objectives: Annotated[dict[Name, Literal["minimize", "maximize"]], Field(min_length=1)]
    constraints: dict[Name, Bound] = Field(default_factory=dict)
    record: list[Name] = Field(default_factory=list)
    time_limit_ps: TimePs | None = None
    sweep: SweepModel = SweepModel()
    search: SearchModel = SearchModel()
    learning: LearningOfStudy = LearningOfStudy()
    fidelity: FidelityModel | None = None

    @model_validator(mode="after")
    def _leaves_time(self) -> Self:
        if self.time_limit_ps == 0:
            raise FieldsError([(("time_limit",), "must be above zero; without it nothing is stopped")])
        return self

    @model_validator(mode="before")
    @classmethod
    def _a_list_is_values(cls, data: object) -> object:
        if not isinstance(data, dict) or not isinstance(data.get("parameters"), dict):
            return data
        alone = [key for key, value in data["parameters"].items() if isinstance(value, bool | int | float | str)]
        if alone:
            said = "is one value, which is no choice: write several, [..., ...], or put it under set"
            raise FieldsError([(("parameters", key), said) for key in alone])
        short = {k: {"values": v} if isinstance(v, list) else v for k, v in data["parameters"].items()}
        return {**data, "parameters": short}
