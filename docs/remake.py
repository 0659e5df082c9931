"""What docs show, made again: ``make pages``; with ``--studies`` the studies too (hours).

    python docs/remake.py [PAGE …] [--studies] [--only-lines]

A page shows output in four ways, and each is made by running what the page shows:

- a block after ``<!-- output of make demo -->`` (its first command) or ``<!-- output of the command above -->``;
- a table after ``<!-- learned by COMMAND -->``: accuracy and cost of a learning run;
- examples behind ``>>>``;
- pictures, listed in `PICTURES` from what the commands wrote, in `SCRIPTS` by scripts of their own.

Figures in prose cannot be made again: lines that have some are listed at the end, for a person to read.
"""

from __future__ import annotations

import argparse
import doctest
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from archsim.registry import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "made" not in page.relative_to(ROOT).parts),
]
PICTURES = {
    "results/demo/pipeline_dfa.png": "docs/pictures/pipeline_dfa.png",
    **{
        f"results/array/crossbar_{name}.png": f"docs/pictures/crossbar_{name}.png"
        for name in ("conductance", "ir_drop", "error", "adc")
    },
}
"""What a shown command wrote, and the picture that is a copy of it."""
SCRIPTS = {"docs/pictures/read_out.png": "python docs/pictures/read_out.py"}
"""Pictures that a script of their own makes."""
BY_HAND = {"docs/pictures/report_page.png": "a screen shot of results/demo/report.html, zoomed into the DFA step"}
STUDIES = {
    "docs/studies/dfa_vs_bp": [
        "archsim study dfa-vs-bp arch_specs/wearable_rram.yaml workloads/watch_adapt.yaml --seeds 5 "
        "--write docs/studies/dfa_vs_bp",
    ],
    "docs/studies/optimizers": [
        "python docs/studies/optimizers/optimizers.py -o docs/studies/optimizers --seeds 3",
    ],
    "docs/studies/rules": ["python docs/studies/rules/rules.py --seeds 5 -o docs/studies/rules"],
    "docs/studies/rules_aligned": [
        "python docs/studies/rules/rules.py --question docs/studies/rules_aligned/rules.yaml --seeds 5 "
        "-o docs/studies/rules_aligned",
    ],
    "docs/studies/rules_motions": [
        "python docs/studies/rules/rules.py --question docs/studies/rules_motions/rules.yaml --seeds 10 "
        "-o docs/studies/rules_motions",
    ],
    "docs/studies/tiles": [
        "archsim sweep docs/studies/tiles/tile_costs.yaml",
        "archsim sweep docs/studies/tiles/tile_accuracy_bp.yaml",
        "archsim sweep docs/studies/tiles/tile_accuracy_dfa.yaml",
        "python docs/studies/tiles/tiles.py results/tile_costs results/tile_accuracy_bp results/tile_accuracy_dfa "
        "-o docs/studies/tiles",
    ],
}
"""The commands that their pages name."""
_SHOWN = re.compile(r"<!-- output of (make demo|the command above) -->\n```\n(.*?)```", re.DOTALL)
_LEARNED = re.compile(r"<!-- learned by (.+?) -->\n(.*?)(?=\n\n)", re.DOTALL)
_FIGURE = re.compile(r"\d[\d.,]*\s?(?:%|x\b|×|[pnuµm]J\b|[pnuµm]?s\b|[uµm]?W\b|[umµ]m[2²]|k/s|TOPS|times\b)")


class Shown(NamedTuple):
    """Output in a page: the command, and where its text begins and ends."""

    command: str
    begin: int
    end: int


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """The shell commands of a page."""
    code: list[str] = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in code for line in block.splitlines() if line.strip()]


def demo() -> str:
    """The first command of ``make demo``, the one whose output the page of the first chip shows."""
    recipe = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None, "the Makefile has no target demo"
    return f".venv/bin/{recipe[1]}"


def shown(text: str) -> Iterator[Shown]:
    """What a page shows of commands."""
    for found in _SHOWN.finditer(text):
        command = demo() if found[1] == "make demo" else commands(text[: found.start()])[-1]
        yield Shown(command, found.start(2), found.end(2))


def workplace(folder: Path) -> Path:
    """A folder that looks like the project's top folder, in which commands may write."""
    for name in ("arch_specs", "workloads"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def run(command: str, folder: Path) -> str:
    """What a command prints; RuntimeError with what it says if it fails."""
    words = shlex.split(command)
    if words[0].removeprefix(".venv/bin/") == "archsim":
        return _called(words[1:], folder)
    if words[0].removeprefix(".venv/bin/") == "python":
        words[0] = sys.executable
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stderr}")
    return done.stdout


def _called(words: list[str], folder: Path) -> str:
    """What archsim prints, without a process of its own."""
    from archsim.cli.app import app

    said, wrong = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(said), redirect_stderr(wrong):
        code = app(words, standalone_mode=False)
    if code:
        raise RuntimeError(f"archsim {shlex.join(words)}\n{wrong.getvalue()}")
    return said.getvalue()


class _Examples(doctest.DocTestRunner):
    """Keeps what came out where a page shows something else."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.found: list[tuple[doctest.Example, str]] = []

    def report_failure(self, _out: Any, _test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        if example.exc_msg is not None:  # frames are not shown
            header, _, rest = got.partition("\n")
            message = re.search(r"^\S.*", rest, re.MULTILINE | re.DOTALL)
            got = f"{header}\n    ...\n{message[0] if message else ''}"
        self.found.append((example, got))

    def report_unexpected_exception(
        self, _out: Any, test: doctest.DocTest, example: doctest.Example, exc_info: Any
    ) -> None:
        said = "".join(traceback.format_exception_only(*exc_info[:2]))
        raise RuntimeError(f"{test.name}, line {example.lineno + 1}: {example.source}{said}")


def with_examples(text: str, name: str) -> str:
    """A page whose examples show what they print; what a pattern already covers stays as it is."""
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, name, name, 0)
    runner = _Examples()
    with _own_kinds(), chdir(ROOT):
        runner.run(test, out=lambda _: None)
    lines = text.splitlines(keepends=True)
    for example, got in reversed(runner.found):
        first = example.lineno + example.source.count("\n")
        indent = " " * example.indent
        said = [f"{indent}{line or '<BLANKLINE>'}\n" for line in got.splitlines()]
        lines[first : first + example.want.count("\n")] = said
    return "".join(lines)


class _own_kinds:  # noqa: N801  # used as a function
    """What an example registers is forgotten after it."""

    def __enter__(self) -> None:
        self.before = {name: dict(family) for name, family in FAMILIES.items()}

    def __exit__(self, *_: object) -> None:
        for name, kinds in self.before.items():
            FAMILIES[name]._kinds = kinds


def with_output(text: str, folder: Path) -> str:
    """A page whose commands show what they print; they write into `folder`."""
    for part in reversed(list(shown(text))):
        text = text[: part.begin] + run(part.command, folder) + text[part.end :]
    return text


def with_learning(text: str, folder: Path) -> str:
    """A page whose tables of learning runs are those of today."""
    return _LEARNED.sub(lambda found: f"<!-- learned by {found[1]} -->\n{_learned(found[1], folder)}", text)


def _learned(command: str, folder: Path) -> str:
    told = json.loads(run(f"{command} --json", folder))
    lines = ["| rule | before | after | latency per window | energy per window |", "|---|---|---|---|---|"]
    for rule in told["rules"]:
        found, cost = told["summary"][rule], told["summary"][rule]["per_sample"]
        lines.append(
            f"| {rule.upper()} | {found['before']['mean']:.3f} | {found['after']['mean']:.3f} | "
            f"{cost['latency_ps'] / 1e6:.1f} µs | {cost['energy_pj'] / 1e6:.3f} µJ |"
        )
    return "\n".join(lines)


def figures_in_prose(page: Path) -> Iterator[str]:
    """Lines outside of code, output and generated tables that tell figures."""
    text = page.read_text()
    for made in (r"(?ms)^```.*?^```", r"(?s)<!-- tables?: .*?<!-- end of ", _LEARNED):
        text = re.sub(made, lambda block: "\n" * block[0].count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        if _FIGURE.search(line):
            yield f"{page.relative_to(ROOT)}:{number}: {line.strip()}"


def remake(page: Path, folder: Path) -> bool:
    """Write a page's output anew; is it another one?"""
    before = text = page.read_text()
    if ">>> " in text:
        text = with_examples(text, str(page.relative_to(ROOT)))
    text = with_learning(with_output(text, folder), folder)
    if text != before:
        page.write_text(text)
    return text != before


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="all if none is named")
    parser.add_argument("--studies", action="store_true", help="the studies too")
    parser.add_argument("--only-lines", action="store_true", help="only list the lines that tell figures")
    asked = parser.parse_args()
    pages = [page.resolve() for page in asked.pages] or PAGES
    if not asked.only_lines:
        with tempfile.TemporaryDirectory() as place:
            _remake_all(pages, workplace(Path(place)))
        for command in (line for study in STUDIES.values() for line in study if asked.studies):
            print(command, flush=True)
            run(command, ROOT)
    lines = [line for page in pages if "studies" not in page.parts for line in figures_in_prose(page)]
    print(f"\n{len(lines)} lines tell figures in prose; please read:", *lines, sep="\n")
    print("\nmade by hand:", *(f"{name}: {how}" for name, how in BY_HAND.items()), sep="\n")


def _remake_all(pages: list[Path], folder: Path) -> None:
    failed = []
    for page in pages:
        try:
            print(f"{page.relative_to(ROOT)}: {'changed' if remake(page, folder) else 'as it was'}", flush=True)
        except RuntimeError as error:
            failed.append(f"{page.relative_to(ROOT)}: {error}")
    for source, picture in PICTURES.items():
        if (folder / source).exists():
            shutil.copyfile(folder / source, ROOT / picture)
    for command in SCRIPTS.values():
        run(command, ROOT)
    if failed:
        sys.exit("\n".join(["not made again:", *failed]))


if __name__ == "__main__":
    main()
