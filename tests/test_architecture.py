"""Rooms know only the rooms below them; heavy libraries are imported in one place each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from archsim.registry import INTERCONNECTS

PACKAGE = Path(__file__).resolve().parent.parent / "archsim"

# room -> rooms it may know; docs/architecture.md draws the same picture
LOW = {"compiling", "errors", "files", "given", "graphs", "jit", "json_reader", "names", "reading", "registry"}
LOW |= {"texts"}
"""Small rooms that every other one may use; of each other they know errors only."""
KNOWS = {
    **{room: {"errors"} for room in LOW},
    "errors": {"trace"},  # for type checking only
    "names": set(),
    "texts": set(),
    "reading": {"errors", "json_reader"},
    "trace": {"errors"},
    "display": {"texts"},
    "examples": {"errors", "files", "reading"},
    "processes": {"errors", "registry"},
    "taskgraph": {"compiling", "errors", "graphs", "jit"},
    "engine": {"compiling", "errors", "given", "jit", "names", "taskgraph", "trace"},
    "units": LOW,
    "yaml_reader": LOW | {"units"},
    "verify": {"compiling", "errors", "jit", "taskgraph", "trace"},
}
KNOWS["sources"] = LOW | {"units", "yaml_reader", "examples"}
KNOWS["spec"] = KNOWS["sources"] | {"sources"}
KNOWS["workload"] = KNOWS["sources"] | {"sources"}
KNOWS["components"] = LOW | {"units", "spec"}
KNOWS["crossbar"] = LOW | {"units", "spec"}
KNOWS["snn"] = LOW | {"units", "spec", "workload", "crossbar"}
KNOWS["interconnect"] = LOW | {"spec"}
KNOWS["mapping"] = LOW | {"units", "spec", "workload", "interconnect"}
KNOWS["lowering"] = LOW | {"spec", "workload", "taskgraph", "components", "interconnect", "mapping"}
KNOWS["rules"] = KNOWS["lowering"] | {"units", "lowering", "snn"}
KNOWS["metrics"] = LOW | {"units", "taskgraph", "trace", "components"}
KNOWS["provenance"] = LOW | {"spec", "workload", "units"}
KNOWS["whatif"] = LOW | {"units", "taskgraph", "trace", "engine", "components", "metrics"}
KNOWS["memory"] = LOW | {"spec", "workload", "taskgraph", "engine", "snn", "mapping", "lowering"}
KNOWS["prepare"] = KNOWS["memory"] | {"memory", "crossbar"}
_RUN = {"spec", "workload", "taskgraph", "engine", "metrics", "provenance", "prepare", "verify"}
KNOWS["sight"] = LOW | {"spec", "workload", "snn", "mapping", "lowering", "metrics"}
KNOWS["long_simulation"] = LOW | _RUN | {"mapping", "lowering", "memory", "sight", "long_learning"}
KNOWS["long_learning"] = LOW | _RUN - {"prepare", "provenance"}
KNOWS["long_learning"] |= {"components", "trace", "mapping", "lowering", "snn"}
KNOWS["simulate"] = LOW | _RUN | {"long_simulation", "sight"}
KNOWS["learn"] = LOW | {"units", "spec", "workload", "crossbar", "snn", "mapping", "memory", "provenance"}
KNOWS["learn"] |= {"engine", "simulate", "long_learning", "prepare", "processes"}
KNOWS["learn"] |= {"components", "lowering", "metrics"}
KNOWS["rerun"] = KNOWS["learn"] | {"examples", "learn", "report", "sources", "advise"}
KNOWS["plot"] = LOW | {"units", "components", "metrics", "interconnect", "mapping", "taskgraph", "trace"}
KNOWS["report"] = KNOWS["plot"] | {"plot", "whatif", "spec", "workload", "crossbar", "provenance", "learn"}
KNOWS["export"] = LOW | {"metrics", "taskgraph", "trace"}
_FIGURES = LOW | {"units", "spec", "workload", "components", "crossbar", "snn", "mapping", "metrics", "provenance"}
_FIGURES |= {"simulate", "learn", "plot", "report"}
KNOWS["bridge"] = LOW | {"spec", "workload", "snn", "mapping"}
KNOWS["explore"] = _FIGURES | {"display", "examples", "sources", "yaml_reader", "taskgraph", "engine"}
KNOWS["explore"] |= {"lowering", "prepare", "processes", "verify"}
KNOWS["advise"] = LOW | {"units", "spec", "workload", "components", "snn", "metrics", "yaml_reader"}
KNOWS["advise"] |= {"prepare", "simulate", "explore", "learn"}
KNOWS["study"] = _FIGURES | {"whatif", "explore"}
KNOWS["schema"] = {"errors", "yaml_reader", "spec", "workload", "explore"}
KNOWS["cli"] = KNOWS["study"] | {"yaml_reader", "engine", "long_simulation", "memory", "export", "study", "schema"}
KNOWS["cli"] |= {"lowering", "prepare", "sight", "advise", "display", "examples", "rerun", "sources"}
KNOWS["__main__"] = {"cli"}
KNOWS["__init__"] = LOW | {"spec", "workload", "taskgraph", "trace", "engine", "verify"}
KNOWS["__init__"] |= {"metrics", "simulate", "report", "advise", "explore", "mapping", "rerun", "whatif"}

IMPORTED_BY = {
    "simpy": lambda path: path.parts[0] == "engine",
    "numba": lambda path: path == Path("jit.py"),
    "matplotlib": lambda path: path.parts[0] == "plot",
    "ruamel": lambda path: path.name == "yaml_reader.py",
    "pydantic": lambda path: (
        path.parts[0] in ("spec", "workload", "units")
        # kinds that are read from a file
        or (path.parts[:2] == ("crossbar", "cells") and path.parent.name == "kinds")
        or path.parts[:3] == ("crossbar", "readouts", "kinds")
        or path.parts[:4] == ("snn", "learn", "optimizers", "kinds")
        or path.parts[:4] == ("snn", "learn", "feedbacks", "kinds")
        or path.parts[:3] in (("snn", "data", "kinds"), ("rules", "places", "kinds"))
        or path in map(Path, ("snn/learn/optimizers/kind.py", "snn/learn/feedbacks/kind.py", "rules/settings.py"))
        or path in map(Path, ("explore/models.py", "explore/shapes.py", "learn/shapes.py", "report/saved.py"))
    ),
    "optuna": lambda path: path.parts[0] == "explore",
    "distributed": lambda path: path.parts == ("explore", "cluster.py"),
    "jinja2": lambda path: path in (Path("report/html/page.py"), Path("report/records.py")),
    "typer": lambda path: path.parts[0] == "cli",
    "sklearn": lambda path: path.parts == ("crossbar", "learned", "model.py"),
    "threadpoolctl": lambda path: path == Path("snn/learn/one_thread.py"),
    "filelock": lambda path: path.parts[0] == "files",
    "rich": lambda path: path == Path("display.py"),
    "tonic": lambda path: path == Path("snn/data/kinds/tonic.py"),
    "torch": lambda _path: False,  # the user's: accepted, never imported
    **{
        name: lambda path, name=name: path == Path(f"bridge/kinds/{name}.py")
        for name in ("snntorch", "spikingjelly", "norse", "sinabs")
    },
}


def files() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def of_every_file(check: Callable[[Path], None]) -> Callable[[], None]:
    """One test that tells every file that does not pass, not one test for each of hundreds."""

    def test() -> None:
        errors = []
        for path in files():
            try:
                check(path)
            except AssertionError as error:
                errors.append(f"{path}: {error}")
        assert not errors, "\n".join(errors)

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


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


@of_every_file
def test_a_room_knows_only_the_rooms_below_it(path):
    room = room_of(path)
    assert room in KNOWS, f"{path}: draw the new room in KNOWS and in docs/architecture.md"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "archsim" and len(parts) > 1:
            other = parts[1]
            if (PACKAGE / other).is_dir() or (PACKAGE / f"{other}.py").is_file():
                assert other == room or other in KNOWS[room], f"{path} imports {name}"


@of_every_file
def test_heavy_libraries_are_imported_in_one_place(path):
    for name in imports(path):
        library = name.split(".")[0]
        if library in IMPORTED_BY:
            assert IMPORTED_BY[library](path), f"{path} imports {library}"


@of_every_file
def test_only_files_of_kernels_are_compiled(path):
    """Loops stand in a folder of kernels by their names, or alone beside their plain twin as `compiled.py`."""
    if path.parent.name != "kernels" and path.name != "compiled.py":
        assert not any(name.startswith("archsim.jit") for name in imports(path))


# what compiled loops are written in, beside one another
KERNELS_KNOW = {"__future__", "typing", "collections", "numpy", "archsim.jit"}


@pytest.mark.parametrize("path", [path for path in files() if path.parent.name == "kernels"], ids=str)
def test_kernels_know_numbers_and_arrays_only(path):
    for name in imports(path):
        room = "archsim." + ".".join(path.parent.parts)
        assert name.startswith(room) or any(name == k or name.startswith(f"{k}.") for k in KERNELS_KNOW), name


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in nodes(path):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (name, f"json.{name}"):
            yield node


@of_every_file
def test_no_json_is_written_with_nan_or_infinity(path):
    for call in calls(path, "dumps"):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given.get("allow_nan") == "False", f"{path}:{call.lineno}"


@of_every_file
def test_json_from_a_file_comes_in_by_its_one_reader(path):
    if path == Path("json_reader.py"):
        return
    for call in calls(path, "loads"):
        what = ast.unparse(call.args[0])
        # plain data made plainer, and operations that this process keeps to write them later
        is_own = what.startswith("json.dumps(") or (path, what) == (Path("explore/journal.py"), "line")
        assert is_own, f"{path}:{call.lineno} parses {what}: use archsim.json_reader"


def test_every_room_is_drawn_on_the_page():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = {name.removesuffix(".py").rstrip("/") for name in re.findall(r"`([a-z_]+(?:\.py|/)?)`", page)}
    assert {room for room in KNOWS if not room.startswith("__")} <= told


def test_no_room_knows_a_room_that_knows_it():
    for room, known in KNOWS.items():
        for other in known:
            if {room, other} == {"errors", "trace"}:
                continue  # errors names the trace for type checking only
            assert room not in KNOWS[other], f"{room} and {other} know each other"


def module_of(path: Path) -> str:
    parts = ("archsim", *path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_known() -> dict[str, set[str]]:
    """Every module of the package, and whom it imports: at its top, in functions, and for type checking alike."""
    paths = {module_of(path): path for path in files()}

    def meant(name: str) -> str:
        return name if name in paths else name.rpartition(".")[0]

    found = {name: {meant(other) for other in imports(path)} for name, path in paths.items()}
    return {name: known & paths.keys() - {name} for name, known in found.items()}


def circles(known: dict[str, set[str]]) -> list[list[str]]:
    graph = nx.DiGraph([(one, other) for one, others in known.items() for other in others])
    return sorted(sorted(found) for found in nx.strongly_connected_components(graph) if len(found) > 1)


# imports that close a circle, beside the reason
CLOSES_A_CIRCLE = {
    ("archsim.components.part", "archsim.components.parts"): "a part asks its neighbours; for type checking only",
    ("archsim.units.kinds", "archsim.units.errors"): "a section of a kind words its own errors; when one is read",
}


def test_no_module_knows_one_that_knows_it():
    known = modules_known()
    for one, other in CLOSES_A_CIRCLE:
        known[one].remove(other)
    assert circles(known) == []


def test_every_import_that_may_close_a_circle_does():
    known = modules_known()
    for one, other in CLOSES_A_CIRCLE:
        known[one].remove(other)
    for one, other in CLOSES_A_CIRCLE:
        assert circles({**known, one: known[one] | {other}})


def test_a_circle_between_modules_is_noticed():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]


def test_no_circle_leads_through_rooms():
    known = nx.DiGraph([(room, other) for room, others in KNOWS.items() for other in others if room != other])
    known.remove_edge("errors", "trace")  # for type checking only
    assert nx.is_directed_acyclic_graph(known)


@of_every_file
def test_files_stay_readable(path):
    assert len((PACKAGE / path).read_text().splitlines()) <= 450, f"{path} has outgrown itself"


def functions():
    """Every function with the file that it stands in."""
    for path in files():
        for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
            if isinstance(node, ast.FunctionDef):
                yield path.as_posix(), node


def body_lines(node: ast.FunctionDef) -> int:
    """Lines of the body behind the docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return node.end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    lengths = {(path, node.name): body_lines(node) for path, node in functions()}
    assert sorted(lengths.values())[int(0.9 * len(lengths))] <= 16
    assert [function for function, length in lengths.items() if length > 80] == []


def test_functions_have_few_parameters():
    def count(given: ast.arguments) -> int:
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        return len([one for one in named if one.arg not in ("self", "cls")])

    many = [count(node.args) > 8 for _, node in functions()]
    assert sum(many) <= 0.01 * len(many)


# what makes, changes or removes a file or a folder; with one argument `replace` is that of a path
MAKES = {"mkdir", "makedirs", "mkfifo", "rename", "renames", "unlink", "rmdir", "touch",
         "symlink_to", "hardlink_to", "symlink", "link", "truncate", "ftruncate", "rmtree", "copyfile", "copytree",
         "fsync", "chmod", "tofile", "to_csv", "to_parquet", "to_pickle", "memmap", "mkdtemp", "mkstemp",
         "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile"}  # fmt: skip
# libraries that write: into a buffer or an open file of archsim.files, beside the reason
INTO_A_BUFFER = {
    ("savefig", "plot/canvas.py"),  # BytesIO
    ("write_table", "export/kinds/parquet.py"),  # a file of packed_file
    ("write_table", "explore/results.py"),  # a file of fresh_file
    ("nir.write", "workload/nir_writer.py"),  # BytesIO
    ("nir.write", "bridge/through_nir.py"),  # BytesIO
    ("GzipFile", "export/writing.py"),  # packs into a file of fresh_file
    ("os.open", "cli/say.py"),  # /dev/null
    ("os.open", "reading.py"),  # for reading, without waiting for the other end of a pipe
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


@of_every_file
def test_only_one_file_prints(path):
    """So that a name is text on a terminal, and a full disk behind stdout one line."""
    printing = {"print", "typer.echo", "click.echo", "typer.secho"}
    found = [call for call in calls_in((PACKAGE / path).read_text()) if ast.unparse(call.func) in printing]
    assert not found or path == Path("cli/say.py"), f"{path}: archsim.cli.say does that"


@pytest.mark.parametrize("path", [path for path in files() if path.parts[0] != "interconnect"], ids=str)
def test_no_interconnect_is_told_by_its_name(path):
    """Whoever wants to know asks the object; a bus is also what a tile has."""
    texts = {node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not texts & (set(INTERCONNECTS) - {"bus"})


def test_no_page_tells_an_interconnect_by_its_name():
    for script in PACKAGE.rglob("*.js"):
        assert not [kind for kind in INTERCONNECTS if f'"{kind}"' in script.read_text()], script.name


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
        "from archsim.cli.main import main\nimport sys\nsys.argv = ['archsim', '--help']\n"
        "try: main()\nexcept SystemExit: pass"
    )
    assert not loaded_by(code) & HEAVY


# chains of questions about one text whose end stands for something else than a kind
NO_KINDS = {
    ("explore/study.py", "name"): "names of parameters: two special ones, options, or a path",
    ("explore/tape.py", "kind"): "the rest are arithmetic, looked up in a table",
    ("metrics/blocking.py", "by"): "of GROUPINGS, refused at the top of the function",
    ("whatif/mechanism_latency.py", "stage"): "labels of tasks: what is neither update nor error is forward work",
    ("units/errors.py", "kind"): "pydantic's kinds of errors: the rest are told in its own words",
    ("workload/nir_reader.py", "kind"): "node types, refused where the file is read; others end a walk",
    ("workload/nir_reader.py", "node.type"): "as above: convolutions, or nodes without a shape of their own",
}


def asked(test: ast.expr) -> str | None:
    """The expression that a condition compares with one text or several."""
    if isinstance(test, ast.BoolOp):
        found = {asked(part) for part in test.values} - {None}
        return found.pop() if len(found) == 1 else None
    if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.In)):
        return None
    [given, *_] = test.comparators
    items = given.elts if isinstance(given, ast.Tuple | ast.List | ast.Set) else [given]
    texts = all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in items)
    return ast.unparse(test.left) if texts and items else None


def refuses(body: list[ast.stmt]) -> bool:
    nodes = [node for statement in body for node in ast.walk(statement)]
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    return "assert_never" in calls or any(isinstance(node, ast.Raise) for node in nodes)


def leaves(statement: ast.stmt) -> bool:
    """Whether an `if` without else goes no further than its body."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.body[-1], ast.Return | ast.Raise | ast.Continue)
    )


def swallowed(body: list[ast.stmt]) -> Iterator[str]:
    """What the chains of a block ask for and do not end: with an else, or with what stands behind returns."""
    for i, one in enumerate(body):
        if isinstance(one, ast.Match):
            last = one.cases[-1]
            if isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and not refuses(last.body):
                yield ast.unparse(one.subject)
            for case in one.cases:
                yield from swallowed(case.body)
        for part in ("body", "orelse", "finalbody"):
            yield from swallowed([s for s in getattr(one, part, []) if isinstance(s, ast.stmt)])
        who = asked(one.test) if isinstance(one, ast.If) else None
        before = body[i - 1] if i else None
        if who is None or (isinstance(before, ast.If) and leaves(before) and asked(before.test) == who):
            continue
        n, tail = _end_of(body[i:], who)
        if n > 1 and not refuses(tail):
            yield who


def _end_of(rest: list[ast.stmt], who: str) -> tuple[int, list[ast.stmt]]:
    """How many questions a chain has, and what comes after the last."""
    n, at, one = 1, 0, rest[0]
    assert isinstance(one, ast.If)
    while len(one.orelse) == 1 and isinstance(one.orelse[0], ast.If) and asked(one.orelse[0].test) == who:
        n, one = n + 1, one.orelse[0]
    if one.orelse or not leaves(rest[0]):
        return n, one.orelse
    while at + 1 < len(rest) and isinstance(after := rest[at + 1], ast.If) and leaves(after):
        if asked(after.test) != who:
            break
        n, at = n + 1, at + 1
    return n, rest[at + 1 :]


def test_no_else_swallows_a_kind():
    """Where several kinds are told apart, the rest is refused (`assert_never`, or an error)."""
    found = set()
    for path in files():
        for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
            if isinstance(node, ast.FunctionDef):
                found |= {(path.as_posix(), who) for who in swallowed(node.body)}
    assert found == set(NO_KINDS)
