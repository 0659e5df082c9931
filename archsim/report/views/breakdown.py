"""Energy, busy time and area by component."""

from __future__ import annotations

from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.plot import Inline, breakdown, inline
from archsim.registry import VIEWS


@VIEWS.register
class BreakdownView(View):
    """The picture of :func:`archsim.plot.breakdown`."""

    kind = "breakdown"

    @staticmethod
    def of(result: Result) -> Inline:
        """A picture that a notebook shows; `png` holds its bytes, `data` what was drawn."""
        return inline(breakdown, result)
