"""Training over epochs, and how well a network does after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.learn.losses import score
from archsim.snn.learn.products import LearningProducts, Products, matrices, with_weights
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Labels, Observe, Recipe, parts_of, train_step
from archsim.snn.weights import stream
from archsim.snn.windows import Array
from archsim.workload.network import Floats, Network

_SHUFFLE = 5  # stream of the order of samples


@dataclass(frozen=True)
class Progress:
    """Where training stands, after a step; of steps without a loss, how many are done."""

    epoch: int
    step: int
    n_steps: int
    loss: float | None = None


@dataclass(frozen=True)
class Trained:
    """The outcome of training: the network with the learned weights and biases, and the loss of each epoch."""

    network: Network
    losses: tuple[float, ...]
    n_steps: int


def train_epochs(
    network: Network,
    x: Array,
    labels: Labels,
    products: LearningProducts,
    recipe: Recipe,
    *,
    n_epochs: int,
    batch: int,
    seed: int,
    shuffle: bool = True,
    progress: Callable[[Progress], None] | None = None,
    observe: Observe | None = None,
) -> Trained:
    """Train on all samples, `n_epochs` times.

    Parameters
    ----------
    x : array (T, N, *network.input_shape)
    labels : array of int (N,)
    batch : int
        Samples per step; the last step of an epoch has what is left.
    seed : int
        Of the order of samples; every epoch has a stream of its own.
    shuffle : bool
        False keeps the samples in their order, as on-line adaptation does.
    progress : callable, optional
        Called after each step.
    observe : callable, optional
        As in :func:`~archsim.snn.learn.trainer.train_step`.

    Returns
    -------
    Trained

    Raises
    ------
    WorkloadError
        As :func:`~archsim.snn.learn.trainer.train_step`; or `n_epochs` or `batch` is below 1.
    """
    counts = {"n_epochs": n_epochs, "batch": batch}
    errors = [f"{what} is {n}; it must be 1 or more" for what, n in counts.items() if n < 1]
    if errors:
        raise WorkloadError("; ".join(errors))
    labels = np.asarray(labels)
    per_epoch = -(-len(labels) // batch)
    losses, step = [], 0
    for epoch in range(n_epochs):
        order = stream(seed, _SHUFFLE, epoch).permutation(len(labels)) if shuffle else np.arange(len(labels))
        summed = 0.0
        for start in range(0, len(labels), batch):
            chosen = order[start : start + batch]
            done = train_step(network, x[:, chosen], labels[chosen], products, recipe, observe=observe, step=step)
            network, step = done.network, step + 1
            summed += done.loss * len(chosen)
            if progress is not None:
                progress(Progress(epoch, step, n_epochs * per_epoch, done.loss))
        losses.append(summed / len(labels))
    learned = {key: products.read(key) for key in matrices(network)}
    return Trained(with_weights(network, learned), tuple(losses), step)


@dataclass(frozen=True)
class Evaluation:
    """Accuracy (fraction of samples), mean loss, and the class and scores of each sample."""

    accuracy_frac: float
    loss: float
    predicted: Labels
    scores: Floats


def evaluate(
    network: Network,
    x: Array,
    labels: Labels,
    products: Products,
    *,
    loss: str = "count_cross_entropy",
    at_once: int | None = None,
) -> Evaluation:
    """How well a network does; nothing is learned.

    Parameters
    ----------
    x : array (T, N, *network.input_shape)
    labels : array of int (N,)
    at_once : int, optional
        As in :func:`~archsim.snn.learn.trainer.train_step`.

    Returns
    -------
    Evaluation
    """
    labels = np.asarray(labels)
    scores, value = [], 0.0
    for part in parts_of(network, x, labels, at_once):
        outputs = run_batch(network, x[:, part], products).outputs[network.layers[-1].name]
        scored = score(loss, outputs, labels[part])
        scores.append(scored.scores)
        value += scored.value * len(labels[part]) / len(labels)
    together = np.concatenate(scores)
    predicted = together.argmax(axis=1)
    return Evaluation(float((predicted == labels).mean()), value, predicted, together)
