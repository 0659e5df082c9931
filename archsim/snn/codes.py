"""Numbers of several bits as they are sent: whole numbers with a sign, of the input and of pooled spikes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from archsim.snn.windows import Array, gather, op_windows
from archsim.workload.network import INPUT, Layer, Network, Pool

Codes = NDArray[np.int32]


def codes_of(values: Array, n_bits: int) -> Codes | None:
    """Numbers as codes of `n_bits`, one of them the sign; the largest number gets the largest code.

    Returns
    -------
    int32 array of the same shape, or None
        None for spikes (only 0 and 1), and for one bit.

    Examples
    --------
    >>> codes_of(np.array([0.5, -1.0, 0.001]), 8)
    array([  64, -127,    0], dtype=int32)
    """
    if n_bits < 2 or ((values == 0) | (values == 1)).all():
        return None
    largest = float(np.abs(values).max())
    codes: Codes = np.rint(values / largest * (2 ** (n_bits - 1) - 1)).astype(np.int32)
    return codes


def codes_of_layers(
    network: Network, spikes: Mapping[str, Array], codes: Mapping[str, Array], *, input_spikes: bool
) -> dict[str, Array]:
    """One sample's numbers by layer, as far as they are known: recorded ones, spikes, and sums of spikes in pools.

    Parameters
    ----------
    spikes : mapping of str to array (T_l, *shape)
        0 or 1 by layer, and for "input".
    codes : mapping of str to array (T_l, *shape)
        Numbers that were recorded.
    input_spikes : bool
        Whether the input is spikes.
    """
    found = dict(codes)
    if input_spikes:
        found[INPUT] = spikes[INPUT]
    for layer in network.layers:
        if layer.name in codes:
            continue
        if layer.neuron is not None and layer.neuron.spikes:
            found[layer.name] = spikes[layer.name]
        elif layer.neuron is None and isinstance(layer.op, Pool) and set(layer.inputs) <= set(found):
            found[layer.name] = _pooled(layer, layer.op, found)
    return found


def _pooled(layer: Layer, op: Pool, found: Mapping[str, Array]) -> Array:
    """Sums of windows: an average is one, with its division in the weights behind it."""
    windows = op_windows(layer, gather(layer, found)).astype(np.int32)
    axes = tuple(range(-len(op.kernel), 0))
    pooled: Array = windows.max(axis=axes) if op.kind == "max" else windows.sum(axis=axes, dtype=np.int32)
    return pooled
