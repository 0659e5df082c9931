"""Normal values."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Gaussian(FeedbackKind):
    """Normal, with deviation 1 / sqrt(outputs)."""

    kind: Literal["gaussian"] = "gaussian"

    def values(self, wanted: Wanted) -> Floats:
        return np.asarray(wanted.size * wanted.random().standard_normal(wanted.shape))
