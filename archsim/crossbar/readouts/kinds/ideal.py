"""No converter."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.readouts.kind import ReadOut
from archsim.registry import READOUTS


@READOUTS.register
class IdealReadout(ReadOut):
    """The sum itself, as a number."""

    kind: Literal["ideal"]
