"""What the README and the docs show is what happens: commands run, output is current, links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.spec import Chip

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOLD = [ROOT / "README.md", ROOT / "docs" / "index.md"]
CROSSBAR = ROOT / "docs" / "models" / "crossbar.md"
EXAMPLES = [page for page in PAGES if ">>> " in page.read_text()]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A folder that looks like the project's top folder, in which commands may write."""
    folder = tmp_path_factory.mktemp("top")
    for name in ("arch_specs", "workloads"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[0] == ".venv/bin/archsim":
        words = [sys.executable, "-m", "archsim", *words[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.name)
def test_every_command_runs(page, workplace):
    told = commands(page)
    assert told
    for command in told:
        if command.startswith("make "):
            assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
        else:
            run(command, workplace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_name_the_environment_that_make_demo_makes(page):
    within = re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    bare = [line for block in within for line in block.splitlines() if re.match(r"\$? ?(archsim|pip) ", line)]
    assert not bare


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.name)
def test_every_python_example_runs(page, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})  # the page's own code
    assert capsys.readouterr().out


def test_the_python_examples_on_exploring_run_as_one_script(workplace):
    script = workplace / "explored.py"
    script.write_text("".join(blocks(ROOT / "docs" / "explore.md", "python")))
    printed = run(f"{sys.executable} explored.py", workplace)
    assert "{'chip.crossbar.rows': " in printed
    assert "[4 rows x " in printed
    assert (workplace / "results" / "tiny" / "results.jsonl").exists()


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_every_example_shows_what_happens(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    results = doctest.testfile(str(page), module_relative=False)
    assert results.attempted > 0
    assert results.failed == 0


def test_the_readme_shows_the_real_output_of_the_demo(workplace):
    recipe = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    out = run(f".venv/bin/{recipe[1]}", workplace)
    shown = re.search(r"<!-- output of make demo -->\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    assert out == shown[1]
    written = {path.name for path in (workplace / "results" / "demo").iterdir()}
    assert {"result.json", "report.md", "pipeline_inference.png", "pipeline_bp.png", "pipeline_dfa.png"} <= written


def test_the_page_on_the_crossbar_shows_the_real_output_of_its_command(workplace):
    (command,) = commands(CROSSBAR)
    shown = re.search(r"<!-- output of archsim crossbar -->\n```\n(.*?)```", CROSSBAR.read_text(), re.DOTALL)
    assert shown is not None
    assert run(command, workplace) == shown[1]


def keys_of_a_chip_file() -> set[str]:
    """All that a chip file may hold, as dotted paths."""
    schema = Chip.model_json_schema()

    def below(part: dict, path: str) -> set[str]:
        found = {path}
        if "$ref" in part:
            found |= below(schema["$defs"][part["$ref"].rsplit("/", 1)[1]], path)
        for choice in part.get("anyOf", []) + part.get("oneOf", []):
            found |= below(choice, path)
        for key, inner in part.get("properties", {}).items():
            found |= below(inner, f"{path}.{key}")
        return found

    return {path.removeprefix(".") for path in below(schema, "")}


def test_what_the_page_on_the_crossbar_says_of_archsim_are_keys_of_a_chip_file():
    text = CROSSBAR.read_text()
    table = text[text.index("| | archsim |") :].split("\n\n")[0]
    ours = "\n".join(row.split("|")[2] for row in table.splitlines())
    named = re.findall(r"`((?:device|crossbar|drivers|adc)\.[a-z0-9_.]+)", ours)
    assert len(named) > 20
    assert set(named) <= keys_of_a_chip_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
