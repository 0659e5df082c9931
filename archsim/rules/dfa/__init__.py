"""Direct feedback alignment: ``delta_l = (B_l e) s'(u_l)`` with fixed B_l, all layers once the error is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.base import Rule
from archsim.rules.settings import DFASettings
from archsim.rules.traces import trace_errors, trace_need
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Block, Dataflow, Home, LayerPlan
    from archsim.mapping.rule import RoomNeed, TraceNeed
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.feedbacks import Draw
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats


@RULES.register
class DFA(Rule):
    """The output's error goes to all layers at once, through fixed matrices.

    The matrices are what `learning.feedback` of the workload says. Nothing goes back through time, but inside the
    neurons that `time_path` of the settings names, and with the kind "sdfa" inside those of each layer.
    """

    kind = "dfa"
    title = "DFA"
    colour = 0
    Settings: ClassVar[type[FileModel]] = DFASettings

    def read_settings(self, work: Workload) -> DFASettings:
        """As the workload says them, with its own `feedback` where they name none."""
        given: DFASettings = super().read_settings(work)
        if given.feedback is not None:
            return given
        return given.model_copy(update={"feedback": work.learning.feedback})

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # of the workload alone
        """SDFA has a time path of its own; traces need one, and errors of each timestep."""
        given, found = self.settings(work), self.matrix_errors(work)
        if found:
            return found
        if given.time_form == "traces" and given.time_path == "none":
            said = f"learning.rules.{self.kind}.time_form: there is no path through time to keep traces of"
            return [f"{said}; say time_path: readout or full, or leave it out"]
        if given.time_form == "traces":
            return trace_errors(f"learning.rules.{self.kind}", work, own=given.time_path == "full")
        if given.feedback.own_time_path and given.time_path != "none":
            return [
                f"learning.rules.{self.kind}.time_path: feedback {given.feedback.kind} has a path of its own, "
                "inside each layer; leave it out, or take another kind of feedback"
            ]
        return []

    def matrix_errors(self, work: Workload) -> list[str]:
        """Errors of matrices that the place cannot hold, and of ranks."""
        given, here = self.settings(work), f"learning.rules.{self.kind}"
        n_outputs, found = work.network.layers[-1].n_neurons, []
        if said := given.place.error(given.feedback):
            found.append(f"{here}.place: {said}")
        if given.rank is not None and given.rank >= n_outputs:
            found.append(f"{here}.rank: {given.rank} is no less than the {n_outputs} outputs; leave it out")
        if given.rank is not None and given.place.kind == "generated":
            found.append(f"{here}.rank: nothing is stored that it makes smaller; leave it out, or place: sram")
        return found

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """The feedback matrix, cut at the layer's homes; none for the last layer, which sees the error itself."""
        from archsim.mapping import feedback_blocks, neurons_of

        given = self.settings(work)
        if plan.layer.name == work.network.layers[-1].name or not given.place.has_arrays:
            return ()
        spans = [span for home in plan.homes for span in home.channels]
        parts = spans if given.shared else [neurons_of(plan.layer, span) for span in spans]
        return feedback_blocks(plan.layer, self.n_sent(work), parts, chip)

    def most_blocks(self, chip: Chip, work: Workload, layer: Layer, n_rows: int) -> int:
        """Of a matrix from the output to all neurons."""
        from archsim.mapping import most_feedback_blocks

        return most_feedback_blocks(layer, self.n_sent(work), chip) if self.settings(work).place.has_arrays else 0

    def n_sent(self, work: Workload) -> int:
        """Numbers of an error that is sent: one for each output, or as many as the rank."""
        rank: int | None = self.settings(work).rank
        return work.network.layers[-1].n_neurons if rank is None else rank

    def n_values_sent(self, work: Workload, last: LayerPlan) -> dict[int, int]:
        """By home tile of the output: all outputs there; what they are brought to goes out from the first."""
        if self.settings(work).rank is not None:
            return {last.homes[0].tile: self.n_sent(work)}
        return super().n_values_sent(work, last)

    def n_errors_sent(self, work: Workload) -> int:
        """One for each timestep of the output, or one for all."""
        of_each = work.error == "per_timestep" or self.settings(work).time_path != "none"
        return work.steps[work.network.layers[-1].name] if of_each else 1

    def n_values_of(self, work: Workload, plan: LayerPlan, home: Home) -> int:
        """Rows of the matrix whose sums a home of a layer gets."""
        n_positions = 1 if self.settings(work).shared else prod(plan.layer.out_shape[1:])
        return home.n_channels * n_positions

    def reading_tiles(self, work: Workload, plan: LayerPlan) -> list[int]:
        """Where errors are multiplied by a layer's matrix: at its arrays, or at its homes."""
        if plan.layer.name == work.network.layers[-1].name or not plan.forward:
            return []
        if self.settings(work).place.has_arrays:
            return sorted({block.tile for block in plan.feedback})
        return [home.tile for home in plan.homes]

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool:
        """With an error at every timestep, where all layers have the output's timesteps."""
        given = self.settings(work)
        is_known = given.time_path == "none" or given.time_form == "traces"
        return work.error == "per_timestep" and flow.has_one_rate and is_known

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Inside the neurons that the time path names; of SDFA inside each layer's own."""
        given = self.settings(work)
        if given.feedback.own_time_path:
            return True
        if given.time_form == "traces":
            return False
        is_last = layer.name == work.network.layers[-1].name
        return given.time_path == "full" or (given.time_path == "readout" and is_last)

    def traces(self, work: Workload, layer: Layer) -> TraceNeed | None:
        """With ``time_form: traces``: of the output's inputs, and of all hidden synapses."""
        given = self.settings(work)
        if given.time_form == "waiting":
            return None
        return trace_need(work, layer, readout=True, own=given.time_path == "full")

    def rooms(
        self, work: Workload, plan: LayerPlan, last: LayerPlan, error_bytes: dict[int, int]
    ) -> Iterable[RoomNeed]:
        """The whole error: where it leaves the output, and where it is multiplied; and matrices in a memory."""
        for tile in self.reading_tiles(work, plan):
            yield "input_buffer", tile, f"feedback of {plan.layer.name}", sum(error_bytes.values())
        if plan is last:
            yield from (("output_buffer", tile, "error for feedback", n) for tile, n in error_bytes.items())

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]:
        """Bits stored at the homes of a hidden layer; at those of the output the factor of low rank."""
        given = self.settings(work)
        if plan.layer.name == work.network.layers[-1].name:
            bits = 0 if given.rank is None else given.rank * chip.execution.error_resolution_bits
            return {home.tile: bits * home.n_channels * prod(plan.layer.out_shape[1:]) for home in plan.homes}
        n_sent = self.n_sent(work)
        return {
            home.tile: given.place.stored_bits(chip, n_sent * self.n_values_of(work, plan, home))
            for home in plan.homes
        }

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.dfa.tasks`."""
        from archsim.rules.dfa.tasks import DirectFeedback

        DirectFeedback(ctx, forward, self.error_stage, gradients).run()

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]:
        """One matrix (neurons, classes) for each layer but the last, of the kind that the workload says."""
        from archsim.rules.dfa.matrices import matrices_of

        return matrices_of(self.settings(work), network, seed, draw)

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """The matrices on arrays, in a memory, or drawn."""
        from archsim.rules.dfa.matrices import on_a_chip

        return on_a_chip(self.set_for(recipe), recipe, on_chip)

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """See :func:`archsim.snn.learn.gradients.direct_feedback`."""
        from archsim.snn.learn.gradients import direct_feedback, formed
        from archsim.snn.learn.time_path import Traces

        given = self.set_for(recipe)
        leak_path = given.feedback is not None and given.feedback.own_time_path
        return direct_feedback(
            network, tape, formed(error, recipe.error), products, recipe.feedback, recipe.surrogate,
            mean_rate=leak_path or recipe.error != "per_timestep", leak_path=leak_path, path=given.time_path,
            traces=Traces(own=given.time_path == "full") if given.time_form == "traces" else None,
            reset_path=recipe.reset_path, project=recipe.project,
        )  # fmt: skip
