"""NeuRRAM's measured chip (Wan et al., Nature 2022), as recorded in known_answers.json, from its chip file."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

N_CORES, N_OPS = 48, 256 * 128 * 2


@pytest.fixture(scope="module")
def neurram(reference_dir: Path) -> Any:
    return json.loads((reference_dir / "reference/known_answers.json").read_text())["neurram"]


@pytest.fixture(scope="module")
def product(make_run: Callable[..., Any], dense: Callable[..., Any]) -> Callable[..., Any]:
    """One full core: 256 inputs by 128 signed weights."""

    def run(in_bits: int, out_bits: int, one_phase: bool) -> Any:
        chip_set = (f"adc.resolution={out_bits} bit", f"drivers.max_cycles={1 if one_phase else 2}")
        return make_run("arch_specs/neurram_130nm.yaml", dense(256, 128, in_bits), chip_set=chip_set)

    return run


def time_ps(run: Any) -> int:
    """From the first drive to the last merge."""
    start = run.trace.start_ps[run.tasks("drive")].min()
    return int(run.trace.done_ps[run.tasks("shift_add")].max() - start)


def closed_form_ps(in_bits: int, out_bits: int, one_phase: bool) -> int:
    """The formula of known_answers.json, in ps."""
    n = max(1, in_bits - 1)
    phases = [n] if one_phase or n <= 3 else [-(-n // 2), n // 2]
    integrate = 270_000 * sum(2**p - 1 for p in phases)
    convert = 300_000 * sum(max(out_bits - sum(phases[:i]), 0) for i in range(len(phases)))
    return integrate + convert + 300_000 * len(phases)


def test_every_recorded_product_takes_the_recorded_time(neurram: Any, product: Callable[..., Any]) -> None:
    assert len(neurram["rows"]) == 5
    for row in neurram["rows"]:
        run = product(row["in_bits"], row["out_bits"], row["one_phase"])
        assert time_ps(run) == round(row["T_us"] * 1e6)


@pytest.mark.parametrize("in_bits", range(1, 9))
@pytest.mark.parametrize("one_phase", [True, False])
def test_the_time_is_the_closed_form_at_every_width(
    product: Callable[..., Any], in_bits: int, one_phase: bool
) -> None:
    for out_bits in (3, 4, 6, 9, 10):
        run = product(in_bits, out_bits, one_phase)
        assert time_ps(run) == closed_form_ps(in_bits, out_bits, one_phase)


def test_throughput_is_within_ten_percent_of_the_measured_chip(neurram: Any, product: Callable[..., Any]) -> None:
    for row in neurram["rows"]:
        run = product(row["in_bits"], row["out_bits"], row["one_phase"])
        assert run.lowered.mapping.n_tiles == N_CORES
        tops = N_OPS * N_CORES / time_ps(run)  # operations in a ps
        assert tops == pytest.approx(row["TOPS_silicon"], rel=0.10), row


def test_energy_of_each_part_is_within_ten_percent_of_the_recorded_split(
    neurram: Any, product: Callable[..., Any]
) -> None:
    parts = {"wl_switching": "drivers", "neuron_control": "adc", "input_pulses": "crossbar"}
    splits = neurram["energy_fJ_per_MAC_two_phase"]
    assert len(splits) == 4
    for key, split in splits.items():
        out_bits, in_bits = (int(part.strip("outin")) for part in key.split("_"))
        spent = product(in_bits, out_bits, False).energy_pj("fc")
        for part, component in parts.items():
            assert spent[component] * 1e3 / N_OPS == pytest.approx(split[part], rel=0.10), (key, part)
        assert spent["sample_hold"] == spent["shift_add"] == 0  # theirs is in the neuron's


def test_the_energy_of_rows_that_are_not_in_the_fit_is_predicted_within_fifteen_percent(
    neurram: Any, product: Callable[..., Any]
) -> None:
    for row in neurram["rows"]:
        spent = product(row["in_bits"], row["out_bits"], row["one_phase"]).energy_pj("fc")
        here = N_OPS / sum(spent[name] for name in ("drivers", "adc", "crossbar"))
        assert here == pytest.approx(row["TOPS_W_silicon"], rel=0.15), row
    assert {(row["in_bits"], row["out_bits"]) for row in neurram["rows"]} >= {(6, 8), (8, 10)}
    assert not {"out8_in6", "out10_in8"} & set(neurram["energy_fJ_per_MAC_two_phase"])


def test_neurons_take_energy_for_every_pulse_that_they_integrate(product: Callable[..., Any]) -> None:
    # 4 bits in one phase: 7 pulses; 3 bits: 3; as many steps
    four, three = (product(bits, 8, True).energy_pj("fc")["adc"] for bits in (4, 3))
    assert (four - three) / 256 == pytest.approx(4 * 0.26)


@pytest.mark.parametrize("between", [(2, 4), (4, 6), (6, 8)])
def test_energy_between_the_recorded_widths_lies_between_the_recorded_sums(
    neurram: Any, product: Callable[..., Any], between: tuple[int, int]
) -> None:
    in_bits, out_bits = between
    recorded = neurram["energy_fJ_per_MAC_two_phase"]
    sums = [sum(recorded[f"out{out_bits + d}_in{in_bits + d}"].values()) for d in (-1, 1)]
    spent = product(in_bits, out_bits, False).energy_pj("fc")
    here = sum(spent[name] for name in ("drivers", "adc", "crossbar")) * 1e3 / N_OPS
    assert min(sums) * 0.9 < here < max(sums) * 1.1


def test_areas_are_the_recorded_shares_of_a_core(neurram: Any, product: Callable[..., Any]) -> None:
    share, area = neurram["area_fraction"], product(3, 5, False).area_um2()
    core_um2 = share["core_area_um2"]
    for component, key in (("adc", "neurons"), ("drivers", "array_drivers"), ("crossbar", "rram")):
        assert area[component] / N_CORES == pytest.approx(share[key] * core_um2, rel=1e-6)
    core = sum(area[name] for name in ("adc", "drivers", "crossbar", "tile_control")) / N_CORES
    assert core == pytest.approx(core_um2, rel=1e-6)


def test_a_second_capacitor_would_let_the_phases_overlap(
    make_run: Callable[..., Any], dense: Callable[..., Any]
) -> None:
    # the form is that of one neuron for each column; with two banks the second phase integrates meanwhile
    two_banks = ("adc.resolution=10 bit", "sample_hold.banks=2")
    two = make_run("arch_specs/neurram_130nm.yaml", dense(256, 128, 8), chip_set=two_banks)
    assert time_ps(two) < closed_form_ps(8, 10, one_phase=False)


def test_the_page_holds_the_tables_of_today(root_dir: Path, neurram: Any) -> None:
    spec = importlib.util.spec_from_file_location("neurram_benchmark", root_dir / "benchmarks/neurram.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    shown = bench.PAGE.read_text().split(bench.BEGIN)[1].split(bench.END)[0].strip()
    assert shown == "\n".join(bench.lines(neurram)), "run: python benchmarks/neurram.py --write"
