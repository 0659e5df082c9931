"""Normal numbers by counter, compiled: the same bits as the plain loops of the package.

Every step is one rounded operation on one number; loops have no branches, so that they become vector instructions.
"""

# numba's decorators carry no types, and the arguments of an intrinsic are types
# ruff: noqa: ARG001
from __future__ import annotations

from typing import Any

import numpy as np

from archsim.crossbar.draws import numbers
from archsim.jit import intrinsic, njit, types

__all__ = ["KEYS_AT_ONCE", "fill", "fill_rows", "key_of"]

# reads whose numbers are drawn together: they stay in the nearest cache
KEYS_AT_ONCE = 16

_U, _F, _I = np.uint32, np.float32, np.int32
(_S0, _M0), (_S1, _M1), (_S2, _M2), (_S3, _M3) = ((_U(shift), _U(factor)) for shift, factor in numbers.ROUNDS)
_LAST, _COLUMN, _APART = _U(numbers.LAST_SHIFT), _U(numbers.COLUMN), _U(numbers.APART)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = map(_F, numbers.LN)
_C0, _C1, _C2, _C3, _C4 = map(_F, numbers.COS)
_N0, _N1, _N2, _N3 = map(_F, numbers.SIN)
_TWO_LN_2, _ONE, _HALF, _ZERO, _FINE = map(_F, (numbers.TWO_LN_2, 1, 0.5, 0, 2.0**-23))
_EIGHT, _SIGN = _U(8), _U(31)
_GOLDEN = np.uint64(numbers.GOLDEN)
(_K0, _KM0), (_K1, _KM1) = ((np.uint64(shift), np.uint64(factor)) for shift, factor in numbers.SPLIT_MIX[:2])
_K2 = np.uint64(numbers.SPLIT_MIX[2])


def _as_bits(typingctx: Any, number: Any) -> Any:
    """The 32 bits of a number in single precision."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int32))

    return types.int32(types.float32), codegen


def _as_number(typingctx: Any, bits: Any) -> Any:
    """The number in single precision that has these bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float32))

    return types.float32(types.int32), codegen


as_bits: Any = intrinsic(_as_bits)
as_number: Any = intrinsic(_as_number)


@njit(cache=True, nogil=True)
def key_of(base, read):  # type: ignore[no-untyped-def]
    """The key of one read: `draws.keys_of`."""
    x = np.uint64(base + (np.uint64(read) + np.uint64(1)) * _GOLDEN)
    x = np.uint64((x ^ (x >> _K0)) * _KM0)
    x = np.uint64((x ^ (x >> _K1)) * _KM1)
    return np.uint64(x ^ (x >> _K2))


@njit(cache=True, nogil=True, error_model="numpy")
def _pair(x, high):  # type: ignore[no-untyped-def]
    """Of the lower half of a key plus the counter of a column, and the upper half."""
    x = _U(_U(_U(x ^ _U(x >> _S0)) * _M0) ^ high)
    x = _U(_U(x ^ _U(x >> _S1)) * _M1)
    one = _U(x ^ _U(x >> _LAST))
    x = _U(one + _APART)
    x = _U(_U(x ^ _U(x >> _S2)) * _M2)
    x = _U(_U(x ^ _U(x >> _S3)) * _M3)
    other = _U(x ^ _U(x >> _LAST))
    bits = as_bits(_F(_I(one >> _EIGHT)) + _HALF)
    octaves = _F(_I(_I(151) - _I(bits >> _I(23))))
    m = as_number(_I(_I(bits & _I(0x7FFFFF)) | _I(0x3F800000))) - _ONE
    ln = ((((((_L7 * m + _L6) * m + _L5) * m + _L4) * m + _L3) * m + _L2) * m + _L1) * m + _L0
    squared = _TWO_LN_2 * octaves - ln
    radius = np.sqrt(squared if squared > _ZERO else _ZERO)
    radius = as_number(_I(as_bits(radius) | _I(_U(other << _SIGN))))
    w = _F(_I(other >> _EIGHT)) * _FINE - _ONE
    w2 = w * w
    cos = (((_C4 * w2 + _C3) * w2 + _C2) * w2 + _C1) * w2 + _C0
    sin = w * (((_N3 * w2 + _N2) * w2 + _N1) * w2 + _N0)
    return radius * cos, radius * sin


@njit(cache=True, nogil=True, error_model="numpy")
def fill_rows(keys, width, halves, pairs, found):  # type: ignore[no-untyped-def]
    """`fill` of few keys: their pairs in one long loop, with room for what it reads and writes (2, pairs)."""
    half = (width + 1) // 2
    lows, highs = halves[0], halves[1]
    left, right = pairs[0], pairs[1]
    for r in range(keys.shape[0]):
        low, high = _U(keys[r] & np.uint64(0xFFFFFFFF)), _U(keys[r] >> np.uint64(32))
        for j in range(half):
            lows[r * half + j] = _U(low + _U(_U(j) * _COLUMN))
            highs[r * half + j] = high
    for k in range(keys.shape[0] * half):
        left[k], right[k] = _pair(lows[k], highs[k])
    for r in range(keys.shape[0]):
        row = found[r]
        for j in range(half):
            row[j] = left[r * half + j]
        for j in range(width - half):
            row[half + j] = right[r * half + j]


@njit(cache=True, nogil=True)
def fill(keys, found):  # type: ignore[no-untyped-def]
    """`draws.normals` of keys (n,): found (n, width)."""
    n_pairs = KEYS_AT_ONCE * ((found.shape[1] + 1) // 2)
    halves, pairs = np.empty((2, n_pairs), np.uint32), np.empty((2, n_pairs), np.float32)
    for first in range(0, keys.shape[0], KEYS_AT_ONCE):
        part = found[first : first + KEYS_AT_ONCE]
        fill_rows(keys[first : first + KEYS_AT_ONCE], found.shape[1], halves, pairs, part)
