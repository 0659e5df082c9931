"""Laws of how far a conductance lies from its target, or a read from the last: the base, and the kinds."""

from archsim.crossbar.cells.noises.kind import NoiseKind, Window

__all__ = ["NoiseKind", "Window"]
