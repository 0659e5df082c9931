"""The base class of optimizers: numbers, and the needs of an update of the chip."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated

import numpy as np
from pydantic import Field

from archsim.errors import WorkloadError
from archsim.units import FileModel
from archsim.workload.network import Floats
from archsim.workload.update_needs import UpdateNeeds

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Below1 = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(ABC):
    """From gradients to the change of weights; one object serves all layers of a network.

    Parameters
    ----------
    learning_rate : float
        Positive. There is no weight decay.
    """

    def __init__(self, learning_rate: float) -> None:
        self._check(learning_rate=(learning_rate, learning_rate > 0, "a positive number"))
        self.learning_rate = float(learning_rate)
        self.state: dict[str, Floats] = {}  # all that must be saved to go on later

    @abstractmethod
    def step(self, key: str, gradient: Floats) -> Floats:
        """The change of the weights `key`, from their gradient (columns, rows) or, of biases, (columns,)."""

    def _check(self, **values: tuple[float, bool, str]) -> None:
        errors = [
            f"{name} of {type(self).__name__} is {value!r}; it must be {wanted}"
            for name, (value, good, wanted) in values.items()
            if not (math.isfinite(value) and good)
        ]
        if errors:
            raise WorkloadError("; ".join(errors))

    def _kept(self, name: str, like: Floats) -> Floats:
        """A state of this name, zero at first."""
        kept = self.state.get(name)
        if kept is None:
            kept = self.state[name] = np.zeros_like(like)
        elif kept.shape != like.shape:
            raise WorkloadError(
                f"the optimizer's state {name!r} has shape {kept.shape}, the gradient {like.shape}; "
                "it belongs to another network"
            )
        return kept


class OptimizerKind(FileModel):
    """One kind of optimizer: its fields are the keys of the section `optimizer` of a workload file.

    A subclass narrows `kind` to its name, ``kind: Literal["sgd"]``.
    """

    kind: str
    rate: Positive

    @abstractmethod
    def optimizer(self) -> Optimizer:
        """The optimizer as numbers, without any state yet."""

    @abstractmethod
    def needs(self) -> UpdateNeeds:
        """Needs of an update of one weight on the chip."""
