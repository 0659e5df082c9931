"""SpikeSim's recorded runs beside archsim's, part by part, as Markdown tables.

    python benchmarks/spikesim.py            prints the tables
    python benchmarks/spikesim.py --write    puts them into docs/validation/spikesim.md

Needs the recorded runs: the folder of ARCHSIM_REFERENCE, or ../shared beside the repository.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.snn.measure import measure
from archsim.spec import load_chip
from archsim.workload import load_workload

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/validation/spikesim.md"
BEGIN, END = "<!-- tables: python benchmarks/spikesim.py --write -->", "<!-- end of tables -->"
N_BITS, N_TAPS, N_LAYERS_WITH_MEMORY = 22, 9, 5

# what SpikeSim calls it -> where archsim charges it
ENERGY_PARTS = {
    "tile buffer": "input_buffer",
    "H-tree": "tile_bus",
    "ADC and multiplexer": "adc",
    "crossbar": "crossbar",
    "neuron": "neuron_unit",
    "memory fetch": "membrane_buffer",
    "temporary buffer": "shift_add",
    "subtractor": "accumulator",
}
AREA_PARTS = {
    "H-tree": "tile_bus",
    "subtractor": "accumulator",
    "ADC and multiplexer": "adc",
    "tile buffer": "input_buffer",
    "crossbar": "crossbar",
    "temporary buffer": "tile_control",
    "neuron memory": "membrane_buffer",
}


@dataclass(frozen=True)
class Compared:
    """One recorded run: energy (pJ) and area (um2) of each part as SpikeSim and as archsim have it.

    `more_energy_pj`, `more_area_um2`: what archsim counts and SpikeSim does not. `n_pes`, `n_tiles` and
    `neuron_bits`: PEs and tiles in use, and bits that the potentials need, as archsim's mapping has them.
    """

    name: str
    energy_pj: dict[str, tuple[float, float]]
    area_um2: dict[str, tuple[float, float]]
    more_energy_pj: dict[str, float]
    more_area_um2: dict[str, float]
    n_pes: int
    n_tiles: int
    neuron_bits: int
    recorded: Mapping[str, Any]


def recorded(folder: Path | None = None) -> Mapping[str, Any]:
    """The constants and runs that were recorded from SpikeSim."""
    folder = folder or Path(os.environ.get("ARCHSIM_REFERENCE", ROOT.parent / "shared"))
    content: Mapping[str, Any] = json.loads((folder / "reference/spikesim.json").read_text())
    return content


def layers_of(inputs: Mapping[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    """Input channels, output channels, input and output extent of each layer."""
    keys = ("in_ch_list", "out_ch_list", "in_dim_list", "out_dim_list")
    yield from zip(*(inputs[key] for key in keys), strict=True)


def spikesim_energy_pj(inputs: Mapping[str, Any], pj: Mapping[str, float]) -> dict[str, float]:
    """SpikeSim's equation for the energy, taken apart."""
    x = inputs["xbar_size"]
    n = x // 8
    cycles = inputs["time_steps"] * sum(
        math.ceil(i / x) * math.ceil(o / x) * extent**2 for i, o, _, extent in layers_of(inputs)
    )
    per_cycle = {
        "tile buffer": pj["tile_buffer"],
        "H-tree": pj["htree"],
        "ADC and multiplexer": n * n * (pj["adc"] + pj["mux"]),
        "crossbar": n * inputs["kernel_size"] ** 2 * pj["crossbar_rram"],
        "neuron": pj["neuron"],
        "memory fetch": pj["memory_fetch"],
        "temporary buffer": n * pj["temp_buffer"],
        "subtractor": n * 16 * pj["subtractor"],
    }
    return {part: cycles * energy for part, energy in per_cycle.items()}


def spikesim_area_um2(inputs: Mapping[str, Any], um2: Mapping[str, float], n_tiles: int) -> dict[str, float]:
    """SpikeSim's equation for the area, taken apart; `n_tiles` as it reports them."""
    n, n_pes = inputs["xbar_size"] // 8, inputs["pe_per_tile"]
    layers = list(layers_of(inputs))
    values = sum(i * extent**2 for i, _, extent, _ in layers)
    values += sum(o * extent**2 for _, o, _, extent in layers[:N_LAYERS_WITH_MEMORY])
    per_tile = {
        "H-tree": um2["htree"],
        "subtractor": n * um2["subtractor"],
        "ADC and multiplexer": n_pes * n * (um2["adc"] + um2["mux"]),
        "tile buffer": um2["tile_buffer"],
        "crossbar": n_pes * inputs["kernel_size"] ** 2 * um2["crossbar_rram"],
        "temporary buffer": um2["temp_buffer"],
    }
    areas = {part: n_tiles * area for part, area in per_tile.items()}
    return {**areas, "neuron memory": N_BITS * values * um2["memory_bit_cell"]}


def workload_of(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded layers as a workload: a convolution before a pool has stride 2, as SpikeSim counts it."""
    layers = [
        {
            "name": f"conv{i + 1}",
            "kind": "conv2d",
            "channels": n_out,
            "kernel": inputs["kernel_size"],
            "padding": 1,
            "stride": extent_in // extent_out,
            "neuron": {"kind": "lif", "leak": 0.5},
        }
        for i, (_, n_out, extent_in, extent_out) in enumerate(layers_of(inputs))
    ]
    extent = inputs["in_dim_list"][0]
    return {
        "version": 1,
        "name": name,
        "network": {"input": [inputs["in_ch_list"][0], extent, extent], "layers": layers},
        "timesteps": inputs["time_steps"],
        "input_resolution": "1 bit",
        "activity": {"kind": "rates", "input": 0.1, "default": 0.1},
        "phases": ["inference"],
        "positions_per_burst": 16,
    }


def chip_settings(inputs: Mapping[str, Any]) -> list[str]:
    """What a recorded run changes on arch_specs/spikesim_65nm.yaml; widths are those of one PE's sums."""
    x = inputs["xbar_size"]
    return [
        f"crossbar.rows={x}",
        f"crossbar.columns={x}",
        f"tile.pes={inputs['pe_per_tile']}",
        f"tile.accumulator.lanes={x // 8}",
        f"tile.bus.width={N_BITS * x} bit",
        f"tile.input_buffer.width={N_BITS * x} bit",
    ]


def lowered_run(name: str, inputs: Mapping[str, Any]) -> Lowered:
    """The tasks of a recorded run on SpikeSim's chip."""
    chip = load_chip(ROOT / "arch_specs/spikesim_65nm.yaml", chip_settings(inputs))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(json.dumps(workload_of(name, inputs)))  # JSON is YAML
        work, activity = measure(load_workload(path), seed=0)
    return lower(chip, work, map_workload(chip, work, "inference"), activity)


def energy_by_component_pj(lowered: Lowered) -> dict[str, float]:
    """Counts times prices, without leakage (SpikeSim has none); moves between buffers of a tile apart."""
    graph, spent = lowered.graph, dict[str, float]()
    for action, count in zip(graph.action, graph.count, strict=True):
        name = graph.action_names[action]
        apart = " (moves)" if name.split("@")[0] == "move" else ""
        for charge in lowered.actions[name].charges:
            part = charge.component + apart
            spent[part] = spent.get(part, 0.0) + int(count) * charge.energy_pj
    return spent


def compare(run: Mapping[str, Any], constants: Mapping[str, Any]) -> Compared:
    """One recorded run, evaluated by both."""
    inputs, outputs = run["inputs"], run["outputs"]
    lowered = lowered_run(run["name"], inputs)
    spent = energy_by_component_pj(lowered)
    area = {item.component: item.n * item.area_um2 for item in lowered.parts.items()}
    theirs = spikesim_energy_pj(inputs, constants["energy_pj"])
    their_area = spikesim_area_um2(inputs, constants["area_um2"], int(outputs["num_tiles"]))
    neurons = sum(layer.n_neurons for layer in lowered.mapping.flow.network.layers)
    return Compared(
        name=run["name"],
        energy_pj={part: (theirs[part], spent[name]) for part, name in ENERGY_PARTS.items()},
        area_um2={part: (their_area[part], area[name]) for part, name in AREA_PARTS.items()},
        more_energy_pj={n: e for n, e in sorted(spent.items()) if n not in ENERGY_PARTS.values() and e},
        more_area_um2={n: a for n, a in sorted(area.items()) if n not in AREA_PARTS.values() and a},
        n_pes=lowered.mapping.n_crossbars // N_TAPS,
        n_tiles=lowered.mapping.n_tiles,
        neuron_bits=N_BITS * neurons,
        recorded=outputs,
    )


def table(title: str, unit: str, scale: float, parts: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    """Both figures and their ratio, one part per line."""
    yield f"| {title} | SpikeSim ({unit}) | archsim ({unit}) | ratio |"
    yield "|---|--:|--:|--:|"
    sums = tuple(sum(pair[i] for pair in parts.values()) for i in (0, 1))
    for part, (theirs, ours) in (*parts.items(), ("**sum**", sums)):
        yield f"| {part} | {theirs * scale:.6g} | {ours * scale:.6g} | {ours / theirs:.4f} |"
    yield ""


def more(title: str, unit: str, scale: float, parts: Mapping[str, float]) -> str:
    """What only archsim counts, in one line."""
    listed = ", ".join(f"{name} {value * scale:.4g}" for name, value in parts.items())
    return f"Only archsim counts ({title}, {unit}): {listed}.\n"


def lines(results: Sequence[Compared], constants: Mapping[str, Any]) -> Iterator[str]:
    """All tables."""
    for result in results:
        yield f"### {result.name}"
        yield ""
        yield (
            f"PEs: SpikeSim {result.recorded['num_pe']:g}, archsim {result.n_pes}; "
            f"tiles: SpikeSim {result.recorded['num_tiles']:g}, archsim {result.n_tiles}."
        )
        yield ""
        yield from table("energy", "nJ", 1e-3, result.energy_pj)
        yield more("energy", "nJ", 1e-3, result.more_energy_pj)
        yield from table("area", "mm²", 1e-6, result.area_um2)
        yield more("area", "mm²", 1e-6, result.more_area_um2)
        needed_mm2 = result.neuron_bits * constants["area_um2"]["memory_bit_cell"] * 1e-6
        yield (
            f"Of archsim's neuron memory the potentials need {result.neuron_bits / 1e6:.4g} Mbit, "
            f"{needed_mm2:.4g} mm²; the rest is room in tiles that are all alike, in powers of two.\n"
        )


def tables(reference: Mapping[str, Any]) -> str:
    """The tables of all recorded runs."""
    constants = reference["constants"]
    return "\n".join(lines([compare(run, constants) for run in reference["runs"]], constants))


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or write them into the page."""
    text = tables(recorded())
    if "--write" not in arguments:
        print(text)
        return
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
