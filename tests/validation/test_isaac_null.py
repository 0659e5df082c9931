"""ISAAC's closed form (ISCA 2016): a 16-bit product takes 22 cycles of 100 ns, a new one starts every 16.

The static schedule of its authors holds while there is enough of everything; take something away and it must not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CYCLE_PS = 100_000
N_SAMPLES = 6


@pytest.fixture(scope="module")
def isaac(make_run: Callable[..., Any], dense: Callable[..., Any]) -> Callable[..., Any]:
    def run(*chip_set: str, n_samples: int = N_SAMPLES, **size: int) -> Any:
        shape = {"n_inputs": 128, "n_outputs": 16, **size}
        work = dense(**shape, input_bits=16, samples=n_samples)
        return make_run("arch_specs/isaac_32nm.yaml", work, chip_set=chip_set)

    return run


def latency_ps(run: Any, sample: int) -> int:
    """From the start of a sample's first fetch to the end of its last output write."""
    start = run.trace.start_ps[run.tasks("fetch", sample=sample)].min()
    return int(run.trace.done_ps[run.tasks("emit", sample=sample)].max() - start)


def intervals_ps(run: Any) -> list[int]:
    """Between the outputs of one sample and the next."""
    ends = [run.trace.done_ps[run.tasks("emit", sample=s)].max() for s in range(N_SAMPLES)]
    return np.diff(ends).tolist()


def test_a_16_bit_product_takes_22_cycles(isaac: Callable[..., Any], reference_dir: Path) -> None:
    known = json.loads((reference_dir / "reference/known_answers.json").read_text())["isaac_pipeline"]
    assert (known["latency_cycles"], known["cycle_ns"]) == (22, CYCLE_PS // 1000)
    assert latency_ps(isaac(n_samples=1), 0) == known["latency_cycles"] * CYCLE_PS


def test_a_new_product_comes_out_every_16_cycles(isaac: Callable[..., Any]) -> None:
    run = isaac()
    assert intervals_ps(run) == [16 * CYCLE_PS] * (N_SAMPLES - 1)


def test_each_of_the_22_cycles_is_the_stage_that_isaac_names(isaac: Callable[..., Any]) -> None:
    run = isaac(n_samples=1)
    zero = run.trace.start_ps[run.tasks("fetch")].min()

    def cycles(action: str) -> list[int]:
        """Cycles, counted from 1, in which tasks of an action end."""
        ends = np.sort(run.trace.done_ps[run.tasks(action)] - zero)
        assert not (ends % CYCLE_PS).any()
        return (ends // CYCLE_PS).tolist()

    assert cycles("fetch") == [1]  # eDRAM and input register
    assert cycles("read") == list(range(2, 18))  # 16 bits, one a cycle
    assert cycles("convert") == list(range(3, 19))
    assert cycles("shift_add") == list(range(4, 20))
    assert cycles("add") == [20]  # output register, shift-and-add of the tile
    assert cycles("update") == [21]  # sigmoid
    assert cycles("emit") == [22]  # eDRAM write


@pytest.mark.parametrize(
    ("taken", "interval_cycles"),
    [
        ("sample_hold.banks=1", 32),  # a read waits until the one before is converted
        ("adc.rate=0.64 GS/s", 32),  # half the ADCs
        ("adc.rate=0.32 GS/s", 64),
        ("shift_add.registers=1", 19),  # the next product starts when the tile has taken this one's result
    ],
)
def test_with_less_of_something_products_come_more_slowly(
    isaac: Callable[..., Any], taken: str, interval_cycles: int
) -> None:
    run = isaac(taken)
    assert intervals_ps(run) == [interval_cycles * CYCLE_PS] * (N_SAMPLES - 1)


@pytest.mark.parametrize("taken", ["sample_hold.banks=1", "adc.rate=0.64 GS/s", "shift_add.lanes=64"])
def test_with_less_of_something_one_product_takes_longer(isaac: Callable[..., Any], taken: str) -> None:
    assert latency_ps(isaac(taken, n_samples=1), 0) > 22 * CYCLE_PS


def test_what_the_schedule_leaves_out_shows_when_row_blocks_share_the_edram(isaac: Callable[..., Any]) -> None:
    # four row blocks fetch one after the other through one port, and add up on one accumulator
    assert latency_ps(isaac(n_samples=1, n_inputs=512), 0) > 22 * CYCLE_PS


def test_the_parts_that_isaac_names_have_isaacs_area(isaac: Callable[..., Any], reference_dir: Path) -> None:
    table = json.loads((reference_dir / "reference/component_costs.json").read_text())["isaac_32nm"]
    area = isaac(n_samples=1).area_um2()
    not_isaac = {"membrane_buffer", "history_buffer", "gradient_buffer", "global_buffer", "gradient_unit"}
    not_isaac |= {"write_circuits"}
    named_mm2 = sum(a for name, a in area.items() if name not in not_isaac) / 1e6
    assert named_mm2 == pytest.approx(table["chip"]["mm2"], rel=0.01)


def test_a_busy_array_draws_the_power_of_isaacs_table(isaac: Callable[..., Any], reference_dir: Path) -> None:
    ima = json.loads((reference_dir / "reference/component_costs.json").read_text())["isaac_32nm"]["ima"]
    energy_pj = isaac(n_samples=1).energy_pj()
    seconds = 16 * CYCLE_PS * 1e-12
    groups = {
        "adc": "adc_8b_1p2GSps_x8",
        "drivers": "dac_1b_x1024",
        "crossbar": "array_128x128_2b_x8",
        "shift_add": "shift_add_x4",
        "sample_hold": "sample_hold_x1024",
    }
    for component, group in groups.items():
        power_mw = 8 * energy_pj[component] * 1e-12 / seconds * 1e3  # 8 arrays in an IMA
        assert power_mw == pytest.approx(ima[group]["mW"], rel=0.03), component
