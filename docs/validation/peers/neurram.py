"""NeuRRAM's silicon (Wan et al., Nature 2022), as benchmarks/neurram.py evaluates the chip of its file."""

from __future__ import annotations

import neurram

from peers.compared import Compared, Line

SPEED = "the formula is the silicon's own cycle; chips measured include what lies between products"
SPLIT = "few constants for all rows (fitted on the odd input bits): what is left of a part is its residual"


def compared() -> Compared:
    """Throughput of 48 cores, and where the energy goes."""
    known, speeds, split = neurram.recorded(), [], []
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
    return Compared(
        "neurram", "time and energy of NeuRRAM", "silicon at 130 nm", [("Throughput", speeds), ("Energy", split)],
        "published rows only: the chip's control between products is not described",
    )  # fmt: skip


def _within(what: str, ours: float, theirs: float, unit: str, limit: float, why: str) -> Line:
    return Line(what, ours, theirs, unit, why if abs(ours / theirs - 1) <= limit else "")


def write() -> None:
    """The page has tables of its own form."""
    neurram.main(["--write"])
