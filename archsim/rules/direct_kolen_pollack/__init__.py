"""Direct Kolen-Pollack: direct feedback through matrices that learn (Webster, Choi, Ahn 2020, OpenReview)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from archsim.names import FEEDBACK
from archsim.registry import RULES
from archsim.rules.dfa import DFA
from archsim.rules.direct_kolen_pollack.memory import InMemory
from archsim.rules.settings import DirectKolenPollackSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.lowering.context import Context, Label
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients as Waits
    from archsim.mapping import Block, Home, LayerPlan
    from archsim.mapping.blocks import Span
    from archsim.snn.learn.chip import ChipProducts
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import LearningProducts, Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.spec import Chip
    from archsim.workload import Network, Workload
    from archsim.workload.network import Floats


@RULES.register
class DirectKolenPollack(DFA):
    """As DFA, but each matrix B_l gets the outer product of its layer's outputs and the error that it is sent.

    With s_l the outputs of layer l, e the error as it is sent, opt what the optimizer makes of a gradient, d the
    decay::

        B_l <- B_l + opt(sum over t of s_l[t] (x) e[t]) - d B_l,    W <- W + opt(dW) - d W

    with every `every`-th update (https://openreview.net/forum?id=zgGmAx9ZcY). Below the output that is the
    gradient of the output's weights, transposed, so there B - W^T shrinks by 1 - d each time, as with Kolen and
    Pollack (1994) layer by layer; further down B comes to stand for all that lies between. Nothing is carried from
    one array to another.
    """

    kind = "direct_kolen_pollack"
    title = "DKP"
    colour = 2
    hatch = "oo"
    runs_unasked = False
    writes_feedback = True
    Settings: ClassVar[type[FileModel]] = DirectKolenPollackSettings

    def errors(self, chip: Chip, work: Workload) -> list[str]:
        """As DFA; a matrix that changes is stored, whole, and needs its layer's outputs."""
        found = [f"learning.rules.{self.kind}{said}" for said in self._own_errors(work)]
        return found or super().errors(chip, work)

    def _own_errors(self, work: Workload) -> list[str]:
        given, found = self.settings(work), list[str]()
        if not given.place.can_change:
            found.append(".place: what is drawn anew for each error cannot learn; leave it out, or take kind sram")
        if given.rank is not None:
            found.append(".rank: an update of a matrix has no rank that stays; leave it out")
        if given.shared:
            found.append(".shared: each neuron's outputs change its own values; leave it out")
        if given.time_form == "traces":
            found.append(".time_form: outputs meet the error as it is sent, without traces; leave it out")
        if given.feedback.own_time_path:
            found.append(f".feedback: kind {given.feedback.kind} is one matrix for all layers; take another kind")
        silent = [layer.name for layer in work.network.weighted[:-1] if layer.neuron is None]
        if silent:
            said = f": nobody keeps the outputs of {', '.join(silent)}, which has no neurons"
            found.append(f"{said}; give it a neuron, or take dfa")
        return found

    # ---- arrays and buffers --------------------------------------------------------------------

    def reading_tiles(self, work: Workload, plan: LayerPlan) -> list[int]:
        """Beside the arrays the homes, where the matrix gets its gradients."""
        found = super().reading_tiles(work, plan)
        return sorted({*found, *(home.tile for home in plan.homes)}) if found else []

    def matrix_blocks(self, work: Workload, plan: LayerPlan) -> list[Block]:
        """The matrix (outputs, neurons), cut as on its arrays, at the homes of its neurons, with its gradients."""
        from archsim.mapping import Block, neurons_of

        if plan.layer.name == work.network.layers[-1].name:
            return []
        if self.settings(work).place.has_arrays:
            return [replace(block, tile=self.home_of(work, plan, block).tile) for block in plan.feedback]
        rows = 0, work.network.layers[-1].n_neurons
        return [
            Block(plan.layer.name, "feedback", 0, rows, neurons_of(plan.layer, span), home.tile)
            for home in plan.homes
            for span in joined(home.channels)
        ]

    def home_of(self, work: Workload, plan: LayerPlan, block: Block) -> Home:
        """The home of the neurons of an array."""
        from archsim.mapping import neurons_of

        first = block.columns[0]
        spans = [(home, neurons_of(plan.layer, span)) for home in plan.homes for span in home.channels]
        return next(home for home, (low, high) in spans if low <= first < high)

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]:
        """The matrix where it is in a memory; its gradients, of two batches where the next one does not wait."""
        from archsim.mapping import needs_of

        found, buffer = super().kept_bits(chip, work, plan), chip.tile.gradients
        n_kept = (2 if work.schedule == "three_level" else 1) + needs_of(work, self).n_states
        for block in self.matrix_blocks(work, plan):
            n_words = -(-block.n_columns * buffer.gradient_bits // buffer.width_bits)
            found[block.tile] = found.get(block.tile, 0) + n_kept * block.n_rows * n_words * buffer.width_bits
        return found

    # ---- tasks ---------------------------------------------------------------------------------

    def lay_down(self, ctx: Context, forward: Forward, gradients: Waits) -> None:
        """See :mod:`archsim.rules.direct_kolen_pollack.tasks`."""
        from archsim.rules.direct_kolen_pollack.tasks import LearnedFeedback

        LearnedFeedback(ctx, forward, self.error_stage, gradients).run()

    def decays(self, work: Workload, number: int) -> bool:
        """Whether an update (they are numbered) takes the decay off."""
        given = self.settings(work)
        return given.decay_frac > 0 and (number + 1) % int(given.n_every) == 0

    def reads_rows(self, work: Workload, plan: LayerPlan, number: int) -> bool:
        """Whoever decays has its rows read before they are written."""
        return self.decays(work, number)

    def before_steps(self, ctx: Context, label: Label, plan: LayerPlan, number: int, known: int) -> int:
        """The decay of each weight."""
        from archsim.rules.direct_kolen_pollack.tasks import decayed

        blocks = [block for block in plan.forward if block.replica == 0]
        return decayed(ctx, label, blocks, known) if self.decays(ctx.work, number) else known

    def write_beside(self, ctx: Context, label: Label, plan: LayerPlan, update: int, known: int) -> list[int]:
        """The matrix."""
        from archsim.rules.direct_kolen_pollack.tasks import write_matrix

        return write_matrix(ctx, label, plan, update, known)

    # ---- numbers -------------------------------------------------------------------------------

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe:
        """On arrays that are written, or in a memory."""
        place = self.set_for(recipe).place
        if place.has_arrays:
            on_chip.add_feedback(recipe.feedback, learns=True)
            return replace(recipe, project=on_chip.project)
        return replace(recipe, project=InMemory.of(place, recipe.feedback, on_chip))

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients:
        """Of DFA, and of each matrix by its layer's name with `archsim.names.FEEDBACK` behind it."""
        sent: dict[str, Floats] = {}
        product = recipe.project or (lambda name, errors: np.asarray(errors @ recipe.feedback[name].T))

        def project(name: str, errors: Floats) -> Floats:
            found = product(name, errors)
            sent[name] = errors if tape.as_sent is None else tape.as_sent(name + FEEDBACK, errors)
            return found

        found = super().gradients(network, tape, error, products, replace(recipe, project=project))
        for name, errors in sent.items():
            found.weights[name + FEEDBACK] = met(tape.outputs[name], errors)
        return found

    def change(self, products: LearningProducts, recipe: Recipe, updates: Mapping[str, Floats], step: int) -> None:
        """Weights and matrices by their own updates, and the decay of both."""
        given = self.set_for(recipe)
        lost = given.decay_frac if (step + 1) % given.n_every == 0 else 0.0
        for key, update in updates.items():
            matrix = recipe.feedback.get(key.removesuffix(FEEDBACK)) if key.endswith(FEEDBACK) else None
            if matrix is None:
                products.update(key, update - lost * products.asked(key) if lost else update)
            elif recipe.project is None:
                matrix[...] += update - lost * matrix
            elif isinstance(recipe.project, InMemory):
                recipe.project.add(key.removesuffix(FEEDBACK), update - lost * matrix, products.keeps_rest)
            else:
                products.update(key, update - lost * products.asked(key))
                matrix[...] = products.asked(key)


def joined(spans: Sequence[Span]) -> list[Span]:
    """The same with those that follow each other as one.

    Examples
    --------
    >>> joined([(0, 4), (4, 8), (12, 16)])
    [(0, 8), (12, 16)]
    """
    starts, stops = ({span[end] for span in spans} for end in (0, 1))
    return list(zip(sorted(starts - stops), sorted(stops - starts), strict=True))


def met(outputs: Floats, errors: Floats) -> Floats:
    """(neurons, classes): outputs (T, B, ...) of a layer times errors (T * B or B, classes), summed up.

    Examples
    --------
    >>> met(np.array([[[1.0, 0.0]], [[1.0, 1.0]]]), np.array([[2.0], [3.0]])).tolist()
    [[5.0], [3.0]]
    >>> met(np.array([[[1.0, 0.0]], [[1.0, 1.0]]]), np.array([[2.0]])).tolist()  # one error for both timesteps
    [[4.0], [2.0]]
    """
    flat = outputs.reshape(*outputs.shape[:2], -1)
    each = flat.sum(axis=0) if len(errors) == flat.shape[1] else flat.reshape(len(errors), -1)
    return np.asarray(each.T @ errors, dtype=np.float64)
