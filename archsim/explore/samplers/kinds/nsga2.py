"""The genetic algorithm NSGA-II."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS

if TYPE_CHECKING:
    import optuna


@SAMPLERS.register
class Nsga2(Sampler):
    """Sorted by dominance and crowding (Deb et al., IEEE Trans. Evol. Comput. 2002)."""

    kind = "nsga2"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del has_conditions
        import optuna

        return optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
