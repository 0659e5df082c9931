"""Graphs that were played and verified: what is laid down once more, task by task, takes the same time again."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from archsim.components import Action
from archsim.engine import run_tasks
from archsim.engine.bounds import lower_bound
from archsim.lowering.lower import LaidDown, Lowered
from archsim.metrics.ledger import Groups
from archsim.verify import verify

N_KNOWN = 4096


@dataclass(frozen=True)
class Played:
    """What is the same for all configurations that lay down the same tasks.

    Parameters
    ----------
    groups : Groups
        Counts and busy times, without the group of each task.
    names : tuple of str
        Of the actions; those of another configuration may differ, in the same order.
    makespan_ps : int or None
        None where the lower bound was beyond what was asked for.
    least_ps : int
        The lower bound; 0 where it is not wanted.
    """

    groups: Groups
    names: tuple[str, ...]
    makespan_ps: int | None
    least_ps: int = 0

    def priced(self, actions: Mapping[str, Action], names: Sequence[str]) -> dict[str, Action]:
        """Actions of a configuration that has laid down the same, with its names, by those of this one."""
        return {mine: actions[its] for mine, its in zip(self.names, names, strict=True)}


@dataclass
class Runs:
    """Memory of the graphs that a worker has played."""

    _known: OrderedDict[bytes, Played] = field(default_factory=OrderedDict)

    def of(self, laid: LaidDown, most_ps: float = math.inf) -> Played:
        """Play and verify what has been laid down, if nothing equal to it was.

        Parameters
        ----------
        laid : LaidDown
        most_ps : float
            It is not played if it takes longer at best.

        Raises
        ------
        EngineError
            As `run_tasks` and `verify`.
        """
        digest = laid.digest()
        known = None if digest is None else self._known.get(digest)
        is_enough = known is not None and (most_ps == math.inf or known.least_ps > 0)
        if known is None or not is_enough or (known.makespan_ps is None and known.least_ps <= most_ps):
            known = _played(laid.lowered(), most_ps)
        if digest is not None:
            self._known[digest] = known
            self._known.move_to_end(digest)
            while len(self._known) > N_KNOWN:
                self._known.popitem(last=False)
        return known


def _played(lowered: Lowered, most_ps: float) -> Played:
    graph = lowered.graph
    groups = replace(Groups.of(graph, lowered.actions), of_task=np.zeros(0, np.int64))
    least = 0 if most_ps == math.inf else lower_bound(graph).makespan_ps
    if least > most_ps:
        return Played(groups, graph.action_names, None, least)
    trace = run_tasks(graph, engine="compiled")
    verify(graph, trace)
    return Played(groups, graph.action_names, trace.makespan_ps, least)
