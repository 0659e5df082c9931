"""The base class of losses, and the score of a batch by any of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.registry import LOSSES
from archsim.workload.network import Floats


class Loss(ABC):
    """A loss of outputs o[t] (spikes, or potentials of LI neurons) against one-hot labels y.

    Attributes
    ----------
    kind : str
        Its name in workload files.
    of_whole_sample : bool
        Whether its error is known only once a sample has ended, so that it goes with ``error: mean_rate``.
    across_outputs : bool
        Whether the error of an output depends on all outputs of the timestep (a softmax does).
    """

    kind: ClassVar[str]
    of_whole_sample: ClassVar[bool] = False
    across_outputs: ClassVar[bool] = False

    @abstractmethod
    def value_and_error(self, outputs: Floats, wanted: Floats) -> tuple[float, Floats]:
        """Mean over the batch, and the derivative by each output.

        Parameters
        ----------
        outputs : array (T, B, classes)
        wanted : array (B, classes)
            One-hot labels.
        """


@dataclass(frozen=True)
class Scored:
    """Value of the loss (mean over the batch), its derivative by output (T, B, classes), and the scores.

    The class of a sample is where `scores` (B, classes) are largest.
    """

    value: float
    error: Floats
    scores: Floats


def softmax(logits: Floats) -> Floats:
    """``exp(x) / sum exp(x)`` over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def log_softmax(logits: Floats) -> Floats:
    """The logarithm of `softmax`."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def score(kind: str, outputs: Floats, labels: NDArray[np.int64]) -> Scored:
    """Loss and error of a batch.

    With outputs o[t] (spikes, or potentials of LI neurons), T timesteps, one-hot labels y::

        count_cross_entropy      CE(softmax(sum_t o[t]), y)
        count_mse                mean over classes of (mean_t o[t] - y)^2
        membrane_cross_entropy   mean_t CE(softmax(o[t]), y)
        membrane_mse             mean over t and classes of (o[t] - y)^2

    The count losses give the same error at every timestep, the membrane losses one for each.

    Parameters
    ----------
    kind : str
        A name of `archsim.registry.LOSSES`.
    outputs : array (T, B, classes)
    labels : array of int (B,)

    Raises
    ------
    WorkloadError
        A loss that there is not, or labels that are no classes of the outputs.

    Examples
    --------
    >>> found = score("count_mse", np.ones((2, 1, 2)), np.array([1]))
    >>> found.value, found.error[0].tolist()
    (0.5, [[0.5, 0.0]])
    """
    if kind not in LOSSES:
        raise WorkloadError(f"loss is {kind!r}; allowed are {', '.join(LOSSES)}")
    n_batch, n_classes = outputs.shape[1:]
    _check_labels(labels, n_batch, n_classes)
    wanted = one_hot(labels, n_classes)
    with LOSSES.calling(kind) as loss:
        value, error = loss().value_and_error(outputs, wanted)
    if np.shape(error) != outputs.shape:
        raise WorkloadError(f"loss {kind!r}: its error has shape {np.shape(error)}, not {outputs.shape}")
    return Scored(float(value), np.array(error), outputs.sum(axis=0))


def one_hot(labels: NDArray[np.int64], n_classes: int) -> Floats:
    """(B, classes): 1 at the label of each sample.

    Examples
    --------
    >>> one_hot(np.array([1]), 2).tolist()
    [[0.0, 1.0]]
    """
    found = np.zeros((len(labels), n_classes))
    found[np.arange(len(labels)), labels] = 1.0
    return found


def _check_labels(labels: NDArray[np.int64], n_batch: int, n_classes: int) -> None:
    if labels.dtype.kind not in "iu":
        raise WorkloadError(f"labels are of type {labels.dtype}; they must be whole numbers, the class from 0")
    if labels.shape != (n_batch,) or labels.min(initial=0) < 0 or labels.max(initial=0) >= n_classes:
        raise WorkloadError(
            f"labels of shape {labels.shape} from {labels.min(initial=0)} to {labels.max(initial=0)} do not fit "
            f"{n_batch} samples and an output of {n_classes} classes"
        )
