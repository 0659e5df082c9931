"""A message on the interconnect: packets, hop by hop.

Where the chip says what the buffers of its routers hold, packets go through routers with virtual channels
(:mod:`archsim.lowering.routers`). Otherwise, and on a bus, nothing but links contends, and buffers are without
limit::

    hop      holds the link for all flits; the head goes on after the router's latency and one flit
    tail     the last flit has come, at a tile (where the head has gone on before)

With `store_and_forward` the head goes on when the tail has come. Without limit a message is one packet; buffers
cut it into packets of what a virtual channel holds at most.

A message to several tiles takes the tree that their routes make: each link once, and routers fork.
"""

from __future__ import annotations

from collections.abc import Sequence

from archsim.interconnect import Hop
from archsim.lowering.context import ADMIT, Context, Label
from archsim.lowering.routers import Packet, way
from archsim.lowering.tree import Branch, tree


def carry(
    ctx: Context, label: Label, source: int, targets: Sequence[int], n_bits: int, after: Sequence[int]
) -> dict[int, list[int]]:
    """Carry one message to one or more other tiles; by tile, the tasks after which all of it is there."""
    arrived: dict[int, list[int]] = {target: [] for target in targets}
    if has_routers(ctx):
        root = tree({target: way(ctx, source, target) for target in targets})
    else:
        root = tree({target: ctx.mapping.interconnect.route(source, target) for target in targets})
    for n_flits in packets(ctx, n_bits):
        if has_routers(ctx):
            _through_routers(Packet(ctx, label, n_flits), root, after, arrived)
        else:
            _over_links(ctx, label, root, n_flits, after, arrived)
    return arrived


def has_routers(ctx: Context) -> bool:
    """Whether packets go through routers of which the chip says what they hold."""
    is_finite = ctx.chip.interconnect.n_buffer_flits != "unlimited"
    return is_finite and ctx.mapping.interconnect.router_ports(1) > 0


def packets(ctx: Context, n_bits: int) -> list[int]:
    """Flits of each packet of a message; at least one flit."""
    n_flits = max(1, ctx.parts.interconnect.flits(n_bits))
    largest = ctx.chip.interconnect.n_buffer_flits
    if largest == "unlimited":
        return [n_flits]
    return [largest] * (n_flits // largest) + ([n_flits % largest] if n_flits % largest else [])


def _through_routers(packet: Packet, root: Branch, after: Sequence[int], arrived: dict[int, list[int]]) -> None:
    """Lay down one packet, from the source outwards."""
    todo = [(port, packet.enter(port, after)) for port in root.next.values()]
    while todo:
        port, there = todo.pop(0)
        for target in port.targets:
            arrived[target].append(there[-1])
        if port.next:
            todo += packet.through(port, there)


def _over_links(
    ctx: Context, label: Label, root: Branch, n_flits: int, after: Sequence[int], arrived: dict[int, list[int]]
) -> None:
    """Lay down one packet, from the source outwards."""
    todo: list[tuple[Branch, Sequence[int]]] = [(root, after)]
    while todo:
        here, waits = todo.pop(0)
        for hop, branch in here.next.items():
            goes_on, ends = bool(branch.next), bool(branch.targets)
            head, tail = _hop(ctx, label, hop, n_flits, waits, (goes_on, ends))
            for target in branch.targets:
                arrived[target].append(tail)
            todo.append((branch, [head]))


def _hop(
    ctx: Context, label: Label, hop: Hop, n_flits: int, after: Sequence[int], goes: tuple[bool, bool]
) -> tuple[int, int]:
    """One packet over one link: when its head may go on, and when its tail is there.

    `goes`: whether it goes on from there, and whether a tile there waits for its tail.
    """
    router, (goes_on, ends) = ctx.parts.interconnect, goes
    length_mm = hop.length * ctx.parts.tile_pitch_mm()
    whole_ps = router.flit_ps(n_flits)
    early = goes_on and n_flits > 1 and ctx.chip.interconnect.switching == "cut_through"
    head = ctx.add(
        label, router.hop(length_mm), n_flits, uses=[(ctx.resource(hop.link), 1)], occupancy_ps=whole_ps,
        latency_ps=router.router_ps() + router.wire_ps(length_mm) + (router.flit_ps(1) if early else whole_ps),
        after=after,
    )  # fmt: skip
    if not (early and ends):
        return head, head
    return head, ctx.add(label, ADMIT, 1, latency_ps=router.flit_ps(n_flits - 1), after=[head])
