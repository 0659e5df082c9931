"""``archsim new chip``: a whole, commented chip file that loads, is priced and runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import archsim
from archsim import registry
from archsim.cli.app import app
from archsim.spec.library import FOLDER, libraries
from archsim.spec.new_chip import library_for, new_chip, nodes_nm, wanted

CHOICES = ["--node", "22nm", "--array", "64x32", "--adc", "sar:4bit/4", "--interconnect", "torus"]


def run(*args: str):
    return CliRunner().invoke(app, ["new", "chip", *args])


def test_the_file_holds_the_choices_all_parts_and_comments_and_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "watch.yaml"
    assert run(*CHOICES, "-o", str(file)).exit_code == 0
    chip = archsim.load_chip(file)
    assert (chip.name, chip.technology.node_nm, chip.interconnect.kind) == ("watch", 22, "torus")
    assert (chip.crossbar.n_rows, chip.crossbar.n_columns) == (64, 32)
    assert (chip.adc.kind, chip.adc.resolution_bits, chip.adc.n_columns_per_adc) == ("sar", 4, 4)
    text = file.read_text(encoding="utf-8")
    assert "library:" not in [line.split(" ")[0] for line in text.splitlines()]
    assert text.startswith("# watch: an RRAM chip at 22 nm, written by\n#   archsim new chip --node 22nm --array")
    assert sum("#" in line for line in text.splitlines()) > 50
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=4"])
    assert archsim.simulate(chip, work, "heap", phase="inference").energy_pj > 0


@pytest.mark.parametrize("name", libraries())
def test_unchanged_choices_give_the_library_to_the_last_figure(name: str) -> None:
    node = nodes_nm()[name]
    library = archsim.load_chip(FOLDER / f"{name}.yaml")
    adc = f"{library.adc.kind}:{library.adc.resolution_bits}bit/{library.adc.n_columns_per_adc}"
    assert wanted(f"{node}nm", None, None, None) == wanted(f"{node}nm", "128x128", adc, "mesh")
    text = new_chip(wanted(f"{node}nm", None, None, None), name, "a test")
    shipped = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text[text.index("version:") :] == shipped[shipped.index("version:") :]


def test_a_node_between_libraries_takes_the_nearest_and_scales(tmp_path: Path) -> None:
    assert library_for(30) == "rram_22nm"
    assert library_for(50) == "rram_65nm"
    file = tmp_path / "chip.yaml"
    assert run("--node", "28nm", "-o", str(file)).exit_code == 0
    said = CliRunner().invoke(app, ["components", str(file)]).output
    assert "from 22 nm to 28 nm" in " ".join(said.split())


def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "chip.yaml"
    file.write_text("mine", encoding="utf-8")
    refused = run("-o", str(file))
    assert refused.exit_code == 2
    assert refused.stderr == f"error: {file}: is there already; give --force to replace it, or another name\n"
    assert file.read_text(encoding="utf-8") == "mine"
    assert run("-o", str(file), "--force").exit_code == 0
    assert "version: 1" in file.read_text(encoding="utf-8")


def test_all_wrong_choices_are_told_at_once_with_what_is_allowed() -> None:
    refused = run("--node", "14nm", "--array", "128", "--adc", "sarr:5/8", "--interconnect", "ring")
    kinds = ", ".join(registry.ADCS)
    assert refused.stderr.splitlines() == [
        "error: 4 errors",
        "--node 14nm: there are prices from 22 to 130 nm; libraries: rram_130nm, rram_22nm, rram_65nm",
        "--array 128: write it as ROWSxCOLUMNS, such as 128x128",
        f"--adc sarr:5/8: no kind of ADC is called 'sarr'; there are: {kinds}; did you mean 'sar'?",
        "--interconnect ring: no interconnect is called 'ring'; there are: bus, htree, mesh, torus",
    ]
    said = run("--adc", "sar:5bit/24").stderr
    assert said == "error: --adc sar:5bit/24: 24 columns for each ADC do not divide 128\n"
    assert "--adc sar:40bit/8: adc.resolution: must be 1 to 16 bit" in run("--adc", "sar:40bit/8").stderr


def test_without_a_file_it_goes_to_stdout() -> None:
    said = run()
    assert said.exit_code == 0
    assert said.stdout.startswith("# my_chip: an RRAM chip at 22 nm")


def test_another_kind_of_converter_comes_with_its_own_price_where_there_is_one(tmp_path: Path) -> None:
    file = tmp_path / "chip.yaml"
    assert run("--adc", "flash:5bit/8", "-o", str(file)).exit_code == 0
    cost = archsim.load_chip(file).adc.cost
    assert (cost.energy_pj, cost.area_um2) == (0.0527, 379)  # NeuroSim V1.3: 31 levels of 1.7 fJ
    assert run("--adc", "sense_amp:1bit/8", "-o", str(file), "--force").exit_code == 0
    assert archsim.load_chip(file).adc.cost.area_um2 == 3.4
    assert run("--adc", "ramp:6bit/1", "-o", str(file), "--force").exit_code == 0
    chip = archsim.load_chip(file)
    assert chip.adc.cost == archsim.load_chip(FOLDER / "rram_22nm.yaml").adc.cost
    assert chip.crossbar.column_mux is None  # nothing to choose from
