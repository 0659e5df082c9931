"""How many instances of each component a chip has, and what each takes in area and leakage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archsim.components.adc import AdcPrice
from archsim.components.array import crossbar_figures
from archsim.components.buffer import BufferPrice
from archsim.components.digital import cited_figures
from archsim.components.noc import interconnect_figures
from archsim.components.records import BUFFERS, AreaItem, Figures, Where
from archsim.spec.chip import Chip

_Row = tuple[str, Where, int, Figures]


def area_items(
    chip: Chip, n_tiles: int, adc: AdcPrice, buffers: Mapping[str, BufferPrice]
) -> tuple[AreaItem, ...]:
    """Every component of the chip, once.

    A transposable array with "duplicated" circuits has drivers, sample-and-hold and ADCs on both sides.
    """
    n_pes = n_tiles * chip.tile.n_pes
    parents = {"chip": 1, "tile": n_tiles, "pe": n_pes, "crossbar": n_pes * chip.pe.n_crossbars}
    rows = [*_array_rows(chip, adc), *_tile_rows(chip, buffers), *_chip_rows(chip, buffers)]
    return tuple(
        AreaItem(name, where, n * parents[where], f.area_um2, f.leakage_uw, f.source, f.scaling, n)
        for name, where, n, f in rows
    )


def _array_rows(chip: Chip, adc: AdcPrice) -> Iterator[_Row]:
    crossbar, drivers, write, hold = chip.crossbar, chip.drivers.cost, chip.write.cost, chip.sample_hold
    n_sides = 2 if crossbar.transpose == "duplicated" else 1
    n_adcs = crossbar.n_columns // chip.adc.n_columns_per_adc
    yield "crossbar", "crossbar", 1, crossbar_figures(crossbar)
    yield "drivers", "crossbar", n_sides, Figures(drivers.area_um2, drivers.leakage_uw, drivers.source)
    yield "write_circuits", "crossbar", 1, Figures(write.area_um2, write.leakage_uw, write.source)
    if hold is not None:
        n_held = n_sides * crossbar.n_columns * hold.n_banks
        yield "sample_hold", "crossbar", n_held, cited_figures(hold.cost)
    yield "adc", chip.adc.scope, n_sides * n_adcs, adc.figures
    yield "shift_add", chip.adc.scope, chip.shift_add.n_lanes, cited_figures(chip.shift_add.cost)


def _tile_rows(chip: Chip, buffers: Mapping[str, BufferPrice]) -> Iterator[_Row]:
    tile = chip.tile
    yield "tile_bus", "tile", 1, cited_figures(tile.bus.cost)
    for name in BUFFERS:
        if name != "global_buffer":
            yield name, "tile", 1, buffers[name].figures
    units = {
        "accumulator": tile.accumulator,
        "neuron_unit": tile.neuron_unit,
        "gradient_unit": tile.gradient_unit,
    }
    for name, unit in units.items():
        yield name, "tile", unit.n_lanes, cited_figures(unit.cost)
    if tile.control is not None:
        yield "tile_control", "tile", 1, cited_figures(tile.control)
    yield "interconnect", "tile", 1, interconnect_figures(chip.interconnect)


def _chip_rows(chip: Chip, buffers: Mapping[str, BufferPrice]) -> Iterator[_Row]:
    yield "global_buffer", "chip", 1, buffers["global_buffer"].figures
    if chip.chip_control is not None:
        yield "chip_control", "chip", 1, cited_figures(chip.chip_control)
