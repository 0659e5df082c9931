"""Sign-symmetric feedback: back-propagation through signs of weights (Liao et al. 2016, arXiv 1510.05067)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archsim.registry import RULES
from archsim.rules.feedback_alignment import FeedbackAlignment

if TYPE_CHECKING:
    from archsim.workload.network import Floats


@RULES.register
class SignSymmetric(FeedbackAlignment):
    """As feedback alignment, with the signs that the weights have when the rule begins.

    All values have the size of the weights' root mean square; they are never written, so a weight that changes its
    sign afterwards is answered with the old one. That is "uSF" of Xiao et al. 2018 (arXiv 1811.03567) with frozen
    signs: as cells of two levels serve, so would an array of bits.
    """

    kind = "sign_symmetric"
    title = "sign-symmetric"
    colour = 2
    hatch = "++++"

    def values(self, weights: Floats, rng: np.random.Generator) -> Floats:  # nothing is drawn
        """Of one size, with the signs of the weights."""
        return np.asarray(np.sqrt(np.mean(weights**2)) * np.sign(weights))
