"""Surrogate derivatives of a spike by the potential; one kind in each file of `kinds`."""

from archsim.snn.learn.surrogates.kind import SlopeArithmetic, Surrogate, SurrogateKind

__all__ = ["SlopeArithmetic", "Surrogate", "SurrogateKind"]
