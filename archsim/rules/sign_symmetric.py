"""Sign-symmetric feedback: back-propagation through signs of weights (Liao et al. 2016, arXiv 1510.05067)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from archsim.registry import RULES
from archsim.rules.feedback_alignment import FeedbackAlignment
from archsim.rules.settings import SignSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.mapping import Block, LayerPlan
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.gradients import Project
    from archsim.snn.learn.products import LearningProducts, Products
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Workload
    from archsim.workload.network import Floats


@RULES.register
class SignSymmetric(FeedbackAlignment):
    """As feedback alignment, with the signs of the weights; all values have the size of their root mean square.

    That is "uSF" of Xiao et al. 2018 (arXiv 1811.03567), the size being that of the weights when the rule begins.
    As cells of two levels serve, so would an array of bits. With ``signs: frozen`` the arrays are never written,
    and a weight that changes its sign is answered with the old one; with ``current`` they are a copy that is
    written where an update changed a sign (`execution.copy_every` holds for it, too).
    """

    kind = "sign_symmetric"
    title = "sign-symmetric"
    colour = 2
    hatch = "++++"
    Settings: ClassVar[type[FileModel]] = SignSettings

    def values(self, weights: Floats, rng: np.random.Generator) -> Floats:  # nothing is drawn
        """Of one size, with the signs of the weights."""
        return signs(weights, float(np.sqrt(np.mean(weights**2))))

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """Fixed matrices, or a copy that is written."""
        found = super().blocks(chip, work, plan)
        return [replace(block, role="copy") for block in found] if self.follows(self.settings(work)) else found

    def error_arrays(self, plan: LayerPlan) -> Sequence[Block]:
        """Whichever there are."""
        return plan.feedback or plan.copy

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """On arrays that are never written, or on a copy that follows."""
        if not self.follows(self.set_for(recipe)):
            return super().on_arrays(on_chip, recipe)
        on_chip.add_copies(lambda key, weights: signs(weights, _size(recipe, key)))
        return replace(recipe, project=on_chip.backward)

    def carried(self, products: Products, recipe: Recipe) -> Project:
        """By the matrices, or by the signs that the weights now have."""
        if not self.follows(self.set_for(recipe)):
            return super().carried(products, recipe)
        held = cast("LearningProducts", products)
        return lambda key, sent: np.asarray(sent @ signs(held.read(key), _size(recipe, key)))

    @staticmethod
    def follows(settings: Any) -> bool:
        """Whether the signs are those of now."""
        return bool(settings.signs == "current")


def signs(weights: Floats, size: float) -> Floats:
    """Of one size, with the signs of some weights."""
    return np.asarray(size * np.sign(weights))


def _size(recipe: Recipe, key: str) -> float:
    return float(np.abs(recipe.feedback[key]).max(initial=0.0))
