"""Units and colours of pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

_UNITS = {
    "time": (("ps", 1.0), ("ns", 1e3), ("us", 1e6), ("ms", 1e9), ("s", 1e12)),
    "energy": (("pJ", 1.0), ("nJ", 1e3), ("uJ", 1e6), ("mJ", 1e9), ("J", 1e12)),
    "power": (("nW", 1e-3), ("uW", 1.0), ("mW", 1e3), ("W", 1e6)),
    "area": (("um2", 1.0), ("mm2", 1e6)),
}

# Okabe and Ito's palette, distinguishable with every common colour blindness (jfly.uni-koeln.de/color)
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GREY = "#999999"


def scale_of(largest: float, kind: str) -> tuple[float, str]:
    """The unit for an axis up to `largest`: (what to divide by, its name).

    Examples
    --------
    >>> scale_of(205_382_538, "time")
    (1000000.0, 'us')
    """
    units = _UNITS[kind]
    name, factor = units[0]
    for unit, value in units:
        # an area of 0.1 mm2 and more is read in mm2
        if math.isfinite(largest) and largest >= (0.1 * value if kind == "area" else value):
            name, factor = unit, value
    return factor, name


def layer_colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each layer: up to seven from the palette, more from the colour map cividis, in order.

    Examples
    --------
    >>> layer_colours(["fc1", "fc2"])
    {'fc1': '#0072B2', 'fc2': '#E69F00'}
    """
    if len(names) <= len(PALETTE):
        return dict(zip(names, PALETTE, strict=False))
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    steps = len(names) - 1
    return {name: to_hex(colormaps["cividis"](i / steps)) for i, name in enumerate(names)}
