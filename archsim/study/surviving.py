"""Which conclusions of a comparison of the rules survive an uncertain price list, and which price carries each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from archsim.explore import Priced, conclusions, propagate
from archsim.registry import RULES as ALL_RULES
from archsim.simulate import simulate
from archsim.study.comparison import TOTALS
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration

N_DRAWS = 1000


def surviving(base: Base, seed: int = 0, configuration: Configuration = UNCHANGED) -> list[dict[str, Any]]:
    """Conclusions on energy, latency and area of a configuration: which rule needs less, and what that rests on.

    Parameters
    ----------
    base : Base
    seed : int
        Of the activity, and of the draws.
    configuration : Configuration

    Returns
    -------
    list of dict
        As `archsim.explore.Conclusion`; chips are called by the titles of their rules.

    Raises
    ------
    ArchsimError
        The configuration cannot be simulated.
    """
    runs = []
    for rule in RULES:
        chip, work = base.load(configuration, rule)
        runs.append(Priced(ALL_RULES[rule].title, chip, simulate(chip, work, "compiled", seed, rule)))
    return [asdict(one) for one in conclusions(runs, propagate(runs, N_DRAWS, seed), TOTALS)]
