"""How much memory learning takes, estimated before anything is trained."""

from __future__ import annotations

import math

from archsim.engine.long.memory import check_memory
from archsim.memory import FIXED_BYTES
from archsim.snn.learn.trainer import VALUES_AT_ONCE
from archsim.spec import Chip
from archsim.workload import Workload

BYTES_PER_WEIGHT = 96
"""In ideal arithmetic: the weight, as it was before, its gradient, update, states of the optimizer, residual."""
BYTES_PER_CELL = 88
"""Conductance, target, pulses and what a write needs. Measured with numpy's allocations on 256 x 1024 weights of
4, 8 and 16 cells, a step of Adam: 70 to 92 with all that stands beside it."""
BYTES_PER_VALUE = 160
"""Of one neuron in one timestep: inputs, potentials, outputs, errors. 112 measured forward."""
_CALIBRATION = 31
"""Windows that pass together, at most, to set ranges of converters."""


def training_bytes(chip: Chip, work: Workload) -> int:
    """Memory of one adaptation on the chip beside the data: weights, cells, and windows that pass together.

    Parameters
    ----------
    chip, work : Chip, Workload

    Returns
    -------
    int

    Examples
    --------
    >>> import archsim
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> 5e7 < training_bytes(chip, archsim.load_workload("workloads/watch_adapt.yaml")) < 2e8
    True
    """
    steps = work.steps
    each = [layer.n_neurons * steps[layer.name] for layer in work.network.layers]
    together = max(_CALIBRATION, VALUES_AT_ONCE // max(each), 1)
    n_values = together * (sum(each) + math.prod(work.network.input_shape) * work.n_timesteps)
    n_weights = sum(layer.n_rows(steps[layer.inputs[0]]) * layer.n_columns for layer in work.network.weighted)
    copies = 2 if chip.execution.feedback == "copy" else 1
    n_cells = copies * n_weights * chip.crossbar.n_columns_per_weight
    return FIXED_BYTES + BYTES_PER_VALUE * n_values + BYTES_PER_WEIGHT * n_weights + BYTES_PER_CELL * n_cells


def check_training(chip: Chip, work: Workload, max_memory_bytes: int | None) -> None:
    """Refuse a network that cannot be trained in the memory there is; nothing has been loaded yet.

    Raises
    ------
    TooLargeError
        With what it would need, what is allowed, and what would help.
    """
    check_memory(
        f"{work.name}: learning", training_bytes(chip, work), max_memory_bytes,
        "lower the size of its layers, or allow more with max_memory (--max-memory)",
    )  # fmt: skip
