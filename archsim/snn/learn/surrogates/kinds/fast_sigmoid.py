"""The derivative of a fast sigmoid."""

import numpy as np

from archsim.registry import SURROGATES
from archsim.snn.learn.surrogates.kind import SlopeArithmetic, SurrogateKind
from archsim.workload.network import Floats


@SURROGATES.register
class FastSigmoid(SurrogateKind):
    """``1 / (1 + |x| / width)^2`` (Zenke, Ganguli 2018, arXiv 1705.11146)."""

    kind = "fast_sigmoid"
    code = 1
    arithmetic = SlopeArithmetic(2, n_by_width=1, n_products=1, n_divisions=1)

    def slope(self, x: Floats, width: float) -> Floats:
        slope = 1.0 + np.abs(x) * (1.0 / width)
        return 1.0 / (slope * slope)
