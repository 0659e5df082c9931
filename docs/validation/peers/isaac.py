"""ISAAC's closed form (Shafiee et al., ISCA 2016) and Table I, as transcribed in the reference folder."""

from __future__ import annotations

import numpy as np

from peers.compared import Compared, Line
from peers.runs import Run, dense, reference, run

CYCLE_PS = 100_000
TAKEN = {
    "one bank of sample-and-holds": ("sample_hold.banks=1", 32),
    "half of the ADC's rate": ("adc.rate=0.64 GS/s", 32),
    "a quarter of the ADC's rate": ("adc.rate=0.32 GS/s", 64),
    "one output register": ("shift_add.registers=1", 19),
}
"""What is taken away, and after how many cycles a product comes by counting the stage that is short."""
GROUPS = {
    "adc": "adc_8b_1p2GSps_x8",
    "drivers": "dac_1b_x1024",
    "crossbar": "array_128x128_2b_x8",
    "shift_add": "shift_add_x4",
    "sample_hold": "sample_hold_x1024",
}
NOT_ISAACS = {
    *("membrane_buffer", "history_buffer", "gradient_buffer", "global_buffer", "gradient_unit", "write_circuits"),
}
POWER = "ISAAC's powers are rounded to two digits in the table, energies of the chip file are derived from them"


def product(*taken: str, n_samples: int = 4) -> Run:
    """16-bit products of 128 inputs and 16 outputs."""
    return run("isaac_32nm", dense(128, 16, 16, samples=n_samples), *taken)


def interval_cycles(made: Run) -> float:
    """Between the outputs of one sample and the next."""
    ends = [made.trace.done_ps[made.tasks("emit", sample=s)].max() for s in range(made.work.n_samples)]
    return float(np.diff(ends).mean() / CYCLE_PS)


def compared() -> Compared:
    """Cycles, area and power."""
    one, table = product(n_samples=1), reference("component_costs.json")["isaac_32nm"]
    known = reference("known_answers.json")["isaac_pipeline"]
    cycles = [Line("one 16-bit product", one.latency_ps() / CYCLE_PS, known["latency_cycles"], "cycles")]
    cycles.append(Line("a product every", interval_cycles(product()), 16, "cycles"))
    cycles += [
        Line(f"a product every, with {less}", interval_cycles(product(key)), expected, "cycles")
        for less, (key, expected) in TAKEN.items()
    ]
    area = sum(a for name, a in one.area_um2().items() if name not in NOT_ISAACS) / 1e6
    spent, seconds = one.energy_pj(), 16 * CYCLE_PS * 1e-12
    power = [
        Line(f"{name} of a busy IMA", 8 * spent[name] * 1e-9 / seconds, table["ima"][group]["mW"], "mW", POWER)
        for name, group in GROUPS.items()
    ]
    size = Line("named parts of the chip", area, table["chip"]["mm2"], "mm²", "the same parts, summed")
    return Compared(
        "isaac", "ISAAC's pipeline, area and power", "its authors' closed form and Table I",
        [("Cycles", cycles), ("Area and power", [size, *power])],
        "cycles are exact; powers carry the rounding of the printed table",
    )  # fmt: skip
