"""The records that the price list is made of: actions with their charges, read cycles, areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Where = Literal["crossbar", "pe", "tile", "chip"]


def longest(first: int, second: int) -> int:
    """The longer of two times; one that remembers where it comes from remembers both.

    Examples
    --------
    >>> longest(100, 120)
    120
    """
    for one, other in ((first, second), (second, first)):
        if type(one) is not int and hasattr(one, "longest"):
            found: int = one.longest(other)
            return found
    return max(first, second)


@dataclass(frozen=True)
class Charge:
    """Energy in pJ of one count of an action that one component spends."""

    component: str
    energy_pj: float


@dataclass(frozen=True)
class Action:
    """An action, and the cost of one count of it.

    The first charge names the component whose busy time it is. A name stands for one price only; what the
    price depends on follows an ``@``: ``drive@2b``.

    Examples
    --------
    >>> Action("fetch", (Charge("input_buffer", 1.5), Charge("tile_bus", 0.25))).energy_pj
    1.75
    """

    name: str
    charges: tuple[Charge, ...]

    @property
    def energy_pj(self) -> float:
        """Energy of one count, all components together."""
        return sum(charge.energy_pj for charge in self.charges)


@dataclass(frozen=True)
class ReadCycle:
    """One drive, read and convert of an input: `n_bits` of it, as `n_pulses` that last `read_ps`."""

    n_bits: int
    n_pulses: int
    read_ps: int
    adc_bits: int


@dataclass(frozen=True)
class ArrayRead:
    """Size of the read of one vector on an array.

    Attributes
    ----------
    n_values : int
        Conversions.
    n_lines : int
        Columns that are read, or rows of a transposed read; two of them may be one conversion.
    n_crossbars : int
        Arrays that are read together, their currents added.
    transposed : bool
        Driven from the columns and read at the rows.
    """

    n_values: int
    n_lines: int
    n_crossbars: int = 1
    transposed: bool = False


@dataclass(frozen=True)
class Figures:
    """Area and leakage of one instance, who says so, and how the figures were scaled ("" if not)."""

    area_um2: float
    leakage_uw: float
    source: str
    scaling: str = ""


@dataclass(frozen=True)
class AreaItem:
    """All instances of a component: `n` on the whole chip, `n_per_parent` in each `where`.

    `idle_um2` and `idle_uw` are of all instances together: what a workload leaves empty, or larger than it needs.
    """

    component: str
    where: Where
    n: int
    area_um2: float
    leakage_uw: float
    source: str
    scaling: str
    n_per_parent: int
    idle_um2: float = 0.0
    idle_uw: float = 0.0


def exact(value: float) -> Fraction:
    """The number that a file wrote, not its binary neighbour.

    Examples
    --------
    >>> exact(0.1)
    Fraction(1, 10)
    """
    return Fraction(repr(float(value)))


def burst_ps(n: int, period_ps: Fraction) -> int:
    """Time of `n` periods in ps, rounded once, half to even.

    Examples
    --------
    >>> burst_ps(128, Fraction(3125, 4))  # 128 conversions at 1.28 GS/s
    100000
    """
    return round(n * period_ps)


def listed(errors: Iterable[str]) -> str:
    """Errors as one message, one per line."""
    return "\n".join(errors)
