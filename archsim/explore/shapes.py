"""Shapes of the files of a study's folder, checked before it resumes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from archsim.explore.evaluate import metrics_of
from archsim.explore.models import Range, Value, split_number
from archsim.explore.study import Study
from archsim.units import shape_error
from archsim.workload import Phase

# six digits are written of a number between the ends of a range, so that it may lie beyond them by that
_ROUNDED = Decimal("1e-5")
Natural = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Done(_Strict):
    at: str
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    process: Natural


class _Interrupted(_Strict):
    limit_s: Finite | None = None


class RecordShape(_Strict):
    """A line of the result log."""

    key: Annotated[str, Field(min_length=1)]
    state: Literal["done", "cheap", "pruned", "failed"]
    parameters: dict[str, Value]
    metrics: dict[str, Finite | None]
    error: str | None
    phase: Phase | None
    seed: Natural
    done: _Done
    bounds: dict[str, Finite | None] = Field(default_factory=dict)
    interrupted: _Interrupted = Field(default_factory=_Interrupted)


class _Operation(_Strict):
    worker_id: str


class _OfStudy(_Operation):
    study_id: Natural


class _OfTrial(_Operation):
    trial_id: Natural


class _CreateStudy(_Operation):
    study_name: str
    directions: list[Literal[1, 2]]


class _CreateTrial(_OfStudy):
    datetime_start: str | None


class _Parameter(_OfTrial):
    param_name: str
    param_value_internal: Finite
    distribution: str


class _State(_OfTrial):
    state: Annotated[int, Field(ge=0, le=4)]
    values: list[Finite] | None


class _UserAttribute(_OfTrial):
    user_attr: Annotated[dict[str, Any], Field(min_length=1, max_length=1)]


class _SystemAttribute(_OfTrial):
    system_attr: Annotated[dict[str, Any], Field(min_length=1, max_length=1)]


# by Optuna's code of the operation
_OPERATIONS: dict[int, type[BaseModel]] = {
    0: _CreateStudy,
    **dict.fromkeys((1, 2, 3), _OfStudy),
    4: _CreateTrial,
    5: _Parameter,
    6: _State,
    7: _OfTrial,
    8: _UserAttribute,
    9: _SystemAttribute,
}


class _Files(_Strict):
    chip: dict[str, Any]
    workload: dict[str, Any]


class _Sweep(_Strict):
    kind: str


class _Described(_Strict):
    name: str
    sweep: _Sweep
    files: _Files


class AboutShape(_Strict):
    """``study.json``."""

    model: str
    sha256: str
    workload_folder: Annotated[str, Field(min_length=1)]
    study: _Described


def operation_error(found: Mapping[str, Any]) -> str:
    """Errors of a line of Optuna's journal; empty if Optuna may have written it.

    Examples
    --------
    >>> operation_error({"op_code": 7, "worker_id": "a", "trial_id": -1})
    'trial_id: must be at least 0; got -1'
    """
    shape = _OPERATIONS.get(found["op_code"]) if type(found.get("op_code")) is int else None
    return "op_code: is none of Optuna's" if shape is None else shape_error(found, shape)


def misfit(study: Study, record: Mapping[str, Any]) -> str:
    """Why a record of a study's log can be none that a sweep or search of it has written; nothing if it can.

    Parameters
    ----------
    study : Study
    record : mapping
        Plain data, whose checksum is right.
    """
    if said := shape_error(record, RecordShape):
        return said
    for name, value in record["parameters"].items():
        if name not in study.parameters:
            return f"parameters.{name}: is no parameter of the study"
        if not _is_among(study, name, value):
            return f"parameters.{name}: {value!r} is none of its values"
    lacking = [name for name in metrics_of(study) if name not in record["metrics"]]
    if record["state"] == "done" and lacking:
        return f"metrics.{lacking[0]}: missing"
    return ""


def _is_among(study: Study, name: str, value: Value) -> bool:
    values, item = study.listed[name], study.parameters[name]
    if values is not None:
        return any(value == known and type(value) is type(known) for known in values)
    assert isinstance(item, Range)  # only a range has no list
    number, unit = split_number(value)
    low, high = item.ends
    slack = _ROUNDED * max(abs(low), abs(high))
    return number is not None and unit == item.unit and low - slack <= number <= high + slack
