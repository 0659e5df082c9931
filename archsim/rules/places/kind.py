"""The base class of places of fixed matrices: arrays, a memory, or nowhere, drawn when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.snn.learn.feedbacks import FeedbackKind
    from archsim.spec import Chip
    from archsim.workload.network import Floats


class Place(FileModel):
    """One place: its fields are the keys of the section `place` of a rule.

    A subclass narrows `kind` to its name, ``kind: Literal["sram"]``. What is not overridden here is that of
    matrices which digital logic multiplies by, at the homes of the layers.

    Attributes
    ----------
    has_arrays : bool
        Whether the matrices lie on crossbar arrays.
    can_change : bool
        Whether their values can be written while a rule learns.
    """

    kind: str
    has_arrays: ClassVar[bool] = False
    can_change: ClassVar[bool] = True

    def error(self, feedback: FeedbackKind) -> str:  # most hold any values
        """Why matrices of a kind cannot be there, and what would help; empty if they can."""
        return ""

    def stored_bits(self, chip: Chip, n_values: int) -> int:  # most store nothing
        """Bits that so many values take in the tile's gradient buffer."""
        return 0

    def drawn(self, values: Floats, feedback: FeedbackKind, seed: int) -> Floats:
        """The values that a rule has there, in place of those of its kind."""
        return values

    def rounded(self, chip: Chip, values: Floats) -> Floats:
        """The values as the chip holds them."""
        return values

    def step(self, values: Floats) -> float:
        """The least that what is held instead of some values can change by."""
        raise NotImplementedError

    def rewrite(self, ctx: Context, label: Label, tile: int, n_values: int, after: list[int | None]) -> int:
        """Lay down the steps of a row of `n_values` at a tile into what is held; returns its last task."""
        raise NotImplementedError

    def lay_down(self, ctx: Context, label: Label, tile: int, n_values: int, after: list[int]) -> int:
        """Lay down the product of `n_values` of the matrix with the error at a tile; returns its last task."""
        raise NotImplementedError
