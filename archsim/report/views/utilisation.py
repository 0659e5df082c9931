"""How busy each resource is."""

from __future__ import annotations

from archsim.plot import Picture, utilisation
from archsim.registry import VIEWS


@VIEWS.register
class UtilisationPicture(Picture):
    """The picture of :func:`archsim.plot.utilisation`."""

    kind = "utilisation"
    draw = staticmethod(utilisation)
