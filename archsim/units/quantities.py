"""Reading and writing quantities with their units: the one table of units, which pictures and pages ask too.

Decimals go through :class:`decimal.Decimal`, so ``"0.1 ns"`` is exactly 100 ps.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from archsim.errors import UnitError

_EXACT: Final = Context(prec=200)
_FOUR_DIGITS: Final = Context(prec=4)
_LONGEST_TEXT: Final = 64
_LARGEST_INT: Final = 2**63 - 1
# beyond these, squares and products of three numbers would leave double precision
LARGEST: Final = 1e100
SMALLEST: Final = 1e-100
NUMBER: Final = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_QUANTITY: Final = re.compile(rf"\s*(?P<number>[+-]?{NUMBER})\s*(?P<unit>.*?)\s*", re.DOTALL)
_EXPONENTS: Final = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}


@dataclass(frozen=True)
class Kind:
    """A measured quantity: its units, as factors to the unit used inside."""

    noun: str
    inner: str
    units: Mapping[str, Decimal]
    example: str
    shown: tuple[str, ...]
    whole: bool = False
    signed: bool = False
    show_from: Decimal = Decimal(1)

    @property
    def allowed(self) -> str:
        return ", ".join(unit for unit in self.units if unit)


def _scaled(symbol: str, prefixes: str, inner: int, power: int = 1) -> dict[str, Decimal]:
    """Factors of ``prefix + symbol`` to the unit with exponent `inner`; ``-`` stands for no prefix."""
    names = [prefix.replace("-", "") for prefix in prefixes]
    return {f"{name}{symbol}": Decimal(1).scaleb((_EXPONENTS[name] - inner) * power) for name in names}


def _kind(noun: str, inner: str, units: dict[str, Decimal], example: str, **more: Any) -> Kind:
    more.setdefault("shown", tuple(units))
    return Kind(noun, inner, units, example, **more)


_BITS_PER: Final = {
    **{f"{p}bit": Decimal(10) ** _EXPONENTS[p] for p in ("", "k", "M", "G")},
    **{f"{p}ibit": Decimal(1024) ** n for n, p in enumerate("KMG", start=1)},
    **{f"{p}B": 8 * Decimal(10) ** _EXPONENTS[p] for p in ("", "k", "M", "G")},
    **{f"{p}iB": 8 * Decimal(1024) ** n for n, p in enumerate("KMG", start=1)},
}

KINDS: Final[dict[str, Kind]] = {
    "time": _kind("a time", "ps", _scaled("s", "pnum-", -12), "100 ns", whole=True),
    "energy": _kind(
        # an electron volt in picojoules: SI brochure, 9th edition, exact
        "an energy",
        "pJ",
        {**_scaled("J", "afpnum-", -12), "eV": Decimal("1.602176634e-7")},
        "2.5 pJ",
        shown=("aJ", "fJ", "pJ", "nJ", "uJ", "mJ", "J"),
    ),
    "power": _kind("a power", "uW", _scaled("W", "fpnum-", -6), "35 uW"),
    "area": _kind(
        "an area",
        "um2",
        _scaled("m2", "num", -6, power=2),
        "0.12 mm2",
        shown=("um2", "mm2"),
        show_from=Decimal("0.1"),
    ),
    "length": _kind("a length", "um", _scaled("m", "num-", -6), "20 um"),
    "node": _kind("a technology node", "nm", _scaled("m", "nu", -9), "65 nm", shown=("nm",)),
    "frequency": _kind(
        "a frequency or rate",
        "MHz",
        {**_scaled("Hz", "-kMG", 6), **_scaled("S/s", "-kMG", 6)},
        "1.28 GS/s",
        shown=("Hz", "kHz", "MHz", "GHz"),
    ),
    "voltage": _kind("a voltage", "V", _scaled("V", "um-", 0), "0.2 V", signed=True),
    "current": _kind("a current", "A", _scaled("A", "fpnum-", 0), "10 uA"),
    "charge": _kind(
        # 1 mAh is exactly 3.6 C
        "a charge",
        "C",
        {**{f"{p}Ah": 3600 * Decimal(10) ** _EXPONENTS[p] for p in ("u", "m", "")}, "C": Decimal(1)},
        "225 mAh",
        shown=("uAh", "mAh", "Ah"),
    ),
    "resistance": _kind("a resistance", "ohm", _scaled("ohm", "m-kMG", 0), "10 kohm"),
    "conductance": _kind("a conductance", "S", _scaled("S", "pnum-", 0), "40 uS"),
    "capacitance": _kind("a capacitance", "fF", _scaled("F", "afpnu", -15), "50 fF"),
    "bits": _kind(
        "a number of bits", "bit", _BITS_PER, "8 bit", shown=("bit", "kbit", "Mbit", "Gbit"), whole=True
    ),
    "bytes": _kind(
        "a number of bytes",
        "B",
        {unit: factor / 8 for unit, factor in _BITS_PER.items()},
        "64 KiB",
        shown=("B", "kB", "MB", "GB"),
        whole=True,
    ),
    "temperature": _kind("a temperature", "K", {"K": Decimal(1)}, "300 K"),
    "fraction": _kind("a fraction", "", {"%": Decimal("0.01"), "": Decimal(1)}, "35 %", shown=("%",)),
}


def _spelled(unit: str) -> str:
    """The one spelling of a unit that the table uses, and files."""
    for written, meant in (("µ", "u"), ("μ", "u"), ("Ω", "ohm"), ("Ω", "ohm"), ("^2", "2"), ("²", "2")):
        unit = unit.replace(written, meant)
    return unit.removesuffix("s") if unit.endswith("bits") else unit


def _typeset(unit: str) -> str:
    """A unit of the table as people read it.

    Examples
    --------
    >>> _typeset("us"), _typeset("mm2"), _typeset("um2"), _typeset("GHz")
    ('µs', 'mm²', 'µm²', 'GHz')
    """
    return re.sub("^u(?=.)", "µ", unit).replace("m2", "m²")


_SLIP = 0.7


def _likeness(word: str, near: str) -> float:
    """1 for two words of the same letters, whatever their order: a slip of the fingers, not another word."""
    pairs = ((word, near), ("".join(sorted(word)), "".join(sorted(near))))
    return max(difflib.SequenceMatcher(None, a, b).ratio() for a, b in pairs)


def close_match(word: str, words: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'rows'?``, or nothing."""
    by_lower: dict[str, str] = {}
    for candidate in words:
        by_lower.setdefault(candidate.lower(), candidate)
    found = [
        near
        for near in difflib.get_close_matches(word.lower(), by_lower, n=3)
        if _likeness(word.lower(), near) >= _SLIP
    ]
    return f"; did you mean '{by_lower[found[0]]}'?" if found else ""


def as_written(value: object) -> str:
    """A value as a file would write it, cut to a line."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _with_example(kind: Kind) -> str:
    if not kind.inner:
        return f"{kind.noun} is a number from 0 to 1 or a percentage, e.g. 0.35 or '35 %'"
    return f"{kind.noun} needs a unit, e.g. '{kind.example}' (allowed: {kind.allowed})"


def _split(text: object, kind: Kind) -> tuple[Decimal, str]:
    """The number and the unit of a quantity as written."""
    bare = not isinstance(text, bool) and not kind.inner
    if bare and isinstance(text, int | float) and math.isfinite(text):
        return Decimal(repr(text)), ""
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise UnitError(f"{_with_example(kind)}; got {as_written(text)}")
    unit = _spelled(match["unit"])
    if unit in kind.units:
        return Decimal(match["number"]), unit
    if not unit:
        raise UnitError(f"{_with_example(kind)}; got {as_written(text)}")
    for other in KINDS.values():
        if unit in other.units:
            raise UnitError(f"{as_written(text)} is {other.noun}; {_with_example(kind)}")
    raise UnitError(f"unknown unit in {as_written(text)}: {_with_example(kind)}{close_match(unit, kind.units)}")


def parse_quantity(text: object, kind: str) -> int | float:
    """Read a quantity with its unit, as files write it.

    Parameters
    ----------
    text : object
        A number and a unit, such as ``"2.5e-3 pJ"``; the space may be missing, ``µs`` and ``us``, ``mm²``,
        ``mm^2`` and ``mm2`` mean the same. Only a fraction may be a bare number.
    kind : str
        ``time``, ``energy``, ``power``, ``area``, ``length``, ``node``, ``frequency``, ``voltage``,
        ``current``, ``charge``, ``resistance``, ``conductance``, ``capacitance``, ``bits``, ``bytes``,
        ``temperature`` or ``fraction``.

    Returns
    -------
    int or float
        The value in ps (int), pJ, uW, um², um, nm, MHz, V, A, C, ohm, S, fF, bits (int), bytes (int), K,
        or as a fraction of one. The only rounding is the last one, from decimal to float.

    Raises
    ------
    UnitError
        No unit, an unknown unit or one of another kind; a time that is no whole number of ps, bits or
        bytes that are not whole; a negative value of anything but a voltage; a fraction above one;
        a value that no field can hold.

    Examples
    --------
    >>> parse_quantity("0.1 ns", "time")
    100
    >>> parse_quantity("64 KiB", "bytes")
    65536
    >>> parse_quantity("0.12 mm^2", "area")
    120000.0
    """
    rules = KINDS[kind]
    number, unit = _split(text, rules)
    if number < 0 and not rules.signed:
        raise UnitError(f"{rules.noun} must not be negative; got {as_written(text)}")
    if number and abs(number.adjusted()) > 400:
        size = "large" if number.adjusted() > 0 else "small"
        raise UnitError(f"{rules.noun} cannot be as {size} as {as_written(text)}")
    value = _EXACT.multiply(number, rules.units[unit])
    if not rules.inner and value > 1:
        raise UnitError(f"{_with_example(rules)}; got {as_written(text)}")
    return _as_whole(value, text, rules) if rules.whole else _as_float(value, text, rules)


def quantities_of(values: Sequence[object]) -> list[float] | None:
    """The numbers of quantities that all have the same unit; None if they are something else.

    Examples
    --------
    >>> quantities_of(["10 ns", "2.5 ns"]), quantities_of(["10 ns", "1 us"]), quantities_of(["copy"])
    ([10.0, 2.5], None, None)
    """
    matches = [_QUANTITY.fullmatch(value) if isinstance(value, str) else None for value in values]
    units = {match and match["unit"] for match in matches}
    if len(units) != 1 or not all(units):
        return None
    return [float(match["number"]) for match in matches if match]


def unit_of(value: str) -> str:
    """The unit of a quantity as people read it; empty if there is none.

    Examples
    --------
    >>> unit_of("2.5 ns"), unit_of("10 us"), unit_of("copy")
    ('ns', 'µs', '')
    """
    match = _QUANTITY.fullmatch(value)
    return _typeset(_spelled(match["unit"])) if match else ""


def factor_between(unit: str, other: str) -> Decimal | None:
    """How much of a unit one of another is, where both measure the same; None where they do not.

    Examples
    --------
    >>> factor_between("ns", "us"), factor_between("ns", "mW")
    (Decimal('1E+3'), None)
    """
    here, there = _spelled(unit), _spelled(other)
    for kind in KINDS.values():
        if here and here in kind.units and there in kind.units:
            return kind.units[there] / kind.units[here]
    return None


def whole_step(unit: str) -> Decimal | None:
    """The step of quantities in a unit that must be whole; None where they need not.

    Examples
    --------
    >>> whole_step("ns"), whole_step("bit"), whole_step("mW")
    (Decimal('0.001'), Decimal('1'), None)
    """
    spelled = _spelled(unit)
    for kind in ("time", "bits" if spelled.endswith("bit") else "bytes"):
        if spelled in KINDS[kind].units:
            return 1 / KINDS[kind].units[spelled]
    return None


def _as_whole(value: Decimal, text: object, kind: Kind) -> int:
    if value != value.to_integral_value():
        whole = f"{kind.noun} must be a whole number of {kind.inner}"
        raise UnitError(f"{whole}; {as_written(text)} is {_plain(value)} {kind.inner}")
    if value > _LARGEST_INT:
        raise UnitError(f"{kind.noun} must stay below 2^63 {kind.inner}; got {as_written(text)}")
    return int(value)


def _as_float(value: Decimal, text: object, kind: Kind) -> float:
    plain = float(value)
    if abs(plain) > LARGEST:
        raise UnitError(f"{kind.noun} cannot be as large as {as_written(text)}")
    if abs(plain) < SMALLEST and value:
        raise UnitError(f"{kind.noun} cannot be as small as {as_written(text)}")
    return plain + 0.0  # no negative zero


def _fitting_unit(number: Decimal, kind: Kind) -> str:
    """The largest unit in which the number is not below one (0.1 for an area)."""
    shown = kind.shown
    if kind.inner == "B" and number and number % 1024 == 0:
        shown = ("B", "KiB", "MiB", "GiB")
    fitting = [unit for unit in shown if abs(number) >= kind.show_from * kind.units[unit]]
    if not number and kind.inner in shown:
        return kind.inner
    return fitting[-1] if fitting else shown[0]


def _decimal(value: int | float) -> Decimal:
    # float() and int() take off numpy's types, whose repr is no plain number
    return Decimal(repr(float(value))) if isinstance(value, float) else Decimal(int(value))


def _plain(number: Decimal) -> str:
    """A decimal without trailing zeros, and without an exponent where that stays readable."""
    number = number.normalize(_EXACT)
    return format(number, "f") if number == 0 or -6 <= number.adjusted() < 18 else str(number)


def seconds(time_ps: int) -> float:
    """A time in s: the nearest double, which a product with 1e-12 is not.

    Examples
    --------
    >>> seconds(100_000_000), 100_000_000 * 1e-12
    (0.0001, 9.999999999999999e-05)
    """
    return int(time_ps) / 10**12


def format_quantity(value: int | float, kind: str) -> str:
    """Write a value for people: four digits and the unit that suits its size.

    Parameters
    ----------
    value : int or float
        In the unit used inside (ps, pJ, uW, um², …).
    kind : str
        As in `parse_quantity`.

    Returns
    -------
    str
        Such as ``"1.25 µs"``. Rounded; `exact_quantity` is exact instead, for files.

    Examples
    --------
    >>> format_quantity(1_250_000, "time"), format_quantity(120_000.0, "area")
    ('1.25 µs', '0.12 mm²')
    """
    rules = KINDS[kind]
    if not math.isfinite(value):
        return f"{value} {_typeset(rules.inner) or '%'}"
    exact = _decimal(value)
    unit = _fitting_unit(_FOUR_DIGITS.plus(exact), rules)
    if kind == "bytes":
        unit = _fitting_unit(exact, rules)
    return f"{_plain(_FOUR_DIGITS.divide(exact, rules.units[unit]))} {_typeset(unit)}"


def shown_units(kind: str) -> list[tuple[str, float, float]]:
    """Units in which people read a quantity, the smallest first.

    Returns
    -------
    list of (str, float, float)
        Its name, its size and the smallest value that is read in it, both in the unit used inside.

    Examples
    --------
    >>> shown_units("area")
    [('µm²', 1.0, 0.1), ('mm²', 1000000.0, 100000.0)]
    """
    rules = KINDS[kind]
    sizes = {unit: rules.units[unit] for unit in rules.shown}
    return [(_typeset(unit), float(size), float(rules.show_from * size)) for unit, size in sizes.items()]


def scale_of(largest: float, kind: str) -> tuple[float, str]:
    """The unit for an axis up to `largest`: (what to divide by, its name).

    Examples
    --------
    >>> scale_of(205_382_538, "time")
    (1000000.0, 'µs')
    """
    rules = KINDS[kind]
    unit = _fitting_unit(_decimal(largest), rules) if math.isfinite(largest) else rules.inner
    return float(rules.units[unit]), _typeset(unit)


def format_metric(value: float, kind: str | None) -> str:
    """A metric for people: as `format_quantity`, or four digits of a plain number or a fraction.

    Examples
    --------
    >>> format_metric(120_000.0, "area"), format_metric(0.86567, "fraction"), format_metric(11, None)
    ('0.12 mm²', '0.8657', '11')
    """
    return f"{value:.4g}" if kind in (None, "fraction") else format_quantity(value, str(kind))


def exact_quantity(value: int | float, kind: str) -> str | float:
    """The text that `parse_quantity` reads back as exactly this value."""
    rules = KINDS[kind]
    if not rules.inner:
        return value
    number = _decimal(value)
    unit = _fitting_unit(number, rules)
    scaled = _EXACT.divide(number, rules.units[unit])
    if _EXACT.multiply(scaled, rules.units[unit]) != number or scaled.adjusted() < -30:
        unit, scaled = rules.inner, number
    return f"{_plain(scaled)} {unit}"
