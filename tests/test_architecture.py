"""The house stands as it is drawn: rooms know only the rooms below them, heavy libraries have one door each."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "archsim"

# room -> rooms it may know; docs/architecture.md draws the same picture
KNOWS = {
    "errors": {"trace"},  # for type checking only
    "registry": {"errors"},
    "units": {"errors"},
    "yaml_reader": {"errors", "units"},
    "spec": {"errors", "units", "yaml_reader"},
    "workload": {"errors", "units", "yaml_reader"},
    "taskgraph": {"errors"},
    "trace": {"errors"},
    "verify": {"errors", "taskgraph", "trace"},
    "engine": {"errors", "taskgraph", "trace"},
    "components": {"errors", "units", "spec"},
    "crossbar": {"errors", "units", "spec"},
    "snn": {"errors", "units", "spec", "workload", "crossbar"},
    "mapping": {"errors", "units", "spec", "workload"},
    "lowering": {"errors", "spec", "workload", "taskgraph", "components", "mapping"},
    "metrics": {"errors", "units", "taskgraph", "trace", "components"},
    "provenance": {"spec", "workload", "units"},
}
KNOWS["whatif"] = {"errors", "units", "taskgraph", "trace", "engine", "components", "metrics"}
KNOWS["long_simulation"] = set(KNOWS) - {"whatif"}
KNOWS["simulate"] = set(KNOWS) - {"errors"}
KNOWS["learn"] = set(KNOWS)
KNOWS["plot"] = {"errors", "units", "components", "metrics", "mapping", "taskgraph", "trace"}
KNOWS["report"] = {"errors", "units", "metrics", "plot", "mapping", "components"}
KNOWS["export"] = {"errors", "metrics", "taskgraph", "trace"}
KNOWS["explore"] = set(KNOWS)
KNOWS["study"] = set(KNOWS)
KNOWS["cli"] = set(KNOWS)
KNOWS["__init__"] = set(KNOWS)
# whatever comes in kinds asks the register
for room in set(KNOWS) - {"errors", "registry", "units", "yaml_reader", "taskgraph", "trace", "verify", "engine"}:
    KNOWS[room] |= {"registry"}

DOORS = {
    "simpy": lambda path: path.parts[0] == "engine",
    "numba": lambda path: path.name == "compiled.py",
    "matplotlib": lambda path: path.parts[0] == "plot",
    "ruamel": lambda path: path.name == "yaml_reader.py",
    "pydantic": lambda path: path.parts[0] in ("spec", "workload", "units") or path == Path("explore/models.py"),
    "optuna": lambda path: path.parts[0] == "explore",
    "distributed": lambda path: path.parts == ("explore", "cluster.py"),
    "jinja2": lambda path: path.parts == ("report", "html", "page.py"),
    "typer": lambda path: path.parts[0].startswith("cli"),
    "sklearn": lambda path: path.parts == ("crossbar", "learned", "model.py"),
}


def files() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    name = path.parts[0].removesuffix(".py")
    return "cli" if name.startswith("cli") else name


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", files(), ids=str)
def test_a_room_knows_only_the_rooms_below_it(path):
    room = room_of(path)
    assert room in KNOWS, f"{path}: draw the new room in KNOWS and in docs/architecture.md"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "archsim" and len(parts) > 1:
            other = "cli" if parts[1].startswith("cli") else parts[1]
            if (PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").is_file():
                assert other == room or other in KNOWS[room], f"{path} imports {name}"


@pytest.mark.parametrize("path", files(), ids=str)
def test_heavy_libraries_come_in_by_one_door(path):
    for name in imports(path):
        library = name.split(".")[0]
        if library in DOORS:
            assert DOORS[library](path), f"{path} imports {library}"


def test_no_room_knows_a_room_that_knows_it():
    for room, known in KNOWS.items():
        for other in known:
            if {room, other} == {"errors", "trace"}:
                continue  # errors names the trace for type checking only
            assert room not in KNOWS[other], f"{room} and {other} know each other"


@pytest.mark.parametrize("path", files(), ids=str)
def test_files_stay_readable(path):
    assert len((PACKAGE / path).read_text().splitlines()) <= 450, f"{path} has outgrown itself"


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running some code."""
    script = f"{code}\nimport sys\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return set(out.splitlines()[-1].split())


HEAVY = {"numpy", "scipy", "matplotlib", "simpy", "networkx", "pydantic", "nir", "h5py", "ruamel"}
HEAVY |= {"numba", "sklearn", "optuna", "distributed", "pandas", "jinja2"}


def test_import_archsim_stays_light():
    assert not loaded_by("import archsim") & HEAVY


def test_the_help_page_stays_light():
    code = (
        "from archsim.cli import main\nimport sys\nsys.argv = ['archsim', '--help']\n"
        "try: main()\nexcept SystemExit: pass"
    )
    assert not loaded_by(code) & HEAVY
