"""NeuRRAM's measured rows beside archsim's, as Markdown tables.

    python benchmarks/neurram.py            prints the tables
    python benchmarks/neurram.py --write    puts them into docs/validation/neurram.md

Needs the recorded rows: the folder of ARCHSIM_REFERENCE, or ../shared beside the repository.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archsim.engine import run_tasks
from archsim.lowering import lower
from archsim.mapping import map_workload
from archsim.snn.measure import measure
from archsim.spec import load_chip
from archsim.workload import load_workload

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/validation/neurram.md"
BEGIN, END = "<!-- tables: python benchmarks/neurram.py --write -->", "<!-- end of tables -->"
N_CORES, N_OPS = 48, 256 * 128 * 2
SPLITS = "energy_fJ_per_MAC_two_phase"
PARTS = {"wl_switching": "drivers", "neuron_control": "adc", "input_pulses": "crossbar"}
FULL_CORE = """
version: 1
name: full_core
network: {{input: [256], layers: [{{name: fc, kind: dense, outputs: 128, neuron: {{kind: li, leak: 0.9}}}}]}}
timesteps: 1
input_resolution: {bits} bit
activity: {{kind: rates, input: 1.0, default: 1.0}}
phases: [inference]
"""


def product(in_bits: int, out_bits: int, one_phase: bool) -> tuple[int, dict[str, float]]:
    """Time (ps) from the first drive to the last merge of one full core, and energy (pJ) by component."""
    settings = [f"adc.resolution={out_bits} bit", f"drivers.max_cycles={1 if one_phase else 2}"]
    chip = load_chip(ROOT / "arch_specs/neurram_130nm.yaml", settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "full_core.yaml"
        path.write_text(FULL_CORE.format(bits=in_bits))
        work, activity = measure(load_workload(path), seed=0)
    lowered = lower(chip, work, map_workload(chip, work, "inference"), activity)
    graph = lowered.graph
    trace = run_tasks(graph, engine="heap")
    names = np.array([graph.action_names[a].split("@")[0] for a in graph.action])
    time_ps = int(trace.done_ps[names == "shift_add"].max() - trace.start_ps[names == "drive"].min())
    spent: dict[str, float] = {}
    for action, count in zip(graph.action, graph.count, strict=True):
        for charge in lowered.actions[graph.action_names[action]].charges:
            spent[charge.component] = spent.get(charge.component, 0.0) + int(count) * charge.energy_pj
    return time_ps, spent


def recorded(folder: Path | None = None) -> Mapping[str, Any]:
    """The measured rows."""
    folder = folder or Path(os.environ.get("ARCHSIM_REFERENCE", ROOT.parent / "shared"))
    content: Mapping[str, Any] = json.loads((folder / "reference/known_answers.json").read_text())["neurram"]
    return content


def lines(neurram: Mapping[str, Any]) -> Iterator[str]:
    """Time and throughput, the split of the energy, and the whole of it."""
    yield "| in, out (bit) | phases | formula (µs) | archsim (µs) | silicon (TOPS) | archsim (TOPS) | off by |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for row in neurram["rows"]:
        time_ps, _ = product(row["in_bits"], row["out_bits"], row["one_phase"])
        tops = N_OPS * N_CORES / time_ps
        phases = "one" if row["one_phase"] else "up to two"
        off = tops / row["TOPS_silicon"] - 1
        yield (
            f"| {row['in_bits']}, {row['out_bits']} | {phases} | {row['T_us']:g} | {time_ps * 1e-6:g} "
            f"| {row['TOPS_silicon']:.4f} | {tops:.4f} | {off:+.1%} |"
        )
    yield ""
    yield "| in, out (bit) | part | silicon (fJ per operation) | archsim | off by |"
    yield "|---|---|--:|--:|--:|"
    for key, split in neurram[SPLITS].items():
        out_bits, in_bits = (int(part.strip("outin")) for part in key.split("_"))
        _, spent = product(in_bits, out_bits, False)
        for part, component in PARTS.items():
            here = spent[component] * 1e3 / N_OPS
            yield (
                f"| {in_bits}, {out_bits} | {part.replace('_', ' ')} ({component}) | {split[part]:.3f} "
                f"| {here:.3f} | {here / split[part] - 1:+.1%} |"
            )
    yield ""
    yield from efficiency(neurram)


def efficiencies(neurram: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool, bool, float]]:
    """Every published row, whether it takes one phase, whether it is in the fit (bits and phases), TOPS/W here."""
    fitted = {tuple(int(part.strip("outin")) for part in key.split("_")) for key in neurram[SPLITS]}
    for row in neurram["rows"]:
        _, spent = product(row["in_bits"], row["out_bits"], row["one_phase"])
        here = N_OPS / sum(spent[component] for component in PARTS.values())
        one = row["one_phase"] or row["in_bits"] <= 4
        in_fit = (row["out_bits"], row["in_bits"]) in fitted and (row["in_bits"] <= 4 or not row["one_phase"])
        yield row, one, in_fit, here


def efficiency(neurram: Mapping[str, Any]) -> Iterator[str]:
    """Operations per joule of every published row, and whether its bits and phases are in the fit."""
    yield "| in, out (bit) | phases | in the fit | silicon (TOPS/W) | archsim (TOPS/W) | off by |"
    yield "|---|---|---|--:|--:|--:|"
    for row, one, in_fit, here in efficiencies(neurram):
        yield (
            f"| {row['in_bits']}, {row['out_bits']} | {'one' if one else 'two'} | {'yes' if in_fit else 'no'} "
            f"| {row['TOPS_W_silicon']:.2f} | {here:.2f} | {here / row['TOPS_W_silicon'] - 1:+.1%} |"
        )


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or write them into the page."""
    text = "\n".join(lines(recorded()))
    if "--write" not in arguments:
        print(text)
        return
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
