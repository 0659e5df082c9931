"""The signs of the weights downstream."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.downstream import product_of
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class SignConcordant(FeedbackKind):
    """Sizes as gaussian, signs of the product of the forward weights between the layer and the output.

    Sign concordance of Liao, Leibo, Poggio 2016 (arXiv 1510.05067), taken over to direct feedback.
    """

    kind: Literal["sign_concordant"] = "sign_concordant"
    of_weights: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        sizes = np.abs(wanted.random().standard_normal(wanted.shape))
        return np.asarray(wanted.size * sizes * np.sign(product_of(wanted)))
