"""Parts of a chip that a mapped workload takes, and the area of every part beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from archsim.components.memory import Memory
from archsim.components.part import Part
from archsim.components.records import AreaItem, Figures


@dataclass(frozen=True)
class Held:
    """Parts of a chip that a mapped workload takes.

    Attributes
    ----------
    n_pes, n_crossbars : int
        That hold something.
    needed_bytes : mapping of (buffer, tile) to int
        What is to lie in each memory; -1 stands for the chip's. Memories that hold nothing are left out.
    built_bytes : mapping of (buffer, tile) to int
        Sizes of the memories of tiles that are tailored; empty where tiles are alike.
    has_copies : bool
        Whether weights are written into a transposed copy as well, whose gradients are turned round.
    """

    n_pes: int
    n_crossbars: int
    needed_bytes: Mapping[tuple[str, int], int]
    built_bytes: Mapping[tuple[str, int], int]
    has_copies: bool = True

    def needs(self, buffer: str, built_bytes: int | None = None) -> Counter[int]:
        """How many memories of each size would hold what lies in them; only of those of a size, if given."""
        return Counter(
            n for (name, tile), n in self.needed_bytes.items()
            if name == buffer and built_bytes in (None, self.built_bytes.get((name, tile)))
        )  # fmt: skip

    def built(self, buffer: str) -> dict[int, int]:
        """How many memories of each size there are in tailored tiles, by size."""
        return dict(sorted(Counter(n for (name, _), n in self.built_bytes.items() if name == buffer).items()))


def area_items(of: Iterable[Part]) -> Iterator[AreaItem]:
    """Area and leakage of every part, and how much of it holds nothing or is larger than what it holds."""
    for part in of:
        held = part.parts.held
        if isinstance(part, Memory) and part.where == "tile" and held is not None and part.parts.is_tailored:
            yield from _memories(part, held)
        else:
            n = part.n_per_parent * _parents(part)
            yield _item(part, n, part.figures, *((0.0, 0.0) if held is None else _idle(part, n, held)))


def _parents(part: Part) -> int:
    """How many there are of what a part is in each of."""
    parts, chip = part.parts, part.chip
    tailored = parts.held if parts.is_tailored else None
    n_pes = parts.n_tiles * chip.tile.n_pes if tailored is None else tailored.n_pes
    match part.where:
        case "chip":
            return 1
        case "tile":
            return parts.n_tiles
        case "pe":
            return n_pes
        case "crossbar":
            return n_pes * chip.pe.n_crossbars if tailored is None else tailored.n_crossbars
        case _ as never:
            assert_never(never)


def _idle(part: Part, n: int, held: Held) -> tuple[float, float]:
    """Area and leakage of the instances, beyond what would hold the same."""
    if isinstance(part, Memory):
        return _beyond(n, part.figures, _fitting(part, held.needs(part.kind)))
    match part.where:
        case "chip" | "tile":
            return 0.0, 0.0
        case "pe":
            n_used = held.n_pes
        case "crossbar":
            n_used = held.n_crossbars
        case _ as never:
            assert_never(never)
    return _beyond(n, part.figures, [(part.n_per_parent * n_used, part.figures)])


def _fitting(part: Memory, needs: Counter[int]) -> list[tuple[int, Figures]]:
    return [(count, part.price_of(size).figures) for size, count in sorted(needs.items())]


def _beyond(n: int, figures: Figures, fitting: list[tuple[int, Figures]]) -> tuple[float, float]:
    """Area and leakage of `n` instances less those of the fitting ones."""
    used_um2 = sum(count * fit.area_um2 for count, fit in fitting)
    used_uw = sum(count * fit.leakage_uw for count, fit in fitting)
    return max(0.0, n * figures.area_um2 - used_um2), max(0.0, n * figures.leakage_uw - used_uw)


def _memories(part: Memory, held: Held) -> Iterator[AreaItem]:
    """One item for each size that a memory has in some tile."""
    sizes = held.built(part.kind)
    if not sizes:
        yield _item(part, part.parts.n_tiles, part.price_of(0).figures)
    for size, n in sizes.items():
        figures = part.price_of(size).figures
        yield _item(part, n, figures, *_beyond(n, figures, _fitting(part, held.needs(part.kind, size))))


def _item(part: Part, n: int, figures: Figures, idle_um2: float = 0.0, idle_uw: float = 0.0) -> AreaItem:
    scaling = "; ".join(filter(None, (part.parts.scaled.get(part.kind), figures.scaling)))
    return AreaItem(
        part.kind, part.where, n, figures.area_um2, figures.leakage_uw, figures.source, scaling,
        part.n_per_parent, idle_um2, idle_uw,
    )  # fmt: skip
