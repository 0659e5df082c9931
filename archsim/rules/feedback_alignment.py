"""Feedback alignment: back-propagation through fixed random matrices (Lillicrap 2016, doi:10.1038/ncomms13276)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from archsim.registry import RULES
from archsim.rules.bp import BP
from archsim.rules.settings import AlignmentSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.mapping import Block, LayerPlan
    from archsim.snn.learn.feedbacks import Draw
    from archsim.snn.learn.gradients import Gradients, Project
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats

_STREAM = 7


@RULES.register
class FeedbackAlignment(BP):
    """As BP, but what carries errors down are random arrays, as large as a second copy, and never written.

    Their values are normal, with the deviation of the weights that they stand for, times `scale`.
    """

    kind = "feedback_alignment"
    title = "FA"
    colour = 3
    error_stage = "backward"
    hatch = "xxxx"
    reads_transposed = False
    runs_unasked = False
    Settings: ClassVar[type[FileModel]] = AlignmentSettings

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """Laid out like BP's second copy, with ``feedback: transposable`` too."""
        from archsim.mapping import copy_blocks, error_rows

        rows = error_rows(plan.layer, plan.n_rows, work.network)
        return [replace(block, role="feedback") for block in copy_blocks(plan.layer, plan.n_rows, rows, chip)]

    def most_blocks(self, chip: Chip, work: Workload, layer: Layer, n_rows: int) -> int:
        """Of a copy of all rows."""
        from archsim.mapping import most_copy_blocks

        return most_copy_blocks(layer, n_rows, chip)

    def error_arrays(self, plan: LayerPlan) -> Sequence[Block]:
        """The random arrays."""
        return plan.feedback

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]:
        """A matrix (inputs, outputs) for each whose inputs need an error."""
        from archsim.snn.learn.chip import whose_inputs_learn
        from archsim.snn.learn.products import matrices
        from archsim.snn.weights import stream

        keys, scale = whose_inputs_learn(network), self.settings(work).scale
        own = {key: weights for key, weights in matrices(network).items() if key in keys}
        drawn = (stream(seed, _STREAM, i) for i in range(len(own)))
        return {key: scale * self.values(own[key].T, rng) for key, rng in zip(own, drawn, strict=True)}

    def values(self, weights: Floats, rng: np.random.Generator) -> Floats:
        """Fixed matrix in place of the weights (inputs, outputs)."""
        return rng.normal(0.0, weights.std(), weights.shape)

    def carried(self, products: Products, recipe: Recipe) -> Project:
        """Transposed products in plain arithmetic of errors, by the weights' key, (n, outputs)."""
        del products
        return lambda key, sent: np.asarray(sent @ recipe.feedback[key].T)

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """Of BP, with these matrices in place of the transposed weights."""
        product = recipe.project or self.carried(products, recipe)
        carried = cast("Products", SimpleNamespace(forward=products.forward, backward=product))
        return super().gradients(network, tape, error, carried, recipe)
