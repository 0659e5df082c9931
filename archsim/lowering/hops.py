"""A message on the interconnect: packets, hop by hop, over links and through the input buffers of routers.

Per packet and link::

    credit   takes the space behind the link, where virtual channels have classes
    hop      holds the link for all flits; takes the space behind it, unless the packet leaves the network there
    tail     the last flit has come (where the head has gone on before): gives back the space before the link

Switching is virtual cut-through (Kermani and Kleinrock, Computer Networks 3, 1979): the head goes on after the
router's latency and one flit, but only if the next buffer has room for the whole packet; with `store_and_forward`
it goes on when the tail has come. Buffers without limit take a message as one packet. Finite ones cut it into
packets of at most one buffer.

A message to several tiles takes the tree that their routes make: each link once, and routers fork. A fork keeps
its buffer until the packet's tail has left on every branch. Branches go on independently, and a packet waits in
whole buffers, so that no more waits for each other than on the routes one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from archsim.interconnect import Hop
from archsim.lowering.context import ADMIT, RELEASE, Claim, Context, Label


@dataclass
class _Branch:
    """A link of the tree that a message takes, and whom it reaches there."""

    hop: Hop | None = None
    next: dict[Hop, _Branch] = field(default_factory=dict)
    targets: list[int] = field(default_factory=list)


def carry(
    ctx: Context, label: Label, source: int, targets: Sequence[int], n_bits: int, after: Sequence[int]
) -> dict[int, list[int]]:
    """Carry one message to one or more other tiles; by tile, the tasks after which all of it is there."""
    root = _tree(ctx, source, targets)
    arrived: dict[int, list[int]] = {target: [] for target in targets}
    for n_flits in packets(ctx, n_bits):
        _spread(ctx, label, root, n_flits, after, arrived)
    return arrived


def packets(ctx: Context, n_bits: int) -> list[int]:
    """Flits of each packet of a message; at least one flit."""
    n_flits = max(1, ctx.parts.interconnect.flits(n_bits))
    largest = buffer_flits(ctx)
    if largest is None:
        return [n_flits]
    return [largest] * (n_flits // largest) + ([n_flits % largest] if n_flits % largest else [])


def buffer_flits(ctx: Context) -> int | None:
    """Flits that a router's input holds for packets of one class; None if without limit."""
    noc = ctx.chip.interconnect
    if noc.n_buffer_flits == "unlimited":
        return None
    return noc.n_buffer_flits * (noc.n_virtual_channels // ctx.mapping.interconnect.n_vc_classes)


def _tree(ctx: Context, source: int, targets: Sequence[int]) -> _Branch:
    root = _Branch()
    for target in targets:
        here = root
        for hop in ctx.mapping.interconnect.route(source, target):
            here = here.next.setdefault(hop, _Branch(hop))
        here.targets.append(target)
    return root


def _spread(
    ctx: Context, label: Label, root: _Branch, n_flits: int, after: Sequence[int], arrived: dict[int, list[int]]
) -> None:
    """Lay down one packet, from the source outwards."""
    todo: list[tuple[_Branch, Sequence[int], Claim | None]] = [(root, after, None)]
    while todo:
        here, waits, held = todo.pop(0)
        one_way = len(here.next) == 1
        tails = []
        for branch in here.next.values():
            frees = [held] if held and one_way else []
            asked = bool(held) and not one_way
            head, tail, space = _hop(ctx, label, branch, n_flits, waits, frees, asked)
            tails.append(tail)
            for target in branch.targets:
                arrived[target].append(tail)
            todo.append((branch, [head], space))
        if held and not one_way:
            ctx.add(label, RELEASE, 1, after=tails, frees=[held])


def _hop(
    ctx: Context,
    label: Label,
    branch: _Branch,
    n_flits: int,
    after: Sequence[int],
    frees: Sequence[Claim],
    asked: bool,
) -> tuple[int, int, Claim | None]:
    """One packet over one link: when its head may go on, when its tail is there, and the space that it takes.

    `asked`: whether somebody will wait for the tail, even if it frees nothing.
    """
    assert branch.hop is not None
    router, noc, hop = ctx.parts.interconnect, ctx.chip.interconnect, branch.hop
    space = _space(ctx, hop, n_flits) if branch.next else None
    if space and ctx.mapping.interconnect.n_vc_classes > 1:
        # classes share the link: whoever waits for space of one must not stand in the link's line
        after = [ctx.add(label, ADMIT, 1, after=after, reserves=[space])]
    whole_ps = router.flit_ps(n_flits)
    early = bool(branch.next) and noc.switching == "cut_through" and n_flits > 1
    needs_tail = early and bool(frees or branch.targets or asked)
    length_mm = hop.length * ctx.parts.tile_pitch_mm()
    head = ctx.add(
        label, router.hop(length_mm), n_flits,
        uses=[(ctx.resource(hop.link), 1)],
        reserves=[space] if space and ctx.mapping.interconnect.n_vc_classes == 1 else [],
        occupancy_ps=whole_ps,
        latency_ps=router.router_ps() + router.wire_ps(length_mm) + (router.flit_ps(1) if early else whole_ps),
        after=after, frees=[] if needs_tail else frees,
    )  # fmt: skip
    if not needs_tail:
        return head, head, space
    tail = ctx.add(
        label, ADMIT, 1, latency_ps=router.flit_ps(n_flits - 1), after=[head], frees=frees,
    )  # fmt: skip
    return head, tail, space


def _space(ctx: Context, hop: Hop, n_flits: int) -> Claim | None:
    capacity = buffer_flits(ctx)
    if capacity is None:
        return None
    vc = f"[vc {hop.vc_class}]" if ctx.mapping.interconnect.n_vc_classes > 1 else ""
    return ctx.resource(f"{hop.link}.buffer.space{vc}", capacity), n_flits
