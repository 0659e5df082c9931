"""SRAM against the table it is made of, and what happens between and beyond its points."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.components import Parts, check
from archsim.components.sram import LARGEST_NODE_NM, Sram, sram
from archsim.components.sram_law import memory
from archsim.spec import Chip

MakeParts = Callable[..., Parts]
KIB = 1024


def figures(found: Sram) -> tuple[float, ...]:
    return (found.area_um2, found.leakage_uw, found.read_energy_pj, found.write_energy_pj, found.latency_ps)


@pytest.fixture(scope="module")
def rows(reference_dir: Path) -> list[dict[str, float]]:
    with (reference_dir / "reference/tables/cacti_sram.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_the_package_holds_the_reference_table_unchanged(reference_dir: Path) -> None:
    ours = (files("archsim.components") / "tables/cacti_sram.csv").read_bytes()
    assert ours == (reference_dir / "reference/tables/cacti_sram.csv").read_bytes()


def test_an_sram_of_a_size_in_the_table_has_exactly_its_figures(rows: list[dict[str, float]]) -> None:
    used = [row for row in rows if row["tech_nm"] <= LARGEST_NODE_NM]
    assert len(used) == 72
    for row in used:
        found = sram(int(row["size_bytes"]), int(row["width_bits"]), row["tech_nm"])
        expected = [row[k] * 1e12 for k in ("area_m2", "read_J", "write_J", "latency_s")]
        assert [*figures(found)[:1], *figures(found)[2:]] == pytest.approx(expected, rel=1e-12)
        assert found.leakage_uw == pytest.approx(row["leak_W"] * 1e6, rel=1e-12)
        assert found.scaling == ""


def test_the_rows_for_90_nm_are_those_for_22_nm_times_constants_so_they_are_not_used(
    rows: list[dict[str, float]],
) -> None:
    by_key = {(row["tech_nm"], row["size_bytes"], row["width_bits"]): row for row in rows}
    for column, factor in (("area_m2", 90 / 22), ("latency_s", 90 / 22), ("leak_W", 1.0)):
        for (node, size, width), row in by_key.items():
            if node == 90:
                assert row[column] == pytest.approx(by_key[22, size, width][column] * factor, rel=1e-9)
                assert column != "area_m2" or row[column] < by_key[65, size, width][column]


def test_halfway_between_two_widths_lies_the_geometric_mean() -> None:
    low, high = figures(sram(4 * KIB, 64, 45)), figures(sram(4 * KIB, 256, 45))
    middle = figures(sram(4 * KIB, 128, 45))  # halfway between 64 and 256 bit
    assert middle == pytest.approx([math.sqrt(a * b) for a, b in zip(low, high, strict=True)], rel=1e-12)


@given(
    size=st.integers(KIB, 256 * KIB),
    width=st.integers(64, 256),
    node=st.floats(22, 65),
)
def test_interpolated_figures_stay_within_the_table(size: int, width: int, node: float) -> None:
    corners = [
        figures(sram(s, w, n))
        for s in (2 ** math.floor(math.log2(size)), min(2 ** math.ceil(math.log2(size)), 256 * KIB))
        for w in (64, 256)
        for n in (max(x for x in (22, 32, 45, 65) if x <= node), min(x for x in (22, 32, 45, 65) if x >= node))
    ]
    for value, *bounds in zip(figures(sram(size, width, node)), *corners, strict=True):
        assert min(bounds) * (1 - 1e-9) <= value <= max(bounds) * (1 + 1e-9)


def test_a_memory_above_256_kib_is_several_banks_of_which_one_is_active() -> None:
    one, four = sram(256 * KIB, 64, 65), sram(1000 * KIB, 64, 65)
    assert four.area_um2 == pytest.approx(4 * one.area_um2)
    assert four.leakage_uw == pytest.approx(4 * one.leakage_uw)
    assert (four.read_energy_pj, four.latency_ps) == (one.read_energy_pj, one.latency_ps)
    assert "4 banks" in four.scaling


def test_beyond_the_small_end_the_figures_of_the_smallest_stand_and_it_is_said() -> None:
    tiny = sram(100, 8, 65)
    assert figures(tiny) == figures(sram(KIB, 64, 65))
    assert "1 KiB" in tiny.scaling
    assert "64 bit" in tiny.scaling
    assert "interpolated to 40 nm" in sram(KIB, 64, 40).scaling


def test_a_cited_buffer_costs_what_the_file_says(make_parts: MakeParts) -> None:
    parts = make_parts()
    assert [parts.input_buffer.accesses(n) for n in (0, 1, 64, 65)] == [0, 1, 1, 2]
    assert parts.input_buffer.access_ps(7) == 7000
    energies = {
        name: buffer.priced(name).energy_pj
        for buffer, names in (
            (parts.input_buffer, ("receive",)),
            (parts.output_buffer, ("emit", "unload")),
            (parts.history_buffer, ("keep", "recall")),
        )
        for name in names
    }
    assert energies == {"receive": 3.0, "emit": 3.0, "unload": 2.0, "keep": 3.0, "recall": 2.0}


def test_a_cacti_buffer_without_cycle_takes_the_latency_of_the_model(make_parts: MakeParts) -> None:
    cacti = {"size": "auto", "width": "64 bit", "cost": {"model": "cacti"}}
    parts = make_parts({"tile.history_buffer": cacti}, history_buffer=64 * KIB)
    latency_ps = sram(64 * KIB, 64, 65).latency_ps
    assert parts.history_buffer.access_ps(1000) == round(1000 * latency_ps)
    assert make_parts({"tile.history_buffer": {**cacti, "cycle": "5 ns"}}).history_buffer.access_ps(3) == 15_000


def test_a_buffer_of_bit_cells_grows_with_its_size(make_parts: MakeParts) -> None:
    cost = {
        "model": "bit_cell",
        "read_energy": "4.64 pJ",
        "write_energy": "4.64 pJ",
        "cell_area": "0.7391 um2",
        "cell_leakage": "0.001 uW",
        "source": "SpikeSim, ela_spikesim.py",
    }
    parts = make_parts({"tile.membrane_buffer.cost": cost}, membrane_buffer=2 * KIB)
    item = next(item for item in parts.items() if item.component == "membrane_buffer")
    assert item.area_um2 == pytest.approx(0.7391 * 2 * KIB * 8)
    assert item.leakage_uw == pytest.approx(0.001 * 2 * KIB * 8)


SRAM = {"size": "8 KiB", "width": "64 bit", "cost": {"model": "sram"}}


def test_an_sram_buffer_has_the_law_s_figures_at_its_size(make_parts: MakeParts) -> None:
    parts = make_parts({"tile.history_buffer": {**SRAM, "size": "exact"}}, history_buffer=3000)
    item = next(item for item in parts.items() if item.component == "history_buffer")
    law = memory(375, 64, 65)
    assert (item.area_um2, item.leakage_uw, item.scaling) == (law.area_um2, law.leakage_uw, law.scaling)
    assert parts.history_buffer.priced("keep").energy_pj == law.write_energy_pj


def test_banks_are_small_memories_that_share_a_burst(make_parts: MakeParts) -> None:
    four = make_parts({"tile.history_buffer": {**SRAM, "banks": 4}}, history_buffer=8 * KIB).history_buffer
    small = memory(256, 64, 65)
    assert four.figures.area_um2 == pytest.approx(4 * small.area_um2)
    assert four.figures.leakage_uw == pytest.approx(4 * small.leakage_uw)
    assert four.priced("recall").energy_pj == small.read_energy_pj
    assert four.access_ps(9) == round(3 * small.latency_ps)


def test_automatic_banks_are_the_fewest_that_keep_up(make_parts: MakeParts) -> None:
    """The gradient unit of the small chip takes 2 lanes x 32 bit, read and written, in each ns: 128 bit."""
    made = {**SRAM, "gradient": "32 bit"}
    auto = make_parts({"tile.gradient_buffer": {**made, "banks": "auto"}}).gradient_buffer.price
    fewer = make_parts({"tile.gradient_buffer": {**made, "banks": auto.n_banks - 1}}).gradient_buffer.price
    assert auto.n_banks * 64 / auto.access_ps >= 128 / 1000 > fewer.n_banks * 64 / fewer.access_ps


def test_one_bank_is_enough_for_a_slow_reader(make_parts: MakeParts) -> None:
    slow = {"tile.bus.cycle": "20 ns", "tile.input_buffer": {**SRAM, "banks": "auto"}}
    assert make_parts(slow).input_buffer.price.n_banks == 1


def test_banks_of_a_cited_memory_share_a_burst_at_the_same_figures(make_parts: MakeParts) -> None:
    one, two = make_parts().input_buffer, make_parts({"tile.input_buffer.banks": 2}).input_buffer
    assert two.access_ps(10) * 2 == one.access_ps(10)
    assert two.figures == one.figures


def test_more_banks_than_words_and_nodes_without_a_law_are_refused(make_chip: Callable[..., Chip]) -> None:
    chip = make_chip({"technology.node": "180 nm", "tile.history_buffer": SRAM, "tile.output_buffer.banks": 5000})
    assert check(chip) == [
        "tile.output_buffer.banks: 5000 banks for 512 words; lower banks or raise size",
        "tile.history_buffer.cost: CACTI's laws hold for 22 to 130 nm, the chip has 180 nm; "
        "use a cost of model: cited",
    ]


def test_memories_by_law_follow_the_conditions_of_their_chip(make_parts: MakeParts) -> None:
    def at(conditions: dict[str, str]) -> Any:
        chip = {"technology.node": "22 nm", "tile.history_buffer": SRAM, "conditions": conditions}
        return make_parts(chip).history_buffer.price

    plain, usual = at({}), at({"temperature": "300 K", "supply": "0.85 V", "flavour": "low_leakage"})
    assert (usual.figures, usual.read_energy_pj) == (plain.figures, plain.read_energy_pj)
    hot, low = at({"temperature": "330 K"}), at({"supply": "0.7 V"})
    assert hot.figures.leakage_uw == pytest.approx(8 * plain.figures.leakage_uw, rel=0.01)
    hotter, lop = at({"temperature": "360 K"}), at({"flavour": "low_power"})
    assert hotter.figures.leakage_uw == pytest.approx(15 * plain.figures.leakage_uw, rel=0.03)
    assert lop.figures.leakage_uw == pytest.approx(370 * plain.figures.leakage_uw, rel=0.01)
    assert low.read_energy_pj == pytest.approx(plain.read_energy_pj * (0.7 / 0.85) ** 2)
    assert low.figures.area_um2 == plain.figures.area_um2


def test_conditions_outside_of_cacti_s_laws_are_told_once(make_chip: Callable[..., Chip]) -> None:
    two = {"technology.node": "22 nm", "tile.history_buffer": SRAM, "tile.input_buffer": SRAM}
    chip = make_chip({**two, "conditions": {"temperature": "370 K", "supply": "0.4 V"}})
    assert check(chip) == [
        "conditions.temperature: 370 K; CACTI 7 (22 nm, ITRS LSTP, LOP and HP) holds for 300 to 360 K",
        "conditions.supply: 0.4 V; prices are scaled from 0.7 to 0.95 V at 22 nm; choose one within, or give "
        "figures that hold there, without at",
    ]
    cited = make_chip({"conditions": {"temperature": "370 K"}})
    assert check(cited) == []


def test_a_few_words_of_a_flavour_without_a_law_for_flip_flops_are_the_smallest_sram() -> None:
    assert memory(2, 64, 22, flavour="low_power").scaling.startswith("16 words")
