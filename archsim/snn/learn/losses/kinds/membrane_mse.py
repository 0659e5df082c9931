"""Squared error of the outputs of each timestep."""

from archsim.registry import LOSSES
from archsim.snn.learn.losses.kind import Loss
from archsim.workload.network import Floats


@LOSSES.register
class MembraneMse(Loss):
    """``mean over t and classes of (o[t] - y)^2``."""

    kind = "membrane_mse"

    def value_and_error(self, outputs: Floats, wanted: Floats) -> tuple[float, Floats]:
        off = outputs - wanted
        return float((off * off).mean()), 2.0 * off / off.size
