"""Online training through time (OTTT, Xiao et al. 2022, arXiv 2210.04195): errors meet traces of inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.bp import BP
from archsim.rules.settings import RuleSettings
from archsim.rules.traces import trace_errors, trace_need
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.mapping.rule import TraceNeed
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats


@RULES.register
class OTTT(BP):
    """Errors go back layer by layer through the transposed weights, timestep by timestep, and never through time.

    Every layer keeps a trace of its inputs, with its own leak; the error of a timestep multiplies the traces. The
    history is free as soon as a timestep's error has come back. Updates follow each batch (OTTT_A).
    """

    kind = "ottt"
    title = "OTTT"
    colour = 1
    error_stage = "backward"
    hatch = "..//"
    writes_layer_by_layer = True
    runs_unasked = False
    Settings: ClassVar[type[FileModel]] = RuleSettings
    over_readout: ClassVar[bool] = False

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # of the workload alone
        """Traces need errors of each timestep, and leaks that inputs share."""
        return trace_errors(self.kind, work, own=True)

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Never."""
        return False

    def n_timesteps_of_a_piece(self, work: Workload) -> int | None:
        """Each timestep is learned from by itself."""
        return 1

    def traces(self, work: Workload, layer: Layer) -> TraceNeed | None:
        """Of the rows of each layer."""
        return trace_need(work, layer, readout=self.over_readout, own=True)

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """Of each timestep's own errors, and of traces."""
        from archsim.snn.learn.gradients import back_propagate, formed
        from archsim.snn.learn.time_path import TimePath, Traces

        return back_propagate(
            network, tape, formed(error, recipe.error), products, recipe.surrogate,
            path=TimePath.named("none"), traces=Traces(readout=self.over_readout, own=True),
        )  # fmt: skip
