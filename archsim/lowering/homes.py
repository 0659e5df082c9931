"""Neurons at their home and what they send: the tasks of one step, see :mod:`archsim.lowering.forward`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archsim.lowering.context import ADMIT, RELEASE, Context, Label
from archsim.lowering.rooms import history_room, homes_read, input_room, message_bytes
from archsim.lowering.transport import emit, send_all, travel
from archsim.mapping import IO, Home, LayerPlan, stored_for
from archsim.taskgraph import opening


class AtHome(NamedTuple):
    """Tasks of one step at one home that others ask for.

    `updated`, `kept`: of a layer with neurons; `arrived`: for each layer and tile that reads the step, the task
    after which it has it.
    """

    updated: int | None
    kept: int | None
    stored: int
    released: int
    arrived: list[tuple[str, int, int]]


@dataclass(frozen=True)
class Sent:
    """Message of a home in a step.

    Parameters
    ----------
    on_link : int
        Bits on the links.
    consumers : sequence of str
        Layers that read the step.
    in_order : bool
        Whether the step may end only when the one before has.
    """

    on_link: int
    consumers: Sequence[str]
    in_order: bool


def lay_down_home(
    ctx: Context, label: Label, plan: LayerPlan, home: Home, step: int, sent: Sent, *, keeps: bool
) -> AtHome:
    """Update, keep, emit, tell. Ports: all that the sums are made of; what the step may not end before."""
    name, n_vectors = plan.layer.name, ctx.n_vectors(plan.layer.name, step)
    ready, updated, kept = opening(0), None, None
    if plan.layer.neuron is not None:
        if keeps:
            ready = admitted_to_history(ctx, label, plan, home.tile, step, "potentials", ready)
        unit = ctx.parts.at(home.tile).neuron_unit
        update = unit.update(home.n_channels * n_vectors, plan.layer.neuron.n_states)
        ready = updated = kept = ctx.do(label, home.tile, update, [ready])
        if keeps:
            kept = keep(ctx, label, plan, home.tile, step, "potentials", ready)
    size = message_bytes(ctx, name, home, step)
    share = ctx.mapping.buffers.share_bytes["output_buffer", home.tile, name]
    out = (ctx.resource(f"tile[{home.tile}].output_buffer.space[{name}]", share), size)
    admitted = ctx.add(label, ADMIT, 1, after=[ready], reserves=[out])
    stored, emitted = emit(ctx, label, home.tile, size * 8, [admitted])
    messages, arrived = _tell(ctx, label, home, sent, emitted, size)
    if plan.layer is ctx.network.layers[-1]:
        left = travel(ctx, label, home.tile, IO, sent.on_link, [emitted])
        bits = home.n_channels * n_vectors * ctx.bits[name]
        messages.append(ctx.do(label, IO, ctx.parts.global_buffer.access("store_global", bits), [left]))
    waits = [*(messages or [emitted]), *([opening(1)] if sent.in_order else [])]
    released = ctx.add(label, RELEASE, 1, after=waits, frees=[out])
    return AtHome(updated, kept, stored, released, arrived)


def _tell(
    ctx: Context, label: Label, home: Home, sent: Sent, emitted: int, size: int
) -> tuple[list[int], list[tuple[str, int, int]]]:
    """Send what a home has stored to all that read it: once to where layers on a tile share it.

    Returns all messages, and each by layer and tile that reads it.
    """
    name, plans = label.layer, ctx.mapping.plans
    placed: dict[tuple[int, str], int] = {}  # by tile and the layer that it stores the message for
    arrived: list[tuple[str, int, int]] = []
    for consumer in sent.consumers:
        other = plans[consumer]
        places = {
            tile: (tile, stored_for(plans, other, tile, name, home, ctx.network))
            for tile in other.tiles
            if home in homes_read(ctx, other, tile, name)
        }
        new = [tile for tile, place in places.items() if place not in placed]
        rooms = {tile: input_room(ctx, other, tile, name, home, size) for tile in new}
        for tile, task in send_all(ctx, label, home.tile, sent.on_link, rooms, [emitted]).items():
            placed[places[tile]] = task
        arrived += [(consumer, tile, placed[place]) for tile, place in places.items()]
    return list(placed.values()), arrived


def admitted_to_history(
    ctx: Context, label: Label, plan: LayerPlan, tile: int, step: int, what: str, after: int
) -> int:
    """Wait for space in the history buffer before there is something to keep."""
    room, _ = history_room(ctx, plan, tile, step, what)
    return ctx.add(label, ADMIT, 1, after=[after], reserves=[room.claim])


def keep(ctx: Context, label: Label, plan: LayerPlan, tile: int, step: int, what: str, after: int) -> int:
    """Keep inputs or potentials for the backward pass."""
    _, bits = history_room(ctx, plan, tile, step, what)
    return ctx.do(label, tile, ctx.parts.at(tile).history_buffer.access("keep", bits), [after])
