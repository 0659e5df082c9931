"""Sums over the rows that are driven in full, plus or minus, with their noise and codes: plain and compiled.

Cells and variances are whole numbers, so their sums do not depend on their order; each later step is one rounded
operation on one number. Where reads are noisy these are in single precision, far finer than what the noise leaves
to be told; without noise in double precision, or in whole numbers where a converter has such.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import loops_of
from archsim.crossbar.draws import keys_of, normals
from archsim.crossbar.mvm.kernels import Coding, WholeCoding, aligned_zeros
from archsim.crossbar.readouts.converter import SLACK

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

# whole sums stay below these: exact in double precision, and in 32 bits
_EXACT, _NARROW = 2.0**52, 2.0**31 - 1
# columns of one tile: a cache line, and the widest register there is
TILE_BYTES = 64
# as fine as cells are held where nothing hides it
_FINEST = 40
# cells closer than this to a whole number of level steps are taken as that number
_WHOLE = 1e-9
# weighted codes below this are exact in single precision
_MOST_MERGED = 2.0**24
_NO_TILES = np.empty((0, 0, 0), np.int32)


class Driven:
    """Rows of one block that each read drives.

    Parameters
    ----------
    digits : int8 array (cycles, n, rows)
        -1, 0 or 1.
    """

    def __init__(self, digits: NDArray[np.int8]) -> None:
        self.digits = np.ascontiguousarray(digits)

    @cached_property
    def numbers(self) -> Floats:
        """The digits for a plain product."""
        return self.digits.astype(np.float64)

    @cached_property
    def lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Where the rows of each read begin, where those in minus do, and the rows; reads vector by vector."""
        n_cycles, n, n_rows = self.digits.shape
        start, split = np.zeros(n_cycles * n + 1, np.int64), np.empty(n_cycles * n, np.int64)
        index = np.empty(self.digits.size + n_rows, np.int32)
        loops = loops_of("crossbar.mvm.driven")
        assert loops is not None
        loops.find(self.digits, start, split, index)
        return start, split, index


@dataclass(frozen=True)
class WholeRows:
    """One line of columns as whole numbers, ``number = unit * whole``, for each block of rows.

    Parameters
    ----------
    blocks : list of int32 or int64 arrays (rows, columns)
    unit : float
    largest : int
        No sum of any block is larger.
    """

    blocks: list[NDArray[np.signedinteger[Any]]]
    unit: float
    largest: int
    _tiles: dict[int, NDArray[np.signedinteger[Any]]] = field(default_factory=dict, compare=False)

    def tiles(self, block: int) -> NDArray[np.signedinteger[Any]]:
        """(tiles of columns, rows, columns of a tile), zeros beyond the last column; made when first asked for."""
        if block not in self._tiles:
            cells = self.blocks[block]
            width = TILE_BYTES // cells.itemsize
            n_tiles = -(-cells.shape[1] // width)
            padded = np.zeros((len(cells), n_tiles * width), cells.dtype)
            padded[:, : cells.shape[1]] = cells
            whole = aligned_zeros((n_tiles, len(cells), width), cells.dtype, TILE_BYTES)
            whole[:] = padded.reshape(len(cells), n_tiles, width).transpose(1, 0, 2)
            self._tiles[block] = whole
        return self._tiles[block]

    @classmethod
    def of_cells(cls, line: Floats, rows: list[slice], steps: float) -> WholeRows:
        """Cells (n_in, columns) in full cells, of `steps` level steps each: in 32 bits if that loses nothing."""
        scaled = line * steps
        whole = np.rint(scaled)
        largest = _largest(scaled, rows) + 1
        if largest < _NARROW and bool((np.abs(scaled - whole) <= _WHOLE).all()):
            return cls([whole[part].astype(np.int32) for part in rows], 1 / steps, int(largest))
        parts = 2.0 ** min(_FINEST, int(np.floor(np.log2(_EXACT / largest))))
        whole = np.rint(scaled * parts)
        return cls([whole[part].astype(np.int64) for part in rows], 1 / (steps * parts), int(largest * parts))

    @classmethod
    def narrow(cls, line: NDArray[Any], rows: list[slice]) -> WholeRows:
        """Numbers (n_in, columns) in 32 bits, as fine as their largest sum leaves room for."""
        largest = _largest(line, rows)
        room = _NARROW - 2.0**10 - max(part.stop - part.start for part in rows)  # the unit is rounded too
        unit = float(np.float32(largest / room)) if largest else 1.0
        whole = np.rint(line.astype(np.float64) / unit)
        return cls([whole[part].astype(np.int32) for part in rows], unit, int(_NARROW))


def _largest(line: NDArray[Any], rows: list[slice]) -> float:
    size = np.abs(line)
    return max(float(size[part].sum(axis=0, dtype=np.float64).max()) for part in rows)


@dataclass(frozen=True)
class LineNoise:
    """Noise of the sums of one line in one block, in full cells squared.

    Parameters
    ----------
    white : WholeRows or float
        Variance of each cell that is driven, or that of all.
    thermal : array (columns,) or None
    base : int
        Where the keys of its draws begin (:func:`archsim.crossbar.draws.base_of`).
    """

    white: WholeRows | float
    thermal: Floats | None
    base: int


def merges_exactly(coding: Coding, weights: Floats) -> bool:
    """Whether single precision holds the weighted codes of all cycles."""
    return float(np.abs(weights).sum()) * coding.top < _MOST_MERGED


class QuietLine:
    """One line of columns in one block, its sums and codes: double precision, or whole numbers where it can.

    Parameters
    ----------
    line : WholeRows
    block : int
    coding : Coding
    compiled : bool
    """

    def __init__(self, line: WholeRows, block: int, coding: Coding, *, compiled: bool) -> None:
        self._loops = loops_of("crossbar.mvm.driven") if compiled else None
        self.width = line.blocks[block].shape[1]
        self._cells, self._coding, self._factor = line.blocks[block], coding, line.unit / coding.step
        self._tiles = None if self._loops is None else line.tiles(block)
        self._numbers = np.array([self._factor, coding.shift, coding.up, coding.top, SLACK])
        self._whole = None
        if self._cells.dtype == np.int32:
            whole = WholeCoding.of(coding, line.unit, line.largest)
            self._whole = None if whole is None else whole.as_numbers()
            self._tiles = self._tiles if self._tiles is None or whole else self._tiles.astype(np.int64)

    def add(self, driven: Driven, reads: NDArray[np.int64], weights: Floats, codes: Floats) -> int:
        """Add the weighted codes of all cycles to `codes`.

        Parameters
        ----------
        driven : Driven
        reads : array (cycles, n)
            Their numbers; only noise asks for them.
        weights : array (cycles,)
        codes : array (n, columns)
            Is changed.

        Returns
        -------
        int
            Sums outside of the range.
        """
        del reads
        if self._loops is None:
            return self._add_plain(driven, weights, codes)
        signed = self._coding.signed
        if self._whole is not None:
            given = driven.lists, self._tiles, self._whole, signed, weights.astype(np.int32), codes
            return int(self._loops.add_whole_codes(*given))
        return int(self._loops.add_codes(driven.lists, self._tiles, self._numbers, signed, weights, codes))

    def _add_plain(self, driven: Driven, weights: Floats, codes: Floats) -> int:
        c = self._coding
        at = (driven.numbers @ self._cells.astype(np.float64)) * self._factor + c.shift
        code, n_outside = _codes(at, c.signed, c.up, c.top, SLACK)
        codes += np.tensordot(weights, code, axes=1)
        return n_outside


class NoisyLine:
    """The same with a draw for each sum: Gaussian, with the summed variances of its driven cells.

    Parameters
    ----------
    line : WholeRows
        In 32 bits.
    block : int
    coding : Coding
    noise : LineNoise
    compiled : bool
    """

    def __init__(self, line: WholeRows, block: int, coding: Coding, noise: LineNoise, *, compiled: bool) -> None:
        self._loops = loops_of("crossbar.mvm.driven") if compiled else None
        self.width = line.blocks[block].shape[1]
        self._cells, self._coding, self._base = line.blocks[block], coding, np.uint64(noise.base)
        self._tiles = _NO_TILES if self._loops is None else line.tiles(block)
        self._white, self._white_tiles, unit = None, _NO_TILES, noise.white
        if isinstance(unit, WholeRows):
            self._white, self._white_tiles, unit = unit.blocks[block], unit.tiles(block), unit.unit
        per_step, c = 1 / coding.step**2, coding
        self._numbers = np.array([line.unit / c.step, c.shift, c.up, c.top, unit * per_step], np.float32)
        self._is_thermal = noise.thermal is not None
        self._thermal = np.zeros(self._cells.shape[1], np.float32)
        if noise.thermal is not None:
            self._thermal[:] = noise.thermal * per_step

    def add(self, driven: Driven, reads: NDArray[np.int64], weights: Floats, codes: Floats) -> int:
        """As :meth:`QuietLine.add`; reads have numbers that follow each other, vector by vector."""
        if not reads.size:
            return 0
        if self._loops is None:
            return self._add_plain(driven, reads, weights, codes)
        cells = self._tiles, self._white_tiles, self._numbers, self._thermal, self._is_thermal
        drawn = self._base, reads[0, 0], self._coding.signed
        return int(self._loops.add_noisy_codes(driven.lists, *cells, *drawn, weights.astype(np.float32), codes))

    def _add_plain(self, driven: Driven, reads: NDArray[np.int64], weights: Floats, codes: Floats) -> int:
        factor, shift, up, top, unit = self._numbers
        size = np.abs(driven.numbers)
        counts = size.sum(axis=2, keepdims=True)
        variance = counts if self._white is None else size @ self._white.astype(np.float64)
        deviation = np.sqrt(variance.astype(np.float32) * unit + self._thermal)
        drawn = normals(keys_of(int(self._base), reads.ravel()), codes.shape[1], compiled=False)
        sums = (driven.numbers @ self._cells.astype(np.float64)).astype(np.float32)
        at = (sums * factor + shift) + deviation * drawn.reshape(sums.shape)
        code, n_outside = _codes(at, self._coding.signed, up, top, 0.0)
        codes += np.tensordot(weights, code.astype(np.float64), axes=1)
        return n_outside


def _codes(at: NDArray[Any], signed: bool, up: float, top: float, slack: float) -> tuple[NDArray[Any], int]:
    """Sums in steps rounded to codes, and how many of them lie further outside of the range than the slack."""
    if signed:
        size = np.abs(at)
        return np.copysign(np.minimum(np.floor(size + up), top), at), int(np.count_nonzero(size > top + slack))
    outside = (at < -slack) | (at > top + slack)
    return np.clip(np.floor(at + up), 0.0, top), int(np.count_nonzero(outside))
