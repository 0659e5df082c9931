"""Conductances of cells as device variability leaves them."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks.kind import FeedbackKind, Wanted
from archsim.workload.network import Floats


@FEEDBACKS.register
class Device(FeedbackKind):
    """The difference of two cells programmed to the same target, over its deviation and sqrt(outputs).

    As in PipeSDFA (arXiv 2507.15603).
    """

    kind: Literal["device"] = "device"
    of_devices: ClassVar[bool] = True

    def values(self, wanted: Wanted) -> Floats:
        return wanted.size * _spread(wanted)


def _spread(wanted: Wanted) -> Floats:
    if wanted.draw is None:
        raise WorkloadError("feedback from devices needs `draw`, which gives the cells' own spread")
    values = np.asarray(wanted.draw(wanted.layer.name, wanted.shape, wanted.random()), dtype=np.float64)
    spread = float(values.std()) if values.size else 0.0
    if values.shape != wanted.shape or not np.isfinite(values).all() or not spread > 0:
        raise WorkloadError(
            f"feedback of layer {wanted.layer.name!r}: `draw` gave shape {values.shape} with a spread of "
            f"{spread:g}; expected shape {wanted.shape}, finite and not all the same"
        )
    return values / spread
