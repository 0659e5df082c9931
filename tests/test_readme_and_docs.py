"""What the README and the docs show is what happens: commands run, output is current, links lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import remake
from remake import (
    BY_HAND,
    PAGES,
    PICTURES,
    ROOT,
    SCRIPTS,
    STUDIES,
    blocks,
    commands,
    demo,
    figures_in_prose,
    run,
    shown,
    with_examples,
    with_output,
)

from archsim.spec import Chip

README = ROOT / "README.md"
# the engine whose results are the same soonest, and a fourth of the recorded windows
QUICKER = {
    "run": "--engine compiled", "compare": "--engine compiled",
    "learn": "--set learning.data.step=128 --set learning.adapt.simulated=4",
}  # fmt: skip
GUIDES = ROOT / "docs" / "guides"
FIRST_CHIP = GUIDES / "first_chip.md"
TOLD = [README, GUIDES / "install.md", FIRST_CHIP, GUIDES / "commands.md"]
CROSSBAR = ROOT / "docs" / "models" / "crossbar.md"
EXAMPLES = [page for page in PAGES if ">>> " in page.read_text()]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    return remake.workplace(tmp_path_factory.mktemp("top"))


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.name)
def test_every_command_runs(page, workplace):
    told = commands(page.read_text())
    assert told
    for command in told:
        if command.startswith("make "):
            assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
        else:
            run(f"{command} {QUICKER.get(command.split()[1], '')}", workplace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_name_the_environment_that_make_demo_makes(page):
    within = re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    bare = [line for block in within for line in block.splitlines() if re.match(r"\$? ?(archsim|pip) ", line)]
    assert not bare


@pytest.mark.parametrize("page", TOLD[1:], ids=lambda page: page.name)
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
def test_every_example_shows_what_happens(page):
    assert with_examples(page.read_text(), page.name) == page.read_text()


def test_the_readme_is_one_screen_with_one_picture_and_two_commands():
    text = README.read_text()
    assert len(text.splitlines()) <= 60
    assert len(re.findall(r"^!\[", text, re.MULTILINE)) == 1
    assert commands(text) == ["make demo", "make test"]


def test_the_page_of_the_first_chip_shows_the_real_output_of_the_demo(workplace):
    text = FIRST_CHIP.read_text()
    assert [part.command for part in shown(text)] == [demo()]
    assert with_output(text, workplace) == text
    written = {path.name for path in (workplace / "results" / "demo").iterdir()}
    assert {"result.json", "report.md", "pipeline_inference.png", "pipeline_bp.png", "pipeline_dfa.png"} <= written


def test_the_page_on_the_crossbar_shows_the_real_output_of_its_command(workplace):
    text = CROSSBAR.read_text()
    assert [part.command for part in shown(text)] == commands(text)
    assert with_output(text, workplace) == text


def test_every_page_with_output_of_commands_is_checked():
    assert [page for page in PAGES if list(shown(page.read_text()))] == [FIRST_CHIP, CROSSBAR]


def test_pictures_are_made_by_what_the_pages_show_or_by_hand(root_dir):
    pictures = {*PICTURES.values(), *BY_HAND, *SCRIPTS, *(line.split()[-1] for line in SCRIPTS.values())}
    assert {str(path.relative_to(root_dir)) for path in (root_dir / "docs" / "pictures").iterdir()} == pictures


@pytest.mark.parametrize("folder", STUDIES)
def test_a_study_is_made_again_by_the_commands_that_its_page_names(folder, root_dir):
    [page] = (root_dir / folder).glob("*.md")
    assert all(command in page.read_text() for command in STUDIES[folder])


def test_what_an_example_prints_takes_the_place_of_what_stood_there():
    before = "```python\n>>> 1 + 1\n3\n>>> print('a\\n\\nb')\n>>> [1, 2]  # doctest: +ELLIPSIS\n[...]\n\n```\n"
    after = before.replace("\n3\n", "\n2\n").replace("b')\n", "b')\na\n<BLANKLINE>\nb\n")
    assert with_examples(before, "page") == after


def test_the_words_of_an_error_take_the_place_of_others():
    before = "    >>> {}['a']\n    Traceback (most recent call last):\n        ...\n    KeyError: 'b'\n"
    assert with_examples(before, "page") == before.replace("'b'", "'a'")


def test_an_example_that_fails_is_told_by_page_and_line():
    with pytest.raises(RuntimeError, match="page, line 2: 1 / 0\nZeroDivisionError"):
        with_examples("text\n>>> 1 / 0\n1\n", "page")


def test_figures_in_prose_are_listed_and_code_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(remake, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("It takes 12.5 µJ.\n```\n3 nJ\n```\n<!-- tables: x -->\n4 pJ\n<!-- end of tables -->\n40 %\n")
    assert list(figures_in_prose(page)) == ["page.md:1: It takes 12.5 µJ.", "page.md:8: 40 %"]


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
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
