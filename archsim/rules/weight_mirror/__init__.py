"""Weight mirror: between updates noise passes the weights, and shows the backward matrices what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.aligned import Aligned
from archsim.rules.settings import MirrorSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.lowering.optimize import Steps
    from archsim.mapping import LayerPlan
    from archsim.snn.learn.products import LearningProducts, Products
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Workload
    from archsim.workload.network import Floats

_STREAM = 11


@RULES.register
class WeightMirror(Aligned):
    """As feedback alignment, but after every `every`-th update the arrays are written with what noise shows of W.

    A vector x of random spikes and its opposite 1 - x drive the weights, `pairs` times; with z = 2 x - 1::

        M = mean of (W x - W (1 - x)) (x) z,    A <- A + rate (M - A),    R <- A^T

    M is W with an error of each value of about its row's norm over the root of `pairs`; A is a number for each
    weight in the gradient buffer, and is averaged over time. Akrout et al. 2019 (arXiv 1904.05391) have noise of
    any kind, and no opposite: that takes off what x has in common, which spikes cannot do without.
    """

    kind = "weight_mirror"
    title = "mirror"
    colour = 4
    hatch = "\\\\.."
    takes_steps = False
    Settings: ClassVar[type[FileModel]] = MirrorSettings

    def errors(self, chip: Chip, work: Workload) -> list[str]:
        """Noise is spikes, so it can only stand for spikes."""
        found = super().errors(chip, work)
        weighted = {source for layer in work.network.weighted for source in layer.inputs}
        pooled = [layer.name for layer in work.network.layers if layer.neuron is None and layer.name in weighted]
        if pooled:
            said = f"learning.rules.{self.kind}: its noise is spikes, and {', '.join(pooled)} sends numbers"
            found.append(f"{said}; give it a neuron, or take kolen_pollack")
        return found

    def change(self, products: LearningProducts, recipe: Recipe, updates: Mapping[str, Floats], step: int) -> None:
        """The weights, then what mirrors them."""
        super().change(products, recipe, updates, step)
        given = self.set_for(recipe)
        if (step + 1) % given.n_every:
            return
        for place, key in enumerate(recipe.feedback):
            backward = self.backward_of(products, recipe, key)
            seen = mirrored(products, key, backward.numbers.shape[0], (given.n_pairs, recipe.seed, step, place))
            backward.become(backward.numbers.T + given.rate * (seen - backward.numbers.T))

    def copy_is_due(self, work: Workload, number: int) -> bool:
        """After every so many updates."""
        return (number + 1) % int(self.settings(work).n_every) == 0

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]:
        """A number for each weight that is mirrored."""
        if not plan.copy:
            return {}
        bits = chip.tile.gradients.gradient_bits
        return {
            tile: bits * sum(b.n_rows * b.n_columns for b in plan.forward if b.tile == tile and b.replica == 0)
            for tile in plan.gradient_tiles
        }

    def before_copies(self, ctx: Context, label: Label, plan: LayerPlan, steps: Steps) -> Steps:
        """See :mod:`archsim.rules.weight_mirror.tasks`."""
        from archsim.rules.weight_mirror.tasks import mirror

        return mirror(ctx, label, plan, self.settings(ctx.work).n_pairs)


def mirrored(products: Products, key: str, n_inputs: int, noise: tuple[int, int, int, int]) -> Floats:
    """(outputs, inputs): what pairs of noise vectors show of some weights.

    Parameters
    ----------
    noise : tuple of int
        How many pairs; then what they are drawn with: seed, step, place.
    """
    from archsim.snn.weights import stream

    n_pairs, seed, step, place = noise
    x = stream(seed, _STREAM, step, place).integers(0, 2, (n_pairs, n_inputs)).astype(float)
    found = products.forward(key, x) - products.forward(key, 1.0 - x)
    mean: Floats = found.T @ (2.0 * x - 1.0) / n_pairs
    return mean
