"""A sequence of low discrepancy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.explore.samplers.kind import Sampler
from archsim.registry import SAMPLERS

if TYPE_CHECKING:
    import optuna


@SAMPLERS.register
class QuasiRandom(Sampler):
    """Sobol's sequence, scrambled."""

    kind = "quasi_random"

    def made(self, population: int, seed: int, has_conditions: bool) -> optuna.samplers.BaseSampler:
        del population, has_conditions
        import optuna

        return optuna.samplers.QMCSampler(scramble=True, seed=seed, warn_asynchronous_seeding=False)
