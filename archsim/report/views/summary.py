"""The figures of a run as text, as `archsim run` prints them."""

from __future__ import annotations

from archsim.metrics import Result
from archsim.metrics.view import Told, View
from archsim.registry import VIEWS
from archsim.report.run import run_text


@VIEWS.register
class SummaryView(View):
    """Totals, links, writes, idle area, activity and warnings."""

    kind = "summary"
    for_long_runs = True

    @staticmethod
    def of(result: Result) -> Told:
        """A text that shows itself."""
        seed = result.provenance.get("seed", 0)
        return Told(run_text([result], "compiled", seed if isinstance(seed, int) else 0))
