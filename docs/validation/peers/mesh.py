"""BookSim2 (Jiang et al., ISPASS 2013), a cycle-accurate router simulator: the curves of benchmarks/noc.py.

Uniform traffic; the last rates of a curve lie at saturation, where a small difference of rate is a large one of
latency: there the difference in rate is told instead.
"""

from __future__ import annotations

from noc import BOOKSIM, measured, saturation
from noc_traffic import Router, mean_hops, zero_load_cycles

from archsim.interconnect import interconnect_of
from peers.compared import Compared, Line

WHY = {
    True: "chance of the packets, and who goes first of two that wait: BookSim takes turns, here it is the oldest",
    False: "near saturation: a small difference of rate is a large one of latency, and runs are short",
}


def curve(side: int, router: Router, n_flits: int) -> list[Line]:
    """Mean latency at every recorded rate below saturation, and the rate at which it has doubled."""
    known, ours = BOOKSIM[side, router, n_flits], measured(side, router, n_flits)
    empty = zero_load_cycles(mean_hops(interconnect_of("mesh", side * side)), router, n_flits)
    full = {name: saturation(found, 2 * empty) for name, found in (("theirs", known), ("ours", ours))}
    lines = [_line(rate, ours[rate], known[rate], full["theirs"]) for rate in known]
    if full["ours"] and full["theirs"]:
        lines.append(Line("latency doubles at", full["ours"], full["theirs"], "flits/node/cycle", WHY[True]))
    return lines


def _line(rate: float, ours: float, theirs: float, full: float | None) -> Line:
    """Within 3 % up to 60 % of saturation."""
    below = full is None or rate <= 0.6 * full
    why = WHY[below] if not below or abs(ours / theirs - 1) < 0.03 else ""
    return Line(f"{rate:.2f} flits/node/cycle", ours, theirs, "cycles", why)


def compared() -> Compared:
    """All curves."""
    parts = [
        (
            f"{side} x {side}, {router.n_virtual_channels} virtual channels of {router.buffer_flits} flits, "
            f"packets of {n_flits}", curve(side, router, n_flits),
        )
        for side, router, n_flits in BOOKSIM
    ]  # fmt: skip
    return Compared(
        "mesh", "messages on a mesh", "BookSim2", parts,
        "one allocator in place of a separable one with turns; beyond saturation latency is that of a finite run",
    )  # fmt: skip
