"""SRAM of any size, from a table of CACTI results.

``tables/cacti_sram.csv`` holds CACTI's area, leakage, read and write energy and latency for 1 to 256 KB and
64 or 256 bit wide accesses. Between its points all figures are straight lines on log-log axes, in size,
width and node. Its rows for 90 nm are not used: they are the rows for 22 nm times constants (area and
latency 90/22, leakage 1), not a result for 90 nm, and lie below those for 65 nm.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

CACTI_SOURCE = "CACTI results for SRAM, components/tables/cacti_sram.csv"
LARGEST_NODE_NM = 65
_COLUMNS = ("area_m2", "leak_W", "read_J", "write_J", "latency_s")
_Point = tuple[float, ...]


@dataclass(frozen=True)
class Sram:
    """One SRAM: figures of the whole, energy and time of one access."""

    area_um2: float
    leakage_uw: float
    read_energy_pj: float
    write_energy_pj: float
    latency_ps: float
    scaling: str


@lru_cache(maxsize=1)
def _table() -> Mapping[tuple[int, int, int], _Point]:
    """(node, bytes, width) to the logarithms of the five figures in SI units."""
    text = (files("archsim.components") / "tables" / "cacti_sram.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        (int(row["tech_nm"]), int(row["size_bytes"]), int(row["width_bits"])): tuple(
            math.log(float(row[column])) for column in _COLUMNS
        )
        for row in rows
        if int(row["tech_nm"]) <= LARGEST_NODE_NM
    }


def nodes_nm() -> list[int]:
    """The nodes of the table."""
    return _axis(0)


def widths_bits() -> list[int]:
    """The widths of the table."""
    return _axis(2)


def _axis(i: int) -> list[int]:
    return sorted({key[i] for key in _table()})


def _bracket(axis: list[int], value: float) -> tuple[int, int, float]:
    """The neighbours of a value on an axis, and how far it lies between their logarithms."""
    low = max(point for point in axis if point <= value)
    high = min(point for point in axis if point >= value)
    return low, high, 0.0 if low == high else math.log(value / low) / math.log(high / low)


def _between(low: _Point, high: _Point, frac: float) -> _Point:
    if not frac:
        return low
    return tuple(a + (b - a) * frac for a, b in zip(low, high, strict=True))


def _interpolated(node_nm: float, size_bytes: float, width_bits: float) -> _Point:
    at = [_bracket(_axis(i), value) for i, value in enumerate((node_nm, size_bytes, width_bits))]
    (n0, n1, fn), (s0, s1, fs), (w0, w1, fw) = at

    def over_width(node: int, size: int) -> _Point:
        return _between(_table()[node, size, w0], _table()[node, size, w1], fw)

    def over_size(node: int) -> _Point:
        return _between(over_width(node, s0), over_width(node, s1), fs)

    return tuple(map(math.exp, _between(over_size(n0), over_size(n1), fn)))


def sram(size_bytes: int, width_bits: int, node_nm: float) -> Sram:
    """SRAM of any size from the table of CACTI results.

    Parameters
    ----------
    size_bytes : int
        Below 1 KiB the figures of 1 KiB; above 256 KiB several banks of that size, of which one is active.
    width_bits : int
        Up to 256; below 64 the figures of 64 bit.
    node_nm : float
        22 to 65.

    Returns
    -------
    Sram
        `scaling` says what was done to the table's figures.

    Examples
    --------
    >>> sram(65536, 64, 65).scaling, sram(512 * 1024, 64, 65).scaling
    ('', '2 banks of 256 KiB')
    >>> sram(512 * 1024, 64, 65).leakage_uw == 2 * sram(256 * 1024, 64, 65).leakage_uw
    True
    """
    nodes, sizes, widths = (_axis(i) for i in range(3))
    n_banks = max(1, -(-size_bytes // sizes[-1]))
    size = sizes[-1] if n_banks > 1 else max(size_bytes, sizes[0])
    width = max(width_bits, widths[0])
    area_m2, leak_w, read_j, write_j, latency_s = _interpolated(node_nm, size, width)
    notes = []
    if node_nm not in nodes:
        notes.append(f"interpolated to {node_nm:g} nm")
    if size not in sizes or width not in widths:
        notes.append("interpolated in size and width")
    if n_banks > 1:
        notes.append(f"{n_banks} banks of {sizes[-1] // 1024} KiB")
    if size_bytes < sizes[0]:
        notes.append(f"figures of {sizes[0] // 1024} KiB, the smallest of the table")
    if width_bits < widths[0]:
        notes.append(f"figures of {widths[0]} bit, the narrowest of the table")
    return Sram(
        area_m2 * 1e12 * n_banks,
        leak_w * 1e6 * n_banks,
        read_j * 1e12,
        write_j * 1e12,
        latency_s * 1e12,
        "; ".join(notes),
    )


def banked(one: Sram, n_banks: int) -> Sram:
    """`n_banks` of a memory; an access takes one of them."""
    notes = [f"{n_banks} banks", one.scaling] if one.scaling else [f"{n_banks} banks"]
    area_um2, leakage_uw = n_banks * one.area_um2, n_banks * one.leakage_uw
    return replace(one, area_um2=area_um2, leakage_uw=leakage_uw, scaling=" of ".join(notes))
