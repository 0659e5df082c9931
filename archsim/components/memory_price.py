"""Costs of a memory of one size: published figures, figures per bit cell, or SRAM by CACTI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import assert_never

from archsim.components import sram_law
from archsim.components.leakage import LOW_LEAKAGE, SRAM
from archsim.components.process import LAWS, State, chip_error
from archsim.components.records import Figures, exact
from archsim.components.sram import CACTI_SOURCE, Sram, banked, nodes_nm, sram, widths_bits
from archsim.spec.buffers import Buffer
from archsim.spec.chip import Chip
from archsim.spec.costs import BitCellBuffer, CactiBuffer, CitedBuffer, Conditions, SramBuffer


@dataclass(frozen=True)
class BufferPrice:
    """Costs of a buffer of one size; an access is one `width_bits` of one bank."""

    width_bits: int
    read_energy_pj: float
    write_energy_pj: float
    access_ps: Fraction
    figures: Figures
    n_banks: int = 1

    def keeps_up(self, n_bits: int, time_ps: Fraction) -> bool:
        """Whether all banks together give so much in that time."""
        return self.n_banks * self.width_bits * time_ps >= n_bits * self.access_ps


def buffer_errors(name: str, buffer: Buffer, node_nm: float) -> list[str]:
    """Errors that keep a buffer from being priced; `name` is its path in the chip file."""
    errors = []
    if buffer.width_bits < 1:
        errors.append(f"{name}.width: must be at least 1 bit")
    if isinstance(buffer.size_bytes, int):
        if buffer.size_bytes < 1:
            errors.append(f"{name}.size: must be at least 1 B")
        n_words = 8 * buffer.size_bytes // buffer.width_bits
        if buffer.n_banks != "auto" and buffer.n_banks > max(1, n_words):  # one may be smaller than a word
            errors.append(f"{name}.banks: {buffer.n_banks} banks for {n_words} words; lower banks or raise size")
    match buffer.cost:
        case CitedBuffer() | BitCellBuffer():
            if buffer.cycle_ps is None:
                said = f"missing; a cost of model: {buffer.cost.model} holds no access time"
                errors.append(f"{name}.cycle: {said}")
        case CactiBuffer():
            errors += _outside(name, buffer, node_nm, (nodes_nm()[0], nodes_nm()[-1]))
        case SramBuffer():
            errors += _outside(name, buffer, node_nm, sram_law.NODES_NM)
        case _ as never:
            assert_never(never)
    return errors


def _outside(name: str, buffer: Buffer, node_nm: float, nodes: tuple[int, int]) -> list[str]:
    errors, widest = [], widths_bits()[-1]
    if not nodes[0] <= node_nm <= nodes[1]:
        of_model = "CACTI's table holds" if isinstance(buffer.cost, CactiBuffer) else "CACTI's laws hold for"
        errors.append(
            f"{name}.cost: {of_model} {nodes[0]} to {nodes[1]} nm, the chip has {node_nm:g} nm; "
            "use a cost of model: cited"
        )
    if buffer.width_bits > widest:
        errors.append(
            f"{name}.width: CACTI's table ends at {widest} bit, not {buffer.width_bits}; "
            "make it narrower or use a cost of model: cited"
        )
    return errors


@lru_cache(maxsize=4096)
def price_buffer(buffer: Buffer, size_bytes: int, state: State, n_banks: int = 1) -> BufferPrice:
    """The price of a buffer without `buffer_errors`, `size_bytes` large, in banks of equal size.

    Published figures are of all banks together; CACTI's are those of one, each of a part of the size.
    """
    cost = buffer.cost
    if size_bytes == 0:  # automatic size and nothing to hold
        nothing = Figures(0.0, 0.0, source_of(cost), "not built")
        return BufferPrice(buffer.width_bits, 0.0, 0.0, Fraction(0), nothing)
    match cost:
        case CactiBuffer():
            return _modelled(buffer, sram(-(-size_bytes // n_banks), buffer.width_bits, state.node_nm), n_banks)
        case SramBuffer():
            n_words = -(-8 * size_bytes // buffer.width_bits)
            return _modelled(buffer, _by_law(-(-n_words // n_banks), buffer.width_bits, state), n_banks)
        case CitedBuffer():
            figures = Figures(cost.area_um2, cost.leakage_uw, cost.source)
        case BitCellBuffer():
            n_cells = 8 * size_bytes
            area_um2, leakage_uw = n_cells * cost.cell_area_um2, n_cells * cost.cell_leakage_uw
            figures = Figures(area_um2, leakage_uw, cost.source, f"one bit cell x {n_cells} bit")
        case _ as never:
            assert_never(never)
    access_ps = Fraction(buffer.cycle_ps or 0)
    return BufferPrice(buffer.width_bits, cost.read_energy_pj, cost.write_energy_pj, access_ps, figures, n_banks)


def _by_law(n_words: int, width_bits: int, state: State) -> Sram:
    """A memory at the conditions of its chip; 300 K, low leakage and the node's supply where nothing is said."""
    node_nm, supply = state.node_nm, State(state.node_nm, supply_v=state.supply_v)
    temperature_k, flavour = state.temperature_k or 300, state.flavour or LOW_LEAKAGE
    one = sram_law.memory(n_words, width_bits, node_nm, temperature_k, flavour)
    energy, leakage = (LAWS["memory"].factor(what, State(node_nm), supply) for what in ("energy", "leakage"))
    return replace(
        one, read_energy_pj=one.read_energy_pj * energy, write_energy_pj=one.write_energy_pj * energy,
        leakage_uw=one.leakage_uw * leakage,
    )  # fmt: skip


def state_of(chip: Chip) -> State:
    """Node and conditions of a chip, as far as its file says them."""
    said = chip.conditions or Conditions()
    return State(chip.technology.node_nm, said.temperature_k, said.supply_v, said.flavour)


def condition_errors(state: State) -> list[str]:
    """Conditions of a chip for which CACTI's laws do not hold, as ``conditions.key: what is wrong``."""
    found = SRAM.errors(state.temperature_k or 300, state.flavour or LOW_LEAKAGE)
    supply = State(state.node_nm, supply_v=state.supply_v)
    beyond = LAWS["memory"].errors(State(state.node_nm), supply, {"energy"})
    return [*(f"conditions.{error}" for error in found), *map(chip_error, beyond)]


def source_of(cost: CactiBuffer | SramBuffer | CitedBuffer | BitCellBuffer) -> str:
    """Who says what a buffer costs."""
    match cost:
        case CactiBuffer():
            return CACTI_SOURCE
        case SramBuffer():
            return sram_law.SOURCE
        case CitedBuffer() | BitCellBuffer():
            return cost.source
        case _ as never:
            assert_never(never)


def _modelled(buffer: Buffer, one: Sram, n_banks: int) -> BufferPrice:
    found = banked(one, n_banks) if n_banks > 1 else one
    access_ps = exact(found.latency_ps) if buffer.cycle_ps is None else Fraction(buffer.cycle_ps)
    figures = Figures(found.area_um2, found.leakage_uw, source_of(buffer.cost), found.scaling)
    return BufferPrice(buffer.width_bits, found.read_energy_pj, found.write_energy_pj, access_ps, figures, n_banks)
