"""The figures of one run that fit on a line, and the tables made of such lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archsim.errors import ArchsimError
from archsim.units import format_quantity

Record = Mapping[str, Any]
"""A run as `Result.to_dict` gives it."""

RUN_COLUMNS = (
    "phase", "latency", "throughput", "energy", "per sample", "area", "average power", "peak power",
    "busiest resource",
)  # fmt: skip
COMPARED = ("latency", "energy", "area", "power")


@dataclass(frozen=True)
class Summary:
    """Totals of one run; `throughput_per_s` is infinite if the run took no time, a long run has no peak power."""

    name: str
    phase: str
    n_samples: int
    latency_ps: int
    throughput_per_s: float
    energy_pj: float
    area_um2: float
    average_power_uw: float
    peak_power_uw: float | None
    busiest: str
    busiest_utilisation: float

    @classmethod
    def of(cls, record: Record) -> Summary:
        """From what `Result.to_dict` gives.

        Raises
        ------
        ArchsimError
            Something is missing: the record is no result of archsim.
        """
        try:
            totals, busiest = record["totals"], record["busiest_resource"]
            throughput = totals["throughput_per_s"]
            return cls(
                name=str(record["name"]),
                phase=str(record["phase"]),
                n_samples=int(totals["n_samples"]),
                latency_ps=int(totals["latency_ps"]),
                throughput_per_s=math.inf if throughput is None else float(throughput),
                energy_pj=float(totals["energy_pj"]),
                area_um2=float(totals["area_um2"]),
                average_power_uw=float(totals["average_power_uw"]),
                peak_power_uw=None if totals["peak_power_uw"] is None else float(totals["peak_power_uw"]),
                busiest=str(busiest["name"]),
                busiest_utilisation=float(busiest["utilisation"]),
            )
        except (KeyError, TypeError, ValueError) as cause:
            raise ArchsimError(f"no result of archsim: {type(cause).__name__} at {cause}") from None

    @property
    def compared(self) -> dict[str, float]:
        """Figures that `compare` sets side by side, by the names in `COMPARED`."""
        figures = (self.latency_ps, self.energy_pj, self.area_um2, self.average_power_uw)
        return dict(zip(COMPARED, figures, strict=True))

    def row(self) -> list[str]:
        """The cells of `RUN_COLUMNS`."""
        return [
            self.phase,
            format_quantity(self.latency_ps, "time"),
            rate(self.throughput_per_s),
            format_quantity(self.energy_pj, "energy"),
            format_quantity(self.energy_pj / self.n_samples, "energy"),
            format_quantity(self.area_um2, "area"),
            format_quantity(self.average_power_uw, "power"),
            "-" if self.peak_power_uw is None else format_quantity(self.peak_power_uw, "power"),
            f"{self.busiest} ({percent(self.busiest_utilisation)})",
        ]


def rate(per_s: float) -> str:
    """A rate for people.

    Examples
    --------
    >>> rate(9738.4), rate(0.25), rate(2.5e6)
    ('9.738 k/s', '0.25 /s', '2.5 M/s')
    """
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_s >= factor and math.isfinite(per_s):
            return f"{per_s / factor:.4g} {prefix}/s"
    return f"{per_s:.4g} /s"


def percent(share: float) -> str:
    """A share for people.

    Examples
    --------
    >>> percent(0.4567), percent(0.00012)
    ('45.7 %', '0.012 %')
    """
    return f"{100 * share:.3g} %"


def ratio(value: float, base: float) -> str:
    """How many times the base a value is; "-" where the base is zero."""
    return f"{value / base:.3g}x" if base else "-"


def compare_rows(summaries: Sequence[Summary], bases: Sequence[Summary]) -> list[list[str]]:
    """Name, phase, then every compared figure with its ratio to the base of that line."""
    kinds = ("time", "energy", "area", "power")
    rows = []
    for item, base in zip(summaries, bases, strict=True):
        row = [item.name, item.phase]
        for kind, what in zip(kinds, COMPARED, strict=True):
            row += [format_quantity(item.compared[what], kind), ratio(item.compared[what], base.compared[what])]
        rows.append(row)
    return rows


def compare_columns() -> list[str]:
    """Titles of `compare_rows`."""
    return ["name", "phase", *(title for what in COMPARED for title in (what, "ratio"))]


def idle_line(record: Record, n: int = 4) -> str:
    """How much of the area holds nothing or is larger than what it holds, with its first `n` parts; "" if none is.

    Examples
    --------
    >>> parts = {"crossbar": {"area_um2": 800.0}, "input_buffer": {"area_um2": 200.0}}
    >>> idle = {"area_um2": 1000.0, "leakage_uw": 0.5, "components": parts}
    >>> idle_line({"phase": "bp", "totals": {"area_um2": 4000.0}, "idle": idle})
    'bp: 25 % of the area is idle, 1000 µm² that leak 500 nW: crossbar 80 %, input_buffer 20 %'
    """
    idle = record.get("idle") or {"area_um2": 0.0}
    whole = idle["area_um2"]
    if not whole:
        return ""
    parts = sorted(idle["components"].items(), key=lambda pair: -pair[1]["area_um2"])
    shown = [f"{name} {percent(part['area_um2'] / whole)}" for name, part in parts if part["area_um2"]]
    more = [f"{len(shown) - n} others"] if len(shown) > n + 1 else shown[n:]
    said = ", ".join([*shown[:n], *more])
    share, leakage = percent(whole / record["totals"]["area_um2"]), format_quantity(idle["leakage_uw"], "power")
    area = format_quantity(whole, "area")
    return f"{record['phase']}: {share} of the area is idle, {area} that leak {leakage}: {said}"


def link_lines(record: Record, n: int = 3) -> list[str]:
    """The most loaded links of a run, in words; none if no link carried anything.

    Examples
    --------
    >>> links = {"link[0 to 1]": {"busy_frac": 0.25, "flits": 40, "energy_pj": 103.7}}
    >>> link_lines({"phase": "inference", "links": links})
    ['inference: most loaded links: link[0 to 1] 25 % busy (40 flits)']
    """
    loads = sorted(record.get("links", {}).items(), key=lambda pair: (-pair[1]["busy_frac"], pair[0]))[:n]
    if not loads:
        return []
    said = ", ".join(f"{name} {percent(load['busy_frac'])} busy ({load['flits']} flits)" for name, load in loads)
    return [f"{record['phase']}: most loaded links: {said}"]


def write_lines(record: Record) -> list[str]:
    """The cells that a run wrote, in words; nothing of updates in which each cell takes one pulse.

    Examples
    --------
    >>> writes = {"cells": 1000, "pulses": 8500.0, "failed": 35.0, "pulses_per_cell": 8.5, "endurance_cycles": 1e4}
    >>> print(write_lines({"phase": "program", "provenance": {"writes": writes}})[0])
    program: 1000 cells written, 8.5 pulses each (0.085 % of their endurance); 35 (3.5 %) not at their target
    """
    writes = record.get("provenance", {}).get("writes")
    if not writes or (record["phase"] != "program" and writes["pulses"] == writes["cells"]):
        return []
    worn = ""
    if "endurance_cycles" in writes:
        worn = f" ({percent(writes['pulses_per_cell'] / writes['endurance_cycles'])} of their endurance)"
    each = writes["pulses_per_cell"]
    taken = "1 pulse" if each == 1 else f"{each:.3g} pulses"
    failed = f"{writes['failed']:.4g} ({percent(writes['failed'] / writes['cells'])}) not at their target"
    return [
        f"{record['phase']}: {writes['cells']} cells written, {taken} each{worn}"
        + (f"; {failed}" if writes["failed"] else "")
    ]
