"""One matrix for all layers, as in the published code of PipeSDFA."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import STREAM, FeedbackKind, Wanted
from archsim.snn.weights import stream
from archsim.workload.network import Floats


@FEEDBACKS.register
class Sdfa(FeedbackKind):
    """One normal matrix (outputs, widest layer) over the root of its number of values, cut to the layer's neurons.

    PipeSDFA, arXiv 2507.15603: the error is on the mean rate, and each layer has its own way back in time.
    """

    kind: Literal["sdfa"] = "sdfa"
    own_time_path: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        hidden = wanted.network.weighted[:-1]
        widest = max((layer.n_neurons for layer in hidden), default=0)
        matrix = stream(wanted.seed, STREAM).standard_normal((wanted.shape[1], widest))
        return np.asarray((matrix / np.sqrt(max(1, matrix.size)))[:, : wanted.layer.n_neurons].T)
