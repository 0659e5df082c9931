"""PEs on a tile: more share its bus, buffers and units, and fewer tiles have to talk."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, half_and_double
from archsim.registry import MOVES


@MOVES.register
class PesPerTile(Move):
    """Half and twice the PEs."""

    kind = "pes"
    title = "PEs per tile"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Of a chip with so many tiles, as many arrays in all are kept by the tiles."""
        chip = given.chip
        n_tiles, n_pes = chip.n_tiles, chip.tile.n_pes
        if not isinstance(n_tiles, int):
            yield from half_and_double("tile.pes", n_pes)
            return
        if n_pes % 2 == 0:
            yield (f"tile.pes={n_pes // 2}", f"tiles={2 * n_tiles}")
        yield (f"tile.pes={2 * n_pes}", f"tiles={-(-n_tiles // 2)}")
