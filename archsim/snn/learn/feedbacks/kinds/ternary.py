"""Values of two bits: -1, 0 and 1, times one number."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Ternary(FeedbackKind):
    """-1, 0 or 1, times a number that gives them deviation 1 / sqrt(outputs).

    A part `zeros` is zero, 1/2 if it is not said (Han et al. 2019, arXiv 1901.01986, has B of few bits; with
    ``zeros: 0`` it is binary).
    """

    kind: Literal["ternary"] = "ternary"
    zeros: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def values(self, wanted: Wanted) -> Floats:
        rng = wanted.random()
        signs = np.where(rng.random(wanted.shape) < 0.5, -1.0, 1.0)
        kept = rng.random(wanted.shape) >= self.zeros
        return np.asarray(wanted.size / np.sqrt(1 - self.zeros) * signs * kept)
