"""Which layer block sits on which crossbar, PE and tile, and how much of each buffer it gets."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from archsim.errors import DoesNotFitError, MappingError
from archsim.given import refuse, wrong_kind, wrong_kinds, wrong_type
from archsim.interconnect import IO, Interconnect
from archsim.mapping.blocks import Block, Span, forward_blocks
from archsim.mapping.dataflow import Dataflow, dataflow
from archsim.mapping.memory import BufferPlan, all_value_bits, merged, plan_buffers
from archsim.mapping.place import place
from archsim.mapping.plan import Home, LayerPlan
from archsim.mapping.replicas import is_auto, loads_of, n_free, shared_out, with_copies
from archsim.mapping.rows import readers, sources_of
from archsim.mapping.rule import MappedRule, refuse_impossible, refuse_without_parts, rule_of, rules_of
from archsim.mapping.shown import mapping_html
from archsim.spec import TAILORED, Chip
from archsim.workload import INPUT, Layer, Network, Phase, Workload, phases
from archsim.workload.network import Shape


@dataclass(frozen=True)
class Mapping:
    """A network on a chip.

    Parameters
    ----------
    chip : Chip
    phase : str
        "inference", "program", or the name of the rule that learns.
    flow : Dataflow
    plans : dict of str to LayerPlan
    n_tiles : int
        Tiles of the chip (for `tiles: auto`, those that are used).
    interconnect : Interconnect
    buffers : BufferPlan
    """

    chip: Chip
    phase: Phase
    flow: Dataflow
    plans: dict[str, LayerPlan]
    n_tiles: int
    interconnect: Interconnect
    buffers: BufferPlan

    def __post_init__(self) -> None:
        refuse([*wrong_kinds(self), wrong_kind("phase", self.phase, phases())], MappingError)

    @cached_property
    def rule(self) -> MappedRule | None:
        """The rule that learns; None where nothing learns."""
        return rule_of(self.phase)

    def _repr_html_(self) -> str:
        return mapping_html(self)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in the order in which they were given crossbars."""
        return tuple(
            block for plan in self.plans.values() for block in (*plan.forward, *plan.copy, *plan.feedback)
        )

    @property
    def n_crossbars(self) -> int:
        """Crossbars in use."""
        return sum(self.crossbars_by_layer.values())

    @property
    def n_pes(self) -> int:
        """PEs in use."""
        return len({(block.tile, block.pe) for block in self.blocks})

    @cached_property
    def crossbars_by_layer(self) -> dict[tuple[str, str], int]:
        """Crossbars in use by (layer, role); a crossbar that two layers share counts for the first."""
        seen: set[int] = set()
        counts: dict[tuple[str, str], int] = {}
        n_pes, per_pe = self.chip.tile.n_pes, self.chip.pe.n_crossbars
        for block in self.blocks:
            first = (block.tile * n_pes + block.pe) * per_pe + block.crossbar
            before = len(seen)
            seen.update(range(first, first + block.n_crossbars))
            key = (block.layer, block.role)
            counts[key] = counts.get(key, 0) + len(seen) - before
        return counts

    @property
    def is_tailored(self) -> bool:
        """Whether each tile is as large as what it holds."""
        return self.chip.n_tiles == TAILORED

    @property
    def n_crossbars_available(self) -> int:
        """Crossbars of the chip: of tailored tiles those that hold something."""
        if self.is_tailored:
            return self.n_crossbars
        return self.n_tiles * self.chip.tile.n_pes * self.chip.pe.n_crossbars


def map_workload(chip: Chip, work: Workload, phase: Phase) -> Mapping:
    """Lay a workload out on a chip for one phase.

    Blocks take crossbars in the order of the layers, PE by PE and tile by tile; behind a layer's own blocks
    come those that the phase's learning rule needs beside them, such as a transposed copy or a feedback matrix.

    Returns
    -------
    Mapping

    Raises
    ------
    DoesNotFitError
        With what is needed, what there is, and what would help.
    MappingError
        If `mapping.replicas` names a layer that does not exist, or the phase is unknown.
    """
    refuse([
        wrong_type("chip", chip, Chip, "archsim.load_chip"),
        wrong_type("work", work, Workload, "archsim.load_workload"),
        wrong_kind("phase", phase, phases()),
    ], MappingError)  # fmt: skip
    refuse_without_parts(chip, phase)
    rules = rules_of(phase, work, chip)
    refuse_impossible(chip, work, rules)
    flow = dataflow(work)
    chip = _with_replicas(chip, work, flow, rules)
    plans, n_crossbars = _laid_out(chip, work, flow, rules)
    n_tiles = _tiles_of(chip, n_crossbars)
    traffic = _traffic(chip, work, flow, plans)
    noc = chip.interconnect
    interconnect = place(noc.kind, n_tiles, traffic, chip.mapping.placement, noc.n_tiles_per_router)
    buffers = merged([plan_buffers(chip, work, rule, flow, plans) for rule in rules or (None,)])
    return Mapping(chip, phase, flow, plans, n_tiles, interconnect, buffers)


def _with_replicas(chip: Chip, work: Workload, flow: Dataflow, rules: Sequence[MappedRule]) -> Chip:
    """The chip with its replicas by name of layer; those of "auto" are shared out here."""
    if not is_auto(chip):
        _refuse_unknown(chip, work)
        return chip
    if chip.mapping.replica_area_um2 is not None:
        raise MappingError(
            "mapping.replica_area: an area is known with prices only; archsim.prepare.within_area turns it into "
            "crossbars, as every run does"
        )
    single = with_copies(chip, ())
    used = _laid_out(single, work, flow, rules)[1]
    free = n_free(chip, used)
    gifts = shared_out(loads_of(single, work, flow), free)
    while gifts and _laid_out(with_copies(chip, gifts), work, flow, rules)[1] > used + free:
        gifts.pop()  # what of a PE is left over beside blocks of several crossbars is lost
    return with_copies(chip, gifts)


def _refuse_unknown(chip: Chip, work: Workload) -> None:
    known = [layer.name for layer in work.network.weighted]
    unknown = sorted(set(chip.mapping.copies) - set(known))
    if unknown:
        raise MappingError(
            f"mapping.replicas: no layer with weights is called {', '.join(unknown)}; "
            f"there are: {', '.join(known)}"
        )


def _laid_out(
    chip: Chip, work: Workload, flow: Dataflow, rules: Sequence[MappedRule]
) -> tuple[dict[str, LayerPlan], int]:
    """All layers on crossbars, and the crossbars up to the last one in use."""
    allocator = _Allocator(chip)
    plans: dict[str, LayerPlan] = {}
    for layer in flow.network.layers:
        plans[layer.name] = _plan(layer, flow, (chip, work), rules, allocator, plans)
    return plans, allocator.n_crossbars


def link_bits(mapping: Mapping, work: Workload) -> dict[str, int]:
    """Bits over every link in one forward pass of a sample, by the link's name: the load by placement alone.

    Every output counts in full, as for the placement; spikes that travel as addresses are fewer. A message to
    several tiles counts once for each.
    """
    found: dict[str, int] = {}
    for (source, target), n_bits in _traffic(mapping.chip, work, mapping.flow, mapping.plans).items():
        for hop in mapping.interconnect.route(source, target):
            found[hop.link] = found.get(hop.link, 0) + n_bits
    return found


def _tiles_of(chip: Chip, n_crossbars: int) -> int:
    """Tiles that have at least one crossbar in use, or those of the chip."""
    per_tile = chip.tile.n_pes * chip.pe.n_crossbars
    needed = max(1, math.ceil(n_crossbars / per_tile))
    if not isinstance(chip.n_tiles, int):
        return needed
    if needed > chip.n_tiles:
        raise DoesNotFitError(
            "tiles",
            needed,
            chip.n_tiles,
            f"tiles of {per_tile} crossbars",
            "raise tiles, tile.pes, pe.crossbars or the crossbar's rows and columns, or say tiles: auto",
        )
    return chip.n_tiles


class _Allocator:
    """Hands out crossbars one after the other."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._next = 0

    @property
    def n_crossbars(self) -> int:
        """Crossbars up to the last one in use."""
        return self._next

    def place(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Give every block the next free crossbars; all of one block lie in one PE."""
        return tuple(self._one(block) for block in blocks)

    def stack(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """Give blocks of few rows one crossbar together, on rows of their own."""
        placed: list[Block] = []
        free_rows = 0
        for block in blocks:
            if block.n_rows > free_rows:
                placed.append(self._one(block))
                free_rows = self._chip.crossbar.n_rows - block.n_rows
            else:
                last = placed[-1]
                placed.append(block.at(last.tile, last.pe, last.crossbar))
                free_rows -= block.n_rows
        return tuple(placed)

    def _one(self, block: Block) -> Block:
        per_pe = self._chip.pe.n_crossbars
        if block.n_crossbars > per_pe:
            raise DoesNotFitError(
                f"layer {block.layer}: crossbars of one PE",
                block.n_crossbars,
                per_pe,
                "crossbars",
                "raise pe.crossbars to one for each kernel tap, or say mapping.convolution: im2col",
            )
        if self._next % per_pe + block.n_crossbars > per_pe:
            self._next += per_pe - self._next % per_pe
        pe, crossbar = divmod(self._next, per_pe)
        tile, pe = divmod(pe, self._chip.tile.n_pes)
        self._next += block.n_crossbars
        return block.at(tile, pe, crossbar)


def _plan(
    layer: Layer,
    flow: Dataflow,
    of: tuple[Chip, Workload],
    rules: Sequence[MappedRule],
    allocator: _Allocator,
    plans: MappingType[str, LayerPlan],
) -> LayerPlan:
    chip, work = of
    if not layer.has_weights:
        return LayerPlan(layer, 0, (), (), (), _pool_homes(layer, flow.network, plans))
    n_rows = layer.n_rows(flow.timesteps[layer.inputs[0]])
    forward = allocator.place(forward_blocks(layer, n_rows, chip))
    homes = _homes(forward)
    plan = LayerPlan(layer, n_rows, forward, (), (), homes)
    put = allocator.stack if chip.mapping.few_rows == "stacked" else allocator.place
    others = [block for rule in rules for block in put(rule.blocks(chip, work, plan))]
    copy, feedback = (tuple(block for block in others if block.role == role) for role in ("copy", "feedback"))
    return replace(plan, copy=copy, feedback=feedback)


def _homes(forward: Sequence[Block]) -> tuple[Home, ...]:
    """A column block's home is the tile of its first block."""
    tile_of: dict[Span, int] = {}
    for block in forward:
        tile_of.setdefault(block.columns, block.tile)
    channels: dict[int, list[Span]] = {}
    for columns, tile in tile_of.items():
        channels.setdefault(tile, []).append(columns)
    return tuple(Home(tile, tuple(sorted(spans))) for tile, spans in sorted(channels.items()))


def _pool_homes(layer: Layer, network: Network, plans: MappingType[str, LayerPlan]) -> tuple[Home, ...]:
    """Pooling runs where its input's neurons live; the network's input is pooled on tile 0."""
    channels: dict[int, list[Span]] = {}
    start = 0
    for name in layer.inputs:
        n_channels = _shape_of(name, network)[0]
        homes = plans[name].homes if name != INPUT else (Home(0, ((0, n_channels),)),)
        for home in homes:
            spans = [(start + low, start + high) for low, high in home.channels]
            channels.setdefault(home.tile, []).extend(spans)
        start += n_channels
    return tuple(Home(tile, tuple(sorted(spans))) for tile, spans in sorted(channels.items()))


def _shape_of(name: str, network: Network) -> Shape:
    return network.input_shape if name == INPUT else network.layer(name).out_shape


def _traffic(
    chip: Chip, work: Workload, flow: Dataflow, plans: MappingType[str, LayerPlan]
) -> dict[tuple[int, int], int]:
    """Bits that travel between tiles in one sample's forward pass, every output in full, for the placement."""
    traffic: dict[tuple[int, int], int] = {}
    network, potential = work.network, chip.tile.membrane_buffer.potential_bits

    def add(source: int, target: int, n_bits: int) -> None:
        if source != target:
            traffic[source, target] = traffic.get((source, target), 0) + n_bits

    value_bits = all_value_bits(network, work.input_bits, potential)

    def bits_from(name: str) -> int:
        """Bits that one channel of a layer sends in a sample."""
        return flow.n_positions(name) * flow.timesteps[name] * value_bits[name]

    for plan in plans.values():
        sources = sources_of(plan.layer)
        for target in plan.tiles if INPUT in sources else ():
            add(IO, target, network.input_shape[0] * bits_from(INPUT))
        homes_of = {name: plans[name].homes for name in sources if name != INPUT}
        for name, home, target in readers(plan, homes_of, network):
            add(home.tile, target, home.n_channels * bits_from(name))
        n_times = flow.n_positions(plan.layer.name) * flow.timesteps[plan.layer.name]
        for block in plan.forward:
            if block.replica == 0:
                add(block.tile, plan.home_of(block).tile, block.n_columns * n_times * potential)
    last = network.layers[-1].name
    for home in plans[last].homes:
        add(home.tile, IO, home.n_channels * bits_from(last))
    return traffic
