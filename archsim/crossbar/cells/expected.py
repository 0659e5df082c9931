"""Expected cost of writing, before anything is written: pulses of write-verify, for the cost side."""

from __future__ import annotations

import math

import numpy as np

from archsim.crossbar.cells.landing import landing_chance
from archsim.crossbar.cells.pulses import PulseLaw
from archsim.spec import Chip
from archsim.spec.chip import Device

_CONTINUUM = 257  # targets that stand for a window without levels


def expected_pulses(device: Device) -> float:
    """Mean number of pulses that a cell takes, over all its levels alike.

    The number of pulses of a cell whose pulses land with the chance p
    (:func:`~archsim.crossbar.cells.landing.landing_chance`) follows the geometric law, cut at N pulses, whose mean
    is ``(1 - (1 - p)^N) / p``.

    Parameters
    ----------
    device : Device
        Its `errors.programming` and `errors.write_verify`; without a rule every cell takes one pulse.

    Raises
    ------
    SpecError
        A device table that is wrong or does not cover the window.

    Examples
    --------
    >>> from archsim import load_chip
    >>> rules = "programming: {kind: constant, sigma: 0.05}, write_verify: {band: 0.05, max_pulses: 99}"
    >>> chip = load_chip("arch_specs/wearable_rram.yaml", [f"device.errors={{{rules}}}"])
    >>> round(expected_pulses(chip.device), 3)  # 1 / erf(1 / sqrt(2))
    1.465
    """
    errors = device.errors
    if errors.write_verify is None or errors.programming is None:
        return 1.0
    target = np.linspace(device.g_min_siemens, device.g_max_siemens, device.n_levels or _CONTINUUM)
    lands, most = landing_chance(device, target), errors.write_verify.n_max_pulses
    return float(np.mean((1.0 - (1.0 - lands) ** most) / lands))


def pulses_note(chip: Chip) -> str:
    """That a chip is priced with other pulses than its cells take; empty where it is not.

    Examples
    --------
    >>> from archsim import load_chip
    >>> pulses_note(load_chip("arch_specs/wearable_rram.yaml"))
    ''
    >>> pulses_note(load_chip("arch_specs/wearable_rram.yaml", ["write.pulses_per_cell=8"]))
    'write.pulses_per_cell says 8 pulses per cell, and time and energy are priced with it; device.errors gives 1, \
and pulses and wear are counted with it; pulses_per_cell: auto takes that for both'
    """
    if chip.write is None:
        return ""
    priced, counted = priced_pulses(chip), counted_pulses(chip)
    if chip.write.pulses_per_cell == "auto" or math.isclose(priced, counted, rel_tol=0.01):
        return ""
    return (
        f"write.pulses_per_cell says {priced:.3g} pulses per cell, and time and energy are priced with it; "
        f"device.errors gives {counted:.3g}, and pulses and wear are counted with it; "
        "pulses_per_cell: auto takes that for both"
    )


def counted_pulses(chip: Chip) -> float:
    """Mean number of pulses that the cells of the array model take, over all levels alike."""
    law = chip.law_of_cells
    return expected_pulses(chip.device) if law is None else mean_pulses(law, chip.device)


def mean_pulses(law: PulseLaw, device: Device) -> float:
    """Mean of a law over all levels alike."""
    return law.ready(device).mean([1.0 / device.n_levels] * device.n_levels)


def priced_pulses(chip: Chip) -> float:
    """Mean number of pulses of a cell with which writing is priced."""
    if chip.write is None:
        return expected_pulses(chip.device)
    law, found = chip.write.law, chip.write.pulses_per_cell
    if law is not None:
        return mean_pulses(law, chip.device)
    return expected_pulses(chip.device) if found == "auto" else float(found)


def with_expected_pulses(chip: Chip) -> Chip:
    """The chip with `write.pulses_per_cell: auto` replaced by `expected_pulses`, or its law made ready.

    Any other chip as it is.
    """
    if chip.write is None:
        return chip
    found = chip.write.pulses_per_cell
    if found == "auto":
        found = expected_pulses(chip.device)
    elif chip.write.law is not None:
        found = chip.write.law.ready(chip.device)
    if found is chip.write.pulses_per_cell:
        return chip
    return chip.model_copy(update={"write": chip.write.model_copy(update={"pulses_per_cell": found})})
