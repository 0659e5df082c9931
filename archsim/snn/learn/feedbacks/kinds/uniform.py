"""Values spread evenly around zero."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Uniform(FeedbackKind):
    """Even in +- sqrt(3 / outputs): deviation 1 / sqrt(outputs)."""

    kind: Literal["uniform"] = "uniform"

    def values(self, wanted: Wanted) -> Floats:
        return np.asarray(wanted.size * np.sqrt(3.0) * wanted.random().uniform(-1.0, 1.0, wanted.shape))
