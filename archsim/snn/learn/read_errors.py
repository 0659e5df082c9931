"""Read errors of a chip's arrays, against the exact products."""

from __future__ import annotations

import numpy as np

from archsim.names import COPY, FEEDBACK
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.chip import ChipProducts, driving
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Labels, Recipe
from archsim.snn.windows import Array
from archsim.workload.network import Floats, Network

PATHS = ("forward", "backward", "feedback")


def read_errors(
    on_chip: ChipProducts, network: Network, x: Array, labels: Labels, recipe: Recipe
) -> dict[str, dict[str, float]]:
    """Relative rms error of the products of a network on a chip, by path and layer.

    ``sqrt(sum (found - exact)^2 / sum exact^2)`` over typical inputs (forward), and over typical errors (backward
    through the weights, and feedback through a rule's fixed matrices). Exact are products of the same numbers with
    the weights that were asked for: levels, errors of cells, wires, noise, bits and converters are all in it.

    Parameters
    ----------
    on_chip : ChipProducts
        Its arrays are read once more, and count it.
    network : Network
        As it stands on the chip.
    x : array (T, B, *network.input_shape)
    labels : array of int (B,)
    recipe : Recipe

    Returns
    -------
    dict of str to dict of str to float
        By path ("forward", "backward", "feedback"; those that there are), then by layer. A product that is exactly
        zero is left out.
    """
    tape = run_batch(network, x, PlainProducts.of(network))
    errors = typical_errors(network, x, labels, recipe)
    on_chip.part(len(labels))
    found: dict[str, dict[str, float]] = {path: {} for path in PATHS}
    for key, array in on_chip.arrays.items():
        if key.endswith(FEEDBACK):
            name = key.removesuffix(FEEDBACK)
            if key in errors:
                _note(found["feedback"], name, on_chip.project(name, errors[key]), errors[key] @ array.wanted)
        elif not key.endswith(COPY):
            rows = driving(key, tape)
            _note(found["forward"], key, on_chip.forward(key, rows), rows @ array.wanted)
    for key in on_chip.passed & errors.keys():
        exact = errors[key] @ on_chip.asked_back(key)
        _note(found["backward"], key, on_chip.backward(key, errors[key]), exact)
    return {path: dict(sorted(of_layer.items())) for path, of_layer in found.items() if of_layer}


def _note(found: dict[str, float], key: str, read: Floats, exact: Floats) -> None:
    size = float(np.sum(exact**2))
    if size > 0:
        found[key] = float(np.sqrt(np.sum((read - exact) ** 2) / size))
