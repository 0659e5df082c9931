"""Figures without any state of pyplot: made, given a legend, written to a file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archsim.errors import ArchsimError
from archsim.files import path_of, write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130
FORMATS = ("png", "svg", "pdf")


def figure(width_in: float, height_in: float) -> Figure:
    """An empty figure whose parts keep out of each other's way."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")


def legend_of(
    fig: Figure,
    colours: Mapping[str, str | tuple[str, str]],
    title: str,
    hatches: Mapping[str, str] | None = None,
    n_columns: int = 8,
) -> None:
    """A legend below the picture: a patch for each colour (with its hatch), and one for each hatch alone."""
    from matplotlib.patches import Patch

    patches = []
    for name, style in colours.items():
        colour, hatch = (style, "") if isinstance(style, str) else style
        patches.append(Patch(facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0, label=short(name)))
    for name, hatch in (hatches or {}).items():
        patches.append(Patch(facecolor="white", edgecolor="black", hatch=hatch, label=name))
    if patches:
        n_columns = min(len(patches), n_columns)
        fig.legend(
            handles=patches, loc="outside lower center", ncols=n_columns, title=title, frameon=False,
            fontsize=8, title_fontsize=8,
        )  # fmt: skip


def short(name: str, most: int = 40) -> str:
    """A name as a label: on one line, its middle left out if it is long.

    Examples
    --------
    >>> short("two\\nlines"), short("x" * 50, 9)
    ('two lines', 'xxxx…xxxx')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    cut = line if len(line) <= most else f"{line[: most // 2]}…{line[-((most - 1) // 2) :]}"
    return cut.replace("$", r"\$")  # no formula


def save(fig: Figure, path: str | Path) -> None:
    """Write PNG, SVG or PDF, as the name of the file says; it is drawn before the file is touched.

    Raises
    ------
    ArchsimError
        The name says something else, or the file cannot be written.
    """
    import matplotlib

    kind = path_of(path).suffix.lower().removeprefix(".") or "png"
    if kind not in FORMATS:
        raise ArchsimError(f"{path}: pictures are .png, .svg or .pdf")
    # no date and no random ids within: the same data give the same bytes
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "archsim"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box
        fig.savefig(picture, format=kind, metadata=metadata)  # a bare Figure needs no window
    write_bytes(path, picture.getvalue())
