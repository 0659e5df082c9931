"""How busy each resource is."""

from __future__ import annotations

from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.plot import Inline, inline, utilisation
from archsim.registry import VIEWS


@VIEWS.register
class UtilisationView(View):
    """The picture of :func:`archsim.plot.utilisation`."""

    kind = "utilisation"

    @staticmethod
    def of(result: Result) -> Inline:
        """A picture that a notebook shows; `png` holds its bytes, `data` what was drawn."""
        return inline(utilisation, result)
