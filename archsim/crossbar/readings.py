"""Forward and backward reads of a grid of arrays as it conducts now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells import Cells
from archsim.crossbar.draws import Draws
from archsim.crossbar.layout import Layout
from archsim.crossbar.learned.model import ErrorModel
from archsim.crossbar.mvm.kernels import Coding
from archsim.crossbar.mvm.lines import Lines
from archsim.crossbar.mvm.noise import Between, Noise, uniform_or_all
from archsim.crossbar.mvm.reading import Products, Reading, Source, Tally
from archsim.crossbar.mvm.weights import WeightMap, level_scale, pedestal
from archsim.crossbar.readouts.converter import Adc
from archsim.crossbar.shares import Shares, shares_of
from archsim.crossbar.wired import Solved, SolvedBackward, bent_digits, is_linear, transfers
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
# of the cells of weights, and of reference columns
Pair = tuple[Floats, Floats | None] | None


@dataclass(frozen=True)
class Conducting:
    """Conductances of a grid now, in full cells (and their squares), for one direction of reading.

    Parameters
    ----------
    cells, reference : arrays (n_in, n_out, S, P), (n_in, n_column_blocks) or None
        Of linear circuits what they seem to conduct between their wires, else in siemens.
    white, thermal : variances of both, or None
        Of wired cells, seen through the wires; white noise with the row of the cell driven alone.
    crowded, ideal : variances of both, or None
        Of wired cells: white noise with all rows driven, and, where cells are nonlinear, with ideal wires.
    """

    cells: Floats
    reference: Floats | None
    white: Pair
    thermal: Pair
    crowded: Pair = None
    ideal: Pair = None

    @classmethod
    def of(cls, spec: ArraySpec, layout: Layout, cells: Cells, beside: Cells | None, backward: bool) -> Conducting:
        """Read the cells' state."""
        g = np.asarray(cells.conductance_siemens)
        g_beside = None if beside is None else np.asarray(beside.conductance_siemens)
        white = thermal = None
        if is_noisy(spec):
            white = _both(cells.white_variance, None if beside is None else beside.white_variance)
            thermal = _both(cells.thermal_variance, None if beside is None else beside.thermal_variance)
        crowded = ideal = None
        if spec.wires is not None and (white is not None or thermal is not None):
            share, share_beside = shares_of(spec, layout, g, g_beside, backward)
            ideal = None if spec.curve is None else white
            crowded = _seen(white, share, share_beside, "crowded")
            white = _seen(white, share, share_beside, "alone")
            thermal = _seen(thermal, share, share_beside, "thermal")
            if spec.cell == "gated" and thermal is not None:  # a cell that is off has none
                white, crowded, thermal = _sum(white, thermal), _sum(crowded, thermal), None
        if is_linear(spec):
            window = spec.g_max_siemens - spec.g_min_siemens
            if spec.wires is not None:
                g, g_beside = transfers(g, g_beside, layout, spec.wires, backward)
            g, g_beside = g / window, None if g_beside is None else g_beside / window
        return cls(g, g_beside, *(_over(pair, spec) for pair in (white, thermal, crowded, ideal)))


def is_noisy(spec: ArraySpec) -> bool:
    """Whether each read is another."""
    return spec.errors.read_noise is not None or spec.errors.thermal_noise


def seen_by(spec: ArraySpec, direction: Literal["forward", "backward"]) -> ArraySpec:
    """An array as the reads of one direction see it."""
    errors, learned = spec.errors, spec.errors.learned
    if direction == "backward" and spec.backward_learned is not None:
        learned = spec.backward_learned
    if direction not in spec.exact:
        known = spec.model_copy(update={"errors": errors.model_copy(update={"learned": learned})})
        return _all_rows_on(known) if direction == "backward" else known
    quiet = errors.model_copy(update={"read_noise": None, "thermal_noise": False, "learned": None})
    return spec.model_copy(update={"errors": quiet, "wires": None, "curve": None})


def _all_rows_on(spec: ArraySpec) -> ArraySpec:
    """Gated cells as columns drive them, with all rows switched on: passive ones between bit and supply lines."""
    if spec.cell == "passive" or spec.wires is None:
        return spec
    wires = spec.wires.model_copy(update={"row_ohm": spec.wires.supply_ohm})
    return spec.model_copy(update={"cell": "passive", "wires": wires})


def _both(cells: Floats | None, beside: Floats | None) -> Pair:
    return None if cells is None else (cells, beside)


def _over(pair: Pair, spec: ArraySpec) -> Pair:
    if pair is None:
        return None
    unit = (spec.g_max_siemens - spec.g_min_siemens) ** 2
    return pair[0] / unit, None if pair[1] is None else pair[1] / unit


def _sum(one: Pair, other: Pair) -> Pair:
    if one is None or other is None:
        return other if one is None else one
    beside = None if one[1] is None or other[1] is None else one[1] + other[1]
    return one[0] + other[0], beside


def _seen(pair: Pair, share: Shares, beside: Shares | None, kind: str) -> Pair:
    """Variances at the read-out."""
    if pair is None:
        return None
    of_beside = None if pair[1] is None or beside is None else pair[1] * getattr(beside, kind)
    return pair[0] * getattr(share, kind), of_beside


@dataclass(frozen=True)
class Setting:
    """State that all reads of one grid share."""

    spec: ArraySpec
    weight_map: WeightMap
    layout: Layout
    compiled: ModuleType | None
    rng: np.random.Generator
    draws: Draws
    tally: Tally
    learned: ErrorModel | None = None


def forward_reading(setting: Setting, now: Conducting, digit_max: int, adc: Adc | None) -> Reading:
    """Rows driven, columns read."""
    spec, layout, lines = setting.spec, setting.layout, Lines.of(setting.weight_map)
    how = setting.weight_map.combine()
    source: Source
    if is_linear(spec):
        source = Products(lines.merged(now.cells, now.reference), layout.row_blocks, digit_max, _kind(spec))
    else:
        source = Solved(spec, now.cells, now.reference, layout, lines, digit_max)
    return Reading(
        source=source,
        lines=lines,
        blocks=layout.row_blocks,
        scale=how.w_unit,
        offset=how.digital_offset,
        coding=None if adc is None else Coding.of(adc),
        noise=_forward_noise(spec, lines, layout, now, digit_max),
        learned=setting.learned,
        bend=_bend(spec, digit_max),
        steps=level_scale(spec).digit_max,
        compiled=setting.compiled,
        rng=setting.rng,
        draws=setting.draws,
        tally=setting.tally,
    )


def _kind(spec: ArraySpec) -> type:
    return np.float32 if spec.precision == "single" else np.float64


def _bend(spec: ArraySpec, digit_max: int) -> partial[Floats] | None:
    """A curve between ideal wires; gated cells always see the full voltage."""
    return _curve(spec, digit_max) if spec.wires is None else None


def _curve(spec: ArraySpec, digit_max: int) -> partial[Floats] | None:
    if spec.curve is None or spec.cell == "gated":
        return None
    return partial(bent_digits, spec, digit_max=digit_max)


def _ratio(spec: ArraySpec) -> float:
    return 0.0 if spec.curve is None else spec.read_voltage_v / spec.curve.v0_v


def _forward_noise(spec: ArraySpec, lines: Lines, layout: Layout, now: Conducting, digit_max: int) -> Noise | None:
    white, thermal = _acting(spec, now)
    if white is None and thermal is None:
        return None

    def per_line(pair: Pair, over: float) -> list[Floats] | None:
        if pair is None:
            return None
        found = lines.variances(pair[0] / over)
        if lines.has_reference and pair[1] is not None:
            found.append(pair[1] / over)
        return found

    def per_digit(pair: Pair) -> list[Singles | float] | None:
        found = per_line(pair, float(digit_max**2))
        return None if found is None else uniform_or_all(found)

    def beside(pair: Pair, over: float) -> Floats | None:
        shared = lines.subtracts and pair is not None and pair[1] is not None
        return pair[1] / over if shared and pair is not None and pair[1] is not None else None

    of_thermal, thermal_beside = per_line(thermal, 1.0), beside(thermal, 1.0)
    between, crowded = None, per_digit(now.crowded)
    if crowded is not None:
        shared = beside(now.crowded, digit_max**2), per_digit(now.ideal), beside(now.ideal, digit_max**2)
        between = Between(crowded, *shared, digit_max, 1.0, _ratio(spec), spec.cell == "gated")
    return Noise(
        white=per_digit(white),
        thermal=None if of_thermal is None else [_by_block(v, layout.row_blocks) for v in of_thermal],
        shared_white=beside(white, digit_max**2),
        shared_thermal=None if thermal_beside is None else _by_block(thermal_beside, layout.row_blocks),
        between=between,
        bend=_curve(spec, digit_max),
    )


def _acting(spec: ArraySpec, now: Conducting) -> tuple[Pair, Pair]:
    """White and thermal variances; a gated cell that is off has no thermal noise either."""
    if spec.cell == "passive":
        return now.white, now.thermal
    return _sum(now.white, now.thermal), None


def _by_block(variance: Floats, blocks: list[slice]) -> Floats:
    return np.stack([variance[rows].sum(axis=0) for rows in blocks])


def pair_is_driven_at_once(spec: ArraySpec, bipolar: bool) -> bool:
    """Backward: plus columns with e and minus columns with -e in the same read."""
    return spec.signed == "differential" and bipolar


def backward_lines(setting: Setting, bipolar: bool) -> Lines:
    """Slices one after the other; polarities too where voltages have one sign."""
    spec, weight = setting.spec, setting.weight_map.combine().slice_weight
    if spec.signed == "differential" and not bipolar:
        weight = np.concatenate([weight, -weight])
    merged = pair_is_driven_at_once(spec, bipolar)
    return Lines(weight, merged, False, setting.layout.block_of_output)


def backward_reading(
    setting: Setting, now: Conducting, ts: list[int], bipolar: bool, digit_max: int, adc: Adc | None
) -> Reading:
    """Columns driven, the rows of the row blocks `ts` read; a reference column rests at 0 V."""
    spec, layout = setting.spec, setting.layout
    lines, scale = backward_lines(setting, bipolar), level_scale(spec)
    rows = slice(layout.row_blocks[ts[0]].start, layout.row_blocks[ts[-1]].stop)
    source: Source
    if is_linear(spec):
        turned = [line.T for line in lines.merged(now.cells[rows], None)]
        source = Products([np.ascontiguousarray(m) for m in turned], layout.column_blocks, digit_max, _kind(spec))
    else:
        source = SolvedBackward(spec, now.cells, layout, ts, bipolar, digit_max)
    offset = 0.0
    if spec.signed != "differential":
        offset = scale.zero_level + pedestal(spec) * scale.digit_max * float(scale.slice_base.sum())
    return Reading(
        source=source,
        lines=lines,
        blocks=layout.column_blocks,
        scale=_scale_of_rows(setting, ts),
        offset=offset,
        coding=None if adc is None else Coding.of(adc),
        noise=_backward_noise(spec, lines, layout, now, rows, digit_max),
        learned=setting.learned,
        bend=_bend(spec, digit_max),
        steps=scale.digit_max,
        compiled=setting.compiled,
        rng=setting.rng,
        draws=setting.draws,
        tally=setting.tally,
    )


def _scale_of_rows(setting: Setting, ts: list[int]) -> Floats:
    """(n_column_blocks, rows): largest weight of a level in each array; drives carry the rest."""
    largest, layout = largest_units(setting), setting.layout
    sizes = [layout.row_blocks[t].stop - layout.row_blocks[t].start for t in ts]
    return np.repeat(largest[ts].T, sizes, axis=1)


def largest_units(setting: Setting) -> Floats:
    """(n_row_blocks, n_column_blocks): largest weight of a level in each array."""
    unit = setting.weight_map.combine().w_unit
    return np.stack([unit[:, part].max(axis=1) for part in setting.layout.column_blocks], axis=1)


def _backward_noise(
    spec: ArraySpec, lines: Lines, layout: Layout, now: Conducting, rows: slice, digit_max: int
) -> Noise | None:
    if now.white is None and now.thermal is None:
        return None

    def per_digit(pair: Pair) -> list[Singles | float] | None:
        if pair is None:
            return None
        found = [np.ascontiguousarray(v.T) / digit_max**2 for v in lines.variances(pair[0][rows])]
        return uniform_or_all(found)

    thermal = between = None
    if now.thermal is not None:
        # all cells of a row are connected, whichever slice is driven
        of_row = now.thermal[0][rows].sum(axis=(2, 3)).T
        thermal = [_by_block(of_row, layout.column_blocks)] * len(lines.level_weight)
    crowded = per_digit(now.crowded)
    if crowded is not None:
        # one slice and polarity at a time; plus columns against minus columns leave rows where they are
        part = 0.0 if lines.subtracts else 1 / len(lines.level_weight)
        between = Between(crowded, None, per_digit(now.ideal), None, digit_max, part, _ratio(spec), False)
    return Noise(per_digit(now.white), thermal, between=between, bend=_curve(spec, digit_max))
