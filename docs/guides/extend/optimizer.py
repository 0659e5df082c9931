"""An optimizer: sign descent, every weight by the same step (Bernstein et al. 2018, arXiv 1802.04434)."""

from typing import Literal

import numpy as np

import archsim
from archsim.snn.learn.optimizers import Optimizer, OptimizerKind
from archsim.workload.update_needs import UpdateNeeds


class Sign(Optimizer):
    """``delta = -learning_rate sign(g)``."""

    def step(self, key: str, gradient: np.ndarray) -> np.ndarray:
        return -self.learning_rate * np.sign(gradient)


@archsim.register
class SignKind(OptimizerKind):
    """No state; the sign is one more result of the gradient unit."""

    kind: Literal["sign"]

    def optimizer(self) -> Optimizer:
        return Sign(self.rate)

    def needs(self) -> UpdateNeeds:
        return UpdateNeeds("sign", n_operations=1)


if __name__ == "__main__":
    chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    for kind in ("sgd", "sign", "adam"):
        changes = [f"learning.adapt.optimizer={{kind: {kind}, rate: 0.01}}", "timesteps=2"]
        work = archsim.load_workload("workloads/watch_adapt.yaml", changes)
        step = work.learning.adapt.optimizer.optimizer().step("out", np.array([0.3, -2.0]))
        print(kind, step.round(4), f"{archsim.simulate(chip, work, phase='dfa').energy_pj / 1e3:.1f} nJ")
