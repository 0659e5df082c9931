"""Pareto front of designs in two figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from archsim.errors import ArchsimError
from archsim.plot.canvas import figure, save, short
from archsim.plot.scales import GREY, PALETTE, axis_of


def pareto_front(
    points: Mapping[str, Mapping[str, float]], path: str | Path, x: str = "latency_ps", y: str = "energy_pj"
) -> list[str]:
    """Draw designs in the plane of two figures, of which less is better, and the front among them.

    Parameters
    ----------
    points : mapping of str to mapping
        By design: its figures.
    path : str or path
        The file: .png, .svg or .pdf.
    x, y : str
        Which figures.

    Returns
    -------
    list of str
        The designs on the front, from the smallest `x` on; of equal ones all.

    Raises
    ------
    ArchsimError
        There are no designs, or a figure is missing or not finite.

    Examples
    --------
    >>> import tempfile
    >>> designs = {"a": {"latency_ps": 1e6, "energy_pj": 9.0}, "b": {"latency_ps": 2e6, "energy_pj": 4.0},
    ...            "c": {"latency_ps": 3e6, "energy_pj": 5.0}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pareto_front(designs, f"{folder}/front.svg")
    ['a', 'b']
    """
    for name, figures in points.items():
        wrong = [key for key in (x, y) if not math.isfinite(figures.get(key, math.nan))]
        if wrong:
            raise ArchsimError(f"design {name!r}: {' and '.join(wrong)} must be there and finite")
    if not points:
        raise ArchsimError("points: there are no designs")
    front = _front({name: (float(own[x]), float(own[y])) for name, own in points.items()})
    (x_scale, x_unit), (y_scale, y_unit) = (
        axis_of(key, max(abs(own[key]) for own in points.values())) for key in (x, y)
    )
    fig = figure(8, 5)
    axes = fig.add_subplot()
    dominated = [name for name in points if name not in set(front)]
    xs, ys = ([points[n][key] / scale for n in dominated] for key, scale in ((x, x_scale), (y, y_scale)))
    axes.scatter(xs, ys, marker="x", color=GREY, s=28, label="dominated")
    fx, fy = ([points[n][key] / scale for n in front] for key, scale in ((x, x_scale), (y, y_scale)))
    axes.step(fx, fy, where="post", color=PALETTE[0], linewidth=1.2, zorder=1)
    axes.scatter(fx, fy, marker="o", color=PALETTE[0], s=36, zorder=2, label="front")
    every = [(own[x] / x_scale, own[y] / y_scale) for own in points.values()]
    for i in _apart(fx, fy, [px for px, _ in every], [py for _, py in every]):
        axes.annotate(short(front[i], 24), (fx[i], fy[i]), xytext=(5, 5), textcoords="offset points", fontsize=7.5)
    axes.margins(0.15)
    axes.set_xlim(left=min(0, *axes.dataLim.intervalx))
    axes.set_ylim(bottom=min(0, *axes.dataLim.intervaly))
    axes.set_xlabel(x_unit)
    axes.set_ylabel(y_unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{len(front)} of {len(points)} designs are on the front", fontsize=10)
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    save(fig, path)
    return front


def _front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    front: list[str] = []
    best: tuple[float, float] | None = None
    for name in sorted(points, key=lambda name: points[name]):
        if best is None or points[name][1] < best[1] or points[name] == best:
            front.append(name)
            best = points[name]
    return front


def _apart(fx: list[float], fy: list[float], xs: list[float], ys: list[float]) -> list[int]:
    """Which designs of the front can be named without their names touching."""
    width, height = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    named: list[int] = []
    for i in range(len(fx)):
        if all(abs(fx[i] - fx[j]) > 0.25 * width or abs(fy[i] - fy[j]) > 0.05 * height for j in named):
            named.append(i)
    return named
