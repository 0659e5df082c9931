"""Compiled loops of the converted product: every sum and code has the same bits as in `kernels`.

Sums of whole numbers do not depend on their order, and every later step is one rounded operation on one
number, the same as in the plain twin: no fused multiply-add, no reordering.

The intrinsics say what Python cannot: sums of look-up entries in vector registers. What they emit is LLVM's
portable vector code: a machine with narrower registers runs it in more steps, with the same whole numbers.
"""

# the arguments of an intrinsic are types, of which its signature is made; few of them are looked at
# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]

from archsim.jit import intrinsic, njit, types

__all__ = ["ENTRY_BYTES", "add_codes", "add_looked_up_codes", "add_whole_codes", "fill_tables"]

# bytes of one entry of a table: a cache line, and the widest register there is
ENTRY_BYTES = 64
# rows that one entry sums, entries to choose from, and groups in one word of 32 bits
GROUP_ROWS, GROUP_ENTRIES, GROUPS_OF_WORD = 4, 16, 8


def _int(bits: int) -> Any:
    return ir.IntType(bits)


def _const(value: int) -> Any:
    return ir.Constant(_int(64), value)


def _width_of(typingctx: Any, table: Any) -> Any:
    """Columns of one entry: a constant, so that loops over them unroll."""
    columns = ENTRY_BYTES * 8 // table.dtype.bitwidth

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _const(columns)

    return types.intp(table), codegen


def _shifted(typingctx: Any, number: Any, bits: Any) -> Any:
    """``number >> bits`` in 32 bits; in Python's way it would take 64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ashr(*args)

    return types.int32(types.int32, types.int32), codegen


def _sum_entries(typingctx: Any, tables: Any, tile: Any, words: Any, at: Any, n_words: Any, sums: Any) -> Any:
    """``sums[:] =`` the entries of `tables[tile]` that ``words[at : at + n_words]`` choose, four bits a group."""
    signature = types.void(tables, types.intp, words, types.intp, types.intp, sums)
    narrow, wide = tables.dtype.bitwidth, sums.dtype.bitwidth
    columns = ENTRY_BYTES * 8 // narrow
    entry, total = ir.VectorType(_int(narrow), columns), ir.VectorType(_int(wide), columns)

    def eight_groups(builder: Any, base: Any, word: Any) -> Any:
        found = None
        for group in range(GROUPS_OF_WORD):
            pattern = builder.and_(builder.lshr(word, _const(GROUP_ROWS * group)), _const(GROUP_ENTRIES - 1))
            first = _const(group * GROUP_ENTRIES * ENTRY_BYTES)
            place = builder.gep(base, [builder.add(builder.mul(pattern, _const(ENTRY_BYTES)), first)])
            one = builder.load(builder.bitcast(place, entry.as_pointer()))
            one.align = ENTRY_BYTES
            found = one if found is None else builder.add(found, one)
        return found if wide == narrow else builder.sext(found, total)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        table, chosen, out = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 5))
        word_bytes = GROUPS_OF_WORD * GROUP_ENTRIES * ENTRY_BYTES
        first = builder.mul(args[1], builder.mul(args[4], _const(word_bytes)))
        base = builder.gep(builder.bitcast(table.data, _int(8).as_pointer()), [first])
        before, loop = builder.block, builder.append_basic_block("words")
        after = builder.append_basic_block("words.end")
        builder.branch(loop)
        builder.position_at_end(loop)
        count, so_far = builder.phi(_int(64)), builder.phi(total)
        count.add_incoming(_const(0), before)
        so_far.add_incoming(ir.Constant(total, None), before)
        word = builder.zext(builder.load(builder.gep(chosen.data, [builder.add(args[3], count)])), _int(64))
        here = builder.gep(base, [builder.mul(count, _const(word_bytes))])
        now = builder.add(so_far, eight_groups(builder, here, word))
        following = builder.add(count, _const(1))
        count.add_incoming(following, loop)
        so_far.add_incoming(now, loop)
        builder.cbranch(builder.icmp_signed("<", following, args[4]), loop, after)
        builder.position_at_end(after)
        stored = builder.store(now, builder.bitcast(out.data, total.as_pointer()))
        stored.align = sums.dtype.bitwidth // 8
        return context.get_dummy_value()

    return signature, codegen


width_of: Any = intrinsic(_width_of)
shifted: Any = intrinsic(_shifted)
sum_entries: Any = intrinsic(_sum_entries)


@njit(cache=True, nogil=True)
def _add_codes(sums, factor, shift, up, top, signed, weight, slack, codes):  # type: ignore[no-untyped-def]
    """Add `weight` times the code of each sum to `codes`; return how many sums lie outside of the range."""
    n_outside = 0
    if signed:
        for column in range(sums.shape[0]):
            at = sums[column] * factor + shift
            size = abs(at)
            code = min(np.floor(size + up), top)
            n_outside += size > top + slack
            codes[column] += weight * (code if at >= 0 else -code)
    else:
        for column in range(sums.shape[0]):
            at = sums[column] * factor + shift
            n_outside += (at < -slack) | (at > top + slack)
            codes[column] += weight * min(max(np.floor(at + up), 0.0), top)
    return n_outside


@njit(cache=True, nogil=True)
def add_codes(sums, factor, shift, up, top, signed, weight, slack, codes):  # type: ignore[no-untyped-def]
    """`kernels.add_codes` of sums (n, columns): float64, float32 or integers."""
    n_outside = 0
    for vector in range(sums.shape[0]):
        n_outside += _add_codes(sums[vector], factor, shift, up, top, signed, weight, slack, codes[vector])
    return n_outside


@njit(cache=True, nogil=True)
def fill_tables(cells, tables):  # type: ignore[no-untyped-def]
    """All sums of each four rows: entry p of a group is the sum of the rows whose bits are set in p.

    cells (rows, columns), rows in fours; tables (tiles, rows / 4 * 16, columns of an entry), zeros.
    """
    width = tables.shape[2]
    for tile in range(tables.shape[0]):
        first = tile * width
        n_columns = min(width, cells.shape[1] - first)
        for row in range(cells.shape[0]):
            group, bit = row // 4 * 16, 1 << (row % 4)
            added = cells[row, first : first + n_columns]
            for pattern in range(bit):
                less, more = tables[tile, group + pattern], tables[tile, group + bit + pattern]
                for column in range(n_columns):
                    more[column] = less[column] + added[column]


@njit(cache=True, nogil=True)
def add_whole_codes(  # type: ignore[no-untyped-def]
    words, tables, sums, numbers, signed, weights, codes
):
    """`kernels.add_codes_of_bits` in whole numbers: ``code = (factor sum + add) >> bits``, within 0 .. top.

    words (n, cycles, words) uint32, 32 rows each, the first one lowest; tables of `fill_tables`; room for the
    `sums` of one entry; numbers of `kernels.WholeCoding`; whole weights of the cycles.
    """
    factor, add, bits, top, low, high = numbers
    n, n_cycles, n_words = words.shape
    width, n_columns = width_of(tables), codes.shape[1]
    merged, outside = np.zeros(width, np.int32), np.zeros(width, np.int32)
    n_outside = 0
    for tile in range(tables.shape[0]):
        first = tile * width
        outside[:] = 0
        for vector in range(n):
            merged[:] = 0
            for cycle in range(n_cycles):
                sum_entries(tables, tile, words, (vector * n_cycles + cycle) * n_words, n_words, sums)
                weight = weights[cycle]
                if signed:
                    for column in range(width):
                        at = np.int32(sums[column])
                        size = np.int32(abs(at))
                        outside[column] += np.int32(size > high)
                        code = np.int32(min(shifted(np.int32(size * factor + add), bits), top))
                        merged[column] += np.int32(weight * np.int32(code if at >= 0 else -code))
                else:
                    for column in range(width):
                        at = np.int32(sums[column])
                        outside[column] += np.int32((at < low) | (at > high))
                        code = shifted(np.int32(at * factor + add), bits)
                        merged[column] += np.int32(weight * np.int32(min(max(code, np.int32(0)), top)))
            for column in range(min(width, n_columns - first)):
                codes[vector, first + column] += merged[column]
        for column in range(min(width, n_columns - first)):
            n_outside += outside[column]
    return n_outside


@njit(cache=True, nogil=True)
def add_looked_up_codes(  # type: ignore[no-untyped-def]
    words, tables, sums, factor, shift, up, top, signed, weights, slack, codes
):
    """`add_whole_codes` for sums that no whole numbers convert."""
    n, n_cycles, n_words = words.shape
    width, n_columns = width_of(tables), codes.shape[1]
    merged, outside = np.zeros(width), np.zeros(width, np.int32)
    n_outside = 0
    for tile in range(tables.shape[0]):
        first = tile * width
        outside[:] = 0
        for vector in range(n):
            merged[:] = 0.0
            for cycle in range(n_cycles):
                sum_entries(tables, tile, words, (vector * n_cycles + cycle) * n_words, n_words, sums)
                weight = weights[cycle]
                if signed:
                    for column in range(width):
                        at = sums[column] * factor + shift
                        size = abs(at)
                        outside[column] += np.int32(size > top + slack)
                        code = min(np.floor(size + up), top)
                        merged[column] += weight * (code if at >= 0 else -code)
                else:
                    for column in range(width):
                        at = sums[column] * factor + shift
                        outside[column] += np.int32((at < -slack) | (at > top + slack))
                        merged[column] += weight * min(max(np.floor(at + up), 0.0), top)
            for column in range(min(width, n_columns - first)):
                codes[vector, first + column] += merged[column]
        for column in range(min(width, n_columns - first)):
            n_outside += outside[column]
    return n_outside
