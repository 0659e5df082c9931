"""Spikes over time, of the first sample: a number for each timestep, and which neurons where they are few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_NEURONS = 256
"""Layers of more outputs have no raster, only their rates: a screen has few more lines."""
MOST_SPIKES = 20_000
"""As are layers that send more spikes in the first sample."""


def raster(spikes: Mapping[str, NDArray[np.uint8]]) -> dict[str, dict[str, Any]]:
    """A raster of the first sample, see :class:`archsim.metrics.activity.RunActivity`.

    Parameters
    ----------
    spikes : mapping of str to uint8 array (n_samples, T_l, *shape)
        By layer, and of "input".

    Examples
    --------
    >>> raster({"out": np.array([[[0, 1], [1, 1]]], np.uint8)})["out"]
    {'n': 2, 'spikes_per_timestep': [1, 2], 'timestep': [0, 1, 1], 'neuron': [1, 0, 1]}
    """
    return {name: _of_layer(of_samples[0]) for name, of_samples in spikes.items()}


def _of_layer(spikes: NDArray[np.uint8]) -> dict[str, Any]:
    flat = spikes.reshape(len(spikes), -1)
    counts = flat.sum(axis=1, dtype=np.int64)
    found: dict[str, Any] = {"n": flat.shape[1], "spikes_per_timestep": counts.tolist()}
    if flat.shape[1] <= MOST_NEURONS and counts.sum() <= MOST_SPIKES:
        timestep, neuron = np.nonzero(flat)
        found |= {"timestep": timestep.tolist(), "neuron": neuron.tolist()}
    return found
