"""The base class of metrics: a figure of a run that a study can bound, optimise or record, by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from archsim.metrics.result import Result


class Metric(ABC):
    """One figure; its name ends in its unit: ``_ps``, ``_pj``, ``_um2``, ``_uw``, or it is a plain number."""

    kind: ClassVar[str]
    is_fraction: ClassVar[bool] = False
    """Whether it is a part of one, so that a bound may be written in percent."""

    @staticmethod
    @abstractmethod
    def of(result: Result) -> float:
        """The figure of a run."""
