"""The house stands as it is drawn: rooms know only the rooms below them, heavy libraries have one door each."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "archsim"

# room -> rooms it may know; docs/architecture.md draws the same picture
KNOWS = {
    "errors": {"trace"},  # for type checking only
    "registry": {"errors"},
    "units": {"errors"},
    "yaml_reader": {"errors", "units"},
    "json_reader": {"errors"},
    "spec": {"errors", "units", "yaml_reader"},
    "workload": {"errors", "units", "yaml_reader"},
    "taskgraph": {"errors"},
    "trace": {"errors"},
    "verify": {"errors", "taskgraph", "trace"},
    "engine": {"errors", "taskgraph", "trace"},
    "components": {"errors", "units", "spec"},
    "crossbar": {"errors", "units", "spec", "json_reader"},
    "snn": {"errors", "units", "spec", "workload", "crossbar", "json_reader"},
    "mapping": {"errors", "units", "spec", "workload"},
    "lowering": {"errors", "spec", "workload", "taskgraph", "components", "mapping"},
    "metrics": {"errors", "units", "taskgraph", "trace", "components", "json_reader"},
    "provenance": {"spec", "workload", "units"},
}
KNOWS["whatif"] = {"errors", "units", "taskgraph", "trace", "engine", "components", "metrics"}
KNOWS["memory"] = {"errors", "spec", "workload", "taskgraph", "engine", "snn", "mapping", "lowering"}
KNOWS["prepare"] = KNOWS["memory"] | {"memory", "crossbar"}
KNOWS["long_simulation"] = set(KNOWS) - {"whatif"}
KNOWS["simulate"] = set(KNOWS) - {"errors"}
KNOWS["learn"] = set(KNOWS)
KNOWS["plot"] = {"errors", "units", "metrics", "mapping", "taskgraph", "trace", "json_reader"}
KNOWS["report"] = {"errors", "units", "metrics", "plot", "mapping", "components", "json_reader"}
KNOWS["export"] = {"errors", "metrics", "taskgraph", "trace"}
KNOWS["explore"] = set(KNOWS)
KNOWS["study"] = set(KNOWS)
KNOWS["cli"] = set(KNOWS)
KNOWS["__init__"] = set(KNOWS)
# whatever comes in kinds asks the register
LOWEST = {"errors", "registry", "units", "yaml_reader", "json_reader", "taskgraph", "trace", "verify", "engine"}
for room in KNOWS.keys() - LOWEST:
    KNOWS[room] |= {"registry"}

DOORS = {
    "simpy": lambda path: path.parts[0] == "engine",
    "numba": lambda path: path.name == "compiled.py",
    "matplotlib": lambda path: path.parts[0] == "plot",
    "ruamel": lambda path: path.name == "yaml_reader.py",
    "pydantic": lambda path: (
        path.parts[0] in ("spec", "workload", "units")
        or path in (Path("explore/models.py"), Path("explore/shapes.py"), Path("report/saved.py"))
    ),
    "optuna": lambda path: path.parts[0] == "explore",
    "distributed": lambda path: path.parts == ("explore", "cluster.py"),
    "jinja2": lambda path: path in (Path("report/html/page.py"), Path("report/records.py")),
    "typer": lambda path: path.parts[0].startswith("cli"),
    "sklearn": lambda path: path.parts == ("crossbar", "learned", "model.py"),
}


def files() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    name = path.parts[0].removesuffix(".py")
    return "cli" if name.startswith("cli") else name


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse((PACKAGE / path).read_text())))


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
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


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in nodes(path):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (name, f"json.{name}"):
            yield node


@pytest.mark.parametrize("path", files(), ids=str)
def test_no_json_is_written_with_nan_or_infinity(path):
    for call in calls(path, "dumps"):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given.get("allow_nan") == "False", f"{path}:{call.lineno}"


@pytest.mark.parametrize("path", files(), ids=str)
def test_json_from_a_file_comes_in_by_its_one_reader(path):
    if path == Path("json_reader.py"):
        return
    for call in calls(path, "loads"):
        what = ast.unparse(call.args[0])
        # plain data made plainer, and operations that this process keeps to write them later
        is_own = what.startswith("json.dumps(") or (path, what) == (Path("explore/journal.py"), "line")
        assert is_own, f"{path}:{call.lineno} parses {what}: use archsim.json_reader"


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
