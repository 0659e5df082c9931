"""The largest error of each vector: known once the vector is."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from archsim.crossbar.quantisers.kind import Arithmetic, Floats, Quantiser, Scaler
from archsim.registry import QUANTISERS


class _Largest(Scaler):
    def largest(self, errors: Floats, n_samples: int) -> Floats:
        del n_samples
        self.n_seen += errors.size
        return np.asarray(np.abs(errors).max(axis=1, keepdims=True, initial=0.0))


@QUANTISERS.register
class VectorMaximum(Quantiser):
    """Each vector (a timestep of a sample, at one position) over its own largest error.

    Every error is compared before the first is sent, and divided by what was found: a restoring division, a
    subtraction for each bit of the code. With ``over: sample`` a vector is all that a layer has in one sample: its
    errors are kept until the last of them is known, and quantised then.
    """

    kind: Literal["vector_maximum"]
    over: Literal["timestep", "sample"] = "timestep"
    looks_first: ClassVar[bool] = True

    def scaler(self) -> Scaler:
        return _Largest()

    def scaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        del potential_bits
        return Arithmetic(error_bits)

    def rescaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        return Arithmetic(0, ((potential_bits, error_bits),))

    @property
    def waits_for_sample(self) -> bool:
        return self.over == "sample"

    def said(self) -> str:
        if self.waits_for_sample:
            return "over the largest of their layer and sample, once it is over"
        return "over the largest of their vector"
