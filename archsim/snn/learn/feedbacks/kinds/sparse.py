"""Normal values, most of them zero."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Sparse(FeedbackKind):
    """A part `density` of the values is normal, the others zero; deviation 1 / sqrt(outputs).

    Crafton et al. 2019, doi:10.3389/fnins.2019.00525: each neuron may be fed by a single output.
    """

    kind: Literal["sparse"] = "sparse"
    density: Annotated[float, Field(gt=0, le=1)] = 0.25

    def values(self, wanted: Wanted) -> Floats:
        rng = wanted.random()
        drawn = rng.standard_normal(wanted.shape)
        return np.asarray(wanted.size / np.sqrt(self.density) * drawn * (rng.random(wanted.shape) < self.density))
