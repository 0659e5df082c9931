"""Pages of the site that are made from the package: keys of files, commands, the public Python names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

import archsim
from archsim.examples import KINDS
from archsim.schema import schema_of

TITLES = {"chip": "Keys of a chip file", "workload": "Keys of a workload file", "study": "Keys of a study file"}
GUIDES = {
    "chip": "What the sections are for stands on the page [chip files](../../models/spec.md).",
    "workload": "What the sections are for stands on the page [workloads](../../models/workload.md).",
    "study": "How a study is used stands on the page [which chip?](../../explore.md).",
}

_CITED = re.compile(r"doi|arXiv|et al\.|IEEE|github|Nature|NIST|ISO|SI brochure")


def make(folder: Path) -> None:
    """Write all pages; one that is as it was is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{kind}.md": keys_page(kind) for kind in KINDS} | {"cli.md": cli_page(), "python.md": python_page()}
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def keys_page(kind: str) -> str:
    """A table for each section of a kind of file: key, meaning, values, default, source of the default."""
    schema = schema_of(kind)
    intro = (
        f"Made from the models that read the files: `archsim schema {kind}` prints the same. {GUIDES[kind]} "
        "A quantity is 0 or more unless another range is told. The source of a default is that of its section or "
        "kind; *choice* is a default of archsim's that rests on no measurement. Prices have no defaults: they "
        "come from the file or its component library, each with its own source (`archsim components CHIP`)."
    )
    parts = [f"# {TITLES[kind]}", intro, *_section("the file", schema)]
    for name, model in sorted(schema.get("$defs", {}).items()):
        if model.get("properties"):
            parts += _section(name, model)
    return "\n\n".join(parts) + "\n"


def _section(name: str, model: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    yield from map(_cell, _told(model))
    needed = set(model.get("required", ()))
    rows = ["| key | meaning | values | default | source |", "|---|---|---|---|---|"]
    for key, place in model.get("properties", {}).items():
        rows += _rows(key, place, key in needed, source(model))
    yield "\n".join(rows)
    yield from _kinds(model)


def _told(model: dict[str, Any]) -> list[str]:
    """The paragraphs of a docstring, up to its tables and examples."""
    text = re.split(r"\n\n(?:\w+\n-{3,}|>>> )", model.get("description", ""))[0]
    return [part for part in text.split("\n\n") if part.strip()]


def _kinds(model: dict[str, Any]) -> Iterator[str]:
    """What is said of each kind that a key of a section may be, with where its figures come from."""
    for key, place in model.get("properties", {}).items():
        for arm in _arms(place):
            kind = arm.get("properties", {}).get("kind", {}).get("const")
            if kind and (said := " ".join(_told(arm))):
                yield f"`{key}: {kind}`: {_cell(said)}"


def source(model: dict[str, Any]) -> str:
    """What a docstring cites: what it says in brackets, else the sentence; nothing if it cites nothing.

    Examples
    --------
    >>> source({"description": "Adam: two numbers (Kingma, Ba 2015, arXiv 1412.6980)."})
    'Kingma, Ba 2015, arXiv 1412.6980'
    >>> source({"description": "Crafton et al. 2019, doi:10.3389/fnins.2019.00525: each neuron."})
    'Crafton et al. 2019, doi:10.3389/fnins.2019.00525: each neuron.'
    """
    text = " ".join(" ".join(_told(model)).split())
    found = [part for part in re.findall(r"\(((?:[^()]|\([^()]*\))*)\)", text) if _CITED.search(part)]
    sentences = [one for one in re.split(r"(?<=[a-z0-9)]\.) (?=[A-Z])", text) if _CITED.search(one)]
    return "; ".join(dict.fromkeys(found or sentences[:1]))


def _rows(key: str, place: dict[str, Any], needed: bool, cited: str, depth: int = 0) -> Iterator[str]:
    meaning, default = place.get("description", ""), "needed" if needed else _default(place)
    rests = "" if default in ("needed", "none") else cited or "choice"
    yield f"| `{key}` | {_cell(meaning)} | {_cell(values(place))} | {default} | {_cell(rests)} |"
    for arm in _arms(place):
        below, among = arm.get("properties", {}), set(arm.get("required", ()))
        of = below.get("kind", {}).get("const", "")
        for name, inner in below.items():
            if name != "kind" and depth < 3:
                said = f"{key}.{name}" + (f" ({of})" if of else "")
                yield from _rows(said, inner, name in among, source(arm) or cited, depth + 1)


def _arms(place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if place.get("properties"):
        yield place
    for name in ("anyOf", "oneOf", "allOf"):
        for arm in place.get(name, []):
            yield from _arms(arm)


def values(place: dict[str, Any]) -> str:
    """What a key may be: names, numbers with their range, quantities with their units, or another section."""
    if "enum" in place:
        return ", ".join(f"`{value}`" for value in place["enum"])
    if "const" in place:
        return f"`{place['const']}`"
    if "$ref" in place:
        name = place["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    choices = [arm for group in ("anyOf", "oneOf", "allOf") for arm in place.get(group, [])]
    if arms := [arm for arm in choices if arm.get("type") != "null"]:
        return " or ".join(dict.fromkeys(filter(None, map(values, arms))))
    if "examples" in place:
        signed = "of either sign, " if "[+-]?" in place.get("pattern", "")[:12] else ""
        return f"{signed}such as `{place['examples'][0]}`"
    if place.get("properties"):
        kind = place["properties"].get("kind", {}).get("const")
        return f"`kind: {kind}`" if kind else "the keys below"
    return _range(place)


def _range(place: dict[str, Any]) -> str:
    words = {"integer": "count", "number": "number", "boolean": "`true` or `false`", "string": "text",
             "array": "list", "object": "names and values"}  # fmt: skip
    said = words.get(place.get("type", ""), "")
    bounds = {
        "minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below",
    }  # fmt: skip
    limits = [f"{word} {place[name]}" for name, word in bounds.items() if name in place]
    return " ".join([said, ", ".join(limits)]).strip()


def _default(place: dict[str, Any]) -> str:
    if "default" not in place:
        return "none"
    value = place["default"]
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return f"`{value['kind']}`" if "kind" in value else "those of its keys"
    return f"`{value}`"


def _cell(text: str) -> str:
    """A text as it stands in a cell of a table."""
    for role in (":mod:", ":func:", ":class:", ":meth:", ":attr:", "~"):
        text = text.replace(role, "")
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").replace("``", "`").split())


def cli_page() -> str:
    """The help of every command."""
    from archsim.cli.app import app

    group: Any = get_command(app)
    parts = ["# Commands", "What `archsim COMMAND --help` prints."]
    for name, command, context in _below_group(group, group.context_class(group, info_name="archsim")):
        parts += _command(name, command, context)
    return "\n\n".join(parts) + "\n"


def _below_group(group: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    """Commands of a group, and those of groups in it: name, command, context."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.context_class(command, parent=context, info_name=name)
        yield inner.command_path, command, inner
        if hasattr(command, "list_commands"):
            yield from _below_group(command, inner)


def _command(name: str, command: Any, context: Any) -> Iterator[str]:
    yield f"## {name}"
    if said := inspect.cleandoc(command.help or "").split("\f")[0]:
        yield _cell(said)
    rows = ["| option | meaning |", "|---|---|"]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None and parameter.param_type_name == "argument":
            record = (parameter.make_metavar(context), getattr(parameter, "help", None) or "")
        if record is not None:
            rows.append(f"| `{' '.join(record[0].replace('|', ', ').split())}` | {_cell(record[1])} |")
    yield "\n".join(rows)


def python_page() -> str:
    """The public names of the package, by docstring."""
    intro = "The names that `import archsim` gives; rooms behind them stand in [models](../../models.md)."
    parts = ["# Python", intro]
    for name in sorted(archsim.__all__, key=str.lower):
        thing = getattr(archsim, name)
        kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"
        if isinstance(thing, type) and issubclass(thing, BaseException):
            kind = "exception"
        body = f".. auto{kind}:: archsim.{name}" + ("\n   :members:" if kind == "class" else "")
        parts += [f"## {name}", f"```{{eval-rst}}\n{body}\n```"]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    make(Path(__file__).resolve().parent / "made" / "reference")
