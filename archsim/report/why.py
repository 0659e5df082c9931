"""Waits of a run and gains of changes, for a terminal; from the data of :mod:`archsim.whatif.explain`."""

from __future__ import annotations

from typing import Any

from archsim.report.summary import percent
from archsim.report.table import text_table
from archsim.units import format_quantity

Data = dict[str, Any]


def why_text(found: Data, top: int) -> str:
    """Breakdown of the makespan, waits by resource, and the slack; `top` lines in each table."""
    latency, free = found["latency_ps"], found["slack"]
    lines = [f"{found['name']}, {found['phase']}: {format_quantity(latency, 'time')} on the critical path"]
    for by, shares in found["critical_path"].items():
        lines += ["", text_table((by, "time", "share"), _share_rows(shares, top, latency))]
    total = found["waiting_ps"]
    return "\n".join([
        *lines,
        f"\nall tasks together waited {format_quantity(total, 'time')}; the most of it:",
        text_table(("waiting for", "while tasks ran on", "time", "share"), _pair_rows(found, top)),
        f"\n{free['n_tasks_without']} of {free['n_tasks']} tasks have no slack; "
        f"half of them have {format_quantity(free['median_ps'], 'time')} or more",
    ])  # fmt: skip


def _share_rows(shares: dict[str, int], top: int, whole: int) -> list[list[str]]:
    rows = list(shares.items())[:top]
    rest = list(shares.values())[top:]
    if rest:
        rows.append((f"{len(rest)} more", sum(rest)))
    return [[name, format_quantity(ps, "time"), percent(ps / whole)] for name, ps in rows]


def _pair_rows(found: Data, top: int) -> list[list[str]]:
    return [
        [
            pair["waiting_for"],
            pair["while_ran"],
            format_quantity(pair["wait_ps"], "time"),
            percent(pair["wait_ps"] / found["waiting_ps"]),
        ]
        for pair in found["blocking"]["kind"][:top]
    ]


def whatif_text(found: Data, top: int) -> str:
    """The first `top` changes as a table, and what must be known to read it."""
    base, changes = found["latency_ps"], found["changes"]
    shown, rest = changes[:top], changes[top:]
    lines = [
        f"{found['name']}, {found['phase']}: {format_quantity(base, 'time')}; with one thing changed:",
        text_table(("change", "latency", "gain", "in the same order"), [_row(base, change) for change in shown]),
    ]
    if rest:
        helps = sum((change["gain_ps"] or 0) > 0 for change in rest)
        lines.append(f"{len(rest)} more, {helps} of which help; --top shows more")
    if odd := [change["change"] for change in changes if change["is_anomaly"]]:
        lines.append(
            "note: who comes first changes so that these are slower, or stop; ranked by the same order instead: "
            + "; ".join(odd)
        )
    unseen = {kind: why for change in shown for kind, why in change["not_seen"].items()}
    return "\n".join([*lines, *(
        f"note: {kind} capacity: {why}, which the replay does not see; simulate again with --set"
        for kind, why in unseen.items()
    )])  # fmt: skip


def _row(base: int, change: Data) -> list[str]:
    """A change and what it brings: never 0 % where the replay does not see all that it does on the chip."""
    played, kept = change["latency_ps"], change["same_order_ps"]
    if change["not_seen"] and played == kept == base:
        return [change["change"], "not seen", "not seen", "not seen"]
    latency = "deadlock" if played is None else format_quantity(played, "time")
    return [change["change"], latency, _change(base, played), _change(base, kept)]


def _change(base: int, ps: int | None) -> str:
    """A gain as people write it: what becomes of the latency."""
    if ps is None or not base:
        return "-"
    share = 100 * (ps - base) / base
    return "0 %" if ps == base else f"{share:+.3g} %".replace("-", "−")
