"""How the sums of an array use the range of its converter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import ArchsimError
from archsim.plot.canvas import figure, save
from archsim.plot.checked import Floats, numbers
from archsim.plot.scales import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_BINS, FEWEST_BINS, MOST_BINS = 60, 24, 600


@dataclass(frozen=True, eq=False)
class RangeUse:
    """The data drawn by `adc_range`.

    Parameters
    ----------
    edges : array (bins + 1,)
        In full cells.
    counts : int array (bins,)
    below_frac, above_frac : float
        Parts of the sums below and above the converter's range; 0 without a converter.
    used_frac : float
        Part of the range from the smallest to the largest sum, where saturated sums count as its ends; 0
        without a converter.
    """

    edges: Floats
    counts: NDArray[np.int64]
    below_frac: float
    above_frac: float
    used_frac: float

    @classmethod
    def of(cls, sums: ArrayLike, ends: tuple[float, float] | None = None) -> RangeUse:
        """The figures without the picture; arguments as of `adc_range`.

        Examples
        --------
        >>> RangeUse.of([-3.0, 0.0, 1.0, 5.0], (-4.0, 4.0)).above_frac
        0.25
        """
        found = numbers("sums", sums).ravel()
        if not found.size or not np.isfinite(found).all():
            raise ArchsimError("sums: must be finite numbers, one or more")
        if ends is not None and not (np.isfinite(ends).all() and ends[0] < ends[1]):
            raise ArchsimError(f"ends: the range from {ends[0]:g} to {ends[1]:g} is empty")
        return _range_use(found, ends)


def adc_range(
    sums: ArrayLike,
    path: str | Path,
    *,
    ends: tuple[float, float] | None = None,
    n_codes: int | None = None,
    title: str = "sums before conversion",
) -> RangeUse:
    """Draw how often each sum reaches the converter, with the ends of its range.

    Counts stand on a logarithmic axis: the few sums that decide about saturation are to be seen.

    Parameters
    ----------
    sums : array of any shape
        In full cells.
    path : str or path
        The PNG file.
    ends : (lowest, highest), optional
        Range of the converter, in full cells; without, the read-out gives the sum itself.
    n_codes : int, optional
        Codes of the converter, to tell what one code stands for.
    title : str

    Raises
    ------
    ArchsimError
        There are no sums, one is not finite, or the range is empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     use = adc_range([-3.0, 0.0, 1.0, 5.0], f"{folder}/adc.png", ends=(-4.0, 4.0))
    >>> use.above_frac, use.below_frac, use.used_frac
    (0.25, 0.0, 0.875)
    """
    use = RangeUse.of(sums, ends)
    fig = figure(9, 3.8)
    axes = fig.add_subplot()
    # from below the smallest count, or a bin of one sum has no height
    axes.stairs(use.counts, use.edges, fill=True, color=PALETTE[4], baseline=0.5, label="sums")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5)
    axes.set_xlabel("sum of a column (full cells)")
    axes.set_ylabel("number of sums")
    axes.spines[["top", "right"]].set_visible(False)
    if ends is None:
        said = "no converter: the sum itself is read"
    else:
        _draw_ends(axes, use, ends)
        step = f", one code = {(ends[1] - ends[0]) / (n_codes - 1):.3g} full cells" if n_codes else ""
        said = f"{100 * use.used_frac:.3g} % of the range in use{step}"
        fig.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    axes.set_title(f"{title}\n{said}", fontsize=9)
    save(fig, path)
    return use


def _range_use(sums: Floats, ends: tuple[float, float] | None) -> RangeUse:
    counts, edges = np.histogram(sums, bins=_edges(float(sums.min()), float(sums.max()), ends))
    if ends is None:
        return RangeUse(edges, counts, 0.0, 0.0, 0.0)
    slack = 1e-9 * (ends[1] - ends[0])  # a sum at an end has a code, whatever its last bit is
    below, above = float(np.mean(sums < ends[0] - slack)), float(np.mean(sums > ends[1] + slack))
    inside = np.clip(sums, *ends)
    used = float(inside.max() - inside.min()) / (ends[1] - ends[0])
    return RangeUse(edges, counts, below, above, used)


def _edges(smallest: float, largest: float, ends: tuple[float, float] | None) -> Floats:
    """Bins of equal width over the sums and the range, whose ends lie between two bins."""
    spread = largest - smallest
    if ends is None:
        half = 0.5 if spread == 0 else 0.0
        return np.linspace(smallest - half, largest + half, N_BINS + 1, dtype=np.float64)
    whole = max(largest, ends[1]) - min(smallest, ends[0])
    # where the sums take little of the range, bins are narrow enough to show their form
    width = max(min(whole / N_BINS, spread / FEWEST_BINS), whole / MOST_BINS)
    width = (ends[1] - ends[0]) / max(2, round((ends[1] - ends[0]) / width))
    first = min(0, math.floor((smallest - ends[0]) / width))
    last = max(round((ends[1] - ends[0]) / width), math.ceil((largest - ends[0]) / width))
    return np.asarray(ends[0] + width * np.arange(first, last + 1), dtype=np.float64)


def _draw_ends(axes: Axes, use: RangeUse, ends: tuple[float, float]) -> None:
    """The ends of the range, and what lies beyond them in a signal colour."""
    axes.axvspan(*ends, color="#eeeeee", zorder=0, label="range of the converter")
    for end in ends:
        axes.axvline(end, color="black", linewidth=1.2, linestyle="--")
    centres = (use.edges[:-1] + use.edges[1:]) / 2
    beyond = (centres < ends[0]) | (centres > ends[1])
    if use.below_frac + use.above_frac > 0:
        lost = np.where(beyond, use.counts, 0)
        axes.stairs(lost, use.edges, fill=True, color=PALETTE[5], baseline=0.5, label="saturated")
    axes.set_ylim(top=6 * float(use.counts.max()))  # room for the words
    wide = (ends[1] - ends[0]) > 0.3 * float(use.edges[-1] - use.edges[0])
    for share, end, to_right in ((use.below_frac, ends[0], wide), (use.above_frac, ends[1], not wide)):
        axes.annotate(
            f"{100 * share:.3g} % {'below' if end == ends[0] else 'above'}", (end, 1.0),
            xycoords=("data", "axes fraction"), xytext=(5 if to_right else -5, -4), textcoords="offset points",
            ha="left" if to_right else "right", va="top", fontsize=8, color=PALETTE[5] if share else "black",
        )  # fmt: skip
