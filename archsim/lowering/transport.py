"""Messages between tiles: admission to the receiver's buffer, hop by hop over the links, into the buffer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archsim.lowering.context import ADMIT, Claim, Context, Label
from archsim.lowering.hops import carry


@dataclass(frozen=True)
class Room:
    """Buffer space at the receiver: a resource of bytes, and how many the message takes."""

    resource: int
    n_bytes: int

    @property
    def claim(self) -> Claim:
        """Resource and units."""
        return self.resource, self.n_bytes


def shared_room(
    ctx: Context, tile: int, user: str, sender: int, step_bytes: Mapping[int, int], n_bytes: int
) -> Room:
    """Space for the messages of one sender in a user's share of a tile's input buffer.

    Each sender has its own part of the share, as many whole steps as fit, so that none waits for another.
    `step_bytes` has the bytes of a whole step by sender.
    """
    share = ctx.mapping.buffers.share_bytes["input_buffer", tile, user]
    capacity = share // sum(step_bytes.values()) * step_bytes[sender]
    name = f"tile[{tile}].input_buffer.space[{user}]" + ("" if sender < 0 else f"@tile[{sender}]")
    return Room(ctx.resource(name, capacity), n_bytes)


def travel(
    ctx: Context, label: Label, source: int, target: int, n_bits: int, after: Iterable[int | None]
) -> int | None:
    """Carry bits from tile to tile; returns the one task to wait for, if there is any."""
    waits = [task for task in after if task is not None]
    if source == target:
        return _joined(ctx, label, waits)
    return _joined(ctx, label, carry(ctx, label, source, [target], n_bits, waits)[target])


def empty_token(ctx: Context, label: Label, source: int, target: int, known: int) -> int:
    """Tell another tile that nothing comes from here; returns the task after which it knows.

    One flit over each link, as there is no smaller message: who waits for sums cannot tell a late one from none.
    Within a tile it costs nothing.
    """
    arrived = travel(ctx, label, source, target, 1, [known])
    return known if arrived is None else arrived


def _joined(ctx: Context, label: Label, waits: Sequence[int]) -> int | None:
    if len(waits) > 1:
        return ctx.add(label, ADMIT, 1, after=waits)
    return waits[0] if waits else None


def send(
    ctx: Context,
    label: Label,
    source: int,
    target: int,
    link_bits: int,
    room: Room,
    after: Iterable[int | None],
) -> int:
    """A message into a tile's input buffer: returns the task that has written it.

    To the sender's own tile it goes over the bus of the tile.
    Space is admitted before the first hop, so that a full buffer holds back its sender and not the links.
    """
    admitted = ctx.add(label, ADMIT, 1, after=after, reserves=[room.claim])
    if source == target:
        return _store(ctx, label, target, room, [_moved(ctx, label, target, room, admitted)])
    return _store(ctx, label, target, room, [travel(ctx, label, source, target, link_bits, [admitted])])


def _moved(ctx: Context, label: Label, tile: int, room: Room, after: int) -> int:
    """Carry a message from a tile's output buffer over its bus to its input buffer."""
    return ctx.do(label, tile, ctx.parts.tile_bus.moving(room.n_bytes * 8), [after])


def _store(ctx: Context, label: Label, tile: int, room: Room, after: Iterable[int | None]) -> int:
    return ctx.do(label, tile, ctx.parts.at(tile).input_buffer.access("receive", room.n_bytes * 8), after)


def send_all(
    ctx: Context,
    label: Label,
    source: int,
    link_bits: int,
    rooms: Mapping[int, Room],
    after: Iterable[int | None],
) -> dict[int, int]:
    """The same message into the input buffers of several tiles; by tile, the task that has written it.

    Links as of `send_to`.
    """
    return dict(zip(rooms, send_to(ctx, label, source, link_bits, list(rooms.items()), after), strict=True))


def send_to(
    ctx: Context,
    label: Label,
    source: int,
    link_bits: int,
    rooms: Sequence[tuple[int, Room]],
    after: Iterable[int | None],
) -> list[int]:
    """The same message into rooms of input buffers, several of a tile too; the task that has written each.

    With multicast it goes once over each link of the tree of routes, when all rooms have space. Otherwise each
    room gets a message of its own.
    """
    after = list(after)
    others = [tile for tile, _ in rooms if tile != source]
    if not ctx.chip.interconnect.multicast or len(others) < 2:
        return [send(ctx, label, source, tile, link_bits, room, after) for tile, room in rooms]
    admitted = ctx.add(label, ADMIT, 1, after=after, reserves=[room.claim for _, room in rooms])
    arrived = carry(ctx, label, source, list(dict.fromkeys(others)), link_bits, [admitted])
    return [
        _store(
            ctx, label, tile, room,
            [_moved(ctx, label, source, room, admitted)] if tile == source else arrived[tile],
        )
        for tile, room in rooms
    ]  # fmt: skip


def emit(ctx: Context, label: Label, tile: int, n_bits: int, after: Iterable[int | None]) -> tuple[int, int]:
    """Store results in a tile's output buffer, and read them to be sent; returns both tasks."""
    buffer = ctx.parts.at(tile).output_buffer
    stored = ctx.do(label, tile, buffer.access("emit", n_bits), after)
    return stored, ctx.do(label, tile, buffer.access("unload", n_bits), [stored])


def fetch(
    ctx: Context,
    label: Label,
    tile: int,
    n_accesses: int,
    after: Iterable[int | None],
    frees: Sequence[Claim] = (),
) -> int:
    """Read out of a tile's input buffer and carry it over the tile's bus to whoever computes with it."""
    return ctx.do(label, tile, ctx.parts.at(tile).input_buffer.fetch(n_accesses), after, frees=frees)


def bits_of_messages(ctx: Context, n_values: Sequence[int], n_spikes: Sequence[int], value_bits: int) -> list[int]:
    """Bits on the links for the values of one message after the other.

    Spikes: one bit per neuron ("bitmap"), or an address for each spike ("aer"), where an end-of-timestep
    marker is sent even when nothing spiked. Values of more bits are sent in full.
    """
    if value_bits > 1 or ctx.chip.execution.spike_format == "bitmap":
        return [n * value_bits for n in n_values]
    return [
        (of_message + 1) * max(1, (n - 1).bit_length()) for n, of_message in zip(n_values, n_spikes, strict=True)
    ]
