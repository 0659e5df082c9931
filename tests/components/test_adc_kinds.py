"""ADC kinds that are not archsim's: in chip files and the schema like its own, and refused by name."""

from __future__ import annotations

import subprocess
import sys

PLUGGED = """
import archsim
from archsim.components.adc import AdcKind
from archsim.spec import Chip

@archsim.register
class Odd(AdcKind):
    kind = "odd"

    def n_steps(self, bits: int):
        {body}

names = Chip.model_json_schema(by_alias=True)["$defs"]["Adc"]["properties"]["kind"]["enum"]
chip = archsim.load_chip({chip!r}, ["adc.kind=odd"])
try:
    archsim.simulate(chip, archsim.load_workload({work!r}, ["timesteps=1", "samples=2"]), phase="inference")
    print(names)
except archsim.ArchsimError as error:
    print(type(error).__name__, error)
"""


def said(root_dir, body: str) -> str:
    """What a script with a kind of its own prints: a process for itself, for a register keeps what it is told."""
    paths = {"chip": root_dir / "arch_specs/neurram_130nm.yaml", "work": root_dir / "workloads/watch_mlp.yaml"}
    script = PLUGGED.format(body=body, **{key: str(path) for key, path in paths.items()})
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kind_of_a_script_is_in_chip_files_and_in_the_schema(root_dir):
    kinds = ["flash", "integrate_and_fire", "odd", "ramp", "sar", "sense_amp"]
    assert said(root_dir, "return bits + 1") == f"{kinds}\n"


def test_a_wrong_kind_is_an_error_with_its_name(root_dir):
    assert "adc.kind: odd takes 0 steps for 1 bit, not a whole number from 1" in said(root_dir, "return 0")
    assert said(root_dir, "return bits // 0").startswith("PluginError ADC kind 'odd' (__main__.Odd): ZeroDivision")
