"""Tree-structured Parzen estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS

if TYPE_CHECKING:
    import optuna


@SAMPLERS.register
class Tpe(Sampler):
    """Multivariate; random for the first two populations (Bergstra et al., NeurIPS 2011)."""

    kind = "tpe"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        import optuna

        return optuna.samplers.TPESampler(
            multivariate=True, group=has_conditions, constant_liar=True, n_startup_trials=2 * population, seed=seed
        )
