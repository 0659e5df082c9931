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


WEARABLE = "wearable_rram"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nochip", "watch_mlp"), "nochip: there is no such file; archsim brings isaac_32nm, "),
        (("uncertainty", "wearable_ram", "--uncertain", 2), "no such file or folder; did you mean wearable_rram?"),
        (("uncertainty", WEARABLE, "--uncertain", 2), "--workload WORKLOAD is missing: what do the chips"),
        (("compare", "nochip", "--workload", "watch_mlp"), "no such file or folder; archsim brings isaac_32nm, "),
        (("components", WEARABLE, "--set", "crossbar.rows="), "--set crossbar.rows=: no value behind =; "),
        (
            ("components", WEARABLE, "--set", "tile.pes=2", "--set", "tile={pes: 4}"),
            "--set tile={pes: 4}: takes back --set tile.pes=2; write it in front, or leave one out",
        ),
        (("new", "chip", "--name", ""), "--name: is empty; give the chip a name, or leave it out"),
        (("init", __file__), "test_inputs.py: is a file; name a folder"),
        (("plot", __file__), "test_inputs.py: is no result; name the folder that archsim run -o made"),
        (("learn", WEARABLE, "watch_adapt", "--resume", "-o", "/nowhere/at/all"),
         "--resume: there is no folder /nowhere/at/all to go on with"),
    ],
)  # fmt: skip
def test_a_typical_mistake_is_told_in_one_line(arguments, said):
    assert said in message_of(call(*arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", WEARABLE, "watch_mlp", "--timesteps", "x"), "'--timesteps': must be a whole number"),
        (("run", WEARABLE, "watch_mlp", "--seed", -1), "'--seed': must be at least 0"),
        (("crossbar", WEARABLE, "--weights", "w.npy", "--density", 2), "'--density': must be at most 1"),
        (("crossbar", WEARABLE, "--weights", "w.npy", "--density", "q"), "'--density': must be a number"),
        (("plot", ".", "--format", "jpg"), "'--format': 'jpg' is not one of 'png', 'svg', 'pdf'."),
    ],
)
def test_a_wrong_number_of_an_option_is_told_in_the_words_of_archsim(arguments, said):
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_whole_part_and_then_one_of_its_keys_may_be_set():
    assert call("components", WEARABLE, "--set", "mapping={}", "--set", "mapping.replicas=auto").exit_code == 0


@pytest.mark.parametrize(("text", "said"), [
    ('{"format": 99}', "its format is 99, 'archsim result 2' is read"), ("[]", "no format 'archsim result 2'"),
])  # fmt: skip
def test_a_result_of_another_format_says_which(text, said, tmp_path):
    (tmp_path / "result.json").write_text(text)
    assert f"result.json: not a result of archsim ({said})" in message_of(call("report", tmp_path))
