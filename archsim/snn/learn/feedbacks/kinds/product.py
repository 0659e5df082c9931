"""The product of the weights downstream."""

from __future__ import annotations

from typing import ClassVar, Literal

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.downstream import product_of
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Product(FeedbackKind):
    """``(W_L ... W_(l+1))^T`` of the weights as they are when the rule begins, of the pre-trained ones on a chip.

    With it the error is that of back-propagation, but for the slopes of the neurons on the way; sizes are those of
    the weights. Near to the estimated feedback of SFDFA (arXiv 2403.08804).
    """

    kind: Literal["product"] = "product"
    of_weights: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        return product_of(wanted)
