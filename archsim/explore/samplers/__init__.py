"""How a search chooses what to try next; one kind in each file of `kinds`."""

from archsim.explore.samplers.kind import Sampler

__all__ = ["Sampler"]
