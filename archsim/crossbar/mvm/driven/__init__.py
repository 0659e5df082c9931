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
from archsim.crossbar.mvm.inputs import Drive
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
_NO_COLUMNS = np.empty(0, np.int64)


class Driven:
    """Rows of one block that each read drives.

    Parameters
    ----------
    drive : Drive
        Whose digits are -1, 0 or 1.
    rows : slice
    """

    def __init__(self, drive: Drive, rows: slice) -> None:
        self._drive, self._rows = drive, rows

    @cached_property
    def numbers(self) -> Floats:
        """The digits (cycles, n, rows) for a plain product."""
        return self._drive.digits[:, :, self._rows].astype(np.float64)

    @cached_property
    def lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Where the rows of each read begin, where those in minus do, and the rows; reads vector by vector."""
        codes, n_reads = self._drive.codes.astype(np.int32, copy=False), self._drive.n * self._drive.n_cycles
        start, split = np.empty(n_reads + 1, np.int64), np.empty(n_reads, np.int64)
        index = np.empty((n_reads + 1) * (self._rows.stop - self._rows.start), np.int32)
        loops = loops_of("crossbar.mvm.driven")
        assert loops is not None
        loops.find(codes, self._rows.start, self._rows.stop, *_cycles_of(self._drive), start, split, index)
        return start, split, index


def numbers_of_reads(first: int, drive: Drive) -> NDArray[np.int64]:
    """(cycles, n): the numbers of the reads of a drive, vector by vector, from the first one."""
    return first + np.arange(drive.n) * drive.n_cycles + np.arange(drive.n_cycles)[:, None]


def _cycles_of(drive: Drive) -> tuple[int, bool]:
    """Bits of a code, and whether its negative ones come in cycles of their own."""
    two_phase = drive.rules.signed == "two_phase"
    return drive.n_cycles // (2 if two_phase else 1), two_phase


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

    def add(self, driven: Driven, weights: Floats, codes: Floats) -> int:
        """Add the weighted codes of all cycles to `codes`.

        Parameters
        ----------
        driven : Driven
        weights : array (cycles,)
        codes : array (n, columns)
            Is changed.

        Returns
        -------
        int
            Sums outside of the range.
        """
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


class NoisyCells:
    """Cells of all lines as whole numbers, and their variances: the same whatever converts their sums.

    Parameters
    ----------
    lines : list of WholeRows
        In 32 bits.
    white : list of WholeRows or float
        Variance of each cell that is driven, or that of all, in full cells squared.
    """

    def __init__(self, lines: list[WholeRows], white: list[WholeRows | float]) -> None:
        self.numbers = [np.concatenate(line.blocks) for line in lines]
        self.variances = [np.concatenate(w.blocks) if isinstance(w, WholeRows) else None for w in white]
        self.units = [(line.unit, _unit(w)) for line, w in zip(lines, white, strict=True)]
        self.widths = np.array([cells.shape[1] for cells in self.numbers])

    @property
    def n_padded(self) -> int:
        """Columns of all tiles of the widest line."""
        width = TILE_BYTES // 4
        return -(-int(self.widths.max()) // width) * width

    @cached_property
    def tiles(self) -> NDArray[np.int32]:
        """(lines, tiles, rows, numbers and variances, columns of a tile), zeros beyond the last column."""
        width, n_rows = TILE_BYTES // 4, len(self.numbers[0])
        n_tiles = self.n_padded // width
        shape = len(self.numbers), n_tiles, n_rows, 2, width
        whole = aligned_zeros(shape, np.dtype(np.int32), TILE_BYTES)
        for into, numbers, variances in zip(whole, self.numbers, self.variances, strict=True):
            for which, given in enumerate((numbers, 1 if variances is None else variances)):
                padded = np.zeros((n_rows, n_tiles * width), np.int32)
                padded[:, : numbers.shape[1]] = given
                into[:, :, which] = padded.reshape(n_rows, n_tiles, width).transpose(1, 0, 2)
        return whole


def _unit(white: WholeRows | float) -> float:
    return white.unit if isinstance(white, WholeRows) else white


class NoisyLines:
    """All lines of some blocks with a draw for each sum: Gaussian, with the summed variances of its driven cells.

    Parameters
    ----------
    cells : NoisyCells
    blocks : list of slice
        Rows, each block behind the one before.
    thermal : list of lists of arrays (columns,), or None
        Variances of the sums of a line in full cells squared, by block and line.
    bases : list of lists of int
        Where the keys of their draws begin (:func:`archsim.crossbar.draws.base_of`), by block and line.
    coding : Coding
    compiled : bool
    """

    def __init__(
        self,
        cells: NoisyCells,
        blocks: list[slice],
        thermal: list[list[Floats]] | None,
        bases: list[list[int]],
        coding: Coding,
        *,
        compiled: bool,
    ) -> None:
        self._loops = loops_of("crossbar.mvm.driven") if compiled else None
        self._cells, self._blocks, self._coding, c = cells, blocks, coding, coding
        self._edges = np.array([blocks[0].start, *(rows.stop for rows in blocks)])
        per_step = 1 / coding.step**2
        of_lines = [(unit / c.step, c.shift, c.up, c.top, white * per_step) for unit, white in cells.units]
        self._numbers = np.array(of_lines, np.float32)
        self._bases = np.array(bases, np.uint64)
        self._thermal = np.zeros((*self._bases.shape, cells.n_padded), np.float32)
        self._is_thermal = thermal is not None
        for into, of_block in zip(self._thermal, thermal or [], strict=False):
            for own, variance in zip(into, of_block, strict=True):
                own[: len(variance)] = variance * per_step
        self._converter = self._numbers, coding.signed, self._is_thermal or not coding.is_silent

    @property
    def n_columns(self) -> int:
        """Columns of all lines: conversions of one read in one block."""
        return int(self._cells.widths.sum())

    def add(
        self, drive: Drive, first: int, factors: Floats, spread: NDArray[np.int64] | None
    ) -> tuple[Floats, int]:
        """Sums of the weighted codes of all lines, and how many sums lie outside of the range.

        Parameters
        ----------
        drive : Drive
        first : int
            Number of its first read.
        factors : array (lines,)
            By which codes are multiplied before they are added up.
        spread : array (n_out,) or None
            Column of the last line that each output takes, where it has others than all lines before.
        """
        if self._loops is None:
            return self._add_plain(drive, numbers_of_reads(first, drive), factors, spread)
        total = np.empty((drive.n, int(self._cells.widths[0])))
        of_drive = drive.codes.astype(np.int32, copy=False), *_cycles_of(drive), self._edges
        noise = first, self._bases, self._thermal, self._is_thermal
        where = _NO_COLUMNS if spread is None else spread
        merging = drive.cycle_weight.astype(np.float32), factors, self._cells.widths, where
        given = self._cells.tiles, noise, self._converter, merging, total
        n_outside = self._loops.add_noisy_codes(of_drive, *given)
        return total, int(n_outside)

    def _add_plain(
        self, drive: Drive, reads: NDArray[np.int64], factors: Floats, spread: NDArray[np.int64] | None
    ) -> tuple[Floats, int]:
        widths = [int(width) for width in self._cells.widths]
        total, n_outside = np.zeros((drive.n, widths[0])), 0
        digits = drive.digits.astype(np.float64)
        for line, factor in enumerate(factors):
            found = np.zeros((drive.n, widths[line]))
            for t in range(len(self._blocks)):
                code, outside = self._codes_of(digits, reads, line, t)
                found += np.tensordot(drive.cycle_weight, code.astype(np.float64), axes=1)
                n_outside += outside
            found *= factor
            total += found if spread is None or line < len(factors) - 1 else found[:, spread]
        return total, n_outside

    def _codes_of(
        self, digits: Floats, reads: NDArray[np.int64], line: int, block: int
    ) -> tuple[NDArray[Any], int]:
        """Codes (cycles, n, width) of a line in a block."""
        factor, shift, up, top, unit = self._numbers[line]
        rows, width = self._blocks[block], int(self._cells.widths[line])
        driven, white = digits[:, :, rows], self._cells.variances[line]
        size = np.abs(driven)
        variance = size.sum(axis=2, keepdims=True) if white is None else size @ white[rows].astype(np.float64)
        deviation = np.sqrt(variance.astype(np.float32) * unit + self._thermal[block, line, :width])
        drawn = normals(keys_of(int(self._bases[block, line]), reads.ravel()), width, compiled=False)
        sums = (driven @ self._cells.numbers[line][rows].astype(np.float64)).astype(np.float32)
        at = (sums * factor + shift) + deviation * drawn.reshape(sums.shape)
        return _codes(at, self._coding.signed, up, top, 0.0)


def _codes(at: NDArray[Any], signed: bool, up: float, top: float, slack: float) -> tuple[NDArray[Any], int]:
    """Sums in steps rounded to codes, and how many of them lie further outside of the range than the slack."""
    if signed:
        size = np.abs(at)
        return np.copysign(np.minimum(np.floor(size + up), top), at), int(np.count_nonzero(size > top + slack))
    outside = (at < -slack) | (at > top + slack)
    return np.clip(np.floor(at + up), 0.0, top), int(np.count_nonzero(outside))
