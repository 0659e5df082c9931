"""Limits of a replay: numbers that decide how tasks are laid down, which it cannot know."""

from __future__ import annotations

from collections.abc import Sequence

from archsim.components import part_kinds
from archsim.components.memory import Memory
from archsim.whatif.changes import Change, Names

_WIDER = "a second one works beside it; the length of each task follows from"
UNSEEN = {
    "adc": "each task lasts as the ADCs of the chip make it, and without sample_hold the array is read again for "
    "each column that shares one: adc.columns_per_adc",
    "crossbar": "blocks stay where they are; more arrays for a layer: mapping.replicas",
    "shift_add": f"{_WIDER} shift_add.lanes",
    "accumulator": f"{_WIDER} tile.accumulator.lanes",
    "neuron_unit": f"{_WIDER} tile.neuron_unit.lanes",
    "gradient_unit": f"{_WIDER} tile.gradient_unit.lanes",
    "bus": f"{_WIDER} tile.bus.width",
    "link": f"{_WIDER} interconnect.width",
    "turn": "steps wait for each other as they were laid down: tile.input_sets",
    **{
        kind: f"{_WIDER} {'.'.join(part.path)}.width"
        for kind, part in part_kinds().items()
        if issubclass(part, Memory)
    },
}
"""By kind of resource whose number a design has another way than by more of the same: why, and the chip's key."""


def not_seen(changes: Sequence[Change], names: Names) -> dict[str, str]:
    """By kind of resource: what changes of capacity do on the chip, but not in the graph.

    Parameters
    ----------
    changes : sequence of Change
    names : Names

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> r = b.resource("tile[0].bus")
    >>> not_seen([Change.parse("capacity", "bus=2")], Names(b.build()))
    {'bus': 'a second one works beside it; the length of each task follows from tile.bus.width'}
    >>> not_seen([Change.parse("speedup", "bus=2")], Names(b.build()))
    {}
    """
    patterns = [change.pattern for change in changes if change.kind == "capacity"]
    meant = {names.kinds[r].removesuffix(".transposed") for pattern in patterns for r in names.resources(pattern)}
    kinds = {kind.split("[")[0] for kind in meant}
    return {kind: UNSEEN[kind] for kind in UNSEEN if kind in kinds}
