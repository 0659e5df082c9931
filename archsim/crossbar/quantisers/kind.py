"""The base class of quantisers: what the largest code of an error stands for, and what it takes to know that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archsim.units import FileModel

Floats = NDArray[np.float64]

RANDOM_BITS = 8
"""Below the last bit of a code, with which it is rounded stochastically; the probability is right to 1/256."""


@dataclass(frozen=True)
class Arithmetic:
    """Operations on one error: additions (comparisons and shifts too), and the factors of multiplications."""

    n_additions: int = 0
    factors: tuple[tuple[int, int], ...] = ()


class Scaler(ABC):
    """The state of a quantiser for the errors of one layer."""

    n_seen: int = 0
    """Errors that it has looked at."""

    def meet(self, errors: Floats) -> None:
        """Be told of typical errors (n, columns), each of one sample, once and before all others."""
        del errors

    @abstractmethod
    def largest(self, errors: Floats, n_samples: int) -> Floats:
        """Full scale, the value of the largest code of each vector: (n, 1), of errors (n, columns).

        Errors are those of a mean over `n_samples`: so many times smaller than that of one sample. Where the
        quantiser waits for the sample, a vector is all errors of a layer in one sample.
        """

    def end(self) -> None:
        """A batch is over; what was seen may change what holds for the next one."""
        return


class Quantiser(FileModel):
    """How errors become codes for the drivers: the fields are the keys of ``execution.errors``.

    A subclass narrows `kind` to its name, ``kind: Literal["fixed"]``. `rounding`: to the nearest code, or up or
    down at random so that the mean is right ("stochastic", Gupta et al., ICML 2015, arXiv 1502.02551): some random
    bits are added below the last one, and what is below it is cut off.

    Attributes
    ----------
    looks_first : bool
        Whether the errors of a vector have to be compared before any of them is sent.
    looks_beside : bool
        Whether they are compared while they are sent, for the batches to come.
    """

    kind: str
    rounding: Literal["nearest", "stochastic"] = "nearest"
    looks_first: ClassVar[bool] = False
    looks_beside: ClassVar[bool] = False

    @abstractmethod
    def scaler(self) -> Scaler:
        """For the errors of one layer, before any was seen."""

    @abstractmethod
    def scaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        """An error of the bits of potentials, divided by what the largest code stands for."""

    @abstractmethod
    def rescaling(self, potential_bits: int, error_bits: int) -> Arithmetic:
        """Products of scaled errors, multiplied by the scale again.

        Nothing where one factor holds for a whole batch: it is a part of the next layer's, and of the learning
        rate.
        """

    @abstractmethod
    def said(self) -> str:
        """In words, behind the bits."""

    @property
    def waits_for_sample(self) -> bool:
        """Whether no error of a layer is sent before all of the sample are known."""
        return False

    @property
    def is_stochastic(self) -> bool:
        """Whether rounding takes random bits."""
        return self.rounding == "stochastic"


def rounded(unit: Floats, largest_code: int, rng: Callable[[int], NDArray[np.integer[Any]]]) -> Floats:
    """Numbers from -1 to 1 on codes of `largest_code`, up or down at random.

    Parameters
    ----------
    unit : array
    largest_code : int
    rng : callable
        So many random numbers of `RANDOM_BITS`.

    Examples
    --------
    >>> half = np.array([0.5, -0.5, 1.0])
    >>> rounded(half, 1, lambda n: np.full(n, 127)), rounded(half, 1, lambda n: np.full(n, 128))
    (array([ 0., -0.,  1.]), array([ 1., -1.,  1.]))
    """
    finer = np.floor(np.abs(unit) * (largest_code << RANDOM_BITS) + 1e-9).astype(np.int64)
    codes = (finer + rng(unit.size).reshape(unit.shape)) >> RANDOM_BITS
    return np.asarray(np.sign(unit) * codes / largest_code)
