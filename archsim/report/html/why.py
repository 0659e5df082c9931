"""The page's figures on the critical path, and on runs with one thing changed."""

from __future__ import annotations

from typing import Any

from archsim.metrics import Result
from archsim.whatif import what_if
from archsim.whatif.explain import explain, record

MOST_EXPLAINED = 200_000
"""Tasks; of more, `archsim why` tells it."""
MOST_PLAYED = 5_000
"""Tasks of a run that is played again for each of about a hundred changes; of more, `archsim whatif` does it."""
MOST_CHANGES = 40


def why(result: Result) -> dict[str, Any]:
    """Figures of `archsim why` and `archsim whatif`: ``why`` and ``changes``; None where they take too long."""
    n = result.graph.n_tasks
    return {
        "why": explain(result) if 0 < n <= MOST_EXPLAINED else None,
        "changes": _changes(result) if 0 < n <= MOST_PLAYED else None,
        "most": {"explained": MOST_EXPLAINED, "played": MOST_PLAYED},
    }


def _changes(result: Result) -> list[dict[str, Any]]:
    """Those that help most, first."""
    outcomes = what_if(result.graph, result.trace, None, result.actions, result.policy)
    found: list[dict[str, Any]] = record(result, outcomes)["changes"]
    return found[:MOST_CHANGES]
