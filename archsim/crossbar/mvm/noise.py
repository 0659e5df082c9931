"""Noise of reads, referred to the sums: the law of many noisy cells without drawing each of them.

Additive, independent, Gaussian noise of the cells gives every sum a Gaussian of variance ``sum_i V_i^2 var_i``
(white noise, which acts on the driven voltage) ``+ sum_i thermal_i`` (thermal noise, which needs none). A
reference column is subtracted from all columns of its array, and so is its noise: one draw for them all.

With a nonlinear I-V curve V is the curve's value at the voltage: it is applied to the digits first. Between wires
the variance depends on how many rows are driven (`Between`).

Where sums are not converted, an output is a weighted sum of theirs, and so is its noise: one Gaussian with the
variances of all cycles, slices and blocks, each with the square of its weight (`OutputNoise`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.draws import Draws
from archsim.crossbar.mvm.driven import WholeRows
from archsim.crossbar.mvm.inputs import Drive

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

# least deviation that is mixed, in full cells
_TINY = np.float32(1e-30)


@dataclass(frozen=True)
class Between:
    """White noise between wires: deviations of a row alone, of all rows, and of ideal wires, mixed for each read.

    With b the digits as cells see them, over the largest, a vector takes the part ``p = (sum(b)^2 / sum(b^2) - 1)
    / (rows - 1)`` of what driving all other rows adds: exact to first order in the wires where cells are alike,
    since row k lacks ``sum_m b_m`` times the same for each m. It is 1 for equal digits, about the active part of
    spikes and about 0 for balanced signs. Gates do not set the voltage: p is the mean of the other rows, and a
    cell's ``u = v`` falls as ``1 / (1 + p z)``, so the deviations' ``-1/2``-th powers are mixed. Bent cells
    between wires lack less at less than the full voltage, as their slope falls: ``cosh(x d) / cosh(x)``, mean
    with b^2; the rest is as with ideal wires.

    Parameters
    ----------
    white, shared_white : variances as in `Noise`, with all rows driven
    ideal, shared_ideal : the same with ideal wires, or None where cells are linear
    digit_max : int
    part : float
        Part of the lines that a full drive drives.
    ratio : float
        x, the read voltage over that of the curve.
    gated : bool
    """

    white: list[Singles | float]
    shared_white: Floats | None
    ideal: list[Singles | float] | None
    shared_ideal: Floats | None
    digit_max: int
    part: float
    ratio: float
    gated: bool

    def weights(self, digits: NDArray[Any], bent: NDArray[Any]) -> Singles:
        """(n, 3): of a row alone, all rows, ideal wires, for digits (n, rows) of one block."""
        part = digits / self.digit_max
        b = bent / self.digit_max
        squares = np.square(b)
        total = np.maximum(squares.sum(axis=1), 1e-300)
        driven, others = b.sum(axis=1), max(b.shape[1] - 1, 1)
        if self.gated:
            p = (driven - total / np.maximum(driven, 1e-300)) / others
        else:
            p = self.part * (np.square(driven) / total - 1) / others
        lacking = np.ones(len(b))
        if self.ideal is not None:
            lacking = (squares * np.cosh(self.ratio * part)).sum(axis=1) / (total * np.cosh(self.ratio))
        return np.stack([lacking * (1 - p), lacking * p, 1 - lacking], axis=1).astype(np.float32)

    def mixed(self, deviations: list[Singles], weights: Singles) -> Singles:
        """(n, width) of those of a row alone, all rows and, where there are, ideal wires."""
        of_each = zip(deviations, weights.T[:, :, None], strict=False)
        if not self.gated:
            return np.asarray(sum(w * d for d, w in of_each))
        return np.asarray(np.square(1 / sum(w / np.sqrt(np.maximum(d, _TINY)) for d, w in of_each)))


@dataclass(frozen=True)
class Noise:
    """Variances in full cells squared.

    Parameters
    ----------
    white : list of arrays (n_in, width) or floats, or None
        Per line of columns, per squared digit; a number where all cells have the same.
    thermal : list of arrays (n_blocks, width), or None
        Per line, summed over the rows of each block.
    shared_white : array (n_in, n_column_blocks) or None
        Of reference columns that are subtracted as currents.
    shared_thermal : array (n_blocks, n_column_blocks) or None
    between : Between or None
        Between wires; `white` is that of rows driven alone.
    bend : function or None
        From digits to those that a linear cell would need for the same current.
    """

    white: list[Singles | float] | None
    thermal: list[Floats] | None
    shared_white: Floats | None = None
    shared_thermal: Floats | None = None
    between: Between | None = None
    bend: Callable[[Floats], Floats] | None = None

    def whole(self, blocks: list[slice]) -> list[WholeRows | float]:
        """White variances of each line as whole numbers; 0 where there are none."""
        given = self.white or [0.0] * len(self.thermal or ())
        return [v if isinstance(v, float) else WholeRows.narrow(v, blocks) for v in given]

    def bent(self, digits: NDArray[Any]) -> NDArray[Any]:
        """Digits as the cells see them."""
        return digits if self.bend is None else self.bend(digits.astype(np.float64))

    @property
    def is_plain(self) -> bool:
        """Whether the variance of a sum is that of its driven cells, and a constant."""
        return all(law is None for law in (self.between, self.shared_white, self.shared_thermal, self.bend))

    def squares(self, digits: NDArray[Any]) -> tuple[Singles, Singles | None]:
        """Of the digits (n, rows) of a block, and weights of `Between`."""
        bent = self.bent(digits)
        weights = None if self.between is None else self.between.weights(digits, bent)
        return np.square(bent, dtype=np.float32), weights

    def noisy(self, squares: Singles) -> slice | NDArray[np.int64]:
        """Vectors whose sums are noisy: all, or those that drive a row where there is no other noise."""
        if self.thermal is not None or self.shared_thermal is not None:
            return slice(None)
        driven = squares.any(axis=1)
        return slice(None) if driven.all() else np.flatnonzero(driven)

    def of_line(
        self,
        line: int,
        block: int,
        rows: slice,
        squares: Singles,
        weights: Singles | None,
        drawn: Singles,
    ) -> Singles:
        """Standard normal `drawn` (n, width) as noise of a line; `squares` are those of the digits of `rows`."""
        white: list[Floats | Singles | float | None] = [None if self.white is None else self.white[line]]
        if self.between is not None:
            white.append(self.between.white[line])
            white += [] if self.between.ideal is None else [self.between.ideal[line]]
        thermal = None if self.thermal is None else self.thermal[line][block]
        return self._scaled(white, thermal, rows, squares, weights, drawn)

    def shared(
        self, block: int, rows: slice, squares: Singles, weights: Singles | None, draw: Callable[[int], Singles]
    ) -> Singles | None:
        """Noise of each reference column, (n, n_column_blocks); `draw` gives so many standard normal ones."""
        either = self.shared_thermal if self.shared_white is None else self.shared_white
        if either is None:
            return None
        thermal = None if self.shared_thermal is None else self.shared_thermal[block]
        white: list[Floats | Singles | float | None] = [self.shared_white]
        if self.between is not None:
            white.append(self.between.shared_white)
            white += [] if self.between.ideal is None else [self.between.shared_ideal]
        return self._scaled(white, thermal, rows, squares, weights, draw(either.shape[1]))

    def _scaled(
        self,
        white: list[Floats | Singles | float | None],
        thermal: Floats | None,
        rows: slice,
        squares: Singles,
        weights: Singles | None,
        drawn: Singles,
    ) -> Singles:
        """Times its deviation, in place; single precision is far finer than any sample tells."""
        if self.between is None or weights is None:
            variance = _variance(white[0], rows, squares)
        else:
            deviations = [np.sqrt(_variance(law, rows, squares)) for law in white]
            variance = np.square(self.between.mixed(deviations, weights))
        if thermal is not None:
            variance = variance + thermal.astype(np.float32)
        drawn *= np.sqrt(variance, out=variance)
        return drawn


def _variance(white: Floats | Singles | float | None, rows: slice, squares: Singles) -> Singles:
    """(n, 1) or (n, width)."""
    if white is None:
        return np.zeros((1, 1), np.float32)
    if isinstance(white, float):
        return np.asarray(white * squares.sum(axis=1, keepdims=True), np.float32)
    return np.asarray(squares @ np.asarray(white[rows], np.float32))


def uniform_or_all(variances: list[Floats]) -> list[Singles | float]:
    """Numbers instead of arrays of equal variances: one product less."""
    return [float(v.flat[0]) if (v == v.flat[0]).all() else v.astype(np.float32) for v in variances]


@dataclass(frozen=True)
class OutputNoise:
    """Noise of outputs that are linear in the sums of all lines and blocks.

    Variances are relative to the largest weights of a line and of a block, so that single precision holds them.

    Parameters
    ----------
    white : array (n_in, n_out) or (n_blocks, n_out), number or None
        Per squared digit; of blocks where all cells of a line have the same, a number where all outputs have.
    thermal : array (n_out,) or None
    shared_white : array (n_in, n_column_blocks) or None
    shared_thermal : array (n_blocks, n_column_blocks) or None
    shared_weight : array (n_blocks, n_out)
        What a reference column's sum weighs in the outputs of its array, relative too.
    unit : float
        What the relative weight 1 stands for.
    blocks : list of slice
    block_of_output : array (n_out,)
    bend : function or None
        As in `Noise`.
    """

    white: Singles | float | None
    thermal: Singles | None
    shared_white: Singles | None
    shared_thermal: Singles | None
    shared_weight: Floats
    unit: float
    blocks: list[slice]
    block_of_output: NDArray[np.int64]
    bend: Callable[[Floats], Floats] | None

    @classmethod
    def of(
        cls,
        noise: Noise,
        level_weight: Floats,
        scale: Floats,
        blocks: list[slice],
        block_of_output: NDArray[np.int64],
    ) -> OutputNoise:
        """Merge the noise of lines of `level_weight` and blocks of `scale` (n_blocks, n_out)."""
        largest = np.abs(scale).max(), np.abs(level_weight).max()
        of_block, of_line = scale / largest[0], level_weight / largest[1]
        thermal = None
        if noise.thermal is not None:
            thermal = sum(
                w**2 * (of_block**2 * v).sum(axis=0) for w, v in zip(of_line, noise.thermal, strict=True)
            )
        return cls(
            white=None if noise.white is None else _merged(noise.white, of_line, of_block, blocks),
            thermal=_single(thermal),
            shared_white=_single(noise.shared_white),
            shared_thermal=_single(noise.shared_thermal),
            shared_weight=of_block * of_line.sum(),
            unit=float(largest[0] * largest[1]),
            blocks=blocks,
            block_of_output=block_of_output,
            bend=noise.bend,
        )

    def add(self, y: Floats, drive: Drive, draws: Draws) -> None:
        """Add a draw to each of the outputs `y` (n, n_out) of a drive."""
        squares, n_cycles = drive.squares(self.bend)
        unit = self.unit * drive.unit * drive.digit_max * float(np.abs(drive.cycle_weight).max())
        variance = self._variance(squares)
        if self.thermal is not None:
            variance = variance + self.thermal * np.float32(n_cycles)
        reads = draws.take(drive.n * drive.n_cycles) + np.arange(drive.n) * drive.n_cycles
        drawn = draws.normals(0, reads, y.shape[1])
        drawn *= np.sqrt(variance)
        y += np.multiply(drawn, unit, dtype=np.float64)
        self._add_shared(y, squares, n_cycles, unit, partial(draws.normals, reads=reads))

    def _variance(self, squares: Singles) -> Singles:
        """(n, 1) or (n, n_out)."""
        if self.white is None:
            return np.zeros((1, 1), np.float32)
        if isinstance(self.white, float):
            return np.asarray(squares.sum(axis=1, keepdims=True) * np.float32(self.white))
        if len(self.white) != squares.shape[1]:
            squares = np.stack([squares[:, rows].sum(axis=1) for rows in self.blocks], axis=1)
        return np.asarray(squares @ self.white)

    def _add_shared(
        self, y: Floats, squares: Singles, n_cycles: float, unit: float, draw: Callable[..., Singles]
    ) -> None:
        either = self.shared_thermal if self.shared_white is None else self.shared_white
        if either is None:
            return
        for t, rows in enumerate(self.blocks):
            variance = np.zeros((1, 1), np.float32)
            if self.shared_white is not None:
                variance = squares[:, rows] @ self.shared_white[rows]
            if self.shared_thermal is not None:
                variance = variance + self.shared_thermal[t] * np.float32(n_cycles)
            drawn = draw(1 + t, width=either.shape[1]) * np.sqrt(variance)
            y -= drawn[:, self.block_of_output] * (self.shared_weight[t] * unit)


def _merged(
    white: list[Singles | float], of_line: Floats, of_block: Floats, blocks: list[slice]
) -> Singles | float:
    squared = np.square(of_block)
    if all(isinstance(v, float) for v in white):
        of_all = float(sum(w**2 * v for w, v in zip(of_line, white, strict=True)))
        if (squared == squared[0, 0]).all() and squared[0, 0] == 1.0:
            return of_all
        if len(blocks) < max(part.stop for part in blocks):
            return np.asarray(of_all * squared, np.float32)
    sizes = [part.stop - part.start for part in blocks]
    of_cells = sum(w**2 * np.asarray(v) for w, v in zip(of_line, white, strict=True))
    return np.asarray(of_cells * np.repeat(squared, sizes, axis=0), np.float32)


def _single(variance: Floats | None) -> Singles | None:
    return None if variance is None else np.asarray(variance, np.float32)
