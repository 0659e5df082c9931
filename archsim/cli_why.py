"""The commands ``why`` and ``whatif``: what a run waited for, and what would help."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archsim.cli_inputs import load_both, progress, refuse_other_kind
from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.report import load_result, read_results, text_table
from archsim.report.summary import percent
from archsim.units import format_quantity

if TYPE_CHECKING:
    from archsim.metrics import Result
    from archsim.whatif import Outcome

N_PAIRS = 10


class Asked(NamedTuple):
    """What is explained: a saved result, or a chip and a workload that are simulated first."""

    item: Path
    workload: Path | None
    phase: str | None
    seed: int
    assignments: Sequence[str]


def result_of(asked: Asked) -> Result:
    """The run that is asked about.

    Raises
    ------
    ArchsimError
        The call fits neither a saved result nor a chip with its workload.
    """
    if asked.item.is_dir() or asked.item.suffix == ".json":
        return _saved(asked)
    if asked.workload is None:
        refuse_other_kind(asked.item, "chip", "; name a result folder, or a chip and a workload")
        raise ArchsimError(f"{asked.item}: is no result folder; name one, or a chip and a workload")
    from archsim.simulate import simulate

    chip, work = load_both(asked.item, asked.workload, asked.assignments)
    progress(f"simulating {chip.name} ...")
    return simulate(chip, work, "compiled", asked.seed, asked.phase)


def _saved(asked: Asked) -> Result:
    given = [*([str(asked.workload)] if asked.workload else []), *(f"--set {a}" for a in asked.assignments)]
    if given:
        raise ArchsimError(f"{given[0]}: {asked.item} is a saved result; leave it out, or name a chip file")
    phase = asked.phase or next(iter(read_results(asked.item).results), None)
    return load_result(asked.item, phase)


def why(asked: Asked, top: int, as_json: bool) -> None:
    """What the makespan was spent on, who waited for whom, where there is time to spare."""
    found = explain(result_of(asked), top)
    if as_json:
        say(json.dumps(found, indent=1, allow_nan=False))
        return
    latency = found["latency_ps"]
    say(f"{found['name']}, {found['phase']}: {format_quantity(latency, 'time')} on the critical path")
    for by, shares in found["critical_path"].items():
        rows = [
            [name, format_quantity(ps, "time"), percent(ps / latency)] for name, ps in list(shares.items())[:top]
        ]
        say("\n" + text_table((by, "time", "share"), rows + _rest(shares, top, latency)))
    total = found["waiting_ps"]
    say(f"\nall tasks together waited {format_quantity(total, 'time')}; the most of it:")
    rows = [
        [
            pair["waiting_for"],
            pair["while_ran"],
            format_quantity(pair["wait_ps"], "time"),
            percent(pair["wait_ps"] / total),
        ]
        for pair in found["blocking"]["kind"][:top]
    ]
    say(text_table(("waiting for", "while tasks ran on", "time", "share"), rows))
    free = found["slack"]
    say(
        f"\n{free['n_tasks_without']} of {free['n_tasks']} tasks have no slack; "
        f"half of them have {format_quantity(free['median_ps'], 'time')} or more"
    )


def _rest(shares: dict[str, int], top: int, whole: int) -> list[list[str]]:
    rest = list(shares.values())[top:]
    if not rest:
        return []
    return [[f"{len(rest)} more", format_quantity(sum(rest), "time"), percent(sum(rest) / whole)]]


def explain(result: Result, top: int = N_PAIRS) -> dict[str, Any]:
    """Everything that ``archsim why`` tells, as plain data; times in whole picoseconds."""
    import numpy as np

    from archsim.metrics import blocking, path_shares, waits
    from archsim.whatif import slack_ps

    graph, trace, actions = result.graph, result.trace, result.actions
    policy = result.policy
    found, slack = waits(graph, trace, policy), slack_ps(graph, trace, policy)
    shares = {
        by: path_shares(graph, result.path, by, actions)
        for by in ("component", "layer", "phase", "kind", "resource", "cause")
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


def whatif(asked: Asked, speedups: Sequence[str], capacities: Sequence[str], top: int, as_json: bool) -> None:
    """Every change alone, ranked by what it brings."""
    from archsim.whatif import Change, what_if

    changes = [Change.parse("speedup", text) for text in speedups]
    changes += [Change.parse("capacity", text) for text in capacities]
    result = result_of(asked)
    outcomes = what_if(
        result.graph, result.trace, changes or None, result.actions, result.policy,
        progress=lambda n, of: progress(f"change {n + 1} of {of} ...") if n % 10 == 0 else None,
    )  # fmt: skip
    if as_json:
        base = {"name": result.name, "phase": result.phase, "latency_ps": result.latency_ps}
        say(json.dumps({**base, "changes": [_record(outcome) for outcome in outcomes]}, indent=1, allow_nan=False))
        return
    say(
        f"{result.name}, {result.phase}: {format_quantity(result.latency_ps, 'time')}; with one thing changed:"
    )
    shown = outcomes if changes else outcomes[:top]
    say(text_table(("change", "latency", "gain", "in the same order"), [_row(o) for o in shown]))
    if len(outcomes) > len(shown):
        helps = sum((o.gain_ps or 0) > 0 for o in outcomes[len(shown) :])
        say(f"{len(outcomes) - len(shown)} more, {helps} of which help; --top shows more")
    odd = [str(outcome) for outcome in outcomes if outcome.is_anomaly]
    if odd:
        say(
            "note: who comes first changes so that these are slower, or stop; ranked by the same order instead: "
            + "; ".join(odd)
        )
    unseen = {kind: why for outcome in shown for kind, why in outcome.not_seen.items()}
    for kind, why in unseen.items():
        say(f"note: {kind} capacity: {why}, which the replay does not see; simulate again with --set")


def _row(outcome: Outcome) -> list[str]:
    """A change and what it brings: never 0 % where the replay does not see all that it does on the chip."""
    base, played, kept = outcome.base_ps, outcome.latency_ps, outcome.same_order_ps
    if outcome.not_seen and played == kept == base:
        return [str(outcome), "not seen", "not seen", "not seen"]
    return [str(outcome), _time(played), _change(base, played), _change(base, kept)]


def _time(ps: int | None) -> str:
    return "deadlock" if ps is None else format_quantity(ps, "time")


def _change(base: int, ps: int | None) -> str:
    """A gain as people write it: what becomes of the latency."""
    if ps is None or not base:
        return "-"
    share = 100 * (ps - base) / base
    return "0 %" if ps == base else f"{share:+.3g} %".replace("-", "−")


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
