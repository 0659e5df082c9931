"""Uncertainty of results under the uncertainty of prices: error bars, and which comparisons hold.

Every number of a chip's price list carries a factor, see :mod:`archsim.components.uncertainty`. A draw multiplies
each by its factor to the power of a standard normal number, and what was simulated is priced anew: energies and
areas by their sums, times by playing the same task graph out with scaled service times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.components.uncertainty import Spread, spreads
from archsim.engine import run_many
from archsim.engine.long.memory import check_memory
from archsim.errors import ExploreError
from archsim.explore.measures import WITHOUT_TRACE
from archsim.metrics import Result
from archsim.metrics.power import MIN_WINDOW_PS, PJ_PER_PS_IN_UW, UW_PS_PER_PJ
from archsim.names import NONE
from archsim.spec import Chip

Floats = NDArray[np.float64]

METRICS = WITHOUT_TRACE
MAIN = METRICS[:4]
"""Metrics that are shown by default."""

MOST_DRAWS = 2**24
"""Far more than the error bars of a price list need; each plays the whole task graph."""


@dataclass(frozen=True)
class Number:
    """One uncertain input: a quantity whose error several components may share.

    Attributes
    ----------
    name : str
        ``adc.energy``; for a shared source its components, ``accumulator+neuron_unit.area``.
    factor : float
        One standard deviation of its log-normal law, the largest of those who share it.
    source : str
        Where the factor comes from.
    """

    name: str
    factor: float
    source: str


@dataclass(frozen=True, eq=False)
class Priced:
    """A simulated chip, ready to be priced with other numbers.

    Parameters
    ----------
    name : str
        Of the chip, unlike the others in a comparison.
    chip : Chip
    result : Result
        Of the chip with its listed numbers, with graph and trace.
    """

    name: str
    chip: Chip
    result: Result

    @cached_property
    def spreads(self) -> dict[tuple[str, str], list[Spread]]:
        """The numbers that matter in this run, by (source, quantity)."""
        found: dict[tuple[str, str], list[Spread]] = {}
        for spread in spreads(self.chip):
            if self._nominal[spread.quantity].get(spread.component):
                found.setdefault((spread.of, spread.quantity), []).append(spread)
        return found

    @cached_property
    def _nominal(self) -> dict[str, dict[str, float]]:
        """Listed amounts by quantity and component: pJ, um2, uW, and ps of the tasks."""
        result = self.result
        count = np.bincount(result.graph.action, result.graph.count, len(result.graph.action_names))
        busy = np.bincount(result.graph.action, result.graph.latency_ps, len(result.graph.action_names))
        found: dict[str, dict[str, float]] = {"energy": {}, "area": {}, "leakage": {}, "time": {}}
        for number, name in enumerate(result.graph.action_names):
            charges = result.actions[name].charges
            for charge in charges:
                _add(found["energy"], charge.component, count[number] * charge.energy_pj)
            if charges:  # the first one is whose time it is
                _add(found["time"], charges[0].component, busy[number])
        for item in result.items:
            _add(found["area"], item.component, item.n * item.area_um2)
            _add(found["leakage"], item.component, item.n * item.leakage_uw)
        return found

    def evaluate(self, errors: Mapping[tuple[str, str], Floats], n_draws: int) -> dict[str, Floats]:
        """Every metric in every draw.

        Parameters
        ----------
        errors : mapping of (source, quantity) to float64[n_draws]
            How far off each number is, in standard deviations; 0 where it is not named.
        n_draws : int

        Returns
        -------
        dict of str to float64[n_draws]
            `METRICS`.
        """
        latency_ps = self._latency_ps(errors, n_draws)
        dynamic_pj, leakage_uw = (self._sum(quantity, errors, n_draws) for quantity in ("energy", "leakage"))
        leaked_pj = leakage_uw * latency_ps / UW_PS_PER_PJ
        energy_pj, n_samples = dynamic_pj + leaked_pj, self.result.n_samples
        window_ps = np.maximum(latency_ps, MIN_WINDOW_PS)
        return {
            "latency_ps": latency_ps,
            "energy_pj": energy_pj,
            "area_um2": self._sum("area", errors, n_draws),
            "average_power_uw": energy_pj / window_ps * PJ_PER_PS_IN_UW,
            "dynamic_energy_pj": dynamic_pj,
            "leakage_energy_pj": leaked_pj,
            "leakage_uw": leakage_uw,
            "latency_per_sample_ps": latency_ps / n_samples,
            "energy_per_sample_pj": energy_pj / n_samples,
            "throughput_per_s": n_samples * 1e12 / window_ps,
            "energy_delay_pj_ps": energy_pj * latency_ps,
        }

    def _sum(self, quantity: str, errors: Mapping[tuple[str, str], Floats], n_draws: int) -> Floats:
        by_component = self._by_component(quantity, errors)
        total = np.zeros(n_draws)
        for component, amount in self._nominal[quantity].items():
            total += amount * by_component.get(component, 1.0)
        return total

    def _by_component(self, quantity: str, errors: Mapping[tuple[str, str], Floats]) -> dict[str, Floats]:
        return {
            spread.component: spread.factor ** errors[key]
            for key, group in self.spreads.items()
            if key[1] == quantity and key in errors
            for spread in group
        }

    def _latency_ps(self, errors: Mapping[tuple[str, str], Floats], n_draws: int) -> Floats:
        """Makespans with scaled times; each time is rounded once, half to even."""
        by_component = self._by_component("time", errors)
        if not by_component:
            return np.full(n_draws, float(self.result.latency_ps))
        graph = self.result.graph
        owner = [_whose(self.result, name) for name in graph.action_names]
        kinds, classes = self._kinds
        scale = np.stack([by_component.get(owner[action], np.ones(n_draws)) for action in kinds[:, 0]], axis=1)
        occupancy_ps, latency_ps = (np.rint(scale * kinds[:, k]).astype(np.int64) for k in (1, 2))
        runs = run_many(graph, (occupancy_ps, latency_ps), classes=classes.reshape(-1))
        return np.asarray(runs.makespan_ps, float)

    @cached_property
    def _kinds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tasks of one action and one length: (action, occupancy, latency) of each kind, and the kind of each."""
        graph = self.result.graph
        keys = np.stack([graph.action, graph.occupancy_ps, graph.latency_ps], axis=1)
        kinds, classes = np.unique(keys, axis=0, return_inverse=True)
        return kinds, classes

    def check_draws(self, n_draws: int, n_numbers: int) -> None:
        """Refuse more draws than are meant, or than there is memory for.

        Raises
        ------
        ExploreError
            More than `MOST_DRAWS`.
        TooLargeError
            With what they would need.
        """
        if n_draws > MOST_DRAWS:
            raise ExploreError(f"{n_draws} draws; {MOST_DRAWS} are made at most")
        # errors, factors of components, metrics, and lengths of each kind of task: as factor, rounded, as integers
        columns = n_numbers + 2 * len(spreads(self.chip)) + 2 * len(METRICS) + 5 * len(self._kinds[0])
        check_memory(f"{self.name}: {n_draws} draws", 8.0 * columns * n_draws, None, "ask for fewer draws")


def _add(amounts: dict[str, float], name: str, amount: float) -> None:
    amounts[name] = amounts.get(name, 0.0) + float(amount)


def _whose(result: Result, action: str) -> str:
    charges = result.actions[action].charges
    return charges[0].component if charges else ""


def numbers_of(chips: Sequence[Priced]) -> dict[tuple[str, str], Number]:
    """The uncertain numbers of some chips together, each once."""
    groups: dict[tuple[str, str], list[Spread]] = {}
    for chip in chips:
        for key, found in chip.spreads.items():
            groups.setdefault(key, []).extend(found)
    return {
        key: Number(
            "+".join(dict.fromkeys(spread.component for spread in found)) + f".{key[1]}",
            max(spread.factor for spread in found),
            found[0].source,
        )
        for key, found in groups.items()
    }


@dataclass(frozen=True, eq=False)
class Uncertain:
    """Draws of every metric of every chip.

    Attributes
    ----------
    chips : tuple of str
    numbers : dict of (source, quantity) to Number
        What was drawn.
    nominal : dict of str to list of float
        By metric, with the listed numbers, one per chip.
    draws : dict of str to float64[n_chips, n_draws]
        By metric; the same draw has the same errors on all chips.
    seed : int
    errors : dict of (source, quantity) to float64[n_draws]
        How far off each number is in each draw, in standard deviations.
    """

    chips: tuple[str, ...]
    numbers: dict[tuple[str, str], Number]
    nominal: dict[str, list[float]]
    draws: dict[str, Floats]
    seed: int
    errors: dict[tuple[str, str], Floats]

    def interval(self, metric: str, chip: int, level: float = 0.9) -> tuple[float, float]:
        """The middle `level` of the draws."""
        low, high = np.quantile(self.draws[metric][chip], [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def probability_of_less(self, metric: str, first: int, second: int) -> float:
        """How probable it is that the first chip needs less than the second; a draw with a tie counts half."""
        a, b = self.draws[metric][first], self.draws[metric][second]
        return float(np.mean((a < b) + 0.5 * (a == b)))

    def ranking_survives(self, metric: str) -> float:
        """In which share of the draws all chips keep the order of the listed numbers."""
        order = np.argsort(self.nominal[metric], kind="stable")
        ranked = self.draws[metric][order]
        return float(np.mean((ranked[1:] >= ranked[:-1]).all(axis=0)))


def propagate(chips: Sequence[Priced], n_draws: int, seed: int = 0) -> Uncertain:
    """Draw the numbers of the price lists and price every chip in each draw.

    Parameters
    ----------
    chips : sequence of Priced
        One or more, of different names.
    n_draws : int
        2 or more.
    seed : int
        Draws the errors.

    Raises
    ------
    ExploreError
        Too few or too many draws, no chip, or two chips of one name.
    TooLargeError
        There is no memory for the draws.

    Examples
    --------
    >>> import archsim
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_shape.yaml", ["timesteps=4", "samples=1", "batch=1"])
    >>> found = propagate([Priced("here", chip, archsim.simulate(chip, work))], 200)
    >>> low, high = found.interval("energy_pj", 0)
    >>> low < found.nominal["energy_pj"][0] < high
    True
    """
    if n_draws < 2:
        raise ExploreError(f"{n_draws} draws; error bars need 2 or more")
    names = tuple(chip.name for chip in chips)
    if not names or len(set(names)) < len(names):
        raise ExploreError(f"chips {', '.join(names) or NONE}: one or more are needed, each with its own name")
    numbers = numbers_of(chips)
    for chip in chips:
        chip.check_draws(n_draws, len(numbers))
    # a stream for each number, so that what else is on a chip does not change its draws
    errors = {key: _normal(seed, key, n_draws) for key in numbers}
    found = [chip.evaluate(errors, n_draws) for chip in chips]
    listed = [chip.evaluate({}, 1) for chip in chips]
    return Uncertain(
        names,
        numbers,
        {metric: [float(values[metric][0]) for values in listed] for metric in METRICS},
        {metric: np.stack([values[metric] for values in found]) for metric in METRICS},
        seed,
        errors,
    )


def _normal(seed: int, key: tuple[str, str], n_draws: int) -> Floats:
    words = [byte for text in key for byte in text.encode()]
    return np.random.default_rng([seed, *words]).standard_normal(n_draws)
