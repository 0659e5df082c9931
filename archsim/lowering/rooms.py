"""Space in buffers: for messages at their receivers, and for what is kept until the backward pass."""

from __future__ import annotations

from archsim.lowering.context import Context
from archsim.lowering.transport import Room, shared_room
from archsim.mapping import IO, Home, LayerPlan, n_bytes, needed_from, sources_of, stored_for


def message_bytes(ctx: Context, name: str, home: Home, step: int) -> int:
    """Bytes of what a home sends in one step."""
    return n_bytes(home.n_channels * ctx.n_vectors(name, step), ctx.bits[name])


def input_room(ctx: Context, plan: LayerPlan, tile: int, source: str, home: Home | None, size: int) -> Room:
    """Space for messages from one home of a source; each home has its own, so that none waits for another."""
    key = ("input room", plan.layer.name, tile, source, IO if home is None else home.tile)
    if key not in ctx.known:
        ctx.known[key] = _input_room(ctx, plan, tile, source, home, size).resource
    return Room(ctx.known[key], size)


def _input_room(ctx: Context, plan: LayerPlan, tile: int, source: str, home: Home | None, size: int) -> Room:
    if home is None:
        return shared_room(ctx, tile, f"{source} to {plan.layer.name}", IO, {IO: size}, size)
    plans, network = ctx.mapping.plans, ctx.network
    owner = stored_for(plans, plan, tile, source, home, network)
    reading = plans[owner]
    burst = min(ctx.flow.n_positions(source), ctx.work.n_positions_per_burst)
    sizes = {
        h.tile: n_bytes(h.n_channels * burst, ctx.bits[source])
        for h in homes_read(ctx, reading, tile, source)
        if stored_for(plans, reading, tile, source, h, network) == owner
    }
    return shared_room(ctx, tile, f"{source} to {owner}", home.tile, sizes, size)


def homes_read(ctx: Context, plan: LayerPlan, tile: int, source: str) -> tuple[Home, ...]:
    """The homes of a source that a layer's blocks on a tile read from."""
    key = ("homes read", plan.layer.name, tile, source)
    if key not in ctx.known:
        homes = ctx.plan(source).homes
        ctx.known[key] = tuple(home for home in homes if needed_from(plan, tile, source, home, ctx.network))
    found: tuple[Home, ...] = ctx.known[key]
    return found


def history_room(ctx: Context, plan: LayerPlan, tile: int, step: int, what: str) -> tuple[Room, int]:
    """Space and bits of one step's inputs or potentials in a tile's history buffer."""
    name = plan.layer.name
    n_vectors = ctx.n_vectors(name, step)
    if what == "inputs":
        rows = {b.rows for b in plan.forward if b.tile == tile and b.replica == 0}
        n_values = sum(high - low for low, high in rows) * n_vectors
        bits = max(ctx.bits[source] for source in sources_of(plan.layer))
    else:
        home = next(h for h in plan.homes if h.tile == tile)
        n_values = home.n_channels * n_vectors
        bits = ctx.chip.tile.membrane_buffer.potential_bits
    share = ctx.mapping.buffers.share_bytes["history_buffer", tile, f"{what} of {name}"]
    resource = ctx.resource(f"tile[{tile}].history_buffer.space[{what} of {name}]", share)
    return Room(resource, n_bytes(n_values, bits)), n_values * bits
