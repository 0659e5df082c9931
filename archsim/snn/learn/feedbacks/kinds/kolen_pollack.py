"""The product of matrices that were random and got the same updates as the weights."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.downstream import product_of
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class KolenPollack(FeedbackKind):
    """The product of the weights downstream, and what is `left` of a random start, as large as it at first.

    Kolen, Pollack 1994 (doi:10.1109/ICNN.1994.374486): where forward and backward weights get the same updates and
    both decay by a part d in each of n, their difference is (1 - d)^n of what it was, whatever the updates are.
    That part is `left`: 1 has kept all of the random start, 0 none.
    """

    kind: Literal["kolen_pollack"] = "kolen_pollack"
    left: Annotated[float, Field(ge=0, le=1)] = 0.1
    of_weights: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        product = product_of(wanted)
        start = product.std() * wanted.random(1).standard_normal(wanted.shape)
        return np.asarray(product + self.left * (start - product))
