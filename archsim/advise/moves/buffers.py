"""Sizes and banks of the buffers: space holds back who fills it, banks take accesses in turn."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, half_and_double, part_at, quantity
from archsim.components import buffer_kinds
from archsim.registry import MOVES


@MOVES.register
class Buffers(Move):
    """Half and twice the size, where it is given; twice the banks, or one, and as many as keep up."""

    kind = "buffers"
    title = "buffers and banks"
    nothing = "no buffer has a size of its own, or banks to change"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """One buffer at a time."""
        chip = given.chip
        for kind in buffer_kinds().values():
            path = ".".join(kind.path)
            buffer = part_at(chip, path)
            if buffer is None:
                continue
            if isinstance(buffer.size_bytes, int):
                for n_bytes in (buffer.size_bytes // 2, 2 * buffer.size_bytes):
                    yield (quantity(f"{path}.size", n_bytes, "bytes"),)
            yield from _banks(f"{path}.banks", buffer.n_banks)


def _banks(path: str, n_banks: int | str) -> Iterator[Sets]:
    if isinstance(n_banks, int):
        yield from half_and_double(path, n_banks)
        yield (f"{path}=auto",)
    else:
        yield (f"{path}=1",)
        yield (f"{path}=2",)
