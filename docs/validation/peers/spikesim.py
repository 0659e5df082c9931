"""SpikeSim (Moitra et al., TCAD 2023): the recorded runs, as benchmarks/spikesim.py evaluates them with both."""

from __future__ import annotations

import spikesim

from peers.compared import Compared, Line

WHY = {
    "neuron": "SpikeSim updates a neuron in every PE cycle, archsim once per timestep",
    "memory fetch": "as the neuron",
    "ADC and multiplexer": "at size 128 SpikeSim counts 256 conversions of 128 columns",
    "crossbar": "at size 128 SpikeSim reads 16 times for 8 rounds of conversions",
    "H-tree": "at size 128 SpikeSim counts columns that are not in use",
    "temporary buffer": "as the H-tree",
    "subtractor": "as the H-tree",
    "neuron memory": "inputs and first outputs there, potentials here; all tiles alike here",
}
SUM = "the lines above, summed"
"""Reasons; the page says them at length."""


def lines(found: spikesim.Compared) -> list[Line]:
    """Energy and area of every part of one run."""
    made = []
    both = (("energy", "nJ", 1e-3, found.energy_pj), ("area", "mm²", 1e-6, found.area_um2))
    for what, unit, scale, parts in both:
        for part, (theirs, ours) in parts.items():
            made.append(Line(f"{part}, {what}", scale * ours, scale * theirs, unit, WHY.get(part, "")))
        sums = [scale * sum(pair[i] for pair in parts.values()) for i in (1, 0)]
        made.append(Line(f"sum, {what}", *sums, unit, SUM))
    return made


def compared() -> Compared:
    """All runs."""
    known = spikesim.recorded()
    parts = [(run["name"], lines(spikesim.compare(run, known["constants"]))) for run in known["runs"]]
    return Compared(
        "spikesim", "energy and area of VGG9", "SpikeSim, its recorded runs", parts,
        "its neuron fires once per PE cycle, its latency is the same for every crossbar: not followed",
    )  # fmt: skip


def write() -> None:
    """The page has tables of its own form."""
    spikesim.main(["--write"])
