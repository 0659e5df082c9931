"""Who reads what a layer sends in a forward pass, where it lies there, and when its space is free again."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from archsim.lowering.context import RELEASE, Claim, Context, Label
from archsim.lowering.rooms import homes_read, input_room, message_bytes
from archsim.lowering.transport import Room
from archsim.mapping import Home, LayerPlan, n_bytes, sources_of, stored_for
from archsim.workload import INPUT


@dataclass
class Readers:
    """Readers of the steps of one sample, and the space that these take.

    Parameters
    ----------
    ctx : Context
    sample : int
    stage : str
        Label of the tasks.
    """

    ctx: Context
    sample: int
    stage: str
    _readers: dict[tuple[str, int, int, int], list[int]] = field(default_factory=dict, init=False)
    """By source, step, tile and home: who has read."""

    def label(self, layer: str, step: int) -> Label:
        """The label of a step's tasks."""
        return Label(self.stage, layer, self.ctx.flow.timestep(layer, step), self.sample)

    def last_users(self, layer: str, source: str) -> dict[int, int]:
        """For each step of a source: the last step of the layer that reads it."""
        return self.ctx.flow.last_users(self.ctx.network.layer(layer), source)

    def is_recurrent(self, source: str) -> bool:
        """Whether a layer, or the input, reads its own output."""
        return source != INPUT and self.ctx.network.layer(source).recurrent

    def consumers_of(self, name: str, step: int) -> tuple[str, ...]:
        """Layers that read a step of a layer."""
        return tuple(other for other in self._consumers(name) if step in self.last_users(other, name))

    def _consumers(self, name: str) -> list[str]:
        network = self.ctx.network
        own = [name] if network.layer(name).recurrent else []
        return own + [layer.name for layer in network.consumers(name)]

    def leaving(self, plan: LayerPlan, tile: int, source: str, step: int) -> list[Claim]:
        """Space of the inputs that no later step of the layer reads."""
        claims: dict[int, int] = {}
        for s in self.read_for_good(plan, source, step):
            for room in self._rooms(plan, tile, source, s):
                claims[room.resource] = claims.get(room.resource, 0) + room.n_bytes
        return list(claims.items())

    def read_for_good(self, plan: LayerPlan, source: str, step: int) -> list[int]:
        """Steps of a source that this step of a layer is the last to read."""
        users = self.last_users(plan.layer.name, source)
        return [s for s in self.ctx.flow.needs(plan.layer, step, source) if users[s] == step]

    def _rooms(self, plan: LayerPlan, tile: int, source: str, step: int) -> list[Room]:
        """Where the messages of a source's step lie in a tile's input buffer, those that no other layer reads."""
        ctx = self.ctx
        if source == INPUT:
            n_values = ctx.network.input_shape[0] * ctx.flow.n_positions(INPUT)
            return [input_room(ctx, plan, tile, source, None, n_bytes(n_values, ctx.bits[INPUT]))]
        return [
            input_room(ctx, plan, tile, source, home, message_bytes(ctx, source, home, step))
            for home in homes_read(ctx, plan, tile, source)
            if len(self._sharers(plan, tile, source, home, step)) == 1
        ]

    def _sharers(self, plan: LayerPlan, tile: int, source: str, home: Home, step: int) -> list[str]:
        """Layers on a tile that read a step of a home of a source where `plan` reads it, itself among them."""
        plans, network = self.ctx.mapping.plans, self.ctx.network
        if source == INPUT or not network.layer(source).recurrent:
            return [plan.layer.name]
        owner = stored_for(plans, plan, tile, source, home, network)
        return [
            name
            for name in self._consumers(source)
            if tile in plans[name].tiles
            and step in self.last_users(name, source)
            and home in homes_read(self.ctx, plans[name], tile, source)
            and stored_for(plans, plans[name], tile, source, home, network) == owner
        ]

    def leave_shared(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> None:
        """Give back the space of spikes that several layers on a tile read, once the last of them has."""
        ctx, label = self.ctx, self.label(plan.layer.name, step)
        for source in sources_of(plan.layer):
            if source == INPUT or not ctx.network.layer(source).recurrent:
                continue
            homes = homes_read(ctx, plan, tile, source)
            for s, home in product(self.read_for_good(plan, source, step), homes):
                sharers = self._sharers(plan, tile, source, home, s)
                read = self._readers.setdefault((source, s, tile, home.tile), [])
                read.append(fetched)
                if len(read) == len(sharers) > 1:
                    size = message_bytes(ctx, source, home, s)
                    room = input_room(ctx, plan, tile, source, home, size)
                    ctx.add(label, RELEASE, 1, after=read, frees=[room.claim])
