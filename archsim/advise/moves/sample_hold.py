"""Banks of sample-and-holds: what is read waits there, so that an array is read once for all columns of an ADC.

With two banks, one is converted while the array is read again. A chip that has none gets the one of the library
whose node is nearest, with its figures and their source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES
from archsim.spec.library import nearest_library


@MOVES.register
class SampleHoldBanks(Move):
    """One bank more or less; of a chip without, one and two."""

    kind = "sample_hold"
    title = "sample-and-hold banks"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Down to none."""
        chip = given.chip
        if chip.sample_hold is None:
            priced = nearest_library(chip.technology.node_nm).data["sample_hold"]
            for n_banks in (1, 2):
                section = json.dumps({**priced, "banks": n_banks}, allow_nan=False)
                yield (f"sample_hold={section}",)
            return
        n_banks = chip.sample_hold.n_banks
        yield ("sample_hold=null",) if n_banks == 1 else (f"sample_hold.banks={n_banks - 1}",)
        yield (f"sample_hold.banks={n_banks + 1}",)
