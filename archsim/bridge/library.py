"""The base class of libraries: which of their modules are neurons, and what these compute in discrete time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from archsim.workload.network import Floats, Neuron


@dataclass(frozen=True)
class Cell:
    """Neurons of a module, as archsim computes them.

    Parameters
    ----------
    neuron : Neuron
    recurrent_weight, recurrent_bias : array or None
        Of a module that feeds its own output back: (n, n) and (n,).
    unlike : tuple of str
        Where the module computes otherwise than `neuron`, in words.
    """

    neuron: Neuron
    recurrent_weight: Floats | None = None
    recurrent_bias: Floats | None = None
    unlike: tuple[str, ...] = ()


class Library(ABC):
    """A library of spiking modules; a module is known by the name of its class, or of a class it derives from.

    torch is the user's: modules and tensors are taken as they are, nothing is imported for them.
    """

    kind: ClassVar[str] = ""
    """The package in which its modules are defined."""
    cells: ClassVar[Mapping[str, str]] = {}
    """By class, the method that reads its modules."""

    def cell(self, name: str, module: Any) -> Cell:
        """The neurons of a module of a class in `cells`; ValueError says what of it is not supported."""
        read: Callable[[Any], Cell] = getattr(self, self.cells[name])
        return read(module)

    @abstractmethod
    def reset(self, module: Any) -> None:
        """Put the states of a module of neurons back to where they begin."""

    def spikes(self, output: Any) -> Any:
        """The spikes among what a module of neurons returns."""
        return output[0] if isinstance(output, tuple) else output

    def exported(self, model: Any, x: Any, n_leading: int) -> Any:
        """The model as a NIR graph, where the library exports it.

        Parameters
        ----------
        model : torch.nn.Module
        x : torch.Tensor
            What it takes.
        n_leading : int
            How many axes of x are timesteps and samples.
        """
        raise NotImplementedError(f"{self.kind} exports no NIR graph")


def numbers(value: Any) -> Floats | float:
    """A parameter as archsim holds it: a number, or an array of them."""
    array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value, dtype=np.float64)
    return float(array.reshape(())) if array.size == 1 else array


def refused(errors: Sequence[str | None]) -> None:
    """ValueError with all that is not supported of a module."""
    if said := [error for error in errors if error]:
        raise ValueError("; ".join(said))
