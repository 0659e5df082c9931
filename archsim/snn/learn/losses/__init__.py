"""Losses, and their gradient at the output; one kind in each file of `kinds`."""

from archsim.snn.learn.losses.kind import Loss, Scored, one_hot, score

__all__ = ["Loss", "Scored", "one_hot", "score"]
