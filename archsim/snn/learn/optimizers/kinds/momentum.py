"""Gradient descent with momentum: one number kept for each weight."""

from __future__ import annotations

from typing import Literal

from archsim.registry import OPTIMIZERS
from archsim.snn.learn.optimizers.kind import Below1, Optimizer, OptimizerKind
from archsim.workload.network import Floats
from archsim.workload.update_needs import UpdateNeeds


class Momentum(Optimizer):
    """``m = momentum m + g``; ``delta = -learning_rate m`` (Polyak's heavy ball, as in PyTorch's SGD).

    Parameters
    ----------
    momentum : float
        From 0 to below 1.

    Examples
    --------
    >>> import numpy as np
    >>> heavy = Momentum(1.0, momentum=0.5)
    >>> [heavy.step("out", np.array([[1.0]])).item() for _ in range(3)]
    [-1.0, -1.5, -1.75]
    """

    def __init__(self, learning_rate: float, momentum: float = 0.9) -> None:
        super().__init__(learning_rate)
        self._check(momentum=(momentum, 0 <= momentum < 1, "from 0 to below 1"))
        self.momentum = momentum

    def step(self, key: str, gradient: Floats) -> Floats:
        m = self._kept(f"{key}|m", gradient)
        m *= self.momentum
        m += gradient
        return -self.learning_rate * m


@OPTIMIZERS.register
class MomentumKind(OptimizerKind):
    """Gradient descent with momentum: one number kept for each weight."""

    kind: Literal["momentum"]
    momentum: Below1 = 0.9

    def optimizer(self) -> Optimizer:
        return Momentum(self.rate, self.momentum)

    def needs(self) -> UpdateNeeds:
        """m; a multiplication and an addition."""
        return UpdateNeeds("momentum", n_states=1, n_operations=2, n_multiplications=1)
