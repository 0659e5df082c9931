"""Rules whose backward matrices are written while they learn, and come to resemble the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archsim.names import COPY
from archsim.rules.feedback_alignment import FeedbackAlignment

if TYPE_CHECKING:
    from archsim.mapping import Block, LayerPlan
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.products import LearningProducts
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Workload
    from archsim.workload.network import Floats


class Aligned(FeedbackAlignment):
    """As feedback alignment, on arrays that are written like a second copy, with what a rule says itself."""

    def errors(self, chip: Chip, work: Workload) -> list[str]:
        """As BP; recurrent weights have no such arrays, and these keep their own time."""
        found, here = super().errors(chip, work), f"learning.rules.{self.kind}"
        if recurrent := [layer.name for layer in work.network.layers if layer.recurrent]:
            said = f"{here}: recurrent layers ({', '.join(recurrent)}) have no backward matrix of their own"
            found.append(f"{said}; take bp, or feedback_alignment")
        if chip.execution.n_copy_every > 1:
            said = "execution.copy_every: says when a copy of the weights is written, and there is none"
            found.append(f"{said}; leave it out, and say {here}.every")
        return found

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """Laid out like BP's second copy, and written like it."""
        return [replace(block, role="copy") for block in super().blocks(chip, work, plan)]

    def error_arrays(self, plan: LayerPlan) -> Sequence[Block]:
        """Those that are written."""
        return plan.copy

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """On arrays that start at random, and are written."""
        on_chip.add_backward({key: matrix.T for key, matrix in recipe.feedback.items()})
        return replace(recipe, project=on_chip.backward)

    def backward_of(self, products: LearningProducts, recipe: Recipe, key: str) -> Backward:
        """The backward matrix of a key, where it is."""
        return Backward(recipe.feedback[key], None if recipe.project is None else products, key)


@dataclass(frozen=True)
class Backward:
    """A matrix that carries errors down, as plain numbers (inputs, outputs), or on a chip.

    Parameters
    ----------
    numbers : array
        Changed in place.
    on_chip : LearningProducts, optional
    key : str
    """

    numbers: Floats
    on_chip: LearningProducts | None
    key: str

    def asked(self) -> Floats:
        """(outputs, inputs): what it should hold."""
        return self.numbers.T if self.on_chip is None else self.on_chip.asked(self.key + COPY)

    def add(self, change: Floats) -> None:
        """Change it by (outputs, inputs), as well as it can be written."""
        self.numbers[...] += change.T
        if self.on_chip is not None:
            self.on_chip.update(self.key + COPY, change)

    def become(self, values: Floats) -> None:
        """Hold (outputs, inputs), as near as its levels come."""
        self.numbers[...] = values.T
        if self.on_chip is not None:
            self.on_chip.put(self.key + COPY, values)
