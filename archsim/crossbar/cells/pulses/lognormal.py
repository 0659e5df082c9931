"""Counts whose logarithm is normal, rounded to whole pulses."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rounded_lognormal(median: float, sigma: float, most: int) -> Floats:
    """F(0) … F(most) of a log-normal count: ``F(k) = Phi(ln((k + 1/2) / median) / sigma)``, one pulse at least.

    Who needs more than `most` gets `most` pulses.

    Parameters
    ----------
    median, sigma : float
        Above zero; sigma of the natural logarithm.
    most : int
        1 or more.

    Returns
    -------
    array (most + 1,)

    Examples
    --------
    >>> law = rounded_lognormal(4.65, 1.1, 300)
    >>> round(float((1 - law).sum()), 1), round(float((1 - law**48).sum() / (1 - law).sum()), 1)
    (8.5, 7.3)
    """
    counts = np.arange(most + 1)
    chances = np.asarray(scipy.special.ndtr(np.log((counts + 0.5) / median) / sigma))
    chances[0], chances[-1] = 0.0, 1.0
    return chances
