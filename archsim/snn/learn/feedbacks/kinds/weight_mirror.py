"""The product of the weights downstream, as noise that is sent through them shows it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.downstream import product_of
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class WeightMirror(FeedbackKind):
    """``B = mean of noise (x) outputs``, over `samples` vectors of normal noise at the layer.

    Weight mirror (Akrout et al. 2019, arXiv 1904.05391) for direct feedback: the noise passes the layers above as
    if they were linear, so B is the product of their weights with an error of about 1 / sqrt(samples).
    """

    kind: Literal["weight_mirror"] = "weight_mirror"
    n_samples: Annotated[int, Field(ge=1, le=2**20)] = 1024
    of_weights: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        product, rng = product_of(wanted), wanted.random(1)
        found = np.zeros(wanted.shape)
        for start in range(0, self.n_samples, 1024):
            noise = rng.standard_normal((min(1024, self.n_samples - start), wanted.shape[0]))
            found += noise.T @ (noise @ product)
        return found / self.n_samples
