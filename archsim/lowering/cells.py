"""Content of the cells: digits of the weights, and their mean conductance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.spec import Chip
from archsim.workload import Network

FEEDBACK = "feedback of a rule"
"""Stands for a rule's fixed matrices among the names of layers."""


def digit_shares(chip: Chip, network: Network) -> dict[str, tuple[float, ...]]:
    """Parts of the cells of each layer's arrays, and of a rule's fixed matrices, at each level, lowest first.

    Of a differential pair one cell rests at the lowest. Weights that are not known count as spread evenly.
    """
    device, crossbar = chip.device, chip.crossbar
    found: dict[str, tuple[float, ...]] = {}
    for layer in (None, *network.weighted):
        weight = None if layer is None else layer.weight
        shares = np.full(device.n_levels, 1.0 / device.n_levels)
        if weight is not None and np.abs(weight).max() > 0:
            stored = _stored(weight, pairs=crossbar.signed == "differential")
            digits = digits_of(stored, device.n_levels, crossbar.n_cells_per_weight)
            shares = np.bincount(digits.ravel(), minlength=device.n_levels) / digits.size
        if crossbar.signed == "differential":
            shares = shares / 2
            shares[0] += 0.5
        found[FEEDBACK if layer is None else layer.name] = tuple(shares.tolist())
    return found


def mean_conductance(chip: Chip, network: Network) -> dict[str, float]:
    """Mean conductance (S) of the cells of each layer's arrays.

    A weight is stored as a whole number of ``levels ** cells_per_weight`` steps, one digit for each cell; a
    cell at digit d of L levels has g_min + d / (L - 1) (g_max - g_min). Of a differential pair one cell
    rests at g_min; otherwise weights are shifted so that the most negative is zero. Weights that are not
    known count as spread evenly, which puts the mean digit at half the window.
    """
    device, crossbar = chip.device, chip.crossbar
    pairs = crossbar.signed == "differential"
    means = {}
    for layer in network.weighted:
        mean = 0.5
        if layer.weight is not None and np.abs(layer.weight).max() > 0:
            stored = _stored(layer.weight, pairs=pairs)
            mean = mean_digit(stored, device.n_levels, crossbar.n_cells_per_weight)
        mean *= 0.5 if pairs else 1.0
        window = device.g_max_siemens - device.g_min_siemens
        means[layer.name] = device.g_min_siemens + mean * window
    return means


def mean_digit(share: NDArray[np.float64], n_levels: int, n_cells: int) -> float:
    """Mean digit, as a part of the largest, of numbers in 0..1 written with `n_cells` digits to base `n_levels`.

    Examples
    --------
    >>> mean_digit(np.array([1.0, 0.0]), n_levels=4, n_cells=2)
    0.5
    """
    return float(np.mean(digits_of(share, n_levels, n_cells)) / (n_levels - 1))


def digits_of(share: NDArray[np.float64], n_levels: int, n_cells: int) -> NDArray[np.int64]:
    """(n_cells, *shape): digits of numbers in 0..1 written to base `n_levels`, the lowest first."""
    steps = np.rint(share * (n_levels**n_cells - 1)).astype(np.int64)
    return np.stack([steps // n_levels**i % n_levels for i in range(n_cells)])


def _stored(weight: NDArray[np.float64], *, pairs: bool) -> NDArray[np.float64]:
    """Digits of weights in the cells that are not at rest, in 0..1."""
    largest = np.abs(weight).max()
    stored: NDArray[np.float64] = np.abs(weight) / largest if pairs else (weight / largest + 1) / 2
    return stored
