"""Tree-structured Parzen estimators."""

from __future__ import annotations

import optuna

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS


@SAMPLERS.register
class Tpe(Sampler):
    """Multivariate; random for the first two populations (Bergstra et al., NeurIPS 2011)."""

    kind = "tpe"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        return optuna.samplers.TPESampler(
            multivariate=True, group=has_conditions, constant_liar=True, n_startup_trials=2 * population, seed=seed
        )
