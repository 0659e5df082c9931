"""The base class of learning rules: arrays, history and buffers, tasks, numbers, and how it is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from archsim.units import FileModel

if TYPE_CHECKING:  # a rule is asked for its name by rooms that need none of these
    from archsim.lowering.context import Context, Label
    from archsim.lowering.forward import Forward
    from archsim.lowering.optimize import Steps
    from archsim.lowering.training import LoweredRule
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Block, Dataflow, LayerPlan
    from archsim.mapping.rule import RoomNeed, TraceNeed
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.feedbacks import Draw
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.optimizers import OptimizerKind
    from archsim.snn.learn.products import LearningProducts, Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import LearnedRule, Recipe
    from archsim.spec import Chip
    from archsim.workload import Layer, Network, Workload
    from archsim.workload.network import Floats
    from archsim.workload.update_needs import UpdateNeeds


class NoSettings(FileModel):
    """Nothing can be set."""


class Rule(ABC):
    """A learning rule, twice: as gradients of a network, and as arrays, buffers and tasks of a chip.

    What is not overridden here is that of a rule whose error needs no way back through the layers: no array but
    the weights, potentials kept for layers with weights, each layer written on its own.

    Attributes
    ----------
    kind : str
        The name of the rule, and of the phase in which it learns: "bp".
    title : str
        For people: "BP".
    colour : int
        Its place in the palette of pictures, 0 to 6.
    error_stage : str
        Label of the tasks that carry errors: in results, their stage.
    hatch : str
        Of these tasks, and of the rule's own arrays, in pictures (matplotlib's marks).
    reads_transposed : bool
        Whether errors pass through the layers' own weights, transposed: then the chip reads its arrays from their
        columns, or keeps a second set in step (`execution.feedback`).
    writes_layer_by_layer : bool
        Whether a layer is written as soon as its own gradients are complete, where the schedule leaves it open.
    parts : tuple of str
        Where the chip file describes what the rule needs and a chip that only infers may leave out.
    runs_unasked : bool
        Whether a network without a workload file, as a NIR file is, learns by it unless phases are named.
    takes_steps : bool
        Whether copies are written with the steps that the weights are written with.
    writes_feedback : bool
        Whether every update writes the blocks of role "feedback" (`write_beside`).
    Settings : type
        Model of what a workload may say of the rule in `learning.rules`; every field has a default.
    """

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    colour: ClassVar[int] = 3
    error_stage: ClassVar[str] = "feedback"
    hatch: ClassVar[str] = "\\\\\\\\"
    reads_transposed: ClassVar[bool] = False
    writes_layer_by_layer: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = (
        "tile.history_buffer", "tile.gradient_buffer", "tile.gradient_unit", "write",
    )  # fmt: skip
    runs_unasked: ClassVar[bool] = True
    takes_steps: ClassVar[bool] = True
    writes_feedback: ClassVar[bool] = False
    Settings: ClassVar[type[FileModel]] = NoSettings
    _read_from: Any = None
    _known: Any = None

    def settings(self, work: Workload) -> Any:
        """The rule's settings in a workload: a `Settings`; read once, for lowering asks at each step."""
        if self._read_from is not work.learning:
            self._read_from, self._known = work.learning, self.read_settings(work)
        return self._known

    def read_settings(self, work: Workload) -> Any:
        """The settings as the workload says them, with defaults for what it leaves out."""
        return self.Settings.model_validate((work.learning.rules or {}).get(self.kind, {}))

    def optimizer(self, work: Workload) -> OptimizerKind | None:
        """Of the rule's own settings, or of the adaptation; None if neither names one."""
        adapt = work.learning.adapt
        own: OptimizerKind | None = getattr(self.settings(work), "optimizer", None)
        return own if own is not None or adapt is None else adapt.optimizer

    # ---- arrays --------------------------------------------------------------------------------

    def errors(self, chip: Chip, work: Workload) -> list[str]:  # most chips will do
        """Why a chip cannot carry the rule out on a workload, and what would help; empty if it can."""
        return []

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]:
        """Blocks that a layer needs beside its weights: of role "copy" (written with them) or "feedback"."""
        return ()

    def most_blocks(self, chip: Chip, work: Workload, layer: Layer, n_rows: int) -> int:
        """How many `blocks` a layer with `n_rows` rows has, at most; found without making them."""
        return 0

    def error_arrays(self, plan: LayerPlan) -> Sequence[Block]:
        """Blocks beside its weights that a layer's own error drives: errors are sent to their tiles."""
        return plan.copy

    # ---- history and buffers -------------------------------------------------------------------

    def keeps_potentials(self, network: Network, layer: Layer) -> bool:
        """Whether a layer's potentials are kept until its error is known; inputs always are."""
        return layer.has_weights

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool:
        """Whether a timestep's history is free once the output of that timestep is known."""
        return False

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool:
        """Whether an error of a layer's neuron adds that of its later timestep, through its leak."""
        return False

    def n_timesteps_of_a_piece(self, work: Workload) -> int | None:
        """Timesteps of the pieces of a sample whose borders no error crosses; None if the sample is one."""
        return None

    def traces(self, work: Workload, layer: Layer) -> TraceNeed | None:
        """Traces that a layer keeps instead of waiting for the sample's end; None if it keeps none."""
        return None

    def n_timesteps_under_way(self, n_above: int) -> int:
        """Timesteps between a layer's output and its error; `n_above` layers follow it, each taking one."""
        return n_above

    def n_values_sent(self, work: Workload, last: LayerPlan) -> dict[int, int]:
        """Numbers of an error that leaves the output, by home tile; all outputs there."""
        n_positions = prod(last.layer.out_shape[1:])
        return {home.tile: home.n_channels * n_positions for home in last.homes}

    def n_errors_sent(self, work: Workload) -> int:
        """Errors of a sample that go elsewhere than to a layer's own arrays, scaled for the drivers."""
        return 0

    def sends_while_it_runs(self, work: Workload, flow: Dataflow) -> str | None:
        """Why errors cannot wait for the end of the sample, and what would help; None if they can."""
        over = "leave execution.errors.over out (over: timestep)"
        if any(self.traces(work, layer) is not None for layer in work.network.weighted):
            return f"{self.kind} keeps traces, which meet the error of each timestep as it comes: {over}"
        if self.learns_at_once(work, flow):
            said = f"{self.kind} sends the errors of a timestep while the next ones are computed"
            return f"{said}: give it a path through time (time_path), or {over}"
        return None

    def needs(self, chip: Chip, work: Workload, plan: LayerPlan, of_weights: UpdateNeeds) -> UpdateNeeds:
        """What an update of a layer needs, beside what it needs with any rule."""
        return of_weights

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]:
        """By tile, what the gradient buffer holds for a layer beside gradients, states and traces."""
        return {}

    def rooms(
        self, work: Workload, plan: LayerPlan, last: LayerPlan, error_bytes: dict[int, int]
    ) -> Iterable[RoomNeed]:
        """Space for errors that go elsewhere than to a layer's own arrays: (buffer, tile, user, bytes of one).

        `error_bytes` is the size of a whole error of the output at each of the last layer's home tiles.
        """
        return ()

    # ---- tasks ---------------------------------------------------------------------------------

    @abstractmethod
    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """Lay down one sample: its forward pass and all that follows until the gradients are complete.

        Adds to `gradients`, by layer, the tasks that must be done before its weights may change.
        """

    def reads_rows(self, work: Workload, plan: LayerPlan, number: int) -> bool:
        """Whether an update (they are numbered) reads the rows of a layer's arrays before it writes them."""
        return False

    def before_steps(self, ctx: Context, label: Label, plan: LayerPlan, number: int, known: int) -> int:
        """What is done with a layer's gradients before the optimizer; `known` is the task after which they are."""
        return known

    def copy_is_due(self, work: Workload, number: int) -> bool | None:
        """Whether an update writes a layer's copy; None if the chip's `execution.copy_every` says so."""
        return None

    def before_copies(self, ctx: Context, label: Label, plan: LayerPlan, steps: Steps) -> Steps:
        """What is done between the writes of a layer and those of its copy, and what these are written with."""
        return steps

    def write_beside(self, ctx: Context, label: Label, plan: LayerPlan, update: int, known: int) -> list[int]:
        """What an update writes beside weights and their copy, after the task `known`; the last writes."""
        return []

    # ---- numbers -------------------------------------------------------------------------------

    def set_for(self, recipe: Recipe) -> Any:
        """The settings that a recipe was made with; the defaults if it names none."""
        return self.Settings() if recipe.settings is None else recipe.settings

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]:
        """Fixed matrices, by name; on a chip they are programmed once, and `Recipe.project` multiplies by them.

        `draw` gives values that come from a device, see :func:`archsim.snn.learn.feedback.make_feedback`.
        """
        return {}

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """The recipe with its fixed matrices where the chip has them; here, programmed on arrays of their own."""
        if not recipe.feedback:
            return recipe
        on_chip.add_feedback(recipe.feedback)
        return replace(recipe, project=on_chip.project)

    def change(self, products: LearningProducts, recipe: Recipe, updates: Mapping[str, Floats], step: int) -> None:
        """Write the optimizer's updates of a step, by key of the weights, and whatever else the rule writes."""
        for key, update in updates.items():
            products.update(key, update)

    @abstractmethod
    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """Gradients of one batch from dL/d(output), (T, B, classes)."""


if TYPE_CHECKING:

    def _has_what_rooms_ask(rule: Rule) -> tuple[LoweredRule, LearnedRule]:
        """Checked by mypy alone."""
        return rule, rule
