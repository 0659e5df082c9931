"""Random search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS

if TYPE_CHECKING:
    import optuna


@SAMPLERS.register
class Random(Sampler):
    """Every parameter by itself."""

    kind = "random"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del population, has_conditions
        import optuna

        return optuna.samplers.RandomSampler(seed=seed)
