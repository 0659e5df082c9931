"""The genetic algorithm NSGA-II."""

from __future__ import annotations

import optuna

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS


@SAMPLERS.register
class Nsga2(Sampler):
    """Sorted by dominance and crowding (Deb et al., IEEE Trans. Evol. Comput. 2002)."""

    kind = "nsga2"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del has_conditions
        return optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
