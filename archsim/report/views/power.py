"""Power over time."""

from __future__ import annotations

from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.plot import Inline, inline, power
from archsim.registry import VIEWS


@VIEWS.register
class PowerView(View):
    """The picture of :func:`archsim.plot.power`."""

    kind = "power"

    @staticmethod
    def of(result: Result) -> Inline:
        """A picture that a notebook shows; `png` holds its bytes, `data` what was drawn."""
        return inline(power, result)
