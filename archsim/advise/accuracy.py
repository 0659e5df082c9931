"""Accuracies beside advice: each design that computes other numbers learns on its own arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from archsim.advise.design import Design
from archsim.advise.move import Sets
from archsim.advise.outcome import Outcome
from archsim.errors import ArchsimError, WorkloadError
from archsim.explore.models import RULE_OF_INFERENCE
from archsim.registry import RULES
from archsim.workload import Phase, Workload


class Accuracy(NamedTuple):
    """Of the design as it is.

    Attributes
    ----------
    value : float
        A fraction of the test windows.
    rule : str
    when : {"before", "after"}
        The adaptation on the chip by this rule: after it where a rule's phase is advised on, else before it, of
        the network as it was programmed.
    """

    value: float
    rule: str
    when: str


class Accuracies:
    """Finds them, with one seed; networks are trained before the chip once.

    Parameters
    ----------
    design : Design
    phase : str
    seed : int
    cache : Path
        A folder for trained networks.
    """

    def __init__(self, design: Design, phase: Phase, seed: int, cache: Path) -> None:
        self.design, self.seed, self.cache = design, seed, cache
        self.rule = phase if phase in RULES else RULE_OF_INFERENCE
        self.when = "after" if phase in RULES else "before"
        self.base = Accuracy(self._of(()), self.rule, self.when)

    def told(self, one: Outcome) -> Outcome:
        """An outcome with its accuracy, where that can be another one than the base's."""
        if not one.touches:
            return one
        try:
            return replace(one, accuracy=self._of(one.sets))
        except ArchsimError as error:
            return replace(one, notes=(*one.notes, f"no accuracy: {str(error).splitlines()[0]}"))

    def _of(self, sets: Sets) -> float:
        from archsim.learn.pretrained import accuracies

        chip, work = self.design.changed(sets)
        return float(accuracies(chip, work, self.rule, self.seed, self.cache)[self.when])


def check_learns(work: Workload) -> None:
    """WorkloadError where a workload does not say what is learned, and from which data."""
    learning = work.described.get("learning")
    said = learning if isinstance(learning, dict) else {}
    missing = [f"learning.{part}" for part in ("data", "pretrain", "adapt") if not said.get(part)]
    if missing:
        raise WorkloadError(
            f"{work.name}: accuracy needs {', '.join(missing)}, as the workload watch_adapt says it; without, "
            "leave --accuracy out"
        )
