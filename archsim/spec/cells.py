"""How real RRAM cells differ from their targets: every error off unless a chip file turns it on.

Fractions named `sigma` are of the window, ``g_max - g_min``, unless the field says otherwise. The equations and
their sources: :mod:`archsim.crossbar.cells` and ``docs/models/crossbar.md``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from archsim.units import (
    FieldsError,
    FileModel,
    Frac,
    KindOf,
    ResistanceOhm,
    TemperatureK,
    TimePs,
    VoltageV,
    file_key,
)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Percentile = Annotated[float, Field(gt=0, le=100)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
MOST_COUNT = 2**20
"""Of anything on a chip: a million rows, tiles, lanes or levels are far beyond what is built."""
MOST_PULSES = 10_000
"""A cell that is not within its band by then does not come there; every pulse is drawn and verified."""
Count = Annotated[int, Field(ge=1, le=MOST_COUNT)]
Pulses = Annotated[int, Field(ge=1, le=MOST_PULSES)]


Spread = Annotated[Any, KindOf("archsim.noises")]
"""A law of :mod:`archsim.crossbar.cells.noises`: standard deviation by conductance."""


class WriteVerify(FileModel):
    """Program again until the conductance is within `band` of the window around its target, or give up."""

    band_frac: Frac
    n_max_pulses: Pulses

    @model_validator(mode="after")
    def _band_is_open(self) -> Self:
        if self.band_frac <= 0:
            raise FieldsError([(("band",), "must be above zero: no cell lands exactly on its target")])
        return self


class TelegraphNoise(FileModel):
    """Random telegraph noise: a cell has `amplitude` of its conductance less while its trap is filled.

    `mean_high` and `mean_low` are the mean times in the state of full and of reduced conductance.
    """

    amplitude_frac: Frac
    mean_high_ps: TimePs
    mean_low_ps: TimePs

    @model_validator(mode="after")
    def _times_are_positive(self) -> Self:
        errors = [
            ((key,), "must be above zero")
            for key, value in (("mean_high", self.mean_high_ps), ("mean_low", self.mean_low_ps))
            if value <= 0
        ]
        if errors:
            raise FieldsError(errors)
        return self


Drift = Annotated[Any, KindOf("archsim.drifts")]
"""A law of :mod:`archsim.crossbar.cells.drifts`: how a conductance changes with time."""


class CellFaults(FileModel):
    """Parts of the cells, drawn at manufacturing, that stay at g_max, at g_min, or conduct nothing."""

    stuck_on_frac: Frac = 0.0
    stuck_off_frac: Frac = 0.0
    open_frac: Frac = 0.0

    @model_validator(mode="after")
    def _parts_of_one_whole(self) -> Self:
        total = self.stuck_on_frac + self.stuck_off_frac + self.open_frac
        if total > 1:
            said = f"stuck_on, stuck_off and open add up to {total:g}, more than all cells"
            raise FieldsError([((), said)])
        return self


class PulseUpdate(FileModel):
    """How one pulse moves a conductance: potentiation and depression curves over `pulses` steps.

    ``G(n) = g_min + B (1 - exp(-n / A))``, n counted from g_min; potentiation walks up its curve, depression
    down its own. `potentiation` and `depression` are the curves' non-linearity as NeuroSim labels it: 0 is a
    straight line, up to 9 lies above it, down to -9 below. Equal labels are symmetric; the usual device, whose
    first pulses move it most in both directions, has a positive and a negative one. `cycle_spread` is the
    standard deviation of one pulse, of the window.
    """

    n_pulses: Count
    potentiation: Annotated[float, Field(ge=-9, le=9)] = 0.0
    depression: Annotated[float, Field(ge=-9, le=9)] = 0.0
    cycle_spread_frac: Frac = 0.0


class Endurance(FileModel):
    """Writes that a cell survives: median `cycles`, log-normal with `spread` (standard deviation of ln)."""

    cycles: Positive
    spread: NotNegative = 0.0
    fails: Literal["on", "off", "as_is"] = "as_is"


Path = Literal["forward", "backward", "feedback"]
"""Inputs through weights, errors through weights, errors through a fixed matrix of a learning rule."""
ModelFile = Annotated[str, Field(min_length=1)]


class LearnedPaths(FileModel):
    """Files of error models by what is read: inputs through weights, errors through weights, and through a fixed
    matrix of a learning rule. A path without one reads exactly.
    """

    forward: ModelFile | None = None
    backward: ModelFile | None = None
    feedback: ModelFile | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self == LearnedPaths.model_construct():
            raise FieldsError([((), "names no file; give one for forward, backward or feedback")])
        return self


class CellErrors(FileModel):
    """All that makes cells differ from their targets. What is absent is ideal.

    Parameters
    ----------
    programming : spread of one write around its target
    write_verify : program again until within a band
    relaxation : spread that is added after the last verify read
    device_spread : standard deviation of each cell's own factor on its conductance, for its whole life
    read_noise : spread of every single read
    telegraph, drift, faults, update, endurance : see their classes
    temperature : of the chip; `reference_temperature` is where the figures were measured
    thermal_noise : Johnson-Nyquist noise of the cells over one read pulse
    learned : file of an error model (``archsim crossbar --fit``) that makes the error of every sum before its
        conversion, in place of all other errors of cells when they are set or read, of wires and of curves; or
        one for each path
    """

    programming: Spread | None = None
    write_verify: WriteVerify | None = None
    relaxation: Spread | None = None
    device_spread_frac: Frac = 0.0
    read_noise: Spread | None = None
    telegraph: TelegraphNoise | None = None
    drift: Drift | None = None
    faults: CellFaults = CellFaults()
    update: PulseUpdate | None = None
    endurance: Endurance | None = None
    temperature_k: TemperatureK = 300.0
    reference_temperature_k: TemperatureK = 300.0
    thermal_noise: bool = False
    learned: ModelFile | LearnedPaths | None = None

    @model_validator(mode="after")
    def _choices_agree(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if self.write_verify is not None and self.programming is None:
            errors.append((("write_verify",), "needs programming: without its error every first pulse lands"))
        errors += [
            ((key,), "must be above 0 K")
            for key, value in (
                ("temperature", self.temperature_k),
                ("reference_temperature", self.reference_temperature_k),
            )
            if value <= 0
        ]
        if self.drift is not None and self.drift.start_ps <= 0:
            errors.append((("drift", "start"), "must be above zero: the law begins there"))
        if self.learned is not None:
            stood_for = [name for name in LEARNED_STANDS_FOR if getattr(self, name) != _DEFAULTS[name]]
            said = "errors.learned stands for it; leave one of them out"
            errors += [((file_key(name),), said) for name in stood_for]
        if errors:
            raise FieldsError(errors)
        return self

    def learned_of(self, path: Path) -> str | None:
        """The error model's file for what is read on a path."""
        found: str | None = getattr(self.learned, path) if isinstance(self.learned, LearnedPaths) else self.learned
        return found


LEARNED_STANDS_FOR = (
    "programming", "write_verify", "relaxation", "device_spread_frac", "read_noise", "telegraph", "drift",
    "faults", "thermal_noise",
)  # fmt: skip
"""Errors that a learned model of the sums has in it; those of pulses and of worn cells come on top."""
_DEFAULTS = {name: CellErrors.model_fields[name].get_default() for name in LEARNED_STANDS_FOR}


def learned_errors(errors: CellErrors, wires: Wires | None, curve: CellCurve | None) -> list[str]:
    """Names of what a learned error model stands for and is set beside it.

    Examples
    --------
    >>> learned_errors(CellErrors(learned="array.json"), None, CellCurve(v0="0.3 V"))
    ['curve']
    """
    if errors.learned is None:
        return []
    return [name for name, given in (("wires", wires), ("curve", curve)) if given is not None]


class CellCurve(FileModel):
    """Current through a cell against its voltage: ``I = g v0 sinh(v / v0)``; absent, Ohm's law."""

    v0_v: VoltageV

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Self:
        if self.v0_v <= 0:
            raise FieldsError([(("v0",), "must be above zero; a large one is nearly linear")])
        return self


class Wires(FileModel):
    """Resistance of one wire segment from cell to cell, and of what feeds and grounds the lines.

    `supply` is the line that feeds gated cells; it runs beside each column, or along each row (`supply_along`):
    then all rows can be switched on, and read from the columns. `method`: "exact" solves Kirchhoff's laws;
    "approximate" is cheaper and states its error bound.
    """

    row_ohm: ResistanceOhm
    column_ohm: ResistanceOhm
    driver_ohm: ResistanceOhm = 0.0
    ground_ohm: ResistanceOhm = 0.0
    supply_ohm: ResistanceOhm = 0.0
    supply_along: Literal["columns", "rows"] = "columns"
    method: Literal["exact", "approximate"] = "exact"
