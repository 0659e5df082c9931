"""Latency of a chip's messages on a mesh under uniform random traffic, beside BookSim2's.

    python benchmarks/noc.py [--cycles 2000] [--seed 1]

The recorded figures of 8 x 8 are BookSim2's with dimension-order routing, 4 virtual channels of 8 flits, packets
of one flit. Those of 4 x 4 are from booksim2 at 28f4329: ``topology = mesh; k = 4; n = 2; routing_function =
dim_order; routing_delay = 0; traffic = uniform; injection_rate_uses_flits = 1; sample_period = 10000``, with the
channels, buffers and flits of a packet that the tables name. A third of the cycles warm the network up.
Saturation: the rate at which mean latency is twice that of the empty network, interpolated.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

from noc_traffic import Router, mean_hops, mean_latency, zero_load_cycles

from archsim.interconnect import interconnect_of

Curve = dict[float, float]
BOOKSIM: dict[tuple[int, Router, int], Curve] = {  # by side of the mesh, router, flits of a packet
    (8, Router(4, 8), 1): {
        0.01: 26.72, 0.05: 27.05, 0.10: 27.23, 0.20: 27.91, 0.30: 29.54, 0.35: 31.46, 0.38: 34.73, 0.40: 39.54,
        0.42: 72.7,
    },
    (4, Router(4, 8), 1): {
        0.02: 16.07, 0.10: 16.08, 0.20: 16.19, 0.30: 16.46, 0.40: 16.80, 0.45: 17.10, 0.50: 17.45, 0.55: 18.03,
        0.60: 18.83, 0.65: 20.51, 0.70: 24.01, 0.75: 42.03,
    },
    (4, Router(2, 4), 1): {
        0.02: 16.07, 0.10: 16.08, 0.20: 16.20, 0.30: 16.48, 0.40: 16.87, 0.45: 17.21, 0.50: 17.65, 0.55: 18.40,
        0.60: 19.72, 0.65: 31.34, 0.70: 1166.14,
    },
    (4, Router(4, 8), 4): {
        0.02: 19.18, 0.10: 19.82, 0.20: 20.76, 0.30: 22.28, 0.40: 24.49, 0.50: 27.65, 0.60: 33.50, 0.65: 38.81,
        0.70: 50.25,
    },
    (4, Router(2, 4), 4): {
        0.02: 19.19, 0.10: 19.80, 0.20: 20.67, 0.30: 22.05, 0.40: 23.93, 0.45: 25.50, 0.50: 27.61, 0.55: 31.30,
        0.60: 48.01,
    },
}  # fmt: skip
CYCLES = 2000
EVEN_FROM = 0.05  # below this rate a run takes more cycles, so that it has as many packets


def saturation(curve: Curve, limit: float) -> float | None:
    """The rate at which a curve crosses a latency; None if it does not."""
    for (low, a), (high, b) in pairwise(sorted(curve.items())):
        if a <= limit < b:
            return low + (high - low) * (limit - a) / (b - a)
    return None


def measured(side: int, router: Router, n_flits: int, cycles: int = CYCLES, seed: int = 1) -> Curve:
    """archsim's mean latency at the rates of a recorded curve."""
    mesh, rates = interconnect_of("mesh", side * side), BOOKSIM[side, router, n_flits]
    lengths = {rate: round(cycles * max(1.0, EVEN_FROM / rate)) for rate in rates}
    return {rate: mean_latency(mesh, rate, n, seed, router, n_flits) for rate, n in lengths.items()}


def table(side: int, router: Router, n_flits: int, cycles: int, seed: int) -> None:
    """Print one curve and its saturation points."""
    known, mesh = BOOKSIM[side, router, n_flits], interconnect_of("mesh", side * side)
    empty = zero_load_cycles(mean_hops(mesh), router, n_flits)
    of = f"{router.n_virtual_channels} virtual channels of {router.buffer_flits} flits, packets of {n_flits}"
    print(f"\n{side} x {side}, {of}; empty network {empty} cycles\n")
    print("| flits/node/cycle | BookSim2 | archsim | difference |\n|---|---|---|---|")
    curve = measured(side, router, n_flits, cycles, seed)
    for rate, theirs in known.items():
        apart = 100 * (curve[rate] / theirs - 1)
        print(f"| {rate:.2f} | {theirs} | {curve[rate]:.2f} | {apart:+.1f} % |")
    for name, found in (("BookSim2", known), ("archsim", curve)):
        print(f"saturation of {name}: {saturation(found, 2 * empty) or 'beyond the table'}")


def main() -> None:
    """Print all curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for side, router, n_flits in BOOKSIM:
        table(side, router, n_flits, asked.cycles, asked.seed)


if __name__ == "__main__":
    main()
