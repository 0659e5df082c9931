"""Sums over driven rows, their noise and their codes, compiled: the same bits as the plain twins of the package.

Sums of a tile of columns, one cache line of them, stay in vector registers while the rows are walked through; they
are made for a few vectors at a time, tile by tile, so that a tile's rows stay in the nearest cache, and converted.
"""

# the arguments of an intrinsic are types, of which its signature is made; few of them are looked at
# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]

from archsim.crossbar.draws.compiled import fill_row, key_of
from archsim.crossbar.mvm.compiled import ENTRY_BYTES, shifted
from archsim.jit import intrinsic, njit, types

__all__ = ["add_codes", "add_noisy_codes", "add_whole_codes", "find"]

_I, _F = np.int32, np.float32
_ZERO = _F(0)
# reads whose sums are made before they are converted
_READS_AT_ONCE = 64


def _const(value: int) -> Any:
    return ir.Constant(ir.IntType(64), value)


def _sum_rows(
    typingctx: Any, tiles: Any, tile: Any, index: Any, first: Any, middle: Any, last: Any, sums: Any
) -> Any:
    """``sums[:] =`` rows ``index[first:middle]`` of `tiles[tile]`, less rows ``index[middle:last]``."""
    signature = types.void(tiles, types.intp, index, types.intp, types.intp, types.intp, sums)
    columns = ENTRY_BYTES * 8 // tiles.dtype.bitwidth
    entry = ir.VectorType(ir.IntType(tiles.dtype.bitwidth), columns)

    def walk(builder: Any, base: Any, chosen: Any, begin: Any, end: Any, so_far: Any, name: str) -> Any:
        add = builder.add if name == "plus" else builder.sub
        before, loop = builder.block, builder.append_basic_block(name)
        after = builder.append_basic_block(name + ".end")
        builder.cbranch(builder.icmp_signed("<", begin, end), loop, after)
        builder.position_at_end(loop)
        at, total = builder.phi(_const(0).type), builder.phi(entry)
        at.add_incoming(begin, before)
        total.add_incoming(so_far, before)
        row = builder.zext(builder.load(builder.gep(chosen, [at])), _const(0).type)
        place = builder.gep(base, [builder.mul(row, _const(ENTRY_BYTES))])
        one = builder.load(builder.bitcast(place, entry.as_pointer()))
        one.align = tiles.dtype.bitwidth // 8
        now, following = add(total, one), builder.add(at, _const(1))
        at.add_incoming(following, loop)
        total.add_incoming(now, loop)
        builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
        builder.position_at_end(after)
        found = builder.phi(entry)
        found.add_incoming(so_far, before)
        found.add_incoming(now, loop)
        return found

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        cells, chosen, out = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 6))
        n_rows = builder.extract_value(cells.shape, 1)
        first = builder.mul(args[1], builder.mul(n_rows, _const(ENTRY_BYTES)))
        base = builder.gep(builder.bitcast(cells.data, ir.IntType(8).as_pointer()), [first])
        plus = walk(builder, base, chosen.data, args[3], args[4], ir.Constant(entry, None), "plus")
        all_of_them = walk(builder, base, chosen.data, args[4], args[5], plus, "minus")
        stored = builder.store(all_of_them, builder.bitcast(out.data, entry.as_pointer()))
        stored.align = sums.dtype.bitwidth // 8
        return context.get_dummy_value()

    return signature, codegen


sum_rows: Any = intrinsic(_sum_rows)


@njit(cache=True, nogil=True)
def find(digits, start, split, index):  # type: ignore[no-untyped-def]
    """Fill the lists of `driven.Driven` from digits (cycles, n, rows); `index` has room for a row more."""
    n_cycles, n, n_rows = digits.shape
    found, read = 0, 0
    minus = np.empty(n_rows + 1, np.int32)
    for vector in range(n):
        for cycle in range(n_cycles):
            row = digits[cycle, vector]
            n_minus = 0
            for k in range(n_rows):
                digit = row[k]
                index[found] = k
                minus[n_minus] = k
                found += digit > 0
                n_minus += digit < 0
            split[read] = found
            for k in range(n_minus):
                index[found + k] = minus[k]
            found += n_minus
            read += 1
            start[read] = found


@njit(cache=True, nogil=True)
def _sums_of(tiles, start, split, index, first, last, sums):  # type: ignore[no-untyped-def]
    """sums (reads, columns of all tiles) of the reads from first to last; without `split` all rows are added."""
    width = sums.shape[1] // tiles.shape[0]
    for tile in range(tiles.shape[0]):
        column = tile * width
        for read in range(first, last):
            begin, end = start[read], start[read + 1]
            middle = split[read] if split.shape[0] else end
            sum_rows(tiles, tile, index, begin, middle, end, sums[read - first, column : column + width])


@njit(cache=True, nogil=True, error_model="numpy")
def add_codes(lists, cells, numbers, signed, weights, codes):  # type: ignore[no-untyped-def]
    """`driven.QuietLine.add` in double precision; cells (tiles, rows, columns of a tile) of 64 bits."""
    factor, shift, up, top, slack = numbers
    start, split, index = lists
    n_cycles, n_columns = weights.shape[0], codes.shape[1]
    at_once = max(1, _READS_AT_ONCE // n_cycles)
    sums = np.empty((at_once * n_cycles, cells.shape[0] * cells.shape[2]), np.int64)
    outside = np.zeros(n_columns, np.int64)
    for first in range(0, codes.shape[0], at_once):
        last = min(first + at_once, codes.shape[0])
        _sums_of(cells, start, split, index, first * n_cycles, last * n_cycles, sums)
        for vector in range(first, last):
            merged = codes[vector]
            for cycle in range(n_cycles):
                total, weight = sums[(vector - first) * n_cycles + cycle], weights[cycle]
                if signed:
                    for c in range(n_columns):
                        at = total[c] * factor + shift
                        size = abs(at)
                        outside[c] += size > top + slack
                        code = min(np.floor(size + up), top)
                        merged[c] += weight * (code if at >= 0 else -code)
                else:
                    for c in range(n_columns):
                        at = total[c] * factor + shift
                        outside[c] += (at < -slack) | (at > top + slack)
                        merged[c] += weight * min(max(np.floor(at + up), 0.0), top)
    return outside.sum()


@njit(cache=True, nogil=True)
def add_whole_codes(lists, cells, numbers, signed, weights, codes):  # type: ignore[no-untyped-def]
    """The same in whole numbers of 32 bits, for a converter that has such (`kernels.WholeCoding`)."""
    factor, add, bits, top, low, high = numbers
    start, split, index = lists
    n_cycles, n_columns = weights.shape[0], codes.shape[1]
    at_once = max(1, _READS_AT_ONCE // n_cycles)
    sums = np.empty((at_once * n_cycles, cells.shape[0] * cells.shape[2]), np.int32)
    outside, merged = np.zeros(n_columns, np.int32), np.zeros(n_columns, np.int32)
    n_outside = 0
    for first in range(0, codes.shape[0], at_once):
        last = min(first + at_once, codes.shape[0])
        _sums_of(cells, start, split, index, first * n_cycles, last * n_cycles, sums)
        outside[:] = 0
        for vector in range(first, last):
            merged[:] = 0
            for cycle in range(n_cycles):
                total, weight = sums[(vector - first) * n_cycles + cycle], weights[cycle]
                if signed:
                    for c in range(n_columns):
                        at = total[c]
                        size = _I(abs(at))
                        outside[c] += _I(size > high)
                        code = _I(min(shifted(_I(size * factor + add), bits), top))
                        merged[c] += _I(weight * _I(code if at >= 0 else -code))
                else:
                    for c in range(n_columns):
                        at = total[c]
                        outside[c] += _I((at < low) | (at > high))
                        code = shifted(_I(at * factor + add), bits)
                        merged[c] += _I(weight * _I(min(max(code, _I(0)), top)))
            row = codes[vector]
            for c in range(n_columns):
                row[c] += merged[c]
        n_outside += outside.sum()
    return n_outside


@njit(cache=True, nogil=True, error_model="numpy")
def add_noisy_codes(  # type: ignore[no-untyped-def]
    lists, cells, white, numbers, thermal, is_thermal, base, first_read, signed, weights, codes
):
    """`driven.NoisyLine.add`; without tiles in `white` all cells have the same variance."""
    factor, shift, up, top, unit = numbers
    start, split, index = lists
    n_cycles, n_columns = weights.shape[0], codes.shape[1]
    at_once = max(1, _READS_AT_ONCE // n_cycles)
    sums = np.empty((at_once * n_cycles, cells.shape[0] * cells.shape[2]), np.int32)
    variances = np.empty_like(sums)
    drawn, merged = np.zeros(n_columns, np.float32), np.zeros(n_columns, np.float32)
    outside = np.zeros(n_columns, np.int32)
    n_outside = 0
    for first in range(0, codes.shape[0], at_once):
        last = min(first + at_once, codes.shape[0])
        reads = first * n_cycles, last * n_cycles
        _sums_of(cells, start, split, index, reads[0], reads[1], sums)
        if white.shape[0]:
            _sums_of(white, start, split[:0], index, reads[0], reads[1], variances)
        outside[:] = 0
        for vector in range(first, last):
            merged[:] = 0
            for cycle in range(n_cycles):
                read, weight = vector * n_cycles + cycle, weights[cycle]
                total, variance = sums[read - reads[0]], variances[read - reads[0]]
                n_driven = start[read + 1] - start[read]
                if not white.shape[0]:
                    variance[:] = _I(n_driven)
                if is_thermal or n_driven > 0:
                    fill_row(key_of(base, first_read + read), drawn)
                if signed:
                    for c in range(n_columns):
                        deviation = np.sqrt(_F(variance[c]) * unit + thermal[c])
                        at = (_F(total[c]) * factor + shift) + deviation * drawn[c]
                        size = abs(at)
                        outside[c] += _I(size > top)
                        code = np.floor(size + up)
                        code = code if code < top else top
                        merged[c] += weight * (code if at >= _ZERO else -code)
                else:
                    for c in range(n_columns):
                        deviation = np.sqrt(_F(variance[c]) * unit + thermal[c])
                        at = (_F(total[c]) * factor + shift) + deviation * drawn[c]
                        outside[c] += _I((at < _ZERO) | (at > top))
                        code = np.floor(at + up)
                        code = code if code < top else top
                        merged[c] += weight * (code if code > _ZERO else _ZERO)
            row = codes[vector]
            for c in range(n_columns):
                row[c] += merged[c]
        n_outside += outside.sum()
    return n_outside
