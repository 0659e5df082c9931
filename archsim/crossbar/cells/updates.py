"""Open-loop updates: potentiation and depression curves, and how hardware chooses its number of pulses."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.cells.noises import Window
from archsim.spec.cells import PulseUpdate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# distance of the normalised curve from the straight line, measured at right angles to it, for a label of 1;
# seen vertically, sqrt 2 times that
_DISTANCE_OF_LABEL: Final = 0.07


@lru_cache(maxsize=256)
def curvature(label: float) -> float:
    """``1 / A`` of a non-linearity label, A in units of the curve's whole number of pulses; 0 is a straight line.

    Parameters
    ----------
    label : float
        From -9 to 9; negative is the mirror image at the straight line.

    Returns
    -------
    float

    Notes
    -----
    NeuroSim gives labels and A as a table only (MLP+NeuroSim 3.0, getParamA). The rule that its entries obey, to
    their last digit wherever compared: the normalised curve ``y(x) = (1 - exp(-x / A)) / (1 - exp(-1 / A))`` lies
    at most ``0.07 |label|`` from the line y = x, measured at right angles to it. With ``k = 1 / A`` the largest
    vertical distance is ``1 / (1 - exp(-k)) - 1 / k + ln((1 - exp(-k)) / k) / k``, and k is found from it.

    Examples
    --------
    >>> [round(1 / curvature(label), 4) for label in (0.1, 3.01, 7.51)]
    [12.6258, 0.3853, 0.0702]
    """
    if label == 0:
        return 0.0
    distance = _DISTANCE_OF_LABEL * math.sqrt(2) * abs(label)
    # k / 8 is the distance of nearly straight curves and lies above that of all others
    ends = (7 * distance, 200.0)
    k = scipy.optimize.brentq(lambda k: _largest_distance(k) - distance, *ends, xtol=1e-14, rtol=1e-13)
    return math.copysign(float(k), label)


def _largest_distance(k: float) -> float:
    if k < 0.02:  # series, where the terms below nearly cancel
        return k / 8 * (1 - k * k * 7 / 720)
    height = -math.expm1(-k)
    return 1 / height - 1 / k + math.log(height / k) / k


def after_pulses(
    conductance_siemens: Floats,
    n_pulses: Ints,
    update: PulseUpdate,
    window: Window,
    rng: np.random.Generator | None = None,
) -> Floats:
    """Conductance after so many pulses from where it is now, positive ones up, negative ones down.

    Parameters
    ----------
    conductance_siemens, n_pulses : arrays of the same shape
    update : PulseUpdate
    window : Window
    rng : numpy.random.Generator, optional
        For the spread from cycle to cycle; not used if there is none.

    Returns
    -------
    array

    Notes
    -----
    ``G(P) = B (1 - exp(-P / A)) + g_min``, ``B = (g_max - g_min) / (1 - exp(-N / A))``, P from 0 to N;
    potentiation and depression have their own A and both count P from g_min, so that equal labels are the same
    curve, walked up or down, and a positive label up with a negative one down both begin with their largest steps
    (P.-Y. Chen, X. Peng, S. Yu, IEEE Trans. Comput.-Aided Des. 37, 3067, 2018). The place on the curve is found by
    inverting it, which makes n pulses ``u -> u exp(-n / A) + (1 - exp(-n / A)) / (1 - exp(-N / A))`` for
    ``u = (G - g_min) / (g_max - g_min)``. Curves end at the window. A cell that lies outside is
    not moved against the direction of its pulses. The spread of n pulses is that of one times sqrt(n), and also
    ends at the window.

    Examples
    --------
    >>> update = PulseUpdate(pulses=10, potentiation=2.4, depression=-4.88)
    >>> up = after_pulses(np.array([1e-6]), np.array([5]), update, Window(1e-6, 101e-6))
    >>> up.round(7).tolist()
    [7.41e-05]
    """
    width = window.width_siemens
    start = np.asarray((conductance_siemens - window.g_min_siemens) / width).reshape(-1)
    pulses = np.asarray(n_pulses).reshape(-1)
    moved = start.copy()
    for direction, label in ((1, update.potentiation), (-1, update.depression)):
        places = np.flatnonzero(pulses > 0 if direction > 0 else pulses < 0)
        before = start[places]
        after = _along(before, direction, np.abs(pulses[places]), update.n_pulses, curvature(label))
        np.clip(after, 0.0, 1.0, out=after)
        moved[places] = np.maximum(after, before) if direction > 0 else np.minimum(after, before)
    if rng is not None and update.cycle_spread_frac > 0:
        noise = rng.standard_normal(moved.shape) * (update.cycle_spread_frac * np.sqrt(np.abs(pulses)))
        moved = np.clip(moved + noise, np.minimum(moved, 0.0), np.maximum(moved, 1.0))
    moved *= width
    moved += window.g_min_siemens
    result: Floats = np.where(n_pulses == 0, conductance_siemens, moved.reshape(np.shape(n_pulses)))
    return result


def _along(u: Floats, direction: int, n_pulses: Ints, n_whole: int, k: float) -> Floats:
    """Places after so many pulses in one direction along a curve of curvature k, which may lie beyond its ends.

    With ``d = n / N``: ``u' = (1 - exp(-k (1 + d))) / (1 - exp(-k)) - exp(-k d) (1 - u)``; a curve below the line
    is the mirror image of one above. Written from the far end, so that nothing cancels where a curve is flat.
    """
    if not u.size:
        return u
    # more pulses than the whole curve end where it ends
    n_pulses = np.minimum(n_pulses, n_whole)
    step = direction * np.arange(int(n_pulses.max()) + 1) / n_whole
    above = k >= 0
    if not above:
        k, step = -k, -step
    kept = np.exp(-k * step)
    ends = 1 + step if k == 0 else np.expm1(-k * (1 + step)) / math.expm1(-k)
    if above:
        return np.asarray(ends[n_pulses] - kept[n_pulses] * (1 - u))
    return np.asarray((1 - ends)[n_pulses] + kept[n_pulses] * u)


def pulses_for(
    delta_siemens: ArrayLike,
    g_now_siemens: ArrayLike,
    update: PulseUpdate,
    g_min_siemens: float,
    g_max_siemens: float,
) -> Ints:
    """Pulses that hardware sends for wanted changes: open loop, as if the device were linear.

    Parameters
    ----------
    delta_siemens : array
        Wanted changes of conductance.
    g_now_siemens : array
        Where the cells are believed to be; no pulse is sent that would lead a linear device out of its window.
    update : PulseUpdate
    g_min_siemens, g_max_siemens : float

    Returns
    -------
    array of int64
        ``round(delta / (g_max - g_min) * pulses)``, negative for depression.

    Examples
    --------
    >>> update = PulseUpdate(pulses=100)
    >>> pulses_for([3.2e-6, -1e-6, 5e-6], [50e-6, 50e-6, 100e-6], update, 1e-6, 101e-6).tolist()
    [3, -1, 1]
    """
    per_siemens = update.n_pulses / (g_max_siemens - g_min_siemens)
    wanted = np.rint(np.asarray(delta_siemens, dtype=np.float64) * per_siemens)
    place = (np.asarray(g_now_siemens, dtype=np.float64) - g_min_siemens) * per_siemens
    down = -np.ceil(np.maximum(place - 1e-9, 0.0))
    up = np.ceil(np.maximum(update.n_pulses - place - 1e-9, 0.0))
    return np.clip(wanted, down, up).astype(np.int64)
