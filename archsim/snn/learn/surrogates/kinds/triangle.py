"""A triangle around the threshold."""

import numpy as np

from archsim.registry import SURROGATES
from archsim.snn.learn.surrogates.kind import SlopeArithmetic, SurrogateKind
from archsim.workload.network import Floats


@SURROGATES.register
class Triangle(SurrogateKind):
    """``max(0, width - |x|) / width^2`` (Bellec et al. 2018, arXiv 1803.09574)."""

    kind = "triangle"
    code = 0
    arithmetic = SlopeArithmetic(2)  # x; width - |x|, cut at zero

    def slope(self, x: Floats, width: float) -> Floats:
        return np.maximum(0.0, width - np.abs(x)) * (1.0 / (width * width))
