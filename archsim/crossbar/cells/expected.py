"""Expected cost of writing, before anything is written: pulses of write-verify, for the cost side."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from archsim.crossbar.cells.noises import Window
from archsim.crossbar.cells.programming import SpreadLaw
from archsim.spec import Chip
from archsim.spec.chip import Device

_CONTINUUM = 257  # targets that stand for a window without levels


def expected_pulses(device: Device) -> float:
    """Mean number of pulses that a cell takes, over all its levels alike.

    A pulse lands within the band b around the target t with the probability

        p = Phi(b / s) - Phi(-b / s)             t > b
        p = Phi(b / s)                           else: what is cut at zero is in the band too

    with the spread s of one write at t; the number of pulses follows the geometric law, cut at N pulses, whose
    mean is ``(1 - (1 - p)^N) / p``. Own factors of cells and faults are left out.

    Parameters
    ----------
    device : Device
        Its `errors.programming` and `errors.write_verify`; without a rule every cell takes one pulse.

    Raises
    ------
    SpecError
        A device table that is faulty or does not cover the window.

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
    window = Window(device.g_min_siemens, device.g_max_siemens)
    target = np.linspace(window.g_min_siemens, window.g_max_siemens, device.n_levels or _CONTINUUM)
    law = SpreadLaw.of(errors.programming, window, "programming")
    sigma = np.broadcast_to(law.sigma_siemens(target), target.shape)
    band, most = errors.write_verify.band_frac * window.width_siemens, errors.write_verify.n_max_pulses
    with np.errstate(divide="ignore"):  # without a spread every pulse lands
        reach = np.where(sigma > 0, band / sigma, np.inf)
    lands = ndtr(reach) - np.where(target > band, ndtr(-reach), 0.0)
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
    priced, counted = chip.write.pulses_per_cell, expected_pulses(chip.device)
    if priced == "auto" or math.isclose(priced, counted, rel_tol=0.01):
        return ""
    return (
        f"write.pulses_per_cell says {priced:.3g} pulses per cell, and time and energy are priced with it; "
        f"device.errors gives {counted:.3g}, and pulses and wear are counted with it; "
        "pulses_per_cell: auto takes that for both"
    )


def with_expected_pulses(chip: Chip) -> Chip:
    """The chip with `write.pulses_per_cell: auto` replaced by `expected_pulses`; any other chip as it is."""
    if chip.write.pulses_per_cell != "auto":
        return chip
    write = chip.write.model_copy(update={"pulses_per_cell": expected_pulses(chip.device)})
    return chip.model_copy(update={"write": write})
