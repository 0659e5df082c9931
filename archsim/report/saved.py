"""Checks of a ``result.json`` before it is shown, compared or used; other keys are left as they are."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from archsim.units import errors_of

Whole = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=-1, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
Error = tuple[tuple[str | int, ...], str]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Totals(_Strict):
    n_samples: Annotated[int, Field(ge=1)]
    n_tasks: Whole
    latency_ps: Whole
    throughput_per_s: Number | None
    energy_pj: Number
    dynamic_energy_pj: Number
    leakage_energy_pj: Number
    area_um2: Number
    average_power_uw: Number
    peak_power_uw: Number | None
    busy_ps: Whole


class _Busiest(_Strict):
    name: Name
    utilisation: Share


class _Link(_Strict):
    busy_frac: Share
    flits: Whole
    energy_pj: Number


class _Part(_Strict):
    energy_pj: Number
    busy_ps: Whole
    latency_ps: Whole
    area_um2: Number
    count: Whole
    throughput_per_s: Number | None


class _Breakdown(_Strict):
    __pydantic_extra__: dict[str, dict[str, _Part]]
    component: dict[str, _Part]
    layer: dict[str, _Part]
    stage: dict[str, _Part]
    action: dict[str, _Part]


class _IdlePart(_Strict):
    area_um2: Number
    leakage_uw: Number


class _Idle(_IdlePart):
    components: dict[str, _IdlePart] = Field(default_factory=dict)


class _Activity(_Strict):
    layer: Name
    firing_rate: Share | None
    sparsity: Share
    active_rows_per_read: Number | None
    reads: Whole
    reads_skipped: Whole
    arrays: Whole
    arrays_never_read: Whole
    nonzero_errors_frac: Share | None
    errors_recorded: bool
    cells_written: Whole


class _Warning(_Strict):
    layer: Name
    what: Name
    cause: Name
    text: Name


class _Named(_Strict):
    move: Name
    title: Name
    set: list[Name]


class _Touched(_Strict):
    why: str
    value: Share | None
    change: float | None


class _Learned(_Strict):
    value: Share
    rule: Name
    when: Name


class _Advice(_Named):
    accuracy: _Touched | None = None
    delta_latency_frac: Change | None
    delta_energy_frac: Change | None
    delta_area_frac: Change | None
    delta_peak_power_frac: Change | None
    figures: dict[str, float]
    over_budget: list[str]
    notes: list[str]


class _Path(_Strict):
    n_segments: Whole
    waiting_for_results_ps: Whole
    waiting_for_resources_ps: Whole
    share_of_component: dict[str, Share]


class _Layer(_Strict):
    name: Name
    kind: str
    inputs: list[str]
    shape: list[Whole]
    n: Whole
    weights: list[Whole]


class _Provenance(_Strict):
    layers: list[_Layer] = Field(default_factory=list)
    chip: dict[str, Any] | None = None
    workload: dict[str, Any] | None = None
    versions: dict[str, str] = Field(default_factory=dict)


class _Record(_Strict):
    name: Name
    phase: Name
    totals: _Totals
    busiest_resource: _Busiest
    top_resources: list[_Busiest] = Field(default_factory=list)
    links: dict[str, _Link] = Field(default_factory=dict)
    critical_path: _Path | None = None
    not_available: dict[str, str] = Field(default_factory=dict)
    breakdown: _Breakdown
    idle: _Idle | None = None
    activity: list[_Activity] = Field(default_factory=list)
    activity_source: Name = "not said"
    warnings: list[_Warning] = Field(default_factory=list)
    advice: list[_Advice] = Field(default_factory=list)
    advice_pairs: list[_Advice] = Field(default_factory=list)
    advice_accuracy: _Learned | None = None
    advice_goal: Name = "not said"
    advice_moves: list[str] = Field(default_factory=list)
    advice_budgets: list[str] = Field(default_factory=list)
    advice_idle: list[_Named] = Field(default_factory=list)
    advice_refused: list[_Named] = Field(default_factory=list)
    advice_untried: dict[str, str] = Field(default_factory=dict)
    provenance: _Provenance = Field(default_factory=_Provenance)


class _Shared(_Provenance):
    inputs_sha256: dict[str, str] = Field(default_factory=dict)
    tile_places: dict[str, list[Any]] = Field(default_factory=dict)


class _Bundle(_Strict):
    notes: list[str] = Field(default_factory=list)
    results: dict[Name, _Record]
    provenance: _Shared = Field(default_factory=_Shared)


ADDED = ("energy_pj", "area_um2", "busy_ps")
"""The total of every breakdown."""


def bundle_errors(data: object) -> list[Error]:
    """Errors of the runs of one chip and workload, as `record_errors`; each stands under its phase."""
    if errors := _errors(data, _Bundle):
        return errors
    results: dict[str, Any] = data["results"]  # type: ignore[index]  # a bundle, as just seen
    return [(("results", name, *path), said) for name, one in results.items() for path, said in _sums(one)]


def record_errors(record: object) -> list[Error]:
    """Errors of one run of a saved result.

    Parameters
    ----------
    record : object
        What `Result.to_dict` gave, read back.

    Returns
    -------
    list of (path, message)
        Of every error; empty if there is none.

    Examples
    --------
    >>> dict(record_errors({"name": "a", "totals": {"latency_ps": -1}}))["totals", "latency_ps"]
    'must be at least 0; got -1'
    """
    return _errors(record, _Record) or _sums(record)


def provenance_errors(provenance: object) -> list[Error]:
    """Errors of a run's provenance, as `record_errors`."""
    return _errors(provenance, _Provenance)


def _sums(record: Any) -> list[Error]:
    """Breakdowns whose parts are not the whole."""
    errors: list[Error] = []
    for by, parts in record["breakdown"].items():
        for key in ADDED:
            found, whole = math.fsum(part[key] for part in parts.values()), record["totals"][key]
            if not math.isclose(found, whole, rel_tol=1e-9):
                errors.append((("breakdown", by), f"{key} adds up to {found:.10g}, totals.{key} is {whole:.10g}"))
    return errors


def _errors(data: object, model: type[BaseModel]) -> list[Error]:
    try:
        model.model_validate(data)
    except ValueError as cause:
        return errors_of(cause, model)
    return []
