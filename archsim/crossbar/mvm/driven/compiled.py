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

from archsim.crossbar.draws.compiled import KEYS_AT_ONCE, fill_rows, key_of
from archsim.crossbar.mvm.compiled import ENTRY_BYTES, shifted
from archsim.jit import intrinsic, njit, types

__all__ = ["add_codes", "add_noisy_codes", "add_whole_codes", "count_active", "encode", "find"]

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


def _sum_both(
    typingctx: Any, cells: Any, line: Any, tile: Any, index: Any, first: Any, middle: Any, last: Any, sums: Any
) -> Any:
    """`_sum_rows` of numbers whose variances lie beside them: ``sums[0]``, and in ``sums[1]`` all variances added.

    cells (lines, tiles, rows, 2, columns of a tile); sums (2, columns of a tile), the last axis dense.
    """
    integer = types.intp
    signature = types.void(cells, integer, integer, index, integer, integer, integer, sums)
    entry = ir.VectorType(ir.IntType(cells.dtype.bitwidth), ENTRY_BYTES * 8 // cells.dtype.bitwidth)

    def load(builder: Any, place: Any) -> Any:
        one = builder.load(builder.bitcast(place, entry.as_pointer()))
        one.align = ENTRY_BYTES
        return one

    def walk(builder: Any, base: Any, chosen: Any, begin: Any, end: Any, so_far: Any, name: str) -> Any:
        add = builder.add if name == "plus" else builder.sub
        before, loop = builder.block, builder.append_basic_block(name)
        after = builder.append_basic_block(name + ".end")
        builder.cbranch(builder.icmp_signed("<", begin, end), loop, after)
        builder.position_at_end(loop)
        at, totals = builder.phi(_const(0).type), [builder.phi(entry) for _ in so_far]
        row = builder.zext(builder.load(builder.gep(chosen, [at])), _const(0).type)
        place = builder.gep(base, [builder.mul(row, _const(2 * ENTRY_BYTES))])
        number, variance = load(builder, place), load(builder, builder.gep(place, [_const(ENTRY_BYTES)]))
        now = [add(totals[0], number), builder.add(totals[1], variance)]
        following = builder.add(at, _const(1))
        builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
        builder.position_at_end(after)
        found = [builder.phi(entry) for _ in so_far]
        at.add_incoming(begin, before)
        at.add_incoming(following, loop)
        for total, both, old, new in zip(totals, found, so_far, now, strict=True):
            total.add_incoming(old, before)
            total.add_incoming(new, loop)
            both.add_incoming(old, before)
            both.add_incoming(new, loop)
        return found

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 3, 7))
        numbers, chosen, out = arrays
        n_tiles, n_rows = (builder.extract_value(numbers.shape, axis) for axis in (1, 2))
        before = builder.add(builder.mul(args[1], n_tiles), args[2])
        first = builder.mul(builder.mul(before, n_rows), _const(2 * ENTRY_BYTES))
        base = builder.gep(builder.bitcast(numbers.data, ir.IntType(8).as_pointer()), [first])
        found = [ir.Constant(entry, None)] * 2
        found = walk(builder, base, chosen.data, args[4], args[5], found, "plus")
        found = walk(builder, base, chosen.data, args[5], args[6], found, "minus")
        room = builder.bitcast(out.data, ir.IntType(8).as_pointer())
        stride = builder.extract_value(out.strides, 0)
        for place, one in zip((room, builder.gep(room, [stride])), found, strict=True):
            stored = builder.store(one, builder.bitcast(place, entry.as_pointer()))
            stored.align = cells.dtype.bitwidth // 8
        return context.get_dummy_value()

    return signature, codegen


sum_rows: Any = intrinsic(_sum_rows)
sum_both: Any = intrinsic(_sum_both)


@njit(cache=True, nogil=True, error_model="numpy")
def encode(numbers, maximum, top, most, codes):  # type: ignore[no-untyped-def]
    """`inputs.encode_checked` in codes of whole numbers; returns how many numbers are beyond `most`."""
    n_clipped = 0
    for row in range(numbers.shape[0]):
        given, code = numbers[row], codes[row]
        for k in range(given.shape[0]):
            x = given[k]
            n_clipped += (x > most) | (x < -most)
            code[k] = np.rint(min(max(x / maximum, -1.0), 1.0) * top)
    return n_clipped


@njit(cache=True, nogil=True)
def count_active(codes, active):  # type: ignore[no-untyped-def]
    """Digits of codes (n, rows) that are not zero; `active` has them by code."""
    found = 0
    for row in range(codes.shape[0]):
        given = codes[row]
        for k in range(given.shape[0]):
            found += active[abs(given[k])]
    return found


@njit(cache=True, nogil=True)
def _append(room, n_rows, bit, index, at):  # type: ignore[no-untyped-def]
    """Write the rows of `room` whose size has a bit to `index`; return where the next one goes."""
    rows, sizes = room[0], room[1]
    for k in range(n_rows):
        index[at] = rows[k]
        at += (sizes[k] >> bit) & 1
    return at


@njit(cache=True, nogil=True)
def _find_vector(codes, first_row, n_digits, two_phase, room, lists, read):  # type: ignore[no-untyped-def]
    """Append to the lists those of one vector's reads, from `read` on; rows of `codes` count from `first_row`."""
    start, split, index = lists
    plus, minus = room[0], room[1]
    n_plus, n_minus = 0, 0
    for k in range(codes.shape[0]):
        code = _I(codes[k])
        plus[0, n_plus], plus[1, n_plus] = _I(first_row + k), code
        minus[0, n_minus], minus[1, n_minus] = _I(first_row + k), -code
        n_plus += 1 if code > 0 else 0
        n_minus += 1 if code < 0 else 0
    at = start[read]
    for bit in range(n_digits):
        at = _append(plus, n_plus, bit, index, at)
        split[read] = at
        if not two_phase:
            at = _append(minus, n_minus, bit, index, at)
        read += 1
        start[read] = at
    for bit in range(n_digits if two_phase else 0):
        at = _append(minus, n_minus, bit, index, at)
        split[read] = at
        read += 1
        start[read] = at


@njit(cache=True, nogil=True)
def find(codes, first, stop, n_digits, two_phase, start, split, index):  # type: ignore[no-untyped-def]
    """Fill the lists of `driven.Driven` from the rows first:stop of codes (n, rows), counted from the first."""
    room = np.empty((2, 2, codes.shape[1] + 1), np.int32)
    n_cycles = 2 * n_digits if two_phase else n_digits
    lists = start, split, index
    start[0] = 0
    for vector in range(codes.shape[0]):
        _find_vector(codes[vector, first:stop], 0, n_digits, two_phase, room, lists, vector * n_cycles)


@njit(cache=True, nogil=True)
def _sums_of(tiles, start, split, index, first, last, sums):  # type: ignore[no-untyped-def]
    """sums (reads, columns of all tiles) of the reads from first to last."""
    width = sums.shape[1] // tiles.shape[0]
    for tile in range(tiles.shape[0]):
        column = tile * width
        for read in range(first, last):
            part = sums[read - first, column : column + width]
            sum_rows(tiles, tile, index, start[read], split[read], start[read + 1], part)


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
def _deviate(variances, unit, thermal, is_thermal, drawn):  # type: ignore[no-untyped-def]
    """Multiply standard normal numbers (reads, columns) by the deviations of their sums."""
    if is_thermal:
        for read in range(drawn.shape[0]):
            row, variance = drawn[read], variances[read]
            for c in range(row.shape[0]):
                row[c] *= np.sqrt(_F(variance[c]) * unit + thermal[c])
    else:
        flat, variance = drawn.ravel(), variances.ravel()
        for k in range(flat.shape[0]):
            flat[k] *= np.sqrt(_F(variance[k]) * unit)


@njit(cache=True, nogil=True, error_model="numpy")
def _round(sums, numbers, signed, noise):  # type: ignore[no-untyped-def]
    """Turn noise (in steps) of whole sums into their codes, in place; return how many sums lie outside."""
    factor, shift, up, top = numbers[0], numbers[1], numbers[2], numbers[3]
    n_outside = _I(0)
    if signed:
        for k in range(noise.shape[0]):
            at = (_F(sums[k]) * factor + shift) + noise[k]
            size = abs(at)
            n_outside += _I(size > top)
            code = np.floor(size + up)
            code = code if code < top else top
            noise[k] = code if at >= _ZERO else -code
    else:
        for k in range(noise.shape[0]):
            at = (_F(sums[k]) * factor + shift) + noise[k]
            n_outside += _I((at < _ZERO) | (at > top))
            code = np.floor(at + up)
            code = code if code < top else top
            noise[k] = code if code > _ZERO else _ZERO
    return n_outside


@njit(cache=True, nogil=True, error_model="numpy")
def _add_noisy_reads(reads, sums, noise, how, rooms, codes):  # type: ignore[no-untyped-def]
    """Add the weighted codes of a line's reads to `codes`; return how many sums lie outside."""
    (first_read, base, thermal, is_thermal), (numbers, signed, weights, width) = noise, how
    keys, halves, pairs, drawn, merged = rooms
    n_cycles, n_padded, n_outside = weights.shape[0], drawn.shape[1], 0
    # what the columns beyond the last one count
    shift, top = numbers[1], numbers[3]
    beyond = (abs(shift) > top) if signed else (shift < _ZERO) | (shift > top)
    merged[:] = 0
    for first in range(0, reads.shape[0], KEYS_AT_ONCE):
        now = reads[first : first + KEYS_AT_ONCE]
        last, noisy = first + now.shape[0], drawn[: now.shape[0]]
        for k in range(now.shape[0]):
            keys[k] = key_of(base, first_read + now[k])
        fill_rows(keys[: now.shape[0]], width, halves, pairs, drawn)
        _deviate(sums[1, first:last], numbers[4], thermal, is_thermal, noisy)
        n_outside += _round(sums[0, first:last].ravel(), numbers, signed, noisy.ravel())
        n_outside -= beyond * now.shape[0] * (n_padded - width)
        for k in range(now.shape[0]):
            row, found, weight = drawn[k], merged[now[k] // n_cycles], weights[now[k] % n_cycles]
            for c in range(width):
                found[c] += weight * row[c]
    for vector in range(codes.shape[0]):
        row, found = codes[vector], merged[vector]
        for c in range(width):
            row[c] += found[c]
    return n_outside


@njit(cache=True, nogil=True)
def _keep(start, split, reads, n_reads, keeps_all):  # type: ignore[no-untyped-def]
    """Drop the lists of reads that drive nothing, unless all are kept; fill `reads` with those that stay."""
    n_kept = 0
    for read in range(n_reads):
        begin, end = start[read], start[read + 1]
        start[n_kept], split[n_kept], reads[n_kept] = begin, split[read], read
        n_kept += keeps_all or end > begin
    start[n_kept] = start[n_reads]
    return n_kept


@njit(cache=True, nogil=True, error_model="numpy")
def add_noisy_codes(drive, cells, noise, converter, merging, total):  # type: ignore[no-untyped-def]
    """`driven.NoisyLines.add`: all lines and blocks, a few vectors at a time."""
    codes, n_digits, two_phase, edges = drive
    first_read, bases, thermal, is_thermal = noise
    numbers, signed, keeps_all = converter
    weights, factors, widths, spread = merging
    n_lines, n_blocks, n_cycles = len(factors), len(edges) - 1, len(weights)
    at_once = max(1, _READS_AT_ONCE // n_cycles)
    most, n_padded, widest = at_once * n_cycles, thermal.shape[2], widths.max()
    start, split = np.zeros((n_blocks, most + 1), np.int64), np.empty((n_blocks, most), np.int64)
    reads, n_kept = np.empty((n_blocks, most), np.int64), np.empty(n_blocks, np.int64)
    index = np.empty((n_blocks, (most + 1) * np.diff(edges).max()), np.int32)
    room = np.empty((2, 2, codes.shape[1] + 1), np.int32)
    sums, found = np.zeros((2, most, n_padded), np.int32), np.empty((at_once, widest))
    n_pairs = KEYS_AT_ONCE * ((widest + 1) // 2)
    halves, pairs = np.empty((2, n_pairs), np.uint32), np.empty((2, n_pairs), np.float32)
    keys, drawn = np.empty(KEYS_AT_ONCE, np.uint64), np.zeros((KEYS_AT_ONCE, n_padded), np.float32)
    rooms = keys, halves, pairs, drawn, np.empty((at_once, widest), np.float32)
    n_outside = 0
    for first in range(0, codes.shape[0], at_once):
        n = min(at_once, codes.shape[0] - first)
        for block in range(n_blocks):
            rows, stop = edges[block], edges[block + 1]
            lists = start[block], split[block], index[block]
            start[block, 0] = 0
            for vector in range(n):
                given = codes[first + vector, rows:stop]
                _find_vector(given, rows, n_digits, two_phase, room, lists, vector * n_cycles)
            n_kept[block] = _keep(start[block], split[block], reads[block], n * n_cycles, keeps_all)
        for line in range(n_lines):
            width = widths[line]
            found[:] = 0.0
            if width < widest:  # what wider lines left there
                sums[:, :, width:] = 0
            for block in range(n_blocks):
                lists, chosen = (start[block], split[block], index[block]), reads[block, : n_kept[block]]
                _sum_lines(cells, line, lists, n_kept[block], width, sums)
                of_line = first_read + first * n_cycles, bases[block, line], thermal[block, line], is_thermal
                how = numbers[line], signed, weights, width
                n_outside += _add_noisy_reads(chosen, sums, of_line, how, rooms, found[:n])
            where = spread if line == n_lines - 1 else spread[:0]
            _merge(found[:n], factors[line], line == 0, where, total[first : first + n])
    return n_outside


@njit(cache=True, nogil=True)
def _sum_lines(cells, line, lists, n_reads, width, sums):  # type: ignore[no-untyped-def]
    start, split, index = lists
    columns = cells.shape[4]
    for tile in range((width + columns - 1) // columns):
        for read in range(n_reads):
            part = sums[:, read, tile * columns : (tile + 1) * columns]
            sum_both(cells, line, tile, index, start[read], split[read], start[read + 1], part)


@njit(cache=True, nogil=True)
def _merge(codes, factor, is_first, spread, total):  # type: ignore[no-untyped-def]
    """Add a line's codes times its factor to `total`: to each output's the column that `spread`, if any, says."""
    for vector in range(codes.shape[0]):
        row, found = total[vector], codes[vector]
        if spread.shape[0]:
            for c in range(row.shape[0]):
                row[c] += found[spread[c]] * factor
        elif is_first:
            for c in range(row.shape[0]):
                row[c] = found[c] * factor
        else:
            for c in range(row.shape[0]):
                row[c] += found[c] * factor
