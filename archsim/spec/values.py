"""How numbers become conductances, voltages and codes, and the value side of one array as a whole.

A chip file gives these in its sections; :func:`array_spec` gathers them for :mod:`archsim.crossbar`.
Outputs of an array are counted in *full cells*: the current of one cell at g_max above one at g_min, driven
with the full read voltage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from archsim.registry import READOUTS
from archsim.spec.cells import (
    MOST_COUNT,
    CellCurve,
    CellErrors,
    Count,
    Percentile,
    Positive,
    Wires,
    learned_errors,
)
from archsim.units import Bits, ConductanceSiemens, FieldsError, FileModel, Frac, KindOf, TimePs, VoltageV

if TYPE_CHECKING:
    pass


# integers up to here are exact in double precision
MOST_LEVELS = 2**53
# ends of a converter's range, in full cells: sums beyond have no last digit, differences below are rounding
RangeEnd = Annotated[float, Field(ge=-MOST_LEVELS, le=MOST_LEVELS)]
FINEST_RANGE = 1 / MOST_LEVELS


class MaxClip(FileModel):
    """The weight of largest magnitude fills the range; nothing is clipped."""

    kind: Literal["max"]


class PercentileClip(FileModel):
    """The range ends where `percentile` per cent of the magnitudes lie inside."""

    kind: Literal["percentile"]
    percentile: Percentile


class SigmaClip(FileModel):
    """The range ends at so many root-mean-square weights."""

    kind: Literal["sigma"]
    n_sigmas: Positive


class FixedClip(FileModel):
    """The range ends at `maximum`, whatever the weights are: it stays when they are learned."""

    kind: Literal["fixed"]
    maximum: Positive


Clip = Annotated[MaxClip | PercentileClip | SigmaClip | FixedClip, Field(discriminator="kind")]


class WeightRules(FileModel):
    """How weights fill the conductance window.

    `scale`: one range for the whole "matrix", for each "array" or for each "column" of weights.
    """

    scale: Literal["matrix", "array", "column"] = "matrix"
    clip: Clip = MaxClip(kind="max")


class FullRange(FileModel):
    """The largest sum that the array can give: all rows driven, all cells full."""

    kind: Literal["full"]


class FixedRange(FileModel):
    """From `minimum` to `maximum`, in full cells."""

    kind: Literal["fixed"]
    minimum: RangeEnd
    maximum: RangeEnd

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.maximum - self.minimum < FINEST_RANGE:
            said = f"must be larger than minimum, {self.minimum:g}, by {FINEST_RANGE:.2g} full cells or more"
            raise FieldsError([(("maximum",), f"{said}; got {self.maximum:g}")])
        return self


class CalibratedRange(FileModel):
    """So wide that `percentile` per cent of the sums of a calibration batch lie inside."""

    kind: Literal["calibrated"]
    percentile: Percentile = 99.9


class TrackedRange(FileModel):
    """Calibrated at first, then a running percentile: it moves by `step` after each batch, never within one.

    Where more than the rest to `percentile` per cent of a batch's sums were outside, which a converter sees as its
    last codes, the next range is wider by the factor 1 + `step`, else narrower by it.
    """

    kind: Literal["tracked"]
    percentile: Percentile = 99.9
    step_frac: Frac = 0.02

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.step_frac <= 0:
            raise FieldsError([(("step",), "must be above zero; kind: calibrated is a range that stays")])
        return self


AdcRange = Annotated[FullRange | FixedRange | CalibratedRange | TrackedRange, Field(discriminator="kind")]


class Conversion(FileModel):
    """How a converter turns a sum into a code, over `range`.

    `code`: "uniform" has 2^bits levels from the lower to the upper end of the range; "sign_magnitude" a sign
    and 2^(bits-1) - 1 steps on either side of zero, so that zero is a code. `subtract`: the two columns of a
    differential pair (or the reference column) are subtracted as currents before, or as codes after, the
    conversion: "analog" takes one conversion for both, "digital" one for each, and so does the cost side of a chip
    that does not say. `rounding`: to the nearest code or down.
    """

    range: AdcRange = FullRange(kind="full")
    code: Literal["uniform", "sign_magnitude"] = "sign_magnitude"
    rounding: Literal["nearest", "down"] = "nearest"
    subtract: Literal["analog", "digital"] = "analog"


class ErrorConversion(FileModel):
    """Settings of the converters where sums of errors are converted: transposed reads, copies and fixed matrices.

    The same converters stop after `resolution` bits, fewer than they have; range and code of their own.
    """

    resolution_bits: Annotated[Bits, Field(ge=1, le=16)] | None = None
    conversion: Conversion | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.resolution_bits is None and self.conversion is None:
            raise FieldsError([((), "says nothing; give resolution or conversion, or leave it out")])
        return self


def no_converter() -> Any:
    """The read-out of kind ideal: the sum itself."""
    return READOUTS["ideal"](kind="ideal")


ReadoutKind = Annotated[Any, KindOf("archsim.readouts")]


class InputRules(FileModel):
    """How numbers become word-line voltages.

    `resolution` bits of magnitude for one input; 0 bit is analogue, a voltage for every number. A cycle carries
    `per_cycle` bits; results of several cycles are merged by shift-and-add. `maximum` is the number that the
    largest code stands for. `signed`: "unsigned" refuses negative inputs; "two_phase" reads positive and
    negative parts one after the other; "bipolar" drives voltages of both signs.
    """

    resolution_bits: Bits = 1
    per_cycle_bits: Bits = 1
    maximum: Positive = 1.0
    signed: Literal["unsigned", "two_phase", "bipolar"] = "unsigned"

    @model_validator(mode="after")
    def _bits_agree(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if self.resolution_bits > 16:
            errors.append((("resolution",), f"must be 0 (analogue) to 16 bit; got {self.resolution_bits} bit"))
        if self.per_cycle_bits < 1:
            errors.append((("per_cycle",), "must be 1 bit or more"))
        if errors:
            raise FieldsError(errors)
        return self


class WeightColumns:
    """Columns of an array by the cells that a weight takes."""

    if TYPE_CHECKING:
        n_columns: int
        n_cells_per_weight: int
        signed: Literal["differential", "offset", "unsigned"]

    @property
    def n_columns_per_weight(self) -> int:
        """Columns that one signed weight takes."""
        return self.n_cells_per_weight * (2 if self.signed == "differential" else 1)

    @property
    def n_weights_per_row(self) -> int:
        """Weights side by side on one row."""
        usable = self.n_columns - (1 if self.signed == "offset" else 0)
        return usable // self.n_columns_per_weight


class ArraySpec(WeightColumns, FileModel):
    """The value side of one kind of array. The defaults are ideal: no error, no wire, no converter.

    Parameters
    ----------
    n_rows, n_columns : cells of one array
    g_min_siemens, g_max_siemens : conductance window
    n_levels : levels of a cell, evenly over the window; 0 is a continuum
    n_cells_per_weight : slices of a weight, the least significant first; base `n_levels`
    signed : as in `archsim.spec.chip.Crossbar`
    inputs, backward_inputs : how the rows are driven, and the columns in a transposed read (absent: as the rows,
        with a sign)
    readout, backward_readout : what reads the columns, and the rows in a transposed read (absent: as the columns)
    backward_learned : file of the error model of transposed reads (absent: that of `errors.learned`)
    exact : directions whose reads see neither noise, wires, a curve nor learned errors; what cells hold stays
    read_voltage_v, read_pulse_ps : the full voltage of a word line, and the time of one read
    on_time_ps : how long the cells conduct in it (all of it if absent): the bandwidth of their thermal noise
    cell : "passive" conducts whenever there is a voltage; "gated" (1T1R) is switched by its word line and fed
        by a supply line beside its column
    pulses : law of the pulses that a write of a cell takes, where `errors` says nothing of it (absent: one each)
    precision : "single" sums the currents in 32-bit numbers: quicker, good to about 1e-6

    Examples
    --------
    >>> spec = ArraySpec(rows=64, columns=64, levels=4, cells_per_weight=4)
    >>> spec.n_rows, spec.signed, spec.errors.programming
    (64, 'differential', None)
    """

    n_rows: Count = 128
    n_columns: Count = 128
    g_min_siemens: ConductanceSiemens = 1e-6
    g_max_siemens: ConductanceSiemens = 1e-4
    n_levels: Annotated[int, Field(ge=0, le=MOST_COUNT)] = 0
    n_cells_per_weight: Count = 1
    signed: Literal["differential", "offset", "unsigned"] = "differential"
    read_voltage_v: VoltageV = 0.2
    read_pulse_ps: TimePs = 100_000
    on_time_ps: TimePs | None = None
    cell: Literal["passive", "gated"] = "passive"
    weights: WeightRules = WeightRules()
    inputs: InputRules = InputRules()
    backward_inputs: InputRules | None = None
    readout: ReadoutKind = Field(default_factory=no_converter)
    backward_readout: ReadoutKind | None = None
    errors: CellErrors = CellErrors()
    backward_learned: str | None = None
    exact: frozenset[Literal["forward", "backward"]] = frozenset()
    wires: Wires | None = None
    curve: CellCurve | None = None
    pulses: Annotated[Any, KindOf("archsim.pulses")] | None = None
    precision: Literal["double", "single"] = "double"

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if self.g_max_siemens <= self.g_min_siemens:
            errors.append((("g_max",), "must be larger than g_min"))
        if self.n_levels == 1:
            errors.append((("levels",), "must be 0 (a continuum) or 2 and more"))
        if self.n_cells_per_weight > 1 and self.n_levels < 2:
            errors.append((("cells_per_weight",), "several cells per weight need levels of 2 or more"))
        if said := level_error(self.n_levels, self.n_cells_per_weight):
            errors.append((("cells_per_weight",), said))
        if self.n_weights_per_row < 1:
            said = f"{self.n_columns} hold no weight of {self.n_columns_per_weight} columns"
            errors.append((("columns",), said))
        if self.read_voltage_v <= 0:
            errors.append((("read_voltage",), "must be above zero"))
        if self.read_pulse_ps <= 0:
            errors.append((("read_pulse",), "must be above zero"))
        elif self.on_time_ps is not None and not 0 < self.on_time_ps <= self.read_pulse_ps:
            errors.append((("on_time",), "must be above zero, and no longer than read_pulse"))
        beside = learned_errors(self.errors, self.wires, self.curve)
        errors += [((name,), "errors.learned stands for it; leave one of them out") for name in beside]
        if errors:
            raise FieldsError(errors)
        return self


def level_error(n_levels: int, n_cells_per_weight: int) -> str | None:
    """The error of so many levels of a weight; None if double precision tells them all apart.

    Examples
    --------
    >>> level_error(4, 26), level_error(0, 1)
    (None, None)
    >>> level_error(256, 8)
    '8 cells of 256 levels make more than 2^53 levels of a weight, which double precision does not tell apart; \
at most 6 of them do not'
    """
    most = 1
    while n_levels > 1 and n_levels ** (most + 1) <= MOST_LEVELS:
        most += 1
    if n_levels < 2 or (n_cells_per_weight <= most and n_levels <= MOST_LEVELS):
        return None
    said = f"{n_cells_per_weight} cells of {n_levels} levels make more than 2^53 levels of a weight"
    advice = f"at most {most} of them do not" if n_levels <= MOST_LEVELS else "use fewer levels"
    return f"{said}, which double precision does not tell apart; {advice}"
