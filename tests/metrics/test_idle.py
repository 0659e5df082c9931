"""Uniform and tailored chips that hold the same network: what is idle in one is not built in the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archsim
from archsim.components import buffer_kinds
from archsim.metrics import Result
from archsim.metrics.idle import idle_of
from archsim.report import html_report, markdown
from archsim.report.summary import idle_line
from archsim.texts import as_markdown

EXACT = [
    f"{'.'.join(kind.path)}.{said}"
    for kind in buffer_kinds().values()
    for said in ("size=exact", "cost.model=sram", "banks=auto")
]
WORK = ["timesteps=2", "samples=1", "batch=1"]


@pytest.fixture(scope="module")
def ran() -> Callable[..., Result]:
    folder = Path(__file__).resolve().parents[2]
    work = archsim.load_workload(folder / "workloads/watch_mlp.yaml", WORK)
    known: dict[Any, Result] = {}

    def run(phase: str, *sets: str) -> Result:
        if (phase, sets) not in known:
            chip = archsim.load_chip(folder / "tests/chips/wearable_rram.yaml", ["crossbar.rows=64", *sets])
            known[phase, sets] = archsim.simulate(chip, work, "heap", phase=phase)
        return known[phase, sets]

    return run


@pytest.mark.parametrize("phase", ["inference", "bp", "program"])
def test_a_tailored_chip_is_the_uniform_one_less_what_is_idle(ran: Callable[..., Result], phase: str) -> None:
    uniform, tailored = ran(phase, *EXACT), ran(phase, *EXACT, "tiles=tailored")
    idle = idle_of(uniform.items)
    assert idle["area_um2"] > 0.005 * uniform.area_um2
    assert tailored.area_um2 == pytest.approx(uniform.area_um2 - idle["area_um2"], rel=1e-9)
    # a few words in flip-flops leak more than the largest tile's SRAM; that is not counted against the rest
    assert 0 <= tailored.leakage_uw - (uniform.leakage_uw - idle["leakage_uw"]) < 1
    assert idle_of(tailored.items) == {"area_um2": 0.0, "leakage_uw": 0.0, "components": {}}


def test_accesses_to_a_tailored_tile_s_smaller_memories_take_less_energy(ran: Callable[..., Result]) -> None:
    uniform, tailored = ran("bp", *EXACT), ran("bp", *EXACT, "tiles=tailored")
    assert {name.partition("@")[0] for name in tailored.actions} == {
        name.partition("@")[0] for name in uniform.actions
    }
    # (an access of a memory that nothing lies in would cost nothing)
    assert not [name for name in tailored.actions if name.endswith("@0B")]
    assert tailored.dynamic_energy_pj < uniform.dynamic_energy_pj


def test_uniform_is_another_word_for_auto(ran: Callable[..., Result]) -> None:
    auto, uniform = ran("bp"), ran("bp", "tiles=uniform")
    assert (auto.latency_ps, auto.energy_pj, auto.items) == (uniform.latency_ps, uniform.energy_pj, uniform.items)


def test_sizes_rounded_up_to_powers_of_two_are_idle_beyond_what_is_needed(ran: Callable[..., Result]) -> None:
    exact, rounded = (idle_of(ran("bp", *sets).items)["components"]["gradient_buffer"] for sets in (EXACT, ()))
    assert rounded["area_um2"] > exact["area_um2"]


def test_the_report_says_what_is_idle(ran: Callable[..., Result]) -> None:
    record = ran("bp", *EXACT).to_dict()
    said = idle_line(record)
    assert said.startswith("bp: ")
    assert "of the area is idle" in said
    assert "gradient_buffer" in said
    assert idle_line(ran("bp", *EXACT, "tiles=tailored").to_dict()) == ""
    assert as_markdown(said) in markdown([record])
    assert f"<li>{said}</li>" in html_report([ran("bp", *EXACT)])
