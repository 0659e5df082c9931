"""Probability that one pulse of write-verify lands within its band."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from archsim.crossbar.cells.noises import Window
from archsim.crossbar.cells.programming import SpreadLaw
from archsim.spec.chip import Device

Floats = NDArray[np.float64]


def landing_chance(device: Device, target_siemens: Floats) -> Floats:
    """Chance that a pulse lands within the band b around its target t, with the spread s of one write at t::

        p = Phi(b / s) - Phi(-b / s)             t > b
        p = Phi(b / s)                           else: what is cut at zero is in the band too

    Own factors of cells and faults are left out.

    Parameters
    ----------
    device : Device
        With `errors.programming` and `errors.write_verify`.
    target_siemens : array

    Raises
    ------
    SpecError
        A device table that is wrong or does not cover the window.
    """
    errors = device.errors
    assert errors.programming is not None  # the caller has looked
    assert errors.write_verify is not None
    window = Window(device.g_min_siemens, device.g_max_siemens)
    law = SpreadLaw.of(errors.programming, window, "programming")
    sigma = np.broadcast_to(law.sigma_siemens(target_siemens), target_siemens.shape)
    band = errors.write_verify.band_frac * window.width_siemens
    with np.errstate(divide="ignore"):  # without a spread every pulse lands
        reach = np.where(sigma > 0, band / sigma, np.inf)
    below = scipy.special.ndtr  # loaded by scipy when it is first asked for
    return np.asarray(below(reach) - np.where(target_siemens > band, below(-reach), 0.0))
