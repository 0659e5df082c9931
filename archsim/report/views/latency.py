"""What the critical path is spent on."""

from __future__ import annotations

from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.plot import Inline, inline, latency
from archsim.registry import VIEWS


@VIEWS.register
class LatencyView(View):
    """The picture of :func:`archsim.plot.latency`."""

    kind = "latency"

    @staticmethod
    def of(result: Result) -> Inline:
        """A picture that a notebook shows; `png` holds its bytes, `data` what was drawn."""
        return inline(latency, result)
