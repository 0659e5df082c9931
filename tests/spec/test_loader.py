"""Chip files: what they may say, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from archsim.errors import SpecError, UnitError
from archsim.spec import AUTO, Chip, load_chip
from archsim.units import file_data

FILES = sorted((Path(__file__).parents[2] / "arch_specs").glob("*.yaml"))


@pytest.fixture
def chip_file(root_dir: Path) -> Path:
    return root_dir / "tests" / "chips" / "wearable_rram.yaml"


def message(chip_file: Path, *changes: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_chip(chip_file, changes)
    return str(caught.value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_chip_file_loads_and_is_the_same_after_writing_and_reading(file):
    chip = load_chip(file)
    assert chip.name == file.stem
    assert Chip.model_validate(file_data(chip)) == chip


def test_units_become_plain_numbers(chip_file):
    chip = load_chip(chip_file)
    assert chip.device.read_pulse_ps == 100_000
    assert chip.device.g_max_siemens == 4e-6
    assert chip.adc.rate_mhz == 1000.0
    assert chip.n_tiles == AUTO


def test_a_chip_cannot_be_changed_behind_the_checks(chip_file):
    with pytest.raises(ValidationError, match="frozen"):
        load_chip(chip_file).crossbar.n_rows = 64  # type: ignore[misc]


@pytest.mark.parametrize(
    ("columns", "cells", "signed", "per_row"),
    [(128, 2, "differential", 32), (128, 2, "offset", 63), (128, 2, "unsigned", 64), (128, 3, "unsigned", 42)],
)
def test_weights_side_by_side_follow_from_cells_and_signs(chip_file, columns, cells, signed, per_row):
    changes = [f"crossbar.columns={columns}", f"crossbar.cells_per_weight={cells}", f"crossbar.signed={signed}"]
    assert load_chip(chip_file, changes).crossbar.n_weights_per_row == per_row


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("crossbar.columns=2", "columns: 2 hold no weight of 4 columns"),
        ("device.g_min=4 uS", "device.g_max: must be larger than g_min"),
        ("adc.columns_per_adc=48", "adc.columns_per_adc: 48 does not divide crossbar.columns, 128"),
        ("adc.rate=null", "give either rate (e.g. '1.28 GS/s') or step (e.g. '300 ns'), not both or none"),
        ("adc.rate=0 Hz", "--set adc.rate=0 Hz: adc.rate: must be above zero"),
        ("adc.resolution=17 bit", "adc.resolution: must be 1 to 16 bit; got 17 bit"),
        ("execution.feedback=transposable", "needs crossbar.transpose: duplicated or shared"),
        ("write.parallel_cells=129", "write.parallel_cells: 129 is more than crossbar.columns, 128"),
        ("interconnect.frequency=0 Hz", "interconnect.frequency: must be above zero"),
        ("interconnect.kind=ring", "must be one of bus, htree, mesh, torus; got 'ring'"),
        ("crossbar.rows=-1", "must be at least 1; got -1"),
        ("crossbar.rows=1.5", "must be a whole number; got 1.5"),
        ("tiles=0", "tiles: must be a whole number from 1, or one of auto, uniform, tailored; got 0"),
        ("tiles=many", "tiles: must be a whole number from 1, or one of auto, uniform, tailored; got 'many'"),
        ("global_buffer.size=2 V", "needs a unit, e.g. '64 KiB'"),
        ("global_buffer.size=2 V", "; or auto"),
        ("mapping={feedback: spread}", "unknown key; allowed: convolution, placement, few_rows, replicas"),
        ("mapping={replicas: {fc1: 0}}", "must be at least 1; got 0"),
        (
            "adc.cost={model: cyted}",
            "unknown model 'cyted'; allowed: cited, survey, law, circuit; did you mean 'cited'?",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(chip_file, change, said):
    found = message(chip_file, change)
    assert said in found
    assert change.split("=")[0].split(".")[0] in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("device.read_pulse=100", "a time needs a unit, e.g. '100 ns'"),
        ("device.read_pulse=1 V", "'1 V' is a voltage; a time needs a unit"),
        ("technology.node=-22 nm", "a technology node must not be negative"),
    ],
)
def test_a_wrong_unit_is_a_unit_error(chip_file, change, said):
    with pytest.raises(UnitError) as caught:
        load_chip(chip_file, [change])
    assert said in str(caught.value)


def test_all_errors_of_a_file_are_told_at_once_in_its_order_and_where_they_stand(chip_file, tmp_path):
    text = chip_file.read_text()
    edits = {"  rows: 128": "  rowz: 128", "read_voltage: 0.5 V": "read_voltage: 0.5", "  banks: 2\n": ""}
    for old, new in edits.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_chip(path)
    lines = str(caught.value).splitlines()
    wrong = {key: text[: text.index(key)].count("\n") + 1 for key in ("rowz", "read_voltage")}
    assert not isinstance(caught.value, UnitError)
    assert [line.split(": ")[1] for line in lines] == [
        "crossbar.rows",
        "crossbar.rowz",
        "device.read_voltage",
        "sample_hold.banks",
    ]
    assert lines[1].startswith(f"{path}:{wrong['rowz']}:3: crossbar.rowz: unknown key;")
    assert lines[1].endswith("did you mean 'rows'?")
    assert lines[2].startswith(f"{path}:{wrong['read_voltage']}:")


def test_a_missing_part_is_named_with_what_it_needs(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text("version: 1\nname: short\n")
    with pytest.raises(SpecError) as caught:
        load_chip(path)
    said = str(caught.value)
    assert "technology: missing; needs a mapping with the keys node" in said
    for key in ("tile", "pe", "crossbar", "device", "drivers", "adc", "interconnect", "execution"):
        assert f": {key}: missing" in said
    assert ": mapping: missing" not in said  # it has defaults
    assert ": sample_hold: missing" not in said
    assert ": write: missing" not in said  # a chip that only infers does without


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("columns_per_adc: ", "columns_per_adc: 7 # ", "columns_per_adc", "adc.columns_per_adc"),
        ("parallel_cells: ", "parallel_cells: 500 # ", "parallel_cells", "write.parallel_cells"),
        ("feedback: copy", "feedback: transposable", "feedback", "execution.feedback"),
    ],
)
def test_a_contradiction_between_sections_stands_at_the_line_of_its_key(chip_file, tmp_path, old, new, line, key):
    text = chip_file.read_text()
    assert text.count(old) == 1
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace(old, new))
    n = text[: text.index(line)].count("\n") + 1
    with pytest.raises(SpecError) as caught:
        load_chip(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{n}:")
    assert f": {key}: " in said
    assert "\n" not in said


def test_every_contradiction_is_a_line_of_its_own_at_its_set(chip_file):
    changes = ["adc.columns_per_adc=7", "execution.feedback=transposable"]
    assert message(chip_file, *changes).splitlines() == [
        "--set adc.columns_per_adc=7: adc.columns_per_adc: 7 does not divide crossbar.columns, 128",
        "--set execution.feedback=transposable: execution.feedback: 'transposable' needs crossbar.transpose: "
        "duplicated or shared",
    ]
