"""Read-outs: how the sum of a column becomes a number, a code or a spike; one kind in each file of `kinds`."""

from archsim.crossbar.readouts.kind import Decider, ReadOut

__all__ = ["Decider", "ReadOut"]
