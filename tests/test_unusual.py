"""Values far outside of what has been published are told, with the usual range and its source; others are not."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.metrics import usual as of_runs
from archsim.spec.usual import USUAL, unusual
from archsim.units import Usual

CHIPS = sorted((Path(__file__).parents[1] / "arch_specs").glob("*.yaml"))
CHIP, WORK = "tests/chips/wearable_rram.yaml", "workloads/nmnist_mlp.yaml"
OHMIC = "crossbar.cost={model: ohmic, cell_area: %s, leakage: 0 uW, source: a test}"
ABSURD = {  # a slip of a unit at each key of the table
    "technology.node": "technology.node=1 nm",
    "device.read_voltage": "device.read_voltage=200 V",
    "device.read_pulse": "device.read_pulse=20 s",
    "device.on_time": "device.on_time=1 ps",
    "device.g_max": "device.g_max=1 S",
    "device.g_min": "device.g_min=1 pS",
    "device.errors.endurance.cycles": "device.errors.endurance.cycles=1e12",
    "device.errors.temperature": "device.errors.temperature=27 K",
    "write.pulse": "write.pulse=20 s",
    "write.pulses_per_cell": "write.pulses_per_cell=100000",
    "write.cost.energy": "write.cost.energy=1 mJ",
    "crossbar.cost.cell_area": OHMIC % "1 mm2",
    "adc.rate": "adc.rate=1 Hz",
}


@pytest.mark.parametrize("path", CHIPS, ids=lambda path: path.stem)
def test_chips_that_ship_are_usual(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert unusual(archsim.load_chip(path)) == ()


def test_every_key_of_the_table_has_its_slip():
    assert sorted(ABSURD) == sorted(usual.what for usual in USUAL)
    assert all(len(usual.source) > 15 for usual in USUAL)


@pytest.mark.parametrize("usual", USUAL, ids=lambda usual: usual.what)
def test_a_slip_of_a_unit_is_told_with_the_usual_range_and_its_source(root_dir, usual):
    with pytest.warns(archsim.UnusualWarning, match=usual.what) as told:
        chip = archsim.load_chip(root_dir / CHIP, [ABSURD[usual.what]])
    (message,) = {str(warning.message) for warning in told}
    assert unusual(chip) == (message,)
    assert "is far from what is usual" in message
    assert message.endswith(f"({usual.source})")
    assert told[0].filename == __file__


def test_ends_are_told_only_where_they_are_left_far_behind_and_zero_is_none():
    usual = Usual("x", "voltage", "0.2 V", "0.7 V", "two macros")
    assert not any(map(usual.told, (0.0, 0.021, 6.9, -6.9)))
    assert all(map(usual.told, (0.019, 7.1, -7.1)))
    one_end = Usual("x", None, None, "2", "a book", far=1.0)
    assert one_end.told(3) == "x: 3 is far from what is usual, up to 2 (a book)"
    assert "2 and more" in Usual("x", None, "2", None, "a book").told(0.1)


COSTLY = "crossbar.cost={model: cited, energy: 1 J, per: read, area: 1 um2, leakage: 0 uW, source: a slip}"


def test_a_run_far_beyond_chips_is_told_and_noted_in_its_provenance(root_dir):
    chip = archsim.load_chip(root_dir / CHIP, [COSTLY])
    work = archsim.load_workload(root_dir / WORK, ["timesteps=2"])
    with pytest.warns(archsim.UnusualWarning) as told:
        result = archsim.simulate(chip, work, engine="compiled", phase="inference")
    noted = result.provenance["unusual"]
    assert [str(warning.message) for warning in told] == [f"inference: {message}" for message in noted]
    assert [message.partition(":")[0] for message in noted] == ["average power", "average power of 1 mm²"]
    assert told[0].filename == __file__


def test_energy_and_area_have_their_ends_too():
    assert "energy of the run: 1000000 J is far from what is usual, up to 2430 J" in of_runs.ENERGY.told(1e18)
    assert not of_runs.ENERGY.told(2e15)
    assert of_runs.AREA.told(1e11)
    assert not of_runs.AREA.told(1e9)


def test_a_usual_run_says_nothing(root_dir):
    chip, work = archsim.load_chip(root_dir / CHIP), archsim.load_workload(root_dir / WORK, ["timesteps=2"])
    result = archsim.simulate(chip, work, engine="compiled", phase="inference")
    assert "unusual" not in result.provenance


def test_the_command_line_tells_each_once_on_stderr_and_keeps_it_in_the_notes(root_dir):
    call = ["run", str(root_dir / CHIP), str(root_dir / WORK), "--phase", "inference", "--engine", "compiled"]
    changes = ["--set", "device.read_voltage=200 V", "--set", "timesteps=2"]
    result = CliRunner().invoke(app, [*call, *changes, "--json"])
    assert result.exit_code == 0, result.output
    lines = result.stderr.splitlines()
    said = [line for line in lines if line.startswith("warning: device.read_voltage: 200 V is far from")]
    assert len(said) == 1
    assert "Traceback" not in result.stderr
    assert "usual.py" not in result.stderr
    assert said[0].removeprefix("warning: ") in json.loads(result.stdout)["notes"]
