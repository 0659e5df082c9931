"""Latency of an 8 x 8 mesh under uniform random traffic, beside BookSim2's.

    python benchmarks/noc.py [--cycles 3000] [--seed 1]

The recorded figures are BookSim2's with dimension-order routing, 4 virtual channels of 8 flits, packets of one
flit. A third of the cycles warm the network up. Saturation: the rate at which mean latency is twice that of the
empty network, interpolated.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

from noc_traffic import mean_hops, traffic, zero_load_cycles

from archsim.engine import run_tasks
from archsim.interconnect import Interconnect, interconnect_of

BOOKSIM = {
    0.01: 26.72, 0.05: 27.05, 0.10: 27.23, 0.20: 27.91, 0.30: 29.54, 0.35: 31.46, 0.38: 34.73, 0.40: 39.54,
    0.42: 72.7,
}  # fmt: skip
BEYOND = (0.43, 0.44)
EVEN_FROM = 0.05  # below this rate a run takes more cycles, so that it has as many packets


def mean_latency(mesh: Interconnect, rate: float, n_cycles: int, seed: int) -> float:
    """Mean latency in cycles of packets made after the warm-up."""
    load = traffic(mesh, rate, n_cycles, seed)
    return float(load.latencies(run_tasks(load.graph, engine="compiled").done_ps, n_cycles // 3).mean())


def saturation(curve: dict[float, float], limit: float) -> float:
    """The rate at which a curve crosses a latency."""
    for (low, a), (high, b) in pairwise(sorted(curve.items())):
        if a <= limit < b:
            return low + (high - low) * (limit - a) / (b - a)
    raise ValueError("the curve does not cross the limit")


def main() -> None:
    """Print the curve and the saturation points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    mesh = interconnect_of("mesh", 64)
    empty = zero_load_cycles(mean_hops(mesh))
    print(f"empty network: {empty} cycles\n")
    print("| flits/node/cycle | BookSim2 | archsim | difference |\n|---|---|---|---|")
    curve = {}
    for rate in (*BOOKSIM, *BEYOND):
        cycles = round(asked.cycles * max(1.0, EVEN_FROM / rate))
        curve[rate] = mean_latency(mesh, rate, cycles, asked.seed)
        known = BOOKSIM.get(rate)
        beside = f"{known} | {curve[rate]:.2f} | {100 * (curve[rate] / known - 1):+.1f} %" if known else ""
        print(f"| {rate:.2f} | {beside or f'- | {curve[rate]:.2f} | -'} |", flush=True)
    ours, theirs = saturation(curve, 2 * empty), saturation(BOOKSIM, 2 * empty)
    print(f"\nsaturation: BookSim2 {theirs:.4f}, archsim {ours:.4f} ({100 * (ours / theirs - 1):+.1f} %)")


if __name__ == "__main__":
    main()
