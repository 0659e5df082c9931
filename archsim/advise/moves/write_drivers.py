"""How many cells of a row have drivers, and are written together."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES


@MOVES.register
class WriteDrivers(Move):
    """Half and twice as many; no more than there are columns."""

    kind = "write_drivers"
    title = "write drivers"
    nothing = "the chip says nothing of how cells are written, or has one driver for its one column"
    costs = ("write.cost",)

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Of a chip that says how cells are written."""
        chip = given.chip
        if chip.write is None:
            return
        n_cells, columns = chip.write.n_parallel_cells, chip.crossbar.n_columns
        for n in dict.fromkeys((n_cells // 2, min(2 * n_cells, columns))):
            if n >= 1 and n != n_cells:
                yield (f"write.parallel_cells={n}",)
