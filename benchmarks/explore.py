"""How fast a search is, end to end: the watch network's inference, timing and energy objectives, with the journal.

    python benchmarks/explore.py [--trials 300] [--workers 1 2]
    python benchmarks/explore.py --hypervolume [--trials 500] [--seeds 0 1 2]

Prints evaluations per minute for each number of workers, how that scales, and the CPU time of Optuna and logs
(the process that asks) for each evaluation. With --hypervolume: all 2,400 chips of a study are simulated,
and then searched; how much of the hypervolume of the exhaustive front each sampler finds, and random search.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import moocore
import numpy as np

from archsim.explore import Study, read_study, search, sweep
from archsim.explore.front import losses

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

SMALL = """version: 1
name: small
chip: {root}/arch_specs/wearable_rram.yaml
workload: {root}/workloads/watch_mlp.yaml
set: [workload.timesteps=2, workload.samples=1, workload.batch=1]
phase: inference
seed: {seed}
parameters:
  chip.crossbar.rows: [64, 128]
  chip.adc.columns_per_adc: [8, 16, 32, 64]
  chip.adc.resolution: {{from: 4 bit, to: 8 bit, step: 2 bit}}
  chip.adc.rate: {{from: 0.1 GS/s, to: 1.6 GS/s, points: 5, scale: log}}
  chip.device.read_pulse: {{from: 20 ns, to: 100 ns, step: 20 ns}}
  chip.tile.neuron_unit.lanes: [1, 4, 16, 64]
objectives: {{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}}
search: {{sampler: {sampler}, trials: {trials}, batch: 10}}
"""


def hypervolumes(place: Path, trials: int, seeds: list[int]) -> None:
    """Parts of the hypervolume of the exhaustive front; the box ends at the worst of each objective."""

    def study(sampler: str, seed: int) -> Study:
        path = place / f"{sampler}{seed}.yaml"
        path.write_text(SMALL.format(root=ROOT, seed=seed, sampler=sampler, trials=trials))
        return read_study(path)

    for seed in seeds:  # of the recordings that are drawn, and of the sampler
        start = time.perf_counter()
        whole = sweep(study("random", seed), place / f"whole{seed}", tell=lambda _: None)
        points = losses(whole.study, [record for record in whole.records if record["state"] == "done"])
        low, span = points.min(axis=0), np.ptp(points, axis=0)
        best = moocore.hypervolume((points - low) / span, ref=np.ones(len(low)))
        print(f"seed {seed}: all {len(points)} of {len(whole.records)} configurations, "
              f"{len(whole.front)} on the front, {time.perf_counter() - start:.0f} s", flush=True)
        for sampler in ("nsga2", "random", "tpe"):
            found = search(study(sampler, seed), place / f"{sampler}{seed}", tell=lambda _: None)
            done = losses(found.study, [r for r in found.records if r["state"] == "done"][:trials])
            part = moocore.hypervolume((done - low) / span, ref=np.ones(len(low))) / best
            print(f"  {sampler}: {len(done)} evaluations, {100 * part:.2f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, help="300, or 500 with --hypervolume")
    parser.add_argument("--hypervolume", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sampler", default="nsga2")
    given = parser.parse_args()
    trials = given.trials or (500 if given.hypervolume else 300)
    with tempfile.TemporaryDirectory() as place:
        if given.hypervolume:
            hypervolumes(Path(place), trials, given.seeds)
            return
        path = Path(place) / "speed.yaml"
        path.write_text(STUDY.format(root=ROOT, trials=trials, sampler=given.sampler))
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
