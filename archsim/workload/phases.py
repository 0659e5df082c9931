"""Phases: inference, and learning with each rule there is."""

from __future__ import annotations

from typing import Annotated, Final

from archsim.registry import RULES
from archsim.units import KindName

INFERENCE: Final = "inference"


def phases() -> tuple[str, ...]:
    """All phases: inference, and the names of the learning rules.

    Examples
    --------
    >>> "inference" in phases() and "bp" in phases()
    True
    """
    return (INFERENCE, *RULES)


Phase = Annotated[str, KindName("archsim.rules", besides=(INFERENCE,))]
RuleName = Annotated[str, KindName("archsim.rules")]
