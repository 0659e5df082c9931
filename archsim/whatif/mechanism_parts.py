"""Where a difference between BP and DFA comes from: energy and area from the counts and prices of two runs.

Every part is BP's less DFA's, so a negative one is what DFA takes more of. The parts sum to the difference.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from archsim.errors import EngineError
from archsim.metrics import Result, action_of_name
from archsim.whatif.mechanism_latency import latency_parts, mechanism_of

UW_PS_PER_PJ = 1e6

TITLES = {
    "transposed_reads": "transposed reads of BP",
    "feedback_reads": "feedback reads of DFA",
    "second_copy_writes": "writes of the second copy",
    "second_copy": "arrays of the second copy",
    "feedback_arrays": "feedback arrays of DFA",
    "forward_arrays": "forward arrays (converters on both sides)",
    "history": "history buffers",
    "error_traffic": "error transport, surrogate derivatives",
    "longer_run": "leakage of the longer run",
    "order": "order: gradients and writes wait for the backward pass",
    "forward": "forward pass (common, but for where arrays lie)",
    "outer": "outer products (common, but for the buffer they go to)",
    "tiles": "whole tiles: idle crossbars, links, units, other buffers",
    "rest": "all others",
}
"""How a mechanism reads in tables and pictures."""


def mechanisms(bp: Result, dfa: Result, second_copy: Collection[str]) -> tuple[dict[str, dict[str, float]], str]:
    """Share of each mechanism in the difference between a run with BP and one with DFA.

    Parameters
    ----------
    bp, dfa : Result
        The same network on the chips for either rule, as many samples.
    second_copy : collection of str
        Names of the arrays of BP's second copy.

    Returns
    -------
    parts : dict of str to dict of str to float
        By total ("energy_pj", "latency_ps" per sample; "area_um2") and mechanism, see `TITLES`; they sum to the
        difference of the totals.
    note : str
        Why the latency is not split, else empty.
    """
    note, n = "", bp.n_samples
    try:
        latency = latency_parts(bp, dfa, second_copy)
    except EngineError as error:
        latency, note = unsplit(bp, dfa, error)
    energy = {name: part / n for name, part in energy_parts(bp, dfa).items()}
    return {
        "energy_pj": energy,
        "latency_ps": {name: part / n for name, part in latency.items()},
        "area_um2": area_parts(bp, dfa),
    }, note


def unsplit(bp: Result, dfa: Result, error: EngineError) -> tuple[dict[str, float], str]:
    """Where a run without a mechanism's time cannot finish: the whole difference, and why."""
    first = str(error).splitlines()[0]
    return {"rest": float(bp.latency_ps - dfa.latency_ps)}, f"latency is not split: {first}"


def energy_groups(result: Result) -> dict[tuple[str, str], float]:
    """Dynamic energy (pJ) of a run by (stage, action)."""
    graph = result.graph
    n_stages = max(1, len(graph.stage_names))
    key = graph.action.astype(np.int64) * n_stages + graph.stage
    counts = np.zeros(len(graph.action_names) * n_stages)
    np.add.at(counts, key, graph.count.astype(np.float64))
    found: dict[tuple[str, str], float] = {}
    for index in np.flatnonzero(counts).tolist():
        name, stage = graph.action_names[index // n_stages], graph.stage_names[index % n_stages]
        key_of = stage, action_of_name(name)
        found[key_of] = found.get(key_of, 0.0) + float(counts[index]) * result.actions[name].energy_pj
    return found


def energy_parts(bp: Result, dfa: Result) -> dict[str, float]:
    """By mechanism, energy (pJ, all samples) that BP takes more than DFA.

    Leakage, power x time, has both factors differ: the mean power over the difference in time is "longer_run",
    the mean time over the difference in power goes to the history buffers, and for other parts to "rest".
    What rounding leaves is in "rest" too.
    """
    order = ("transposed_reads", "feedback_reads", "second_copy_writes", "history", "error_traffic", "longer_run")
    parts = dict.fromkeys((*order, "outer", "forward"), 0.0)
    for result, sign in ((bp, 1.0), (dfa, -1.0)):
        for (stage, action), energy in energy_groups(result).items():
            parts[mechanism_of(stage, action)] += sign * energy
    mean_time = (bp.latency_ps + dfa.latency_ps) / 2
    mean_power = (bp.leakage_uw + dfa.leakage_uw) / 2
    parts["longer_run"] += mean_power * (bp.latency_ps - dfa.latency_ps) / UW_PS_PER_PJ
    more_uw = _leakage_uw(bp, "history_buffer") - _leakage_uw(dfa, "history_buffer")
    parts["history"] += more_uw * mean_time / UW_PS_PER_PJ
    parts["rest"] = bp.energy_pj - dfa.energy_pj - sum(parts.values())
    return {name: float(part) for name, part in parts.items()}


def common_energy(dfa: Result) -> dict[str, float]:
    """Energy (pJ, all samples) of what both rules do alike, from DFA's run: it bounds what DFA can save."""
    groups = energy_groups(dfa)
    return {
        "forward": sum(e for (stage, action), e in groups.items() if mechanism_of(stage, action) == "forward"),
        "outer": sum(e for (stage, action), e in groups.items() if mechanism_of(stage, action) == "outer"),
        "writes": sum(e for (stage, _), e in groups.items() if stage == "update"),
    }


def _leakage_uw(result: Result, component: str) -> float:
    return sum(item.n * item.leakage_uw for item in result.items if item.component == component)


def area_parts(bp: Result, dfa: Result) -> dict[str, float]:
    """By mechanism, area (um2) that BP's chip takes more than DFA's.

    Arrays count with their converters and drivers. "tiles" is all that is left: crossbars of begun tiles that
    nothing lies on, write circuits, other buffers, and what stands once in each tile or on the chip.
    """
    of_bp, of_dfa = _areas(bp), _areas(dfa)
    parts = {name: of_bp[name] - of_dfa[name] for name in of_bp}
    parts["tiles"] = bp.area_um2 - dfa.area_um2 - sum(parts.values())
    return parts


def _areas(result: Result) -> dict[str, float]:
    return {
        "second_copy": _stage_area(result, "backward"),
        "feedback_arrays": _stage_area(result, "feedback"),
        "forward_arrays": _stage_area(result, "forward") - _shared_area(result),
        "history": sum(item.n * item.area_um2 for item in result.items if item.component == "history_buffer"),
    }


def _stage_area(result: Result, stage: str) -> float:
    parts = result.breakdown("stage")
    return parts[stage]["area_um2"] if stage in parts else 0.0


def _shared_area(result: Result) -> float:
    """Area in tiles and on the chip that the breakdown by stage counts as the forward pass's."""
    elsewhere = {"history_buffer", "gradient_buffer", "gradient_unit", "write_circuits"}
    return sum(
        item.n * item.area_um2
        for item in result.items
        if item.where not in ("crossbar", "pe") and item.component not in elsewhere
    )
