"""The study of rules in the docs: its script writes what is committed, from the committed record."""

from __future__ import annotations

import json
import runpy
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from archsim import ArchsimError

# by its path: tests of the rules of the package have that name, too
STUDIES = ["rules", "rules_aligned", "rules_motions"]
SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "docs/studies/rules/rules.py"))


@pytest.mark.parametrize("study", STUDIES)
def test_the_script_writes_the_committed_files_from_the_record(root_dir: Path, tmp_path: Path, study: str):
    committed, folder = root_dir / "docs/studies" / study, tmp_path / "rules"
    folder.mkdir()
    shutil.copy(committed / "rules.json", folder)
    other = [] if study == "rules" else ["--question", f"docs/studies/{study}/rules.yaml"]
    SCRIPT["main"]([*other, "--from-record", "-o", str(folder)])
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in committed.iterdir() if path.suffix in (".md", ".csv", ".json", ".png")}
    for name in ("rules.md", "rules.csv", "rules.json"):
        text = (folder / name).read_text().replace(str(folder), f"docs/studies/{study}")
        assert text == (committed / name).read_text(), name


@pytest.mark.parametrize("study", STUDIES)
def test_the_record_holds_what_its_yaml_asks(root_dir: Path, study: str):
    folder = root_dir / "docs/studies" / study
    said = YAML(typ="safe").load(folder / "rules.yaml")
    record = json.loads((folder / "rules.json").read_text())
    asked = SCRIPT["question"](said, said["seeds"], 1)
    work = asked.base.load()[1]
    keys = ("contender", "depth", "bits", "quantiser", "passes", "case")
    wanted: dict[tuple[object, ...], int] = {}
    for cross in asked.crosses:
        for cell in cross.cells(work):
            for one in cross.contenders or [contender["name"] for contender in record["contenders"]]:
                key = (one, *(cell.settings[name] for name in keys[1:]))
                wanted[key] = max(wanted.get(key, 0), cross.n_seeds or said["seeds"])
    seeds = defaultdict(set)
    for run in [*record["runs"], *record["gaps"]]:
        seeds[tuple(run[key] for key in keys)].add(run["seed"])
    assert seeds == {key: set(range(n)) for key, n in wanted.items()}


def test_a_record_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ArchsimError, match=r"rules\.json: cannot be read"):
        SCRIPT["main"](["--from-record", "-o", str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"question\.yaml: cannot be read"), ("[", r"question\.yaml: cannot be read"),
        ("chip: x", r"missing: workload, set, seeds, priced, rates, tuning, crosses"),
        ("nope: 1", r"unknown: nope"),
    ],
)  # fmt: skip
def test_a_question_that_is_wrong_is_told(tmp_path: Path, text: str | None, said: str):
    file = tmp_path / "question.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ArchsimError, match=said):
        SCRIPT["main"](["--question", str(file), "-o", str(tmp_path)])
