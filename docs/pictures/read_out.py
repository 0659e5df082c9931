"""How columns wait for their ADC: the schedule of an array that is sampled, held or read again.

    python docs/pictures/read_out.py [PICTURE]

Runs two timesteps of a layer that fills one array, with four columns to an ADC, on three chips that differ in
their read-out alone. When arrays and ADCs are held is drawn from the traces of these runs; when lines are up,
cells conduct and columns are converted within that, from the price list that the runs took.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archsim import load_chip
from archsim.components import Parts, ReadCycle
from archsim.engine import run_tasks
from archsim.lowering import Lowered
from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.scales import PALETTE
from archsim.prepare import prepare
from archsim.spec import Chip
from archsim.workload import Dense, Layer, Network, Workload
from archsim.workload.models import ConstantActivity, InitModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parents[2]
N_SLOTS = 4
ALIKE = [
    "device.read_pulse=10 ns", "device.on_time=5 ns", "drivers.latency=2 ns", "adc.rate=250 MS/s",
    f"adc.columns_per_adc={N_SLOTS}", "tile.bus.cycle=1 ns", "crossbar.cells_per_weight=1",
]  # fmt: skip
READ_OUTS = {
    "sample-and-hold (two banks)": [],
    "hold": ["sample_hold=null", "crossbar.read_out=hold"],
    "reread": ["sample_hold=null", "crossbar.read_out=reread"],
}
UP, HELD, ADCS = "word lines up", "array held", "ADCs held"
COLUMNS = tuple(f"column {k + 1} of an ADC" for k in range(N_SLOTS))
LANES = (UP, *COLUMNS, HELD, ADCS)
COLOURS = {UP: PALETTE[3], HELD: PALETTE[1], ADCS: PALETTE[0]}


class Span(NamedTuple):
    """A bar: its lane, where it begins and ends (ps), and for which timestep."""

    lane: str
    start_ps: int
    end_ps: int
    timestep: int
    is_converted: bool = False


def main() -> None:
    """See above."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/pictures/read_out.png"
    fig = figure(9.0, 7.2)
    panels = fig.subplots(len(READ_OUTS), 1, sharex=True)
    for axes, (title, overrides) in zip(panels, READ_OUTS.items(), strict=True):
        spans = spans_of(load_chip(ROOT / "arch_specs/wearable_rram.yaml", [*ALIKE, *overrides]))
        draw(axes, title, spans)
    panels[-1].set_xlabel("time since the drivers begin (ns); the second timestep is paler")
    looks = {"lines up": PALETTE[3], "conducts": PALETTE[2], "is converted": PALETTE[0], "array held": PALETTE[1]}
    legend_of(fig, looks, "")
    save(fig, path)


def spans_of(chip: Chip) -> list[Span]:
    """What is up, conducting, held or busy when, in a run of two timesteps."""
    n_rows, n_weights = chip.crossbar.n_rows, chip.crossbar.n_weights_per_row
    layer = Layer("fc", Dense(n_weights), ("input",), (n_rows,), (n_weights,))
    spikes = ConstantActivity(kind="constant", input=1.0, default=0.0)
    work = Workload("fc", Network("fc", (n_rows,), (layer,)), 2, 1, spikes, InitModel(), ("inference",))
    lowered = prepare(chip, work, 0, "inference").lowered()
    found = [span for task in read_tasks(lowered) for span in of_task(lowered, task)]
    first = min(span.start_ps for span in found)
    return [span._replace(start_ps=span.start_ps - first, end_ps=span.end_ps - first) for span in found]


def read_tasks(lowered: Lowered) -> list[tuple[str, int, int, int]]:
    """(action, start, end, timestep) of the tasks of reads."""
    graph, trace = lowered.graph, run_tasks(lowered.graph)
    names = [graph.action_names[action].partition("@")[0] for action in graph.action]
    return [
        (name, int(trace.start_ps[i]), int(trace.start_ps[i] + graph.occupancy_ps[i]), int(graph.timestep[i]))
        for i, name in enumerate(names)
        if name in ("drive", "read", "convert")
    ]


def of_task(lowered: Lowered, task: tuple[str, int, int, int]) -> list[Span]:
    """The bars of one task; within a read lines are raised and cells conduct, within a conversion its slots."""
    name, start, end, timestep = task
    inside = {"drive": no_spans, "read": conducting, "convert": conversions}[name]
    own = Span(ADCS if name == "convert" else HELD, start, end, timestep)
    return [own, *inside(lowered.parts, own)]


def no_spans(parts: Parts, own: Span) -> list[Span]:
    """Lines that settle do not conduct yet."""
    del parts, own
    return []


def conducting(parts: Parts, own: Span) -> list[Span]:
    """Lines and columns while the array is read."""
    on_ps = parts.crossbar.conducting_ps(spike(parts), parts.chip.crossbar.n_columns)
    starts = [own.start_ps + k * slot_ps(parts) for k in range(N_SLOTS)]
    if parts.crossbar.read_out != "reread":
        starts = [own.start_ps] * N_SLOTS
    return [
        own._replace(lane=name, start_ps=start, end_ps=start + on_ps)
        for start, column in zip(starts, COLUMNS, strict=True)
        for name in (UP, column)
    ]


def conversions(parts: Parts, own: Span) -> list[Span]:
    """Each column in its slot."""
    one_ps = parts.adc.convert_ps(1, spike(parts).adc_bits)
    step_ps = slot_ps(parts) if parts.crossbar.read_out == "reread" else one_ps
    starts = [own.start_ps + k * step_ps for k in range(N_SLOTS)]
    return [
        Span(column, start, start + one_ps, own.timestep, True)
        for start, column in zip(starts, COLUMNS, strict=True)
    ]


def spike(parts: Parts) -> ReadCycle:
    """The one cycle of a spike."""
    return parts.drivers.read_cycles(1, signed=False)[0]


def slot_ps(parts: Parts) -> int:
    """From one slot of a re-read array to the next."""
    all_ps = parts.crossbar.read_ps(spike(parts), parts.chip.crossbar.n_columns) + parts.drivers.settle_ps()
    return all_ps // N_SLOTS


def draw(axes: Axes, title: str, spans: list[Span]) -> None:
    """One panel."""
    for span in dict.fromkeys(spans):
        colour = PALETTE[0] if span.is_converted else COLOURS.get(span.lane, PALETTE[2])
        axes.barh(
            LANES.index(span.lane) + 0.2 * span.is_converted, (span.end_ps - span.start_ps) / 1e3,
            left=span.start_ps / 1e3, height=0.3 if span.is_converted else 0.7, color=colour,
            edgecolor="white", alpha=1.0 if span.timestep == 0 else 0.45,
        )  # fmt: skip
    axes.set_yticks(range(len(LANES)), LANES, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=9, loc="left")
    axes.grid(axis="x", linewidth=0.3)


if __name__ == "__main__":
    main()
