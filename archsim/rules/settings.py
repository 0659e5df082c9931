"""What a workload may say of each learning rule, in `learning.rules`."""

from __future__ import annotations

from typing import Literal

from archsim.units import DoorModel
from archsim.workload.learning import Count, FeedbackModel, OptimizerModel, Positive

TimePath = Literal["none", "readout", "full"]
"""Through whose leak an error goes back in time: nobody's, that of the output's neurons alone, everybody's."""


class RuleSettings(DoorModel):
    """What every rule of archsim's own lets a workload set.

    `optimizer` is that of this rule, in place of the one of `learning.adapt`: so that a study can give each rule
    its own rate.
    """

    optimizer: OptimizerModel | None = None


class BPSettings(RuleSettings):
    """`time_path`: through whose leak errors go back in time. `steps`: in pieces of so many timesteps.

    With `steps` a sample is cut into pieces, and no error crosses a border between two of them (truncated
    back-propagation through time); the backward pass of a piece begins when its outputs are known.
    """

    time_path: TimePath = "full"
    n_steps: Count | None = None


class AlignmentSettings(BPSettings):
    """As of BP. `scale`: multiplies the fixed matrices."""

    scale: Positive = 1.0


TimeForm = Literal["waiting", "traces"]
"""How an error meets what happened before it: it waits for the sample's end, or traces are kept until it comes."""


class DRTPSettings(RuleSettings):
    """`time_path`: ``readout``, the output's own; ``full``, each layer's own. `feedback`: this rule's matrices."""

    time_path: TimePath = "none"
    feedback: FeedbackModel | None = None


class EPropSettings(RuleSettings):
    """`feedback`: the matrices that bring the errors, in place of `learning.feedback`."""

    feedback: FeedbackModel | None = None


class DFASettings(RuleSettings):
    """`time_path`: whether the error is sent as it is, or after the output's own path back through time.

    ``none``: e[t], and every layer learns from its own timestep. ``readout``: the error of the output's current,
    after its own leak back through time. ``full``: that, and each layer's own leak too. `time_form`: the same
    gradients from the sample's end backwards, or forwards with a trace for each input of the output and for each
    hidden synapse. `feedback` is this rule's, in place of `learning.feedback`.
    """

    time_path: TimePath = "none"
    time_form: TimeForm = "waiting"
    feedback: FeedbackModel | None = None
