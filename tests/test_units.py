"""Quantities are exact, and what is refused is refused in words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from enum import Enum
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from archsim.errors import SpecError, UnitError
from archsim.units import (
    AreaUm2,
    Bits,
    Bytes,
    CapacitanceFf,
    ConductanceSiemens,
    CurrentA,
    EnergyPj,
    FieldsError,
    FileModel,
    Frac,
    FrequencyMhz,
    LengthUm,
    NodeNm,
    PowerUw,
    ResistanceOhm,
    TemperatureK,
    TimePs,
    VoltageV,
    errors_of,
    file_data,
    file_key,
    format_quantity,
    only_unit_errors,
    parse_quantity,
    quantities,
    scale_of,
    seconds,
    shown_units,
)

# SI brochure, 9th edition: prefixes, and the electron volt in joule
PREFIX = {"": 0, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9}
SYMBOLS = {  # kind: (symbol, power of the prefix, exponent of the unit used inside)
    "time": ("s", 1, -12),
    "energy": ("J", 1, -12),
    "power": ("W", 1, -6),
    "area": ("m2", 2, -12),
    "length": ("m", 1, -6),
    "node": ("m", 1, -9),
    "frequency": ("Hz", 1, 6),
    "voltage": ("V", 1, 0),
    "current": ("A", 1, 0),
    "charge": ("Ah", 1, 0),
    "resistance": ("ohm", 1, 0),
    "conductance": ("S", 1, 0),
    "capacitance": ("F", 1, -15),
    "temperature": ("K", 1, 0),
}
OTHERS = {"eV": Fraction("1.602176634e-19") * 10**12, "C": Fraction(1), "%": Fraction(1, 100), "": Fraction(1)}
COULOMB_PER_AH = 3600


def size_of(unit: str, kind: str) -> Fraction:
    """Of a unit, in the one used inside: from the prefixes, not from the tables of the package."""
    if unit in OTHERS:
        return OTHERS[unit]
    symbol, power, inner = SYMBOLS[kind]
    prefix = unit.removesuffix("S/s" if unit.endswith("S/s") else symbol)
    size = Fraction(10) ** (PREFIX[prefix] * power - inner)
    return size * COULOMB_PER_AH if symbol == "Ah" else size


REAL_UNITS = [(kind, unit) for kind, rules in quantities.KINDS.items() if not rules.whole for unit in rules.units]
NUMBERS = st.tuples(st.integers(0, 10**17), st.integers(-20, 3))


@pytest.mark.parametrize(("kind", "unit"), REAL_UNITS)
@settings(max_examples=25)
@given(NUMBERS)
def test_a_quantity_in_any_unit_is_the_nearest_double(kind, unit, number):
    digits, exponent = number
    exact = digits * Fraction(10) ** exponent * size_of(unit, kind)
    assume(exact == 0 or (exact > 2.0**-1000 and (kind != "fraction" or exact <= 1)))
    assert parse_quantity(f"{digits}e{exponent} {unit}".strip(), kind) == float(exact)


@given(st.integers(0, 2**63 - 1))
@example(100_000_000)
@example(2**53 + 1)
def test_a_time_in_seconds_is_the_nearest_double(time_ps):
    assert seconds(time_ps) == float(Fraction(time_ps, 10**12))


def test_no_unit_is_converted_with_a_factor_that_is_no_binary_number(root_dir):
    factor = re.compile(r"^(?! *(>>>|slack =)).*\* *1e-\d")
    found = [
        f"{path.relative_to(root_dir)}: {line.strip()}"
        for path in sorted((root_dir / "archsim").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if factor.search(line)
    ]
    assert found == []


KINDS = [
    "time",
    "energy",
    "power",
    "area",
    "length",
    "node",
    "frequency",
    "voltage",
    "current",
    "resistance",
    "conductance",
    "capacitance",
    "bits",
    "bytes",
    "temperature",
    "fraction",
]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0.1 ns", "time", 100),
        ("100ns", "time", 100_000),
        ("1 s", "time", 10**12),
        ("1.5 µs", "time", 1_500_000),
        ("1.5 μs", "time", 1_500_000),
        ("2.5e-3 pJ", "energy", 0.0025),
        ("3 fJ", "energy", 0.003),
        ("1 nJ", "energy", 1000.0),
        ("1.3 mW", "power", 1300.0),
        ("24 nW", "power", 0.024),
        ("7 um^2", "area", 7.0),
        ("7 um2", "area", 7.0),
        ("7 µm²", "area", 7.0),
        ("0.12 mm^2", "area", 120_000.0),
        ("4000 nm2", "area", 0.004),
        ("20 nm", "length", 0.02),
        ("65 nm", "node", 65.0),
        ("0.13 um", "node", 130.0),
        ("1.28 GS/s", "frequency", 1280.0),
        ("10 kHz", "frequency", 0.01),
        ("-200 mV", "voltage", -0.2),
        ("10 uA", "current", 1e-5),
        ("10 kohm", "resistance", 10_000.0),
        ("2 Ω", "resistance", 2.0),
        ("1 Mohm", "resistance", 1e6),
        ("40 µS", "conductance", 4e-5),
        ("0.5 pF", "capacitance", 500.0),
        ("8 bit", "bits", 8),
        ("8 bits", "bits", 8),
        ("1 kbit", "bits", 1000),
        ("1 B", "bits", 8),
        ("8 bit", "bytes", 1),
        ("1 kB", "bytes", 1000),
        ("1 KiB", "bytes", 1024),
        ("2 MiB", "bytes", 2 * 1024**2),
        ("300 K", "temperature", 300.0),
        ("35 %", "fraction", 0.35),
        (0.35, "fraction", 0.35),
        (1, "fraction", 1.0),
    ],
)
def test_a_quantity_becomes_its_value_in_the_unit_used_inside(text: object, kind: str, value: float) -> None:
    assert parse_quantity(text, kind) == value
    assert type(parse_quantity(text, kind)) is type(value) or text == 1


@given(st.integers(0, 2**63 - 1), st.sampled_from([("ps", 1), ("ns", 10**3), ("us", 10**6), ("s", 10**12)]))
def test_a_time_written_in_any_unit_is_exact(ps: int, unit: tuple[str, int]) -> None:
    whole, rest = divmod(ps, unit[1])
    text = f"{whole}.{rest:0{len(str(unit[1])) - 1}d} {unit[0]}" if unit[1] > 1 else f"{ps} ps"
    assert parse_quantity(text, "time") == ps


@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=5))
def test_a_real_quantity_is_the_float_nearest_to_what_is_written(number: Any) -> None:
    # Fraction is exact, and its division rounds correctly once
    assert parse_quantity(f"{number} mW", "power") == float(Fraction(number) * 1000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "bad", [True, False, None, "", "  ", "ns", "nan ns", "inf ns", "1 2 ns", "1,5 ns", [], {}, 1j]
)
def test_what_is_no_quantity_is_refused_with_an_example(kind: str, bad: object) -> None:
    with pytest.raises(UnitError, match=r"e\.g\. ") as caught:
        parse_quantity(bad, kind)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fraction"])
@pytest.mark.parametrize("bare", [100, 0, 1.5, "100", float("nan"), float("inf")])
def test_a_bare_number_is_refused(kind: str, bare: object) -> None:
    with pytest.raises(UnitError, match=r"needs a unit, e\.g\. '"):
        parse_quantity(bare, kind)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("5 V", "time", "'5 V' is a voltage; a time needs a unit, e.g. '100 ns' (allowed: ps, ns, us, ms, s)"),
        ("5 fs", "time", "unknown unit"),
        ("5 mhz", "frequency", "did you mean 'MHz'?"),
        ("5 NS", "time", "did you mean 'ns'?"),
        ("25 degC", "temperature", "unknown unit"),
        ("0.5 ps", "time", "a time must be a whole number of ps; '0.5 ps' is 0.5 ps"),
        ("1.0000000000000000000001 ns", "time", "whole number of ps"),
        ("3 bit", "bytes", "a number of bytes must be a whole number of B; '3 bit' is 0.375 B"),
        ("0.5 bit", "bits", "whole number of bit"),
        ("-1 ns", "time", "a time must not be negative; got '-1 ns'"),
        ("-1 %", "fraction", "must not be negative"),
        (-0.5, "fraction", "must not be negative"),
        (1.5, "fraction", "0.35 or '35 %'; got 1.5"),
        ("150 %", "fraction", "0.35 or '35 %'; got '150 %'"),
        (float("nan"), "fraction", "got nan"),
        ("1e30 s", "time", "must stay below 2^63 ps"),
        ("1e999999999999 s", "time", "cannot be as large"),
        ("1e-999999999999 s", "time", "cannot be as small"),
        ("1e400 pJ", "energy", "cannot be as large"),
        ("1e-400 pJ", "energy", "cannot be as small"),
        ("1" * 1000 + " ns", "time", "e.g. '100 ns'"),
        ("٣ ns", "time", "e.g. '100 ns'"),
    ],
)
def test_a_wrong_quantity_is_refused_with_the_reason(text: object, kind: str, message: str) -> None:
    with pytest.raises(UnitError, match=re.escape(message)) as caught:
        parse_quantity(text, kind)
    assert len(str(caught.value)) < 300
    assert isinstance(caught.value, SpecError)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1_250_000, "time", "1.25 µs"),
        (0, "time", "0 ps"),
        (999_999, "time", "1 µs"),
        (3400.0, "energy", "3.4 nJ"),
        (0.0025, "energy", "2.5 fJ"),
        (120_000.0, "area", "0.12 mm²"),
        (0.004, "area", "0.004 µm²"),
        (65.0, "node", "65 nm"),
        (1280.0, "frequency", "1.28 GHz"),
        (-0.2, "voltage", "-200 mV"),
        (65536, "bytes", "64 KiB"),
        (1500, "bytes", "1.5 kB"),
        (0.35, "fraction", "35 %"),
        (float("nan"), "energy", "nan pJ"),
        (123_456_789, "time", "123.5 µs"),
    ],
)
def test_people_read_four_digits_and_a_fitting_unit(value: float, kind: str, text: str) -> None:
    assert format_quantity(value, kind) == text


@pytest.mark.parametrize("kind", ["time", "energy", "power", "area", "conductance", "charge", "frequency"])
def test_pictures_and_pages_write_units_as_text_does(kind: str) -> None:
    for name, size, least in shown_units(kind):
        assert format_quantity(least, kind).split(" ")[1] == name
        assert scale_of(least, kind) == (size, name)
        assert parse_quantity(f"2 {name}", kind) == pytest.approx(2 * size, rel=1e-12)


@given(st.floats(1e-6, 1e12), st.sampled_from(["energy", "power", "area", "length", "frequency", "resistance"]))
def test_what_people_read_is_right_to_four_digits(value: float, kind: str) -> None:
    assert parse_quantity(format_quantity(value, kind), kind) == pytest.approx(value, rel=5.1e-4)


class Everything(FileModel):
    a_ps: TimePs
    b_pj: EnergyPj
    c_uw: PowerUw
    d_um2: AreaUm2
    e_um: LengthUm
    f_nm: NodeNm
    g_mhz: FrequencyMhz
    h_v: VoltageV
    i_a: CurrentA
    j_ohm: ResistanceOhm
    k_siemens: ConductanceSiemens
    l_ff: CapacitanceFf
    m_bits: Bits
    n_bytes: Bytes
    o_k: TemperatureK
    p_frac: Frac


REAL = st.just(0.0) | st.floats(1e-100, 1e100)
FRACTION = st.just(0.0) | st.floats(1e-100, 1)
WHOLE = st.integers(0, 2**63 - 1)
BOUNDS = {int: WHOLE, float: REAL}


@st.composite
def everything(draw: st.DrawFn) -> Everything:
    values: dict[str, Any] = {}
    for name, field in Everything.model_fields.items():
        values[name] = draw(FRACTION if name == "p_frac" else BOUNDS[field.annotation])  # type: ignore[index]
    values["h_v"] = draw(st.sampled_from([-1, 1])) * values["h_v"]
    return Everything.model_construct(**values)


@given(everything())
def test_every_value_survives_the_way_out_and_in_bit_for_bit(model: Everything) -> None:
    written = file_data(model)
    assert Everything.model_validate(written) == model
    assert Everything.model_validate(json.loads(json.dumps(written))) == model


@given(everything())
def test_the_json_schema_admits_what_is_written(model: Everything) -> None:
    properties = Everything.model_json_schema()["properties"]
    for key, value in file_data(model).items():
        if key != "p":
            assert properties[key]["type"] == "string"
            assert re.search(properties[key]["pattern"], value)
            assert not re.search(properties[key]["pattern"], value.split()[0])


@pytest.mark.parametrize(
    ("text", "fits"), [("5 ns", True), ("5 µs", True), ("5", False), ("-5 ns", False), ("5 V", False)]
)
def test_the_json_schema_draws_the_line_where_the_reader_does(text: str, fits: bool) -> None:
    shown = Everything.model_json_schema()["properties"]["a"]
    assert bool(re.search(shown["pattern"], text)) is fits
    assert shown["examples"] == ["100 ns"]
    assert "ps, ns, us, ms, s" in shown["description"]


class Sar(FileModel):
    kind: Literal["sar"]
    resolution_bits: Bits
    rate_mhz: FrequencyMhz = 100.0


class Flash(FileModel):
    kind: Literal["flash"]
    n_levels: int = Field(ge=2)


class Side(Enum):
    LEFT = "left"
    RIGHT = "right"


class Chip(FileModel):
    n_rows: int = 4
    scale: float = 1.0
    on: bool = True
    name: str = "chip"
    latency_ps: TimePs = 100_000
    pulse_ps: TimePs | None = None
    leak_frac: Frac = 0.5
    shape: tuple[int, int] = (1, 2)
    adcs: tuple[Annotated[Sar | Flash, Field(discriminator="kind")], ...] = ()
    side: Side = Side.LEFT
    ways: Literal[1, 2] = 1
    kernel: int | list[int] = 3
    table: dict[str, tuple[TimePs, ...]] = {}  # noqa: RUF012


def errors(data: object) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(ValidationError) as caught:
        Chip.model_validate(data)
    return dict(errors_of(caught.value, Chip))


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("read_latency_ps", "read_latency"),
        ("area_um2", "area"),
        ("n_rows", "rows"),
        ("size_bytes", "size"),
        ("resolution_bits", "resolution"),
        ("leak_frac", "leak"),
        ("g_min_siemens", "g_min"),
        ("n_bits", "bits"),
        ("kind", "kind"),
    ],
)
def test_keys_in_files_carry_no_unit_and_no_count_prefix(field: str, key: str) -> None:
    assert file_key(field) == key


def test_a_model_is_filled_by_its_keys_and_written_back() -> None:
    data = {
        "rows": 128,
        "scale": 2,
        "latency": "1.5 us",
        "pulse": "3 ns",
        "shape": [3, 4],
        "adcs": [{"kind": "sar", "resolution": "8 bit"}, {"kind": "flash", "levels": 4}],
        "side": "right",
        "kernel": [3, 3],
        "table": {"read": ["1 ns", "2 ns"]},
    }
    chip = Chip.model_validate(data)
    assert (chip.n_rows, chip.latency_ps, chip.pulse_ps, chip.shape) == (128, 1_500_000, 3000, (3, 4))
    assert chip.adcs == (Sar(kind="sar", resolution="8 bit"), Flash(kind="flash", levels=4))
    assert (chip.side, chip.kernel, chip.table) == (Side.RIGHT, [3, 3], {"read": (1000, 2000)})
    written = file_data(chip)
    assert written["adcs"][0] == {"kind": "sar", "resolution": "8 bit", "rate": "100 MHz"}
    assert Chip.model_validate(written) == chip


def test_a_model_dumped_for_python_keeps_plain_numbers() -> None:
    assert Chip.model_validate({"latency": "1 ns"}).model_dump()["latency_ps"] == 1000


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Chip.model_validate({}).n_rows = 3  # type: ignore[misc]


def test_the_schema_shows_deerrors_as_a_file_writes_them() -> None:
    properties = Chip.model_json_schema()["properties"]
    assert (properties["latency"]["default"], properties["leak"]["default"]) == ("100 ns", 0.5)
    assert properties["pulse"]["default"] is None
    assert set(properties) == {file_key(name) for name in Chip.model_fields}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rows", "3", "must be a whole number; got '3'"),
        ("rows", 3.0, "must be a whole number; got 3.0"),
        ("rows", True, "must be a whole number; got true"),
        ("rows", None, "must be a whole number; got nothing"),
        ("rows", {}, "must be a whole number; got a mapping"),
        ("scale", "1", "must be a number; got '1'"),
        ("scale", True, "must be a number; got true"),
        ("scale", float("nan"), "must be a finite number; got nan"),
        ("scale", float("inf"), "must be a finite number; got inf"),
        ("on", 1, "must be true or false; got 1"),
        ("on", "yes", "must be true or false; got 'yes'"),
        ("name", 3, "must be a text; got 3"),
        ("shape", 3, "must be a list; got 3"),
        ("shape", [1, 2, 3], "must have at most 2 items; has 3"),
        ("side", "rihgt", "must be one of left, right; got 'rihgt'; did you mean 'right'?"),
        ("ways", 3, "must be one of 1, 2; got 3"),
        ("ways", True, "must be one of 1, 2; got 'true'"),
        ("kernel", "3", "must be a whole number or a list; got '3'"),
        ("latency", 100, "a time needs a unit, e.g. '100 ns' (allowed: ps, ns, us, ms, s); got 100"),
        ("pulse", 100, "a time needs a unit, e.g. '100 ns' (allowed: ps, ns, us, ms, s); got 100"),
    ],
)
def test_a_wrong_value_is_refused_in_words(key: str, value: object, message: str) -> None:
    assert errors({key: value}) == {(key,): message}


def test_an_unknown_key_lists_what_is_allowed_and_the_nearest() -> None:
    found = errors({"rowz": 1, "latency_ps": "1 ns"})
    assert found[("rowz",)].startswith("unknown key; allowed: rows, scale, on, ")
    assert found[("rowz",)].endswith("did you mean 'rows'?")
    assert found[("latency_ps",)].endswith("did you mean 'latency'?")


def test_a_union_does_not_show_its_tags_in_the_path() -> None:
    adcs = [
        {"kind": "sar"},
        {"kind": "saar"},
        {"resolution": "8 bit"},
        {"kind": "flash", "levels": 1},
        {"kind": "sar", "resolution": "8 V", "sar": 1},
        7,
    ]
    assert errors({"adcs": adcs}) == {
        ("adcs", 0, "resolution"): "missing; needs a number of bits, e.g. '8 bit'",
        ("adcs", 1, "kind"): "unknown kind 'saar'; allowed: sar, flash; did you mean 'sar'?",
        ("adcs", 2, "kind"): "missing; needs one of sar, flash",
        ("adcs", 3, "levels"): "must be at least 2; got 1",
        ("adcs", 4, "resolution"): errors({"adcs": adcs})[("adcs", 4, "resolution")],
        ("adcs", 4, "sar"): "unknown key; allowed: kind, resolution, rate",
        ("adcs", 5): "must be a mapping with the keys kind, resolution, rate or a mapping with the keys "
        "kind, levels; got 7",
    }


def test_only_the_meant_arm_of_a_union_is_reported() -> None:
    assert errors({"kernel": [3, "3"]}) == {("kernel", 1): "must be a whole number; got '3'"}


def test_a_number_out_of_bounds_is_told_with_all_that_a_union_takes() -> None:
    class Tiles(FileModel):
        n_tiles: Annotated[int, Field(ge=1)] | Literal["auto"]
        size_bytes: Bytes | Literal["auto"] = "auto"
        kernel: Annotated[int, Field(ge=1)] | Annotated[list[int], Field(min_length=1)] = 1

    def said(**data: object) -> str:
        with pytest.raises(ValidationError) as caught:
            Tiles.model_validate({"tiles": 1, **data})
        ((_, message),) = errors_of(caught.value, Tiles)
        return message

    assert said(tiles=0) == "must be a whole number from 1, or auto; got 0"
    assert said(tiles="all") == "must be a whole number from 1, or auto; got 'all'"
    assert said(kernel=[]) == "must have at least 1 items; has 0"
    assert said(size="3 V").startswith("'3 V' is a voltage")
    assert said(size="3 V").endswith("; or auto")


def test_a_validator_of_a_section_names_the_key_of_each_error() -> None:
    class Window(FileModel):
        low: int
        high: int

        @model_validator(mode="after")
        def _is_open(self) -> Self:
            raise FieldsError([(("low",), "too high"), ((), "shut")])

    class Frame(FileModel):
        windows: list[Window]

    with pytest.raises(ValidationError, match="low: too high; shut") as caught:
        Frame.model_validate({"windows": [{"low": 1, "high": 0}]})
    assert errors_of(caught.value, Frame) == [
        (("windows", 0, "low"), "too high"), (("windows", 0), "shut"),
    ]  # fmt: skip


def test_all_errors_come_at_once() -> None:
    assert set(errors({"rows": "3", "shape": [1, "2"], "table": {"x": [3]}, "zz": 0})) == {
        ("rows",),
        ("shape", 1),
        ("table", "x", 0),
        ("zz",),
    }


def test_errors_of_units_are_told_from_others() -> None:
    def only(data: object) -> bool:
        with pytest.raises(ValidationError) as caught:
            Chip.model_validate(data)
        return only_unit_errors(caught.value)

    assert only({"latency": 1, "table": {"x": ["2"]}})
    assert not only({"latency": 1, "rows": "2"})


def test_a_error_that_is_not_pydantics_stays_as_it_is() -> None:
    assert errors_of(UnitError("no unit"), Chip) == [((), "no unit")]
    assert only_unit_errors(UnitError("no unit"))
    assert not only_unit_errors(ValueError("else"))


def test_two_fields_with_one_key_are_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="share the key 'read'"):

        class Twice(FileModel):
            read_ps: TimePs
            read_pj: EnergyPj


def test_units_load_no_heavy_library() -> None:
    heavy = "{'simpy', 'numpy', 'matplotlib', 'networkx', 'ruamel.yaml', 'nir', 'h5py'}"
    code = f"import sys, archsim.units, archsim.yaml_reader; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
