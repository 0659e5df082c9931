"""Replicas of the busiest layers, into idle arrays or into new ones."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES
from archsim.spec import TAILORED
from archsim.spec.choices import MappingRules


@MOVES.register
class Replicas(Move):
    """As `mapping.replicas: auto` shares them out: in idle arrays, in one tile more, and in four."""

    kind = "replicas"
    title = "replicas of the busiest layers"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """New arrays only on chips that are built for their workload."""
        chip = given.chip
        per_tile = chip.tile.n_pes * chip.pe.n_crossbars
        if chip.n_tiles != TAILORED:
            yield ("mapping.replicas=auto", *_unbounded(chip.mapping))
        if not isinstance(chip.n_tiles, int):
            for n in (1, 4):
                more = (f"mapping.replica_crossbars={n * per_tile}", *_unbounded(chip.mapping, but="crossbars"))
                yield ("mapping.replicas=auto", *more)


def _unbounded(rules: MappingRules, but: str = "") -> Sets:
    """Without the budgets that the chip has now."""
    given = {"crossbars": rules.n_replica_crossbars, "area": rules.replica_area_um2}
    return tuple(f"mapping.replica_{key}=null" for key, n in given.items() if n is not None and key != but)
