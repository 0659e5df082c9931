"""The base class of samplers: each makes one of Optuna's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import optuna


class Sampler(ABC):
    """Chooses the configurations that a search tries.

    Attributes
    ----------
    kind : str
        Its name in study files.
    """

    kind: ClassVar[str]

    @abstractmethod
    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        """The sampler of Optuna.

        Parameters
        ----------
        population : int
            `search.population` of the study: configurations of a generation, 2 or more.
        seed : int
            That of the study; every trial draws with one of its own that follows from it.
        has_conditions : bool
            Whether some parameters exist for some values of others only.
        """
