"""Surrogate derivatives of a spike by the potential; one kind in each file of `kinds`."""

from archsim.snn.learn.surrogates.kind import Surrogate, SurrogateKind

__all__ = ["Surrogate", "SurrogateKind"]
