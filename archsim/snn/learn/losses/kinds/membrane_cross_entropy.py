"""Cross entropy of the outputs of each timestep."""

from archsim.registry import LOSSES
from archsim.snn.learn.losses.kind import Loss, log_softmax, softmax
from archsim.workload.network import Floats


@LOSSES.register
class MembraneCrossEntropy(Loss):
    """``mean_t CE(softmax(o[t]), y)``."""

    kind = "membrane_cross_entropy"
    across_outputs = True

    def value_and_error(self, outputs: Floats, wanted: Floats) -> tuple[float, Floats]:
        n = len(wanted) * len(outputs)
        value = -(log_softmax(outputs) * wanted).sum() / n
        return float(value), (softmax(outputs) - wanted) / n
