"""Names that archsim takes for itself stand in one file, and no layer has one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from archsim import names
from archsim.errors import SpecError, WorkloadError
from archsim.spec import load_chip
from archsim.workload import Dense, Layer, Network, load_workload

PACKAGE = Path(names.__file__).parent
TAKEN = [value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)]


def test_every_account_is_named_in_one_file() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "names.py":
            constants = [part for part in ast.walk(ast.parse(path.read_text())) if isinstance(part, ast.Constant)]
            texts = {part.value for part in constants if isinstance(part.value, str)}
            assert not texts & {name for name in TAKEN if name.startswith("(")}, path


@pytest.mark.parametrize("name", [*TAKEN, "(no layer)", "fc.copy", "fc.recurrent"])
def test_no_layer_has_a_name_that_is_taken(name: str, tmp_path: Path) -> None:
    assert names.why_reserved(name)
    with pytest.raises(WorkloadError, match="this name is reserved"):
        Network("net", (1,), (Layer(name, Dense(1), ("input",), (1,), (1,)),))
    file = tmp_path / "work.yaml"
    file.write_text(
        "version: 1\nname: t\nnetwork:\n  input: [1]\n  layers:\n"
        f"    - {{name: '{name}', kind: dense, outputs: 1}}\n"
        "timesteps: 3\ninput_resolution: 1 bit\nactivity: {kind: random_input, rate: 0.5}\nphases: [inference]\n"
    )
    with pytest.raises(WorkloadError, match=r"work.yaml:6:8: network.layers.0.name: .*this name is reserved"):
        load_workload(file)


@pytest.mark.parametrize("name", ["fc1", "input1", "(a", "a)", "copy", "leakage", "x (none)"])
def test_other_names_are_free(name: str) -> None:
    assert names.why_reserved(name) is None


def test_the_name_of_a_chip_or_workload_is_one_line(root_dir: Path) -> None:
    forged = "chip\\n# all is well"
    with pytest.raises(SpecError, match="name: must be one line"):
        load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [f'name="{forged}"'])
    with pytest.raises(WorkloadError, match="name: must be one line"):
        load_workload(root_dir / "workloads" / "watch_mlp.yaml", [f'name="{forged}"'])
