"""Weights as conductances, and back.

A cell of ``N`` levels holds a *digit* ``d`` in 0 .. N-1 as ``g = g_min + d / (N-1) (g_max - g_min)``. A weight is
an integer level in base ``N`` over the cells of its slices, the least significant first; a continuum (0
levels) is one cell with ``d`` in [0, 1]. Schemes, with ``L = N^S`` levels over ``S`` slices:

========================  ====================================================  =========================
scheme                    weight of the digits                                  weight of one level
========================  ====================================================  =========================
differential              ``unit sum_s N^s (d+_s - d-_s)``                      ``w_max / (L - 1)``
offset, unsigned          ``unit (sum_s N^s d_s - z)``, ``z = floor(L / 2)``    ``w_max / (L - 1 - z)``
========================  ====================================================  =========================

Two levels have none at zero (``z = 1/2``): they stand for ``-w_max`` and ``w_max``. A continuum has ``z = 1/2`` of
its full scale too. "offset" subtracts a reference column at digit ``c = floor(N / 2)`` (a continuum: 1/2) from
every slice; what that does not remove, and everything of "unsigned", is removed digitally, where the sum of
inputs is known.

Schemes as in T. P. Xiao et al., "On the accuracy of analog neural network inference accelerators", IEEE
Circuits and Systems Magazine 22(4), 2022; equations in ``docs/models/crossbar.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import SpecError
from archsim.spec.values import ArraySpec, FixedClip, MaxClip, PercentileClip, WeightRules

Floats = NDArray[np.float64]

_LIMITS = np.finfo(np.float64)


@dataclass(frozen=True)
class LevelScale:
    """How digits of a scheme add up to a level.

    Parameters
    ----------
    digit_max : float
        Largest digit of a cell: levels - 1, or 1 for a continuum.
    slice_base : ndarray (S,)
        Worth of each slice's digit, least significant first.
    level_max : float
        Largest level of a weight.
    zero_level : float
        Level of the weight zero: ``z``; 0 for differential pairs.
    reference_digit : float
        Digit of the reference column: ``c``; 0 where there is none.
    """

    digit_max: float
    slice_base: Floats
    level_max: float
    zero_level: float
    reference_digit: float


def level_scale(spec: ArraySpec) -> LevelScale:
    """Digits and levels of an array, no more than double precision tells apart (`spec.values.level_error`).

    Examples
    --------
    >>> level_scale(ArraySpec(levels=4, cells_per_weight=2, signed="offset"))
    LevelScale(digit_max=3.0, slice_base=array([1., 4.]), level_max=15.0, zero_level=8.0, reference_digit=2.0)
    """
    n_slices, is_continuum = spec.n_cells_per_weight, spec.n_levels == 0
    n_of_weight = 2 if is_continuum else spec.n_levels**n_slices  # a continuum counts in full scales
    zero_level = 0.5 if n_of_weight == 2 else float(n_of_weight // 2)
    reference = 0.5 if is_continuum else float(spec.n_levels // 2)
    return LevelScale(
        digit_max=1.0 if is_continuum else float(spec.n_levels - 1),
        slice_base=np.array([float(max(spec.n_levels, 1) ** s) for s in range(n_slices)]),
        level_max=float(n_of_weight - 1),
        zero_level=0.0 if spec.signed == "differential" else zero_level,
        reference_digit=reference if spec.signed == "offset" else 0.0,
    )


@dataclass(frozen=True)
class Combination:
    """From column sums to outputs: ``y_n = sum_t w_unit[t, n] (sum_s slice_weight[s] sum_tns - offset X_t)``.

    ``sum_tns`` is a column's (differential: plus minus minus; offset: minus reference) sum in full cells for
    inputs in user units; ``X_t`` the sum of the inputs of row block ``t``.

    Parameters
    ----------
    w_unit : ndarray (n_row_blocks, n_out)
        Weight of one level.
    slice_weight : ndarray (S,)
        Levels of one full cell in each slice.
    digital_offset : float
        Levels that every input adds and that logic takes away; with "unsigned" the share of g_min as well.
    """

    w_unit: Floats
    slice_weight: Floats
    digital_offset: float


@dataclass(frozen=True)
class WeightMap:
    """Where a matrix of weights sits and what brings the sums back to its units.

    Parameters
    ----------
    spec : ArraySpec
    target_siemens : ndarray (n_in, n_out, S, P)
        Conductance that each cell shall have: slices with the least significant first; P = 2 (plus, minus) for
        differential pairs, else 1.
    reference_siemens : ndarray (n_in, n_column_blocks) or None
        Reference columns of "offset".
    w_max : ndarray (n_row_blocks, n_out)
        Weight that fills the range; equal entries where a range is shared.
    n_clipped : int
        Weights outside of what the levels reach.
    range_used : float
        Largest magnitude in use over `w_max`, mean over the columns of all blocks, 0 .. 1.
    """

    spec: ArraySpec
    target_siemens: Floats
    reference_siemens: Floats | None
    w_max: Floats
    n_clipped: int
    range_used: float

    @property
    def shape(self) -> tuple[int, int]:
        """Inputs and outputs."""
        return self.target_siemens.shape[0], self.target_siemens.shape[1]

    @property
    def grid(self) -> tuple[int, int]:
        """Blocks of rows and of columns."""
        return grid_of(self.shape, self.spec)

    def combine(self) -> Combination:
        """Numbers that lead from column sums to outputs."""
        return self._combination

    @cached_property
    def _combination(self) -> Combination:
        scale = level_scale(self.spec)
        all_slices = scale.slice_base.sum()
        offset = scale.zero_level - scale.reference_digit * all_slices
        if self.spec.signed == "unsigned":
            offset += pedestal(self.spec) * scale.digit_max * all_slices
        return Combination(
            w_unit=self.w_max / (scale.level_max - scale.zero_level),
            slice_weight=scale.slice_base * scale.digit_max,
            digital_offset=float(offset),
        )

    def row_blocks(self) -> list[slice]:
        """Inputs of each block of rows."""
        return blocks_of(self.shape[0], self.spec.n_rows)

    def column_blocks(self) -> list[slice]:
        """Outputs of each block of columns."""
        return blocks_of(self.shape[1], self.spec.n_weights_per_row)

    def column_block_of_output(self) -> NDArray[np.int64]:
        """Block of columns, and so the reference column, of each output."""
        return np.arange(self.shape[1]) // self.spec.n_weights_per_row


def blocks_of(n: int, n_in_block: int) -> list[slice]:
    """Consecutive blocks; the last may be smaller.

    Examples
    --------
    >>> blocks_of(5, 3)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    return [slice(start, min(start + n_in_block, n)) for start in range(0, n, n_in_block)]


def grid_of(shape: tuple[int, int], spec: ArraySpec) -> tuple[int, int]:
    """Arrays that a matrix takes: blocks of rows and of columns."""
    return -(-shape[0] // spec.n_rows), -(-shape[1] // spec.n_weights_per_row)


def pedestal(spec: ArraySpec) -> float:
    """Current of a cell at g_min, in full cells."""
    return spec.g_min_siemens / (spec.g_max_siemens - spec.g_min_siemens)


def map_weights(weights: ArrayLike, spec: ArraySpec, w_max: Floats | None = None) -> WeightMap:
    """Conductances that stand for a matrix of weights.

    Every weight takes its nearest level; weights outside of the range the level at its end. A group (see
    `WeightRules`) of zeros, which has no largest weight, takes the largest one of the matrix, and a matrix of
    zeros the range 1, so that weights can be written there later. Where a percentile is zero, since most weights
    are, the largest magnitude takes its place.

    Parameters
    ----------
    weights : array_like (n_in, n_out)
    spec : ArraySpec
    w_max : ndarray (n_row_blocks, n_out), optional
        Ranges of an earlier map, to be kept; otherwise they follow from the weights.

    Returns
    -------
    WeightMap

    Raises
    ------
    SpecError
        Weights that are no finite numbers in two dimensions, or so small or large that their levels or sums have
        no number.

    Examples
    --------
    >>> spec = ArraySpec(levels=5, g_min="0 uS", g_max="4 uS")
    >>> mapped = map_weights([[1.0, -0.5]], spec)
    >>> mapped.target_siemens[0, :, 0, :] * 1e6
    array([[4., 0.],
           [0., 2.]])
    >>> weights_of(mapped.target_siemens, None, mapped)
    array([[ 1. , -0.5]])
    """
    w = checked_weights(weights)
    scale = level_scale(spec)
    w_max = _ranges(np.abs(w), spec) if w_max is None else w_max
    _check_ranges(w_max, scale, w.shape[0])
    row_block = np.arange(w.shape[0]) // spec.n_rows
    per_level = (w_max / (scale.level_max - scale.zero_level))[row_block]
    level = w / per_level + scale.zero_level
    lowest = -scale.level_max if spec.signed == "differential" else 0.0
    slack = 1e-9 * scale.level_max
    n_clipped = int(np.count_nonzero((level < lowest - slack) | (level > scale.level_max + slack)))
    level = np.clip(level, lowest, scale.level_max)
    if spec.n_levels:
        level = np.floor(level + 0.5)
    return WeightMap(
        spec=spec,
        target_siemens=_siemens(_digits(level, spec, scale), spec, scale),
        reference_siemens=_reference(w.shape, spec, scale),
        w_max=w_max,
        n_clipped=n_clipped,
        range_used=_range_used(np.abs(w), w_max, spec),
    )


def _check_ranges(w_max: Floats, scale: LevelScale, n_in: int) -> None:
    """Refuse weights whose levels or sums double precision cannot hold."""
    numbers, least, most = _LIMITS, float(w_max.min()), float(w_max.max())
    level = least / (scale.level_max - scale.zero_level)
    if level < numbers.tiny:
        said = f"weights: one level of a range of {least:.3g} would be {level:.3g}, below {numbers.tiny:.3g}"
        raise SpecError(f"{said}, the smallest number of full precision; scale the weights up")
    if most > numbers.max / (4 * n_in * (scale.level_max + 1)):
        said = f"weights: sums of {n_in} weights of {most:.3g}, level by level, can pass {numbers.max:.3g}"
        raise SpecError(f"{said}, the largest number of double precision; scale the weights down")


def weights_of(conductance_siemens: ArrayLike, reference_siemens: ArrayLike | None, map: WeightMap) -> Floats:
    """Weights that conductances stand for: the exact way back, for any conductance.

    Parameters
    ----------
    conductance_siemens : array_like (n_in, n_out, S, P)
        As `WeightMap.target_siemens`.
    reference_siemens : array_like (n_in, n_column_blocks) or None
        As `WeightMap.reference_siemens`.
    map : WeightMap
        Gives the scheme and the ranges.

    Returns
    -------
    ndarray (n_in, n_out)
        The weights with which an ideal read-out of these conductances is ``x @ W``.

    Raises
    ------
    SpecError
        Shapes that disagree with the map.
    """
    g = np.asarray(conductance_siemens, dtype=np.float64)
    reference = None if reference_siemens is None else np.asarray(reference_siemens, dtype=np.float64)
    _check_shapes(g, reference, map)
    spec, how = map.spec, map.combine()
    full_cells = g[..., 0] / (spec.g_max_siemens - spec.g_min_siemens)
    if spec.signed == "differential":
        full_cells = (g[..., 0] - g[..., 1]) / (spec.g_max_siemens - spec.g_min_siemens)
    elif reference is not None:
        beside = reference[:, map.column_block_of_output(), None]
        full_cells = (g[..., 0] - beside) / (spec.g_max_siemens - spec.g_min_siemens)
    level = full_cells @ how.slice_weight - how.digital_offset
    return np.asarray(level * how.w_unit[np.arange(g.shape[0]) // spec.n_rows], dtype=np.float64)


def checked_weights(weights: ArrayLike, shape: tuple[int, int] | None = None, name: str = "weights") -> Floats:
    """A finite matrix in double precision.

    Raises
    ------
    SpecError
        All that is wrong: no numbers, dimensions, no entry, NaN or infinity, another shape than `shape`.
    """
    try:
        w = np.asarray(weights)
    except ValueError:
        w = np.empty((), dtype=object)
    if w.dtype.kind not in "biuf":
        raise SpecError(f"{name}: must be a matrix of real numbers; got {_kind(weights, w)}")
    w = w.astype(np.float64)
    errors = []
    if w.ndim != 2:
        errors.append(f"{name}: must have 2 dimensions (inputs, outputs); got shape {w.shape}")
    elif shape is not None and w.shape != shape:
        errors.append(f"{name}: must have shape {shape} as programmed before; got {w.shape}")
    if w.size == 0:
        errors.append(f"{name}: has no entry (shape {w.shape}); give at least one input and one output")
    if not np.isfinite(w).all():
        bad = np.argwhere(~np.isfinite(w))
        where = ", ".join(map(str, bad[0]))
        errors.append(f"{name}: {len(bad)} not finite, the first at [{where}]: {w[tuple(bad[0])]}")
    if errors:
        raise SpecError("\n".join(errors))
    return w


def _kind(given: Any, array: NDArray[Any]) -> str:
    return f"{type(given).__name__} of {array.dtype}" if array.ndim else type(given).__name__


def _ranges(magnitude: Floats, spec: ArraySpec) -> Floats:
    """(n_row_blocks, n_out): weight that fills the range of each column of a block."""
    rules, n_out = spec.weights, magnitude.shape[1]
    rows = blocks_of(magnitude.shape[0], spec.n_rows)
    columns = blocks_of(n_out, spec.n_weights_per_row)
    of_matrix = float(_range_end(magnitude.reshape(-1, 1), rules)[0]) or 1.0
    w_max = np.full((len(rows), n_out), of_matrix)
    if rules.scale == "matrix":
        return w_max
    for t, row in enumerate(rows):
        if rules.scale == "column":
            w_max[t] = _range_end(magnitude[row], rules)
            continue
        for column in columns:
            w_max[t, column] = _range_end(magnitude[row, column].reshape(-1, 1), rules)[0]
    w_max[w_max == 0] = of_matrix
    return w_max


def _range_end(magnitude: Floats, rules: WeightRules) -> Floats:
    """End of the range of each column of `magnitude`; 0 where all are zero."""
    clip = rules.clip
    largest = np.asarray(magnitude.max(axis=0))
    if isinstance(clip, MaxClip):
        return largest
    if isinstance(clip, FixedClip):
        return np.full(magnitude.shape[1], clip.maximum)
    if isinstance(clip, PercentileClip):
        # inverted_cdf: a magnitude that occurs, no fewer than `percentile` per cent lie inside
        end = np.percentile(magnitude, clip.percentile, axis=0, method="inverted_cdf")
        return np.where(end > 0, end, largest)
    # scaled, so that squares neither overflow nor vanish
    part = magnitude / np.where(largest > 0, largest, 1.0)
    return np.asarray(clip.n_sigmas * largest * np.sqrt((part**2).mean(axis=0)))


def _range_used(magnitude: Floats, w_max: Floats, spec: ArraySpec) -> float:
    largest = np.stack([magnitude[row].max(axis=0) for row in blocks_of(magnitude.shape[0], spec.n_rows)])
    return float(np.minimum(largest / w_max, 1.0).mean())


def _digits(level: Floats, spec: ArraySpec, scale: LevelScale) -> Floats:
    """(n_in, n_out, S, P) digits of signed levels."""
    if spec.signed == "differential":
        level = np.stack([np.maximum(level, 0.0), np.maximum(-level, 0.0)], axis=-1)
    else:
        level = level[..., None]
    if not spec.n_levels:
        return level[:, :, None, :]
    rest: NDArray[np.signedinteger[Any]]
    rest = level.astype(np.int32 if scale.level_max <= np.iinfo(np.int32).max else np.int64)
    digits = np.empty((*level.shape[:2], len(scale.slice_base), level.shape[2]))
    n = spec.n_levels
    for s in range(len(scale.slice_base)):
        if n & (n - 1):
            rest, digits[:, :, s] = np.divmod(rest, n)
        else:  # several times faster
            digits[:, :, s] = rest & (n - 1)
            rest = rest >> (n.bit_length() - 1)
    return digits


def _siemens(digits: Floats, spec: ArraySpec, scale: LevelScale) -> Floats:
    window = spec.g_max_siemens - spec.g_min_siemens
    return np.asarray(spec.g_min_siemens + digits / scale.digit_max * window)


def _reference(shape: tuple[int, ...], spec: ArraySpec, scale: LevelScale) -> Floats | None:
    if spec.signed != "offset":
        return None
    n_blocks = -(-shape[1] // spec.n_weights_per_row)
    return _siemens(np.full((shape[0], n_blocks), scale.reference_digit), spec, scale)


def _check_shapes(g: Floats, reference: Floats | None, map: WeightMap) -> None:
    errors = []
    if g.shape != map.target_siemens.shape:
        errors.append(f"conductance_siemens: must have shape {map.target_siemens.shape}; got {g.shape}")
    expected = None if map.reference_siemens is None else map.reference_siemens.shape
    got = None if reference is None else reference.shape
    if got != expected:
        errors.append(f"reference_siemens: must {_said_shape(expected)}; got {got}")
    if errors:
        raise SpecError("\n".join(errors))


def _said_shape(shape: tuple[int, ...] | None) -> str:
    return "be None: this scheme has no reference column" if shape is None else f"have shape {shape}"
