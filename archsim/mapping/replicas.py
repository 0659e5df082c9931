"""Replicas of the busiest layers: who gets the arrays that are left, or may be added (`mapping.replicas: auto`).

The load of a layer is what one of its arrays does for a sample: vectors x cycles of an input's bits x conversions
of one ADC. Replicas share the steps of a layer in turn, so n of them each do an n-th of it. Whoever has the
highest load gets the next replica, as long as it fits and has a step to do; then no layer gets more, for the layer
that is busiest would still be waited for. What an array reads depends on the spikes, too; the choice does not, so
that the chip is the same whatever runs on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from archsim.mapping.blocks import forward_blocks
from archsim.mapping.dataflow import Dataflow, dataflow
from archsim.mapping.memory import all_value_bits
from archsim.mapping.rows import sources_of
from archsim.spec import Chip
from archsim.spec.chip import Drivers
from archsim.workload import Layer, Workload


@dataclass(frozen=True)
class Load:
    """Of one layer: what an array of it does for a sample, its crossbars, and its steps."""

    conversions: int
    n_crossbars: int
    n_steps: int


def loads_of(chip: Chip, work: Workload, flow: Dataflow) -> dict[str, Load]:
    """The load of every layer with weights, with one replica of each.

    Parameters
    ----------
    chip : Chip
        With no replicas.
    work : Workload
    flow : Dataflow
    """
    bits = all_value_bits(work.network, work.input_bits, chip.tile.membrane_buffer.potential_bits)
    return {layer.name: _load(chip, layer, flow, bits) for layer in work.network.weighted}


def _load(chip: Chip, layer: Layer, flow: Dataflow, bits: Mapping[str, int]) -> Load:
    blocks = forward_blocks(layer, layer.n_rows(flow.timesteps[layer.inputs[0]]), chip)
    n_columns = max(block.n_columns for block in blocks) * chip.crossbar.n_columns_per_weight
    n_adcs = chip.crossbar.n_columns // chip.adc.n_columns_per_adc
    vectors = flow.n_positions(layer.name) * flow.timesteps[layer.name]
    cycles = _cycles(chip.drivers, max(bits[source] for source in sources_of(layer)))
    crossbars = sum(block.n_crossbars for block in blocks)
    return Load(vectors * cycles * math.ceil(n_columns / n_adcs), crossbars, flow.n_steps(layer.name))


def _cycles(drivers: Drivers, n_bits: int) -> int:
    """Cycles that an input of so many bits takes, or as many pulses."""
    if drivers.kind == "levels":
        return math.ceil(n_bits / drivers.resolution_bits)
    if drivers.kind == "pulse_train":
        return int(2**n_bits - 1)
    assert_never(drivers.kind)


def shared_out(loads: Mapping[str, Load], n_crossbars: int) -> list[str]:
    """Who gets a replica, one after the other, while crossbars last.

    Examples
    --------
    >>> shared_out({"conv": Load(900, 2, 100), "out": Load(100, 1, 100)}, n_crossbars=5)
    ['conv', 'conv']
    """
    gifts: list[str] = []
    copies = dict.fromkeys(loads, 1)
    while loads:
        name = max(loads, key=lambda of: Fraction(loads[of].conversions, copies[of]))
        n_crossbars -= loads[name].n_crossbars
        if n_crossbars < 0 or copies[name] == loads[name].n_steps:
            break
        copies[name] += 1
        gifts.append(name)
    return gifts


def most_useful(chip: Chip, work: Workload) -> int:
    """Crossbars of replicas beyond which no layer has a step for another one; of a chip with no replicas."""
    flow = dataflow(work)
    return sum(load.n_crossbars * (load.n_steps - 1) for load in loads_of(chip, work, flow).values())


def with_copies(chip: Chip, gifts: Sequence[str]) -> Chip:
    """A chip with one replica of each layer, and one more for each time that it is named.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> chip = load_chip("arch_specs/wearable_rram.yaml", ["mapping.replicas=auto"])
    >>> with_copies(chip, ["fc1", "fc1"]).mapping.replicas
    {'fc1': 3}
    """
    copies = {name: gifts.count(name) + 1 for name in gifts}
    changed = {"replicas": copies, "n_replica_crossbars": None, "replica_area_um2": None}
    return chip.model_copy(update={"mapping": chip.mapping.model_copy(update=changed)})


def n_free(chip: Chip, used: int) -> int:
    """Crossbars that replicas may take beside those in use.

    Of a chip with so many tiles, those that are idle; of one that is built for its workload, those of the last
    tile that is begun, or as many as `replica_crossbars` says.
    """
    per_tile, most = chip.tile.n_pes * chip.pe.n_crossbars, chip.mapping.n_replica_crossbars
    if isinstance(chip.n_tiles, int):
        idle = max(0, chip.n_tiles * per_tile - used)
        return idle if most is None else min(idle, most)
    return -used % per_tile if most is None else most


def is_auto(chip: Chip) -> bool:
    """Whether replicas are still to be shared out."""
    return chip.mapping.replicas == "auto"
