"""Squared error of the mean rates."""

import numpy as np

from archsim.registry import LOSSES
from archsim.snn.learn.losses.kind import Loss
from archsim.workload.network import Floats


@LOSSES.register
class CountMse(Loss):
    """``mean over classes of (mean_t o[t] - y)^2``."""

    kind = "count_mse"
    of_whole_sample = True

    def value_and_error(self, outputs: Floats, wanted: Floats) -> tuple[float, Floats]:
        n_steps = len(outputs)
        off = outputs.sum(axis=0) / n_steps - wanted
        error = np.broadcast_to(2.0 * off / (off.size * n_steps), outputs.shape)
        return float((off * off).mean()), error
