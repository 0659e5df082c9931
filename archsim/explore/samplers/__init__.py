"""Samplers, which choose a search's next configurations; one kind in each file of `kinds`."""

from archsim.explore.samplers.kind import Sampler

__all__ = ["Sampler"]
