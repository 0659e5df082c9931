"""Which configurations a sweep tries: all, at random, or quasi-random."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from archsim.explore.models import Parameter, Range, Value
from archsim.explore.study import Parameters, Study, is_active, listed

MOST_DRAWS = 16  # for each configuration of a finite space


def grid(study: Study) -> Iterator[Parameters]:
    """All configurations, the last parameter varying fastest; a parameter that does not count is left out."""
    yield from _grid(list(study.parameters.items()), {})


def _grid(rest: list[tuple[str, Parameter]], chosen: Parameters) -> Iterator[Parameters]:
    if not rest:
        yield dict(chosen)
        return
    (name, item), *others = rest
    if not is_active(item, chosen):
        yield from _grid(others, chosen)
        return
    for value in listed(item) or []:
        yield from _grid(others, {**chosen, name: value})


def grid_size(study: Study) -> int:
    """Configurations of the grid, at most: conditions only make it smaller."""
    return math.prod(len(listed(item) or [None]) for item in study.parameters.values())


def sampled(study: Study, points: Any) -> Iterator[Parameters]:
    """Configurations at points of the unit cube, one coordinate for each parameter.

    Parameters
    ----------
    points : array (n, parameters)
        From 0 to below 1.
    """
    for point in points:
        chosen: Parameters = {}
        for (name, item), at in zip(study.parameters.items(), point, strict=True):
            if is_active(item, chosen):
                chosen[name] = value_at(item, float(at))
        yield chosen


def value_at(item: Parameter, at: float) -> Value:
    """The value of a parameter at 0 to 1 of its range.

    Examples
    --------
    >>> from archsim.explore.models import Range
    >>> value_at(Range.model_validate({"from": "10 ns", "to": "1000 ns", "scale": "log"}), 0.5)
    '100 ns'
    """
    values = listed(item)
    if values is not None:
        return values[min(int(at * len(values)), len(values) - 1)]
    assert isinstance(item, Range)
    low, high = (float(end) for end in item.ends)
    if item.scale == "log":
        return item.value_of(math.exp(math.log(low) + at * (math.log(high) - math.log(low))))
    return item.value_of(low + at * (high - low))


def drawn(study: Study, n: int) -> Iterator[Parameters]:
    """Configurations of a random sweep, from the study's seed."""
    yield from sampled(study, np.random.default_rng([study.model.seed, 1]).random((n, len(study.parameters))))


def quasi_random(study: Study, n: int) -> Iterator[Parameters]:
    """Configurations of a scrambled Sobol sequence, from the study's seed."""
    from scipy.stats import qmc

    engine = qmc.Sobol(len(study.parameters), scramble=True, rng=np.random.default_rng([study.model.seed, 2]))
    yield from sampled(study, engine.random_base2(max(1, math.ceil(math.log2(n))))[:n])


def configurations(study: Study) -> list[Parameters]:
    """A study's sweep: each configuration once, in order; of a space that is drawn from, as many as it wants."""
    kind, n = study.model.sweep.kind, study.model.sweep.n_configurations or 0
    if kind == "grid":
        return _distinct(grid(study))
    draw = drawn if kind == "random" else quasi_random
    size = math.inf if None in study.listed.values() else grid_size(study)
    n_drawn = n
    found = _distinct(draw(study, n_drawn))
    while len(found) < min(n, size) and n_drawn < MOST_DRAWS * n:  # more draws begin with the same ones
        n_drawn *= 2
        found = _distinct(draw(study, n_drawn))
    return found[:n]


def _distinct(found: Iterator[Parameters]) -> list[Parameters]:
    return list({repr(sorted(item.items())): item for item in found}.values())
