"""What the prices of the wearable chip were and are, and what that does to DFA against BP.

Before: tests/chips/wearable_rram.yaml, the price list that the chip had until it was made of the library's parts.
"""

from __future__ import annotations

import archsim
from archsim.components.table import price_rows
from archsim.metrics import Result
from archsim.spec import Chip
from peers.compared import Compared, Line
from peers.runs import ROOT

FILES = ("tests/chips/wearable_rram.yaml", "arch_specs/wearable_rram.yaml")
WORK = ROOT / "workloads/watch_mlp.yaml"
ALL, ADDED = "other sources: see archsim components", "was left out"
ENERGY = {
    "crossbar": "a cell conducts for the on-time of a read, not for a cycle of 100 ns; word lines are charged",
    "adc": "converters of 5 bits in silicon and in models, not a regression alone",
    "sample_hold": "a capacitor of 10 fF",
    "drivers": "drivers and input registers are parts of their own",
    "write_circuits": "pulses of 3 to 4 V and 100 to 500 µA as in silicon, several for each cell",
    "tile_bus": "wires of the floor plan's length",
    "interconnect": "a router of its own for each tile in 22 nm; PUMA's served four tiles in 32 nm",
    "gradient_unit": "products are the multiplier's",
}
AREA = {
    "crossbar": "0.0486 µm² a cell as in silicon, not a model's 48 F²",
    "adc": "shared by 8 columns and made for it; the regression is of converters that stand alone",
    "sample_hold": "a capacitor of 10 fF, which ISAAC's area cannot hold",
    "write_circuits": "level shifters, column drivers and multiplexers are parts of their own",
    "tile_bus": "wires of the floor plan's length",
    "interconnect": "a router of its own for each tile in 22 nm; PUMA's served four tiles in 32 nm",
}
LEAKAGE = {"adc": "a stopped converter does not leak a fifth of its power at full rate"}
LOW = "low-leakage process at 300 K; was not charged, or that of 360 K"
BUFFERS = {
    *("input_buffer", "output_buffer", "membrane_buffer", "history_buffer", "gradient_buffer", "global_buffer"),
}
REASONS = {
    "energy_pj": (ENERGY, dict.fromkeys(BUFFERS, "CACTI's laws for the width that is read"), ALL),
    "area_um2": (AREA, dict.fromkeys(BUFFERS, "exactly the size that is needed, in banks"), ALL),
    "leakage_uw": (LEAKAGE, {}, LOW),
}
TOTALS = {"energy": ("energy_pj", "µJ"), "latency": ("latency_ps", "µs"), "area": ("area_um2", "mm²")}
RUN = "the prices above together"


def line(name: str, component: str, quantity: str, figures: tuple[float, float | None], unit: str) -> Line:
    """Figures of now and of before, and why they differ."""
    own, of_buffers, otherwise = REASONS[quantity]
    now, before = figures
    why = ADDED if before is None else own.get(component, of_buffers.get(component, otherwise))
    return Line(name, now, before or 0.0, unit, why)


def part_lines(chips: list[Chip], quantity: str, unit: str) -> list[Line]:
    """Area or leakage of one instance of every part."""
    old, new = ({row["component"]: row[quantity] for row in price_rows(chip)} for chip in chips)
    return [line(name, name, quantity, (value, old.get(name)), unit) for name, value in new.items()]


def energy_lines(chips: list[Chip]) -> list[Line]:
    """Energy of every action, by whom it is charged to."""
    old, new = (_energies(chip) for chip in chips)
    return [
        line(f"{part}: {action}, per {per}", part, "energy_pj", (pj, old.get((part, action, per))), "pJ")
        for (part, action, per), pj in new.items()
    ]


def _energies(chip: Chip) -> dict[tuple[str, str, str], float]:
    return {
        (row["component"], action["name"].split("@")[0], action["per"]): action["energy_pj"]
        for row in price_rows(chip)
        for action in row["actions"]
    }


def runs(chip: Chip) -> dict[str, Result]:
    """The watch's network in each phase."""
    work = archsim.load_workload(WORK)
    return {phase: archsim.simulate(chip, work, "compiled", phase=phase) for phase in work.phases}


def run_lines(chips: list[Chip]) -> list[Line]:
    """Energy and time of each phase, and DFA's share of BP's."""
    old, new = (runs(chip) for chip in chips)
    lines = []
    for phase in old:
        for what, (of, unit) in TOTALS.items():
            figures = [getattr(one[phase], of) / 1e6 for one in (new, old)]
            lines.append(Line(f"{phase}: {what}", *figures, unit, RUN))
    for what, (of, _) in TOTALS.items():
        saved = [100 * (1 - getattr(one["dfa"], of) / getattr(one["bp"], of)) for one in (new, old)]
        lines.append(Line(f"DFA saves of BP's {what}", *saved, "%", RUN))
    return lines


def compared() -> Compared:
    """Parts and runs."""
    chips = [archsim.load_chip(ROOT / file) for file in FILES]
    parts = [
        ("Energy of an action", energy_lines(chips)),
        ("Area of one", part_lines(chips, "area_um2", "µm²")),
        ("Leakage of one", part_lines(chips, "leakage_uw", "µW")),
        ("Runs of watch_mlp", run_lines(chips)),
    ]
    return Compared("prices", "prices of the wearable chip", "before", parts, heads=("before", "now"))
