"""Waits of a run and gains of changes, as plain data: what is printed, and what ``--json`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.metrics import blocking, path_shares, waits
from archsim.whatif.order import slack_ps
from archsim.whatif.rank import Outcome

if TYPE_CHECKING:
    from archsim.metrics import Result

N_PAIRS = 10


def explain(result: Result, top: int = N_PAIRS) -> dict[str, Any]:
    """Everything that ``archsim why`` tells, as plain data; times in whole picoseconds."""
    graph, trace, actions = result.graph, result.trace, result.actions
    policy = result.policy
    found, slack = waits(graph, trace, policy), slack_ps(graph, trace, policy)
    shares = {
        by: path_shares(graph, result.path, by, actions)
        for by in ("component", "layer", "stage", "kind", "resource", "cause")
    }
    return {
        "name": result.name,
        "phase": result.phase,
        "latency_ps": result.latency_ps,
        "critical_path": shares,
        "waiting_ps": int(found.wait_ps.sum()),
        "blocking": {
            by: [
                {"waiting_for" if by == "kind" else "waiting": who, "while_ran": ran, "wait_ps": ps}
                for who, ran, ps in blocking(graph, trace, found, by, actions).pairs()
            ]
            for by in ("kind", "layer")
        },
        "longest_waits": [
            {
                "task": task,
                "label": graph.label(task),
                "wait_ps": int(found.wait_ps[task]),
                "why": found.text(graph, task),
            }
            for task in np.argsort(-found.wait_ps, kind="stable")[:top].tolist()
            if found.wait_ps[task]
        ],
        "slack": {
            "n_tasks": graph.n_tasks,
            "n_tasks_without": int((slack == 0).sum()),
            "median_ps": int(np.median(slack)),
            "largest_ps": int(slack.max()),
        },
    }


def record(result: Result, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything that ``archsim whatif`` tells, as plain data; times in whole picoseconds."""
    base = {"name": result.name, "phase": result.phase, "latency_ps": result.latency_ps}
    return {**base, "changes": [_record(outcome) for outcome in outcomes]}


def _record(outcome: Outcome) -> dict[str, Any]:
    return {
        "change": str(outcome),
        "latency_ps": outcome.latency_ps,
        "same_order_ps": outcome.same_order_ps,
        "gain_ps": outcome.gain_ps,
        "gain_share": outcome.gain_ps / outcome.base_ps
        if outcome.gain_ps is not None and outcome.base_ps
        else None,
        "is_anomaly": outcome.is_anomaly,
        "not_seen": dict(outcome.not_seen),
    }
