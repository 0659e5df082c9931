"""Kolen-Pollack: backward matrices of their own get the updates of the weights (doi:10.1109/ICNN.1994.374486)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.aligned import Aligned
from archsim.rules.settings import KolenPollackSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.mapping import LayerPlan
    from archsim.snn.learn.products import LearningProducts
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Workload
    from archsim.workload.network import Floats
    from archsim.workload.update_needs import UpdateNeeds


@RULES.register
class KolenPollack(Aligned):
    """As feedback alignment, but the arrays get every change that the weights get, and both decay.

    With R the backward matrix of weights W, u their update and d the decay, with every `every`-th update::

        W <- W + u - d W,    R <- R + u^T - d R^T     so     R - W^T  shrinks by  1 - d  each time

    whatever the updates are (Kolen, Pollack 1994; Akrout et al. 2019, arXiv 1904.05391): no weight is carried from
    one array to the other. What decays is what the row holds, which is read before it is written.
    """

    kind = "kolen_pollack"
    title = "KP"
    colour = 6
    hatch = "//.."
    Settings: ClassVar[type[FileModel]] = KolenPollackSettings

    def change(self, products: LearningProducts, recipe: Recipe, updates: Mapping[str, Floats], step: int) -> None:
        """The same update of both, and the decay of each."""
        given = self.set_for(recipe)
        lost = given.decay_frac if (step + 1) % given.n_every == 0 else 0.0
        for key, update in updates.items():
            if key not in recipe.feedback:
                products.update(key, update)
                continue
            backward = self.backward_of(products, recipe, key)
            decayed = (update - lost * products.asked(key), update - lost * backward.asked())
            products.update(key, decayed[0])
            backward.add(decayed[1])

    def reads_rows(self, work: Workload, plan: LayerPlan, number: int) -> bool:
        """Whoever decays has its rows read before they are written."""
        given = self.settings(work)
        return bool(plan.copy) and given.decay_frac > 0 and (number + 1) % int(given.n_every) == 0

    def before_steps(self, ctx: Context, label: Label, plan: LayerPlan, number: int, known: int) -> int:
        """The decay of each weight, and of what stands beside it: a multiplication and an addition."""
        from archsim.components import Operations
        from archsim.lowering.context import BARRIER

        if not self.reads_rows(ctx.work, plan, number):
            return known
        bits, done = ctx.chip.tile.gradients.gradient_bits, []
        for tile in plan.gradient_tiles:
            blocks = [block for block in plan.forward if block.tile == tile and block.replica == 0]
            n_weights = sum(block.n_rows * block.n_columns for block in blocks)
            unit = ctx.parts.at(tile).gradient_unit
            job = unit.compute(f"decay@{bits}b", 2 * n_weights, Operations(1, ((bits, bits),)))
            done.append(ctx.do(label, tile, job, [known]))
        return ctx.add(label, BARRIER, 1, after=done)

    def needs(self, chip: Chip, work: Workload, plan: LayerPlan, of_weights: UpdateNeeds) -> UpdateNeeds:
        """What is too small to be written waits for either of the two."""
        adapt = work.learning.adapt
        if not plan.copy or adapt is None or not adapt.residual:
            return of_weights
        return of_weights.with_one_more("residual of the copy")
