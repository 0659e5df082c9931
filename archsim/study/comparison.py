"""One configuration through the event simulation with both rules, and what makes the difference."""

from __future__ import annotations

from collections import abc
from dataclasses import asdict, dataclass
from typing import Any

from archsim.errors import ArchsimError
from archsim.explore.jobs import in_words
from archsim.mapping import Mapping, map_workload
from archsim.metrics import Result
from archsim.simulate import simulate
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration, Setting
from archsim.whatif.mechanism_parts import common_energy, mechanisms

TOTALS = ("energy_pj", "latency_ps", "area_um2")


@dataclass(frozen=True)
class Comparison:
    """One configuration: what one adapted sample takes with each rule, and what makes the difference.

    Parameters
    ----------
    name : str
    settings : dict
        What differs from the base.
    bp, dfa : dict of str to float
        energy_pj and latency_ps per sample, area_um2.
    energy_saving_pct, area_saving_pct : float
        What DFA saves, in percent of BP's.
    speedup : float
        BP's latency over DFA's.
    parts : dict of str to dict of str to float
        By total and mechanism, what BP takes more than DFA; the parts of a total sum to the difference.
    common_energy_pj : dict of str to float
        Energy (pJ per sample) of what both rules do alike: "forward", "outer", "writes".
    note : str
        What is particular; else empty.
    """

    name: str
    settings: dict[str, Setting]
    bp: dict[str, float]
    dfa: dict[str, float]
    energy_saving_pct: float
    area_saving_pct: float
    speedup: float
    parts: dict[str, dict[str, float]]
    common_energy_pj: dict[str, float]
    note: str = ""

    def figure(self, name: str) -> float:
        """One of the three ratios, by name."""
        return float(getattr(self, name))

    def shares(self, total: str) -> dict[str, float]:
        """By mechanism, its part of the difference in percent of BP's total.

        Examples
        --------
        >>> parts = {"energy_pj": {"reads": 30.0, "feedback": -10.0}}
        >>> Comparison("base", {}, {"energy_pj": 100.0}, {}, 20.0, 0.0, 1.0, parts, {}).shares("energy_pj")
        {'reads': 30.0, 'feedback': -10.0}
        """
        return {name: 100 * part / self.bp[total] for name, part in self.parts[total].items()}


def compare(base: Base, configuration: Configuration = UNCHANGED, seed: int = 0) -> Comparison:
    """Simulate a configuration with BP and with DFA, and split the differences by mechanism.

    Raises
    ------
    ArchsimError
        A file is wrong, the chip does not hold the network, or a simulation does not finish.

    Examples
    --------
    >>> from pathlib import Path
    >>> small = Base(Path("arch_specs/wearable_rram.yaml"), Path("workloads/watch_mlp.yaml"), (), ("timesteps=2",))
    >>> found = compare(small.with_workload("samples=1", "batch=1"))
    >>> found.speedup > 1
    True
    """
    runs = {}
    for rule in RULES:
        chip, work = base.load(configuration, rule)
        runs[rule] = simulate(chip, work, engine="compiled", seed=seed, phase=rule)
    return comparison_of(base, configuration, runs["bp"], runs["dfa"])


def comparison_of(base: Base, configuration: Configuration, bp: Result, dfa: Result) -> Comparison:
    """Two runs of a configuration compared."""
    parts, note = mechanisms(bp, dfa, second_copy(map_workload(*base.load(configuration, "bp"), "bp")))
    of_bp, of_dfa = _totals(bp), _totals(dfa)
    return Comparison(
        configuration.name,
        configuration.settings,
        of_bp,
        of_dfa,
        energy_saving_pct=100 * (1 - of_dfa["energy_pj"] / of_bp["energy_pj"]),
        area_saving_pct=100 * (1 - of_dfa["area_um2"] / of_bp["area_um2"]),
        speedup=of_bp["latency_ps"] / of_dfa["latency_ps"],
        parts=parts,
        common_energy_pj={name: part / bp.n_samples for name, part in common_energy(dfa).items()},
        note=note,
    )


def second_copy(mapping: Mapping) -> set[str]:
    """Names of the arrays that hold the second, transposed copy of the weights."""
    return {
        f"tile[{block.tile}].pe[{block.pe}].crossbar[{block.crossbar}]"
        for plan in mapping.plans.values()
        for block in plan.copy
    }


def _totals(result: Result) -> dict[str, float]:
    return {
        "energy_pj": result.energy_pj / result.n_samples,
        "latency_ps": result.latency_ps / result.n_samples,
        "area_um2": result.area_um2,
    }


def compared(base: Base, configuration: Configuration, seed: int) -> dict[str, Any]:
    """`compare` as a job: the comparison as plain types; or ``name``, ``settings`` and ``why_not``."""
    try:
        return asdict(compare(base, configuration, seed))
    except ArchsimError as error:
        return {"name": configuration.name, "settings": configuration.settings, "why_not": in_words(error, 1)}


def comparisons_of(study: abc.Mapping[str, Any]) -> list[Comparison]:
    """The configurations of a study's record."""
    return [Comparison(**row) for row in study["configurations"]]
