"""Sums as codes and their merging by shift-and-add: plain and compiled loops of one meaning.

Codes of a converter (:class:`~archsim.crossbar.mvm.readout.Adc`) are kept as whole numbers, so adding them up is
exact in any order. Where inputs are single bits the sums themselves are: cells are held as whole numbers, in
parts of a level step, and the sum over each four rows is looked up in a table (V. L. Arlazarov, E. A. Dinic,
M. A. Kronrod, I. A. Faradzhev, Soviet Math. Dokl. 11, 1209, 1970). So the compiled loops and the matrix products
beside them give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import loops_of
from archsim.crossbar.readouts.converter import SLACK, Adc

Floats = NDArray[np.float64]

# rows of a look-up come in so many: eight groups of four
_ROWS_AT_ONCE = 32
# as fine as cells are held: 2^-24 of a level step
_FINEST = 24
# numbers of the integer converter stay below this: products in 32 bits
_WIDEST = 2**31 - 1
_FINEST_SHIFT = 24
# cells closer than this to a whole number of level steps are taken as that number
_WHOLE = 1e-9


def compiled_loops() -> ModuleType | None:
    """The compiled loops, or None without numba (``pip install archsim[fast]``)."""
    found: ModuleType | None = loops_of("crossbar.mvm")
    return found


@dataclass(frozen=True)
class Coding:
    """A converter as codes: ``k = floor(at + up)`` of ``at = sum / step + shift``, within 0 .. top.

    `signed` codes take the size of `at` and give its sign back; `origin` is the value of code 0, in full cells.
    """

    step: float
    origin: float
    up: float
    top: float
    signed: bool

    @classmethod
    def of(cls, adc: Adc) -> Coding:
        """Codes of a converter."""
        signed = adc.code == "sign_magnitude"
        return cls(
            step=adc.step,
            origin=0.0 if signed else adc.lowest,
            up=SLACK + (0.5 if adc.rounding == "nearest" else 0.0),
            top=float((adc.n_codes - 1) // 2 if signed else adc.n_codes - 1),
            signed=signed,
        )

    def past(self, rounding: float) -> Coding:
        """Sums that lie on a code but for so much rounding, in full cells, get that code."""
        return replace(self, up=self.up + rounding / self.step) if rounding else self

    @property
    def is_silent(self) -> bool:
        """Whether sum 0 lies inside of the range and gets code 0."""
        at = abs(self.shift) if self.signed else self.shift
        return bool(np.floor(np.float32(at) + np.float32(self.up)) == 0 and 0 <= at <= self.top)

    @property
    def shift(self) -> float:
        """Where sum 0 lies, in codes."""
        return -self.origin / self.step


def add_codes(
    sums: NDArray[Any], unit: float, weight: float, coding: Coding, codes: Floats, compiled: ModuleType | None
) -> int:
    """Add `weight` times the code of each of ``unit * sums`` (full cells) to `codes`.

    Parameters
    ----------
    sums : array (n, columns)
    codes : array (n, columns)
        Is changed.
    compiled : module or None
        Of `compiled_loops`; None takes numpy. The result has the same bits.

    Returns
    -------
    int
        Sums outside of the range.
    """
    c, factor = coding, unit / coding.step
    if compiled is not None:
        return int(compiled.add_codes(sums, factor, c.shift, c.up, c.top, c.signed, weight, SLACK, codes))
    at = sums.astype(np.float64) * factor + c.shift
    if c.signed:
        size = np.abs(at)
        code = np.minimum(np.floor(size + c.up), c.top)
        codes += weight * np.where(at >= 0, code, -code)
        return int(np.count_nonzero(size > c.top + SLACK))
    codes += weight * np.clip(np.floor(at + c.up), 0.0, c.top)
    return int(np.count_nonzero((at < -SLACK) | (at > c.top + SLACK)))


@dataclass(frozen=True)
class WholeCoding:
    """A converter of whole sums in whole numbers: ``k = (factor sum + add) >> bits``, within 0 .. top.

    `signed` codes take the size of the sum, as in `Coding`; sums outside of `low` .. `high` saturate.
    """

    factor: int
    add: int
    bits: int
    top: int
    low: int
    high: int
    signed: bool

    def as_numbers(self) -> NDArray[np.int32]:
        """Factor, addend, shift, top, low and high, as the loops take them."""
        return np.array([self.factor, self.add, self.bits, self.top, self.low, self.high], np.int32)

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, coding: Coding, unit: float, largest: int) -> WholeCoding | None:
        """Numbers that give every sum of ``-largest .. largest`` units its code; None where there are none."""
        sums = np.arange(0 if coding.signed else -largest, largest + 1)
        at = sums * (unit / coding.step) + coding.shift
        codes = np.clip(np.floor(at + coding.up), 0.0, coding.top)
        outside = at > coding.top + SLACK
        high = int(sums[~outside].max(initial=-_WIDEST))
        low = int(sums[at >= -SLACK].min(initial=_WIDEST))
        if coding.top >= _WIDEST:
            return None
        for bits in range(_FINEST_SHIFT, 0, -1):
            exact = unit / coding.step * 2.0**bits
            for factor in (int(exact), int(exact) + 1) if exact * largest < _WIDEST else ():
                add = _added(sums, codes, factor, bits, int(coding.top), coding.signed)
                if add is not None:
                    return cls(factor, add, bits, int(coding.top), low, high, coding.signed)
        return None


def _added(sums: NDArray[np.int64], codes: Floats, factor: int, bits: int, top: int, signed: bool) -> int | None:
    """Factor, addend and shift with which ``(factor sum + add) >> bits`` are the codes of all sums, in 32 bits.

    What the loops cut off may be anything: above the last code and, but for signed codes, whose sizes they take
    as they are, below 0.
    """
    edges = codes.astype(np.int64) << bits
    bound = codes >= (0 if signed else 1)
    least = int((edges - factor * sums)[bound].max(initial=-_WIDEST))
    most = int((edges + (1 << bits) - 1 - factor * sums)[codes < top].min(initial=_WIDEST))
    add = (least + most) // 2
    fits = least <= most and abs(add) < _WIDEST and int(np.abs(factor * sums[[0, -1]] + add).max()) < _WIDEST
    return add if fits else None


@dataclass(frozen=True)
class WholeCells:
    """Cells of one line of columns as whole numbers: ``cell = unit * whole``, in full cells.

    Parameters
    ----------
    blocks : tuple of int16 or int32 arrays (rows, columns)
        One for each block of rows; rows padded with zeros.
    unit : float
    largest : int
        No sum of any block is larger, in units.
    rounding : float
        No sum of any block is further from that of the cells, in full cells.
    """

    blocks: tuple[NDArray[np.signedinteger[Any]], ...]
    unit: float
    largest: int
    rounding: float = 0.0
    _tables: dict[int, NDArray[np.signedinteger[Any]]] = field(default_factory=dict, compare=False)

    def tables(self, block: int, compiled: ModuleType) -> NDArray[np.signedinteger[Any]]:
        """(tiles of columns, groups of rows x entries, columns of an entry), made when first asked for.

        Entries are bytes where the sum of as many rows as are looked up at once fits.
        """
        if block not in self._tables:
            cells = self.blocks[block]
            at_once = np.abs(cells.astype(np.int64)).reshape(-1, _ROWS_AT_ONCE, cells.shape[1]).sum(axis=1)
            kind = np.dtype(np.int8) if at_once.max(initial=0) <= np.iinfo(np.int8).max else cells.dtype
            width = compiled.ENTRY_BYTES // kind.itemsize
            shape = (-(-cells.shape[1] // width), cells.shape[0] * 4, width)
            tables = aligned_zeros(shape, kind, compiled.ENTRY_BYTES)
            compiled.fill_tables(cells, tables)
            self._tables[block] = tables
        return self._tables[block]


def aligned_zeros(
    shape: tuple[int, ...], kind: np.dtype[Any], alignment_bytes: int
) -> NDArray[np.signedinteger[Any]]:
    """Zeros that begin at a multiple of so many bytes."""
    n_bytes = int(np.prod(shape)) * kind.itemsize
    room = np.zeros(n_bytes + alignment_bytes, np.uint8)
    first = -room.ctypes.data % alignment_bytes
    return room[first : first + n_bytes].view(kind).reshape(shape)


def whole_cells(lines: list[Floats], rows: list[slice], steps: float) -> list[WholeCells]:
    """Lines of cells (n_in, columns), in full cells, as whole numbers whose sums fit into their type.

    Ideal devices are whole numbers of level steps, `steps` to a full cell; others are rounded to a part of
    a step, 2^-24 or the finest that leaves room for the largest sum.
    """
    scaled = [line * steps for line in lines]
    rounded = [np.rint(line) for line in scaled]
    largest = max(float(np.abs(line[part]).sum(axis=0).max()) for line in scaled for part in rows) + 1
    if all(bool((np.abs(a - b) <= _WHOLE).all()) for a, b in zip(scaled, rounded, strict=True)):
        kind: type[np.signedinteger[Any]] = np.int16 if largest < np.iinfo(np.int16).max else np.int32
        return [
            WholeCells(tuple(_padded(line[part], kind) for part in rows), 1 / steps, int(largest))
            for line in rounded
        ]
    room = (np.iinfo(np.int32).max - max(part.stop - part.start for part in rows)) / largest
    parts = 2.0 ** min(_FINEST, int(np.floor(np.log2(room))))
    return [_fine_cells(line * parts, rows, 1 / (steps * parts)) for line in scaled]


def _fine_cells(line: Floats, rows: list[slice], unit: float) -> WholeCells:
    whole = np.rint(line)
    off = np.abs(line - whole)
    rounding = unit * max(float(off[part].sum(axis=0).max()) for part in rows)
    return WholeCells(tuple(_padded(whole[part], np.int32) for part in rows), unit, _WIDEST, rounding)


def _padded(cells: Floats, kind: type[np.signedinteger[Any]]) -> NDArray[np.signedinteger[Any]]:
    n_rows = -(-cells.shape[0] // _ROWS_AT_ONCE) * _ROWS_AT_ONCE
    whole = np.zeros((n_rows, cells.shape[1]), kind)
    whole[: cells.shape[0]] = cells
    return whole


class Bits:
    """Inputs of one bit, block by block.

    Parameters
    ----------
    digits : array (cycles, n, n_in)
        0 and 1.
    rows : list of slice
        Inputs of each block.
    """

    def __init__(self, digits: NDArray[Any], rows: list[slice]) -> None:
        self.digits, self.rows = digits, rows
        self._bytes: NDArray[np.uint8] | None = None

    def words(self, block: int) -> NDArray[np.uint32]:
        """(n, cycles, words) of a block: 32 rows each, the first one lowest."""
        part = self.rows[block]
        if part.start % 8 or (part.stop % 8 and part.stop < self.digits.shape[2]):
            return _words(_packed(self.digits[:, :, part]))
        if self._bytes is None:
            self._bytes = _packed(self.digits)
        return _words(self._bytes[:, :, part.start // 8 : -(-part.stop // 8)])


def _packed(bits: NDArray[Any]) -> NDArray[np.uint8]:
    return np.packbits(bits.astype(np.uint8, copy=False), axis=2, bitorder="little")


def _words(narrow: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Bytes (cycles, n, bytes) as whole words (n, cycles, words)."""
    n_cycles, n, n_bytes = narrow.shape
    whole = np.zeros((n, n_cycles, -(-n_bytes // 4) * 4), np.uint8)
    whole[:, :, :n_bytes] = narrow.transpose(1, 0, 2)
    return whole.view("<u4").astype(np.uint32, copy=False)


def add_codes_of_bits(
    bits: Bits,
    block: int,
    lines: list[WholeCells],
    weights: Floats,
    coding: Coding,
    codes: list[Floats],
    compiled: ModuleType | None,
) -> int:
    """Add the weighted codes of all cycles of one block of rows to `codes`, for every line of columns.

    Parameters
    ----------
    bits : Bits
    block : int
    lines : list of WholeCells
    weights : array (cycles,)
    codes : list of arrays (n, columns)
        One for each line; changed.
    compiled : module or None

    Returns
    -------
    int
        Sums outside of the range.
    """
    n_outside = 0
    if compiled is not None:
        words = bits.words(block)
        for line, found in zip(lines, codes, strict=True):
            n_outside += _looked_up(words, block, line, weights, coding.past(line.rounding), found, compiled)
        return n_outside
    part = bits.rows[block]
    drive = bits.digits[:, :, part].astype(np.float64)
    for line, found in zip(lines, codes, strict=True):
        values = line.blocks[block][: part.stop - part.start].astype(np.float64)
        for cycle, weight in zip(drive, weights, strict=True):
            n_outside += add_codes(
                cycle @ values, line.unit, float(weight), coding.past(line.rounding), found, None
            )
    return n_outside


def _looked_up(
    words: NDArray[np.uint32],
    block: int,
    line: WholeCells,
    weights: Floats,
    coding: Coding,
    codes: Floats,
    compiled: ModuleType,
) -> int:
    tables = line.tables(block, compiled)
    sums = np.empty(tables.shape[2], line.blocks[block].dtype)
    chosen = (words, tables, sums)
    c, whole = coding, None
    if sums.dtype == np.int16 and np.abs(weights).sum() * c.top < _WIDEST:
        whole = WholeCoding.of(c, line.unit, line.largest)
    if whole is None:
        factor = line.unit / c.step
        return int(
            compiled.add_looked_up_codes(*chosen, factor, c.shift, c.up, c.top, c.signed, weights, SLACK, codes)
        )
    return int(compiled.add_whole_codes(*chosen, whole.as_numbers(), c.signed, weights.astype(np.int32), codes))
