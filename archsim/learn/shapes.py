"""Shapes of the records of checkpoints, checked before a learning run goes on with them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class PretrainedShape(_Strict):
    """Of pre-training in a learning run."""

    losses: list[Annotated[float, Field(allow_inf_nan=False)]]
    accuracies: Annotated[list[Share], Field(min_length=2, max_length=2)]
    note: str


class CachedShape(_Strict):
    """Of pre-training for a study."""

    seed: Whole
    source: Share
    target: Share


class _Wear(_Strict):
    most_writes: Whole
    adaptations: Number | None
    years: Number | None
    why_not: str


class RuleRunShape(_Strict):
    """Of one adaptation: :class:`archsim.learn.result.RuleRun`."""

    seed: Whole
    rule: str
    source: Share
    ideal_before: Share
    before: Share
    after: Share
    ideal_after: Share
    n_windows: Count
    n_steps: Count
    written_frac: Share
    wear: _Wear
    error_density: dict[str, Share]
    spike_rate: dict[str, Share]
    counters: dict[str, dict[str, Whole]]
    read_errors: dict[str, dict[str, Number]]
    pulses_by_update: dict[str, list[Whole]]
    n_simulated: Whole


class ProgrammedShape(_Strict):
    """Of a chip that is only programmed."""

    before: Share


class _Open(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Writes(_Open):
    pulses: Number


class _Provenance(_Open):
    writes: _Writes = Field(default_factory=lambda: _Writes(pulses=0))


class _Totals(_Open):
    __pydantic_extra__: dict[str, Number | None]
    n_samples: Count
    latency_ps: Whole
    energy_pj: Number
    area_um2: Number


class HardwareShape(_Open):
    """Of an event simulation: `archsim.metrics.Result.to_dict`, as far as a learning run reads it."""

    name: str
    phase: str
    totals: _Totals
    provenance: _Provenance
