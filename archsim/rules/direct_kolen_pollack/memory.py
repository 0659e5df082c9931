"""Matrices that learn in a memory: whole steps of a range that stays, and errors as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from archsim.rules.dfa.matrices import Project, by_logic

if TYPE_CHECKING:
    from archsim.rules.places import Place
    from archsim.snn.learn.chip import ChipProducts
    from archsim.workload.network import Floats


@dataclass(frozen=True, eq=False)
class InMemory:
    """Multiplies errors by what is held of some matrices, and changes it.

    Parameters
    ----------
    held : mapping of str to array (neurons, classes)
        Changed in place.
    steps, largest : dict of str to float
        The least change of each matrix, and the end of its range, which is that of its first values.
    product : callable
        Errors in the chip's codes times what is held.
    """

    held: Mapping[str, Floats]
    steps: dict[str, float]
    largest: dict[str, float]
    product: Project
    _waiting: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, place: Place, matrices: Mapping[str, Floats], on_chip: ChipProducts) -> InMemory:
        """Round matrices to what the place holds, in place."""
        steps = {name: place.step(values) for name, values in matrices.items()}
        for values in matrices.values():
            values[...] = place.rounded(on_chip.chip, values)
        largest = {name: float(np.abs(values).max(initial=0.0)) for name, values in matrices.items()}
        return cls(matrices, steps, largest, by_logic(matrices, on_chip))

    def __call__(self, name: str, error: Floats) -> Floats:
        """(n, neurons) of errors (n, classes)."""
        return self.product(name, error)

    def add(self, name: str, change: Floats, keeps_rest: bool) -> None:
        """Change a matrix by whole steps within its range; what is less is lost, or waits.

        Examples
        --------
        >>> memory = InMemory({"a": np.zeros((1, 2))}, {"a": 0.5}, {"a": 1.0}, lambda name, error: error)
        >>> for _ in range(2):
        ...     memory.add("a", np.array([[0.2, -3.0]]), keeps_rest=True)
        >>> memory.held["a"].tolist()
        [[0.5, -1.0]]
        """
        step, wanted = self.steps[name], change + self._waiting.get(name, 0.0)
        whole = step * np.rint(wanted / step) if step else np.zeros_like(wanted)
        if keeps_rest:
            self._waiting[name] = wanted - whole
        values = self.held[name]
        values[...] = np.clip(values + whole, -self.largest[name], self.largest[name])
