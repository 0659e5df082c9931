"""The derivative of an arctangent."""

import numpy as np

from archsim.registry import SURROGATES
from archsim.snn.learn.surrogates.kind import SlopeArithmetic, SurrogateKind
from archsim.workload.network import Floats


@SURROGATES.register
class Arctan(SurrogateKind):
    """``1 / (1 + (pi x / (2 width))^2) / width`` (Fang et al. 2021, arXiv 2007.05785)."""

    kind = "arctan"
    code = 2
    arithmetic = SlopeArithmetic(2, n_by_width=1, n_products=1, n_divisions=1)

    def slope(self, x: Floats, width: float) -> Floats:
        bend = (np.pi / (2.0 * width)) * x
        return 1.0 / ((1.0 + bend * bend) * width)
