"""Noise from one read to the next: white read noise, thermal noise, random telegraph noise."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells.programming import SpreadLaw
from archsim.spec.cells import TelegraphNoise

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# exact by definition: SI brochure, 9th edition (2019)
BOLTZMANN_J_PER_K: Final = 1.380649e-23
PS_PER_S: Final = 10**12


def read_noise_variance(conductance_siemens: Floats, law: SpreadLaw) -> Floats:
    """Variance in S^2 of one read, by the law of its standard deviation; none of an open cell.

    Examples
    --------
    >>> from archsim.crossbar.cells.noises import Window
    >>> from archsim.registry import NOISES
    >>> noise = NOISES["proportional"](kind="proportional", sigma=0.1)
    >>> variance = read_noise_variance(np.array([0.0, 2e-5]), SpreadLaw(noise, Window(0.0, 1e-4)))
    >>> [float(round(sigma * 1e6, 9)) for sigma in np.sqrt(variance)]
    [0.0, 2.0]
    """
    sigma = law.sigma_siemens(conductance_siemens)
    variance: Floats = np.where(conductance_siemens > 0, sigma**2, 0.0)
    return variance


def thermal_current_variance(conductance_siemens: Floats, temperature_k: float, read_pulse_ps: int) -> Floats:
    """Johnson-Nyquist noise of the current through each cell, averaged over one read pulse, in A^2.

    ``4 k T G B`` with the bandwidth ``B = 1 / (2 t_pulse)``, that of an average over the pulse (the integral of
    its squared frequency response). It is there whether the cell is driven or not.

    Notes
    -----
    J. B. Johnson, Phys. Rev. 32, 97 (1928); H. Nyquist, Phys. Rev. 32, 110 (1928).

    Examples
    --------
    >>> float(np.sqrt(thermal_current_variance(np.array([1e-4]), 300.0, 100_000))[0] * 1e9).__round__(4)
    2.8782
    """
    bandwidth_hz = PS_PER_S / (2 * read_pulse_ps)
    return conductance_siemens * (4 * BOLTZMANN_J_PER_K * temperature_k * bandwidth_hz)


class Telegraph:
    """One trap for each cell, a two-state Markov process in continuous time, exact over steps of any length.

    ``P(filled at t + d) = p + (filled at t - p) exp(-d (1/t_high + 1/t_low))``, ``p = t_low / (t_high + t_low)``.
    It begins in its stationary law.

    Notes
    -----
    S. Machlup, J. Appl. Phys. 25, 341 (1954).

    Examples
    --------
    >>> noise = TelegraphNoise(amplitude=0.1, mean_high="3 us", mean_low="1 us")
    >>> traps = Telegraph(noise, (1000,), np.random.default_rng(1))
    >>> 200 < int(traps.filled.sum()) < 300
    True
    """

    def __init__(self, noise: TelegraphNoise, shape: tuple[int, ...], rng: np.random.Generator) -> None:
        high_s, low_s = noise.mean_high_ps / PS_PER_S, noise.mean_low_ps / PS_PER_S
        self._rng = rng
        self._rate_hz = 1 / high_s + 1 / low_s
        self._stationary = low_s / (high_s + low_s)
        self.amplitude_frac = noise.amplitude_frac
        self.filled: Bools = rng.random(shape) < self._stationary

    def evolve(self, seconds: float) -> bool:
        """Let time pass; whether any trap has changed."""
        if seconds == 0:
            return False
        memory = np.exp(-seconds * self._rate_hz)
        p_filled = self._stationary * (1 - memory) + self.filled * memory
        filled = self._rng.random(self.filled.shape) < p_filled
        changed = not np.array_equal(filled, self.filled)
        self.filled = filled
        return changed

    def factor(self) -> Floats:
        """The factor on each cell's conductance: 1, or 1 - amplitude while its trap is filled."""
        left: Floats = 1.0 - self.amplitude_frac * self.filled.astype(np.float64)
        return left
