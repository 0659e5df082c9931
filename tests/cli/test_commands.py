"""Commands come from a register: the package's own one by one, those of other packages by entry points."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archsim import registry
from archsim.cli.app import RENAMED, app
from archsim.cli.command import command, summary
from archsim.registry import COMMANDS

CHIP = "tests/chips/wearable_rram.yaml"
FOLDER = Path(registry.__file__).parent / "cli/commands"


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def bring(monkeypatch):
    """Entry points that load what is given, as if a package had brought them."""

    def bring(**values: object) -> None:
        points = [EntryPoint(name, f"plug:{name}", "archsim.commands") for name in values]
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "archsim.commands" else [])
        monkeypatch.setattr(EntryPoint, "load", lambda self: values[self.name])

    before = dict(COMMANDS._kinds)
    yield bring
    COMMANDS._kinds.clear()
    COMMANDS._kinds.update(before)


def made(text: str, name: str = "say_hello"):
    def say_hello(name: str, json: bool = False) -> None:
        from archsim.cli.say import say

        say(f"hello {name}, {json}")

    say_hello.__name__, say_hello.__doc__ = name, text
    found = command(say_hello)
    del COMMANDS._kinds[name]  # it is brought by the entry point
    return found


def test_every_command_is_a_file_of_its_name_and_its_docstring_is_the_help():
    files = {file.stem for file in FOLDER.glob("*.py")} - {"__init__"}
    assert files <= set(COMMANDS)  # the rest are of packages that are installed beside archsim
    for name in sorted(files):
        assert COMMANDS[name].kind == name
        assert summary(name) == COMMANDS[name].help.split("\n\n")[0].replace("\n", " ")
        assert summary(name).endswith(".")


def test_a_package_brings_a_command_by_an_entry_point(bring):
    bring(say_hello=made("Greet somebody.\n\nFor long."))
    assert call("say-hello", "Ada", "--json").stdout == "hello Ada, True\n"
    assert "say-hello    Greet somebody.\n" in call("--help").stdout
    assert "For long." in call("say-hello", "--help").stdout
    assert "Did you mean 'say-hello'" in call("say-hell").stderr


def test_a_wrong_command_is_named_and_stops_no_other(bring):
    bring(broken=int)
    said = call("broken")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    begin = "error: command 'broken' of the plug-in of an unknown package (plug:broken): must be"
    assert said.stderr.startswith(begin)
    assert "broken       command 'broken' of the plug-in" in call("--help").stdout
    assert call("components", CHIP, "--json").exit_code == 0


def test_a_command_has_the_name_of_its_entry_point(bring):
    bring(other=made("Greet."))
    assert "its 'kind' must be 'other'" in call("other", "Ada").stderr


def test_the_name_of_a_command_of_archsim_is_taken(bring):
    bring(run=int)
    assert "the name 'run' is taken" in call("--help").stderr


@pytest.mark.parametrize("former", RENAMED)
def test_a_former_name_still_works_and_says_the_new_one(former):
    said = call(former, "nowhere", "--uncertain", 2)
    note, error = said.stderr.splitlines()
    assert note == f"note: archsim {former} is called archsim {RENAMED[former]} now"
    assert error.startswith("error: nowhere: there is no such file or folder; archsim brings isaac_32nm, ")
    assert f"  {former} " not in call("--help").stdout


def test_a_call_imports_its_own_command_only_and_help_imports_none():
    code = (
        "import sys\nfrom archsim.cli.app import app\n"
        "for given in (['--help'], ['run', '--help']):\n"
        "    try:\n        app(given)\n    except SystemExit:\n        pass\n"
        "    names = [n.split('.')[-1] for n in sys.modules if n.startswith('archsim.cli.commands.')]\n"
        "    print(names, {'numpy', 'matplotlib', 'simpy'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[] set()\n['run'] set()\n"


FIGURES = ("run", "compare", "why", "whatif", "budget", "uncertainty", "learn", "map", "components", "crossbar",
           "sweep", "search")  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_command_that_prints_figures_prints_json_too(name):
    assert "\n  --json " in call(name, "--help").stdout


def test_the_study_prints_json_too():
    assert "\n  --json " in call("study", "dfa-vs-bp", "--help").stdout


def test_one_array_is_priced_as_a_table_and_as_json():
    said = call("components", CHIP, "--array", "--active-rows", 32)
    assert said.stdout.startswith("One array of wearable_rram, read with 32 active rows\n\npart ")
    tables = json.loads(call("components", CHIP, "--array", "--active-rows", 32, "--json").stdout)
    assert list(tables) == ["energy_pj", "area_um2", "leakage_uw"]
    assert all("total" in table for table in tables.values())
    narrow = call("components", CHIP, "--array", "--active-rows", 32, "--json", "--set", "crossbar.rows=64")
    assert json.loads(narrow.stdout)["area_um2"]["total"] < tables["area_um2"]["total"]


def test_rows_that_an_array_does_not_have_are_refused():
    said = call("components", CHIP, "--array", "--active-rows", 129)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == "error: active rows: must be 0 to 128, the rows of an array of wearable_rram; got 129\n"
    said = call("components", CHIP, "--active-rows", 1)
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "give --array too" in said.stderr
