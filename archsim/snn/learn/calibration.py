"""Errors of a training batch, from which converters of errors get their ranges before anything is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archsim.names import FEEDBACK
from archsim.registry import RULES
from archsim.snn.learn.losses import one_hot, score
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Labels, LearnedRule, Recipe
from archsim.snn.windows import Array
from archsim.workload.network import Floats, Layer, Network


class Overheard:
    """Plain products that keep the errors which pass through them, by key of the weights or fixed matrix."""

    def __init__(self, network: Network, recipe: Recipe) -> None:
        self._plain, self._recipe = PlainProducts.of(network), recipe
        self._heard: dict[str, list[Floats]] = {}

    def forward(self, key: str, rows: Floats) -> Floats:
        return self._plain.forward(key, rows)

    def backward(self, key: str, error: Floats) -> Floats:
        self._heard.setdefault(key, []).append(error.copy())
        return self._plain.backward(key, error)

    def project(self, name: str, error: Floats) -> Floats:
        """The product with a fixed matrix of the rule."""
        brought = self._recipe.compressed
        self._heard.setdefault(name + FEEDBACK, []).append(error.copy() if brought is None else brought(error))
        return np.asarray(error @ self._recipe.feedback[name].T)

    @property
    def errors(self) -> dict[str, Floats]:
        """(n, columns) by key."""
        return {key: np.concatenate(parts) for key, parts in self._heard.items()}


def typical_errors(network: Network, x: Array, labels: Labels, recipe: Recipe) -> dict[str, Floats]:
    """Errors that each set of arrays will be driven with, in ideal arithmetic.

    Parameters
    ----------
    network : Network
        With weights.
    x : array (T, B, *network.input_shape)
        Windows of the training data.
    labels : array of int (B,)
    recipe : Recipe
        Rule, loss and surrogate; its optimizer is not asked.

    Returns
    -------
    dict of str to array (n, columns)
        By layer, and by name of a fixed matrix with `archsim.names.FEEDBACK` behind it.

    Examples
    --------
    >>> from archsim.snn.learn.optimizers import SGD
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layers = [Layer(name, Dense(2), (below,), (2,), (2,), Neuron("li"), weight=np.eye(2))
    ...           for name, below in (("a", "input"), ("b", "a"))]
    >>> net = Network("tiny", (2,), tuple(layers))
    >>> found = typical_errors(net, np.ones((1, 3, 2)), np.array([0, 1, 0]), Recipe(SGD(1.0)))
    >>> {key: errors.shape for key, errors in found.items()}
    {'b': (3, 2), 'a': (3, 2)}
    """
    heard = Overheard(network, recipe)
    tape = run_batch(network, x, heard)
    error = score(recipe.loss, tape.outputs[network.layers[-1].name], labels).error
    tape.targets = one_hot(labels, error.shape[2]) / len(labels)
    rule: LearnedRule = RULES[recipe.rule]()
    found = rule.gradients(network, tape, error, heard, replace(recipe, project=heard.project))
    own = {name: _vectors(network.layer(name), delta) for name, delta in found.deltas.items()}
    return own | heard.errors


def _vectors(layer: Layer, delta: Floats) -> Floats:
    """(T, B, neurons) as (T * B * positions, columns)."""
    by_column = delta.reshape(*delta.shape[:2], layer.n_columns, -1)
    return np.ascontiguousarray(by_column.swapaxes(2, 3)).reshape(-1, layer.n_columns)
