"""The command line: what users see when all is well, and when their input is not."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from archsim.cli.app import app
from archsim.engine import ENGINES, run_tasks
from archsim.errors import EngineError
from archsim.registry import RULES
from archsim.taskgraph import TaskGraphBuilder
from archsim.workload import phases

WORKLOAD = """\
version: 1
name: small
network:
  input: [4]
  layers:
    - {name: fc1, kind: dense, outputs: 6, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
timesteps: 3
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.5}
phases: [inference, bp, dfa]
"""
PHASES = ["inference", "bp", "dfa"]


@pytest.fixture
def chip(tmp_path: Path, root_dir: Path) -> Path:
    """A copy of the default chip, to be spoiled."""
    copy = tmp_path / "chip.yaml"
    copy.write_text((root_dir / "tests/chips/wearable_rram.yaml").read_text())
    return copy


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(WORKLOAD)
    return file


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- run ----


IDLE = ["note: adc.kind: changes nothing here"]


def test_check_names_keys_that_change_nothing(chip: Path) -> None:
    result = call("check", chip)
    assert result.exit_code == 0
    assert result.stderr.startswith(f"note: {chip}: adc.kind: changes nothing here, for rate and cost hold")


def test_keys_that_change_nothing_are_kept_with_the_result(chip: Path, workload: Path) -> None:
    notes = json.loads(call("run", chip, workload, "--phase", "inference", "--json").stdout)["notes"]
    assert [note for note in notes if note.startswith("adc.kind: changes nothing here")]


def test_run_prints_one_row_for_each_phase(chip: Path, workload: Path) -> None:
    result = call("run", chip, workload, "--engine", "heap")
    assert result.exit_code == 0, result.output
    title, columns, *rows = result.stdout.splitlines()
    assert title == "wearable_rram/small: 1 sample, seed 0, engine heap"
    assert columns.split()[:4] == ["phase", "latency", "throughput", "energy"]
    assert [row.split()[0] for row in rows[:3]] == PHASES
    # the chip of this test has one tile: all its messages come from the global buffer or go there
    activity = rows[rows.index("") :]
    assert [row.split(":")[0] for row in rows[3 : rows.index("")]] == [*PHASES, *PHASES]
    assert [row for row in activity if row.startswith("activity")] == [
        f"activity, {', '.join(PHASES)}:", f"activity, {', '.join(PHASES[1:])}:",
    ]  # fmt: skip
    assert all("most loaded links: link[" in row for row in rows[3:6])
    assert all("% of the area is idle" in row for row in rows[6 : rows.index("")])
    # no progress where nobody looks, but what makes no difference
    assert [line.split(",")[0] for line in result.stderr.splitlines()] == IDLE


def test_the_choices_are_those_of_the_engine_and_the_workload() -> None:
    assert "--engine " + "|".join(ENGINES) in call("run", "--help").stdout
    assert set(phases()) == {"inference", "program", *RULES}


def test_phases_can_be_chosen(chip: Path, workload: Path) -> None:
    result = call("run", chip, workload, "--phase", "dfa", "--phase", "inference", "--json")
    assert list(json.loads(result.stdout)["results"]) == ["dfa", "inference"]


def test_json_is_all_that_stands_on_stdout_and_all_engines_agree(chip: Path, workload: Path) -> None:
    runs = [json.loads(call("run", chip, workload, "--json", "--engine", e).stdout) for e in ("simpy", "heap")]
    assert runs[0]["results"] == runs[1]["results"]
    assert runs[0]["provenance"]["engine"] == "simpy"


def test_the_result_folder_holds_the_figures_the_report_and_the_pictures(
    chip: Path, workload: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results" / "one"
    result = call("run", chip, workload, "-o", out, "--json", "--engine", "heap")
    assert result.exit_code == 0, result.output
    assert entries(out) == sorted(
        ["report.html", "report.md", "result.json"]
        + [name for p in PHASES for name in (f"pipeline_{p}.png", f"run_{p}.npz")]
    )
    assert json.loads((out / "result.json").read_text()) == json.loads(result.stdout)
    assert entries(out.parent) == ["one"]


def test_set_reaches_the_chip_and_the_workload(chip: Path, workload: Path) -> None:
    result = call(
        "run", chip, workload, "--phase", "inference", "--json", "--engine", "heap",
        "--set", "crossbar.rows=64", "--set", "timesteps=2", "--set", "workload.name=mine",
        "--set-workload", "samples=2", "--set", "chip.name=yours",
    )  # fmt: skip
    data = json.loads(result.stdout)
    assert data["results"]["inference"]["name"] == "yours/mine"
    assert data["results"]["inference"]["totals"]["n_samples"] == 2
    assert data["provenance"]["chip"]["crossbar"]["rows"] == 64
    assert data["provenance"]["workload"]["timesteps"] == 2


def test_the_seed_draws_the_spikes(chip: Path, workload: Path) -> None:
    def energy(seed: int) -> float:
        result = call("run", chip, workload, "--phase", "inference", "--json", "--seed", seed)
        return float(json.loads(result.stdout)["results"]["inference"]["totals"]["energy_pj"])

    assert energy(1) == energy(1) != energy(2)


def test_notes_of_a_nir_network_go_to_stderr(chip: Path, nir_file: Path) -> None:
    result = call("run", chip, nir_file, "--phase", "inference", "--json", "--engine", "heap")
    assert result.exit_code == 0, result.output
    assert "note: dt is not in the file" in result.stderr
    assert any("dt is not in the file" in note for note in json.loads(result.stdout)["notes"])


# ---- the other commands ----


def test_compare_gives_ratios_to_the_first_chip(chip: Path, workload: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(chip.read_text().replace("name: wearable_rram", "name: slow"))
    replaced(other, "read_pulse: 100 ns", "read_pulse: 300 ns")
    arguments = ("compare", chip, other, "--workload", workload, "--phase", "inference", "--engine", "heap")
    rows = json.loads(call(*arguments, "--json").stdout)
    assert [row["name"] for row in rows] == ["wearable_rram/small", "slow/small"]
    assert rows[1]["ratio"]["latency"] == rows[1]["latency_ps"] / rows[0]["latency_ps"] > 1
    assert call(*arguments).stdout.splitlines()[1].count(" 1x ") == 3  # and one at the end of the line


def test_compare_sets_phases_of_a_saved_result_side_by_side(chip: Path, workload: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("run", chip, workload, "-o", out, "--engine", "heap")
    rows = json.loads(call("compare", out, "--phase", "bp", "--phase", "dfa", "--json").stdout)
    assert [(row["phase"], row["ratio_to"]["phase"]) for row in rows] == [("bp", "bp"), ("dfa", "bp")]
    saved = json.loads((out / "result.json").read_text())["results"]
    assert rows[1]["ratio"]["energy"] == (saved["dfa"]["totals"]["energy_pj"] / saved["bp"]["totals"]["energy_pj"])


def test_compare_names_a_file_that_is_missing(chip: Path) -> None:
    result = call("compare", chip, chip.parent / "nothing")
    assert result.exit_code == 2
    assert result.stderr == f"error: {chip.parent / 'nothing'}: there is no such file or folder\n"


def test_compare_asks_for_a_workload(chip: Path) -> None:
    result = call("compare", chip)
    assert (result.exit_code, result.stderr.strip().split(": ", 2)[2]) == (
        2, "is a chip; say what it computes with --workload",
    )  # fmt: skip


def test_map_shows_layers_tiles_and_buffers(chip: Path, workload: Path, tmp_path: Path) -> None:
    picture = tmp_path / "floor.png"
    result = call("map", chip, workload, "--phase", "bp", "-o", picture, "--json")
    data = json.loads(result.stdout)
    # six and three outputs on 128 rows: a crossbar for each layer, and a transposed copy of the second
    assert data["crossbars"] == {"used": 3, "available": 16}
    assert [(x["n_rows"], x["n_columns"], x["n_copy_blocks"]) for x in data["layers"]] == [(4, 6, 0), (6, 3, 1)]
    assert data["layers"][0]["cell_utilisation"] == 4 * 6 * 4 / 128**2  # two cells, each a differential pair
    assert picture.stat().st_size > 1000
    assert "4 x 6" in call("map", chip, workload).stdout
    links = json.loads(result.stdout)["links"]
    assert links == sorted(links, key=lambda link: -link["bits_per_sample"])
    assert links[0]["link"] in call("map", chip, workload).stdout


def test_map_says_what_a_schedule_runs_with_and_what_it_overlaps_with(chip: Path, workload: Path) -> None:
    found = {}
    for schedule in ("pipelined", "within_batch"):
        wanted = ("--set", f"schedule={schedule}", "--set", "samples=4", "--set", "batch=4")
        buffers = json.loads(call("map", chip, workload, "--phase", "bp", *wanted, "--json").stdout)["buffers"]
        for buffer in buffers:
            for demand in buffer["demands"]:
                assert 0 < demand["least_bytes"] <= demand["overlap_bytes"]
                assert demand["least_bytes"] <= demand["share_bytes"]
        found[schedule] = next(buffer for buffer in buffers if buffer["buffer"] == "history_buffer")
    assert found["pipelined"]["overlap_bytes"] == found["pipelined"]["least_bytes"]
    assert found["within_batch"]["overlap_bytes"] > found["within_batch"]["least_bytes"]
    table = call("map", chip, workload, "--phase", "bp", *wanted).stdout
    assert f"{found['within_batch']['overlap_bytes']} B" in table


def test_check_names_every_good_file_and_every_error(chip: Path, workload: Path, tmp_path: Path) -> None:
    result = call("check", chip, workload)
    assert result.stdout == f"ok: {chip} (chip wearable_rram)\nok: {workload} (workload small)\n"
    bad = tmp_path / "bad.yaml"
    bad.write_text(WORKLOAD.replace("timesteps: 3", "timesteps: none").replace("rate: 0.5", "rate: 3"))
    result = call("check", chip, bad)
    assert (result.exit_code, result.stdout) == (2, f"ok: {chip} (chip wearable_rram)\n")
    assert "timesteps: " in result.stderr
    assert "rate: " in result.stderr


def test_check_prices_a_chip_too(chip: Path) -> None:
    replaced(chip, "resolution: 5 bit", "resolution: 2 bit")
    result = call("check", chip)
    assert result.exit_code == 2
    line = chip.read_text()[: chip.read_text().index("adc:")].count("\n") + 1
    assert result.stderr.startswith(f"error: {chip}:")
    assert line < int(result.stderr.removeprefix(f"error: {chip}:").split(":")[0]) < line + 10
    assert "adc" in result.stderr


def test_check_says_what_it_expects_of_a_file_that_is_neither(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("colour: red\n")
    assert "neither a chip" in call("check", tmp_path / "x.yaml").stderr


def test_components_lists_every_source(chip: Path) -> None:
    rows = json.loads(call("components", chip, "--json").stdout)
    text = " ".join(call("components", chip).stdout.split())
    for row in rows:
        assert row["component"] in text
        assert " ".join(row["source"].split()) in text


def test_the_schema_has_the_keys_of_the_files() -> None:
    chip, workload = (json.loads(call("schema", model).stdout) for model in ("chip", "workload"))
    assert {"tile", "crossbar", "adc"} <= set(chip["properties"])
    assert {"network", "timesteps", "phases"} <= set(workload["properties"])


def test_plot_draws_from_a_saved_result(chip: Path, workload: Path, tmp_path: Path) -> None:
    out, pictures = tmp_path / "out", tmp_path / "pictures"
    call("run", chip, workload, "-o", out, "--phase", "bp", "--engine", "heap")
    result = call("plot", out, "-o", pictures)
    assert result.exit_code == 0, result.output
    figures = ("breakdown", "latency", "pipeline", "power", "utilisation")
    assert entries(pictures) == [f"{name}_bp.png" for name in figures]
    drawn = call("plot", out, "--figure", "latency", "--format", "svg", "-o", pictures).stdout
    assert drawn == f"{pictures / 'latency_bp.svg'}\n"
    assert (pictures / "latency_bp.svg").read_text().startswith("<?xml")
    assert call("plot", out, "--kind", "power").stdout == f"{out / 'power_bp.png'}\n"
    assert (out / "pipeline_bp.png").read_bytes() == (pictures / "pipeline_bp.png").read_bytes()


# ---- bad input: one clear message, exit 2, no traceback, nothing half-written ----


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pes: 4", "pess: 4", ["tile.pess", "unknown key", "did you mean 'pes'"]),
        ("  pes: 4\n", "", ["tile.pes", "missing"]),
        ("read_pulse: 100 ns", "read_pulse: 100 nJ", ["device.read_pulse", "nJ", "100 ns"]),
        ("read_pulse: 100 ns", "read_pulse: 100", ["device.read_pulse", "100 ns"]),
        ("rows: 128", "rows: -128", ["crossbar.rows", "-128"]),
        ("technology:", "name: twice\ntechnology:", ["name", "duplicate key"]),
        ("technology: {node: 22 nm}", "technology: &a {node: 22 nm}", ["anchor"]),
    ],
    ids=["unknown key", "missing key", "wrong unit", "bare number", "negative size", "duplicate key", "anchor"],
)
def test_a_wrong_chip_file_is_refused_at_its_line(
    chip: Path, workload: Path, old: str, new: str, words: list[str]
) -> None:
    replaced(chip, old, new)
    refused(call("run", chip, workload, "-o", chip.parent / "out"), f"{chip}:", *words)
    assert entries(chip.parent) == ["chip.yaml", "small.yaml"]


def bomb() -> bytes:
    """Nine levels of ten aliases each: a thousand million items if they were followed."""
    lines = ["a0: &a0 [lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"\x7fELF\x00\x01\x02", "binary"), (b"\xff\xfe\xfa", "UTF-8"), (bomb(), "anchor")],
    ids=["empty", "binary", "not UTF-8", "alias bomb"],
)
@pytest.mark.parametrize("spoiled", ["chip", "workload"])
def test_a_file_that_is_no_specification_is_refused(
    chip: Path, workload: Path, content: bytes, word: str, spoiled: str
) -> None:
    file = chip if spoiled == "chip" else workload
    file.write_bytes(content)
    refused(call("run", chip, workload), str(file), word)
    refused(call("check", file), str(file), word)


def test_all_errors_are_listed_at_once(chip: Path, workload: Path) -> None:
    replaced(chip, "pes: 4", "pes: none")
    replaced(chip, "rows: 128", "rows: 0")
    refused(call("run", chip, workload), "tile.pes", "crossbar.rows")


def test_a_missing_file_is_named(chip: Path, workload: Path) -> None:
    refused(call("run", "nowhere.yaml", workload), "nowhere.yaml", "no such file")
    refused(call("run", chip, "nowhere.nir"), "nowhere.nir", "no such file")


def test_a_chip_that_is_too_small_says_needed_available_and_what_helps(chip: Path, workload: Path) -> None:
    arguments = ("--set", "tiles=1", "--set", "tile.pes=1", "--set", "pe.crossbars=1")
    refused(call("run", chip, workload, *arguments), "needs 2 tiles", "has 1", "raise tiles")


def test_a_buffer_that_is_too_small_is_named(chip: Path, workload: Path) -> None:
    result = call("run", chip, workload, "--set", "tile.membrane_buffer.size=1 B")
    refused(result, "membrane_buffer", "needs 18 bytes", "has 1")  # nine neurons of 16 bit


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("crossbar.row=64", ["crossbar.row", "unknown key", "rows"]),
        ("crosbar.rows=64", ["neither chips nor workloads have 'crosbar'", "did you mean 'crossbar'"]),
        ("name=x", ["chip.name or workload.name"]),
        ("timesteps", ["path=value"]),
        ("rows=4", ["workloads have 'rows' on top; did you mean crossbar.rows, drivers.cost.rows?\n"]),
        ("input_buffer.size=1 kB", ["did you mean tile.input_buffer.size?"]),
        ("size=1 kB", ["did you mean tile.input_buffer.size, ", "more?"]),
        ("xyzzy=1", ["a chip has: version, name", "a workload has: version, name"]),
        ("network.layers[0].outputs=64", ["write it as network.layers.0.outputs"]),
        ("phases[0]=bp", ["write it as phases.0"]),
    ],
)
def test_a_wrong_assignment_is_explained(chip: Path, workload: Path, assignment: str, words: list[str]) -> None:
    refused(call("run", chip, workload, "--set", assignment), assignment, *words)


def test_one_path_cannot_be_set_twice(chip: Path, workload: Path) -> None:
    twice = ("--set", "timesteps=4", "--set-workload", "timesteps=5")
    refused(call("run", chip, workload, *twice), "timesteps=5: timesteps is set twice; which one is meant?")
    refused(call("components", chip, "--set", "chip.tiles=1", "--set", "tiles = 2"), "tiles is set twice")


def test_a_error_of_an_inline_network_is_told_alone(chip: Path, workload: Path) -> None:
    result = call("run", chip, workload, "--set", "network.layers.1.neuron.kind=izh")
    refused(result, "error: --set network.layers.1.neuron.kind=izh: network.layers.1.neuron.kind: must be one of")
    assert len(result.stderr.splitlines()) == 1


def test_swapped_arguments_are_told_as_such(chip: Path, workload: Path, nir_file: Path) -> None:
    for command in ("run", "map"):
        for other in (workload, nir_file):
            result = call(command, other, chip)
            refused(result, str(other), ", not a chip; are the arguments swapped?\n")
            assert len(result.stderr.splitlines()) == 1
    refused(call("run", chip, chip), f"error: {chip} is a chip, not a workload; are the arguments swapped?\n")
    result = call("components", workload)
    refused(result)
    assert result.stderr == f"error: {workload} is a workload, not a chip\n"


def test_several_errors_are_counted_and_each_has_its_line(chip: Path, workload: Path) -> None:
    changes = ["crossbar.rows=0", "tile.pes=0"]
    arguments = [item for change in changes for item in ("--set", change)]
    title, *lines = call("run", chip, workload, *arguments).stderr.splitlines()
    assert title == "error: 2 errors"
    assert sorted(line.split(": ")[0] for line in lines) == [f"--set {change}" for change in changes]
    workload.write_text("\n".join([WORKLOAD, *(f"key{k}: 1" for k in range(60))]))
    title, *lines = call("check", workload).stderr.splitlines()
    assert (title, len(lines)) == ("error: 60 errors", 51)
    assert lines[-1] == "… and 10 more"


def test_a_wrong_kind_of_argument_is_told_with_what_to_name(chip: Path, workload: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("run", chip, workload, "-o", out, "--phase", "bp", "--engine", "heap")
    refused(call("plot", out / "report.md"), f"name the folder that archsim run -o made, {out}")
    refused(call("plot", out, "-o", workload), f"{workload}: is a file; name a folder")
    refused(call("check", out), f"{out}: is a folder")
    refused(call("compare", out, out, "--workload", workload), "--workload: only chips are simulated here")
    refused(call("compare", out, "--set", "tiles=1"), "--set tiles=1: only chips are simulated here")


def test_a_wrong_choice_is_told_without_the_words_of_a_library(chip: Path, workload: Path) -> None:
    for result in (call("run", chip, workload, "--phase", "infer"), call("schema", "chips")):
        assert result.exit_code == 2
        assert "is not one of" in result.stderr
        assert "Value error" not in result.stderr


def test_an_unknown_option_or_choice_is_a_wrong_call(chip: Path, workload: Path) -> None:
    for extra in (["--fast"], ["--engine", "steam"], ["--phase", "sleep"], ["--seed", "-1"]):
        result = call("run", chip, workload, *extra)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_an_output_folder_that_cannot_be_written_is_refused_before_the_run(
    chip: Path, workload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("simulated before the folder was tried")

    monkeypatch.setattr(importlib.import_module("archsim.simulate"), "run_tasks", never)
    (tmp_path / "file").write_text("mine")
    refused(call("run", chip, workload, "-o", tmp_path / "file"), "is a file")
    refused(call("run", chip, workload, "-o", tmp_path / "file" / "out"), "cannot be written")
    if os.geteuid():  # root may write everywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        refused(call("run", chip, workload, "-o", tmp_path / "locked" / "out"), "Permission denied")
    refused(call("run", chip, workload, "-o", tmp_path), "no result of archsim")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_failing_run_exits_with_1_and_leaves_no_folder(
    chip: Path, workload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EngineError("all wait for each other")

    monkeypatch.setattr(importlib.import_module("archsim.simulate"), "run_tasks", fail)
    result = call("run", chip, workload, "-o", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (1, "error: all wait for each other\n")
    assert entries(tmp_path) == ["chip.yaml", "small.yaml"]


def test_a_deadlock_is_one_error_however_many_lines_explain_it(
    chip: Path, workload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        b = TaskGraphBuilder()
        space = b.resource("space", 1)
        first = b.task(action="take", reserves=[(space, 1)])
        second = b.task(action="take", reserves=[(space, 1)], after=[first])
        for _give in range(2):
            b.task(action="give", frees=[(space, 1)], after=[second])
        run_tasks(b.build(), engine="heap")

    monkeypatch.setattr(importlib.import_module("archsim.simulate"), "run_tasks", fail)
    result = call("run", chip, workload)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: deadlock at 0 ps")
    assert len(result.stderr.splitlines()) > 1


def test_a_bug_is_not_hidden(chip: Path, workload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("archsim.simulate"), "run_tasks", lambda *_, **__: 1 / 0)
    assert isinstance(call("run", chip, workload).exception, ZeroDivisionError)


# ---- NIR files ----


def write_nir(path: Path, weight: float = 1.0) -> None:
    import nir
    import numpy as np

    one = np.ones(3)
    matrix = np.ones((3, 5))
    matrix[1, 2] = weight
    neurons = nir.LIF(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=one)
    nir.write(path, nir.NIRGraph.from_list(nir.Linear(matrix), neurons))


@pytest.fixture
def nir_file(tmp_path: Path) -> Path:
    write_nir(tmp_path / "net.nir")
    return tmp_path / "net.nir"


def test_a_truncated_nir_file_is_refused(chip: Path, nir_file: Path) -> None:
    nir_file.write_bytes(nir_file.read_bytes()[: nir_file.stat().st_size // 2])
    refused(call("run", chip, nir_file), str(nir_file), "truncated")


def test_nan_in_the_weights_of_a_nir_file_is_refused(chip: Path, tmp_path: Path) -> None:
    write_nir(tmp_path / "nan.nir", weight=float("nan"))
    refused(call("run", chip, tmp_path / "nan.nir"), "nan.nir", "NaN")


def test_a_network_with_an_unsupported_node_is_refused_by_name(chip: Path, nir_file: Path) -> None:
    import h5py

    with h5py.File(nir_file, "r+") as file:
        nodes = file["node/nodes"]
        name = next(key for key in nodes if nodes[key]["type"][()] == b"LIF")
        del nodes[name]["type"]
        nodes[name]["type"] = "AdExLIF"
    refused(call("run", chip, nir_file), str(nir_file), "AdExLIF")


# ---- as a process ----


def started(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "archsim", *(str(argument) for argument in arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell may have told background jobs, and us, to ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing_behind(
    chip: Path, workload: Path, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    process = started("run", chip, workload, "--set", "samples=3000", "-o", tmp_path / "a" / "out", cwd=tmp_path)
    while not (tmp_path / "a").exists():  # before that Python itself is starting
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(how)
    out, err = process.communicate(timeout=900)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert entries(tmp_path) == ["chip.yaml", "small.yaml"]


def test_an_error_of_a_process_is_one_message_and_exit_2(chip: Path, workload: Path, tmp_path: Path) -> None:
    replaced(chip, "rows: 128", "rows: 128 nm")
    process = started("run", chip, workload, cwd=tmp_path)
    out, err = process.communicate(timeout=900)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"error: {chip}:")
    assert len(err.splitlines()) == 1


def test_the_first_programming_is_run_like_any_phase_and_says_what_it_wrote(chip: Path, workload: Path) -> None:
    law, worn = "write.pulses_per_cell={kind: lognormal}", "device.errors={endurance: {cycles: 10000}}"
    done = call("run", chip, workload, "--phase", "program", "--engine", "heap", "--set", law, "--set", worn)
    cells = (4 * 6 + 6 * 3 + 6 * 3 + 6 * 3) * 4  # two layers, a copy of the second, feedback to the first
    said = f"program: {cells} cells written, 8.53 pulses each (0.0853 % of their endurance); 10.92 (3.5 %) not at"
    assert said in done.stdout
    assert "forward" not in done.stdout
    found = call("run", chip, workload, "--phase", "program", "--set", law, "--timesteps", "5")
    assert (found.exit_code, found.stderr) == (
        2,
        "error: small: program has no timesteps; ask for inference, or leave timesteps out\n",
    )


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys\nsys.argv = ['archsim', '--help']\nfrom archsim.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pydantic', 'matplotlib', 'simpy', 'networkx', 'nir', 'h5py', 'ruamel', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert "\x1b" not in done.stdout
    for command in ("run", "compare", "map", "check", "components", "schema", "plot"):
        assert f"\n  {command} " in done.stdout
