"""How cells are worn by learning."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from archsim.errors import ArchsimError
from archsim.plot.canvas import figure, save
from archsim.plot.checked import Floats, numbers
from archsim.plot.scales import PALETTE

N_POINTS = 200
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Endurance:
    """What `endurance` drew.

    Parameters
    ----------
    cells_by_writes : array
        How many cells get 0, 1, 2, … pulses in one adaptation.
    adaptations, worn_cells : array (200,)
        After so many adaptations, so many cells are worn out, to be expected.
    """

    cells_by_writes: Floats
    adaptations: Floats
    worn_cells: Floats


def endurance(
    cells_by_writes: ArrayLike,
    cycles: float,
    path: str | Path,
    *,
    spread: float = 0.0,
    per_day: float | None = None,
) -> Endurance:
    """Draw how many pulses cells get in one adaptation, and how many cells are worn out after many of them.

    The pulses that a cell survives are log-normal around `cycles`::

        worn(n) = sum over cells of Phi(ln(n w / cycles) / spread)

    Parameters
    ----------
    cells_by_writes : array of int
        How many cells got 0, 1, 2, … pulses in one adaptation.
    cycles : float
        Pulses that half of the cells survive, above 0.
    path : str or path
        The file: .png, .svg or .pdf.
    spread : float
        Standard deviation of the logarithm, 0 or more.
    per_day : float, optional
        Adaptations a day: adds an axis in years.

    Returns
    -------
    Endurance

    Raises
    ------
    ArchsimError
        A number is out of range, or no cell is written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawn = endurance([5, 3, 1], 1e6, f"{folder}/wear.svg", per_day=4)
    >>> drawn.worn_cells[[0, -1]].tolist()
    [0.0, 4.0]
    """
    counts = numbers("cells_by_writes", cells_by_writes)
    writes = np.flatnonzero(counts) if counts.ndim == 1 else np.zeros(0, int)
    writes = writes[writes > 0]
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or not len(writes):
        raise ArchsimError("cells_by_writes: must be counts, 0 or more, with a cell that is written")
    if not (math.isfinite(cycles) and cycles > 0 and math.isfinite(spread) and spread >= 0):
        raise ArchsimError("cycles must be above 0, spread 0 or more")
    if per_day is not None and not (math.isfinite(per_day) and per_day > 0):
        raise ArchsimError("per_day must be above 0")
    margin = max(0.7, 5 * spread)
    adaptations = np.geomspace(cycles / writes.max() / math.exp(margin), cycles / writes.min() * math.exp(margin),
                               N_POINTS)  # fmt: skip
    drawn = Endurance(counts, adaptations, _worn(adaptations, counts[writes], writes / cycles, spread))
    _draw(drawn, per_day, path)
    return drawn


def _worn(adaptations: Floats, cells: Floats, wear: Floats, spread: float) -> Floats:
    """Worn cells after each number of adaptations; a cell loses the part `wear` of its life in each."""
    from scipy.special import ndtr

    life = adaptations[:, None] * wear
    gone = ndtr(np.log(life) / spread) if spread else (life >= 1).astype(np.float64)
    return np.asarray(gone @ cells, np.float64)


def _draw(drawn: Endurance, per_day: float | None, path: str | Path) -> None:
    fig = figure(10, 4.2)
    left, right = fig.subplots(1, 2)
    counts = drawn.cells_by_writes
    edges = np.arange(len(counts) + 1) - 0.5
    left.stairs(np.maximum(counts, 0.5), edges, fill=True, color=PALETTE[4], baseline=0.5)
    left.set_yscale("log")
    left.set_ylim(bottom=0.5)
    left.set_xlabel("pulses in one adaptation")
    left.set_ylabel("number of cells")
    right.plot(drawn.adaptations, drawn.worn_cells, color=PALETTE[5], linewidth=1.5)
    right.axhline(1, color="black", linestyle="--", linewidth=1)
    right.annotate("the first cell", (0.02, 1), xycoords=("axes fraction", "data"), xytext=(0, 3),
                   textcoords="offset points", fontsize=8)  # fmt: skip
    right.set_xscale("log")
    right.set_yscale("symlog", linthresh=1)
    right.set_ylim(bottom=0)
    right.set_xlabel("adaptations")
    right.set_ylabel("cells worn out, to be expected")
    if per_day is not None:
        days = per_day * DAYS_PER_YEAR
        years = right.secondary_xaxis("top", functions=(lambda n: n / days, lambda n: n * days))
        years.set_xlabel(f"years, at {per_day:g} adaptations a day")
    for axes in (left, right):
        axes.spines["right"].set_visible(False)
    save(fig, path)
