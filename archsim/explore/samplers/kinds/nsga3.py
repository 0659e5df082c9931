"""The genetic algorithm NSGA-III."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS

if TYPE_CHECKING:
    import optuna


@SAMPLERS.register
class Nsga3(Sampler):
    """With reference points, for many objectives (Deb, Jain, IEEE Trans. Evol. Comput. 2014)."""

    kind = "nsga3"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del has_conditions
        import optuna

        return optuna.samplers.NSGAIIISampler(population_size=population, seed=seed)
