"""The base class of spreads: a standard deviation by conductance."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from archsim.units import FileModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Lowest and highest conductance of a cell."""

    g_min_siemens: float
    g_max_siemens: float

    @property
    def width_siemens(self) -> float:
        """g_max - g_min."""
        return self.g_max_siemens - self.g_min_siemens


class NoiseKind(FileModel):
    """One kind of spread: its fields are the keys of ``programming``, ``relaxation`` or ``read_noise``.

    A subclass narrows `kind` to its name, ``kind: Literal["constant"]``.
    """

    kind: str

    @abstractmethod
    def sigma_siemens(self, conductance_siemens: Floats, window: Window) -> Floats | float:
        """Standard deviation at each conductance, 0 or more; one number where it is the same everywhere."""

    @property
    def is_zero(self) -> bool:
        """Whether it is none at all, so that nothing is drawn for it."""
        return False

    def ready(self, window: Window, where: str) -> Self:
        """The same with all that it needs at hand, for cells of this window.

        Raises
        ------
        SpecError
            It does not go with the window, or a file is missing; `where` names the error of the cells.
        """
        del window, where
        return self

    def spread_pct(self, window: Window) -> float:
        """Mean of the standard deviation over the window, in percent of the window."""
        at = np.linspace(window.g_min_siemens, window.g_max_siemens, 1001)
        return 100 * float(np.mean(self.sigma_siemens(at, window))) / window.width_siemens
