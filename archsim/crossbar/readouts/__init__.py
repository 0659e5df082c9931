"""Read-outs: what becomes of the sum of a column; one kind in each file of `kinds`."""

from archsim.crossbar.readouts.kind import Decider, ReadOut

__all__ = ["Decider", "ReadOut"]
