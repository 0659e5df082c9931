"""Quantisers of errors: the base, and the kinds."""

from archsim.crossbar.quantisers.kind import Quantiser, Scaler

__all__ = ["Quantiser", "Scaler"]
