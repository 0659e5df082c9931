"""From a mapped workload to a task graph: the entry point of lowering."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from archsim.components import Action, Held, Parts
from archsim.given import refuse, wrong_type
from archsim.lowering.context import Context
from archsim.lowering.counted import ActivityLike
from archsim.lowering.inference import lower_inference
from archsim.lowering.power import cap_power
from archsim.lowering.program import lower_program
from archsim.lowering.stretch import Stretch, Written
from archsim.lowering.training import lower_training
from archsim.mapping import Mapping
from archsim.spec import Chip
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.workload import PROGRAM, Workload


@dataclass(frozen=True)
class Lowered:
    """A task graph, the prices of its actions, and what it writes, in all and update by update."""

    graph: TaskGraph
    actions: dict[str, Action]
    mapping: Mapping
    parts: Parts
    written: Written
    updates: tuple[Written, ...] = ()

    def writes(self) -> dict[str, dict[str, float]]:
        """Written cells, for the provenance of a result: under ``writes``; empty if there are none."""
        if not self.written.cells:
            return {}
        found, errors = asdict(self.written), self.parts.chip.device.errors
        found["pulses_per_cell"] = self.written.pulses / self.written.cells
        if errors.endurance is not None:
            found["endurance_cycles"] = errors.endurance.cycles
        return {"writes": found}


def parts_of(chip: Chip, mapping: Mapping) -> Parts:
    """The parts of a chip that holds a mapped workload."""
    plan = mapping.buffers
    has_copies = any(block.role == "copy" for block in mapping.blocks)
    held = Held(mapping.n_pes, mapping.n_crossbars, plan.needed_bytes, plan.built_bytes, has_copies)
    return Parts(chip, mapping.n_tiles, plan.size_bytes, held)


@dataclass(frozen=True)
class LaidDown:
    """All tasks of a workload's phase in a builder, before they are a graph."""

    ctx: Context

    def digest(self) -> bytes | None:
        """The same for tasks that are equal, see `TaskGraphBuilder.digest`; None where power moves them."""
        return None if self.ctx.chip.power is not None else self.ctx.graph.digest()

    def lowered(self) -> Lowered:
        """Their graph.

        Raises
        ------
        DoesNotFitError
            Leakage alone, or one task alone, exceeds the chip's cap on power.
        """
        ctx, parts = self.ctx, self.ctx.parts
        graph, actions = ctx.graph.build(), ctx.actions
        if ctx.chip.power is not None:
            leakage_uw = math.fsum(item.n * item.leakage_uw for item in parts.items())
            graph, actions = cap_power(graph, actions, ctx.chip.power.max_uw, leakage_uw)
        return Lowered(graph, actions, ctx.mapping, parts, ctx.written, tuple(ctx.updates))


def lower(
    chip: Chip,
    work: Workload,
    mapping: Mapping,
    activity: ActivityLike,
    parts: Parts | None = None,
    tasks: TaskGraphBuilder | None = None,
    seed: int = 0,
    stretch: Stretch | None = None,
) -> Lowered:
    """Lay down every task of a workload's phase.

    Parameters
    ----------
    chip, work : Chip, Workload
    mapping : Mapping
        Says which phase.
    activity : Activity
        Which word lines are active when.
    parts, tasks : Parts, TaskGraphBuilder, optional
        Who answers for the prices, and who takes the tasks down; the chip's own, and a new one, if not given.
    seed : int
        Draws the pulses of cells where the chip says so (`write.draw`).
    stretch : Stretch, optional
        Of a learning rule: which part of a longer run the samples of `work` are; whole batches if not given.

    Returns
    -------
    Lowered

    Raises
    ------
    DoesNotFitError
        Leakage alone, or one task alone, exceeds the chip's cap on power.
    """
    return lay_down(chip, work, mapping, activity, parts, tasks, seed, stretch).lowered()


def lay_down(
    chip: Chip,
    work: Workload,
    mapping: Mapping,
    activity: ActivityLike,
    parts: Parts | None = None,
    tasks: TaskGraphBuilder | None = None,
    seed: int = 0,
    stretch: Stretch | None = None,
) -> LaidDown:
    """As `lower`, but for the columns of the graph."""
    refuse([
        wrong_type("chip", chip, Chip, "archsim.load_chip"),
        wrong_type("work", work, Workload, "archsim.load_workload"),
        wrong_type("mapping", mapping, Mapping, "archsim.mapping.map_workload"),
    ])  # fmt: skip
    parts = parts or parts_of(chip, mapping)
    ctx = Context(chip, work, mapping, parts, activity, tasks or TaskGraphBuilder(), seed=seed)
    ctx.stretch = stretch or ctx.stretch
    if mapping.phase == PROGRAM:
        lower_program(ctx)
    elif mapping.rule is None:
        lower_inference(ctx)
    else:
        lower_training(ctx)
    return LaidDown(ctx)
