"""E-prop with symmetric feedback: errors come back through the weights themselves and meet traces of synapses."""

from __future__ import annotations

from typing import ClassVar

from archsim.registry import RULES
from archsim.rules.ottt import OTTT


@RULES.register
class SymmetricEProp(OTTT):
    """As OTTT, with traces that are also summed over the leak of the output (Bellec et al. 2020, see `EProp`).

    With one hidden layer that is the gradient of back-propagation through time, but for the path through resets
    and recurrent weights. Over more layers the error of a timestep comes down as in OTTT: a trace cannot tell
    through which timesteps' slopes above it would have come.
    """

    kind = "eprop_symmetric"
    title = "symmetric e-prop"
    colour = 6
    hatch = "OO"
    over_readout: ClassVar[bool] = True
