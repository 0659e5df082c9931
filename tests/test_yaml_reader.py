"""Every bad file ends in one clear message that says where."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from archsim.errors import SpecError, UnitError, WorkloadError
from archsim.units import FileModel, TimePs
from archsim.yaml_reader import fill, read_yaml

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "chip.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def refusal(path: Path, error: type[Exception] = SpecError) -> str:
    """The message after the file's name."""
    with pytest.raises(error) as caught:
        read_yaml(path, error)
    assert type(caught.value) is error
    assert caught.value.__cause__ is None
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}:")
    return message.removeprefix(f"{path}:").strip()


def test_a_file_becomes_plain_data_by_the_core_schema_of_yaml_1_2(write: Write) -> None:
    path = write(
        "name: chip\n"
        "rows: 128\n"
        "scale: 1.5e-3\n"
        "on: yes\n"
        "flag: true\n"
        "none: ~\n"
        "nothing:\n"
        "quoted: '12'\n"
        "grouped: 1_000\n"
        "octal: 012\n"
        "time: 12:30\n"
        "latency: 100 ns\n"
        "share: 35 %\n"
        "items: [1, -2, {a: b}]\n"
        "block: |\n  two\n  lines\n"
    )
    assert read_yaml(path, SpecError).data == {
        "name": "chip",
        "rows": 128,
        "scale": 0.0015,
        "on": "yes",
        "flag": True,
        "none": None,
        "nothing": None,
        "quoted": "12",
        "grouped": "1_000",
        "octal": 12,
        "time": "12:30",
        "latency": "100 ns",
        "share": "35 %",
        "items": [1, -2, {"a": "b"}],
        "block": "two\nlines\n",
    }


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
PLAIN = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | TEXTS
TREES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=10
)


@given(st.dictionaries(TEXTS, TREES, min_size=1, max_size=4))
def test_every_json_object_is_read_as_json_reads_it(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    # YAML 1.2.2, section 1.3: every JSON file is a YAML file
    path = tmp_path_factory.getbasetemp() / "tree.yaml"
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    assert read_yaml(path, SpecError).data == data


def test_every_part_knows_its_line_and_column(write: Write) -> None:
    path = write("# a chip\nname: x\ncrossbar:\n  rows: 4\nlayers:\n  - a\n  - kind: b\n")
    document = read_yaml(path, SpecError)
    assert document.position(()) == (2, 1)
    assert document.position(("crossbar", "rows")) == (4, 3)
    assert document.position(("layers", 1)) == (7, 5)
    assert document.position(("layers", 1, "kind")) == (7, 5)
    assert document.position(("crossbar", "missing")) == (3, 1)
    assert document.where(("crossbar", "rows")) == f"{path}:4:3"


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "1:1: empty; nothing but blanks and comments"),
        ("  \n# only a comment\n", "1:1: empty; nothing but blanks and comments"),
        ("a: 1\nb: 2\na: 3\n", "3:1: a: a duplicate key; it stands already in line 1"),
        ("x:\n  a: 1\n  'a': 3\n", "3:3: x.a: a duplicate key; it stands already in line 2"),
        ("- 1\n- 2\n", "1:1: a mapping (key: value) is needed on top"),
        ("just text\n", "1:1: a mapping (key: value) is needed on top"),
        ("a:\n\tb: 1\n", "2:1: a tab; indent with spaces"),
        ("a: [1, 2\n", "2:1: not valid YAML: while parsing a flow sequence"),
        ("a: 1\n b: 2\n", "2:3: not valid YAML: mapping values are not allowed here"),
        ("a: 'open\n", "not valid YAML: while scanning a quoted scalar"),
        ("a: @b\n", "1:4: not valid YAML"),
        ("a: \x07\n", "1:4: a character that YAML does not allow"),
        ('a: "\\U00110000"\n', "a character that YAML does not allow"),
        (BOMB, "1:4: a: an anchor (&a) is not allowed; remove it"),
        ("a: 1\nb: *a\n", "2:4: b: an alias (*a) is not allowed; write the value out"),
        ("a: !!python/object:os.system x\n", "1:4: a: a tag (tag:yaml.org,2002:python/object:os.syst…) is not"),
        ("a: !mine {b: 1}\n", "1:4: a: a tag (!mine) is not allowed; remove it"),
        ("a: !!str 3\n", "1:4: a: a tag (tag:yaml.org,2002:str) is not allowed; remove it"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document starts here; a file holds one"),
        ("%YAML 1.1\n---\na: 1\n", "only YAML 1.2 is read"),
        ("1: x\n", "1:1: a key must be a text; 1 is none (quote it)"),
        ("a:\n  true: x\n", "2:3: a: a key must be a text; true is none (quote it)"),
        ("~: x\n", "1:1: a key must be a text"),
        ("? [a, b]\n: x\n", "1:3: a key must be a text"),
        ("{a: 1}: x\n", "1:1: a key must be a text"),
        ("a: 1e999\n", "1:4: a: a number that is too long or too large"),
        ("a: " + "9" * 5000 + "\n", "1:4: a: a number that is too long or too large"),
        ("a: " + "[" * 5000 + "\n", "nested deeper than 50 levels"),
        ("a: " + "{b: " * 5000 + "\n", "nested deeper than 50 levels"),
        (b"\x89HDF\r\n\x1a\n\x00\x00\x00", "1:1: a binary file; YAML text in UTF-8 is needed"),
        (b"a: 1\nb: caf\xe9\n", "2:7: not UTF-8; YAML text in UTF-8 is needed"),
        ("a: 1\n".encode("utf-16"), "1:1: a binary file"),
        (b"a" * 1_000_001, "cannot be read: the file is too large: 1000001 bytes, at most 1000000 are read"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    for error in (SpecError, WorkloadError):
        said = refusal(path, error)
        assert message in said
        assert len(said) < 200


def test_a_byte_order_mark_is_no_error(write: Write) -> None:
    assert read_yaml(write(b"\xef\xbb\xbfa: 1\n"), SpecError).data == {"a": 1}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml") == "there is no such file"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "cannot be read: is a folder; name a file in it"


def test_a_name_that_no_file_can_have_is_refused() -> None:
    assert refusal(Path("a\0b")).startswith("cannot be read: ")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "cannot be read: not a regular file; a pipe or a device might never end"


def test_a_file_without_permission_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a: 1\n")

    def refuse(path: Path, _: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)  # a test may run as root, who may read all
    assert refusal(path) == "cannot be read: Permission denied"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_whatever_gives_another_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    with contextlib.suppress(SpecError):
        assert isinstance(read_yaml(path, SpecError).data, dict)


# ---- --set ----

CHIP = "name: x\ncrossbar:\n  rows: 4\n  cols: 8\nlayers:\n  - {name: a}\n  - {name: b}\n"


def test_set_changes_a_value_adds_a_key_and_reaches_into_lists(write: Write) -> None:
    document = read_yaml(write(CHIP), SpecError)
    changed = document.override(
        [
            "crossbar.rows=128",
            "crossbar.latency=100 ns",
            "layers.1.name=out",
            "more={a: [1, true], b: '2'}",
            "name=a=b",
        ]
    )
    assert changed.data == {
        "name": "a=b",
        "crossbar": {"rows": 128, "cols": 8, "latency": "100 ns"},
        "layers": [{"name": "a"}, {"name": "out"}],
        "more": {"a": [1, True], "b": "2"},
    }
    assert document.data["crossbar"] == {"rows": 4, "cols": 8}


def test_a_later_set_sees_an_earlier_one(write: Write) -> None:
    document = read_yaml(write(CHIP), SpecError).override(
        ["new={a: 1}", "new.a=2", "crossbar.rows=1", "crossbar.rows=2"]
    )
    assert (document.data["new"], document.data["crossbar"]["rows"]) == ({"a": 2}, 2)


def test_what_was_set_is_reported_by_its_set(write: Write) -> None:
    path = write(CHIP)
    document = read_yaml(path, SpecError).override(["crossbar={rows: 3}"])
    assert document.where(("crossbar", "rows")) == "--set crossbar={rows: 3}"
    assert document.position(("crossbar", "rows")) is None
    assert document.where(("layers", 0)) == f"{path}:6:5"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("crossbar.rows", "write it as path=value, e.g. --set crossbar.rows=128"),
        ("=3", "write it as path=value"),
        ("crossbar..rows=3", "write it as path=value"),
        ("name.first=3", "'name' holds a single value and has no 'first'"),
        ("layers.2.name=c", "'layers' is a list of 2; '2' must be an index from 0 to 1"),
        ("layers.-1.name=c", "'layers' is a list of 2; '-1' must be an index from 0 to 1"),
        ("layers.first=c", "'layers' is a list of 2; 'first' must be an index"),
        ("layers[1].name=c", "write it as layers.1.name"),
        ("crossbar['rows']=4", "write it as crossbar.rows"),
        ("name=", "no value behind ="),
        ("name=[1, 2", "name: the value is wrong: not valid YAML"),
        ("name=*a", "name: the value is wrong: an alias (*a) is not allowed"),
        ("name={a: 1, a: 2}", "name: the value is wrong: a duplicate key"),
    ],
)
def test_a_wrong_set_says_what_there_is(write: Write, assignment: str, message: str) -> None:
    document = read_yaml(write(CHIP), WorkloadError)
    with pytest.raises(WorkloadError) as caught:
        document.override([assignment])
    assert str(caught.value).startswith(f"--set {assignment}: {message}")
    assert "\n" not in str(caught.value)


# ---- models ----


class Sar(FileModel):
    kind: Literal["sar"]
    settle_ps: TimePs


class Ramp(FileModel):
    kind: Literal["ramp"]
    n_steps: int


class Chip(FileModel):
    n_rows: int = Field(ge=1)
    n_cols: int = Field(default=8, ge=1)
    adc: Annotated[Sar | Ramp, Field(discriminator="kind")]
    read_ps: TimePs = 100_000


def filled(path: Path, error: type[Exception], overrides: Sequence[str] = ()) -> Chip:
    return fill(Chip, read_yaml(path, error).override(overrides))


def message_of(path: Path, error: type[Exception], overrides: tuple[str, ...] = ()) -> str:
    with pytest.raises(error) as caught:
        filled(path, error, overrides)
    assert caught.value.__suppress_context__
    return str(caught.value).replace(str(path), "FILE")


def test_a_set_makes_a_section_that_the_file_leaves_out(write: Write) -> None:
    chip = filled(write("rows: 4\n"), SpecError, ["adc.kind=ramp", "adc.steps=3"])
    assert chip.adc == Ramp.model_validate({"kind": "ramp", "steps": 3})


def test_a_misspelled_section_of_a_set_is_an_unknown_key(write: Write) -> None:
    path = write("rows: 4\nadc: {kind: sar, settle: 2 ns}\n")
    found = message_of(path, SpecError, ("acd.settle=1 ns",))
    assert found.startswith("--set acd.settle=1 ns: acd: unknown key; allowed: ")
    assert "did you mean 'adc'?" in found


def test_a_model_is_loaded_with_what_set_says(write: Write) -> None:
    path = write("rows: 4\nadc: {kind: sar, settle: 2 ns}\n")
    chip = filled(path, SpecError, ["read=0.1 ns"])
    assert chip == Chip.model_validate({"rows": 4, "adc": {"kind": "sar", "settle": "2 ns"}, "read": "100 ps"})


def test_all_errors_come_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write("read: 5 V\ncolumns: 4\nrows: -1\nadc:\n  kind: sar\n")
    assert message_of(path, SpecError, ("cols=x",)).splitlines() == [
        "FILE:1:1: read: '5 V' is a voltage; a time needs a unit, e.g. '100 ns' (allowed: ps, ns, us, ms, s)",
        "FILE:2:1: columns: unknown key; allowed: rows, cols, adc, read; did you mean 'cols'?",
        "FILE:3:1: rows: must be at least 1; got -1",
        "FILE:4:1: adc.settle: missing; needs a time, e.g. '100 ns'",
        "--set cols=x: cols: must be a whole number; got 'x'",
    ]


def test_a_missing_key_stands_where_its_parent_stands(write: Write) -> None:
    assert message_of(write("\nadc: {kind: ramp, steps: 3}\n"), SpecError) == (
        "FILE:2:1: rows: missing; needs a whole number"
    )


def test_errors_of_units_alone_are_a_unit_error(write: Write) -> None:
    units = write("rows: 4\nread: 100\nadc: {kind: sar, settle: 5}\n")
    with pytest.raises(UnitError):
        filled(units, SpecError)
    with pytest.raises(WorkloadError):
        filled(units, WorkloadError)
    mixed = write("rows: x\nread: 100\nadc: {kind: sar, settle: 5 ns}\n")
    with pytest.raises(SpecError) as caught:
        filled(mixed, SpecError)
    assert not isinstance(caught.value, UnitError)


def test_fifty_errors_are_shown_and_the_rest_counted(write: Write) -> None:
    def lines(n: int) -> list[str]:
        keys = "".join(f"key{k}: 1\n" for k in range(n))
        return message_of(write("rows: 4\nadc: {kind: ramp, steps: 3}\n" + keys), SpecError).splitlines()

    assert len(lines(50)) == 50
    assert len(lines(53)) == 51
    assert lines(53)[-1] == "… and 3 more"
