"""One configuration through the event simulation with both rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.errors import ArchsimError, EngineError, ExploreError
from archsim.mapping import map_workload
from archsim.metrics import Result
from archsim.simulate import simulate
from archsim.spec import Chip, load_chip
from archsim.study.factors import Configuration, chip_for
from archsim.study.mechanisms import area_parts, common_energy, energy_parts
from archsim.study.records import Parts, Row
from archsim.study.without import latency_parts, unsplit
from archsim.workload import Workload, load_workload


@dataclass(frozen=True)
class Files:
    """The two files of the base, and what is set in them.

    Parameters
    ----------
    chip, workload : Path
    for_chip, for_workload : tuple of str
        Assignments, as ``--set`` takes them.
    """

    chip: Path
    workload: Path
    for_chip: tuple[str, ...] = ()
    for_workload: tuple[str, ...] = ()

    def load(self, configuration: Configuration | None = None, rule: str = "bp") -> tuple[Chip, Workload]:
        """Chip and workload of a configuration, for a rule.

        Raises
        ------
        SpecError, WorkloadError
        """
        configuration = configuration or Configuration("base")
        on_chip = [*self.for_chip, *configuration.for_chip, *chip_for(rule)]
        return (
            load_chip(self.chip, on_chip),
            load_workload(self.workload, [*self.for_workload, *configuration.for_workload]),
        )


def price(files: Files, configuration: Configuration, seed: int) -> dict[str, Any]:
    """Energy, latency, area of one configuration with both rules, and by mechanism what differs.

    Returns
    -------
    dict
        `Row.to_dict`; or ``{"name", "settings", "why_not"}`` if the chip does not hold it, or its simulation does
        not finish.
    """
    try:
        return _row(files, configuration, seed).to_dict()
    except ArchsimError as error:  # goes back to another process: as words
        said = str(error).splitlines()[0].partition(" These wait")[0]
        return {"name": configuration.name, "settings": configuration.settings, "why_not": said}


def _row(files: Files, configuration: Configuration, seed: int) -> Row:
    runs: dict[str, Result] = {}
    for rule in ("bp", "dfa"):
        chip, work = files.load(configuration, rule)
        runs[rule] = simulate(chip, work, engine="compiled", seed=seed, phase="bp" if rule == "bp" else "dfa")
    return row_of(files, configuration, runs["bp"], runs["dfa"])


def row_of(files: Files, configuration: Configuration, bp: Result, dfa: Result) -> Row:
    """Two runs of a configuration compared."""
    chip, work = files.load(configuration, "bp")
    note = ""
    try:
        latency = latency_parts(bp, dfa, map_workload(chip, work, "bp"))
    except EngineError as error:
        latency, note = unsplit(bp, dfa, error)
    n = bp.n_samples
    parts = Parts(_each(energy_parts(bp, dfa), n), _each(latency, n), area_parts(bp, dfa))
    common = _each(common_energy(dfa), n)
    totals = _totals(bp, n), _totals(dfa, n)
    return Row(configuration.name, configuration.settings, *totals, parts, common, note)


def _each(parts: dict[str, float], n_samples: int) -> dict[str, float]:
    return {name: part / n_samples for name, part in parts.items()}


def _totals(result: Result, n_samples: int) -> dict[str, float]:
    return {
        "energy_pj": result.energy_pj / n_samples,
        "latency_ps": result.latency_ps / n_samples,
        "area_um2": result.area_um2,
    }


def rows_and_gaps(found: Sequence[dict[str, Any]]) -> tuple[list[Row], list[dict[str, Any]]]:
    """Which configurations were priced, and which could not be (why).

    Raises
    ------
    ExploreError
        The base could not be.
    """
    gaps = [record for record in found if "why_not" in record]
    if found and "why_not" in found[0]:
        raise ExploreError(f"the base configuration: {found[0]['why_not']}")
    return [Row.of(record) for record in found if "why_not" not in record], gaps
