"""Laws of how many pulses a cell takes until it holds its target: the base, and the kinds."""

from archsim.crossbar.cells.pulses.kind import PulseLaw

__all__ = ["PulseLaw"]
