"""Which conclusions survive an uncertain price list, and which single price carries each of them.

A conclusion is "A needs less of a metric than B". It survives in the share of draws in which it holds. Two things
say what it rests on: the price whose error explains most of the variance of log(A / B) over the draws (the square
of their correlation), and the price that turns it over soonest when it alone is off, in units of its own spread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from archsim.explore.uncertain import MAIN, Floats, Number, Priced, Uncertain

MOST_FACTOR = 1000.0
"""Prices that turn nothing over within this factor are not said to."""
_N_STEPS = 32
Key = tuple[str, str]


@dataclass(frozen=True)
class Conclusion:
    """That one chip needs less of a metric than another, and what that rests on.

    Attributes
    ----------
    metric, less, more : str
        By the listed prices `less` needs less than `more`.
    ratio : float
        How much `less` needs of what `more` does, by the listed prices.
    ratio_90 : tuple of float
        The middle 90 % of the draws.
    survives : float
        In which share of the draws it holds; a tie counts half.
    carrier : str
        The price whose error explains most of the variance of their ratio; "" if it does not vary.
    carrier_share : float
        How much of it, 0 to 1.
    turned_by : str
        The price that turns it over soonest, alone; "" if none does within `MOST_FACTOR`.
    turning_factor : float or None
        By which factor it would have to be off: below one if it would have to be less.
    turning_spreads : float or None
        The same in standard deviations of that price: below 1 is likely, above 2 is not.
    """

    metric: str
    less: str
    more: str
    ratio: float
    ratio_90: tuple[float, float]
    survives: float
    carrier: str = ""
    carrier_share: float = 0.0
    turned_by: str = ""
    turning_factor: float | None = None
    turning_spreads: float | None = None


def conclusions(
    chips: Sequence[Priced],
    found: Uncertain,
    metrics: Sequence[str] = MAIN,
    pairs: Collection[tuple[int, int]] | None = None,
) -> list[Conclusion]:
    """Every conclusion about some chips: of each metric, each pair in the order of the listed prices.

    Parameters
    ----------
    chips : sequence of Priced
        As they were given to `archsim.explore.propagate`.
    found : Uncertain
        What it gave.
    metrics : sequence of str
        Of `archsim.explore.uncertain.METRICS`.
    pairs : collection of (int, int), optional
        Which chips are compared, in any order; all with all if not given.

    Returns
    -------
    list of Conclusion
        Two chips that need the same by the listed prices make none.

    Examples
    --------
    >>> import archsim
    >>> from archsim.explore.uncertain import propagate
    >>> chip = archsim.load_chip("tests/chips/wearable_rram.yaml")
    >>> few = archsim.load_chip("tests/chips/wearable_rram.yaml", ["adc.columns_per_adc=128"])
    >>> work = archsim.load_workload("workloads/watch_shape.yaml", ["timesteps=4", "samples=1", "batch=1"])
    >>> runs = [Priced(name, c, archsim.simulate(c, work)) for name, c in (("two ADCs", chip), ("one", few))]
    >>> area, = conclusions(runs, propagate(runs, 200), ["area_um2"])
    >>> area.less, area.carrier, area.turned_by
    ('one', 'adc.area', '')
    """
    alone = {key: _alone(chips, key, number) for key, number in found.numbers.items()}
    return [
        _conclusion(found, metric, pair, alone)
        for metric in metrics
        for pair in _pairs(found.nominal[metric])
        if pairs is None or pair in pairs or pair[::-1] in pairs
    ]


def _pairs(nominal: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Who needs less than whom by the listed prices."""
    order = sorted(range(len(nominal)), key=lambda k: nominal[k])
    for at, less in enumerate(order):
        yield from ((less, more) for more in order[at + 1 :] if nominal[less] < nominal[more])


@dataclass(frozen=True)
class _Alone:
    """The metrics of all chips with one price off, the others as listed."""

    number: Number
    errors: Floats
    values: list[dict[str, Floats]]
    price: Callable[[Floats, Sequence[int]], list[dict[str, Floats]]]


def _alone(chips: Sequence[Priced], key: Key, number: Number) -> _Alone:
    def price(errors: Floats, which: Sequence[int]) -> list[dict[str, Floats]]:
        return [chips[k].evaluate({key: errors}, len(errors)) for k in which]

    most = math.log(MOST_FACTOR) / math.log(number.factor)
    errors = np.linspace(-most, most, 2 * _N_STEPS + 1)
    return _Alone(number, errors, price(errors, range(len(chips))), price)


def _conclusion(found: Uncertain, metric: str, pair: tuple[int, int], alone: Mapping[Key, _Alone]) -> Conclusion:
    less, more = pair
    low, high = np.quantile(found.draws[metric][less] / found.draws[metric][more], [0.05, 0.95])
    ratio = found.nominal[metric][less] / found.nominal[metric][more]
    said = Conclusion(
        metric, found.chips[less], found.chips[more], ratio, (float(low), float(high)),
        found.probability_of_less(metric, less, more), *_carrier(found, metric, pair),
    )  # fmt: skip
    turns = {key: error for key, one in alone.items() if (error := _turn(one, metric, pair)) is not None}
    soonest = min(turns, key=lambda key: abs(turns[key]), default=None)
    if soonest is None:
        return said
    number, error = found.numbers[soonest], turns[soonest]
    return replace(said, turned_by=number.name, turning_factor=number.factor**error, turning_spreads=abs(error))


def _carrier(found: Uncertain, metric: str, pair: tuple[int, int]) -> tuple[str, float]:
    """The price that explains most of the variance of a ratio, and how much of it."""
    less, more = (np.log(found.draws[metric][k]) for k in pair)
    ratio = more - less
    if not found.errors or not np.ptp(ratio) > 0:
        return "", 0.0
    shares = {key: float(np.corrcoef(errors, ratio)[0, 1] ** 2) for key, errors in found.errors.items()}
    best = max(shares, key=lambda key: shares[key])
    return found.numbers[best].name, shares[best]


def _turn(one: _Alone, metric: str, pair: tuple[int, int]) -> float | None:
    """The smallest error of one price, in its standard deviations, at which a conclusion no longer holds."""
    ratio = _ratio(one.values, metric, pair)
    step = one.errors[1] - one.errors[0]
    for k in range(1, _N_STEPS + 1):
        for side in (-1, 1):
            if ratio[_N_STEPS + side * k] <= 0:
                fine = np.linspace(one.errors[_N_STEPS + side * (k - 1)], one.errors[_N_STEPS + side * k], 65)
                turned = _ratio(one.price(fine, pair), metric, (0, 1)) <= 0
                return float(fine[turned.argmax()]) - side * float(step) / 128
    return None


def _ratio(values: list[dict[str, Floats]], metric: str, pair: tuple[int, int]) -> Floats:
    """The logarithm of what needs more by what needs less."""
    less, more = (np.log(values[k][metric]) for k in pair)
    return np.asarray(more - less)
