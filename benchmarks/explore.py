"""How fast a search is, end to end: the watch network's inference, timing and energy objectives, with the journal.

    python benchmarks/explore.py [--trials 300] [--workers 1 2]

Prints evaluations per minute for each number of workers, how that scales, and the CPU time of Optuna and logs
(the process that asks) for each evaluation.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from archsim.explore import read_study, search

ROOT = Path(__file__).resolve().parent.parent
STUDY = """version: 1
name: speed
chip: {root}/arch_specs/wearable_rram.yaml
workload: {root}/workloads/watch_mlp.yaml
phase: inference
parameters:
  chip.device.read_pulse: {{from: 20 ns, to: 100 ns, step: 1 ns}}
  chip.adc.rate: {{from: 0.1 GS/s, to: 1.6 GS/s, points: 40, scale: log}}
  chip.adc.resolution: {{from: 4 bit, to: 8 bit, step: 1 bit}}
  chip.tile.neuron_unit.lanes: [1, 2, 4, 8, 16, 32, 64]
  chip.interconnect.frequency: {{from: 100 MHz, to: 2000 MHz, step: 100 MHz}}
objectives: {{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}}
search: {{sampler: {sampler}, trials: {trials}, batch: 20}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sampler", default="nsga2")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "speed.yaml"
        path.write_text(STUDY.format(root=ROOT, trials=given.trials, sampler=given.sampler))
        study = read_study(path)
        rates: dict[int, float] = {}
        for workers in given.workers:
            folder = Path(place) / f"w{workers}"
            start, cpu = time.perf_counter(), time.process_time()
            found = search(study, folder, workers)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            rates[workers] = 60 * found.n_new / seconds
            print(f"{workers} workers: {found.n_new} evaluations, {seconds:.1f} s, {rates[workers]:.0f} a minute; "
                  f"the asking process takes {1e3 * cpu / found.n_new:.1f} ms of CPU for each")
        if {1, 2} <= set(rates):
            print(f"scaling from 1 to 2 workers: {100 * rates[2] / rates[1] / 2:.0f} %")


if __name__ == "__main__":
    main()
