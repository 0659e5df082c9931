"""Local losses: every hidden layer has a fixed read-out of its own, and learns from its own error (DECOLLE)."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, ClassVar

from archsim.registry import RULES
from archsim.rules.base import Rule
from archsim.rules.settings import LocalSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Dataflow, LayerPlan
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
class LocalLosses(Rule):
    """``y_l = B_l^T s_l``, e_l the workload's loss of y_l, ``delta_l = (B_l e_l) s'(u_l)``; at the output its own.

    Kaiser, Mostafa, Neftci 2020 (doi:10.3389/fnins.2020.00424): nothing leaves a layer but its spikes. The same
    fixed B_l reads out and brings the error back, at the homes of the layer, from a memory or drawn.
    """

    kind = "local_losses"
    title = "local"
    colour = 2
    hatch = "**"
    runs_unasked = False
    Settings: ClassVar[type[FileModel]] = LocalSettings

    def read_settings(self, work: Workload) -> LocalSettings:
        """As the workload says them, with its own `feedback` where they name none."""
        given: LocalSettings = super().read_settings(work)
        if given.feedback is not None:
            return given
        return given.model_copy(update={"feedback": work.learning.feedback})

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # of the workload alone
        """Errors of each timestep, one rate of all layers, and a place that reads both ways."""
        given, here, found = self.settings(work), f"learning.rules.{self.kind}", []
        if given.place.has_arrays:
            said = "a read-out and its way back are two products with one matrix, which an array reads one way"
            found.append(f"{here}.place: {said}; take kind sram or generated")
        elif said := given.place.error(given.feedback):
            found.append(f"{here}.place: {said}")
        if given.feedback.own_time_path or given.feedback.of_devices:
            kind = given.feedback.kind
            found.append(f"{here}.feedback: kind {kind} is none for it; take gaussian, uniform, ternary or sparse")
        if work.error != "per_timestep":
            found.append(f"{self.kind} learns from the error of each timestep: use error: per_timestep")
        if len(set(work.steps.values())) > 1:
            rates = ", ".join(f"{name} {n}" for name, n in work.steps.items())
            found.append(f"{self.kind} has an error for each timestep of the output; timesteps are {rates}")
        return found

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool:
        """Where nothing goes back in time."""
        return bool(self.settings(work).time_path == "none")

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Inside the neurons that the time path names."""
        path = self.settings(work).time_path
        return path == "full" or (path == "readout" and layer.name == work.network.layers[-1].name)

    def n_timesteps_under_way(self, n_above: int) -> int:
        """None: a layer has its error with its output."""
        return 1

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]:
        """The matrix of a hidden layer, at its homes."""
        last = work.network.layers[-1]
        if plan.layer.name == last.name:
            return {}
        each, place = prod(plan.layer.out_shape[1:]) * last.n_neurons, self.settings(work).place
        return {home.tile: place.stored_bits(chip, home.n_channels * each) for home in plan.homes}

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.local_losses.tasks`."""
        from archsim.rules.local_losses.tasks import LocalErrors

        LocalErrors(ctx, forward, self.error_stage, gradients).run()

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]:
        """One matrix (neurons, classes) for each hidden layer."""
        from archsim.snn.learn.feedback import made_feedback

        given = self.settings(work)
        made = made_feedback(network, given.feedback, seed=seed, draw=draw)
        return {
            name: given.place.drawn(values, given.feedback, seed * len(made) + index)
            for index, (name, values) in enumerate(made.items())
        }

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """The matrices as the place holds them; logic computes with them."""
        place = self.set_for(recipe).place
        held = {name: place.rounded(on_chip.chip, values) for name, values in recipe.feedback.items()}
        return replace(recipe, feedback=held)

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """See :func:`archsim.rules.local_losses.numbers.local_gradients`."""
        from archsim.rules.local_losses.numbers import local_gradients

        return local_gradients(network, tape, error, products, recipe, self.set_for(recipe).time_path)
