"""The base class of surrogate derivatives, and one of a kind and a width."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import SURROGATES
from archsim.workload.network import Floats


class SlopeArithmetic(NamedTuple):
    """Operations of one slope at ``x = u - threshold``; constant factors belong to the learning rate.

    Parameters
    ----------
    n_additions : int
        Additions, subtractions and comparisons, that of x among them.
    n_by_width : int
        Multiplications of x by a constant.
    n_products : int
        Multiplications of two slopes.
    n_divisions : int
    """

    n_additions: int
    n_by_width: int = 0
    n_products: int = 0
    n_divisions: int = 0


class SurrogateKind(ABC):
    """A law of the surrogate derivative as a function of ``x = u - threshold``.

    Attributes
    ----------
    kind : str
        Its name in workload files.
    code : int or None
        Its number in the compiled loops (:mod:`archsim.snn.learn.compiled`); None where it is computed by numpy.
    arithmetic : SlopeArithmetic
        What one slope takes on the chip; a subtraction and a comparison if a kind does not say.
    """

    kind: ClassVar[str]
    code: ClassVar[int | None] = None
    arithmetic: ClassVar[SlopeArithmetic] = SlopeArithmetic(2)

    @abstractmethod
    def slope(self, x: Floats, width: float) -> Floats:
        """The derivative, element by element; `width` is positive, in units of the potential."""


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
    kind : str
        A name of `archsim.registry.SURROGATES`.
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

    kind: str = "triangle"
    width: float = 1.0

    def __post_init__(self) -> None:
        errors = []
        if self.kind not in SURROGATES:
            errors.append(f"surrogate is {self.kind!r}; allowed are {', '.join(SURROGATES)}")
        if not (np.isfinite(self.width) and self.width > 0):
            errors.append(f"width of the surrogate is {self.width!r}; it must be a positive number")
        if errors:
            raise WorkloadError("; ".join(errors))

    @cached_property
    def _law(self) -> SurrogateKind:
        found: SurrogateKind = SURROGATES[self.kind]()
        return found

    @property
    def code(self) -> int | None:
        """The kind as a number, for compiled loops; None if they do not have it."""
        return self._law.code

    def __call__(self, x: Floats) -> Floats:
        """The derivative at ``x = u - threshold``, element by element."""
        with SURROGATES.calling(self.kind):
            return self._law.slope(x, self.width)
