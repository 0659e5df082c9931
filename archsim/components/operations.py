"""Arithmetic on one value, as a digital unit does it: additions and multiplications."""

from __future__ import annotations

from dataclasses import dataclass

MULTIPLIER_BITS = 8
"""Bits of both factors of the multiplication that a price is for."""


@dataclass(frozen=True)
class Operations:
    """Operations on one value.

    Parameters
    ----------
    n_additions : int
        Additions, and what takes as much: subtractions, comparisons, shifts.
    factors : tuple of (int, int)
        Bits of both factors of each multiplication. Energy and area of a multiplier grow with their product.

    Examples
    --------
    >>> leak = Operations(1, ((16, 8),))
    >>> leak.n_products, leak.n_turns
    (2.0, 2)
    """

    n_additions: int = 0
    factors: tuple[tuple[int, int], ...] = ()

    @property
    def n_products(self) -> float:
        """How many multiplications of 8 by 8 bit take as much energy."""
        return sum(a * b for a, b in self.factors) / MULTIPLIER_BITS**2

    @property
    def n_turns(self) -> int:
        """Cycles of a lane with one adder and one 8 by 8 multiplier behind each other, both pipelined."""
        n_products = sum(-(-a // MULTIPLIER_BITS) * -(-b // MULTIPLIER_BITS) for a, b in self.factors)
        return max(self.n_additions, n_products)

    def __add__(self, other: Operations) -> Operations:
        """One after the other."""
        return Operations(self.n_additions + other.n_additions, self.factors + other.factors)
