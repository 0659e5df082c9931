"""NeuRRAM's silicon (Wan et al., Nature 2022), as benchmarks/neurram.py evaluates the chip of its file."""

from __future__ import annotations

import neurram

from peers.compared import Compared, Line

SPEED = "the formula is the silicon's own cycle; chips measured include what lies between products"
SPLIT = "few constants for all rows (fitted on the odd input bits): what is left of a part is its residual"
PREDICTED = {
    True: "its parts are in the fit: the sum of their residuals",
    False: "not in the fit, which has odd input bits in two phases: a prediction from steps and pulses, which do "
    "not explain all that the silicon spends",
}
"""Why efficiency differs, by whether a row is in the fit."""


def compared() -> Compared:
    """Throughput of 48 cores, where the energy goes, and operations per joule."""
    known, speeds, split, efficiency = neurram.recorded(), [], [], []
    for row in known["rows"]:
        time_ps, _ = neurram.product(row["in_bits"], row["out_bits"], row["one_phase"])
        what = f"{row['in_bits']} bit in, {row['out_bits']} out"
        speeds.append(Line(f"{what}, one product", 1e-6 * time_ps, row["T_us"], "µs"))
        tops = neurram.N_OPS * neurram.N_CORES / time_ps
        speeds.append(_within(what, tops, row["TOPS_silicon"], "TOPS", 0.1, SPEED))
    for key, parts in known["energy_fJ_per_MAC_two_phase"].items():
        n_out, n_in = (int(part.strip("outin")) for part in key.split("_"))
        _, spent = neurram.product(n_in, n_out, False)
        for part, component in neurram.PARTS.items():
            what = f"{n_in} bit in, {n_out} out: {part.replace('_', ' ')}"
            ours = spent[component] * 1e3 / neurram.N_OPS
            split.append(_within(what, ours, parts[part], "fJ per operation", 0.15, SPLIT))
    for row, one_phase, in_fit, here in neurram.efficiencies(known):
        what = f"{row['in_bits']} bit in, {row['out_bits']} out, {'one phase' if one_phase else 'two phases'}"
        efficiency.append(_within(what, here, row["TOPS_W_silicon"], "TOPS/W", 0.15, PREDICTED[in_fit]))
    return Compared(
        "neurram", "time and energy of NeuRRAM", "silicon at 130 nm",
        [("Throughput", speeds), ("Energy", split), ("Efficiency", efficiency)],
        "published rows only: the chip's control between products is not described; rows outside of the fit",
    )  # fmt: skip


def _within(what: str, ours: float, theirs: float, unit: str, limit: float, why: str) -> Line:
    return Line(what, ours, theirs, unit, why if abs(ours / theirs - 1) <= limit else "")


def write() -> None:
    """The page has tables of its own form."""
    neurram.main(["--write"])
