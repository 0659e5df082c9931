"""A part of a long learning run, and what its updates write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Written:
    """Writes of a run: cells, pulses, and cells that are not at their targets.

    Pulses and failed cells are means where they are expected and not drawn or recorded.
    """

    cells: int = 0
    pulses: float = 0.0
    failed: float = 0.0

    def since(self, before: Written) -> Written:
        """Writes after `before`."""
        return Written(self.cells - before.cells, self.pulses - before.pulses, self.failed - before.failed)


@dataclass(frozen=True)
class Stretch:
    """A part of a long learning run: some batches, one after the other.

    Parameters
    ----------
    sizes : tuple of int
        Samples of each batch, 1 or more; empty for whole batches as the workload says.
    first_update : int
        How many updates came before: it draws what a write draws.
    """

    sizes: tuple[int, ...] = ()
    first_update: int = 0
