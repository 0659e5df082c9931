"""A power of two for each layer, tracked over batches: dynamic fixed point."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from archsim.crossbar.quantisers.kind import Arithmetic, Floats, Quantiser, Scaler
from archsim.registry import QUANTISERS
from archsim.units import Frac


class _Exponent(Scaler):
    def __init__(self, overflow: float) -> None:
        self._overflow = overflow
        self.exponent = 0
        self._n = self._n_over = self._n_over_half = self._n_any = 0

    def meet(self, errors: Floats) -> None:
        sizes = np.sort(np.abs(errors[errors != 0]))
        if sizes.size:  # the smallest power of two that no more of all errors exceed than may
            within = sizes[max(0, sizes.size - 1 - int(self._overflow * errors.size))]
            self.exponent = int(np.ceil(np.log2(within)))

    def largest(self, errors: Floats, n_samples: int) -> Floats:
        sizes, largest = np.abs(errors), 2.0**self.exponent / n_samples
        self.n_seen += errors.size
        self._n += errors.size
        self._n_any += int(np.count_nonzero(errors))
        self._n_over += int(np.count_nonzero(sizes > largest))
        self._n_over_half += int(np.count_nonzero(sizes > largest / 2))
        return np.full((len(errors), 1), largest)

    def end(self) -> None:
        may = self._overflow * self._n
        if self._n_over > may:
            self.exponent += 1
        elif self._n_any and self._n_over_half <= may:
            self.exponent -= 1
        self._n = self._n_over = self._n_over_half = self._n_any = 0


@QUANTISERS.register
class PowerOfTwo(Quantiser):
    """The largest code of a layer stands for a power of two, which follows the batches before.

    After a batch it doubles if more than `overflow` of the errors were larger, and halves if no more than that
    would then be: dynamic fixed point (Courbariaux, Bengio, David, ICLR 2015, arXiv 1412.7024, with its 0.01 %).
    It starts at the smallest that fits the errors of training windows. An error is shifted; two counters look at
    the leading bits of all errors while these are sent.
    """

    kind: Literal["power_of_two"]
    overflow_frac: Frac = 0.0001
    looks_beside: ClassVar[bool] = True

    def scaler(self) -> Scaler:
        return _Exponent(self.overflow_frac)

    def scaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        del potential_bits, error_bits
        return Arithmetic(1)

    def rescaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        del potential_bits, error_bits
        return Arithmetic()

    def said(self) -> str:
        return f"over a power of two of each layer, tracked from batch to batch at {100 * self.overflow_frac:g} %"
