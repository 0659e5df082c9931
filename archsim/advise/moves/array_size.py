"""Rows and columns of an array: larger ones need fewer of everything around them, and are read more slowly."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES
from archsim.spec import Chip


@MOVES.register
class ArraySize(Move):
    """Half and twice the rows and columns, with the same columns on each ADC."""

    kind = "array_size"
    title = "array size"
    costs = ("crossbar.cost",)
    accuracy = "sums of other lengths are rounded, and longer wires drop more voltage"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Both at once; as many cells are written at once as there are columns for."""
        chip = given.chip
        rows, columns = chip.crossbar.n_rows, chip.crossbar.n_columns
        if rows % 2 == 0 and columns % 2 == 0:
            yield _sized(chip, rows // 2, columns // 2)
        yield _sized(chip, 2 * rows, 2 * columns)


def _sized(chip: Chip, rows: int, columns: int) -> Sets:
    sets = [f"crossbar.rows={rows}", f"crossbar.columns={columns}"]
    if columns % chip.adc.n_columns_per_adc:
        sets.append(f"adc.columns_per_adc={columns}")
    if chip.write is not None and chip.write.n_parallel_cells > columns:
        sets.append(f"write.parallel_cells={columns}")
    return tuple(sets)
