"""Memories: published figures, figures per bit cell, or SRAM from a table of CACTI results.

``tables/cacti_sram.csv`` holds CACTI's area, leakage, read and write energy and latency for 1 to 256 KB and
64 or 256 bit wide accesses. Between its points all figures are straight lines on log-log axes, in size,
width and node. Its rows for 90 nm are not used: they are the rows for 22 nm times constants (area and
latency 90/22, leakage 1), not a result for 90 nm, and lie below those for 65 nm.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from archsim.components.records import Figures, exact
from archsim.spec.chip import Buffer
from archsim.spec.costs import BitCellBuffer, CactiBuffer, CitedBuffer

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


def buffer_faults(name: str, buffer: Buffer, node_nm: float) -> list[str]:
    """What keeps a buffer from being priced; `name` is its path in the chip file."""
    faults = []
    cost = buffer.cost
    if buffer.width_bits < 1:
        faults.append(f"{name}.width: must be at least 1 bit")
    if buffer.size_bytes != "auto" and buffer.size_bytes < 1:
        faults.append(f"{name}.size: must be at least 1 B")
    if not isinstance(cost, CactiBuffer):
        if buffer.cycle_ps is None:
            faults.append(f"{name}.cycle: missing; a cost of model: {cost.model} holds no access time")
        return faults
    nodes, widths = _axis(0), _axis(2)
    if not nodes[0] <= node_nm <= nodes[-1]:
        faults.append(
            f"{name}.cost: CACTI's table holds {nodes[0]} to {nodes[-1]} nm, the chip has {node_nm:g} nm; "
            "use a cost of model: cited"
        )
    if buffer.width_bits > widths[-1]:
        faults.append(
            f"{name}.width: CACTI's table ends at {widths[-1]} bit, not {buffer.width_bits}; "
            "make it narrower or use a cost of model: cited"
        )
    return faults


@dataclass(frozen=True)
class BufferPrice:
    """What a buffer of one size costs; an access is one `width_bits`."""

    width_bits: int
    read_energy_pj: float
    write_energy_pj: float
    access_ps: Fraction
    figures: Figures


def price_buffer(buffer: Buffer, size_bytes: int, node_nm: float) -> BufferPrice:
    """The price of a buffer without `buffer_faults`, `size_bytes` large."""
    cost = buffer.cost
    if size_bytes == 0:  # automatic size and nothing to hold
        source = CACTI_SOURCE if isinstance(cost, CactiBuffer) else cost.source
        return BufferPrice(buffer.width_bits, 0.0, 0.0, Fraction(0), Figures(0.0, 0.0, source, "not built"))
    if isinstance(cost, CactiBuffer):
        found = sram(size_bytes, buffer.width_bits, node_nm)
        access_ps = exact(found.latency_ps) if buffer.cycle_ps is None else Fraction(buffer.cycle_ps)
        figures = Figures(found.area_um2, found.leakage_uw, CACTI_SOURCE, found.scaling)
        read_pj, write_pj = found.read_energy_pj, found.write_energy_pj
        return BufferPrice(buffer.width_bits, read_pj, write_pj, access_ps, figures)
    return BufferPrice(
        buffer.width_bits,
        cost.read_energy_pj,
        cost.write_energy_pj,
        Fraction(buffer.cycle_ps or 0),
        _cited_figures(cost, size_bytes),
    )


def _cited_figures(cost: CitedBuffer | BitCellBuffer, size_bytes: int) -> Figures:
    if isinstance(cost, CitedBuffer):
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)
    n_cells = 8 * size_bytes
    scaling = f"one bit cell x {n_cells} bit"
    return Figures(n_cells * cost.cell_area_um2, n_cells * cost.cell_leakage_uw, cost.source, scaling)
