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
    "texts": set(),
    "files": {"errors"},
    "units": {"errors"},
    "yaml_reader": {"errors", "units"},
    "spec": {"errors", "units", "yaml_reader"},
    "workload": {"errors", "files", "units", "yaml_reader"},
    "taskgraph": {"errors"},
    "trace": {"errors"},
    "verify": {"errors", "taskgraph", "trace"},
    "engine": {"errors", "taskgraph", "trace"},
    "components": {"errors", "units", "spec"},
    "crossbar": {"errors", "files", "units", "spec"},
    "snn": {"errors", "files", "units", "spec", "workload", "crossbar"},
    "mapping": {"errors", "units", "spec", "workload"},
    "lowering": {"errors", "spec", "workload", "taskgraph", "components", "mapping"},
    "metrics": {"errors", "files", "units", "taskgraph", "trace", "components"},
    "provenance": {"spec", "workload", "units"},
}
KNOWS["whatif"] = {"errors", "units", "taskgraph", "trace", "engine", "components", "metrics"}
KNOWS["long_simulation"] = set(KNOWS) - {"whatif"}
KNOWS["simulate"] = set(KNOWS) - {"errors"}
KNOWS["learn"] = set(KNOWS)
KNOWS["plot"] = {"errors", "files", "units", "metrics", "mapping", "taskgraph", "trace"}
KNOWS["report"] = {"errors", "files", "texts", "units", "metrics", "plot", "mapping", "components"}
KNOWS["export"] = {"errors", "files", "texts", "metrics", "taskgraph", "trace"}
KNOWS["explore"] = set(KNOWS)
KNOWS["study"] = set(KNOWS)
KNOWS["cli"] = set(KNOWS)
KNOWS["__main__"] = {"cli"}
KNOWS["__init__"] = set(KNOWS)

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


# what makes, changes or removes a file or a folder; with one argument `replace` is that of a path
MAKES = {"mkdir", "makedirs", "mkfifo", "rename", "renames", "unlink", "rmdir", "touch",
         "symlink_to", "hardlink_to", "symlink", "link", "truncate", "ftruncate", "rmtree", "copyfile", "copytree",
         "fsync", "chmod", "tofile", "to_csv", "to_parquet", "to_pickle", "memmap", "mkdtemp", "mkstemp",
         "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile"}  # fmt: skip
# libraries that write: into a buffer or an open file of archsim.files, beside the reason
INTO_A_BUFFER = {
    ("savefig", "plot/canvas.py"),  # BytesIO
    ("write_table", "export/tables.py"),  # a file of packed_file
    ("write_table", "explore/results.py"),  # a file of fresh_file
    ("nir.write", "workload/nir_writer.py"),  # BytesIO
    ("GzipFile", "export/writing.py"),  # packs into a file of fresh_file
    ("os.open", "cli_say.py"),  # /dev/null
}
LIBRARIES = {"os.open", "savefig", "write_table", "nir.write", "GzipFile", "savez", "savez_compressed",
             "np.save", "savetxt"}  # fmt: skip
_WRITING = set("wax+")


def writes(call: ast.Call, path: Path) -> bool:
    """Whether a call opens something for writing, or makes, changes or removes a file or folder."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(getattr(function, "value", None), "id", "")
    full = f"{owner}.{name}"
    if name == "open" and owner != "os":
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        modes = [str(a.value) for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        return any(len(mode) <= 3 and _WRITING & set(mode) for mode in modes)
    if name in {"write_text", "write_bytes"}:  # of a path, or of archsim.files
        return isinstance(function, ast.Attribute) and owner != "files"
    if name in LIBRARIES or full in LIBRARIES:
        return not {(name, path.as_posix()), (full, path.as_posix())} & INTO_A_BUFFER
    if name == "File" and owner == "h5py":
        return ast.unparse(call.args[1]) != "'r'" if len(call.args) > 1 else False
    if name == "replace":
        is_method = isinstance(function, ast.Attribute)
        return owner == "os" or (is_method and len(call.args) == 1 and not call.keywords)
    return name in MAKES or full in {"os.write", "os.remove", "shutil.move", "shutil.copy", "shutil.copy2"}


def calls_in(source: str) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


@pytest.mark.parametrize("path", [path for path in files() if path.parts[0] != "files"], ids=str)
def test_only_the_room_of_files_writes(path):
    found = [ast.unparse(call) for call in calls_in((PACKAGE / path).read_text()) if writes(call, path)]
    assert not found, f"{path}: archsim.files does that"


@pytest.mark.parametrize("code", [
    "open(p, 'w')", "p.open('wb')", "open(p, mode='a+b')", "os.open(p, flags)", "p.write_text(t)", "p.mkdir()",
    "os.replace(a, b)", "a.replace(b)", "np.savez(p, a=a)", "h5py.File(p, 'w')", "fig.savefig(p)",
    "pq.write_table(t, p)", "shutil.rmtree(p)", "tempfile.mkdtemp()", "frame.to_csv(p)", "os.remove(p)",
])  # fmt: skip
def test_whatever_writes_is_noticed(code):
    assert writes(next(calls_in(code)), Path("x.py"))


@pytest.mark.parametrize("code", [
    "open(p)", "p.open('rb')", "open(p, encoding='ascii')", "t.replace('a', 'b')", "replace(chip, tiles=2)",
    "h5py.File(p, 'r')", "p.read_text()", "sys.stderr.write(t)",
])  # fmt: skip
def test_whatever_reads_is_left_alone(code):
    assert not writes(next(calls_in(code)), Path("x.py"))


@pytest.mark.parametrize("path", files(), ids=str)
def test_only_one_file_prints(path):
    """So that a name is text on a terminal, and a full disk behind stdout one line."""
    printing = {"print", "typer.echo", "click.echo", "typer.secho"}
    found = [call for call in calls_in((PACKAGE / path).read_text()) if ast.unparse(call.func) in printing]
    assert not found or path == Path("cli_say.py"), f"{path}: archsim.cli_say does that"


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
