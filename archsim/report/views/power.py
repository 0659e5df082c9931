"""Power over time."""

from __future__ import annotations

from archsim.plot import Picture, power
from archsim.registry import VIEWS


@VIEWS.register
class PowerPicture(Picture):
    """The picture of :func:`archsim.plot.power`."""

    kind = "power"
    draw = staticmethod(power)
