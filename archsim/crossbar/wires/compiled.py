"""Compiled single drive vectors: the equations of `vectors`, loop by loop.

Word lines go eight at a time, so that eight recurrences run side by side; bit lines lie side by side already.
Loops over rows of cells are functions of their own: the compiler then sees that rows do not overlap.
A resistance that is the same for all lines comes as one value a node, others as an array like the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit

Floats = NDArray[np.float64]
Lines = tuple[Floats, Floats, Floats]  # shares that go on, last inverse pivots, resistances

LANES = 8
# stands for the conductance of an ideal segment to the fixed end: its square is still a number
_SHORT = 1e150
_Loop = TypeVar("_Loop", bound=Callable[..., Any])


def _jit(function: _Loop) -> _Loop:
    """Compiled and kept on disk; sums may be taken in any order, nothing is assumed about infinities."""
    compiled = njit(cache=True, fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")(function)
    return cast(_Loop, compiled)


def _jit_as_written(function: _Loop) -> _Loop:
    """Compiled without any change of order: for residuals, which live on their last digits."""
    return cast(_Loop, njit(cache=True)(function))


@_jit
def _ohm(r: Floats, line: int, node: int) -> float:
    found: float = r[node] if r.ndim == 1 else r[line, node]
    return found


@_jit
def _lines(r: Floats, top: int) -> Floats:
    return r if r.ndim == 1 else r[top:]


@_jit
def _below(r: Floats, i: int, j: int) -> float:
    found: float = r[i] if r.ndim == 1 else r[i, j]
    return found


@_jit
def factor_word_lines(g: Floats, r: Floats, feed: Floats) -> tuple[Floats, Floats]:
    """Share of a current that goes on to each node from the one before, (strips, cols, lanes); last pivots."""
    rows, cols = g.shape
    onward, last = np.zeros((-(-rows // LANES), cols, LANES)), np.zeros(rows)
    seen = np.empty(LANES)
    for s in range(onward.shape[0]):
        top = s * LANES
        lanes = min(LANES, rows - top)
        for u in range(lanes):
            seen[u] = feed[top + u] + g[top + u, 0]
        for j in range(1, cols):
            for u in range(lanes):
                i = top + u
                share = 1.0 / (1.0 + _ohm(r, i, j) * seen[u])
                onward[s, j, u] = share
                seen[u] = g[i, j] + seen[u] * share
        for u in range(lanes):
            last[top + u] = 1.0 / seen[u] if seen[u] > 0.0 else 0.0
    return onward, last


@_jit
def _factor_row(g: Floats, r: Floats, i: int, seen: Floats, onward: Floats) -> None:
    for j in range(g.shape[0]):
        share = 1.0 / (1.0 + _below(r, i, j) * seen[j])
        onward[j] = share
        seen[j] = g[j] + seen[j] * share


@_jit
def factor_bit_lines(g: Floats, r: Floats, onward: Floats) -> Floats:
    """Share that goes on from each bit-line node to the one above; returns inverse pivots of the top nodes."""
    rows, cols = g.shape
    seen = np.empty(cols)
    for j in range(cols):
        seen[j] = g[rows - 1, j] + 1.0 / max(_below(r, rows - 1, j), 1.0 / _SHORT)
    for i in range(rows - 2, -1, -1):
        _factor_row(g[i], r, i, seen, onward[i])
    return 1.0 / seen


@_jit
def _along_one(y: Floats, onward: Floats, last: float, r: Floats, line: int) -> None:
    nodes = y.shape[0]
    a = y[0]
    for j in range(1, nodes):
        a = y[j] + onward[j] * a
        y[j] = a
    a *= last
    y[nodes - 1] = a
    for j in range(nodes - 1, 0, -1):
        a = onward[j] * (_ohm(r, line, j) * y[j - 1] + a)
        y[j - 1] = a


@_jit
def _along_eight(y: Floats, o: Floats, last: Floats, r: Floats) -> None:
    nodes = y.shape[1]
    a, b, c, d, e, f, g, h = y[0, 0], y[1, 0], y[2, 0], y[3, 0], y[4, 0], y[5, 0], y[6, 0], y[7, 0]
    for j in range(1, nodes):
        a, b, c, d = y[0, j] + o[j, 0] * a, y[1, j] + o[j, 1] * b, y[2, j] + o[j, 2] * c, y[3, j] + o[j, 3] * d
        e, f, g, h = y[4, j] + o[j, 4] * e, y[5, j] + o[j, 5] * f, y[6, j] + o[j, 6] * g, y[7, j] + o[j, 7] * h
        y[0, j], y[1, j], y[2, j], y[3, j], y[4, j], y[5, j], y[6, j], y[7, j] = a, b, c, d, e, f, g, h
    a, b, c, d, e, f, g, h = (
        a * last[0], b * last[1], c * last[2], d * last[3], e * last[4], f * last[5], g * last[6], h * last[7]
    )  # fmt: skip
    j = nodes - 1
    y[0, j], y[1, j], y[2, j], y[3, j], y[4, j], y[5, j], y[6, j], y[7, j] = a, b, c, d, e, f, g, h
    for j in range(nodes - 2, -1, -1):
        k = j + 1
        a, b = o[k, 0] * (_ohm(r, 0, k) * y[0, j] + a), o[k, 1] * (_ohm(r, 1, k) * y[1, j] + b)
        c, d = o[k, 2] * (_ohm(r, 2, k) * y[2, j] + c), o[k, 3] * (_ohm(r, 3, k) * y[3, j] + d)
        e, f = o[k, 4] * (_ohm(r, 4, k) * y[4, j] + e), o[k, 5] * (_ohm(r, 5, k) * y[5, j] + f)
        g, h = o[k, 6] * (_ohm(r, 6, k) * y[6, j] + g), o[k, 7] * (_ohm(r, 7, k) * y[7, j] + h)
        y[0, j], y[1, j], y[2, j], y[3, j], y[4, j], y[5, j], y[6, j], y[7, j] = a, b, c, d, e, f, g, h


@_jit
def _along(y: Floats, onward: Floats, last: Floats, r: Floats) -> None:
    """Currents into the nodes of up to eight word lines become their voltages."""
    if y.shape[0] == LANES:
        _along_eight(y, onward, last, r)
    else:
        for u in range(y.shape[0]):
            _along_one(y[u], onward[:, u], last[u], r, u)


@_jit
def injected(g: Floats, onward: Floats, last: Floats, r: Floats, lacking: Floats, found: Floats) -> None:
    """Currents into the bit lines from sources beside the cells, word lines eliminated."""
    rows, cols = g.shape
    y = np.empty((LANES, cols))
    for top in range(0, rows, LANES):
        lanes = min(LANES, rows - top)
        y[:lanes] = lacking[top : top + lanes]
        _along(y[:lanes], onward[top // LANES], last[top:], _lines(r, top))
        for u in range(lanes):
            i = top + u
            for j in range(cols):
                found[i, j] = lacking[i, j] - g[i, j] * y[u, j]


@_jit
def _sources(y: Floats, g: Floats, bit_v: Floats, lacking: Floats, top: int, lanes: int) -> None:
    for u in range(lanes):
        for j in range(y.shape[1]):
            y[u, j] = g[top + u, j] * bit_v[top + u, j] - lacking[top + u, j]


@_jit
def _through(found: Floats, y: Floats, g: Floats, bit_v: Floats, lacking: Floats, top: int, lanes: int) -> None:
    for u in range(lanes):
        i = top + u
        for j in range(y.shape[1]):
            found[i, j] = lacking[i, j] + g[i, j] * (y[u, j] - bit_v[i, j])


@_jit
def cell_currents(
    g: Floats, onward: Floats, last: Floats, r: Floats, lacking: Floats, bit_v: Floats
) -> tuple[Floats, Floats]:
    """Current of each cell, with sources beside them, and each first word-line node, from the bit lines."""
    rows, cols = g.shape
    found, first_v = np.empty((rows, cols)), np.empty(rows)
    y = np.empty((LANES, cols))
    for top in range(0, rows, LANES):
        lanes = min(LANES, rows - top)
        _sources(y, g, bit_v, lacking, top, lanes)
        _along(y[:lanes], onward[top // LANES], last[top:], _lines(r, top))
        first_v[top : top + lanes] = y[:lanes, 0]
        _through(found, y, g, bit_v, lacking, top, lanes)
    return found, first_v


@_jit
def _direction(p: Floats, z: Floats, beta: float, g: Floats, y: Floats, top: int, lanes: int) -> None:
    for u in range(lanes):
        i = top + u
        for j in range(p.shape[1]):
            v = z[i, j] + beta * p[i, j]
            p[i, j] = v
            y[u, j] = g[i, j] * v


@_jit
def _image(
    q: Floats, mp: Floats, r: Floats, beta: float, g: Floats, y: Floats, p: Floats, top: int, lanes: int
) -> float:
    total = 0.0
    for u in range(lanes):
        i = top + u
        along_row = 0.0  # a sum of its own lets the loop become vector instructions
        for j in range(q.shape[1]):
            m = r[i, j] + beta * mp[i, j]
            mp[i, j] = m
            v = m - g[i, j] * y[u, j]
            q[i, j] = v
            along_row += v * p[i, j]
        total += along_row
    return total


@_jit
def _product(
    g: Floats, onward: Floats, last: Floats, ohm: Floats,
    r: Floats, z: Floats, p: Floats, mp: Floats, q: Floats, beta: float,
) -> float:  # fmt: skip
    """Next direction ``p = z + beta p``, its image q under the matrix; returns ``p . q``."""
    rows, cols = g.shape
    y = np.empty((LANES, cols))
    total = 0.0
    for top in range(0, rows, LANES):
        lanes = min(LANES, rows - top)
        _direction(p, z, beta, g, y, top, lanes)
        _along(y[:lanes], onward[top // LANES], last[top:], _lines(ohm, top))
        total += _image(q, mp, r, beta, g, y, p, top, lanes)
    return total


@_jit
def _add(x: Floats, step: float, p: Floats) -> None:
    for j in range(x.shape[0]):
        x[j] += step * p[j]


@_jit
def _upwards(r: Floats, step: float, q: Floats, z: Floats, onward: Floats, z_below: Floats) -> None:
    for j in range(r.shape[0]):
        v = r[j] - step * q[j]
        r[j] = v
        z[j] = v + onward[j] * z_below[j]


@_jit
def _downwards(r: Floats, z: Floats, z_above: Floats, onward: Floats, ohm: Floats, i: int) -> float:
    total = 0.0
    for j in range(r.shape[0]):
        v = onward[j] * (_below(ohm, i, j) * z[j] + z_above[j])
        z[j] = v
        total += r[j] * v
    return total


@_jit
def _precondition(
    onward: Floats, last: Floats, ohm: Floats, nothing: Floats,
    r: Floats, q: Floats, z: Floats, p: Floats, x: Floats, step: float,
) -> float:  # fmt: skip
    """``r -= step q``, ``x += step p`` (the last rows that x has), ``z = M^-1 r``; returns ``r . z``."""
    rows, cols = r.shape
    first = rows - x.shape[0]
    for i in range(first, rows):
        _add(x[i - first], step, p[i])
    _upwards(r[rows - 1], step, q[rows - 1], z[rows - 1], nothing, nothing)
    for i in range(rows - 2, -1, -1):
        _upwards(r[i], step, q[i], z[i], onward[i], z[i + 1])
    total = 0.0
    for j in range(cols):
        z[0, j] *= last[j]
        total += r[0, j] * z[0, j]
    for i in range(1, rows):
        total += _downwards(r[i], z[i], z[i - 1], onward[i - 1], ohm, i - 1)
    return total


@_jit
def conjugate_gradients(
    g: Floats, word: Lines, bit: Lines, space: Floats, x: Floats, tolerance: float, most: int
) -> int:
    """Bit-line voltages for injected currents ``space[0]``: the last rows of them, as many as x has, all 0.

    All of `space` (5, rows, cols) is used up. Returns the number of iterations, or -1 for too many.
    """
    r, z, p, mp, q = space[0], space[1], space[2], space[3], space[4]
    space[2:] = 0.0
    nothing = np.zeros(r.shape[1])
    rz = begin = _precondition(*bit, nothing, r, q, z, p, x, 0.0)
    beta = 0.0
    for done in range(most):
        if rz <= tolerance * tolerance * begin:
            return done
        step = rz / _product(g, *word, r, z, p, mp, q, beta)
        before = rz
        rz = _precondition(*bit, nothing, r, q, z, p, x, step)
        beta = rz / before
    return -1


@_jit_as_written
def lacking_currents(
    g: Floats, r_word: Floats, r_bit: Floats, current: Floats, end_v: Floats, floating: Any, found: Floats
) -> None:
    """Residual of Ohm's law: current at the voltages that the currents make, less the current itself."""
    rows, cols = g.shape
    flow = np.empty(cols)
    for i in range(rows):
        along = 0.0
        for j in range(cols - 1, -1, -1):
            along += current[i, j]
            flow[j] = along
        v = end_v[i]
        for j in range(cols):
            if j > 0 or not floating[i]:
                v -= _ohm(r_word, i, j) * flow[j]
            found[i, j] = v
    flows = np.empty((rows, cols))
    flow[:] = 0.0
    for i in range(rows):
        for j in range(cols):
            flow[j] += current[i, j]
            flows[i, j] = flow[j]
    flow[:] = 0.0
    for i in range(rows - 1, -1, -1):
        for j in range(cols):
            flow[j] += _below(r_bit, i, j) * flows[i, j]
            found[i, j] = g[i, j] * (found[i, j] - flow[j]) - current[i, j]


@_jit
def eliminate_many(y: Floats, coupling: Floats, seam: Floats) -> None:
    """``y -= coupling seam^-1 coupling^T`` in the upper triangles of many blocks, which lie along the last axis.

    Cholesky's method; `coupling` and `seam` are used up.
    """
    ports, seams, blocks = coupling.shape
    scale = np.empty(blocks)
    for q in range(seams):
        for n in range(blocks):
            scale[n] = 1.0 / np.sqrt(seam[q, q, n])
        for a in range(ports):
            for n in range(blocks):
                coupling[a, q, n] *= scale[n]
        for t in range(q + 1, seams):
            for n in range(blocks):
                seam[q, t, n] *= scale[n]
        for t in range(q + 1, seams):
            for u in range(t, seams):
                for n in range(blocks):
                    seam[t, u, n] -= seam[q, t, n] * seam[q, u, n]
            for a in range(ports):
                for n in range(blocks):
                    coupling[a, t, n] -= coupling[a, q, n] * seam[q, t, n]
    fours = seams - seams % 4
    for q in range(0, fours, 4):
        for a in range(ports):
            for b in range(a, ports):
                for n in range(blocks):
                    y[a, b, n] -= (
                        coupling[a, q, n] * coupling[b, q, n]
                        + coupling[a, q + 1, n] * coupling[b, q + 1, n]
                        + coupling[a, q + 2, n] * coupling[b, q + 2, n]
                        + coupling[a, q + 3, n] * coupling[b, q + 3, n]
                    )
    for q in range(fours, seams):
        for a in range(ports):
            for b in range(a, ports):
                for n in range(blocks):
                    y[a, b, n] -= coupling[a, q, n] * coupling[b, q, n]
