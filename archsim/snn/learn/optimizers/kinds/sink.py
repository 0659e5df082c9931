"""SinkGD: the gradient matrix is normalised by rows and columns in turn; no state (arXiv 2502.06742)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from archsim.registry import OPTIMIZERS
from archsim.snn.learn.optimizers.kind import Optimizer, OptimizerKind
from archsim.workload.network import Floats
from archsim.workload.update_needs import UpdateNeeds

MOST_ITERATIONS = 1000
"""Each is a pass over all gradients, with tasks of its own."""


class SinkGD(Optimizer):
    """Stateless: the gradient matrix normalised alternately by rows and columns.

    SR-Sinkhorn (Scetbon, Ma, Gong, Meeds 2025, "Gradient Multi-Normalization for Stateless and Scalable LLM
    Training", arXiv 2502.06742): for a gradient X of m rows and n columns, `iterations` times::

        X = sqrt(n) diag(norm of each row)^-1 X
        X = sqrt(m) X diag(norm of each column)^-1

    then ``delta = -learning_rate X``. Computed as row and column factors of the squared gradient, which is the
    same and never writes X: a half iteration reads each gradient once and takes 2 multiplications (square,
    factor) and an addition. Rows or columns that are all zero stay zero.

    The paper normalises matrices only. A bias vector is divided by its root mean square, the first half of an
    iteration with the vector as one row.

    Parameters
    ----------
    iterations : int
        1 or more; the paper uses 5.

    Examples
    --------
    >>> SinkGD(1.0).step("out", np.array([[4.0, 0.0], [0.0, -0.1]])).round(6).tolist()
    [[-1.414214, -0.0], [-0.0, 1.414214]]
    """

    def __init__(self, learning_rate: float, iterations: int = 5) -> None:
        super().__init__(learning_rate)
        good = iterations >= 1 and iterations == int(iterations)
        self._check(iterations=(iterations, good, "a whole number, 1 or more"))
        self.iterations = int(iterations)

    def step(self, key: str, gradient: Floats) -> Floats:  # noqa: ARG002  (stateless)
        largest = np.abs(gradient).max(initial=0.0)
        if largest == 0 or not np.isfinite(largest):
            return -self.learning_rate * gradient
        x = gradient / largest  # normalised anyway; so squares neither overflow nor vanish
        if x.ndim == 1:
            return np.asarray(-self.learning_rate / math.sqrt(np.mean(x * x)) * x)
        squares = x * x
        m, n = x.shape
        row, column = np.ones(m), np.ones(n)
        for _ in range(self.iterations):
            row = _factor(n, squares @ (column * column))
            column = _factor(m, (row * row) @ squares)
        return np.asarray((-self.learning_rate * row)[:, None] * x * column)


def _factor(length: int, sums: Floats) -> Floats:
    """sqrt(length / sums), zero where the sum is."""
    return np.asarray(np.sqrt(np.divide(length, sums, out=np.zeros_like(sums), where=sums > 0)))


@OPTIMIZERS.register
class SinkKind(OptimizerKind):
    """SinkGD: the gradient matrix is normalised by rows and columns in turn; no state (arXiv 2502.06742)."""

    kind: Literal["sink"]
    iterations: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] = 5

    def optimizer(self) -> Optimizer:
        return SinkGD(self.rate, self.iterations)

    def needs(self) -> UpdateNeeds:
        """For each half iteration 2 multiplications and an addition; a multiplication by the second factor."""
        return UpdateNeeds(
            "sink", n_operations=1, n_passes=2 * self.iterations, n_operations_per_pass=3, n_multiplications=1,
            n_multiplications_per_pass=2,
        )  # fmt: skip
