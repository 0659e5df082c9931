"""A memory of exactly so many words, by CACTI's laws; as registers where it is too small for an SRAM.

Energy, area and access time of 1 to 256 KiB and 64 to 256 bit are CACTI's table (:mod:`archsim.components.sram`):
power laws between its points. What goes beyond it, and who says so:

- leakage at 300 K in a low-leakage process: a table of CACTI 7 runs, proportional to the size outside its points
  (about 0.019 uW per KiB at 22 nm); by temperature and flavour: :mod:`archsim.components.leakage`;
- below 1 KiB: reads s^0.65, writes s^0.41 (the fit of those runs over 1 to 64 KiB, within 25 %), area less one
  cell of 146 F^2 for each bit (CACTI 7, tech_params), access time of 1 KiB;
- below 64 bit wide: energy w^0.42 (8 KiB at 22 nm: 1.59 pJ for 64 bit, 2.85 for 256);
- above 256 KiB: banks of that size at most, of which one is active;
- from 65 to 130 nm: energy and area by Stillmaker and Baas (Integration 58, 2017), access time with the node
  (CACTI 7, 8 KiB: 1.58 ns at 65 nm, 2.18 at 90);
- less than 16 words: an SRAM of 16 words, the fewest rows that an SRAM generator makes (OpenRAM, sram_config), or
  flip-flops (NeuroSim V1.3) where these are smaller and their leakage is known in the process flavour; an access
  of theirs takes the time of the smallest SRAM.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Final

from archsim.components import leakage
from archsim.components.sram import LARGEST_NODE_NM, Sram, banked, sram, widths_bits

_Points = Mapping[float, Sequence[float]]
SOURCE: Final = "CACTI 7 (LSTP, 300 K); flip-flops NeuroSim V1.3; components/sram_law.py"
NODES_NM: Final = (22, 130)
_KIB: Final = 1024
_LARGEST_BYTES: Final = 256 * _KIB
_FEWEST_WORDS: Final = 16
_READ_EXPONENT, _WRITE_EXPONENT, _WIDTH_EXPONENT = 0.65, 0.41, 0.42
_CELL_F2: Final = 146
# to 22 nm at nominal supplies, Stillmaker and Baas 2017: energy, area
_SCALED: Final[_Points] = {65: (0.137, 0.1683), 90: (0.0714, 0.0892), 130: (0.0364, 0.0395)}
# one flip-flop: pJ per bit written, um2, uW
_REGISTER: Final[_Points] = {
    22: (0.00255, 1.24, 0.000156), 65: (0.0195, 10.8, 0.000605), 130: (0.071, 43.0, 0.00142),
}  # fmt: skip
_READ_OF_REGISTERS: Final = 2.0  # a register file of 128 bits reads for 5.1 fJ per bit where a write takes 2.55


def memory(
    n_words: int, width_bits: int, node_nm: float, temperature_k: float = 300, flavour: str = leakage.LOW_LEAKAGE
) -> Sram:
    """A memory of `n_words` of `width_bits`.

    Parameters
    ----------
    n_words : int
        At least 1.
    width_bits : int
        Bits of one access, 1 to 256.
    node_nm : float
        22 to 130.
    temperature_k, flavour
        In the range of :data:`archsim.components.leakage.SRAM` (or LOGIC, for registers).

    Returns
    -------
    Sram
        `scaling` says what was done.

    Examples
    --------
    >>> eight = memory(1024, 64, 22)  # 8 KiB
    >>> round(eight.read_energy_pj, 2), round(eight.area_um2), round(eight.leakage_uw, 3)
    (1.59, 6265, 0.149)
    >>> memory(2, 64, 22).scaling
    '128 flip-flops'
    """
    if n_words < _FEWEST_WORDS:
        smallest = memory(_FEWEST_WORDS, width_bits, node_nm, temperature_k, flavour)
        registers = _registers(n_words * width_bits, width_bits, node_nm)
        if registers.area_um2 >= smallest.area_um2 or flavour not in leakage.LOGIC.flavours:
            return replace(smallest, scaling=f"{_FEWEST_WORDS} words, the fewest of an SRAM; {smallest.scaling}")
        factor = leakage.LOGIC.factor(temperature_k, flavour)
        return replace(registers, leakage_uw=registers.leakage_uw * factor)
    n_banks = -(-n_words * width_bits // (8 * _LARGEST_BYTES))
    if n_banks > 1:
        one = memory(-(-n_words // n_banks), width_bits, node_nm, temperature_k, flavour)
        return banked(one, n_banks)
    found = _at(n_words * width_bits / 8, width_bits, node_nm)
    return replace(found, leakage_uw=found.leakage_uw * leakage.SRAM.factor(temperature_k, flavour))


def _at(size_bytes: float, width_bits: int, node_nm: float) -> Sram:
    """One array, at 300 K in a low-leakage process."""
    in_table = sram(math.ceil(size_bytes), width_bits, min(node_nm, LARGEST_NODE_NM))
    small, narrow = min(1.0, size_bytes / _KIB), min(1.0, width_bits / widths_bits()[0]) ** _WIDTH_EXPONENT
    energy, area, time = _beyond_table(node_nm)
    less_cells_um2 = _CELL_F2 * (min(node_nm, LARGEST_NODE_NM) / 1e3) ** 2 * 8 * _KIB * (1 - small)
    notes = [f"{size_bytes / _KIB:g} KiB"]
    notes += ["below 1 KiB by CACTI's laws"] if small < 1 else []
    notes += [f"scaled from {LARGEST_NODE_NM} nm"] if node_nm > LARGEST_NODE_NM else []
    return Sram(
        (in_table.area_um2 - less_cells_um2) * area,
        _leakage_uw(size_bytes, node_nm),
        in_table.read_energy_pj * small**_READ_EXPONENT * narrow * energy,
        in_table.write_energy_pj * small**_WRITE_EXPONENT * narrow * energy,
        in_table.latency_ps * time,
        ", ".join(notes),
    )


def _registers(n_bits: int, width_bits: int, node_nm: float) -> Sram:
    """Flip-flops, at 300 K in a low-leakage process."""
    energy_pj, area_um2, leakage_uw = _on_lines(_REGISTER, node_nm)
    smallest = _at(_KIB, width_bits, node_nm)
    return Sram(
        n_bits * area_um2,
        n_bits * leakage_uw,
        width_bits * energy_pj * _READ_OF_REGISTERS,
        width_bits * energy_pj,
        smallest.latency_ps,
        f"{n_bits} flip-flops",
    )


def _beyond_table(node_nm: float) -> tuple[float, float, float]:
    """Energy, area and access time by those of the largest node of the table."""
    if node_nm <= LARGEST_NODE_NM:
        return 1.0, 1.0, 1.0
    energy, area = _on_lines(_SCALED, node_nm)
    return _SCALED[65][0] / energy, _SCALED[65][1] / area, node_nm / LARGEST_NODE_NM


def _leakage_uw(size_bytes: float, node_nm: float) -> float:
    """CACTI 7's leakage at 300 K, LSTP; beyond the largest node of its runs as there."""
    by_node = {node: (_of_size(points, size_bytes),) for node, points in _leakages().items()}
    return _on_lines(by_node, min(node_nm, max(by_node)))[0]


def _of_size(points: _Points, size_bytes: float) -> float:
    inside = min(max(size_bytes, min(points)), max(points))
    return _on_lines(points, inside)[0] * size_bytes / inside


def _on_lines(points: _Points, at: float) -> tuple[float, ...]:
    """The figures at a place, on straight lines through the points on log-log axes."""
    low, high = max(x for x in points if x <= at), min(x for x in points if x >= at)
    frac = math.log(at / low) / math.log(high / low) if low < high else 0.0
    return tuple(a * (b / a) ** frac for a, b in zip(points[low], points[high], strict=True))


@lru_cache(maxsize=1)
def _leakages() -> Mapping[float, Mapping[float, tuple[float]]]:
    text = (files("archsim.components") / "tables" / "cacti_sram_300k.csv").read_text(encoding="utf-8")
    found: dict[float, dict[float, tuple[float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(int(row["tech_nm"]), {})[int(row["size_bytes"])] = (float(row["leak_uW"]),)
    return found
