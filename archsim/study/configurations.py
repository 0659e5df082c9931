"""Configurations of a study: settings around a base, each as assignments to the two files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.explore.identity import model_version
from archsim.registry import RULES as ALL_RULES
from archsim.spec import Chip, load_chip
from archsim.units import file_data
from archsim.workload import Workload, load_workload

BASE = "base"
RULES = ("bp", "dfa")
"""The rules of `archsim study dfa-vs-bp`."""
Setting = float | int | str
Assignments = tuple[str, ...]


@dataclass(frozen=True)
class Configuration:
    """One chip with one workload, as what it sets besides the base.

    Parameters
    ----------
    name : str
        "base", or ``factor=setting`` for all that differs, with commas between.
    settings : dict of str to number or str
        What differs from the base, by factor.
    for_chip, for_workload : tuple of str
        Assignments to the two files, as ``--set`` takes them.
    """

    name: str
    settings: dict[str, Setting] = field(default_factory=dict)
    for_chip: Assignments = ()
    for_workload: Assignments = ()

    @staticmethod
    def crossed(parts: Sequence[Configuration]) -> Configuration:
        """All of them at once.

        Examples
        --------
        >>> deep, long = Configuration("depth=4", {"depth": 4}), Configuration("timesteps=64", {"timesteps": 64})
        >>> Configuration.crossed([deep, long]).name
        'depth=4, timesteps=64'
        """
        return Configuration(
            ", ".join(part.name for part in parts),
            {key: value for part in parts for key, value in part.settings.items()},
            tuple(item for part in parts for item in part.for_chip),
            tuple(item for part in parts for item in part.for_workload),
        )


UNCHANGED = Configuration(BASE)
"""The base itself."""


@dataclass(frozen=True)
class Factor:
    """A varied factor and its settings in order; one of them is the base's.

    Parameters
    ----------
    name, title : str
        For tables; for people.
    base : number or str
        The setting of the base.
    configurations : tuple of Configuration
        Of every other setting.
    """

    name: str
    title: str
    base: Setting
    configurations: tuple[Configuration, ...]

    @staticmethod
    def of(
        name: str, title: str, base: Setting, choices: Mapping[Setting, tuple[Assignments, Assignments]]
    ) -> Factor:
        """A factor of all choices but the base's; each choice says what it assigns to chip and workload."""
        made = [Configuration(f"{name}={s}", {name: s}, *given) for s, given in choices.items() if s != base]
        return Factor(name, title, base, tuple(made))

    @property
    def is_number(self) -> bool:
        """Whether its settings have an order in which figures can be interpolated."""
        return not isinstance(self.base, str)

    def settings(self) -> list[Setting]:
        """All settings, the base's too; numbers in order.

        Examples
        --------
        >>> Factor.of("batch", "", 2, {1: ((), ("batch=1",)), 2: ((), ())}).settings()
        [1, 2]
        """
        found = [self.base, *(c.settings[self.name] for c in self.configurations)]
        return sorted(found, key=float) if self.is_number else found

    def name_of(self, setting: Setting) -> str:
        """Name of the configuration with this setting."""
        return BASE if setting == self.base else f"{self.name}={setting}"


def chip_for(rule: str) -> Assignments:
    """Parts that a chip for a rule lacks: one that reads no weights backwards needs nothing that is transposed."""
    if ALL_RULES[rule].reads_transposed:
        return ()
    return ("crossbar.transpose=none", "execution.feedback=copy", "tile.transposer=null")


@dataclass(frozen=True)
class Base:
    """The two files that a study starts from, and what is set in them.

    Parameters
    ----------
    chip, workload : Path
    for_chip, for_workload : tuple of str
        Assignments, as ``--set`` takes them.
    """

    chip: Path
    workload: Path
    for_chip: Assignments = ()
    for_workload: Assignments = ()

    def load(self, configuration: Configuration = UNCHANGED, rule: str = "bp") -> tuple[Chip, Workload]:
        """Chip and workload of a configuration, for a rule.

        Raises
        ------
        SpecError, WorkloadError
        """
        on_chip = [*self.for_chip, *configuration.for_chip, *chip_for(rule)]
        return (
            load_chip(self.chip, on_chip),
            load_workload(self.workload, [*self.for_workload, *configuration.for_workload]),
        )

    def with_workload(self, *assignments: str) -> Base:
        """The same with more assignments to the workload."""
        return Base(self.chip, self.workload, self.for_chip, (*self.for_workload, *assignments))


def inputs_of(base: Base, configuration: Configuration = UNCHANGED, **more: object) -> dict[str, Any]:
    """All that the outcome of a configuration depends on, for `Job.made_from`: both chips, workload, version."""
    (for_bp, work), (for_dfa, _) = (base.load(configuration, rule) for rule in RULES)
    chips = {"bp": file_data(for_bp), "dfa": file_data(for_dfa)}
    name = configuration.name
    return {"name": name, "chips": chips, "workload": work.described, "model": model_version(), **more}
