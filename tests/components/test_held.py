"""Area of tiles that are alike or tailored, and what of it is idle: hand-made holdings of the small chip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archsim.components import AreaItem, Held, Parts, buffer_kinds
from archsim.components.sram_law import memory
from archsim.spec import Chip

MakeChip = Callable[..., Chip]
KIB = 1024
SRAM = {"size": "exact", "width": "64 bit", "cost": {"model": "sram"}}
# two tiles of 3 PEs with 2 crossbars each; the second holds less
NEEDED = {("input_buffer", 0): 2 * KIB, ("input_buffer", 1): KIB, ("global_buffer", -1): KIB}


def items(chip: Chip, held: Held, **sizes: int) -> dict[str, list[AreaItem]]:
    every = {**dict.fromkeys(buffer_kinds(), 0), "input_buffer": 2 * KIB, "global_buffer": 4 * KIB, **sizes}
    found: dict[str, list[AreaItem]] = {}
    for item in Parts(chip, 2, every, held).items():
        found.setdefault(item.component, []).append(item)
    return found


@pytest.fixture
def chip(make_chip: MakeChip) -> Callable[[Any], Chip]:
    changes = {"tile.input_buffer": SRAM, "global_buffer": {**SRAM, "size": "4 KiB"}}
    return lambda tiles: make_chip({**changes, "tiles": tiles})


def test_of_uniform_tiles_all_that_holds_nothing_or_is_too_large_is_idle(chip: Callable[[Any], Chip]) -> None:
    found = items(chip(2), Held(4, 7, NEEDED, {}))
    (crossbar,), (buffer,), (whole,) = (found[k] for k in ("crossbar", "input_buffer", "global_buffer"))
    assert crossbar.n == 12
    assert crossbar.idle_um2 == pytest.approx(5 * crossbar.area_um2)
    assert found["drivers"][0].idle_uw == pytest.approx(5 * found["drivers"][0].leakage_uw)
    one, two, four = (memory(n * 128, 64, 65) for n in (1, 2, 4))
    assert buffer.n == 2
    assert buffer.area_um2 == two.area_um2
    assert buffer.idle_um2 == pytest.approx(two.area_um2 - one.area_um2)
    assert buffer.idle_uw == pytest.approx(two.leakage_uw - one.leakage_uw)
    assert whole.idle_um2 == pytest.approx(four.area_um2 - one.area_um2)
    assert found["accumulator"][0].idle_um2 == 0


def test_a_memory_that_holds_nothing_is_idle_as_a_whole(chip: Callable[[Any], Chip]) -> None:
    one_tile = {key: n for key, n in NEEDED.items() if key[1] != 1}
    (buffer,) = items(chip(2), Held(3, 6, one_tile, {}))["input_buffer"]
    assert buffer.idle_um2 == pytest.approx(buffer.area_um2)


def test_tailored_tiles_have_as_much_as_they_hold_and_nothing_idle(chip: Callable[[Any], Chip]) -> None:
    built = {key: n for key, n in NEEDED.items() if key[1] >= 0}
    uniform, found = (items(chip(tiles), Held(4, 7, NEEDED, built)) for tiles in (2, "tailored"))
    assert found["crossbar"][0].n == found["write_circuits"][0].n == 7
    assert [(item.n, item.area_um2) for item in found["input_buffer"]] == [
        (1, memory(128, 64, 65).area_um2), (1, memory(256, 64, 65).area_um2)
    ]  # fmt: skip
    assert found["neuron_unit"][0].n == uniform["neuron_unit"][0].n
    in_tiles = [item for name in found for item in found[name] if name != "global_buffer"]
    assert sum(item.idle_um2 for item in in_tiles) == 0


def test_a_tailored_tile_asks_its_own_memory(chip: Callable[[Any], Chip]) -> None:
    built = {key: n for key, n in NEEDED.items() if key[1] >= 0}
    sizes = {**dict.fromkeys(buffer_kinds(), 0), "input_buffer": 2 * KIB}
    parts = Parts(chip("tailored"), 2, sizes, Held(4, 7, NEEDED, built))
    large, small = (parts.at(tile).input_buffer for tile in (0, 1))
    assert large.priced("receive").energy_pj == memory(256, 64, 65).write_energy_pj
    assert small.access_ps(1000) == round(1000 * memory(128, 64, 65).latency_ps)
    assert (large.priced("receive").name, small.priced("receive").name) == ("receive@2048B", "receive@1024B")
    assert parts.at(1) is parts.at(1)
    assert parts.tile_pitch_mm() == parts.at(1).tile_pitch_mm()
    alike = Parts(chip(2), 2, sizes, Held(4, 7, NEEDED, {}))
    assert alike.at(1) is alike
