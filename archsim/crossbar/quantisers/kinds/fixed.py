"""One factor for the whole life of a layer."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archsim.crossbar.quantisers.kind import Arithmetic, Floats, Quantiser, Scaler
from archsim.registry import QUANTISERS
from archsim.spec.cells import Percentile, Positive


class _Fixed(Scaler):
    def __init__(self, maximum: float | None, percentile: float) -> None:
        self._maximum, self._percentile = maximum, percentile

    def meet(self, errors: Floats) -> None:
        sizes = np.abs(errors[errors != 0])
        if self._maximum is None and sizes.size:
            self._maximum = float(np.percentile(sizes, self._percentile, method="inverted_cdf"))

    def largest(self, errors: Floats, n_samples: int) -> Floats:
        return np.full((len(errors), 1), (self._maximum or 1.0) / n_samples)


@QUANTISERS.register
class FixedScale(Quantiser):
    """The largest code stands for `maximum`, the error of one sample, on all layers and for ever.

    Without `maximum` each layer has its own, calibrated once on training windows: that below which `percentile`
    per cent of their errors lie (those that are not zero). Larger errors are sent as the largest code. An error
    is multiplied by a constant; no error waits for another.
    """

    kind: Literal["fixed"]
    maximum: Positive | None = None
    percentile: Percentile = 100.0

    def scaler(self) -> Scaler:
        return _Fixed(self.maximum, self.percentile)

    def scaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        return Arithmetic(0, ((potential_bits, error_bits),))

    def rescaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        del potential_bits, error_bits
        return Arithmetic()

    def said(self) -> str:
        if self.maximum is not None:
            return f"over {self.maximum:g}"
        return f"over a maximum of each layer, calibrated once to {self.percentile:g} %"
