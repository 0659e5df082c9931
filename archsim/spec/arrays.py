"""The value side of a chip's arrays, as its file describes them."""

from __future__ import annotations

import math
from numbers import Real

from archsim.errors import SpecError
from archsim.spec.chip import Chip
from archsim.spec.values import AdcReadout, ArraySpec, IdealReadout, InputRules, Readout


def array_spec(
    chip: Chip, *, input_bits: int = 1, input_maximum: float = 1.0, signed_input: bool = False
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

    Returns
    -------
    ArraySpec
        With ADCs of the chip's resolution where the chip gives `adc.conversion`, else an ideal read-out.

    Raises
    ------
    SpecError
        Bits that are no whole number from 0 to 16, or a maximum that is not above zero.
    """
    _check_inputs(input_bits, input_maximum)
    crossbar, device, adc = chip.crossbar, chip.device, chip.adc
    inputs = InputRules().model_copy(
        update={
            "resolution_bits": input_bits,
            "per_cycle_bits": max(1, min(input_bits, chip.drivers.resolution_bits)),
            "maximum": input_maximum,
            "signed": chip.drivers.signed_input if signed_input else "unsigned",
        }
    )
    readout: Readout = IdealReadout(kind="ideal")
    if adc.conversion is not None:
        # the chip has checked that they agree
        given_readout = {"kind": "adc", "resolution_bits": adc.resolution_bits, **dict(adc.conversion)}
        readout = AdcReadout.model_construct(**given_readout)
    of_crossbar = ("n_rows", "n_columns", "n_cells_per_weight", "signed", "cell", "weights", "wires")
    of_device = (
        "g_min_siemens", "g_max_siemens", "n_levels", "read_voltage_v", "read_pulse_ps", "on_time_ps", "errors",
    )  # fmt: skip
    given = {name: getattr(crossbar, name) for name in of_crossbar}
    given |= {"curve": device.curve} | {name: getattr(device, name) for name in of_device}
    backward = InputRules().model_copy(
        update={
            "resolution_bits": max(1, chip.execution.error_resolution_bits - 1),  # one bit is the sign
            "per_cycle_bits": chip.drivers.resolution_bits,
            "signed": chip.drivers.signed_input,
        }
    )
    drive = {"inputs": inputs, "backward_inputs": backward, "pulses": chip.law_of_cells}
    return ArraySpec().model_copy(update={**given, **drive, "readout": readout})


def _check_inputs(input_bits: int, input_maximum: float) -> None:
    faults = []
    if not isinstance(input_bits, int) or isinstance(input_bits, bool) or not 0 <= input_bits <= 16:
        faults.append(f"input_bits: must be a whole number from 0 (analogue) to 16; got {input_bits!r}")
    if not isinstance(input_maximum, Real) or not 0 < input_maximum < math.inf:
        faults.append(f"input_maximum: must be a number above zero; got {input_maximum!r}")
    if faults:
        raise SpecError("\n".join(faults))
