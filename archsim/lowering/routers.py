"""A packet through routers with virtual channels: the model that follows a cycle-accurate simulator.

From the tile over the port of its router, then for each router on the way::

    front        takes a virtual channel of the input port when it comes to its front; its output is known by then
    allocate     a virtual channel of the output port, and space in the buffer behind it (credits): one cycle
    grant        the output port picks the packet that waits longest
    hop          the input port sends it through the crossbar onto the link, one flit a cycle
    tail         the last flit has left (where the head has gone on before)
    link         the way through the crossbar and over the link, the rest of the router's latency

That is `arbitration: packet`, which keeps a link for a packet once it has begun. With `flit` each flit asks for
the output anew, so that packets in different virtual channels take turns on a link (wormhole's switch allocation,
Dally and Towles, Principles and Practices of Interconnection Networks, 2004, chapter 16): grant, hop and link are
then tasks of each flit, behind the flit before it, and each takes and gives back its own place in the buffers.

The hop gives back the place in the input buffer: flits come no faster than they leave. It, or its tail, gives
back both channels and the grant. A granted output stays idle until the input port accepts, because other outputs
may have granted to the same port: the cost of a separable allocator. Space is held before an output is asked for,
so nobody blocks a port while waiting for a credit, and what waits for what is the graph of
`Interconnect.channel_dependencies`.

Switching is virtual cut-through (Kermani and Kleinrock, Computer Networks 3, 1979): the head goes on while the
tail still comes, but only if the next buffer has room for the whole packet; with `store_and_forward` it goes on
when the tail has come. At a fork of a multicast the packet keeps its channel and its place until it has left on
every branch; branches go on independently, and the input port serves them one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archsim.components import Action
from archsim.interconnect import IO, Hop
from archsim.lowering.context import ADMIT, RELEASE, Claim, Context, Label
from archsim.lowering.tree import Branch


class _Sent(NamedTuple):
    """When what goes on of a packet may: its head or whole, or each flit; and when its tail has left."""

    flits: list[int]
    tail: int


def way(ctx: Context, source: int, target: int) -> list[Hop]:
    """Ports and links that a message takes, from where it enters the first router to where it leaves the last."""
    wires = ctx.mapping.interconnect
    hops = list(wires.route(source, target))
    if wires.tiles_have_routers and source != IO:
        hops.insert(0, Hop(f"tile[{source}].router.inject", 0.0))
    if wires.tiles_have_routers and target != IO:
        hops.append(Hop(f"tile[{target}].router.eject", 0.0))
    return hops


@dataclass(frozen=True)
class Packet:
    """One packet of a message on its way.

    Parameters
    ----------
    ctx, label
        What it is laid down in, and for whom.
    n_flits : int
        Not more than a virtual channel holds.
    """

    ctx: Context
    label: Label
    n_flits: int

    def enter(self, port: Branch, after: Sequence[int]) -> list[int]:
        """From its source to the first router: when its head, or each flit, is there; at the end its tail."""
        assert port.hop is not None
        ctx, noc = self.ctx, self.ctx.parts.interconnect
        length_mm = port.hop.length * ctx.parts.tile_pitch_mm()
        whole_ps = noc.flit_ps(self.n_flits)
        arrives_ps = noc.flit_ps(1) if self._early and port.next else whole_ps
        head = ctx.add(
            self.label, noc.entry(length_mm) if port.hop.length else noc.route(), self.n_flits,
            uses=[(ctx.resource(port.hop.link), 1)], reserves=[self._space(port.hop)] if port.next else [],
            occupancy_ps=whole_ps, latency_ps=arrives_ps + noc.wire_ps(length_mm), after=after,
        )  # fmt: skip
        if not (self._by_flit and port.next):
            return [head]
        rest = range(1, self.n_flits)
        return [head, *(ctx.add(self.label, ADMIT, 1, latency_ps=noc.flit_ps(n), after=[head]) for n in rest)]

    def through(self, entered: Branch, came_in: list[int]) -> list[tuple[Branch, list[int]]]:
        """Through the router behind a port: by port where it leaves, when its head, or each flit, is behind that.

        Of ports where the way ends: when its tail is there.
        """
        assert entered.hop is not None
        ctx, came = self.ctx, entered.hop
        space, front = self._space(came), self._channel(came, "front")
        held = [space, front]
        first = ctx.add(self.label, ADMIT, 1, reserves=[front], after=came_in[:1])
        forks = len(entered.next) > 1
        found, tails = [], []
        for branch in entered.next.values():
            gives = [] if forks else held
            if self._by_flit:
                sent = self._flits(came, branch, [first, *came_in[1:]], gives)
            else:
                sent = self._hop(came, branch, first, gives)
            found.append((branch, self._link(branch, sent)))
            tails.append(sent.tail)
        if forks:
            ctx.add(self.label, RELEASE, 1, after=tails, frees=held)
        return found

    def _hop(self, came: Hop, branch: Branch, first: int, held: Sequence[Claim]) -> _Sent:
        """Allocation, grant and the crossbar, to one port; what is held is given back behind it."""
        assert branch.hop is not None
        ctx, noc, label, goes = self.ctx, self.ctx.parts.interconnect, self.label, branch.hop
        channel, granted = self._channel(goes, "channel"), (ctx.resource(f"{goes.link}.grant"), 1)
        asked = self._ask(branch, first)
        picked = ctx.add(label, ADMIT, 1, reserves=[granted], after=[asked])
        whole_ps, last = noc.flit_ps(self.n_flits), [channel, granted, *held[1:]]
        head = ctx.add(
            label, self._price(goes), self.n_flits,
            uses=[(ctx.resource(goes.link), 1), (ctx.resource(f"{came.link}.buffer.port"), 1)],
            occupancy_ps=whole_ps, latency_ps=noc.flit_ps(1) if self._early else whole_ps,
            after=[picked], frees=[*held[:1], *([] if self._early else last)],
        )  # fmt: skip
        if not self._early:
            return _Sent([head], head)
        rest_ps = noc.flit_ps(self.n_flits - 1)
        return _Sent([head], ctx.add(label, ADMIT, 1, latency_ps=rest_ps, after=[head], frees=last))

    def _ask(self, branch: Branch, first: int) -> int:
        """A virtual channel of a port, and space behind it for the whole packet; that of flits they ask for."""
        assert branch.hop is not None
        noc, held = self.ctx.parts.interconnect, [self._channel(branch.hop, "channel")]
        held += [self._space(branch.hop)] if branch.next and not self._by_flit else []
        return self.ctx.add(self.label, noc.route(), 1, latency_ps=noc.allocate_ps(), reserves=held, after=[first])

    def _flits(self, came: Hop, branch: Branch, arrived: list[int], held: Sequence[Claim]) -> _Sent:
        """Allocation once, then space, grant and crossbar for each flit behind the one before it."""
        assert branch.hop is not None
        ctx, noc, label, goes = self.ctx, self.ctx.parts.interconnect, self.label, branch.hop
        granted, flit_ps = (ctx.resource(f"{goes.link}.grant"), 1), noc.flit_ps(1)
        uses = [(ctx.resource(goes.link), 1), (ctx.resource(f"{came.link}.buffer.port"), 1)]
        places = [(space, 1) for space, _ in held[:1]]
        credit = [(self._space(goes)[0], 1)] if branch.next else []
        hops = [self._ask(branch, arrived[0])]
        for number, there in enumerate(arrived):
            waits = hops[-1:] if number == 0 else [there, hops[-1]]
            # space is held before the output is asked for, so that nobody blocks it
            fits = [ctx.add(label, ADMIT, 1, reserves=credit, after=waits)] if credit else waits
            picked = ctx.add(label, ADMIT, 1, reserves=[granted], after=fits)
            last = [self._channel(goes, "channel"), *held[1:]] if number == self.n_flits - 1 else []
            hops.append(
                ctx.add(
                    label, self._price(goes), 1, uses=uses, occupancy_ps=flit_ps, latency_ps=flit_ps,
                    after=[picked], frees=[*places, granted, *last],
                )
            )  # fmt: skip
        return _Sent(hops[1:], hops[-1])

    def _link(self, branch: Branch, sent: _Sent) -> list[int]:
        """Over the link; out of the last router another cycle, in which the tile takes the tail."""
        assert branch.hop is not None
        ctx, noc = self.ctx, self.ctx.parts.interconnect
        link_ps = noc.link_ps(branch.hop.length * ctx.parts.tile_pitch_mm())
        if branch.next:
            return [ctx.add(self.label, noc.route(), 1, latency_ps=link_ps, after=[flit]) for flit in sent.flits]
        last_ps = link_ps + noc.flit_ps(1)
        return [ctx.add(self.label, noc.route(), 1, latency_ps=last_ps, after=[sent.tail])]

    def _price(self, goes: Hop) -> Action:
        noc = self.ctx.parts.interconnect
        return noc.hop(goes.length * self.ctx.parts.tile_pitch_mm()) if goes.length else noc.exit()

    @property
    def _early(self) -> bool:
        """Whether the head goes on before the tail."""
        return self.n_flits > 1 and self.ctx.chip.interconnect.switching == "cut_through"

    @property
    def _by_flit(self) -> bool:
        """Whether packets take turns on a link flit by flit."""
        return self._early and self.ctx.chip.interconnect.arbitration == "flit"

    def _share(self, hop: Hop) -> int:
        """Virtual channels of a class."""
        n_classes = self.ctx.mapping.interconnect.n_vc_classes
        return (self.ctx.chip.interconnect.n_virtual_channels + n_classes - 1 - hop.vc_class) // n_classes

    def _name(self, hop: Hop, what: str) -> str:
        has_classes = self.ctx.mapping.interconnect.n_vc_classes > 1
        return f"{hop.link}.{what}" + (f"[vc {hop.vc_class}]" if has_classes else "")

    def _channel(self, hop: Hop, what: str) -> Claim:
        return self.ctx.resource(self._name(hop, what), self._share(hop)), 1

    def _space(self, hop: Hop) -> Claim:
        n_flits = self.ctx.chip.interconnect.n_buffer_flits
        assert n_flits != "unlimited"
        return self.ctx.resource(self._name(hop, "buffer.space"), self._share(hop) * n_flits), self.n_flits
