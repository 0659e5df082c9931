"""The command ``crossbar``: what it tells and draws of an array, and what it says about wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from archsim.cli.app import app
from archsim.cli.weights import read_matrix
from archsim.crossbar.look import Look, Question, in_use, looked
from archsim.spec import load_chip
from archsim.units import file_data

PICTURES = [f"crossbar_{name}.png" for name in ("adc", "conductance", "error", "ir_drop")]
PNG = b"\x89PNG\r\n\x1a\n"
SMALL = (
    "--set", "crossbar.rows=16", "--set", "crossbar.columns=16", "--set", "write.parallel_cells=16",
    "--set", "adc.columns_per_adc=16",
)  # fmt: skip
PROGRAMMING = ("--set", "device.errors.programming.kind=table", "--set", "device.errors.programming.scale=window")
NO_CODES = ("--set", "ideal.converters=true")
WIRES = ("--set", "crossbar.wires.row=1 ohm", "--set", "crossbar.wires.column=1 ohm")


@pytest.fixture
def chip(root_dir: Path) -> Path:
    return root_dir / "tests" / "chips" / "wearable_rram.yaml"


def look_at(chip: Path, weights: Path, place: tuple[int, int], sets: tuple[str, ...] | list[str]) -> Look:
    return looked(load_chip(chip, sets), read_matrix(weights).values, Question(place, 0, 5, 0.5, 1))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """40 x 6 weights on the levels of two cells of four levels, -15 to 15."""
    file = tmp_path / "w.npy"
    matrix = np.random.default_rng(3).integers(-15, 16, size=(40, 6)).astype(float)
    matrix[0, 0] = 15.0
    np.save(file, matrix)
    return file


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["crossbar", *(str(argument) for argument in arguments)])


def record_of(*arguments: object) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_pulses_that_are_priced_and_pulses_that_are_counted_are_told_apart(chip: Path, weights: Path) -> None:
    same = call(chip, "--weights", weights, *SMALL)
    assert " ".join(same.output.split()).count("pulses per cell 1 verify reads") == 1
    assert "note: " not in same.output
    other = ("--set", "write.pulses_per_cell=8")
    told = call(chip, "--weights", weights, *SMALL, *other)
    assert "1 counted here; 8 in the price of a write\n" in told.output
    assert "note: write.pulses_per_cell says 8 pulses per cell" in told.output
    record = record_of(chip, "--weights", weights, *SMALL, *other)
    assert (record["cells"]["pulses_per_cell"], record["cells"]["priced_pulses_per_cell"]) == (1.0, 8)
    assert f"note: {record['notes'][0]}\n" in told.output
    verified = ("--set", "device.errors={programming: {kind: constant, sigma: 0.05}, "
                "write_verify: {band: 0.05, max_pulses: 99}}")  # fmt: skip
    auto = record_of(chip, "--weights", weights, *SMALL, *verified, "--set", "write.pulses_per_cell=auto")
    assert auto["notes"] == []
    assert auto["cells"]["pulses_per_cell"] == pytest.approx(auto["cells"]["priced_pulses_per_cell"], rel=0.1)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(result: Result, said: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_an_ideal_chip_says_so_and_makes_no_error_on_its_levels(chip: Path, weights: Path) -> None:
    result = call(chip, "--weights", weights, *NO_CODES)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("wearable_rram: seed 0, 256 random 1-bit inputs, 50 % not zero\n")
    assert f"40 x 6 from {weights}\n" in result.stdout
    assert "1 x 1 of 128 x 128 cells, differential, 4 cells of 4 levels for a weight" in result.stdout
    assert "none: ideal wires" in result.stdout
    assert "Everything is ideal on this chip" in result.stdout
    assert "; not named in the chip file: cells, wires; ideal, switched off: converters." in result.stdout
    found = record_of(chip, "--weights", weights, *NO_CODES)
    assert found["errors"]["converters"] == "ideal: switched off"
    assert found["ideal"] == ["cells", "wires", "read-out"]
    assert found["error"]["rms_percent"] < 1e-9
    assert found["ir_drop"]["worst_percent"] == 0
    assert found["conversions"]["n"] == 0
    assert found["range_used"] == 1
    assert found["cells"]["n_written"] == 40 * 6 * 4
    assert found["cells"]["pulses_per_cell"] == 1


def test_a_chip_with_errors_tells_each_and_is_not_called_ideal(chip: Path, weights: Path) -> None:
    found = record_of(chip, "--weights", weights, *SMALL, *PROGRAMMING, *WIRES)
    assert found["ideal"] == []
    assert found["errors"]["cells"] == "programming"
    assert found["errors"]["converters"] == "5 bit, range calibrated once to 99.9 %"
    assert found["conversions"]["n"] > 0
    assert found["arrays"]["grid"] == [3, 2]
    assert found["error"]["rms_percent"] > found["error"]["stored_rms_percent"] * 0.5 > 0.1
    drop = found["ir_drop"]
    assert 0 < drop["mean_percent"] < drop["worst_percent"] < 1
    text = call(chip, "--weights", weights, *SMALL, *PROGRAMMING, *WIRES).stdout
    assert "Everything is ideal" not in text
    assert f"worst {drop['worst_percent']:.3g} %" in text


def test_the_ir_drop_of_two_cells_is_that_of_the_ladder(chip: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("1\n")
    sets = (
        "crossbar.rows=1", "crossbar.columns=2", "crossbar.cells_per_weight=1", "write.parallel_cells=2",
        "adc.columns_per_adc=2", "crossbar.wires.row=1 kohm", "crossbar.wires.column=2 kohm",
    )  # fmt: skip
    found = record_of(chip, "--weights", tmp_path / "one.csv", *(word for one in sets for word in ("--set", one)))
    # plus cell at 4 uS, minus cell at 1 uS, each with its 2 kohm of bit line; 1 kohm of word line before each
    branch = 1 / (1 / np.array([4e-6, 1e-6]) + 2e3)
    second = 1 / (1e3 + 1 / branch[1])
    first = 1 / (1 + 1e3 * (branch[0] + second))
    at_node = np.array([first, first * second / branch[1]])
    drop = 100 * (1 - at_node * branch / np.array([4e-6, 1e-6]))
    assert found["ir_drop"]["worst_percent"] == pytest.approx(drop.max(), rel=1e-9)
    assert found["ir_drop"]["mean_percent"] == pytest.approx(drop.mean(), rel=1e-9)


def test_the_seed_draws_the_cells_and_the_same_seed_draws_the_same(chip: Path, weights: Path) -> None:
    runs = [record_of(chip, "--weights", weights, *PROGRAMMING, "--seed", seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0]["error"]["stored_rms_percent"] != runs[2]["error"]["stored_rms_percent"]


def test_faulty_cells_are_counted_by_kind(chip: Path, weights: Path) -> None:
    sets = ("--set", "device.errors.faults.stuck_on=0.3", "--set", "device.errors.faults.open=0.2")
    found = record_of(chip, "--weights", weights, *sets)["cells"]
    n = found["n_written"]
    assert found["n_faulty"]["stuck_on"] == pytest.approx(0.3 * n, abs=6 * np.sqrt(0.21 * n))
    assert found["n_faulty"]["open"] == pytest.approx(0.2 * n, abs=6 * np.sqrt(0.16 * n))
    assert found["n_faulty"]["stuck_off"] == 0
    assert "stuck or open cells" in call(chip, "--weights", weights, *sets).stdout
    assert "stuck or open cells" not in call(chip, "--weights", weights).stdout


def test_a_converter_with_a_narrow_range_saturates(chip: Path, weights: Path) -> None:
    fixed = ("kind=fixed", "minimum=-1", "maximum=1")
    sets = [word for one in fixed for word in ("--set", f"adc.conversion.range.{one}")]
    conversions = record_of(chip, "--weights", weights, *sets, "--vectors", 8)["conversions"]
    assert conversions["n"] == 8 * 6 * 2  # outputs x slices; plus and minus are subtracted before
    assert conversions["range_full_cells"] == [-1, 1]
    assert 0 < conversions["n_saturated"] < conversions["n"]


def test_a_range_is_calibrated_on_a_batch_of_its_own(chip: Path, weights: Path) -> None:
    conversions = record_of(
        chip, "--weights", weights, "--set", "adc.conversion.range.kind=calibrated", "--set",
        "adc.conversion.range.percentile=90", "--vectors", 2000,
    )["conversions"]  # fmt: skip
    assert conversions["n_saturated"] / conversions["n"] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("bits", [0, 1, 4])
def test_inputs_of_any_resolution_are_read_exactly_by_an_ideal_chip(chip: Path, weights: Path, bits: int) -> None:
    assert record_of(chip, "--weights", weights, *NO_CODES, "--input-bits", bits)["error"]["rms_percent"] < 1e-9


@pytest.mark.parametrize("scheme", ["differential", "offset", "unsigned"])
def test_every_weight_scheme_is_exact_on_an_ideal_chip_of_many_arrays(
    chip: Path, weights: Path, scheme: str
) -> None:
    sets = *SMALL, *NO_CODES, "--set", f"crossbar.signed={scheme}"
    found = record_of(chip, "--weights", weights, *sets, "--input-bits", 3)
    assert found["arrays"]["signed"] == scheme
    # 16 levels around zero do not reach 15 twice: offset schemes round by up to a level of 15 / 7
    assert found["error"]["rms_percent"] < (1e-9 if scheme == "differential" else 10)
    assert found["error"]["rms_percent"] == pytest.approx(found["error"]["stored_rms_percent"], abs=1e-9)


@pytest.mark.parametrize(
    ("scheme", "n_sums"),
    [("differential", 4 * 4), ("offset", 6 * 2 + 1)],  # 4 weights of 2 slices and 2 signs; 6 of 2, a reference
)
def test_only_the_sums_of_the_drawn_array_are_shown(chip: Path, weights: Path, scheme: str, n_sums: int) -> None:
    sets = [f"crossbar.signed={scheme}", "adc.conversion.subtract=digital", *SMALL[1::2]]
    look = look_at(chip, weights, (2, 0), sets)
    assert look.sums.size == 5 * n_sums
    # rows 32 to 39 are on this array: no more than eight cells conduct
    assert 0 <= look.sums.min() <= look.sums.max() <= 8 * 4 / 3


def test_cells_that_hold_nothing_are_not_in_use(chip: Path, weights: Path) -> None:
    look = look_at(chip, weights, (2, 1), SMALL[1::2])
    used = in_use(look.spec, look.array.shape, look.place)
    # 40 rows on arrays of 16: 8 are left; 6 weights of 4 columns, 4 on an array: 2 are left
    assert (int(used[:, 0].sum()), int(used[0].sum())) == (8, 8)
    np.testing.assert_array_equal(look.array.array_conductance(*look.place) > 0, used)


def test_the_folder_holds_the_record_and_four_pictures_and_can_be_replaced(
    chip: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "seen" / "one"
    for array in ("0,0", "2,1"):
        result = call(
            chip, "--weights", weights, "-o", out, "--json", "--array", array, *SMALL, *PROGRAMMING, *WIRES,
            "--set", "adc.conversion.range.kind=full",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        assert entries(out) == ["crossbar.json", *PICTURES]
        assert entries(out.parent) == ["one"]
        assert all((out / name).read_bytes().startswith(PNG) for name in PICTURES)
        assert json.loads((out / "crossbar.json").read_text()) == json.loads(result.stdout)


def test_an_ideal_chip_can_be_drawn(chip: Path, weights: Path, tmp_path: Path) -> None:
    result = call(chip, "--weights", weights, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert entries(tmp_path / "out") == ["crossbar.json", *PICTURES]
    assert result.stderr == f"written to {tmp_path / 'out'}\n"


def test_the_record_says_what_it_was_made_from(chip: Path, weights: Path) -> None:
    made = record_of(chip, "--weights", weights, "--seed", 5, "--set", "crossbar.rows=64")["provenance"]
    assert made["seed"] == 5
    assert made["weights_sha256"] == read_matrix(weights).sha256
    assert made["chip"] == json.loads(json.dumps(file_data(load_chip(chip, ["crossbar.rows=64"]))))
    assert {"python", "archsim", "numpy", "scipy"} <= set(made["versions"])


def test_a_layer_of_a_network_can_be_seen(chip: Path, root_dir: Path) -> None:
    network = root_dir / "workloads" / "recurrent_cuba.nir"
    refused(call(chip, "--weights", network), "say with --layer which layer with weights; there are: ")
    name = call(chip, "--weights", network).stderr.rpartition("there are: ")[2].split(",")[0].strip()
    assert f"layer '{name}'" in record_of(chip, "--weights", network, "--layer", name)["weights"]["file"]


def test_every_wrong_call_is_one_message_and_leaves_no_folder(chip: Path, weights: Path, tmp_path: Path) -> None:
    header = tmp_path / "header.csv"
    header.write_text("a,b\n1,2\n")
    given = ("--weights", weights)
    for arguments, said in (
        ((chip, "--weights", tmp_path / "none.npy"), "there is no such file"),
        ((chip, "--weights", header), "a header is not read"),
        ((chip, "--weights", chip), "of no kind that holds weights"),
        ((weights, *given), "error: "),
        ((chip, *given, "--array", "1,0"), "the weights take 1 x 1 arrays"),
        ((chip, *given, "--array", "1"), "write ROW,COL"),
        ((chip, *given, "--density", 0), "no row would be driven"),
        ((chip, *given, "--key", "w"), "--key is for .npz files"),
        ((chip, *given, "--set", "timesteps=3"), "--set timesteps=3: there is no workload here"),
        ((chip, *given, "--set", "crossbar.rows=0"), "crossbar.rows"),
    ):
        refused(call(*arguments, "-o", tmp_path / "out" / "deep"), said)
        assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(chip: Path, weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "letter.txt").write_text("dear")
    refused(call(chip, "--weights", weights, "-o", out), "letter.txt")
    assert entries(out) == ["letter.txt"]
    refused(call(chip, "--weights", weights, "-o", weights), "is a file")


def test_an_error_model_is_fitted_to_the_simulated_array_and_used(
    chip: Path, weights: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.json"
    wrong = (*WIRES, *PROGRAMMING, "--vectors", "30")
    fitted = record_of(chip, "--weights", weights, *SMALL, *wrong, "--fit", model)
    assert fitted["n_samples"] >= 30 * 6
    assert 0 < fitted["rms_unexplained_full_cells"] <= fitted["rms_error_full_cells"]
    learned = ("--set", f"device.errors.learned={model}")
    use = record_of(chip, "--weights", weights, *SMALL, *learned, "--vectors", "64", "--density", "0.2")
    assert use["learned"]["n_samples"] == fitted["n_samples"]
    again = call(chip, "--weights", weights, *SMALL, *learned, "--fit", model)
    assert again.exit_code == 2
    assert "learned model already" in again.stderr


def test_an_error_model_is_fitted_to_measurements(chip: Path, weights: Path, tmp_path: Path) -> None:
    lines = [f"{0.1 * k},{0.09 * k},{k % 9}" for k in range(60)]
    (tmp_path / "chip.csv").write_text("\n".join(["ideal,measured,active_rows", *lines]))
    given = ("--measured", tmp_path / "chip.csv")
    done = call(chip, "--weights", weights, *given, "--fit", tmp_path / "model.json")
    assert done.exit_code == 0, done.output
    assert "60 sums: chip.csv" in done.stdout
    alone = call(chip, "--weights", weights, *given)
    assert alone.exit_code == 2
    assert "--measured needs --fit MODEL" in alone.stderr
