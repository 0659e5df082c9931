"""Writing a conductance: the spread of one write, and writing again until a verify read accepts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells.noises import NoiseKind, Window
from archsim.errors import SpecError
from archsim.registry import NOISES
from archsim.spec.cells import WriteVerify

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SpreadLaw:
    """Standard deviation of a conductance as a function of its target, for the cells of one window."""

    spread: NoiseKind
    window: Window

    @classmethod
    def of(cls, spread: NoiseKind, window: Window, where: str) -> SpreadLaw:
        """The law of a chip file.

        Raises
        ------
        SpecError
            The law does not go with the window: a table that does not cover it under scale "absolute", a
            standard deviation that is none.

        Examples
        --------
        >>> from archsim.registry import NOISES
        >>> noise = NOISES["constant"](kind="constant", sigma=0.05)
        >>> law = SpreadLaw.of(noise, Window(1e-6, 101e-6), "programming")
        >>> float(law.sigma_siemens(np.array([50e-6]))) * 1e6  # doctest: +ELLIPSIS
        5.0...
        """
        with NOISES.calling(spread.kind):
            law = cls(spread.ready(window, where), window)
        sigma = np.asarray(law.sigma_siemens(np.array([window.g_min_siemens, window.g_max_siemens])))
        if sigma.shape not in ((), (2,)) or not (np.isfinite(sigma) & (sigma >= 0)).all():
            raise SpecError(
                f"errors.{where}: kind {spread.kind} gives {sigma.tolist()} S for g_min and g_max; a standard "
                "deviation is a finite number from 0, one for each conductance or one for all"
            )
        return law

    def sigma_siemens(self, target_siemens: Floats) -> Floats | float:
        """Standard deviation at each target; one number where it is the same everywhere."""
        with NOISES.calling(self.spread.kind):
            return self.spread.sigma_siemens(target_siemens, self.window)


def spread_around(
    target_siemens: Floats, law: SpreadLaw, rng: np.random.Generator, around: Floats | None = None
) -> Floats:
    """One draw around each conductance, ``N(around, sigma(target))``, not below zero.

    Cutting at zero bends the law where sigma is not small against the conductance: the mean lies above the
    target there and the deviation is smaller than sigma.
    """
    centre = target_siemens if around is None else around
    drawn = rng.standard_normal(target_siemens.shape)
    drawn *= law.sigma_siemens(target_siemens)
    drawn += centre
    return np.maximum(drawn, 0.0, out=drawn)


def write_and_verify(
    target_siemens: Floats,
    law: SpreadLaw,
    rule: WriteVerify,
    rng: np.random.Generator,
    factor: Floats | None = None,
) -> tuple[Floats, Ints]:
    """Conductances after writing each cell until it is in the band, and the pulses that each took.

    Parameters
    ----------
    target_siemens : array (cells,)
    law : SpreadLaw
        Of every single pulse.
    rule : WriteVerify
        Half-width of the band, of the window, and the largest number of pulses.
    rng : numpy.random.Generator
    factor : array (cells,), optional
        The cells' own factors. The first pulse does not know them; the verify read shows what conducts, and
        later pulses are aimed accordingly.

    Returns
    -------
    (conductance_siemens, n_pulses) : arrays (cells,)
        What conducts (with the factor). Cells that never land keep their last pulse's value.

    Notes
    -----
    With factors of 1 the number of pulses is geometric with ``p = erf(band / (sigma sqrt 2))``, mean ``1/p`` if
    `n_max_pulses` does not cut it off, and the accepted values follow the normal law cut at the band's ends.
    A verify read is exact: it sees neither read noise nor telegraph noise.

    Examples
    --------
    >>> noise = NOISES["constant"](kind="constant", sigma=0.05)
    >>> law = SpreadLaw.of(noise, Window(1e-6, 101e-6), "programming")
    >>> rule = WriteVerify(band=0.02, max_pulses=100)
    >>> g, n = write_and_verify(np.full(1000, 50e-6), law, rule, np.random.default_rng(1))
    >>> bool(abs(g - 50e-6).max() <= 2e-6), bool(2.7 < n.mean() < 3.8)
    (True, True)
    """
    band = rule.band_frac * law.window.width_siemens * (1 + 1e-12)
    result = spread_around(target_siemens, law, rng)
    if factor is not None:
        result *= factor
    pulses = np.ones(target_siemens.shape, dtype=np.int64)
    pending = np.flatnonzero(np.abs(result - target_siemens) > band)
    for _ in range(rule.n_max_pulses - 1):
        if not pending.size:
            break
        aim = target_siemens[pending]
        landed = spread_around(aim, law, rng)
        if factor is not None:
            landed *= factor[pending] > 0  # nothing makes such a cell conduct
        result[pending] = landed
        pulses[pending] += 1
        pending = pending[np.abs(landed - aim) > band]
    return result, pulses
