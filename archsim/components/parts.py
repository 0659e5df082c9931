"""The parts of one chip: what every action takes in time and energy, every part in area."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, get_type_hints

from archsim.components.accumulator import Accumulator
from archsim.components.adc import Adc
from archsim.components.array_control import ArrayControl
from archsim.components.array_part import ArrayPart
from archsim.components.chip_control import ChipControl
from archsim.components.circuit import circuit_errors, with_circuits
from archsim.components.column_drivers import ColumnDrivers
from archsim.components.column_mux import ColumnMux
from archsim.components.crossbar import Crossbar
from archsim.components.drivers import Drivers
from archsim.components.global_buffer import GlobalBuffer
from archsim.components.gradient_buffer import GradientBuffer
from archsim.components.gradient_unit import GradientUnit
from archsim.components.held import Held, area_items
from archsim.components.history_buffer import HistoryBuffer
from archsim.components.input_buffer import InputBuffer
from archsim.components.input_registers import InputRegisters
from archsim.components.interconnect import Interconnect
from archsim.components.level_shifters import LevelShifters
from archsim.components.membrane_buffer import MembraneBuffer
from archsim.components.memory import Memory
from archsim.components.multiplier import Multiplier
from archsim.components.neuron_unit import NeuronUnit
from archsim.components.output_buffer import OutputBuffer
from archsim.components.part import Part
from archsim.components.partial_sum_registers import PartialSumRegisters
from archsim.components.records import AreaItem, listed
from archsim.components.sample_hold import SampleHold
from archsim.components.scaled import at_conditions, conditions_without_effect, scaling_errors
from archsim.components.shift_add import ShiftAdd
from archsim.components.tile_bus import TileBus
from archsim.components.tile_control import TileControl
from archsim.components.transposer import Transposer
from archsim.components.write_circuits import WriteCircuits
from archsim.errors import SpecError
from archsim.spec.cells import CellErrors
from archsim.spec.chip import TAILORED, Chip

_FREE_OF_CHIP = (
    ("name",), ("technology",), ("conditions",), ("device", "read_pulse"), ("device", "on_time"),
    ("device", "read_voltage"), ("device", "source"),
)  # fmt: skip


class Parts:
    """Every part of a chip, at the prices of its file.

    All times are whole picoseconds; a burst is exact until it is rounded once, half to even. The equations are in
    the modules of the parts, the sources in the chip file and in `items`. Costs that say at which node or
    conditions their figures hold are scaled to the chip's, once (:mod:`archsim.components.process`).

    Parameters
    ----------
    chip : Chip
        Its cost models must hold for it, see `check`.
    n_tiles : int
        Tiles that the chip has, or that the workload needs.
    sizes : mapping of str to int
        Bytes of each buffer by name; a buffer that is not named has the size in the chip file.
    held : Held, optional
        What a mapped workload takes of the chip: for tiles that are tailored to it, and what is idle.

    Raises
    ------
    SpecError
        With every error that `check` finds, one per line.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> parts = Parts(load_chip("arch_specs/wearable_rram.yaml"), 1, dict.fromkeys(buffer_kinds(), 4096))
    >>> parts.neuron_unit.times_ps(0)
    (0, 0)
    >>> [charge.component for charge in parts.input_buffer.fetch(1).action.charges]
    ['input_buffer', 'tile_bus']
    """

    # the one list of parts; its order is that of the price list
    crossbar: Crossbar
    drivers: Drivers
    input_registers: InputRegisters
    level_shifters: LevelShifters
    column_drivers: ColumnDrivers
    write_circuits: WriteCircuits
    column_mux: ColumnMux
    sample_hold: SampleHold
    adc: Adc
    shift_add: ShiftAdd
    partial_sum_registers: PartialSumRegisters
    array_control: ArrayControl
    tile_bus: TileBus
    input_buffer: InputBuffer
    output_buffer: OutputBuffer
    membrane_buffer: MembraneBuffer
    history_buffer: HistoryBuffer
    gradient_buffer: GradientBuffer
    accumulator: Accumulator
    neuron_unit: NeuronUnit
    gradient_unit: GradientUnit
    multiplier: Multiplier
    transposer: Transposer
    tile_control: TileControl
    interconnect: Interconnect
    global_buffer: GlobalBuffer
    chip_control: ChipControl

    def __init__(self, chip: Chip, n_tiles: int, sizes: Mapping[str, int], held: Held | None = None) -> None:
        errors = [*check(chip), *_size_errors(chip, sizes)]
        if errors:
            raise SpecError(listed(errors))
        self.n_tiles, self._sizes, self.held = n_tiles, sizes, held
        self.chip, self.scaled = (found := at_conditions(with_circuits(chip), part_kinds())).chip, found.said
        self.is_of_one_tile = False
        self._of_tiles: dict[int, Parts] = {}
        self._make()

    def _make(self) -> None:
        self._areas: dict[str, tuple[AreaItem, ...]] = {}
        for name, kind in part_kinds().items():
            setattr(self, name, kind(self))

    def __iter__(self) -> Iterator[Part]:
        """The parts that the chip has, in the order of the price list."""
        for name in part_kinds():
            part: Part = getattr(self, name)
            if part.n_per_parent:
                yield part

    @cached_property
    def around_arrays(self) -> tuple[ArrayPart, ...]:
        """The optional circuits of the arrays that the chip has."""
        return tuple(part for part in self if isinstance(part, ArrayPart))

    @property
    def n_sides(self) -> int:
        """Sides of an array that have drivers, sample-and-hold and ADCs of their own."""
        return 2 if self.chip.crossbar.transpose == "duplicated" else 1

    @property
    def is_tailored(self) -> bool:
        """Whether each tile is as large as what it holds."""
        return self.chip.n_tiles == TAILORED and self.held is not None

    def at(self, tile: int) -> Parts:
        """The parts of one tile: these, where all tiles are alike."""
        if not self.is_tailored:
            return self
        if tile not in self._of_tiles:
            sizes = self._sizes_of(tile)
            alike = (parts for parts in self._of_tiles.values() if parts._sizes == sizes)
            self._of_tiles[tile] = next(alike, None) or self._with(sizes)
        return self._of_tiles[tile]

    def _sizes_of(self, tile: int) -> dict[str, int]:
        """Of the memories in a tailored tile, and of those outside of tiles."""
        assert self.held is not None  # tiles are tailored to something
        in_tiles = [name for name in buffer_kinds() if getattr(self, name).where == "tile"]
        return {**self._sizes, **{name: self.held.built_bytes.get((name, tile), 0) for name in in_tiles}}

    def _with(self, sizes: Mapping[str, int]) -> Parts:
        made = copy(self)
        made._sizes, made.is_of_one_tile = sizes, True
        made._make()
        return made

    def size_bytes(self, buffer: str) -> int:
        """The size of a buffer: as the workload needs, or as the chip file says."""
        return int(self._sizes.get(buffer, _size_in_file(self.chip, buffer)))

    @cached_property
    def _items(self) -> tuple[AreaItem, ...]:
        return tuple(item for part in self for item in self._items_of(part))

    def _items_of(self, part: Part) -> tuple[AreaItem, ...]:
        if part.kind not in self._areas:
            self._areas[part.kind] = tuple(area_items([part]))
        return self._areas[part.kind]

    def items(self) -> tuple[AreaItem, ...]:
        """Area and leakage of every part, with source and scaling; memories of several sizes are several items."""
        return self._items

    @cached_property
    def _tile_pitch_mm(self) -> float:
        return math.sqrt(self._tile_um2(self._items)) / 1e3

    def tile_um2_without(self, part: str) -> float:
        """Area of a tile, the mean of all, without one of its parts."""
        others = (other for other in self if other.kind != part)
        return self._tile_um2(item for other in others for item in self._items_of(other))

    def _tile_um2(self, items: Iterable[AreaItem]) -> float:
        return sum(item.n * item.area_um2 for item in items if item.where != "chip") / self.n_tiles

    def tile_pitch_mm(self) -> float:
        """Side of a square tile: the length of a hop between neighbours."""
        return self._tile_pitch_mm


@cache
def part_kinds() -> Mapping[str, type[Part]]:
    """The class of every part, by its name in the price list."""
    return MappingProxyType(get_type_hints(Parts))


def buffer_kinds() -> dict[str, type[Memory]]:
    """Those of them that are memories."""
    return {name: kind for name, kind in part_kinds().items() if issubclass(kind, Memory)}


def check(chip: Chip) -> list[str]:
    """Every error that keeps `Parts` from pricing a chip.

    Parameters
    ----------
    chip : Chip
        A chip as the loader gives it: each field is well-formed by itself.

    Returns
    -------
    list of str
        ``path: what is wrong; what would help``; empty if every cost model holds for this chip.
    """
    of_parts = [error for kind in part_kinds().values() for error in kind.errors(chip)]
    of_circuits = circuit_errors(chip)
    priced = chip if of_circuits else with_circuits(chip)
    return list(dict.fromkeys([*of_circuits, *_gathered(of_parts), *scaling_errors(priced, part_kinds())]))


def _gathered(errors: Iterable[str]) -> list[str]:
    """Errors that say the same of several places as one, at the first of them."""
    places: dict[str, list[str]] = {}
    for path, said in (error.split(": ", 1) for error in errors):
        if path not in places.setdefault(said, []):
            places[said].append(path)
    more = {said: f" (as {', '.join(others)})" if others else "" for said, (_, *others) in places.items()}
    return [f"{first}: {said}{more[said]}" for said, (first, *_) in places.items()]


def ideal_without_effect(chip: Chip) -> list[str]:
    """Errors that the chip switches off by name and does not have."""
    if isinstance(chip.ideal, bool):
        return []
    has_errors = chip.device.errors != CellErrors() or chip.device.curve is not None
    absent = {"wires": chip.crossbar.wires is None, "cells": not has_errors}
    where = {"wires": "crossbar.wires is not given", "cells": "device.errors and device.curve are not given"}
    found = [
        f"ideal.{part}: changes nothing here, for {where[part]}"
        for part, is_absent in absent.items()
        if is_absent and getattr(chip.ideal, part)
    ]
    if chip.ideal.drivers and chip.execution.quantiser.is_stochastic:
        said = "changes no number here, for ideal.drivers leaves errors as they are"
        found.append(f"execution.errors.rounding: {said}")
    return found


def without_effect(chip: Chip) -> list[str]:
    """Which keys no time, price or value of this chip depends on, and what would make them count.

    Parameters
    ----------
    chip : Chip
        Without errors (`check`).

    Returns
    -------
    list of str
        ``path: why it changes nothing here; what would make it count``.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> [note.split(":")[0] for note in without_effect(load_chip("arch_specs/isaac_32nm.yaml"))]
    ['device.read_voltage', 'adc.kind']
    """
    notes = [note for kind in part_kinds().values() for note in kind.notes(chip)]
    if not any(kind.scales(chip) for kind in part_kinds().values()):
        said = "for no cost has model: survey, cacti or sram, or says at which node its figures hold"
        notes.append(f"technology.node: changes nothing here, {said}")
    notes += ideal_without_effect(chip)
    if chip.execution.n_copy_every > 1 and chip.execution.feedback != "copy":
        notes.append("execution.copy_every: changes nothing here, for feedback: transposable has no copy to write")
    return notes + conditions_without_effect(chip, part_kinds())


def free_paths() -> list[tuple[str, ...]]:
    """Paths in a chip file that change times and prices, but never which tasks there are."""
    return [*_FREE_OF_CHIP, *(path for kind in part_kinds().values() for path in kind.free_paths())]


def count_units() -> dict[str, str]:
    """The unit of count of every action."""
    return {name: unit for kind in part_kinds().values() for name, unit in kind.counts}


def _size_in_file(chip: Chip, buffer: str) -> Any:
    spec = buffer_kinds()[buffer].of_file(chip)
    return 0 if spec is None else spec.size_bytes


def _size_errors(chip: Chip, sizes: Mapping[str, int]) -> list[str]:
    found = {name: sizes.get(name, _size_in_file(chip, name)) for name in buffer_kinds()}
    return [
        f"{'.'.join(buffer_kinds()[name].path)}.size: {size} needs a workload, or give a size such as '64 KiB'"
        for name, size in found.items()
        if not isinstance(size, int)
    ]
