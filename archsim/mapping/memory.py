"""Required sizes of buffers, and how the layers on a tile share them.

A buffer is divided among its users once, before the run: a share is at least what its user needs to make
progress, so that users of one buffer cannot block each other; what is left is divided in proportion. Shares of
streams (inputs, outputs, errors, history) fill and drain during the simulation and push back when full;
shares of states (membrane potentials, gradients, what the optimizer keeps beside them, the samples in the global
buffer) are held throughout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from archsim.errors import DoesNotFitError
from archsim.interconnect import IO
from archsim.mapping.blocks import Span
from archsim.mapping.dataflow import Dataflow
from archsim.mapping.optimizer import needs_of_layer
from archsim.mapping.plan import LayerPlan
from archsim.mapping.rows import readers, sources_of, stored_for
from archsim.mapping.rule import MappedRule
from archsim.spec import EXACT, TAILORED, Buffer, Chip
from archsim.spec.buffers import TILE_BUFFERS
from archsim.workload import INPUT, Layer, Network, Pool, Workload

Key = TypeVar("Key")
Owner = tuple[str, int, str]  # buffer, tile, user
HELP = {
    "input_buffer": "take fewer crossbars to a tile, or lower positions_per_burst of the workload",
    "output_buffer": "take fewer crossbars to a tile, or lower positions_per_burst of the workload",
    "membrane_buffer": "take fewer crossbars to a tile, or lower its potential",
    "history_buffer": "take fewer crossbars to a tile, or lower timesteps of the workload",
    "gradient_buffer": "take fewer crossbars to a tile, or lower its gradient",
    "global_buffer": "or lower timesteps of the workload",
}
STREAM_STEPS = 2  # an automatic buffer holds two steps of a stream: one filling, one draining


@dataclass(frozen=True)
class Demand:
    """One user's need of one buffer: enough to go on, and what it would like."""

    buffer: str
    tile: int
    user: str
    least_bytes: int
    liked_bytes: int


@dataclass(frozen=True)
class BufferPlan:
    """Sizes of the buffers, what every user has of them, and what it asked for.

    Parameters
    ----------
    size_bytes : dict of str to int
        By buffer; of tailored tiles the largest.
    built_bytes : dict of (str, int) to int
        By buffer and tile, for tiles that are tailored; empty where they are alike.
    needed_bytes : dict of (str, int) to int
        By buffer and tile, what is to lie there: all that its users would like, or what there is.
    share_bytes : dict of Owner to int
        By buffer, tile and user.
    demands : tuple of Demand
        The least that each user needs to go on, and what the schedule needs to overlap without waiting.
    """

    size_bytes: dict[str, int]
    built_bytes: dict[tuple[str, int], int]
    needed_bytes: dict[tuple[str, int], int]
    share_bytes: dict[Owner, int]
    demands: tuple[Demand, ...] = ()


def n_bytes(n_values: int, n_bits: int) -> int:
    """Bytes that `n_values` of `n_bits` take, packed."""
    return math.ceil(n_values * n_bits / 8)


def error_bytes(chip: Chip, n_values: int, n_vectors: int) -> int:
    """Bytes of errors on their way, and of the number that each vector was divided by."""
    of_values = n_values * chip.execution.error_resolution_bits
    return n_bytes(of_values + n_vectors * chip.tile.membrane_buffer.potential_bits, 1)


def numbers_of_error(rule: MappedRule, work: Workload, layer: Layer) -> int:
    """Numbers that are sent for each error of a layer: where its synapses have traces, the slope goes with it."""
    need = rule.traces(work, layer)
    return 1 if need is None or not need.n_of_synapse else 2


def label_bits(n_classes: int) -> int:
    """Bits of the label of a sample."""
    return max(1, (n_classes - 1).bit_length())


def value_bits(network: Network, name: str, input_bits: int, potential_bits: int) -> int:
    """Bits of one value that a layer (or "input") sends: 1 for a spike, more for pooled spikes and potentials."""
    return all_value_bits(network, input_bits, potential_bits)[name]


def all_value_bits(network: Network, input_bits: int, potential_bits: int) -> dict[str, int]:
    """`value_bits` of the input and of every layer."""
    found = {INPUT: input_bits}
    for layer in network.layers:
        bits = max(found[source] for source in layer.inputs)
        if layer.neuron is not None:
            bits = 1 if layer.neuron.spikes else potential_bits
        elif not isinstance(layer.op, Pool):
            bits = potential_bits
        elif layer.op.kind != "max":
            bits = (math.prod(layer.op.kernel) * (2**bits - 1)).bit_length()
        found[layer.name] = bits
    return found


def plan_buffers(
    chip: Chip,
    work: Workload,
    rule: MappedRule | None,
    flow: Dataflow,
    plans: Mapping[str, LayerPlan],
) -> BufferPlan:
    """Size the buffers and share them out, for inference or for a rule that learns.

    Raises
    ------
    DoesNotFitError
        Naming the buffer, its users' demand and its size.
    """
    book = _Book(chip, work, rule, flow, plans)
    by_buffer: dict[str, list[Demand]] = {}
    for demand in book.demands:
        by_buffer.setdefault(demand.buffer, []).append(demand)
    sizes: dict[str, int] = {}
    built: dict[tuple[str, int], int] = {}
    needed: dict[tuple[str, int], int] = {}
    shares: dict[Owner, int] = {}
    for name in (*TILE_BUFFERS, "global_buffer"):
        demands = by_buffer.get(name, [])
        spec: Buffer | None = chip.global_buffer if name == "global_buffer" else getattr(chip.tile, name)
        if spec is None:  # nobody asks for it, see `archsim.mapping.rule.refuse_without_parts`
            sizes[name] = 0
            continue
        sizes[name] = _size(name, spec, demands)
        for tile, here in sorted(_by_tile(demands).items()):
            if chip.n_tiles == TAILORED and tile != IO:
                built[name, tile] = _size(name, spec, here)
            there_is = built.get((name, tile), sizes[name])
            needed[name, tile] = min(there_is, sum(demand.liked_bytes for demand in here))
            shares.update(_shared(here, there_is))
    return BufferPlan(sizes, built, needed, shares, tuple(book.demands))


def merged(plans: Sequence[BufferPlan]) -> BufferPlan:
    """The buffers of a chip that is to serve several plans: each as large as the largest; shares of the first."""
    sizes = _largest([plan.size_bytes for plan in plans])
    built, needed = (_largest([getattr(plan, key) for plan in plans]) for key in ("built_bytes", "needed_bytes"))
    return replace(plans[0], size_bytes=sizes, built_bytes=built, needed_bytes=needed)


def _largest(plans: Sequence[Mapping[Key, int]]) -> dict[Key, int]:
    """Of each key the largest value."""
    keys = dict.fromkeys(key for plan in plans for key in plan)
    return {key: max(plan.get(key, 0) for plan in plans) for key in keys}


def _by_tile(demands: Sequence[Demand]) -> dict[int, list[Demand]]:
    found: dict[int, list[Demand]] = {}
    for demand in demands:
        found.setdefault(demand.tile, []).append(demand)
    return found


def _size(name: str, spec: Buffer, demands: Sequence[Demand]) -> int:
    """The size in the spec; automatic: the busiest tile's wishes, as a power of two or in whole words."""
    tiles = _by_tile(demands)
    if not isinstance(spec.size_bytes, int):
        most_liked = max((sum(d.liked_bytes for d in here) for here in tiles.values()), default=0)
        return sized_for(most_liked, spec)
    least = {tile: sum(d.least_bytes for d in here) for tile, here in tiles.items()}
    fullest = max(sorted(least), key=least.__getitem__, default=IO)
    if least.get(fullest, 0) > spec.size_bytes:
        here = sorted(tiles[fullest], key=lambda d: (-d.least_bytes, d.user))
        most = ", ".join(f"{d.user} {d.least_bytes}" for d in here[:4])
        raise DoesNotFitError(
            name if fullest == IO else f"{name} of tile {fullest}",
            least[fullest],
            spec.size_bytes,
            f"bytes ({most}{', ...' if here[4:] else ''})",
            f"raise its size or say size: auto, {HELP[name]}",
        )
    return spec.size_bytes


def sized_for(needed_bytes: int, spec: Buffer) -> int:
    """Bytes of a buffer that holds so many: whole words if its size is `exact`, else a power of two."""
    if needed_bytes == 0:
        return 0
    if spec.size_bytes == EXACT:
        n_words = math.ceil(8 * needed_bytes / spec.width_bits)
        return math.ceil(n_words * spec.width_bits / 8)
    return 1 << (needed_bytes - 1).bit_length()


def _shared(demands: Sequence[Demand], size: int) -> dict[Owner, int]:
    """Everyone's least, then what they would like (or of what is there the same part), then in proportion."""
    least, liked = sum(d.least_bytes for d in demands), sum(d.liked_bytes for d in demands)
    for_wishes = min(size, liked) - least
    spare = size - least - for_wishes
    return {
        (d.buffer, d.tile, d.user): d.least_bytes
        + (for_wishes * (d.liked_bytes - d.least_bytes) // (liked - least) if for_wishes else 0)
        + spare * d.least_bytes // least
        for d in demands
    }


class _Book:
    """Collects the demands of all users."""

    def __init__(
        self, chip: Chip, work: Workload, rule: MappedRule | None, flow: Dataflow, plans: Mapping[str, LayerPlan]
    ) -> None:
        self.chip, self.work, self.flow, self.plans, self.rule = chip, work, flow, plans, rule
        self.demands: list[Demand] = []
        potential = chip.tile.membrane_buffer.potential_bits
        self.bits = all_value_bits(work.network, work.input_bits, potential)
        for plan in plans.values():
            self._inputs(plan)
            self._outputs(plan)
            self._states(plan)
            if rule is not None:
                self._history(plan, rule)
                self._carried(plan, rule)
            if rule is not None and plan.layer.has_weights:
                self._errors(plan, rule)
                self._gradients(plan)
        self._samples(learns=rule is not None)

    def _add(self, buffer: str, tile: int, user: str, least: int, liked: int) -> None:
        if least:
            self.demands.append(Demand(buffer, tile, user, least, liked))

    def _burst(self, name: str) -> int:
        """Positions of the largest burst."""
        n = self.flow.n_positions(name)
        return n if name == INPUT else min(n, self.flow.positions_per_burst)

    def _inputs(self, plan: LayerPlan) -> None:
        sources = sources_of(plan.layer)
        messages = self._messages(plan, sources)
        for tile in plan.tiles:
            for source in sources:
                step, live = messages.get((source, tile), 0), self._live(plan, source, tile)
                wish = live + STREAM_STEPS - 1
                self._add("input_buffer", tile, f"{source} to {plan.layer.name}", step * live, step * wish)

    def _live(self, plan: LayerPlan, source: str, tile: int) -> int:
        """Steps of a source that a tile must hold at once for a layer; of its own past for all that share it."""
        if source != plan.layer.name:
            return self.flow.live_steps(plan.layer, source)
        users = [p.layer for p in self.plans.values() if source in sources_of(p.layer) and tile in p.tiles]
        return max(self.flow.live_steps(user, source) for user in users)

    def _messages(self, plan: LayerPlan, sources: Sequence[str]) -> dict[tuple[str, int], int]:
        """Bytes of one step of each source that each tile of a layer needs."""
        found: dict[tuple[str, int], int] = {}
        if INPUT in sources:
            whole = n_bytes(math.prod(self.work.network.input_shape), self.bits[INPUT])
            found = {(INPUT, tile): whole for tile in plan.tiles}
        # of itself, too: its own plan is there already
        homes_of = {source: self.plans[source].homes for source in sources if source != INPUT}
        for source, home, tile in readers(plan, homes_of, self.work.network):
            if stored_for(self.plans, plan, tile, source, home, self.work.network) != plan.layer.name:
                continue
            size = n_bytes(home.n_channels * self._burst(source), self.bits[source])
            found[source, tile] = found.get((source, tile), 0) + size
        return found

    def _outputs(self, plan: LayerPlan) -> None:
        name = plan.layer.name
        for home in plan.homes:
            step = n_bytes(home.n_channels * self._burst(name), self.bits[name])
            self._add("output_buffer", home.tile, name, step, step * STREAM_STEPS)

    def _states(self, plan: LayerPlan) -> None:
        neuron = plan.layer.neuron
        if neuron is None:
            return
        bits = self.chip.tile.membrane_buffer.potential_bits * neuron.n_states
        for home in plan.homes:
            n = n_bytes(home.n_channels * self.flow.n_positions(plan.layer.name), bits)
            self._add("membrane_buffer", home.tile, plan.layer.name, n, n)

    def _carried(self, plan: LayerPlan, rule: MappedRule) -> None:
        """Errors of the later timestep, which a neuron's own adds: as many numbers as it has states."""
        layer, name = plan.layer, plan.layer.name
        keeps = rule.goes_back_in_time(self.work, layer) and rule.keeps_potentials(self.work.network, layer)
        if layer.neuron is None or not keeps or self.flow.timesteps[name] == 1:
            return
        bits = self.chip.tile.membrane_buffer.potential_bits * layer.neuron.n_states
        for home in plan.homes:
            n = n_bytes(home.n_channels * self.flow.n_positions(name), bits)
            self._add("membrane_buffer", home.tile, f"error of {name}", n, n)

    def _errors(self, plan: LayerPlan, rule: MappedRule) -> None:
        """Errors on their way: from a layer's homes to its arrays, and where else the rule sends them."""
        name = plan.layer.name
        burst = self._burst(name)
        n_each = numbers_of_error(rule, self.work, plan.layer)
        step_bytes = {
            home.tile: error_bytes(self.chip, n_each * home.n_channels * burst, burst) for home in plan.homes
        }
        everything = sum(step_bytes.values())
        for tile in sorted({*plan.gradient_tiles, *(block.tile for block in rule.error_arrays(plan))}):
            self._add("input_buffer", tile, f"error of {name}", everything, everything * STREAM_STEPS)
        for tile, step in step_bytes.items():
            self._add("output_buffer", tile, f"error of {name}", step, step * STREAM_STEPS)
        last = self.plans[self.work.network.layers[-1].name]
        sent = rule.n_values_sent(self.work, last).items()
        whole = {tile: error_bytes(self.chip, n_values, 1) for tile, n_values in sent}
        for buffer, tile, user, size in rule.rooms(self.work, plan, last, whole):
            self._add(buffer, tile, user, size, size * STREAM_STEPS)
        if self.chip.execution.quantiser.waits_for_sample:
            self._waiting_errors(plan, rule, sent if plan is last else ())
        for tile, bits in rule.kept_bits(self.chip, self.work, plan).items():
            self._add("gradient_buffer", tile, f"feedback of {name}", n_bytes(bits, 1), n_bytes(bits, 1))

    def _waiting_errors(self, plan: LayerPlan, rule: MappedRule, sent: Iterable[tuple[int, int]]) -> None:
        """Errors of a whole sample, until the last of them is known: a layer's own, and those sent elsewhere."""
        name, bits = plan.layer.name, self.chip.tile.membrane_buffer.potential_bits
        for home in plan.homes:
            spans = (self.flow.positions(name, step) for step in range(self.flow.n_steps(name)))
            n = sum(n_bytes(home.n_channels * (stop - start), bits) for start, stop in spans)
            self._add("history_buffer", home.tile, f"errors of {name}", n, n)
        for tile, n_values in sent:
            n = rule.n_errors_sent(self.work) * n_bytes(n_values, bits)
            self._add("history_buffer", tile, "errors for feedback", n, n)

    def _history(self, plan: LayerPlan, rule: MappedRule) -> None:
        """Inputs at the arrays and potentials at the homes, until the backward pass has used them."""
        name, layer, network = plan.layer.name, plan.layer, self.work.network
        at_once = rule.learns_at_once(self.work, self.flow)
        least = self._steps_until_error(name, rule) if at_once else self.flow.n_steps(name)
        liked = {what: max(least, self._overlapped_steps(name, rule, what)) for what in ("inputs", "potentials")}
        rows: dict[int, set[Span]] = {tile: set() for tile in plan.gradient_tiles}
        for block in plan.forward:
            if block.replica == 0:
                rows[block.tile].add(block.rows)
        bits = max(self.bits[source] for source in sources_of(layer))
        for tile in plan.gradient_tiles:
            step = n_bytes(sum(b - a for a, b in rows[tile]) * self._burst(name), bits)
            self._add("history_buffer", tile, f"inputs of {name}", step * least, step * liked["inputs"])
        if layer.neuron is not None and rule.keeps_potentials(network, layer):
            bits = self.chip.tile.membrane_buffer.potential_bits
            for home in plan.homes:
                step = n_bytes(home.n_channels * self._burst(name), bits)
                user = f"potentials of {name}"
                self._add("history_buffer", home.tile, user, step * least, step * liked["potentials"])

    def _overlapped_steps(self, name: str, rule: MappedRule, what: str) -> int:
        """Steps of history that a layer holds at once when samples follow each other without a gap.

        Counted in timesteps, every layer taking one: layer l of L is behind the input by l - 1, the error is known
        L + 1 after it, and BP's error is back at layer l after L - l more. A step's inputs are held from its first
        to its last use, its potentials from the end of one to the start of the other. With one timestep this is
        PipeLayer's 2 (L - l) + 1 for potentials, and for inputs that of the layer below (HPCA 2017).
        """
        if self.work.schedule not in ("within_batch", "three_level"):
            return 0
        flow, names = self.flow, self.work.network.names
        above = len(names) - 1 - names.index(name)
        at_once = rule.learns_at_once(self.work, flow)
        in_piece = self._ahead(name) + (rule.n_timesteps_of_a_piece(self.work) or 1)
        n_times = rule.n_timesteps_under_way(above) + (in_piece if at_once else flow.timesteps[name])
        n_times += 2 if what == "inputs" else 0
        overlapped = self.work.n_batch if self.work.schedule == "within_batch" else self.work.n_samples
        return min(n_times * flow.n_bursts(name), overlapped * flow.n_steps(name))

    def _steps_until_error(self, name: str, rule: MappedRule) -> int:
        """Steps of a layer between one and the error of its timestep.

        One timestep more for each layer on the way keeps them busy at once; windows that look ahead, a delay, or
        a piece of several timesteps add theirs.
        """
        names, n_times = self.work.network.names, self.flow.timesteps[name]
        piece = rule.n_timesteps_of_a_piece(self.work) or 1
        n = self._ahead(name) + len(names) - names.index(name) + piece
        return min(n, n_times) * self.flow.n_bursts(name)

    def _ahead(self, name: str) -> int:
        """Timesteps that windows on the way to the output look ahead."""
        return self.flow.look_ahead[name]

    def _gradients(self, plan: LayerPlan) -> None:
        bits = self.chip.tile.gradients.gradient_bits
        # of a batch that waits to be written, while the next one's add up
        sets = 2 if self.work.schedule == "three_level" else 1
        for tile in plan.gradient_tiles:
            rows = [(b.n_rows, b.n_columns) for b in plan.forward if b.tile == tile and b.replica == 0]
            n = sets * self._row_by_row(rows, bits)
            self._add("gradient_buffer", tile, f"gradient of {plan.layer.name}", n, n)
            n = self._traces(plan, tile, bits)
            self._add("gradient_buffer", tile, f"traces of {plan.layer.name}", n, n)
            n = self._row_by_row(rows, bits * needs_of_layer(self.chip, self.work, plan, self.rule).n_states)
            self._add("gradient_buffer", tile, f"optimizer state of {plan.layer.name}", n, n)

    def _traces(self, plan: LayerPlan, tile: int, bits: int) -> int:
        """Bytes of what a layer keeps of its past on a tile; the numbers of a row of synapses begin a word."""
        need = None if self.rule is None else self.rule.traces(self.work, plan.layer)
        if need is None:
            return 0
        blocks = [b for b in plan.forward if b.tile == tile and b.replica == 0]
        n_rows = sum(high - low for low, high in {b.rows for b in blocks})
        of_rows = n_bytes(need.n_of_row * n_rows * bits, 1)
        of_synapses = self._row_by_row([(b.n_rows, b.n_columns) for b in blocks], bits * need.n_of_synapse)
        return self.flow.n_positions(plan.layer.name) * (of_rows + of_synapses)

    def _row_by_row(self, blocks: Sequence[tuple[int, int]], bits: int) -> int:
        """Bytes of `bits` for each weight of blocks (rows, columns): each row is read alone and begins a word."""
        width = self.chip.tile.gradients.width_bits
        return n_bytes(sum(n_rows * -(-n_columns * bits // width) for n_rows, n_columns in blocks), width)

    def _samples(self, *, learns: bool) -> None:
        network = self.work.network
        n_in = n_bytes(math.prod(network.input_shape) * self.work.n_timesteps, self.work.input_bits)
        last = network.layers[-1]
        if learns:
            n_in += n_bytes(1, label_bits(last.n_neurons))
        n_out = n_bytes(last.n_neurons * self.flow.timesteps[last.name], self.bits[last.name])
        self._add("global_buffer", IO, "input of a sample", n_in, STREAM_STEPS * n_in)
        self._add("global_buffer", IO, "output of a sample", n_out, STREAM_STEPS * n_out)
