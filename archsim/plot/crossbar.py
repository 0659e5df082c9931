"""Pictures of one crossbar: its cells, its wires, its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from archsim.errors import ArchsimError
from archsim.plot.canvas import figure, save
from archsim.plot.checked import Floats, table
from archsim.plot.scales import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# lightness rises or falls all the way, so that a grey print says the same; readable with colour blindness
CONDUCTANCE_COLOURS, DROP_COLOURS, DIFFERENCE_COLOURS = "viridis", "cividis_r", "PuOr_r"
UNUSED = "#d9d9d9"
MANY_COLUMNS = 80  # above it, a band is easier to read than a bar for each column
OUTLIERS_PERCENT = 0.5  # cells beyond the ends of the scale of differences, on either side


@dataclass(frozen=True, eq=False)
class ConductanceMap:
    """The data drawn by `conductance_map`.

    Parameters
    ----------
    conductance_us : array (rows, columns)
        In microsiemens; undefined where the array has no cell in use.
    difference_us : array (rows, columns), optional
        Programmed less target.
    """

    conductance_us: Floats
    difference_us: Floats | None


@dataclass(frozen=True, eq=False)
class DropMap:
    """The data drawn by `ir_drop_map`.

    Parameters
    ----------
    drop_percent : array (rows, columns)
    worst_percent, mean_percent : float
    worst_cell : (row, column)
    """

    drop_percent: Floats
    worst_percent: float
    mean_percent: float
    worst_cell: tuple[int, int]

    @classmethod
    def of(cls, drop_frac: ArrayLike) -> DropMap:
        """The figures without the picture; arguments as of `ir_drop_map`.

        Examples
        --------
        >>> DropMap.of([[0.01, 0.04]]).worst_percent
        4.0
        """
        drop = 100 * table("drop_frac", drop_frac)
        row, column = np.unravel_index(int(np.nanargmax(drop)), drop.shape)
        return cls(drop, float(np.nanmax(drop)), float(np.nanmean(drop)), (int(row), int(column)))


@dataclass(frozen=True, eq=False)
class ColumnErrors:
    """The data drawn by `column_errors`, in per cent of the full output.

    Parameters
    ----------
    mean_percent, spread_percent : array (outputs,)
        Mean and standard deviation of the error over the inputs.
    rms_percent : float
        Over all inputs and outputs.
    full_output : float
        What 100 % is.
    """

    mean_percent: Floats
    spread_percent: Floats
    rms_percent: float
    full_output: float

    @classmethod
    def of(cls, output: ArrayLike, ideal: ArrayLike, full_output: float | None = None) -> ColumnErrors:
        """The figures without the picture; arguments as of `column_errors`.

        Examples
        --------
        >>> ColumnErrors.of([[1.1, 2.0]], [[1.0, 2.0]]).mean_percent.round(6).tolist()
        [5.0, 0.0]
        """
        wanted = table("ideal", ideal, finite=True)
        error = table("output", output, wanted.shape, finite=True) - wanted
        full = float(np.abs(wanted).max()) if full_output is None else full_output
        if full_output is not None and not (math.isfinite(full) and full > 0):
            raise ArchsimError(f"full_output is {full:g}; it must be a number above zero")
        error *= 100 / (full or 1.0)  # where all outputs are zero, errors stay as they are
        return cls(error.mean(axis=0), error.std(axis=0), float(np.sqrt(np.mean(error**2))), full)


def conductance_map(
    conductance_siemens: ArrayLike,
    path: str | Path,
    *,
    target_siemens: ArrayLike | None = None,
    title: str = "conductance",
) -> ConductanceMap:
    """Draw the conductance of every cell of one array and, if targets are given, how far each is off.

    The scale of differences ends where all but 0.5 % of the cells on either side lie inside; stuck cells beyond
    it have the colour of its ends.

    Parameters
    ----------
    conductance_siemens : array (rows, columns)
        NaN where there is no cell in use.
    path : str or path
        The PNG file.
    target_siemens : array (rows, columns), optional
        What was to be programmed.
    title : str

    Raises
    ------
    ArchsimError
        An argument is no table of numbers, or targets and conductances have different shapes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawn = conductance_map([[1e-6, 4e-6]], f"{folder}/g.png", target_siemens=[[1e-6, 3e-6]])
    >>> drawn.difference_us.round(6).tolist()
    [[0.0, 1.0]]
    """
    held = 1e6 * table("conductance_siemens", conductance_siemens)
    difference = None
    if target_siemens is not None:
        difference = held - 1e6 * table("target_siemens", target_siemens, held.shape)
    fig, axes = _panels(held.shape, 1 if difference is None else 2)
    _image(fig, axes[0], held, "conductance (µS)", CONDUCTANCE_COLOURS, 0.0, _largest(held))
    if difference is not None:
        end = _scale_end(difference)
        outside = bool(np.nanmax(np.abs(difference), initial=0.0) > end)
        label = "programmed − target (µS)"
        _image(fig, axes[1], difference, label, DIFFERENCE_COLOURS, -end, end, "both" if outside else "neither")
        axes[1].set_ylabel("")
    fig.suptitle(title + ("; grey: not in use" if np.isnan(held).any() else ""), fontsize=10)
    save(fig, path)
    return ConductanceMap(held, difference)


def ir_drop_map(drop_frac: ArrayLike, path: str | Path, *, title: str = "IR drop") -> DropMap:
    """Draw which part of the read voltage each cell lacks, because the wires to and from it take it.

    Parameters
    ----------
    drop_frac : array (rows, columns)
        One less the voltage over the cell as a part of the read voltage; NaN where there is no cell in use.
    path : str or path
        The PNG file.
    title : str

    Raises
    ------
    ArchsimError
        No table of numbers.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawn = ir_drop_map([[0.01, 0.04]], f"{folder}/drop.png")
    >>> drawn.worst_percent, drawn.worst_cell
    (4.0, (0, 1))
    """
    drawn = DropMap.of(drop_frac)
    drop, (row, column) = drawn.drop_percent, drawn.worst_cell
    fig, axes = _panels(drop.shape, 1)
    lowest = min(0.0, float(np.nanmin(drop)))
    _image(fig, axes[0], drop, "part of the drive lost (%)", DROP_COLOURS, lowest, _largest(drop))
    if drawn.worst_percent > 0:
        axes[0].plot(
            [column], [row], marker="o", markersize=9, markerfacecolor="none", markeredgecolor=PALETTE[5],
            markeredgewidth=1.6, clip_on=False,
        )  # fmt: skip
        worst = f"worst {drawn.worst_percent:.3g} % (row {row}, column {column}, circled)"
        said = f"{worst}, mean {drawn.mean_percent:.3g} %"
    else:
        said = "nothing is lost: every cell gets the full drive"
    grey = "; grey: no cell that conducts" if np.isnan(drop).any() else ""
    fig.suptitle(f"{title}\n{said}\ndrivers at the left, grounds below{grey}", fontsize=9)
    save(fig, path)
    return drawn


def column_errors(
    output: ArrayLike,
    ideal: ArrayLike,
    path: str | Path,
    *,
    full_output: float | None = None,
    boundaries: Sequence[int] = (),
    title: str = "error by column",
) -> ColumnErrors:
    """Draw mean and spread of the error of each output, over a batch of inputs.

    Parameters
    ----------
    output, ideal : array (n, outputs)
        What came out, and what exact weights and an exact product give.
    path : str or path
        The PNG file.
    full_output : float, optional
        What counts as 100 %; the largest magnitude of `ideal` if not given.
    boundaries : sequence of int
        First outputs of the second, third, … array side by side.
    title : str

    Raises
    ------
    ArchsimError
        Shapes disagree, a number is not finite, or the full output is not above zero.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     drawn = column_errors([[1.1, 2.0], [0.9, 2.0]], [[1.0, 2.0]] * 2, f"{folder}/error.png")
    >>> drawn.mean_percent.round(6).tolist(), drawn.spread_percent.round(6).tolist()
    ([0.0, 0.0], [5.0, 0.0])
    """
    drawn = ColumnErrors.of(output, ideal, full_output)
    mean, n = drawn.mean_percent, len(np.asarray(ideal))
    fig = figure(9, 3.8)
    axes = fig.add_subplot()
    _draw_errors(axes, mean, drawn.spread_percent)
    for first in boundaries:
        axes.axvline(first - 0.5, color="#777777", linewidth=0.8, linestyle=":")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xlim(-0.5, len(mean) - 0.5)
    axes.set_xlabel("output" + (" (dotted: from one array to the next)" if boundaries else ""))
    axes.set_ylabel("error (% of the full output)")
    axes.spines[["top", "right"]].set_visible(False)
    said = f"{n} input{'s' if n != 1 else ''}, rms {drawn.rms_percent:.3g} %, 100 % is {drawn.full_output:.4g}"
    axes.set_title(f"{title}\n{said}", fontsize=9)
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    save(fig, path)
    return drawn


def _largest(values: Floats) -> float:
    """Upper end of a scale; above zero even if there is nothing to see."""
    return float(np.nanmax(values)) if np.nanmax(values) > 0 else 1.0


def _scale_end(difference: Floats) -> float:
    """End of a scale around zero that a few stuck cells do not stretch."""
    lower, upper = np.nanpercentile(difference, [OUTLIERS_PERCENT, 100 - OUTLIERS_PERCENT])
    end = max(-float(lower), float(upper))
    return end if end > 0 else _largest(np.abs(difference))


def _panels(shape: tuple[int, ...], n_panels: int) -> tuple[Figure, Sequence[Axes]]:
    """Panels side by side in the form of the array, within limits."""
    n_rows, n_columns = shape
    height = 4.2 * min(1.25, max(0.35, n_rows / n_columns))
    fig = figure(1.6 + 4.4 * n_panels, height + 1.0)
    fig.set_layout_engine("compressed")  # no empty space around pictures of fixed form
    return fig, list(fig.subplots(1, n_panels, squeeze=False)[0])


def _image(
    fig: Figure, axes: Axes, values: Floats, label: str, colours: str, lowest: float, highest: float,
    extend: str = "neither",
) -> None:  # fmt: skip
    """A cell as a field of colour, row 0 on top; grey where there is none."""
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    n_rows, n_columns = values.shape
    shape = n_rows / n_columns
    fitting: Any = "equal" if 0.35 <= shape <= 1.25 else "auto"
    image = axes.imshow(
        np.ma.masked_invalid(values), cmap=colormaps[colours].with_extremes(bad=UNUSED), vmin=lowest,
        vmax=highest, aspect=fitting, interpolation="nearest" if max(n_rows, n_columns) <= 256 else "auto",
    )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("bit line (column)")
    axes.set_ylabel("word line (row)")
    fig.colorbar(image, ax=axes, label=label, extend=extend)


def _draw_errors(axes: Axes, mean: Floats, spread: Floats) -> None:
    numbers = np.arange(len(mean))
    if len(mean) > MANY_COLUMNS:
        axes.fill_between(
            numbers, mean - spread, mean + spread, color=PALETTE[4], alpha=0.6, linewidth=0, step="mid",
            label="mean ± one standard deviation",
        )  # fmt: skip
        axes.step(numbers, mean, where="mid", color=PALETTE[0], linewidth=1, label="mean over the inputs")
        return
    axes.errorbar(
        numbers, mean, yerr=spread, fmt="none", ecolor=PALETTE[4], elinewidth=2.5, label="± one standard deviation"
    )
    axes.plot(
        numbers, mean, linestyle="none", marker="o", markersize=3.5, color=PALETTE[0], label="mean over the inputs"
    )
