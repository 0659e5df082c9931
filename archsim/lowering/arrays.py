"""One product on one array: drive, read, convert, merge; then the result's way to the accumulators.

A burst of vectors flows through these stages like through a pipeline: a stage starts with the first vector and
is held until its last has left, (n-1) times the slowest stage so far plus its own time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.components import ReadCycle
from archsim.components.records import ArrayRead, longest
from archsim.lowering.context import ADMIT, BARRIER, RELEASE, Claim, Context, Label
from archsim.lowering.inputs import Bursts, driven_steps
from archsim.lowering.transport import travel
from archsim.mapping import Block
from archsim.taskgraph import Fragment, Port, opening

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Product:
    """A product that an array computes.

    Parameters
    ----------
    block : Block
    n_vectors : int
        Vectors of the burst.
    n_bits : int
        Bits of one input.
    signed : bool
        Whether inputs may be negative; the sign is one of the bits then.
    transposed : bool
        Driven from the columns and read at the rows.
    """

    block: Block
    n_vectors: int
    n_bits: int
    signed: bool
    transposed: bool = False

    @property
    def of_errors(self) -> bool:
        """Whether errors drive the array: a transposed read, a copy or a fixed matrix of a rule."""
        return self.transposed or self.block.role != "forward"


def counts_of(ctx: Context, product: Product, n_active: Sequence[int], bursts: Bursts | None = None) -> Ints:
    """Lines that a product drives and reads, cycle by cycle, in each of some steps.

    Parameters
    ----------
    n_active : sequence of int
        By step, the lines that are driven, over all vectors.
    bursts : Bursts, optional
        The numbers on these lines, where they are known and count.

    Returns
    -------
    int64[n_steps, 2 n_cycles]
    """
    found = driven_by(ctx, product, np.array(n_active, np.int64), bursts)
    return counted(ctx, product, found)


def driven_by(ctx: Context, product: Product, n_active: Ints, bursts: Bursts | None) -> Ints:
    """What each cycle of a product drives in each of some steps (`driven_steps`)."""
    spec, drivers = ctx.chip.drivers, ctx.parts.drivers
    cycles = drivers.read_cycles(product.n_bits, product.signed, product.of_errors)
    n_polarities = drivers.n_polarities(product.n_bits, product.signed)
    return driven_steps(spec.kind, cycles, n_polarities, n_active, bursts, spec.charged == "ones")


def counted(ctx: Context, product: Product, driven: Ints) -> Ints:
    """Lines that are driven and cells that are read, as `counts_of`, of `driven_by`."""
    found = driven.copy()
    found[:, :, 0] *= _lines_at_once(ctx) if product.transposed else 1
    if ctx.parts.crossbar.counted == "read":
        # the price of the action holds the repeats without a sample-and-hold
        found[:, :, 1] = product.n_vectors * product.block.n_crossbars
    elif product.transposed:
        found[:, :, 1] *= _lines_at_once(ctx) * product.block.n_rows
    else:
        found[:, :, 1] *= _read_columns(ctx, product.block)
    return found.reshape(len(driven), -1)


def read_array(
    ctx: Context, label: Label, product: Product, counts: Sequence[int], after: Iterable[int | None]
) -> int:
    """All cycles of a product, with their counts (`counts_of`); returns the task that merges the last one."""
    fragment, slots = reading(ctx, label, product)
    waits = [*after, ctx.last_write.get(product.block)]
    first = ctx.place(fragment, label, [waits], slots, counts)
    read, merged = fragment.made
    if ctx.work.schedule == "three_level":  # a later batch's write waits for them
        ctx.reads.setdefault(product.block, []).append(first + read)
    return first + int(merged)


class Reading(NamedTuple):
    """How products of one kind are read from one array."""

    fragment: Fragment
    slots: tuple[int, ...]

    @property
    def register(self) -> int:
        """Where the result waits."""
        return self.slots[1]


def reading(ctx: Context, label: Label, product: Product) -> Reading:
    """The fragment of a product, one for all arrays of a layer that are alike, and what it takes of its array."""
    block, transposed = product.block, product.transposed
    key = (block.tile, block.pe, block.crossbar, transposed, product.n_vectors, label.stage)
    found: Reading | None = ctx.known.get(key)
    if found is None:
        kind = (block.layer, block.role, block.n_rows, block.n_columns, block.n_crossbars)
        slots = _resources(ctx, product)
        fragment = ctx.fragment(
            (label.stage, kind, transposed, product.n_vectors, product.n_bits, product.signed),
            lambda: _lay_down_read(ctx, label, product), slots,
        )  # fmt: skip
        found = ctx.known[key] = Reading(fragment, slots)
    return found


def _resources(ctx: Context, product: Product) -> tuple[int, ...]:
    """Resources of its array that a product uses, in the order of its tasks."""
    n_values, side = _converted_values(ctx, product), _side(ctx, product)
    return (
        _turn(ctx, product),
        _register(ctx, product),
        crossbar_resource(ctx, product.block),
        *(claim[0] for claim in _banks(ctx, product)),
        _adcs(ctx, product.block, n_values, side)[0],
        *(claim[0] for claim in adc_grants(ctx, product.block, n_values, side)),
        _merger(ctx, product),
    )


def _lay_down_read(ctx: Context, label: Label, product: Product) -> tuple[int, int]:
    """Admission and all cycles; returns the last read, and the task that merges the last one."""
    # the result's register is taken first, so that nothing inside the pipeline waits for what comes behind it;
    # with it the turn: a product is read to its end before the next one in its direction begins
    turn, register = (_turn(ctx, product), 1), (_register(ctx, product), 1)
    read = merged = ctx.add(label, ADMIT, 1, after=[opening(0)], reserves=[register, turn])
    # from the columns, the cells of a weight share the row's wire: one read for each of them
    n_reads = ctx.chip.crossbar.n_columns_per_weight // _lines_at_once(ctx) if product.transposed else 1
    cycles = ctx.parts.drivers.read_cycles(product.n_bits, product.signed, product.of_errors)
    for i, cycle in enumerate(cycles):
        for k in range(n_reads):
            is_last = i == len(cycles) - 1 and k == n_reads - 1
            before = (read, merged)
            read, merged = _cycle(ctx, label, product, (i, cycle), before, [turn] if is_last else [])
    return read, merged


def _cycle(
    ctx: Context, label: Label, product: Product, numbered: tuple[int, ReadCycle], before: tuple[int, int],
    frees: Sequence[Claim],
) -> tuple[int, int]:  # fmt: skip
    """One cycle, read and merged after the one before; returns the tasks that read and that merge it."""
    chip, parts, block, (number, cycle) = ctx.chip, ctx.parts, product.block, numbered
    n_values, side = _converted_values(ctx, product), _side(ctx, product)
    n_lines, n_cells = opening(2 * number), opening(2 * number + 1)  # see counts_of

    array = crossbar_resource(ctx, block)
    settle_ps, read_ps = parts.drivers.settle_ps(), parts.crossbar.read_ps(cycle, n_values)
    # lines that settle hold the array; if they settle within the read, their energy is spread over it
    drive = ctx.add(
        label,
        parts.drivers.drive(cycle, n_values, product.transposed),
        n_lines,
        uses=[(array, 1)] if settle_ps else [],
        occupancy_ps=settle_ps or product.n_vectors * read_ps,
        latency_ps=settle_ps,
        after=[before[0]],
    )

    banks, granted = _banks(ctx, product), adc_grants(ctx, block, n_values, side)
    stages = _Stages(product.n_vectors, settle_ps + read_ps)
    held, _ = stages.next(read_ps)
    before_ps = parts.crossbar.before_conversion_ps(cycle, n_values)
    read = ctx.add(
        label,
        parts.crossbar.read(cycle, _priced_as(block), _conductance(ctx, block), n_values),
        n_cells,
        uses=[(array, 1)],
        occupancy_ps=held,
        latency_ps=before_ps,
        after=[drive],
        reserves=[*banks, *granted],
        frees=frees,
    )

    until_converted = banks and product.n_vectors == 1 and chip.sample_hold is not None
    free_early = until_converted and chip.sample_hold is not None and chip.sample_hold.held_until == "converted"
    held, latency = stages.next(parts.crossbar.converting_ps(cycle, n_values))
    convert = ctx.add(
        label,
        parts.adc.convert(cycle, _read(ctx, product)),
        n_values * product.n_vectors,
        uses=[_adcs(ctx, block, n_values, side)],
        occupancy_ps=held,
        latency_ps=latency,
        after=[read],
        frees=[*(banks if free_early else []), *granted],
    )

    merge = parts.shift_add.merge(n_values)
    held, _ = stages.next(merge.occupancy_ps)
    extra = merge.latency_ps - merge.occupancy_ps
    merged = ctx.add(
        label,
        merge.action,
        n_values * product.n_vectors,
        uses=[(_merger(ctx, product), 1)],
        occupancy_ps=held,
        latency_ps=held + extra,
        after=[convert, before[1]],
        frees=[] if free_early else banks,
    )
    return read, merged


class _Stages:
    """Times of a burst's stages: held = (n-1) x slowest so far + own; the next stage starts after own."""

    def __init__(self, n_vectors: int, slowest_ps: int) -> None:
        self._others = n_vectors - 1
        self._slowest = slowest_ps

    def next(self, own_ps: int) -> tuple[int, int]:
        self._slowest = longest(self._slowest, own_ps)
        return self._others * self._slowest + own_ps, own_ps


class Share(NamedTuple):
    """A part of a product's result: to which tile, how many values, and what their addition waits for."""

    tile: int
    n_values: int
    after: Port = None


def deliver(ctx: Context, label: Label, product: Product, merged: int, tile: int, after: Port = None) -> int:
    """Carry a product's whole result to the accumulators of a tile and add it there.

    `after` holds back the addition until the accumulators are free for this step.
    """
    n_values = _outputs(product) * product.n_vectors
    return scatter(ctx, label, product, merged, [Share(tile, n_values, after)])[0]


def scatter(
    ctx: Context,
    label: Label,
    product: Product,
    merged: int,
    targets: Sequence[Share],
) -> list[int]:
    """Carry parts of a product's result to the accumulators of several tiles.

    Parameters
    ----------
    targets : sequence of Share
        Who gets how many of the results.

    Returns
    -------
    list of int
        The additions, one for each target. The last one done frees the array's output register.
    """
    register = reading(ctx, label, product).register
    fragment = scattering(ctx, label, product, tuple((share.tile, share.n_values) for share in targets))
    first = ctx.place(fragment, label, [merged, *(share.after for share in targets)], (register,))
    return [first + added for added in fragment.made]


def scattering(ctx: Context, label: Label, product: Product, targets: tuple[tuple[int, int], ...]) -> Fragment:
    """The fragment that carries a product's result to some tiles: how many values to each.

    Its ports: the result, and what each addition waits for; its slot: the array's output register.
    """
    return ctx.fragment(
        ("scatter", label.stage, label.layer, product.block.tile, targets),
        lambda: _lay_down_scatter(ctx, label, product, targets), (reading(ctx, label, product).register,),
    )  # fmt: skip


def _lay_down_scatter(
    ctx: Context, label: Label, product: Product, targets: Sequence[tuple[int, int]]
) -> list[int]:
    """The result out of the array, and its parts to their tiles; the additions there."""
    value_bits = ctx.chip.tile.membrane_buffer.potential_bits
    register = (_register(ctx, product), 1)
    n_bits = sum(n_values for _, n_values in targets) * value_bits
    collect = ctx.do(label, product.block.tile, ctx.parts.tile_bus.collecting(n_bits), [opening(0)])
    added = []
    for k, (tile, n_values) in enumerate(targets):
        arrived = travel(ctx, label, product.block.tile, tile, n_values * value_bits, [collect])
        frees = [register] if len(targets) == 1 else []
        waits = [arrived, opening(k + 1)]
        added.append(ctx.do(label, tile, ctx.parts.accumulator.add(n_values), waits, frees=frees))
    if len(targets) != 1:
        ctx.add(label, RELEASE, 1, after=added or [collect], frees=[register])
    return added


def summed_up(
    ctx: Context, label: Label, n_values: Mapping[int, int], known: Mapping[int, int], n_bits: int
) -> dict[int, int]:
    """Add up values of several tiles on the first of them, and send what they make back to all.

    Parameters
    ----------
    n_values, known : mapping of int to int
        By tile: values of `n_bits`, and the task after which they are known.

    Returns
    -------
    dict of int to int
        By tile, the task after which it has the sums; `known` itself if there is only one.
    """
    first, *others = known
    if not others:
        return dict(known)
    added = [known[first]]
    for tile in others:
        arrived = travel(ctx, label, tile, first, n_values[tile] * n_bits, [known[tile]])
        added.append(ctx.do(label, first, ctx.parts.accumulator.add(n_values[tile]), [arrived]))
    summed = ctx.add(label, BARRIER, 1, after=added)
    found = {first: summed}
    for tile in others:
        back = travel(ctx, label, first, tile, n_values[tile] * n_bits, [summed])
        found[tile] = summed if back is None else back
    return found


def _outputs(product: Product) -> int:
    """Results per vector."""
    return product.block.n_rows if product.transposed else product.block.n_columns


def _converted_values(ctx: Context, product: Product) -> int:
    """Conversions per vector and read: all columns, or the rows.

    Where the chip says that currents are subtracted before they are converted, a pair is one conversion, and a
    reference column none of its own.
    """
    crossbar, conversion = ctx.chip.crossbar, ctx.chip.adc.of_errors(product.of_errors).conversion
    if product.transposed:
        return product.block.n_rows
    if conversion is not None and conversion.subtract == "analog" and crossbar.signed != "unsigned":
        return product.block.n_columns * crossbar.n_cells_per_weight
    return _read_columns(ctx, product.block)


def _read_columns(ctx: Context, block: Block) -> int:
    """Columns of cells: all those of the weights, and the reference column."""
    crossbar = ctx.chip.crossbar
    return block.n_columns * crossbar.n_columns_per_weight + (1 if crossbar.signed == "offset" else 0)


def _lines_at_once(ctx: Context) -> int:
    """Columns of a weight that one transposed read drives: both of a pair, with voltages of both signs."""
    crossbar = ctx.chip.crossbar
    is_pair = crossbar.signed == "differential" and ctx.chip.drivers.signed_input == "bipolar"
    return 2 if is_pair else 1


def _read(ctx: Context, product: Product) -> ArrayRead:
    """Conversions of one vector, for the circuits around the array."""
    block = product.block
    n_lines = block.n_rows if product.transposed else _read_columns(ctx, block)
    return ArrayRead(_converted_values(ctx, product), n_lines, block.n_crossbars, product.transposed)


def _priced_as(block: Block) -> str:
    """Whose conductances the read's price is for."""
    return f"{block.layer}.feedback" if block.role == "feedback" else block.layer


def _conductance(ctx: Context, block: Block) -> float:
    """Mean conductance of the block's cells; random feedback matrices are spread evenly over the window."""
    if block.role == "feedback":
        return (ctx.chip.device.g_min_siemens + ctx.chip.device.g_max_siemens) / 2
    return ctx.mean_conductance[block.layer]


def _crossbar(block: Block) -> str:
    return f"tile[{block.tile}].pe[{block.pe}].crossbar[{block.crossbar}]"


def crossbar_resource(ctx: Context, block: Block) -> int:
    """The resource of the array that holds a block."""
    return ctx.resource(_crossbar(block))


def adc_claim(ctx: Context, block: Block, n_values: int) -> Claim:
    """The converters that read a block's columns, and how many of them `n_values` columns need."""
    return _adcs(ctx, block, n_values, "")


def _adcs(ctx: Context, block: Block, n_values: int, side: str) -> Claim:
    n_adcs = ctx.parts.adc.n_in_bank
    return ctx.resource(f"{_bank(ctx, block)}.adc{side}", n_adcs), min(n_adcs, n_values)


def adc_grants(ctx: Context, block: Block, n_values: int, side: str = "") -> list[Claim]:
    """Converters promised to a read before it begins, where cells conduct until they are converted."""
    if not ctx.parts.crossbar.is_sensed():
        return []
    n_adcs = ctx.parts.adc.n_in_bank
    return [(ctx.resource(f"{_bank(ctx, block)}.adc_grant{side}", n_adcs), min(n_adcs, n_values))]


def _bank(ctx: Context, block: Block) -> str:
    """Where the converters are that serve the block."""
    return _crossbar(block) if ctx.chip.adc.scope == "crossbar" else f"tile[{block.tile}].pe[{block.pe}]"


def _banks(ctx: Context, product: Product) -> list[Claim]:
    """Sample-and-hold that keeps a read's currents until they are converted, where the chip has it."""
    hold = ctx.chip.sample_hold
    name = f"{_crossbar(product.block)}.sample_hold{_side(ctx, product)}"
    return [] if hold is None else [(ctx.resource(name, hold.n_banks), 1)]


def _merger(ctx: Context, product: Product) -> int:
    return ctx.resource(f"{_bank(ctx, product.block)}.shift_add{_side(ctx, product)}")


def _turn(ctx: Context, product: Product) -> int:
    return ctx.resource(f"{_crossbar(product.block)}.turn{_direction(product)}")


def _register(ctx: Context, product: Product) -> int:
    """Where a product's result waits for the accumulators; each direction of an array has its own."""
    name = f"{_crossbar(product.block)}.output_register{_direction(product)}"
    return ctx.resource(name, ctx.chip.shift_add.n_registers)


def _direction(product: Product) -> str:
    return ".transposed" if product.transposed else ""


def _side(ctx: Context, product: Product) -> str:
    """Which converters: an array with some on both sides has others for the rows."""
    return ".transposed" if product.transposed and ctx.chip.crossbar.transpose == "duplicated" else ""
