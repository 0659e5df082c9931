"""One kind of read of a grid of arrays, forward or backward: digits in, numbers out, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.draws import Draws, base_of
from archsim.crossbar.learned.model import ErrorModel
from archsim.crossbar.learned.sums import with_errors
from archsim.crossbar.mvm.driven import (
    Driven,
    NoisyCells,
    NoisyLines,
    QuietLine,
    WholeRows,
    merges_exactly,
    numbers_of_reads,
)
from archsim.crossbar.mvm.inputs import Drive
from archsim.crossbar.mvm.kernels import Bits, Coding, WholeCells, add_codes, add_codes_of_bits, whole_cells
from archsim.crossbar.mvm.lines import Lines
from archsim.crossbar.mvm.noise import Noise, OutputNoise
from archsim.crossbar.readouts.converter import Adc

Floats = NDArray[np.float64]
# of either precision, or digits that are converted when they are multiplied
Reals = NDArray[Any]
OfBlocks = list[Driven]


class Source(Protocol):
    """Sums of lines, in full cells, for digits (n, all inputs) of one block of inputs."""

    def sums(self, block: int, digits: Reals) -> Iterator[Reals]:
        """Sums (n, width) of one line after the other; each may be overwritten when the next is asked for."""


class Products:
    """Linear cells: digits times a matrix for each line.

    Parameters
    ----------
    lines : list of arrays (n_in, width)
        Full cells at the full voltage.
    blocks : list of slice
    digit_max : int
    kind : numpy type
        float32 where single precision is asked for.
    """

    def __init__(self, lines: list[Floats], blocks: list[slice], digit_max: int, kind: type) -> None:
        self.lines, self.blocks, self.digit_max, self.kind = lines, blocks, digit_max, kind
        self._per_digit: list[Reals] = [np.ascontiguousarray(line / digit_max, dtype=kind) for line in lines]
        self._room: Reals = np.empty(0, kind)
        self._whole: list[WholeCells] | None = None
        self._rows: dict[bool, list[WholeRows]] = {}

    def sums(self, block: int, digits: Reals) -> Iterator[Reals]:
        """One product a line."""
        rows = self.blocks[block]
        part: Reals = np.asarray(digits[:, rows], dtype=self.kind)
        for line in self._per_digit:
            yield np.matmul(part, line[rows], out=self._room_for(len(part), line.shape[1]))

    def _room_for(self, n: int, width: int) -> Reals:
        """Memory that is used again and again: fresh pages would cost as much as the conversion."""
        if len(self._room) < n * width:
            self._room = np.empty(n * width, self.kind)
        return self._room[: n * width].reshape(n, width)

    def whole(self, steps: float) -> list[WholeCells]:
        """The cells as whole numbers, made when first asked for."""
        if self._whole is None:
            self._whole = whole_cells(self.lines, self.blocks, steps)
        return self._whole

    def whole_rows(self, steps: float, *, noisy: bool) -> list[WholeRows]:
        """The same for sums over driven rows, in 32 bits where they are noisy."""
        if noisy not in self._rows:
            self._rows[noisy] = [
                WholeRows.narrow(line, self.blocks) if noisy else WholeRows.of_cells(line, self.blocks, steps)
                for line in self.lines
            ]
        return self._rows[noisy]


@dataclass
class Tally:
    """Events of reads, counted as they happen."""

    reads: int = 0
    active_rows: int = 0
    conversions: int = 0
    saturations: int = 0


@dataclass
class Reading:
    """Digits through all blocks to outputs: ``y = sum_t scale_t unit (level sums - offset input sums)``.

    Parameters
    ----------
    source : Source
    lines : Lines
    blocks : list of slice
        Inputs of each block: their sums are read and converted one by one.
    scale : array (n_blocks, n_out)
        Weight of one level.
    offset : float
        Levels that every input adds.
    coding : Coding or None
        The converter; None reads the sums themselves.
    noise : Noise or None
    learned : ErrorModel or None
        Errs the sums before they are converted.
    bend : function or None
        From digits to those that a linear cell would need for the same current.
    steps : float
        Level steps of one full cell.
    compiled : module or None
    rng : numpy.random.Generator
        Of learned errors.
    draws : Draws
        Of read noise.
    tally : Tally
    """

    source: Source
    lines: Lines
    blocks: list[slice]
    scale: Floats
    offset: float
    coding: Coding | None
    noise: Noise | None
    learned: ErrorModel | None
    bend: Callable[[Floats], Floats] | None
    steps: float
    compiled: ModuleType | None
    rng: np.random.Generator
    draws: Draws
    tally: Tally
    _matrix: Reals | None = field(default=None, init=False)
    _output_noise: OutputNoise | None = field(default=None, init=False)
    _rooms: dict[int, Floats] = field(default_factory=dict, init=False)
    _driven: list[list[QuietLine]] | None = field(default=None, init=False)
    _noisy: dict[int, NoisyLines] = field(default_factory=dict, init=False)
    _noisy_cells: NoisyCells | None = field(default=None, init=False)

    def converting(self, adc: Adc | None) -> Reading:
        """The same cells with another converter."""
        coding = None if adc is None else Coding.of(adc)
        if coding == self.coding:
            return self
        found = replace(self, coding=coding)
        found._noisy_cells = self._noisy_cells
        return found

    @property
    def n_out(self) -> int:
        """Outputs of one vector."""
        return int(self.scale.shape[1])

    def outputs(self, drive: Drive) -> Floats:
        """(n, n_out) of a drive, in units of inputs times weights."""
        # between wires noise depends on how many rows are driven: cycle by cycle and block by block
        at_once = self.coding is None and (self.noise is None or self.noise.between is None)
        if at_once and self.learned is None and isinstance(self.source, Products) and not self.lines.has_reference:
            return self._linear(drive, self.source)
        y: Floats | None = None
        digits, first = self._digits(drive), self.draws.take(drive.n * drive.n_cycles)
        for group in self._groups:
            sums, factor, origin = self._level_sums(drive, digits, first, group)
            if origin or self.offset:
                sums *= factor
                factor = 1.0
                sums += origin
            if self.offset:
                sums -= self.offset / drive.digit_max * self._input_sums(drive, group)
            sums *= self.scale[group[0]] * (factor * drive.unit * drive.digit_max)
            y = sums if y is None else y + sums
        assert y is not None
        return y

    def _linear(self, drive: Drive, source: Products) -> Floats:
        """Without conversion."""
        y = self._product(drive, source)
        if self.noise is not None:
            if self._output_noise is None:
                of_lines = self.lines.level_weight, self.scale, self.blocks, self.lines.block_of_output
                self._output_noise = OutputNoise.of(self.noise, *of_lines)
            self._output_noise.add(y, drive, self.draws)
        return y

    def reads(self, drive: Drive) -> NDArray[np.int64]:
        """(cycles, n): the numbers of the reads of a drive, by which noise is drawn; vector by vector."""
        return numbers_of_reads(self.draws.take(drive.n * drive.n_cycles), drive)

    def _digits(self, drive: Drive) -> Bits | OfBlocks | Reals:
        """The addends of a drive's sums."""
        if self._takes_bits(drive):
            return Bits(drive.digits, self.blocks)
        if self._takes_driven(drive):
            return [Driven(drive, rows) for rows in self.blocks]
        return self.floats(drive)

    def floats(self, drive: Drive) -> Reals:
        """Digits (cycles, n, n_in) as the cells see them; products take them as they are."""
        if self.bend is None and isinstance(self.source, Products):
            return drive.digits
        kind = self.source.kind if isinstance(self.source, Products) else np.float64
        if self.bend is not None:
            return self.bend(drive.digits.astype(np.float64)).astype(kind, copy=False)
        return drive.digits.astype(kind, copy=False)

    def line_sums(self, drive: Drive, floats: Reals, reads: NDArray[np.int64], block: int) -> Iterator[Reals]:
        """Sums (cycles x n, width) of every line of a block, with noise."""
        flat = floats.reshape(-1, floats.shape[2])
        if self.learned is not None:
            digits = drive.digits[:, :, self.blocks[block]].reshape(len(flat), -1)
            for sums in self.source.sums(block, flat):
                yield with_errors(self.learned, sums, digits, self.rng)
            return
        if self.noise is None:
            yield from self.source.sums(block, flat)
            return
        rows = self.blocks[block]
        squares, weights = self.noise.squares(drive.digits[:, :, rows].reshape(len(flat), -1))
        noisy = self.noise.noisy(squares)
        squares, weights = squares[noisy], None if weights is None else weights[noisy]
        numbers = reads.reshape(-1)[noisy]
        shared = self.noise.shared(
            block, rows, squares, weights, partial(self.draws.normals, self._stream(block, None), numbers)
        )
        for line, sums in enumerate(self.source.sums(block, flat)):
            drawn = self.draws.normals(self._stream(block, line), numbers, sums.shape[1])
            drawn = self.noise.of_line(line, block, rows, squares, weights, drawn)
            if shared is not None:
                drawn -= shared[:, self.lines.block_of_output]
            sums[noisy] += drawn
            yield sums

    def _stream(self, block: int, line: int | None) -> int:
        """Of the draws of a line in a block, or of those that all lines share."""
        n_lines = len(self.lines.level_weight)
        return 1 + block * (n_lines + 1) + (n_lines if line is None else line)

    def _takes_driven(self, drive: Drive) -> bool:
        """Whether the sums are those of whole cells over rows that are driven in full, plus or minus."""
        if self.coding is None or self.learned is not None or not isinstance(self.source, Products):
            return False
        if drive.codes.dtype.kind != "i" or drive.digit_max != 1 or self.bend is not None:
            return False
        if self.noise is None:
            return self.source.kind is np.float64
        return self.noise.is_plain and merges_exactly(self.coding, drive.cycle_weight)

    def _takes_bits(self, drive: Drive) -> bool:
        """Whether the sums are those of whole cells over set bits."""
        return (
            self.coding is not None
            and self.noise is None
            and self.learned is None
            and isinstance(self.source, Products)
            and drive.is_bits()
        )

    @cached_property
    def _groups(self) -> list[list[int]]:
        """Blocks with the same scale: their codes may be added before they are scaled."""
        groups: list[list[int]] = []
        for t, scale in enumerate(self.scale):
            if groups and np.array_equal(scale, self.scale[groups[-1][0]]):
                groups[-1].append(t)
            else:
                groups.append([t])
        return groups

    def _level_sums(
        self, drive: Drive, digits: Bits | OfBlocks | Reals, first: int, group: list[int]
    ) -> tuple[Floats, float, float]:
        """Level sums of the blocks of one group, their unit, and what the origin of the codes adds to each."""
        step = 1.0 if self.coding is None else self.coding.step
        origin = 0.0 if self.coding is None else self.coding.origin
        origin *= len(group) * float(drive.cycle_weight.sum() * self.lines.level_weight.sum())
        if isinstance(digits, list) and self.noise is not None:
            return *self._noisy_sums(drive, first, group, step), origin
        codes: list[Floats] = []
        for t in group:
            if isinstance(digits, Bits):
                self._convert_bits(drive, digits, t, codes)
            elif isinstance(digits, list):
                self._convert_driven(drive, digits[t], t, codes)
            else:
                self._convert(drive, digits, numbers_of_reads(first, drive), t, codes)
        total = codes[0]  # the first line is never that of the reference columns
        factor = float(self.lines.level_weight[0] * step)
        if len(codes) > 1:
            total *= factor
            factor = 1.0
        for line, weight in enumerate(self.lines.level_weight[1:], start=1):
            codes[line] *= weight * step
            total += self.lines.spread_out(line, codes[line])
        return total, factor, origin

    def _noisy_sums(self, drive: Drive, first: int, group: list[int], step: float) -> tuple[Floats, float]:
        """The same of sums over driven rows with a draw for each."""
        if group[0] not in self._noisy:
            self._noisy[group[0]] = self._noisy_lines(group)
        factors = self.lines.level_weight * step
        # one line alone is multiplied once, with the scale of the weights
        factor = float(factors[0]) if len(factors) == 1 else 1.0
        spread = self.lines.block_of_output if self.lines.has_reference else None
        lines, own = self._noisy[group[0]], np.ones(1) if len(factors) == 1 else factors
        total, n_outside = lines.add(drive, first, own, spread)
        self._count(lines.n_columns * len(group) * drive.n * drive.n_cycles, n_outside)
        return total, factor

    def _convert(
        self, drive: Drive, floats: Reals, reads: NDArray[np.int64], block: int, codes: list[Floats]
    ) -> None:
        n_cycles, n = floats.shape[:2]
        for line, sums in enumerate(self.line_sums(drive, floats, reads, block)):
            if len(codes) <= line:
                codes.append(self._zeros(line, n, sums.shape[1]))
            for c in range(n_cycles):
                part, weight = sums[c * n : (c + 1) * n], float(drive.cycle_weight[c])
                if self.coding is None:
                    codes[line] += weight * part
                else:
                    self._count(part.size, add_codes(part, 1.0, weight, self.coding, codes[line], self.compiled))

    def _convert_bits(self, drive: Drive, bits: Bits, block: int, codes: list[Floats]) -> None:
        assert isinstance(self.source, Products)
        assert self.coding is not None
        whole = self.source.whole(self.steps)
        n_cycles, n = drive.n_cycles, drive.n
        if not codes:
            codes += [self._zeros(i, n, line.blocks[block].shape[1]) for i, line in enumerate(whole)]
        n_outside = add_codes_of_bits(bits, block, whole, drive.cycle_weight, self.coding, codes, self.compiled)
        self._count(n_cycles * sum(found.size for found in codes), n_outside)

    def _convert_driven(self, drive: Drive, driven: Driven, block: int, codes: list[Floats]) -> None:
        if self._driven is None:
            self._driven = self._driven_lines()
        for line, converted in enumerate(self._driven[block]):
            if len(codes) <= line:
                codes.append(self._zeros(line, drive.n, converted.width))
            n_outside = converted.add(driven, drive.cycle_weight, codes[line])
            self._count(drive.n_cycles * codes[line].size, n_outside)

    def _driven_lines(self) -> list[list[QuietLine]]:
        """Lines of each block as sums over driven rows."""
        assert isinstance(self.source, Products)
        assert self.coding is not None
        lines, fast, coding = (
            self.source.whole_rows(self.steps, noisy=False),
            self.compiled is not None,
            self.coding,
        )
        return [[QuietLine(line, t, coding, compiled=fast) for line in lines] for t in range(len(self.blocks))]

    def _noisy_lines(self, group: list[int]) -> NoisyLines:
        """Lines of a group of blocks as sums over driven rows."""
        assert isinstance(self.source, Products)
        assert self.coding is not None
        assert self.noise is not None
        if self._noisy_cells is None:
            cells = self.source.whole_rows(self.steps, noisy=True), self.noise.whole(self.blocks)
            self._noisy_cells = NoisyCells(*cells)
        lines = range(len(self.lines.level_weight))
        thermal = None if self.noise.thermal is None else [[of[t] for of in self.noise.thermal] for t in group]
        bases = [[base_of(self.draws.seed, self._stream(t, line)) for line in lines] for t in group]
        given = self._noisy_cells, [self.blocks[t] for t in group], thermal, bases, self.coding
        return NoisyLines(*given, compiled=self.compiled is not None)

    def _zeros(self, line: int, n: int, width: int) -> Floats:
        """Room for the codes of a line: that of the first becomes the outputs, the others' is used again."""
        if line == 0:
            return np.zeros((n, width))
        room = self._rooms.get(line)
        if room is None or room.size < n * width:
            room = self._rooms[line] = np.empty(n * width)
        found = room[: n * width].reshape(n, width)
        found[:] = 0.0
        return found

    def _count(self, n_conversions: int, n_outside: int) -> None:
        self.tally.conversions += n_conversions
        self.tally.saturations += n_outside

    def _input_sums(self, drive: Drive, group: list[int]) -> Floats:
        """(n, 1): what logic knows of the inputs of some blocks, in units of inputs."""
        of_blocks = [drive.codes[:, self.blocks[t]].sum(axis=1, dtype=np.float64) for t in group]
        return np.asarray(sum(of_blocks))[:, None]

    def _product(self, drive: Drive, source: Products) -> Floats:
        """Without conversion all cycles, lines and blocks are one product."""
        if self._matrix is None:
            self._matrix = self._one_matrix(source)
        if self.bend is None:
            y = np.asarray(drive.codes.astype(source.kind, copy=False) @ self._matrix, dtype=np.float64)
            y *= drive.unit
            return y
        bent = np.tensordot(drive.cycle_weight, self.bend(drive.digits.astype(np.float64)), axes=1)
        y = np.asarray(bent.astype(source.kind, copy=False) @ self._matrix, dtype=np.float64)
        if self.offset:
            for t, rows in enumerate(self.blocks):
                lost = (bent - drive.codes)[:, rows].sum(axis=1)
                y += self.offset * lost[:, None] * self.scale[t]
        return y * drive.unit

    def _one_matrix(self, source: Products) -> Reals:
        """(n_in, n_out): outputs of a digit 1 of weight 1."""
        levels = np.zeros((source.lines[0].shape[0], self.n_out))
        for line, (values, weight) in enumerate(zip(source.lines, self.lines.level_weight, strict=True)):
            levels += self.lines.spread_out(line, values) * weight
        levels -= self.offset
        for t, rows in enumerate(self.blocks):
            levels[rows] *= self.scale[t]
        return levels.astype(source.kind, copy=False)
