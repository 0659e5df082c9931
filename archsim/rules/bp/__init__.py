"""Back-propagation through time: ``delta_l = (W_(l+1)^T delta_(l+1)) s'(u_l)``, over layers and timesteps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.base import Rule
from archsim.rules.settings import BPSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Block, Dataflow, LayerPlan
    from archsim.snn.learn.chip import ChipProducts
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
    error_stage = "backward"
    hatch = "////"
    reads_transposed = True
    writes_layer_by_layer = False
    Settings: ClassVar[type[FileModel]] = BPSettings

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # of the workload alone
        """Pieces of a sample need a path through time to cut, and one rate of all layers."""
        given, rates = self.settings(work), set(work.steps.values())
        if given.n_steps is None:
            return []
        found = []
        if given.time_path != "full":
            said = f"learning.rules.{self.kind}.steps: cuts the path through time, and time_path is "
            found.append(f"{said}{given.time_path}; leave one of them out")
        if len(rates) > 1:
            said = f"learning.rules.{self.kind}.steps: layers have {', '.join(map(str, sorted(rates)))} timesteps"
            found.append(f"{said}, so no piece is the same for all; leave it out")
        return found

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """The transposed copy with ``feedback: copy``, of the rows whose inputs need an error."""
        from archsim.mapping import copy_blocks, error_rows

        if chip.execution.feedback != "copy":
            return ()
        return copy_blocks(plan.layer, plan.n_rows, error_rows(plan.layer, plan.n_rows, work.network), chip)

    def most_blocks(self, chip: Chip, work: Workload, layer: Layer, n_rows: int) -> int:
        """Of the copy of all rows."""
        from archsim.mapping import most_copy_blocks

        return most_copy_blocks(layer, n_rows, chip) if chip.execution.feedback == "copy" else 0

    def keeps_potentials(self, network: Network, layer: Layer) -> bool:
        """Of pooling layers too, where one below them learns."""
        return network.learns(layer.name)

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool:
        """In pieces, with errors of each timestep, where every layer reads its own timestep alone."""
        in_order = flow.has_one_rate and not any(flow.reaches_over_time(layer) for layer in work.network.layers)
        return work.error == "per_timestep" and in_order and self.n_timesteps_of_a_piece(work) is not None

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Through the leaks that the time path names; a piece of one timestep has none."""
        path, piece = self.settings(work).time_path, self.n_timesteps_of_a_piece(work)
        is_last = layer.name == work.network.layers[-1].name
        return (path == "full" or (path == "readout" and is_last)) and piece != 1

    def sends_while_it_runs(self, work: Workload, flow: Dataflow) -> str | None:
        """Pieces of a sample, and errors that recurrent weights carry from timestep to timestep."""
        over = "leave execution.errors.over out (over: timestep)"
        recurrent = [layer.name for layer in work.network.layers if layer.recurrent]
        if recurrent:
            said = f"recurrent weights of {', '.join(recurrent)} carry errors from timestep to timestep"
            return f"{said}: {over}"
        if self.n_timesteps_of_a_piece(work) is not None:
            return f"{self.kind} learns from pieces of a sample: leave steps out and time_path: none, or {over}"
        return super().sends_while_it_runs(work, flow)

    def n_timesteps_of_a_piece(self, work: Workload) -> int | None:
        """As the settings say; one where nothing goes back in time."""
        given = self.settings(work)
        found: int | None = 1 if given.time_path == "none" else given.n_steps
        return found

    def n_timesteps_under_way(self, n_above: int) -> int:
        """Up to the output and back again."""
        return 2 * n_above

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.bp.tasks`."""
        from archsim.rules.bp.tasks import BackPropagation

        BackPropagation(ctx, forward, self.error_stage, gradients).run()

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """Fixed matrices of rules that derive from this one are driven by each layer's own errors."""
        if not recipe.feedback:
            return recipe
        on_chip.add_feedback(recipe.feedback, of_layers=True)
        return replace(recipe, project=on_chip.project)

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """See :func:`archsim.snn.learn.gradients.back_propagate`."""
        from archsim.snn.learn.gradients import back_propagate, formed
        from archsim.snn.learn.time_path import TimePath

        given = self.set_for(recipe)
        return back_propagate(
            network, tape, formed(error, recipe.error), products, recipe.surrogate,
            reset_path=recipe.reset_path, path=TimePath.named(given.time_path, given.n_steps),
        )  # fmt: skip
