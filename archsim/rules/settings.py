"""Settings of each learning rule in a workload, `learning.rules`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from archsim.rules.places.kinds.arrays import Arrays
from archsim.rules.places.kinds.sram import Sram
from archsim.units import FileModel, Frac, KindOf
from archsim.workload.learning import Count, FeedbackModel, OptimizerModel, Positive

TimePath = Literal["none", "readout", "full"]
"""Through whose leak an error goes back in time: nobody's, that of the output's neurons alone, everybody's."""


PlaceModel = Annotated[Any, KindOf("archsim.places")]
"""A place of :mod:`archsim.rules.places`."""


class RuleSettings(FileModel):
    """Settings that all of archsim's own rules have.

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


class SignSettings(AlignmentSettings):
    """As of feedback alignment. `signs` of the weights as they were at first, ``frozen``, or are, ``current``."""

    signs: Literal["frozen", "current"] = "frozen"


class KolenPollackSettings(AlignmentSettings):
    """As of feedback alignment. `decay`: part of both matrices that is lost with each `every`-th update."""

    decay_frac: Frac = 0.0003
    n_every: Count = 1


class MirrorSettings(AlignmentSettings):
    """As of feedback alignment. After each `every`-th update so many `pairs` of noise vectors show the weights.

    `rate`: part of a phase's mean in the average of all so far.
    """

    n_pairs: Count = 16
    n_every: Count = 1
    rate: Annotated[float, Field(gt=0, le=1)] = 0.1


TimeForm = Literal["waiting", "traces"]
"""How an error meets what happened before it: it waits for the sample's end, or traces are kept until it comes."""


class DirectSettings(RuleSettings):
    """Of rules whose errors go to all layers at once, through fixed matrices.

    `feedback`: this rule's matrices, in place of `learning.feedback`. `place`: where they are; on arrays if it is
    not said. `shared`: one value serves all positions of a channel of a convolution. `rank`: the matrices of all
    layers are the nearest ones of that rank, and the error is brought to so many numbers at the output, before it
    is sent.
    """

    feedback: FeedbackModel | None = None
    place: PlaceModel = Field(default_factory=Arrays)
    shared: bool = False
    rank: Count | None = None


class LocalSettings(RuleSettings):
    """Of local losses: `feedback`, `place` as of direct rules, but not on arrays; in a memory if it is not said.

    `time_path`: ``full``, each layer's own leak; ``readout``, the output's alone.
    """

    feedback: FeedbackModel | None = None
    place: PlaceModel = Field(default_factory=Sram)
    time_path: TimePath = "none"


class EPropSettings(DirectSettings):
    """As of all direct rules."""


class DRTPSettings(DirectSettings):
    """`time_path`: ``readout``, the output's own; ``full``, each layer's own; all else as of direct rules."""

    time_path: TimePath = "none"


class DFASettings(DirectSettings):
    """`time_path`: whether the error is sent as it is, or after the output's own path back through time.

    ``none``: e[t], and every layer learns from its own timestep. ``readout``: the error of the output's current,
    after its own leak back through time. ``full``: that, and each layer's own leak too. `time_form`: the same
    gradients from the sample's end backwards, or forwards with a trace for each input of the output and for each
    hidden synapse. All else as of direct rules.
    """

    time_path: TimePath = "none"
    time_form: TimeForm = "waiting"


class DirectKolenPollackSettings(DFASettings):
    """As of DFA, with the output's path through time if nothing is said; no `rank`, no `shared`, no traces.

    `decay`: part of all weights and matrices that is lost with each `every`-th update.
    """

    time_path: TimePath = "readout"
    decay_frac: Frac = 0.0003
    n_every: Count = 1
