"""Energy, busy time and area by component."""

from __future__ import annotations

from archsim.plot import Picture, breakdown
from archsim.registry import VIEWS


@VIEWS.register
class BreakdownPicture(Picture):
    """The picture of :func:`archsim.plot.breakdown`."""

    kind = "breakdown"
    draw = staticmethod(breakdown)
