"""Runs of a design and of what becomes of it; the activity is measured once for each workload."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import cast

from archsim.advise.design import Design
from archsim.advise.goal import SHORT, Budget, broken
from archsim.advise.move import Given, Move, Sets
from archsim.advise.outcome import DELTAS, Outcome
from archsim.errors import ArchsimError, UnusualWarning
from archsim.explore.measures import measure_result
from archsim.metrics import Result
from archsim.prepare import prepare
from archsim.simulate import played
from archsim.snn import Activity, measure
from archsim.workload import Phase, Workload


class Runs:
    """Simulates variants of a design.

    Parameters
    ----------
    design, phase, seed, goal, budgets, max_memory_bytes
        As in :class:`archsim.advise.advise.Asked`.

    Attributes
    ----------
    given : Given
    base : Result
        The design as it is.
    figures : dict of str to float
        Its metrics: those that are told, the goal, and those that have a budget.
    """

    def __init__(
        self, design: Design, phase: Phase | None, seed: int, goal: str, budgets: Sequence[Budget],
        max_memory_bytes: int | None,
    ) -> None:  # fmt: skip
        self.design, self.seed, self.budgets, self.max_memory_bytes = design, seed, budgets, max_memory_bytes
        self._metrics = tuple(dict.fromkeys([*DELTAS.values(), SHORT["edp"], goal, *(b.metric for b in budgets)]))
        self._measured: list[tuple[Workload, tuple[Workload, Activity]]] = []
        chip, work = design.changed(())
        self.given = Given(chip, work, phase or work.phases[0])
        self.base = self._run(())
        self.figures = measure_result(self.base, self._metrics)

    def outcome(self, kinds: Sequence[type[Move]], sets: Sets) -> Outcome:
        """The figures with some assignments, or why there are none."""
        names, title = tuple(kind.kind for kind in kinds), " + ".join(kind.title for kind in kinds)
        try:
            result = self._run(sets)
        except ArchsimError as error:
            return Outcome(names, title, sets, {}, refused=_in_a_line(error))
        figures = measure_result(result, self._metrics)
        notes = [note for kind in kinds for note in kind.notes(self.given.chip, sets)]
        notes += cast("list[str]", result.provenance.get("unusual", []))
        touches = "; ".join(filter(None, (kind.touches(sets) for kind in kinds)))
        over = tuple(broken(self.budgets, figures))
        return Outcome(names, title, sets, figures, over, notes=tuple(notes), touches=touches)

    def _run(self, sets: Sets) -> Result:
        chip, work = self.design.changed(sets)
        with warnings.catch_warnings():  # told by a note of the outcome
            warnings.simplefilter("ignore", UnusualWarning)
            ready = prepare(chip, work, self.seed, self.given.phase, self.max_memory_bytes, self._measure)
            return played(ready, "compiled")

    def _measure(self, work: Workload, seed: int) -> tuple[Workload, Activity]:
        """As `archsim.snn.measure`, each workload once: most moves leave it as it is."""
        for known, found in self._measured:
            if known is work:
                return found
        found = measure(work, seed)
        self._measured.append((work, found))
        return found


def _in_a_line(error: ArchsimError) -> str:
    lines = str(error).splitlines()
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return lines[0].partition(" These wait")[0] + more
