"""Names that archsim takes for itself, in one place; no layer may have one.

A layer's name stands beside these in breakdowns, pictures, reports and files of activity; one that looks the same
would be added to them.
"""

from __future__ import annotations

from typing import Any, Final

INPUT: Final = "input"
"""The network's own input, wherever a source of spikes is named."""

COPY: Final = ".copy"
"""After a layer's name: its second set of arrays, with the transposed weights."""

RECURRENT: Final = ".recurrent"
"""After a layer's name: the weights of its own output."""

FEEDBACK: Final = ".feedback"
"""After a layer's name: a fixed matrix of a learning rule."""

LEAKAGE: Final = "(leakage)"
NONE: Final = "(none)"
UNUSED: Final = "(unused)"
SHARED: Final = "(shared)"
CONTROL: Final = "(control)"
NOT_FOLLOWED: Final = "(not followed)"
NAMELESS: Final = "(no name)"
"""Accounts of what belongs to no layer, stage or action. All have parentheses, and only they may have them."""

ENGINES: Final = ("simpy", "heap", "compiled")
"""`simpy` is the meaning; the others give the same trace, faster."""

POLICIES: Final = ("fifo", "static")
"""Order of service at a resource: first come, first served; or by task id, which is program order."""

BREAKDOWNS: Final = ("component", "layer", "stage", "action")
"""By what a result splits its totals into parts."""


def why_reserved(name: str) -> str | None:
    """Why a layer cannot have this name; None if it can.

    Examples
    --------
    >>> why_reserved("fc1"), why_reserved("input"), why_reserved("(leakage)")
    (None, "the name of the network's own input", "archsim's own accounts, as (leakage), have parentheses")
    >>> why_reserved("fc1.copy")
    "'.copy', '.recurrent' and '.feedback' mark further arrays of a layer"
    """
    if name == INPUT:
        return "the name of the network's own input"
    if name.startswith("(") and name.endswith(")"):
        return f"archsim's own accounts, as {LEAKAGE}, have parentheses"
    if name.endswith((COPY, RECURRENT, FEEDBACK)):
        return f"{COPY!r}, {RECURRENT!r} and {FEEDBACK!r} mark further arrays of a layer"
    return None


def one_line(name: str) -> str:
    """The name of a chip or workload as it is; ValueError if it has several lines, which would pass for more.

    Examples
    --------
    >>> one_line("wearable_rram")
    'wearable_rram'
    """
    if len(name.splitlines()) > 1 or name != name.strip("\r\n"):
        raise ValueError("must be one line")
    return name


def with_stages(record: Any) -> Any:
    """A saved record in which a breakdown by phase, as versions before wrote it, is one by stage.

    Examples
    --------
    >>> with_stages({"name": "a", "breakdown": {"layer": {}, "phase": {}}})
    {'name': 'a', 'breakdown': {'layer': {}, 'stage': {}}}
    """
    found = record.get("breakdown") if isinstance(record, dict) else None
    if not isinstance(found, dict) or "phase" not in found:
        return record
    return {**record, "breakdown": {"stage" if by == "phase" else by: parts for by, parts in found.items()}}
