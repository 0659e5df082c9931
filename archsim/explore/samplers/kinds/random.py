"""Random search."""

from __future__ import annotations

import optuna

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS


@SAMPLERS.register
class Random(Sampler):
    """Every parameter by itself."""

    kind = "random"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del population, has_conditions
        return optuna.samplers.RandomSampler(seed=seed)
