"""Cross entropy of the spike counts."""

import numpy as np

from archsim.registry import LOSSES
from archsim.snn.learn.losses.kind import Loss, log_softmax, softmax
from archsim.workload.network import Floats


@LOSSES.register
class CountCrossEntropy(Loss):
    """``CE(softmax(sum_t o[t]), y)``."""

    kind = "count_cross_entropy"
    of_whole_sample = True
    across_outputs = True

    def value_and_error(self, outputs: Floats, wanted: Floats) -> tuple[float, Floats]:
        n_batch = len(wanted)
        counts = outputs.sum(axis=0)
        value = -(log_softmax(counts) * wanted).sum() / n_batch
        return float(value), np.broadcast_to((softmax(counts) - wanted) / n_batch, outputs.shape)
