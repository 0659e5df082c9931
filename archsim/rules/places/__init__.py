"""Where a rule's fixed matrices are: one kind in each file of `kinds`."""

from archsim.rules.places.kind import Place

__all__ = ["Place"]
