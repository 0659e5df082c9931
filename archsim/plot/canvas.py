"""Figures without any state of pyplot: made, given a legend, written to a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130


def figure(width_in: float, height_in: float) -> Figure:
    """An empty figure whose parts keep out of each other's way."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")


def legend_of(
    fig: Figure,
    colours: Mapping[str, str | tuple[str, str]],
    title: str,
    hatches: Mapping[str, str] | None = None,
) -> None:
    """A legend below the picture: a patch for each colour (with its hatch), and one for each hatch alone."""
    from matplotlib.patches import Patch

    patches = []
    for name, style in colours.items():
        colour, hatch = (style, "") if isinstance(style, str) else style
        patches.append(Patch(facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0, label=name))
    for name, hatch in (hatches or {}).items():
        patches.append(Patch(facecolor="white", edgecolor="black", hatch=hatch, label=name))
    if patches:
        n_columns = min(len(patches), 8)
        fig.legend(
            handles=patches, loc="outside lower center", ncols=n_columns, title=title, frameon=False,
            fontsize=8, title_fontsize=8,
        )  # fmt: skip


def save(fig: Figure, path: str | Path) -> None:
    """Write a PNG; it is drawn before the file is touched."""
    picture = io.BytesIO()
    fig.savefig(picture, format="png")  # a bare Figure is drawn by Agg, without any window
    Path(path).write_bytes(picture.getvalue())
