"""Back-propagation through time: ``delta_l = (W_(l+1)^T delta_(l+1)) s'(u_l)``, over layers and timesteps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archsim.registry import RULES
from archsim.rules.base import Rule

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Block, LayerPlan
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats


@RULES.register
class BP(Rule):
    """Errors go back layer by layer through the transposed weights, and through time.

    Every timestep's inputs and potentials are kept until the backward pass has used them.
    """

    kind = "bp"
    title = "BP"
    colour = 5
    error_phase = "backward"
    hatch = "////"
    reads_transposed = True
    writes_layer_by_layer = False

    def blocks(self, chip: Chip, network: Network, plan: LayerPlan) -> Sequence[Block]:
        """The transposed copy with ``feedback: copy``, of the rows whose inputs need an error."""
        from archsim.mapping import copy_blocks, error_rows

        if chip.execution.feedback != "copy":
            return ()
        return copy_blocks(plan.layer, plan.n_rows, error_rows(plan.layer, plan.n_rows, network), chip)

    def most_blocks(self, chip: Chip, network: Network, layer: Layer, n_rows: int) -> int:
        """Of the copy of all rows."""
        from archsim.mapping import most_copy_blocks

        return most_copy_blocks(layer, n_rows, chip) if chip.execution.feedback == "copy" else 0

    def keeps_potentials(self, network: Network, layer: Layer) -> bool:
        """Of pooling layers too, where one below them learns."""
        return network.learns(layer.name)

    def goes_back_in_time(self, work: Workload) -> bool:
        """Through the leaks of all neurons."""
        return True

    def n_timesteps_under_way(self, n_above: int) -> int:
        """Up to the output and back again."""
        return 2 * n_above

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.bp.tasks`."""
        from archsim.rules.bp.tasks import BackPropagation

        BackPropagation(ctx, forward, self.error_phase, gradients).run()

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """See :func:`archsim.snn.learn.gradients.back_propagate`."""
        from archsim.snn.learn.gradients import back_propagate

        return back_propagate(network, tape, error, products, recipe.surrogate, reset_path=recipe.reset_path)
