"""Power over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result, power_over_time
from archsim.plot.canvas import figure, save, short
from archsim.plot.scales import PALETTE
from archsim.units import scale_of

N_WINDOWS = 300


@dataclass(frozen=True, eq=False)
class PowerWindows:
    """The data drawn by `power`: mean and highest power in windows of equal length.

    Parameters
    ----------
    edges_ps : float64[n + 1]
    mean_uw, highest_uw : float64[n]
    """

    edges_ps: NDArray[np.float64]
    mean_uw: NDArray[np.float64]
    highest_uw: NDArray[np.float64]


def power(result: Result, path: str | Path) -> PowerWindows:
    """Draw the power of the whole chip: the mean in each of 300 windows, and the highest value in it.

    Parameters
    ----------
    result : Result
    path : str or path
        The PNG file.
    """
    windows = _windows(*power_over_time(result))
    time, time_unit = scale_of(float(windows.edges_ps[-1]), "time")
    scale, unit = scale_of(float(windows.highest_uw.max(initial=0.0)), "power")
    edges = windows.edges_ps / time
    fig = figure(9, 4)
    axes = fig.add_subplot()
    label = f"highest in 1/{N_WINDOWS} of the run"
    axes.stairs(windows.highest_uw / scale, edges, fill=True, color="#a6cfe8", label=label)
    axes.stairs(windows.mean_uw / scale, edges, color=PALETTE[0], linewidth=1, label="mean of it")
    mean = float(windows.mean_uw.mean()) / scale
    axes.axhline(mean, color=PALETTE[5], linewidth=1.2, linestyle="--", label="mean of the run")
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"time ({time_unit})")
    axes.set_ylabel(f"power ({unit})")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{short(result.name)}, {short(result.phase)}: power", fontsize=10)
    fig.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    save(fig, path)
    return windows


def _windows(time_ps: NDArray[np.int64], values: NDArray[np.float64]) -> PowerWindows:
    """Mean and highest power of the step function in windows of equal length."""
    changes = time_ps.astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(values * np.diff(changes))])
    edges = np.linspace(0.0, changes[-1], N_WINDOWS + 1)
    mean = np.diff(np.interp(edges, changes, energy)) / np.diff(edges)
    first = np.clip(np.searchsorted(changes, edges[:-1], side="right") - 1, 0, len(values) - 1)
    stop = np.maximum(np.searchsorted(changes, edges[1:], side="left"), first + 1)
    highest = np.array([values[low:high].max() for low, high in zip(first, stop, strict=True)])
    return PowerWindows(edges, mean, highest)
