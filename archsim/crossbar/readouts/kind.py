"""The base class of read-outs: how the sum of a column becomes a number, a code, a bit or a spike."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.readouts.converter import Adc, Floats
from archsim.errors import SpecError
from archsim.units import FileModel


class Decider(Protocol):
    """Turns sums into bits or spikes, read after read."""

    def decide(self, sums: NDArray[np.floating]) -> Floats:
        """Bits or spikes as numbers, of sums (n, n_out) in full cells."""


class ReadOut(FileModel):
    """How the sum of a column is read: the fields are the keys of ``readout``. By default, the sum itself.

    A subclass narrows `kind` to its name, ``kind: Literal["adc"]``. One with codes has `has_codes` and gives its
    converter by `over`; one that decides on the sum itself has `decides` and gives its `decider`.

    Attributes
    ----------
    has_codes : bool
        Whether sums are converted over a range: then codes are shifted, added and subtracted.
    decides : bool
        Whether one sum is one output, a bit or a spike: there is nothing to shift, add or subtract afterwards.
    remembers : bool
        Whether a decision depends on the reads before it.
    """

    kind: str
    has_codes: ClassVar[bool] = False
    decides: ClassVar[bool] = False
    remembers: ClassVar[bool] = False

    @property
    def subtracts_codes(self) -> bool:
        """Whether the columns of a pair are read one by one, and subtracted afterwards."""
        return False

    @property
    def percentile(self) -> float | None:
        """The percentile of sums that lie in its range, where data set it; None where it comes from elsewhere."""
        return None

    def over(self, lowest: float, highest: float) -> Adc:
        """The converter over a range in full cells.

        Raises
        ------
        SpecError
            It has none; or the range is of zero width, or not finite.
        """
        del lowest, highest
        raise SpecError(f"readout: must be of kind adc to have a range; is {self.kind}")

    def converter(self, full: tuple[float, float]) -> Adc:
        """The converter over its own range, or the full one; not where data set it."""
        return self.over(*full)

    def followed(self, adc: Adc, n_sums: int, n_outside: int) -> Adc:
        """The converter of the next batch, after one with so many sums outside of the range."""
        del n_sums, n_outside
        return adc

    def decider(self, shape: tuple[int, ...]) -> Decider:
        """The decider for sums of a shape, before the first read.

        Raises
        ------
        SpecError
            It does not decide.
        """
        del shape
        raise SpecError(f"readout: {self.kind} decides on nothing")
