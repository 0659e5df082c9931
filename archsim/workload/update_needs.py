"""Needs of an update of weights on the chip."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class UpdateNeeds:
    """Needs of an update of one weight beyond loading its gradient and writing its cells.

    Parameters
    ----------
    name : str
        Tells its prices apart.
    n_states : int
        Numbers kept from update to update, each of the gradient's resolution; all are read and written back.
    n_operations : int
        Results of the gradient unit in the pass that makes the step; each of multiply, add, divide, root is one.
    n_passes : int
        Passes over the gradients of the whole matrix before that, each reading every gradient once: half
        iterations of SinkGD, over outputs and inputs in turn.
    n_operations_per_pass : int
        Results of the gradient unit in such a pass.
    n_multiplications, n_divisions, n_roots, n_multiplications_per_pass : int
        How many of them are no additions.
    """

    name: str
    n_states: int = 0
    n_operations: int = 0
    n_passes: int = 0
    n_operations_per_pass: int = 0
    n_multiplications: int = 0
    n_divisions: int = 0
    n_roots: int = 0
    n_multiplications_per_pass: int = 0

    def with_one_more(self, name: str) -> UpdateNeeds:
        """With one more number that is kept and added to."""
        kept = {"n_states": self.n_states + 1, "n_operations": self.n_operations + 1}
        return replace(self, name=f"{self.name},{name}", **kept)

    @property
    def is_plain(self) -> bool:
        """Whether the gradient goes to the write circuits as it is."""
        return self.n_operations == 0
