"""The critical path by layer and stage."""

from __future__ import annotations

from archsim.plot import Picture, latency
from archsim.registry import VIEWS


@VIEWS.register
class LatencyPicture(Picture):
    """The picture of :func:`archsim.plot.latency`."""

    kind = "latency"
    draw = staticmethod(latency)
