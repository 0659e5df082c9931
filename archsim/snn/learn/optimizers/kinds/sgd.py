"""Plain gradient descent: no state."""

from __future__ import annotations

from typing import Literal

from archsim.registry import OPTIMIZERS
from archsim.snn.learn.optimizers.kind import Optimizer, OptimizerKind
from archsim.workload.network import Floats
from archsim.workload.update_needs import UpdateNeeds


class SGD(Optimizer):
    """``delta = -learning_rate g``.

    Examples
    --------
    >>> import numpy as np
    >>> SGD(0.5).step("out", np.array([[1.0, -2.0]])).tolist()
    [[-0.5, 1.0]]
    """

    def step(self, key: str, gradient: Floats) -> Floats:  # noqa: ARG002  (stateless)
        return -self.learning_rate * gradient


@OPTIMIZERS.register
class Sgd(OptimizerKind):
    """Plain gradient descent: no state."""

    kind: Literal["sgd"]

    def optimizer(self) -> Optimizer:
        return SGD(self.rate)

    def needs(self) -> UpdateNeeds:
        """Nothing beyond the write."""
        return UpdateNeeds("sgd")
