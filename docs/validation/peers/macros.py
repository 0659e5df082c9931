"""RRAM macros and chips in silicon: the bands of section 4 of ``prices.md`` (its sources stand beside each band).

The chip that ships is asked, without any change for a band. Where it lies outside, `WHY` says why; a line outside
without an entry there stops `make validate`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import archsim
from archsim.lowering.one_read import price_one_read
from archsim.metrics import Result
from archsim.spec import Chip
from peers.compared import Compared, Line
from peers.runs import ROOT, dense, run

CHIP = ROOT / "arch_specs/wearable_rram.yaml"
WORK = ROOT / "workloads/watch_mlp.yaml"
N_STEPS = 16
SHORT = [f"timesteps={N_STEPS}", "samples=1", "batch=1"]
BUSY = "activity={kind: constant, input: 1.0, default: 1.0}"
SHARES = {"converters": (40, 75), "cells and word lines": (5, 45), "digital rest": (10, 25)}
QUIET = "activity={kind: constant, input: 0.1, default: 0.1}"
WHY = {
    "a synaptic operation, a tenth of the rows": (
        "every column is converted, however few rows are active, and a weight takes four columns (two cells and "
        "their twins of the other sign); the band's own 0.08 pJ is for two"
    ),
    "area of an array": (
        "two banks of 10 fF sample-and-holds, registers of inputs and sums and a controller stand at each array; "
        "NeuroSim's has none of them"
    ),
    "control, half of the rows": (
        "the rule is PUMA's, whose instruction memory takes six times its control unit; the controller here is "
        "hard-wired and has none"
    ),
    "idle, nothing gated": (
        "converters, controllers and routers are more than half of it: EMBER's figure leaves its digital "
        "controller out and gates the supplies of writing, NeuroSim's converters leak nothing"
    ),
    "the whole chip idle": "a SoC that sleeps has most of its supplies gated; here nothing is",
}
"""By line: why the chip lies outside of the band."""


def band(what: str, ours: float, low: float, high: float, unit: str, silicon: str) -> Line:
    """A figure beside what silicon has."""
    return Line(f"{what} ({silicon})", ours, unit=unit, low=low, high=high, why=WHY.get(what, ""))


def simulated(activity: str) -> Result:
    """The watch's network at a given activity."""
    work = archsim.load_workload(WORK, [*SHORT, activity])
    return archsim.simulate(archsim.load_chip(CHIP), work, "compiled", phase="inference")


def reads() -> list[Line]:
    """One array, one bit of input: 128 rows, as many weights as it holds."""
    chip = archsim.load_chip(CHIP)
    rows, weights = chip.crossbar.n_rows, chip.crossbar.n_weights_per_row
    full, half, tenth = (price_one_read(chip, n) for n in (rows, rows // 2, rows // 10))
    spent, total = half.energy_pj, half.energy_pj["total"]
    share = {"converters": spent["adc"] + spent.get("sample_hold", 0), "cells and word lines": spent["crossbar"]}
    share["digital rest"] = total - sum(share.values())
    control = spent["array_control"]
    weight_bits = (chip.device.n_levels - 1).bit_length() * chip.crossbar.n_cells_per_weight
    wide = 8 * 8 / weight_bits  # products of 1-bit inputs with a weight of the chip in one of 8 x 8 bits
    per_event = tenth.energy_pj["total"] / (rows // 10 * weights)
    made = run("wearable_rram", {**dense(rows, weights, 1), "timesteps": 4})
    read_ps = int(made.graph.occupancy_ps[made.tasks("read")].max())
    convert_ps = int(made.graph.occupancy_ps[made.tasks("convert")].max())
    ops = 2 * rows * weights
    return [
        band("1-bit inputs, all rows active", ops / full.energy_pj["total"], 20, 200, "TOPS/W",
             "22 nm 121, 146, 194; 40 nm 45-118; 130 nm 43-78"),
        band("8-bit inputs x 8-bit weights", ops / (wide * total), 6, 80, "TOPS/W",
             "22 nm 11.9, 15.6, 21.6; NeuRRAM 6.4"),
        band("a synaptic operation, a tenth of the rows", per_event, 0.01, 0.1, "pJ", "macro, event-driven"),
        band("one read", read_ps / 1e3, 5, 20, "ns", "22 nm 5-18 ns"),
        band("area efficiency, 8-bit inputs x 8-bit weights",
             ops / (wide * max(read_ps, convert_ps) * full.area_um2["total"] * 1e-6), 0.1, 3, "TOPS/mm²",
             "8 x 8 bits: 130 nm 1.16, 14 nm 1.59; 28 nm, normalised, 2.82"),
        band("area of an array", full.area_um2["total"], 7000, 20000, "µm²", "NeuroSim, NeuRRAM"),
        *(
            band(f"{part}, half of the rows", 100 * pj / total, *SHARES[part], "%", "share of the read energy")
            for part, pj in share.items()
        ),
        band("control, half of the rows", 100 * control / (total - control), 20 / 2.4, 20 * 2.4, "%",
             "20 % of the core's other dynamic energy, x/÷ 2.4"),
    ]  # fmt: skip


def chip_lines() -> list[Line]:
    """The whole chip: busy, at a tenth of activity, and idle."""
    busy, quiet = simulated(BUSY), simulated(QUIET)
    network = archsim.load_workload(WORK, SHORT).network
    n = _synapses(network) * N_STEPS
    leakage = sum(item.n * item.leakage_uw for item in quiet.items)
    return [
        band("whole chip, dense", 2 * n / busy.energy_pj, 10, 75, "TOPS/W", "14-75, processors to 251"),
        band("a synaptic operation of the chip, a tenth active", quiet.energy_pj / (0.1 * n), 0.05, 1.5, "pJ",
             "28 nm 1.25 pJ; 130 nm RRAM SNN 3.6 pJ per spike"),
        band("idle, nothing gated", leakage / (quiet.area_um2 * 1e-6), 5, 60, "µW/mm²",
             "EMBER 5.8; NeuroSim LSTP 13.8"),
        band("the whole chip idle", leakage, 2, 20, "µW", "nRF54L15 2.4-8.1 µW, whole SoC"),
    ]  # fmt: skip


def _synapses(network: Any) -> int:
    """Weights of dense layers."""
    shapes = [network.input_shape, *(layer.out_shape for layer in network.layers)]
    return int(sum(before[0] * after[0] for before, after in pairwise(shapes)))


def written(chip: Chip, n_cells: int) -> tuple[float, float]:
    """Time (ps) and energy (pJ) of a row of so many cells, pulses and verify reads, as an update writes it."""
    work = dense(chip.crossbar.n_rows, n_cells // chip.crossbar.n_columns_per_weight, 1, phases=["dfa"])
    made = run("wearable_rram", work, phase="dfa")
    tasks = np.concatenate([made.tasks("program"), made.tasks("verify")])
    of_a_cell = [made.lowered.actions[made.graph.action_names[a]] for a in made.graph.action[tasks]]
    spent_pj = made.graph.count[tasks] @ [sum(charge.energy_pj for charge in one.charges) for one in of_a_cell]
    return int(made.graph.occupancy_ps[tasks].sum()) / chip.crossbar.n_rows, float(spent_pj) / chip.crossbar.n_rows


def writes() -> list[Line]:
    """Writing with verify reads: each cell, a group of cells, an array."""
    chip = archsim.load_chip(CHIP)
    group_ps, _ = written(chip, chip.write.n_parallel_cells)
    row_ps, row_pj = written(chip, chip.crossbar.n_columns)
    array_pj = row_pj * chip.crossbar.n_rows
    return [
        band("a verified write of a cell", row_pj / chip.crossbar.n_columns / 1e3, 0.3, 0.5, "nJ",
             "EMBER 0.40, NeuRRAM 0.3, RADAR 0.37"),
        band("a group of cells", group_ps / 1e6, 4, 30, "µs", "EMBER 3.9 µs for 48 cells"),
        band("a whole array, time", row_ps * chip.crossbar.n_rows / 1e9, 0.5, 8, "ms", "128x128"),
        band("a whole array, energy", array_pj / 1e6, 5, 8.2, "µJ", "about 7 µJ: 0.3-0.5 nJ per cell"),
    ]  # fmt: skip


def compared() -> Compared:
    """All bands."""
    return Compared(
        "macros", "the wearable chip", "RRAM macros and chips in silicon (bands)",
        [("One array", reads()), ("The chip", chip_lines()), ("Writes", writes())],
        "silicon papers differ in normalisation and in what is counted: bands, not figures",
    )  # fmt: skip
