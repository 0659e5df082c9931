"""Sensitivity of the figures to the price list: one price at a time, and Sobol's shares of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archsim.errors import ExploreError
from archsim.explore.uncertain import MAIN, Priced, numbers_of


@dataclass(frozen=True)
class Sensitivity:
    """The effect of one number on one metric.

    Attributes
    ----------
    number, metric : str
    factor : float
        One standard deviation of the number.
    low, high : float
        The metric with the number one standard deviation below and above, all others as listed.
    first, first_error : float or None
        Sobol's first index: the share of the metric's variance that is gone once the number is known exactly; half
        the width of its 95 % interval. None if not asked for, or if the metric does not vary.
    total, total_error : float or None
        Sobol's total index: the share that remains if all others are known.
    """

    number: str
    metric: str
    factor: float
    low: float
    high: float
    first: float | None = None
    first_error: float | None = None
    total: float | None = None
    total_error: float | None = None


def one_at_a_time(chip: Priced, metrics: Sequence[str] = MAIN) -> list[Sensitivity]:
    """Every number up and down by one standard deviation.

    Parameters
    ----------
    chip : Priced
    metrics : sequence of str
        Of `archsim.explore.uncertain.METRICS`.

    Returns
    -------
    list of Sensitivity
        By metric, largest swing first; numbers that leave a metric alone are left out.

    Examples
    --------
    >>> import archsim
    >>> spec = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_shape.yaml", ["timesteps=4", "samples=1", "batch=1"])
    >>> found = one_at_a_time(Priced("here", spec, archsim.simulate(spec, work)))
    >>> next(s.number for s in found if s.metric == "area_um2")
    'adc.area'
    """
    numbers = numbers_of([chip])
    n = len(numbers)
    steps = np.concatenate([np.eye(n), -np.eye(n)]) if n else np.zeros((0, 0))
    values = chip.evaluate({key: steps[:, k] for k, key in enumerate(numbers)}, 2 * n)
    found = [
        Sensitivity(number.name, metric, number.factor, float(values[metric][n + k]), float(values[metric][k]))
        for metric in metrics
        for k, number in enumerate(numbers.values())
    ]
    moved = [entry for entry in found if entry.low != entry.high]
    return sorted(moved, key=lambda s: (metrics.index(s.metric), -abs(s.high - s.low), s.number))


def sobol(chip: Priced, n_base: int, seed: int = 0, metrics: Sequence[str] = MAIN) -> list[Sensitivity]:
    """Sobol's indices of every number, with what it does one at a time.

    Parameters
    ----------
    chip : Priced
    n_base : int
        A power of two, 2 or more: SALib evaluates ``n_base (numbers + 2)`` points (Saltelli's scheme).
    seed : int
        Scrambles the points.
    metrics : sequence of str
        Of `archsim.explore.uncertain.METRICS`.

    Returns
    -------
    list of Sensitivity
        As `one_at_a_time`, with the indices.

    Raises
    ------
    ExploreError
        `n_base` is no power of two, or too large, or SALib is not installed.
    TooLargeError
        There is no memory for the points.

    Notes
    -----
    Indices by SALib (Iwanaga, Usher and Herman, Socio-Environmental Systems Modelling 4, 2022); estimators of
    Saltelli et al. (Computer Physics Communications 181, 2010).
    """
    if n_base < 2 or n_base & (n_base - 1):
        raise ExploreError(f"Sobol's indices need a power of two of 2 or more points, not {n_base}; try 256")
    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError:
        raise ExploreError("Sobol's indices need SALib: pip install 'archsim[explore]'") from None
    numbers = numbers_of([chip])
    if not numbers:
        return []
    names = [number.name for number in numbers.values()]
    n = len(names)
    chip.check_draws(n_base * (n + 2), n)
    problem = {"num_vars": n, "names": names, "bounds": [[0, 1]] * n, "dists": ["norm"] * n}  # standard normal
    points = sampling.sample(problem, n_base, calc_second_order=False, seed=seed)
    values = chip.evaluate({key: points[:, k] for k, key in enumerate(numbers)}, len(points))
    found = one_at_a_time(chip, metrics)
    shares = {}
    for metric in metrics:
        if np.ptp(values[metric]) > 0:
            # SALib takes the seed 0 as none, but never its SeedSequence, which draws the same numbers
            drawn_by = np.random.SeedSequence(seed)
            index = analysis.analyze(problem, values[metric], calc_second_order=False, seed=drawn_by)
            for k, name in enumerate(names):
                shares[metric, name] = tuple(float(index[key][k]) for key in ("S1", "S1_conf", "ST", "ST_conf"))
    return [
        Sensitivity(s.number, s.metric, s.factor, s.low, s.high, *shares.get((s.metric, s.number), ()))
        for s in found
    ]
