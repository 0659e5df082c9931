"""What a workload may say of each learning rule, in `learning.rules`."""

from __future__ import annotations

from typing import Literal

from archsim.units import DoorModel
from archsim.workload.learning import Count, FeedbackModel, OptimizerModel

TimePath = Literal["none", "readout", "full"]
"""Through whose leak an error goes back in time: nobody's, that of the output's neurons alone, everybody's."""


class RuleSettings(DoorModel):
    """What every rule of archsim's own lets a workload set.

    `optimizer` is that of this rule, in place of the one of `learning.adapt`: so that a study can give each rule
    its own rate.
    """

    optimizer: OptimizerModel | None = None


class BPSettings(RuleSettings):
    """`time_path`: through whose leak errors go back in time. `steps`: no further than pieces of so many timesteps.

    With `steps` a sample is cut into pieces, and no error crosses a border between two of them (truncated
    back-propagation through time); the backward pass of a piece begins when its outputs are known.
    """

    time_path: TimePath = "full"
    n_steps: Count | None = None


class DFASettings(RuleSettings):
    """`time_path`: whether the error is sent as it is, or after the output's own path back through time.

    ``none``: e[t], and every layer learns from its own timestep. ``readout``: the error of the output's current,
    after its own leak back through time. ``full``: that, and each layer's own leak too. `feedback` is this rule's,
    in place of `learning.feedback`.
    """

    time_path: TimePath = "none"
    feedback: FeedbackModel | None = None
