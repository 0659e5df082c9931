"""The study DFA against BP in the docs: its script writes what is committed, from the committed record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dfa_vs_bp import main


@pytest.fixture(scope="module")
def written(root_dir: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dfa_vs_bp")
    shutil.copy(root_dir / "docs/studies/dfa_vs_bp/dfa_vs_bp.json", folder)
    main(["--from-record", "-o", str(folder)])
    return folder


def test_the_script_writes_the_committed_files_from_the_record(written, root_dir):
    committed = root_dir / "docs/studies/dfa_vs_bp"
    names = {path.name for path in written.iterdir()}
    assert names == {path.name for path in committed.iterdir() if path.suffix in (".md", ".csv", ".json", ".png")}
    for name in sorted(name for name in names if not name.endswith(".png")):  # whose bytes depend on matplotlib
        text = (written / name).read_text().replace(str(written), "docs/studies/dfa_vs_bp")
        assert text == (committed / name).read_text(), name
