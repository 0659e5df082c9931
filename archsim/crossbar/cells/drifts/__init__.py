"""Laws of retention: the base, and the kinds."""

from archsim.crossbar.cells.drifts.kind import DriftLaw

__all__ = ["DriftLaw"]
