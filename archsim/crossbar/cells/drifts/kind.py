"""The base class of laws of retention."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from archsim.units import EnergyPj, FileModel, TimePs

Floats = NDArray[np.float64]


class DriftLaw(FileModel):
    """How a written conductance changes after `start`: its fields are the keys of ``drift``.

    A subclass narrows `kind` to its name, ``kind: Literal["power_law"]``.
    """

    kind: str
    start_ps: TimePs
    activation_energy_pj: EnergyPj | None = None

    @property
    @abstractmethod
    def rate(self) -> tuple[float, float]:
        """Mean and standard deviation over the cells of the number that each cell draws once."""

    @abstractmethod
    def factor(self, rate: Floats | float, elapsed: Floats) -> Floats:
        """Part of each written conductance that is left, 0 or more; `elapsed` is ``ln(t / start)``."""
