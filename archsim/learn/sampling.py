"""The sample of an adaptation's batches that is simulated, and confidence intervals of totals from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.snn.weights import stream

Floats = NDArray[np.float64]
LEAST = 4
"""Batches of a sample: two in each of two strata. The first batch is never alone."""
_CHOICE = 6  # stream of the choice of batches


def batch_sizes(n_windows: int, n_batch: int, n_passes: int) -> tuple[int, ...]:
    """Windows of each batch; the last of a pass has what is left.

    Examples
    --------
    >>> batch_sizes(11, 4, 2)
    (4, 4, 3, 4, 4, 3)
    """
    whole, rest = divmod(n_windows, n_batch)
    return ((n_batch,) * whole + ((rest,) if rest else ())) * n_passes


@dataclass(frozen=True)
class Sample:
    """Batches that stand for all: some of each stratum, a stretch of the adaptation.

    Parameters
    ----------
    strata : tuple of tuple of int
        Numbers of all batches, stretch by stretch.
    chosen : tuple of tuple of int
        Those of each that are simulated.
    """

    strata: tuple[tuple[int, ...], ...]
    chosen: tuple[tuple[int, ...], ...]

    @property
    def batches(self) -> tuple[int, ...]:
        """All that are simulated, in their order."""
        return tuple(sorted(batch for part in self.chosen for batch in part))

    @property
    def is_whole(self) -> bool:
        """Whether these are all there are."""
        return sum(map(len, self.chosen)) == sum(map(len, self.strata))

    def weights(self) -> dict[int, float]:
        """For how many batches each one stands."""
        parts = zip(self.strata, self.chosen, strict=True)
        return {batch: len(every) / len(some) for every, some in parts for batch in some}


def choose(n_batches: int, n_wanted: int, seed: int) -> Sample:
    """A stratified sample: the adaptation in equal stretches, two batches drawn from each.

    Two of each tell how much batches differ within a stretch, and so the variance of the sum over all.

    Parameters
    ----------
    n_batches, n_wanted : int
        As many are simulated as there are, or `n_wanted` (at least `LEAST`; an odd one goes to the last stretch).
    seed : int

    Returns
    -------
    Sample

    Examples
    --------
    >>> found = choose(100, 10, seed=0)
    >>> [len(every) for every in found.strata], [len(some) for some in found.chosen]
    ([20, 20, 20, 20, 20], [2, 2, 2, 2, 2])
    >>> choose(3, 10, seed=0).is_whole
    True
    """
    n_wanted = max(n_wanted, LEAST)
    if n_wanted >= n_batches:
        every = (tuple(range(n_batches)),)
        return Sample(every, every)
    strata = [tuple(part.tolist()) for part in np.array_split(np.arange(n_batches), n_wanted // 2)]
    n_each = [2] * (len(strata) - 1) + [2 + n_wanted % 2]
    rng = stream(seed, _CHOICE)
    drawn = [rng.permutation(part)[:n].tolist() for part, n in zip(strata, n_each, strict=True)]
    return Sample(tuple(strata), tuple(tuple(sorted(some)) for some in drawn))


@dataclass(frozen=True)
class Estimated:
    """A total of all batches, its standard error, and half of its 95 % interval; 0 where all were simulated."""

    value: float
    standard_error: float = 0.0
    half_width: float = 0.0

    def over(self, n: float) -> Estimated:
        """The same for each of `n`."""
        return Estimated(self.value / n, self.standard_error / n, self.half_width / n)


def total_of(
    sample: Sample, of_batch: dict[int, float], sizes: Sequence[int], *also: Sequence[float]
) -> Estimated:
    """The sum over all batches of what was found for some.

    The generalised regression estimate of a stratified sample, by what is known of every batch: its windows, and
    what else is given, such as the pulses that it wrote. With x_k of batch k, strata h (N batches, of which n were
    simulated), and B from the least squares of y on x with weights N/n over windows::

        total = Σ_h (N/n) Σ g y                         g_k so that Σ_h (N/n) Σ g x is Σ_all x
        variance = Σ_h N² (1 - n/N) s² / n              s² of g e within the stratum, e = y - x B

    and the interval by Student's t with Σ (n - 1) degrees of freedom, less one for each x but the windows
    (Särndal, Swensson, Wretman, *Model Assisted Survey Sampling*, 1992, sections 6.5 and 6.6). By windows alone it
    is the combined ratio estimate (Cochran, *Sampling Techniques*, 1977, section 6.11).

    Parameters
    ----------
    sample : Sample
    of_batch : dict of int to float
        y by batch, of all that were simulated.
    sizes : sequence of int
        Windows of every batch, 1 or more.
    *also : sequence of float
        More that is known of every batch.

    Returns
    -------
    Estimated

    Examples
    --------
    >>> total_of(choose(3, 4, seed=0), {0: 1.0, 1: 2.0, 2: 3.0}, [8, 8, 3])
    Estimated(value=6.0, standard_error=0.0, half_width=0.0)
    """
    if sample.is_whole:
        return Estimated(math.fsum(of_batch.values()))
    from scipy.stats import t

    batches, weight = list(of_batch), sample.weights()
    known = np.stack([np.asarray(column, float) for column in (sizes, *also)], axis=1)
    y, w = np.array([of_batch[k] for k in batches]), np.array([weight[k] for k in batches])
    gain, left = _regressed(known, known[batches], y, w)
    scaled = dict(zip(batches, gain * left, strict=True))
    variance, freedom = 0.0, -len(also)
    for every, some in zip(sample.strata, sample.chosen, strict=True):
        spread = float(np.var([scaled[k] for k in some], ddof=1))
        variance += len(every) ** 2 * (1 - len(some) / len(every)) * spread / len(some)
        freedom += len(some) - 1
    error = math.sqrt(variance)
    return Estimated(float((w * gain) @ y), error, float(t.ppf(0.975, max(1, freedom))) * error)


def _regressed(known: Floats, x: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats]:
    """g and e of `total_of`; where columns say the same in the sample, the shortest B."""
    scale = np.abs(x).max(axis=0)
    scale[scale == 0] = 1.0
    known, x = known / scale, x / scale
    share = (w / x[:, 0])[:, None] * x
    inverse = np.linalg.pinv(x.T @ share, rcond=1e-10, hermitian=True)
    gain = 1 + (known.sum(axis=0) - w @ x) @ inverse @ x.T / x[:, 0]
    return gain, y - x @ (inverse @ (share.T @ y))


def quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> list[float]:
    """The smallest value that at least such a share of the weight does not exceed.

    Examples
    --------
    >>> quantiles(np.arange(1.0, 101.0), np.ones(100), (0.5, 0.99, 1.0))
    [50.0, 99.0, 100.0]
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # a hair below, so that rounding of the sum does not pass over a value
    at = np.searchsorted(reached, np.asarray(shares) * reached[-1] * (1 - 1e-12))
    return [float(value) for value in values[order][np.minimum(at, len(values) - 1)]]
