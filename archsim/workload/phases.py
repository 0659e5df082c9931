"""Phases: inference, the first programming of the arrays, and learning with each rule there is."""

from __future__ import annotations

from typing import Annotated, Final

from archsim.registry import RULES
from archsim.units import KindName

INFERENCE: Final = "inference"
PROGRAM: Final = "program"


def phases() -> tuple[str, ...]:
    """All phases: inference, the names of the learning rules, and the first programming.

    Examples
    --------
    >>> phases()[:4], phases()[-1]
    (('inference', 'bp', 'dfa', 'direct_kolen_pollack'), 'program')
    """
    return (INFERENCE, *RULES, PROGRAM)


def learns(phase: str) -> bool:
    """Whether weights change in a phase, by a learning rule that may not be known here.

    Examples
    --------
    >>> learns("dfa"), learns("program")
    (True, False)
    """
    return phase not in (INFERENCE, PROGRAM)


Phase = Annotated[str, KindName("archsim.rules", besides=(INFERENCE,), behind=(PROGRAM,))]
RuleName = Annotated[str, KindName("archsim.rules")]
