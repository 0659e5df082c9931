"""Adam: two numbers kept for each weight (Kingma, Ba 2015, arXiv 1412.6980)."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from archsim.registry import OPTIMIZERS
from archsim.snn.learn.optimizers.kind import Below1, Optimizer, OptimizerKind, Positive
from archsim.workload.network import Floats
from archsim.workload.update_needs import UpdateNeeds


class Adam(Optimizer):
    """Adam with bias correction (Kingma, Ba 2015, arXiv 1412.6980, algorithm 1)::

        m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
        delta = -learning_rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon)

    with k counting the steps of this key from 1. The factors of a step are one number per layer, so a weight
    takes 7 multiplications, 3 additions, a division and a root.

    Parameters
    ----------
    beta1, beta2 : float
        From 0 to below 1.
    epsilon : float
        Positive.

    Examples
    --------
    >>> round(Adam(0.1).step("out", np.array([[3.0]])).item(), 6)
    -0.1
    """

    def __init__(
        self, learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        self._check(
            beta1=(beta1, 0 <= beta1 < 1, "from 0 to below 1"),
            beta2=(beta2, 0 <= beta2 < 1, "from 0 to below 1"),
            epsilon=(epsilon, epsilon > 0, "a positive number"),
        )
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def step(self, key: str, gradient: Floats) -> Floats:
        m, v = self._kept(f"{key}|m", gradient), self._kept(f"{key}|v", gradient)
        count = self._kept(f"{key}|steps", np.zeros(()))
        count += 1
        m *= self.beta1
        m += (1 - self.beta1) * gradient
        v *= self.beta2
        v += (1 - self.beta2) * gradient * gradient
        steps = count.item()
        size = np.sqrt(v) * (1 / math.sqrt(1 - self.beta2**steps)) + self.epsilon
        return np.asarray(-self.learning_rate / (1 - self.beta1**steps) * m / size)


@OPTIMIZERS.register
class AdamKind(OptimizerKind):
    """Adam: two numbers kept for each weight (Kingma, Ba 2015, arXiv 1412.6980)."""

    kind: Literal["adam"]
    beta1: Below1 = 0.9
    beta2: Below1 = 0.999
    epsilon: Positive = 1e-8

    def optimizer(self) -> Optimizer:
        return Adam(self.rate, self.beta1, self.beta2, self.epsilon)

    def needs(self) -> UpdateNeeds:
        """m and v; 6 multiplications, 3 additions, a division, a root."""
        return UpdateNeeds("adam", 2, 11, n_multiplications=6, n_divisions=1, n_roots=1)
