"""A chip file names a library and states only what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

import archsim
from archsim.errors import SpecError
from archsim.provenance import provenance
from archsim.spec.library import FOLDER, libraries, read_chip
from archsim.units import file_data
from archsim.yaml_reader import read_yaml

ROOT = Path(__file__).resolve().parents[2]


def chip_file(folder: Path, text: str, library: str = "rram_22nm", name: str = "chip.yaml") -> Path:
    file = folder / name
    file.write_text(f"version: 1\nname: mine\nlibrary: {library}\n{text}", encoding="utf-8")
    return file


@pytest.mark.parametrize("name", libraries())
def test_a_library_is_a_chip_by_itself_and_makes_one_of_three_lines(name: str, tmp_path: Path) -> None:
    whole = archsim.load_chip(FOLDER / f"{name}.yaml")
    short = archsim.load_chip(chip_file(tmp_path, "", name))
    assert whole.name == name
    assert short == whole.model_copy(update={"name": "mine"})


def test_what_the_chip_states_stands_and_everything_else_is_the_librarys(tmp_path: Path) -> None:
    base = archsim.load_chip(FOLDER / "rram_22nm.yaml")
    chip = archsim.load_chip(chip_file(tmp_path, "crossbar: {rows: 64}\n"))
    assert chip.crossbar.n_rows == 64
    assert chip.crossbar.cost == base.crossbar.cost
    assert chip.tile == base.tile


def test_a_cost_of_another_model_replaces_the_whole_cost(tmp_path: Path) -> None:
    chip = archsim.load_chip(chip_file(tmp_path, "adc: {cost: {model: survey}}\n"))
    said = {key: value for key, value in file_data(chip.adc.cost).items() if value is not None}
    assert said == {"model": "survey"}


def test_figures_without_their_source_are_refused_where_they_stand(tmp_path: Path) -> None:
    file = chip_file(tmp_path, "tile:\n  neuron_unit: {cost: {energy: 2 pJ}}\n")
    said = f"{file}:5:17: tile.neuron_unit.cost: gives figures without their source; that of the library is for"
    with pytest.raises(SpecError, match="^" + said.replace(".", r"\.") + " its own$"):
        archsim.load_chip(file)
    cited = chip_file(tmp_path, "tile: {neuron_unit: {cost: {energy: 2 pJ, source: a layout}}}\n")
    assert archsim.load_chip(cited).tile.neuron_unit.cost.energy_pj == 2.0
    choice = chip_file(tmp_path, "tile: {neuron_unit: {lanes: 4}}\n")
    assert archsim.load_chip(choice).tile.neuron_unit.n_lanes == 4


def test_an_assignment_comes_last_and_may_choose_the_library(tmp_path: Path) -> None:
    file = chip_file(tmp_path, "crossbar: {rows: 64}\n")
    other = chip_file(tmp_path, "crossbar: {columns: 64}\nadc: {columns_per_adc: 4}\n", name="other.yaml")
    chip = archsim.load_chip(file, ["crossbar.rows=32", f"library=./{other.name}"])
    assert (chip.crossbar.n_rows, chip.crossbar.n_columns, chip.adc.n_columns_per_adc) == (32, 64, 4)


def test_errors_name_the_file_in_which_the_value_stands(tmp_path: Path) -> None:
    chip_file(tmp_path, "device:\n  levels: 1\n", name="parts.yaml")
    file = chip_file(tmp_path, "crossbar: {rowz: 3}\n", "./parts.yaml")
    with pytest.raises(SpecError) as refused:
        archsim.load_chip(file)
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"{file}:4:12: crossbar.rowz: unknown key")
    assert second.startswith(f"{tmp_path / 'parts.yaml'}:5:3: device.levels: must be at least 2")


def test_an_unknown_library_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    file = chip_file(tmp_path, "", "rram_28nm")
    known = f"known are {', '.join(libraries())}, or the path"
    with pytest.raises(SpecError, match=f"library: there is no library 'rram_28nm'; {known}"):
        archsim.load_chip(file)
    with pytest.raises(SpecError, match=f"library: there is no file {tmp_path / 'none.yaml'}; known are"):
        archsim.load_chip(chip_file(tmp_path, "", "./none.yaml"))
    with pytest.raises(SpecError, match="library: must be a text; got 22"):
        archsim.load_chip(chip_file(tmp_path, "", "22"))


def test_a_library_cannot_come_from_itself(tmp_path: Path) -> None:
    chip_file(tmp_path, "", "./b.yaml", "a.yaml")
    with pytest.raises(SpecError, match=r"a\.yaml:3:1: library: \./b\.yaml is made from this file"):
        archsim.load_chip(chip_file(tmp_path, "", "./a.yaml", "b.yaml"))


def test_what_a_library_holds_counts_in_what_a_result_was_made_with(tmp_path: Path) -> None:
    work = archsim.load_workload(ROOT / "workloads" / "watch_mlp.yaml")
    found = []
    for rows in (64, 32, 64):
        chip_file(tmp_path, f"crossbar: {{rows: {rows}}}\n", name="parts.yaml")
        chip = archsim.load_chip(chip_file(tmp_path, "", "./parts.yaml"))
        found.append(provenance(chip, work, "heap", 0, "inference")["inputs_sha256"])
    assert found[0] == found[2] != found[1]


def test_the_chip_file_written_whole_is_the_same_chip(tmp_path: Path) -> None:
    chip = archsim.load_chip(chip_file(tmp_path, "crossbar: {rows: 64}\n"))
    assert type(chip).model_validate(file_data(chip)) == chip
    assert read_chip(chip_file(tmp_path, "")).position(("name",)) == (2, 1)


def test_the_rate_of_a_chip_replaces_the_step_of_its_library(tmp_path) -> None:
    file = tmp_path / "chip.yaml"
    file.write_text("version: 1\nname: a\nlibrary: rram_22nm\nadc: {rate: 2 GS/s}\n", encoding="utf-8")
    said, back = archsim.load_chip(file).adc, archsim.load_chip(file, ["adc.step=2 ns"]).adc
    assert (said.rate_mhz, said.step_ps) == (2000.0, None)
    assert (back.rate_mhz, back.step_ps) == (None, 2000)
    with pytest.raises(archsim.SpecError, match="not both"):
        archsim.load_chip(file, ["adc.step=2 ns", "adc.rate=1 GS/s"])


def test_a_library_brings_the_figures_of_the_kind_of_adc_that_a_chip_names(tmp_path: Path) -> None:
    figures = read_yaml(FOLDER / "adcs" / "rram_22nm.yaml", SpecError)
    file = chip_file(tmp_path, "adc: {kind: flash, resolution: 4 bit}\n")
    flash = archsim.load_chip(file).adc
    set_later = archsim.load_chip(chip_file(tmp_path, "", name="plain.yaml"), ["adc.kind=flash"]).adc
    assert f"{flash.cost.energy_pj} pJ" == figures.data["flash"]["energy"]
    assert set_later.cost == flash.cost
    assert read_chip(file).where(("adc", "cost", "energy")) == figures.where(("flash", "energy"))
    own = archsim.load_chip(file, ["adc.cost.energy=3 pJ"]).adc
    assert own.cost.energy_pj == 3
    # no source has a ramp alone at this node: by its law from the figures that the library has
    assert archsim.load_chip(file, ["adc.kind=ramp"]).adc.cost.energy_pj == 0.35
