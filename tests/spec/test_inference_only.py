"""Parts for learning may be left out of a chip that only infers; who asks it to learn is told what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.errors import SpecError
from archsim.mapping import map_workload
from archsim.spec import Chip
from archsim.spec.library import FOLDER
from archsim.workload import Workload

LEFT_OUT = ("write=null", "tile.history_buffer=null", "tile.gradient_buffer=null", "tile.gradient_unit=null")
WORK = ["samples=1", "batch=1", "timesteps=4"]
LIBRARY = FOLDER / "rram_22nm.yaml"


@pytest.fixture(scope="module")
def work() -> Workload:
    return archsim.load_workload("workloads/watch_mlp.yaml", WORK)


@pytest.fixture(scope="module")
def infers() -> Chip:
    return archsim.load_chip(LIBRARY, LEFT_OUT)


def test_without_parts_for_learning_inference_takes_the_same_in_less_area(infers: Chip, work: Workload) -> None:
    whole = archsim.simulate(archsim.load_chip(LIBRARY), work, "heap", phase="inference")
    result = archsim.simulate(infers, work, "heap", phase="inference")
    assert result.latency_ps == whole.latency_ps
    assert result.area_um2 < whole.area_um2
    gone = {"history_buffer", "gradient_buffer", "gradient_unit", "write_circuits"}
    assert not gone & {item.component for item in result.items}


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_learning_on_it_is_one_message_with_what_would_help(infers: Chip, work: Workload, phase: str) -> None:
    said = (
        "tile.history_buffer, tile.gradient_buffer, tile.gradient_unit, write: chip rram_22nm leaves out what "
        f"phase {phase} needs; describe it, or name a library that has it"
    )
    for ask in (lambda: archsim.simulate(infers, work, phase=phase), lambda: map_workload(infers, work, phase)):
        with pytest.raises(SpecError) as refused:
            ask()
        assert str(refused.value).startswith(said)


def test_the_command_line_says_the_same_and_prices_it(tmp_path: Path) -> None:
    file = tmp_path / "chip.yaml"
    left_out = "write: null\ntile: {history_buffer: null, gradient_buffer: null, gradient_unit: null}\n"
    file.write_text(f"version: 1\nname: watch\nlibrary: rram_22nm\n{left_out}", encoding="utf-8")
    runner = CliRunner()
    assert runner.invoke(app, ["components", str(file)]).exit_code == 0
    assert runner.invoke(app, ["check", str(file)]).exit_code == 0
    asked = ["run", str(file), "workloads/watch_mlp.yaml", "--phase", "dfa"]
    assert runner.invoke(app, asked).exit_code == 2
