"""Surrogate derivatives: what learning takes for the derivative of a spike with respect to the potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.network import Floats

SurrogateKind = Literal["triangle", "fast_sigmoid", "arctan"]


@dataclass(frozen=True)
class Surrogate:
    """A surrogate derivative of a spike, as a function of ``x = u - threshold``.

    ============  ==============================================  ==========================================
    kind          derivative                                      source
    ============  ==============================================  ==========================================
    triangle      ``max(0, width - |x|) / width^2``               Bellec et al. 2018, arXiv 1803.09574 (form);
                                                                  HAR network of arXiv 2212.02233
    fast_sigmoid  ``1 / (1 + |x| / width)^2``                     Zenke, Ganguli 2018, arXiv 1705.11146
    arctan        ``1 / (1 + (pi x / (2 width))^2) / width``      Fang et al. 2021, arXiv 2007.05785
    ============  ==============================================  ==========================================

    Parameters
    ----------
    kind : "triangle", "fast_sigmoid" or "arctan"
    width : float
        Positive; in units of the potential.

    Raises
    ------
    WorkloadError
        Unknown kind, or a width that is not positive.

    Examples
    --------
    >>> Surrogate("triangle", width=1.0)(np.array([-0.5, 0.0, 2.0])).tolist()
    [0.5, 1.0, 0.0]
    """

    kind: SurrogateKind = "triangle"
    width: float = 1.0

    def __post_init__(self) -> None:
        faults = []
        if self.kind not in ("triangle", "fast_sigmoid", "arctan"):
            faults.append(f"surrogate is {self.kind!r}; allowed are triangle, fast_sigmoid, arctan")
        if not (np.isfinite(self.width) and self.width > 0):
            faults.append(f"width of the surrogate is {self.width!r}; it must be a positive number")
        if faults:
            raise WorkloadError("; ".join(faults))

    @property
    def code(self) -> int:
        """The kind as a number, for compiled loops."""
        return ("triangle", "fast_sigmoid", "arctan").index(self.kind)

    def __call__(self, x: Floats) -> Floats:
        """The derivative at ``x = u - threshold``, element by element."""
        if self.kind == "triangle":
            return np.maximum(0.0, self.width - np.abs(x)) * (1.0 / (self.width * self.width))
        if self.kind == "fast_sigmoid":
            slope = 1.0 + np.abs(x) * (1.0 / self.width)
            return 1.0 / (slope * slope)
        if self.kind == "arctan":
            bend = (np.pi / (2.0 * self.width)) * x
            return 1.0 / ((1.0 + bend * bend) * self.width)
        assert_never(self.kind)
