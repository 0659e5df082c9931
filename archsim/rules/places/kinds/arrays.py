"""Crossbar arrays of their own."""

from __future__ import annotations

from typing import ClassVar, Literal

from archsim.registry import PLACES
from archsim.rules.places.kind import Place


@PLACES.register
class Arrays(Place):
    """On crossbar arrays, programmed once and read like any other."""

    kind: Literal["arrays"] = "arrays"
    has_arrays: ClassVar[bool] = True
