"""The value side of a chip's arrays, as its file describes them."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Literal

from archsim.errors import SpecError
from archsim.registry import READOUTS
from archsim.spec.cells import MOST_COUNT, CellErrors, LearnedPaths, Path
from archsim.spec.chip import Adc, Chip
from archsim.spec.values import (
    ArraySpec,
    CalibratedRange,
    Conversion,
    InputRules,
    no_converter,
)


def array_spec(
    chip: Chip,
    *,
    input_bits: int = 1,
    input_maximum: float = 1.0,
    signed_input: bool = False,
    path: Path = "forward",
) -> ArraySpec:
    """The value side of a chip's arrays for one kind of input.

    Parameters
    ----------
    chip : Chip
    input_bits : int
        Bits of magnitude of one input; 1 for spikes.
    input_maximum : float
        The number that the largest input code stands for.
    signed_input : bool
        Whether inputs may be negative; they are then driven as the chip's drivers do it.
    path : str
        What the rows are driven with: inputs ("forward"), errors of a second, transposed copy ("backward") or of a
        fixed matrix ("feedback"). Columns are driven with errors, "backward".

    Returns
    -------
    ArraySpec
        With ADCs of the chip's resolution, as `adc.conversion` says. Without it their range is calibrated, and
        each column is converted by itself, as the cost side counts: uniform codes, or a sign and a magnitude where
        drivers have voltages of both signs. Parts that the chip calls ideal make no errors.

    Raises
    ------
    SpecError
        Bits that are no whole number from 0 to 16, or a maximum that is not above zero.
    """
    _check_inputs(input_bits, input_maximum)
    crossbar, device = chip.crossbar, chip.device
    ideal = chip.without
    n_bits = 0 if ideal.drivers and input_bits > 1 else input_bits
    inputs = InputRules().model_copy(
        update={
            "resolution_bits": n_bits,
            "per_cycle_bits": max(1, min(n_bits, chip.drivers.resolution_bits)),
            "maximum": input_maximum,
            "signed": chip.drivers.signed_input if signed_input else "unsigned",
        }
    )
    of_crossbar = ("n_rows", "n_columns", "n_cells_per_weight", "signed", "cell", "weights", "wires")
    of_device = (
        "g_min_siemens", "g_max_siemens", "n_levels", "read_voltage_v", "read_pulse_ps", "on_time_ps", "errors",
    )  # fmt: skip
    given = {name: getattr(crossbar, name) for name in of_crossbar}
    given |= {"curve": device.curve} | {name: getattr(device, name) for name in of_device}
    if ideal.levels:
        given["n_levels"] = finest_levels(crossbar.n_cells_per_weight)
    errors = device.errors
    given |= {"errors": errors.model_copy(update={"learned": errors.learned_of(path)})}
    given |= {"backward_learned": errors.learned_of("backward"), "exact": exact_reads(chip, path)}
    if ideal.cells:
        given |= {"errors": CellErrors(), "curve": None, "backward_learned": None}
    if ideal.wires:
        given["wires"] = None
    backward = backward_inputs(chip)
    drive = {"inputs": inputs, "backward_inputs": backward, "pulses": chip.law_of_cells}
    read = {
        "readout": readout_of(chip, inputs, path),
        "backward_readout": readout_of(chip, backward, "backward"),
    }
    return ArraySpec().model_copy(update={**given, **drive, **read})


def backward_inputs(chip: Chip) -> InputRules:
    """How errors drive the columns of a chip's arrays."""
    n_bits = max(1, chip.execution.error_resolution_bits - 1)  # one bit is the sign
    return InputRules().model_copy(
        update={
            "resolution_bits": 0 if chip.without.drivers else n_bits,
            "per_cycle_bits": chip.drivers.resolution_bits,
            "signed": chip.drivers.signed_input,
        }
    )


def exact_reads(chip: Chip, path: Path) -> frozenset[Literal["forward", "backward"]]:
    """Directions of an array, whose rows are driven on a path, that are read exactly."""
    by_path = isinstance(chip.device.errors.learned, LearnedPaths)
    of_direction: dict[Literal["forward", "backward"], Path] = {"forward": path, "backward": "backward"}
    return frozenset(
        direction
        for direction, of in of_direction.items()
        if getattr(chip.without, of) or (by_path and chip.device.errors.learned_of(of) is None)
    )


def readout_of(chip: Chip, inputs: InputRules, path: Path) -> Any:
    """The read-out of the sums of such inputs, on a path."""
    if chip.without.converters or getattr(chip.without, path):
        return no_converter()
    adc = chip.adc.of_errors(path != "forward")
    conversion = assumed_conversion(adc, inputs) if adc.conversion is None else adc.conversion
    # the chip has checked that they agree
    return READOUTS["adc"].model_construct(kind="adc", resolution_bits=adc.resolution_bits, **dict(conversion))


def assumed_conversion(adc: Adc, inputs: InputRules) -> Conversion:
    """The conversion of a chip that does not describe it: what its price assumes, over a calibrated range."""
    has_signs = inputs.signed == "bipolar" and adc.resolution_bits > 1
    return Conversion(
        range=CalibratedRange(kind="calibrated"), code="sign_magnitude" if has_signs else "uniform",
        subtract="digital",
    )  # fmt: skip


def finest_levels(n_cells_per_weight: int) -> int:
    """So many levels that a weight is hardly rounded: a continuum, or what double precision tells apart.

    Examples
    --------
    >>> finest_levels(1), finest_levels(2), finest_levels(4)
    (0, 1048576, 8192)
    """
    return 0 if n_cells_per_weight == 1 else min(MOST_COUNT, 2 ** (53 // n_cells_per_weight))


def _check_inputs(input_bits: int, input_maximum: float) -> None:
    errors = []
    if not isinstance(input_bits, int) or isinstance(input_bits, bool) or not 0 <= input_bits <= 16:
        errors.append(f"input_bits: must be a whole number from 0 (analogue) to 16; got {input_bits!r}")
    if not isinstance(input_maximum, Real) or not 0 < input_maximum < math.inf:
        errors.append(f"input_maximum: must be a number above zero; got {input_maximum!r}")
    if errors:
        raise SpecError("\n".join(errors))
