"""Gradients of local losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archsim.registry import LOSSES
from archsim.snn.learn.gradients import Gradients, add_products
from archsim.snn.learn.run import as_sent
from archsim.snn.learn.time_path import TimePath, error_of_current

if TYPE_CHECKING:
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.workload import Network
    from archsim.workload.network import Floats


def local_gradients(
    network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe, path: str
) -> Gradients:
    """Each layer's from its own error.

    Parameters
    ----------
    error : array (T, B, classes)
        dL/d(output) of the last layer, which learns from it.
    path : "none", "readout" or "full"
    """
    way, found = TimePath.named(path, recurrent=False), Gradients({}, {}, {})
    for layer in network.weighted:
        arrived = np.array(error)
        if layer.name != network.layers[-1].name:
            arrived = _local_error(tape, layer.name, recipe) @ recipe.feedback[layer.name].T
        delta = error_of_current(
            network, layer, tape, arrived, recipe.surrogate, products, way, reset_path=recipe.reset_path
        )
        add_products(layer, tape, as_sent(layer, tape, delta), found)
        found.deltas[layer.name] = delta
    return found


def _local_error(tape: Tape, name: str, recipe: Recipe) -> Floats:
    """The loss's error at a layer's own read-out, (T, B, classes)."""
    outputs = tape.outputs[name]
    read = outputs.reshape(*outputs.shape[:2], -1) @ recipe.feedback[name]
    assert tape.targets is not None  # training sets them
    with LOSSES.calling(recipe.loss) as loss:
        _, error = loss().value_and_error(read, (tape.targets > 0).astype(np.float64))
    return np.asarray(error * tape.targets.sum())  # of a part of a batch, its share
