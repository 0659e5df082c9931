"""Direct random target projection: fixed matrices times the label (doi:10.3389/fnins.2021.629892)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.dfa import DFA
from archsim.rules.settings import DRTPSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Dataflow
    from archsim.mapping.rule import TraceNeed
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats


@RULES.register
class DRTP(DFA):
    """Hidden layers learn from the one-hot label y at every timestep: ``delta_l = -(B_l y / T) s'(u_l)``.

    The label stands for the sign of the error (Frenkel, Lefebvre, Bol 2021). It is there with the first input, so
    the matrices are read once for each sample, one row of them, and a hidden layer waits for no output. The last
    layer learns from its own error.
    """

    kind = "drtp"
    title = "DRTP"
    colour = 1
    hatch = "--"
    runs_unasked = False
    Settings: ClassVar[type[FileModel]] = DRTPSettings

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # of the workload alone
        """SDFA's matrix belongs to its errors; a label has no low rank."""
        found = self.matrix_errors(work)
        if self.settings(work).rank is not None:
            found.append(f"learning.rules.{self.kind}.rank: a label is one number already; leave it out")
        if self.settings(work).feedback.own_time_path:
            said = f"learning.rules.{self.kind}.feedback: kind sdfa belongs to errors on the mean rate"
            found.append(f"{said}; take gaussian, uniform, ternary, sparse or one of the weights")
        return found

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool:
        """Where no path goes back in time, and the output's errors come with each timestep."""
        return work.error == "per_timestep" and flow.has_one_rate and self.settings(work).time_path == "none"

    def n_errors_sent(self, work: Workload) -> int:
        """None: a label is sent as it is."""
        return 0

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Inside the neurons that the time path names."""
        path = self.settings(work).time_path
        return path == "full" or (path == "readout" and layer.name == work.network.layers[-1].name)

    def traces(self, work: Workload, layer: Layer) -> TraceNeed | None:
        """None."""
        return None

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.drtp.tasks`."""
        from archsim.rules.drtp.tasks import TargetProjection

        TargetProjection(ctx, forward, self.error_stage, gradients).run()

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """A label has one bit, and no sign."""
        from archsim.rules.dfa.matrices import on_a_chip
        from archsim.snn.learn.chip import InputRange

        return on_a_chip(self.set_for(recipe), recipe, on_chip, InputRange(1, 1.0, signed=False))

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """Of the label, and at the output of the error."""
        from archsim.snn.learn.gradients import direct_feedback, formed

        assert tape.targets is not None  # training sets them
        return direct_feedback(
            network, tape, formed(error, recipe.error), products, recipe.feedback, recipe.surrogate,
            targets=tape.targets / len(error), path=self.set_for(recipe).time_path, reset_path=recipe.reset_path,
            project=recipe.project,
        )  # fmt: skip
