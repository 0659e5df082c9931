"""What the memories of a chip have in common: published figures, figures per bit cell, or SRAM by CACTI."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from archsim.components.part import Job, Part, action, remembered
from archsim.components.records import Action, Figures, Where, burst_ps, exact
from archsim.components.sram import CACTI_SOURCE, nodes_nm, sram, widths_bits
from archsim.spec.chip import Buffer, Chip
from archsim.spec.costs import BitCellBuffer, CactiBuffer, CitedBuffer


@dataclass(frozen=True)
class BufferPrice:
    """What a buffer of one size costs; an access is one `width_bits`."""

    width_bits: int
    read_energy_pj: float
    write_energy_pj: float
    access_ps: Fraction
    figures: Figures


class Memory(Part):
    """A buffer: one in a tile if its class does not say otherwise.

    Attributes
    ----------
    reads, writes : tuple of str
        Its actions: accesses that read and accesses that write.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    free_keys = ("cycle", "cost")
    scaling = "memory"

    @classmethod
    def spec_of(cls, chip: Chip) -> Buffer:
        """What the chip file says of it."""
        found: Buffer = cls.of_file(chip)
        return found

    @classmethod
    def faults(cls, chip: Chip) -> list[str]:
        return buffer_faults(".".join(cls.path), cls.spec_of(chip), chip.technology.node_nm)

    @classmethod
    def scales(cls, chip: Chip) -> bool:
        return isinstance(cls.spec_of(chip).cost, CactiBuffer) or super().scales(chip)

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def figures(self) -> Figures:
        return self.price.figures

    @cached_property
    def price(self) -> BufferPrice:
        """What it costs at the size that it has."""
        size = self.parts.size_bytes(self.kind)
        return price_buffer(self.spec_of(self.chip), size, self.chip.technology.node_nm)

    def accesses(self, n_bits: int) -> int:
        """Accesses that hold `n_bits`."""
        return -(-n_bits // self.price.width_bits)

    @remembered
    def access_ps(self, n_accesses: int) -> int:
        """Time of `n_accesses`, one after the other."""
        return burst_ps(n_accesses, self.price.access_ps)

    @remembered
    def access(self, name: str, n_bits: int) -> Job:
        """Read or write `n_bits`, by the name of one of its actions. Count: accesses."""
        n_accesses = self.accesses(n_bits)
        time_ps = self.access_ps(n_accesses)
        return Job(self.priced(name), n_accesses, time_ps, time_ps, ((self.kind, 1, 1),))

    @remembered
    def priced(self, name: str) -> Action:
        """The price of one access of one of its actions."""
        energy_pj = self.price.read_energy_pj if name in self.reads else self.price.write_energy_pj
        return action(name, **{self.kind: energy_pj})

    def examples(self) -> list[Action]:
        return [self.priced(name) for name, _ in self.counts]

    def time_of_one_ps(self) -> Fraction:
        return self.price.access_ps


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
    nodes, widths = nodes_nm(), widths_bits()
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
