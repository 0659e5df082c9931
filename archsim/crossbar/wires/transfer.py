"""The whole transfer matrix by nested dissection over port admittances.

A block of cells is known to its neighbours only by the symmetric admittance over its ports. Its four sides
are L (outer ends of the first word-line segments), R (last word-line nodes), T (first bit-line nodes) and
B (outer ends of the last bit-line segments). Joining two blocks identifies the ports where they meet, adds
both admittances there and eliminates them by a Schur complement; about 33 n^3 operations for n x n cells.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from archsim.crossbar.wires.circuit import Circuit
from archsim.crossbar.wires.vectors import compiled_loops

Floats = NDArray[np.float64]

_L, _R, _T, _B = range(4)
_MEET = {"right": (_R, _L), "below": (_B, _T)}
# side of the square of cells that is reduced many small blocks at a time, so many times two into one
_LARGEST_PATCH = 64
_SMALL_MERGES = 8


_Sides = tuple[int, ...]  # number of ports on L, R, T, B, in this order


@dataclass(frozen=True)
class _Block:
    """Admittance (ports, ports), or (ports, ports, blocks) for many blocks of the same shape.

    Only the upper triangle means something.
    """

    y: Floats
    sides: _Sides

    def start(self, side: int) -> int:
        return sum(self.sides[:side])

    def ports(self, side: int) -> slice:
        return slice(self.start(side), self.start(side + 1))


def _runs(sides: _Sides, meet: int, parent: _Sides, shift: _Sides) -> list[tuple[slice, slice]]:
    """Where the ports that a block keeps lie in it and in its parent."""
    runs = []
    for side, n in enumerate(sides):
        if n and side != meet:
            at, to = sum(sides[:side]), sum(parent[:side]) + shift[side]
            runs.append((slice(at, at + n), slice(to, to + n)))
    return runs


@dataclass(frozen=True)
class _Plan:
    """How two blocks of given shapes are put together: (source, target) of all parts."""

    sides: _Sides
    seams: tuple[slice, slice]
    couplings: tuple[list[tuple[slice, slice, slice]], ...]  # target rows; rows and columns of the child
    parts: tuple[list[tuple[tuple[slice, slice], tuple[slice, slice]]], ...]


@functools.cache
def _plan(sides_a: _Sides, sides_b: _Sides, where: str) -> _Plan:
    meets = _MEET[where]
    children = tuple(zip((sides_a, sides_b), meets, strict=True))
    kept = [tuple(0 if side == meet else n for side, n in enumerate(sides)) for sides, meet in children]
    parent = tuple(m + n for m, n in zip(*kept, strict=True))
    runs = [_runs(sides_a, meets[0], parent, (0, 0, 0, 0)), _runs(sides_b, meets[1], parent, kept[0])]
    seams = [slice(sum(sides[:meet]), sum(sides[: meet + 1])) for sides, meet in children]
    couplings, parts = [], []
    for own, seam in zip(runs, seams, strict=True):
        couplings.append([(to, source, seam) for source, to in own])
        parts.append(
            [((to, to_2), (source, source_2)) for k, (source, to) in enumerate(own) for source_2, to_2 in own[k:]]
        )
    return _Plan(parent, (seams[0], seams[1]), tuple(couplings), tuple(parts))


def _put_together(a: _Block, b: _Block, where: str) -> tuple[_Block, Floats, Floats]:
    """Two neighbours side by side: admittance of the kept ports, their coupling to, and that of, the seam."""
    plan = _plan(a.sides, b.sides, where)
    ports, (seam_a, seam_b) = sum(plan.sides), plan.seams
    y = np.zeros((ports, ports, *a.y.shape[2:]))
    coupling = np.empty((ports, seam_a.stop - seam_a.start, *a.y.shape[2:]))
    for block, couplings, parts in zip((a, b), plan.couplings, plan.parts, strict=True):
        for to, source, seam in couplings:
            coupling[to] = _upper(block.y, source, seam)
        for target, own in parts:
            y[target] = block.y[own]
    return _Block(y, plan.sides), coupling, a.y[seam_a, seam_a] + b.y[seam_b, seam_b]


def _upper(y: Floats, rows: slice, cols: slice) -> Floats:
    """A part beside the diagonal of a symmetric matrix of which only the upper triangle is kept."""
    return y[rows, cols] if rows.start < cols.start else y[cols, rows].swapaxes(0, 1)


def _half_solved(coupling: Floats, seam: Floats) -> Floats:
    """Z with Z^T Z = coupling seam^-1 coupling^T, by Cholesky factorisation; both are used up."""
    factor, info = scipy.linalg.lapack.dpotrf(seam.T, lower=1, clean=0, overwrite_a=1)
    if info:
        raise ArithmeticError("a seam between blocks is not positive definite")
    return np.asarray(scipy.linalg.blas.dtrsm(1.0, factor, coupling.T, lower=1, overwrite_b=1))


def _eliminate(y: Floats, coupling: Floats, seam: Floats) -> None:
    """``y -= coupling seam^-1 coupling^T`` in the upper triangle, for one block or for many."""
    if y.ndim == 2:
        z = _half_solved(coupling, seam)
        scipy.linalg.blas.dsyrk(-1.0, z, beta=1.0, c=y.T, trans=1, lower=1, overwrite_c=1)
        return
    loops = compiled_loops()
    if loops is not None:
        loops.eliminate_many(y, coupling, seam)
        return
    n = seam.shape[0]
    for k in range(n):
        pivot = coupling[:, k] / seam[k, k]
        y -= coupling[:, None, k] * pivot[None]
        if k + 1 < n:
            row = seam[k, k + 1 :] / seam[k, k]
            coupling[:, k + 1 :] -= coupling[:, k, None] * row[None]
            # the upper triangle, as all the rest
            seam[k + 1 :, k + 1 :] -= seam[k, k + 1 :, None] * row[None]


def _join(a: _Block, b: _Block, where: str) -> _Block:
    parent, coupling, seam = _put_together(a, b, where)
    _eliminate(parent.y, coupling, seam)
    return parent


def _leave_open(block: _Block, side: int) -> _Block:
    """Eliminate the ports of a side at which nothing is connected."""
    gone = block.ports(side)
    before, after = slice(0, gone.start), slice(gone.stop, sum(block.sides))
    left = sum(block.sides) - (gone.stop - gone.start)
    y = np.zeros((left, left))
    y[before, before] = block.y[before, before]
    y[before, gone.start :] = block.y[before, after]
    y[gone.start :, gone.start :] = block.y[after, after]
    coupling = np.concatenate([_upper(block.y, before, gone), block.y[gone, after].T])
    _eliminate(y, coupling, block.y[gone, gone].copy())
    return _Block(y, tuple(0 if s == side else n for s, n in enumerate(block.sides)))


def _cells(g: Floats, row_segment: Floats, col_segment: Floats) -> _Block:
    """Every cell as a block: L -row segment- R -cell- T -column segment- B."""
    y = np.zeros((4, 4, *g.shape))
    for one, other, value in ((_L, _R, row_segment), (_R, _T, g), (_T, _B, col_segment)):
        y[one, one] += value
        y[other, other] += value
        y[one, other] -= value
        y[other, one] -= value
    return _Block(y, (1, 1, 1, 1))


def _merges(rows: int, cols: int) -> list[str]:
    """In which directions a patch, a power of two on each side, is joined from single cells, in order."""
    order = []
    high = wide = 1
    while high * wide < rows * cols:
        if wide < cols and (wide <= high or high == rows):
            order.append("right")
            wide *= 2
        else:
            order.append("below")
            high *= 2
    return order


def _by_merges(g: Floats, order: list[str]) -> Floats:
    """The cells of a patch in a line, so that each merge joins its first half to its second."""
    down, across = order.count("below"), order.count("right")
    axes = {"below": iter(range(down - 1, -1, -1)), "right": iter(range(down + across - 1, down - 1, -1))}
    return g.reshape((2,) * (down + across)).transpose([next(axes[where]) for where in order]).ravel()


def _patch(g: Floats, row_segment: Floats, col_segment: Floats) -> _Block:
    """Reduce a patch of cells to one block: small blocks all at once, large ones one by one."""
    order = _merges(*g.shape)
    many = _cells(*(_by_merges(a, order) for a in (g, row_segment, col_segment)))
    for where in order[:_SMALL_MERGES]:
        half = many.y.shape[2] // 2
        first, second = many.y[:, :, :half], many.y[:, :, half:]
        many = _join(_Block(first, many.sides), _Block(second, many.sides), where)
    blocks = [_Block(y, many.sides) for y in np.ascontiguousarray(many.y.transpose(2, 0, 1))]
    for where in order[_SMALL_MERGES:]:
        half = len(blocks) // 2
        blocks = [_join(a, b, where) for a, b in zip(blocks[:half], blocks[half:], strict=True)]
    return blocks[0]


def _patch_side(n: int) -> int:
    """The largest power of two whose multiples come within an eighth of `n` cells."""
    side = _LARGEST_PATCH
    while side > 1 and -(-n // side) * side > n * 1.125:
        side //= 2
    return side


class _Dissection:
    """One array, cut into halves until a part is a patch."""

    def __init__(self, g: Floats, row_segment: Floats, col_segment: Floats) -> None:
        rows, cols = g.shape
        self._side = (_patch_side(rows), _patch_side(cols))
        # open cells above the first row and right of the last column carry no current
        above, beside = -rows % self._side[0], -cols % self._side[1]
        pad = ((above, 0), (0, beside))
        self._g = np.pad(g, pad)
        self._segments = [np.pad(a, pad, constant_values=1.0) for a in (row_segment, col_segment)]
        self.extent = (0, self._g.shape[0], 0, self._g.shape[1])
        self.wanted = (slice(above, None), slice(0, cols))

    def halves(self, extent: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], str] | None:
        """Two parts and how they lie, cut between patches across the longer side; None for one patch."""
        top, bottom, left, right = extent
        high, wide = (bottom - top) // self._side[0], (right - left) // self._side[1]
        if high * wide == 1:
            return None
        if wide > 1 and (right - left >= bottom - top or high == 1):
            cut = left + wide // 2 * self._side[1]
            return (top, bottom, left, cut), (top, bottom, cut, right), "right"
        cut = top + high // 2 * self._side[0]
        return (top, cut, left, right), (cut, bottom, left, right), "below"

    def block(self, extent: tuple[int, ...]) -> _Block:
        parts = self.halves(extent)
        if parts is not None:
            return _join(self.block(parts[0]), self.block(parts[1]), parts[2])
        top, bottom, left, right = extent
        patch = np.s_[top:bottom, left:right]
        block = _patch(self._g[patch], *(a[patch] for a in self._segments))
        if right == self.extent[3]:
            block = _leave_open(block, _R)
        return _leave_open(block, _T) if top == 0 else block


def transfer_matrix(circuit: Circuit) -> Floats:
    """Current into each grounded bit line per volt on each driver, (rows, cols), in the circuit's unit."""
    row_segment, col_segment = 1 / circuit.r_row, 1 / circuit.r_col
    if circuit.floating is not None:
        # an open row that floats is tied to nothing: anything keeps its nodes solvable
        row_segment[circuit.floating & circuit.g.any(axis=1), 0] = 0.0
    tree = _Dissection(circuit.g, row_segment, col_segment)
    parts = tree.halves(tree.extent)
    if parts is None:
        whole = tree.block(tree.extent)
        found = whole.y[whole.ports(_L), whole.ports(_B)]
    else:  # of the last seam only the coupling from drivers to grounds is wanted
        whole, coupling, seam = _put_together(tree.block(parts[0]), tree.block(parts[1]), parts[2])
        left, below = whole.ports(_L), whole.ports(_B)
        z = _half_solved(coupling, seam)
        found = whole.y[left, below] - z[:, left].T @ z[:, below]
    return np.asarray(0.0 - found[tree.wanted])
