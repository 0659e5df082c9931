"""The base class of memories: sizes, banks, accesses."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from archsim.components.memory_price import BufferPrice, buffer_errors, condition_errors, price_buffer, state_of
from archsim.components.part import Job, Part, action, remembered
from archsim.components.records import Action, Figures, Where, burst_ps
from archsim.spec.buffers import Buffer
from archsim.spec.chip import Chip
from archsim.spec.costs import CactiBuffer, SramBuffer


class Memory(Part):
    """A buffer: one in a tile if its class does not say otherwise.

    Attributes
    ----------
    reads, writes : tuple of str
        Its actions: accesses that read and accesses that write.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    free_keys = ("cycle", "banks", "cost")
    scaling = "memory"

    @classmethod
    def spec_of(cls, chip: Chip) -> Buffer:
        """Its section of the chip file."""
        found: Buffer = cls.of_file(chip)
        return found

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        if cls.of_file(chip) is None:
            return []
        spec = cls.spec_of(chip)
        found = buffer_errors(".".join(cls.path), spec, chip.technology.node_nm)
        return found + condition_errors(state_of(chip)) if isinstance(spec.cost, SramBuffer) else found

    @classmethod
    def scales(cls, chip: Chip) -> bool:
        return isinstance(cls.cost_of(chip), CactiBuffer | SramBuffer) or super().scales(chip)

    @classmethod
    def heeds(cls, chip: Chip) -> set[str]:
        found = super().heeds(chip)
        by_law = isinstance(cls.cost_of(chip), SramBuffer)
        return found | {"temperature", "supply", "flavour"} if by_law else found

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def n_per_parent(self) -> int:
        return 0 if self.of_file(self.chip) is None else 1

    @property
    def figures(self) -> Figures:
        return self.price.figures

    @abstractmethod
    def asked(self) -> tuple[int, Fraction]:
        """Bits that what it feeds takes when it is busy, and in which time in ps."""

    @cached_property
    def price(self) -> BufferPrice:
        """Its price at the size that it has."""
        return self.price_of(self.parts.size_bytes(self.kind))

    @remembered
    def price_of(self, size_bytes: int) -> BufferPrice:
        """Costs at a size; with as many banks as keep up, if their number is automatic."""
        spec = self.spec_of(self.chip)
        if spec.n_banks != "auto":
            return self._priced_as(size_bytes, spec.n_banks)
        most = max(1, 8 * size_bytes // spec.width_bits)
        banks = (self._priced_as(size_bytes, n) for n in range(1, most + 1))
        return next(p for p in banks if p.n_banks == most or p.keeps_up(*self.asked()))

    def _priced_as(self, size_bytes: int, n_banks: int) -> BufferPrice:
        return price_buffer(self.spec_of(self.chip), size_bytes, state_of(self.chip), n_banks)

    def named(self, action: str) -> str:
        """The name of an action whose price depends on the size of this memory, which may differ between tiles."""
        if not self.parts.is_of_one_tile:
            return action
        n_bytes = self.parts.size_bytes(self.kind)
        assert n_bytes, f"{action}: nothing was to lie in the {self.kind} of this tile"
        return f"{action}@{n_bytes}B"

    def accesses(self, n_bits: int) -> int:
        """Accesses that hold `n_bits`."""
        return -(-n_bits // self.price.width_bits)

    @remembered
    def access_ps(self, n_accesses: int) -> int:
        """Time of `n_accesses`, one after the other in each bank."""
        return burst_ps(-(-n_accesses // self.price.n_banks), self.price.access_ps)

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
        return action(self.named(name), **{self.kind: energy_pj})

    def examples(self) -> list[Action]:
        return [self.priced(name) for name, _ in self.counts]

    def time_of_one_ps(self) -> Fraction:
        return self.price.access_ps
