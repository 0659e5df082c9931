"""The loops of :mod:`scan` and :mod:`events`, compiled: the same operations in the same order, the same bits.

Each inner loop runs along one row of neurons, without branches and without reading what it writes elsewhere,
so that it becomes vector instructions; what a row needs several times stays in the nearest cache.
"""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit
from archsim.workload.network import Floats

Index = NDArray[np.int64]
Short = NDArray[np.int32]


@njit(cache=True, error_model="numpy")
def forward(
    decay: Floats,
    gain: Floats,
    offset: Floats,
    threshold: Floats,
    down: Floats,
    v_reset: Floats,
    syn_decay: Floats,
    syn_gain: Floats,
    synapse: bool,
    spikes: bool,
    subtract: bool,
    current: Floats,
    v: Floats,
    i: Floats,
    outputs: Floats,
    potentials: Floats,
) -> None:
    """As `scan` without recurrence. `potentials` may be `current` itself."""
    n_steps, n_batch, n = current.shape
    for t in range(n_steps):
        for b in range(n_batch):
            x, state, out, before = current[t, b], v[b], outputs[t, b], potentials[t, b]
            if synapse:
                slow = i[b]
                for k in range(n):
                    slow[k] = syn_decay[k] * slow[k] + syn_gain[k] * x[k]
                for k in range(n):
                    state[k] = decay[k] * state[k] + gain[k] * slow[k] + offset[k]
            else:
                for k in range(n):
                    state[k] = decay[k] * state[k] + gain[k] * x[k] + offset[k]
            if not spikes:
                for k in range(n):
                    before[k] = out[k] = state[k]
            elif subtract:
                for k in range(n):
                    u = state[k]
                    before[k] = u
                    out[k] = 1.0 if u > threshold[k] else 0.0
                    state[k] = u - down[k] if u > threshold[k] else u
            else:
                for k in range(n):
                    u = state[k]
                    before[k] = u
                    out[k] = 1.0 if u > threshold[k] else 0.0
                    state[k] = v_reset[k] if u > threshold[k] else u


@njit(cache=True, error_model="numpy")
def slopes(kind: int, width: float, u: Floats, threshold: Floats, slope: Floats) -> None:
    """The surrogate derivative of one row; kinds as `Surrogate.code`."""
    n = len(u)
    if kind == 0:
        scale = 1.0 / (width * width)
        for k in range(n):
            slope[k] = max(0.0, width - abs(u[k] - threshold[k])) * scale
    elif kind == 1:
        scale = 1.0 / width
        for k in range(n):
            s = 1.0 + abs(u[k] - threshold[k]) * scale
            slope[k] = 1.0 / (s * s)
    else:
        scale = np.pi / (2.0 * width)
        for k in range(n):
            bend = scale * (u[k] - threshold[k])
            slope[k] = 1.0 / ((1.0 + bend * bend) * width)


@njit(cache=True, error_model="numpy")
def backward(
    decay: Floats,
    gain: Floats,
    threshold: Floats,
    down: Floats,
    v_reset: Floats,
    syn_decay: Floats,
    syn_gain: Floats,
    synapse: bool,
    spikes: bool,
    subtract: bool,
    kind: int,
    width: float,
    reset_path: bool,
    potentials: Floats,
    error: Floats,
    found: Floats,
) -> None:
    """As `scan_back` without recurrence. `found` may be `error` itself."""
    n_steps, n_batch, n = potentials.shape
    every_d, every_di = np.zeros((n_batch, n)), np.zeros((n_batch, n))
    slope = np.empty(n)
    for t in range(n_steps - 1, -1, -1):
        for b in range(n_batch):
            u, g, d, out = potentials[t, b], error[t, b], every_d[b], found[t, b]
            if not spikes:
                for k in range(n):
                    d[k] = g[k] + decay[k] * d[k]
            else:
                slopes(kind, width, u, threshold, slope)
                if subtract and reset_path:
                    for k in range(n):
                        d[k] = g[k] * slope[k] + decay[k] * d[k] * (1.0 - down[k] * slope[k])
                elif subtract:
                    for k in range(n):
                        d[k] = g[k] * slope[k] + decay[k] * d[k]
                elif reset_path:
                    for k in range(n):
                        carry = (0.0 if u[k] > threshold[k] else 1.0) + (v_reset[k] - u[k]) * slope[k]
                        d[k] = g[k] * slope[k] + decay[k] * d[k] * carry
                else:
                    for k in range(n):
                        d[k] = g[k] * slope[k] + decay[k] * d[k] * (0.0 if u[k] > threshold[k] else 1.0)
            if synapse:
                slow = every_di[b]
                for k in range(n):
                    slow[k] = gain[k] * d[k] + syn_decay[k] * slow[k]
                for k in range(n):
                    out[k] = syn_gain[k] * slow[k]
            else:
                for k in range(n):
                    out[k] = gain[k] * d[k]


@njit(cache=True, error_model="numpy")
def find_spikes(rows: Floats, most: int, start: Index, index: Short) -> bool:
    """Fill `start` and `index` (size `most` + one row); False if a value is neither 0 nor 1, or more spike."""
    n_vectors, n = rows.shape
    found = 0
    for r in range(n_vectors):
        row = rows[r]
        odd = 0
        for k in range(n):
            odd += (row[k] != 0.0) & (row[k] != 1.0)
        if odd > 0:
            return False
        for k in range(n):
            index[found] = k
            found += row[k] != 0.0
        if found > most:
            return False
        start[r + 1] = found
    return True


@njit(cache=True, error_model="numpy")
def add_rows(start: Index, index: Short, matrix: Floats, sums: Floats) -> None:
    """sums[r] = sum of matrix[k] over the spikes k of vector r, in their order."""
    n = matrix.shape[1]
    for r in range(len(start) - 1):
        total = sums[r]
        for c in range(n):
            total[c] = 0.0
        j, end = start[r], start[r + 1]
        while j + 4 <= end:  # four at a time: the same additions, fewer stores
            m0, m1, m2, m3 = matrix[index[j]], matrix[index[j + 1]], matrix[index[j + 2]], matrix[index[j + 3]]
            for c in range(n):
                total[c] = (((total[c] + m0[c]) + m1[c]) + m2[c]) + m3[c]
            j += 4
        while j < end:
            m0 = matrix[index[j]]
            for c in range(n):
                total[c] += m0[c]
            j += 1


@njit(cache=True, error_model="numpy")
def add_vectors(start: Index, index: Short, vectors: Floats, sums: Floats) -> None:
    """sums[k] += vectors[r] for every spike k of vector r, in order of r."""
    n = vectors.shape[1]
    for r in range(len(start) - 1):
        vector = vectors[r]
        for j in range(start[r], start[r + 1]):
            total = sums[index[j]]
            for c in range(n):
                total[c] += vector[c]
