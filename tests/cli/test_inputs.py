"""What a user gives in: files of another kind, ``--set`` assignments that break something, the version."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import Result
from explore_support import write_study
from typer.testing import CliRunner

from archsim.cli.app import app
from archsim.units import close_match

ROOT = Path(__file__).resolve().parents[2]
CHIP, WORKLOAD = ROOT / "tests/chips/wearable_rram.yaml", ROOT / "workloads/watch_mlp.yaml"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def message_of(result: Result) -> str:
    """The one message of a refused call."""
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr.removeprefix("error: ").strip()


def test_the_version_is_that_of_the_package_and_loads_no_heavy_library():
    code = (
        "import sys\nsys.argv = ['archsim', '--version']\nfrom archsim.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'pydantic', 'matplotlib', 'simpy', 'networkx', 'nir', 'h5py', 'ruamel', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"archsim {version('archsim')}\n", "[]\n")


@pytest.mark.parametrize("command", ["sweep", "search"])
@pytest.mark.parametrize(("file", "kind"), [(CHIP, "chip"), (WORKLOAD, "workload")])
def test_what_is_no_study_is_told_as_what_it_is(command, file, kind, tmp_path):
    said = message_of(call(command, file, "-o", tmp_path / "out"))
    assert said.startswith(f"{file} is a {kind}, not a study; a study names a chip and a workload, parameters")
    assert not (tmp_path / "out").exists()


def test_a_network_is_no_study():
    assert " is a network (.nir), not a study" in message_of(call("sweep", ROOT / "workloads/recurrent_cuba.nir"))


def test_a_study_is_told_as_such_where_a_chip_or_a_workload_is_wanted(tmp_path):
    study = write_study(tmp_path)
    as_chip = [("run", study, WORKLOAD), ("map", study, WORKLOAD), ("learn", study, WORKLOAD),
               ("components", study), ("compare", study, "--workload", WORKLOAD), ("why", study),
               ("budget", study, WORKLOAD),
               ("uncertainty", study, "--workload", WORKLOAD, "--uncertain", 2), ("study", "dfa-vs-bp", study),
               ("crossbar", study, "--weights", WORKLOAD)]  # fmt: skip
    for arguments in as_chip:
        said = message_of(call(*arguments))
        assert said == (
            f"{study} is a study, not a chip; try its configurations with archsim sweep {study} or archsim search "
            f"{study}"
        ), arguments
    for command in ("run", "map", "learn"):
        assert message_of(call(command, CHIP, study)).startswith(f"{study} is a study, not a workload; try its")


def test_a_study_is_checked_as_other_files_are(tmp_path):
    study = write_study(tmp_path)
    assert call("check", study).stdout == f"ok: {study} (study test)\n"
    study.write_text(study.read_text().replace("chip.crossbar.rows", "chip.crossbar.rowz"))
    said = message_of(call("check", study))
    assert said.startswith(f"{study}:")
    assert "rowz" in said


def test_a_error_between_two_keys_names_the_one_that_was_set():
    result = call("map", CHIP, WORKLOAD, "--set", "crossbar.columns=100", "--set", "timesteps=8")
    title, *lines = result.stderr.splitlines()
    assert (result.exit_code, title) == (2, "error: 2 errors")
    assert all(line.startswith(f"--set crossbar.columns=100: {CHIP}:") for line in lines)
    said = message_of(call("map", CHIP, WORKLOAD, "--set", "batch=7", "--set", "timesteps=8"))
    assert said.startswith(f"--set batch=7: {WORKLOAD}:")
    assert said.endswith("samples: 2 samples are no whole number of batches of 7")


def test_a_error_of_the_file_itself_is_not_blamed_on_an_assignment(tmp_path):
    spoiled = tmp_path / "spoiled.yaml"
    spoiled.write_text(CHIP.read_text().replace("pes: 4", "pes: 0"))
    said = message_of(call("map", spoiled, WORKLOAD, "--set", "crossbar.rows=64"))
    assert said.startswith(f"{spoiled}:")


def test_a_section_that_is_like_no_other_gets_all_sections_and_no_guess():
    said = message_of(call("run", CHIP, WORKLOAD, "--set", "blah.blub=1"))
    assert said.startswith("--set blah.blub=1: neither chips nor workloads have 'blah'; a chip has: version, ")
    assert "did you mean" not in said


@pytest.mark.parametrize(
    ("word", "meant"), [("bsu", "bus"), ("rowz", "rows"), ("crosbar", "crossbar"), ("Rows", "rows")]
)
def test_a_slip_of_the_fingers_is_understood(word, meant):
    assert close_match(word, ["bus", "rows", "crossbar", "batch"]) == f"; did you mean '{meant}'?"


def test_another_word_is_no_slip():
    assert close_match("blah", ["batch", "pe"]) == ""


def test_the_report_of_a_damaged_study_speaks_of_the_study(tmp_path):
    (tmp_path / "results.jsonl").touch()
    (tmp_path / "study.yaml").touch()
    assert message_of(call("report", tmp_path)).startswith(f"{tmp_path}: holds a study without its study.json")
    (tmp_path / "study.json").write_text('{"format": "arch')
    assert message_of(call("report", tmp_path)).startswith(f"{tmp_path / 'study.json'}: is damaged: ")
    for command in ("why", "plot"):
        said = f"{tmp_path}: holds a study, no result; archsim report {tmp_path} shows it"
        assert message_of(call(command, tmp_path)) == said


def test_the_report_of_a_study_that_was_only_begun_says_so(tmp_path):
    (tmp_path / "study.yaml").touch()
    assert " was begun and has no results; archsim sweep or search goes on" in message_of(call("report", tmp_path))
