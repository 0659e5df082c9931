"""How fast a search is, end to end: the watch network's inference, timing and energy objectives, with the journal.

    python benchmarks/explore.py --rates [--against CHECKOUT] [--pairs 3]
    python benchmarks/explore.py [--trials 1000] [--sampler nsga2] [--workers 1 2]
    python benchmarks/explore.py --structure [--trials 96]
    python benchmarks/explore.py --own-graphs [--trials 48]
    python benchmarks/explore.py --hypervolume [--hard] [--trials 500] [--seeds 0 1 2]

With --rates: evaluations a minute and core, of studies that change structure (each configuration has a graph of
its own) and of studies that change times and prices (all have one), swept and searched: one worker, the process
that asks included, starting up not. They are counted by the CPU time that more evaluations take, which does not
depend on what else the machine does. With --against the same of another checkout of archsim, taken in turn with
this one, and the ratio. The chip is the one of the tests, whose messages pass links, as archsim's was when rates
were first recorded; with --today the one that ships, with routers.

Else prints evaluations per minute for each number of workers, their start included, how that scales, and the CPU
time of the process that asks: all of it, and Optuna with the logs alone. First with all cores of the machine, of
which one worker takes more than one, since the next batch is asked for meanwhile; then with as many cores as
workers, which is the rate per core. The configurations share a task graph, so that one takes 4 ms; with --own-
graphs each has a graph of its own and is a whole simulation of a learning step, which is what scaling is about
where it matters; with --structure inference on chips that differ in array size, converters, PEs and crossbars,
each of which needs a graph of its own, too. With --hypervolume: all 2,400 chips of a study (24,000 with --hard)
are simulated, and then searched; how much of the hypervolume of the exhaustive front each sampler finds, and
random search.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import moocore
import numpy as np

from archsim.explore import Study, read_study, search, searching, sweep
from archsim.explore.front import losses
from archsim.explore.log import Claims, ResultLog

ROOT = Path(__file__).resolve().parent.parent
OLD_CHIP, CHIP = Path("tests/chips/wearable_rram.yaml"), Path("arch_specs/wearable_rram.yaml")
STUDY = """version: 1
name: speed
chip: {chip}
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

STRUCTURE = """version: 1
name: structure
chip: {chip}
workload: {root}/workloads/watch_mlp.yaml
phase: inference
parameters:
  chip.crossbar.rows: [64, 96, 128, 160, 192, 256]
  chip.adc.columns_per_adc: [8, 16, 32, 64]
  chip.tile.pes: [1, 2, 3, 4]
  chip.pe.crossbars: [1, 2, 4, 8]
objectives: {{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}}
search: {{sampler: {sampler}, trials: {trials}, batch: 24}}
"""

OWN_GRAPHS = """version: 1
name: own_graphs
chip: {root}/arch_specs/wearable_rram.yaml
workload: {root}/workloads/watch_adapt.yaml
set: [workload.samples=1, workload.batch=1]
parameters:
  phase: [bp, dfa]
  chip.crossbar.rows: [64, 96, 128]
  chip.adc.columns_per_adc: [8, 16, 32, 64]
  chip.tile.pes: [1, 2, 3, 4]
objectives: {{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}}
search: {{sampler: {sampler}, trials: {trials}, batch: 24}}
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
  chip.tile.neuron_unit.lanes: [1, 4, 16, 64]{more}
objectives: {{latency_ps: minimize, energy_pj: minimize, area_um2: minimize}}
search: {{sampler: {sampler}, trials: {trials}, batch: 10}}
"""


HARD = "\n  chip.interconnect.frequency: {from: 200 MHz, to: 2000 MHz, step: 200 MHz}"


def hypervolumes(place: Path, trials: int, seeds: list[int], more: str) -> None:
    """Parts of the hypervolume of the exhaustive front; the box ends at the worst of each objective."""

    def study(sampler: str, seed: int) -> Study:
        path = place / f"{sampler}{seed}.yaml"
        path.write_text(SMALL.format(root=ROOT, seed=seed, sampler=sampler, trials=trials, more=more))
        return read_study(path)

    for seed in seeds:  # of the recordings that are drawn, and of the sampler
        start = time.perf_counter()
        whole = sweep(study("random", seed), place / f"whole{seed}", tell=lambda _: None)
        points = losses(whole.study, [record for record in whole.records if record["state"] == "done"])
        low, span = points.min(axis=0), np.ptp(points, axis=0)
        best = moocore.hypervolume((points - low) / span, ref=np.ones(len(low)))
        print(
            f"seed {seed}: all {len(points)} of {len(whole.records)} configurations, "
            f"{len(whole.front)} on the front, {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        for sampler in ("nsga2", "random", "tpe"):
            found = search(study(sampler, seed), place / f"{sampler}{seed}", tell=lambda _: None)
            done = losses(found.study, [r for r in found.records if r["state"] == "done"][:trials])
            part = moocore.hypervolume((done - low) / span, ref=np.ones(len(low))) / best
            print(f"  {sampler}: {len(done)} evaluations, {100 * part:.2f} %", flush=True)


@contextmanager
def cpu_of(*functions: tuple[type, str]) -> Iterator[list[float]]:
    """Seconds of CPU that calls of some methods take in this process."""
    spent = [0.0]
    before = [getattr(owner, name) for owner, name in functions]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return function(*given, **named)
            finally:
                spent[0] += time.process_time() - start

        return call

    for (owner, name), function in zip(functions, before, strict=True):
        setattr(owner, name, timed(function))
    try:
        yield spent
    finally:
        for (owner, name), function in zip(functions, before, strict=True):
            setattr(owner, name, function)


OPTUNA_AND_LOG = (
    *((searching._Search, name) for name in ("_asked", "_tell")),
    *((ResultLog, name) for name in ("append", "read")),
    *((Claims, name) for name in ("take", "give_back")),
)


@contextmanager
def pinned(n: int | None) -> Iterator[None]:
    """This process and those that it starts stay on so many cores."""
    before = os.sched_getaffinity(0)
    if n is not None and n > len(before):
        raise SystemExit(f"{n} workers need as many cores; here are {len(before)}")
    os.sched_setaffinity(0, sorted(before)[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rate(study: Study, folder: Path, workers: int) -> float:
    """Evaluations a minute with some workers; prints it."""
    start, cpu = time.perf_counter(), time.process_time()
    with cpu_of(*OPTUNA_AND_LOG) as asking:
        found = search(study, folder, workers, tell=lambda _: None)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    a_minute = 60 * found.n_new / seconds
    print(
        f"{workers} workers: {found.n_new} evaluations, {seconds:.1f} s, {a_minute:.0f} a minute; "
        f"CPU of the asking process for each: {1e3 * cpu / found.n_new:.1f} ms, "
        f"of it Optuna and logs {1e3 * asking[0] / found.n_new:.1f} ms",
        flush=True,
    )
    return a_minute


RATES = {"structure": (2, 12, 60), "times and prices": (2, 50, 450)}
"""Of each kind of study, evaluations of one that compiles what is not, of a short and of a long one."""
WAYS = {"sweep": sweep, "search": search}


def cpu_of_all() -> float:
    """Seconds of CPU of this process and of those that it started and that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def seconds_each(kind: str, way: str, file: str) -> float:
    """CPU seconds of one more evaluation, of the archsim that is imported, in the folder of its checkout."""
    root, found_each = Path.cwd(), []
    chip = root / (file if (root / file).exists() else CHIP)
    for n in RATES[kind]:
        text = (
            STRUCTURE if kind == "structure" else STUDY
        ) + f"sweep: {{{{kind: random, configurations: {n}}}}}\n"
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "rates.yaml"
            path.write_text(text.format(root=root, chip=chip, trials=max(n, 24), sampler="nsga2"))
            study, start = read_study(path), cpu_of_all()
            found = WAYS[way](study, Path(place) / "study", tell=lambda _: None)
            found_each.append((found.n_new, cpu_of_all() - start))
    _, (few, short), (many, long) = found_each
    return (long - short) / (many - few)


def in_checkout(checkout: Path, *given: str) -> float:
    """The same of an archsim in some checkout, by a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", *given]
    env = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=checkout)
    if done.returncode:
        raise SystemExit(f"{' '.join(given)}: {done.stderr.strip().splitlines()[-1]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def print_rates(against: Path | None, pairs: int, chip: Path) -> None:
    """Evaluations a minute and core, the best of several; those of another checkout in turn with them."""
    for kind in RATES:
        for way in WAYS:
            every = [(ROOT, list[float]()), *([(against, list[float]())] if against else [])]
            for _ in range(pairs):
                for checkout, found in every:
                    found.append(in_checkout(checkout, kind, way, str(chip)))
            mine, *others = (min(found) for _, found in every)
            line = (
                f"{kind}, {way}: {60 / mine:,.0f} evaluations a minute and core ({1e3 * mine:.2f} ms of CPU each)"
            )
            for other in others:
                line += f"; against {60 / other:,.0f} ({1e3 * other:.2f} ms): {other / mine:.1f} times as many"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, help="1000; 500 with --hypervolume, 96 --structure, 48 --own-graphs")
    parser.add_argument("--hypervolume", action="store_true")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--own-graphs", action="store_true")
    parser.add_argument("--structure", action="store_true")
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--against", type=Path, help="another checkout of archsim, for --rates")
    parser.add_argument("--pairs", type=int, default=3, help="how often --rates measures")
    parser.add_argument("--today", action="store_true", help="the chip that ships, for --rates")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sampler", default="nsga2")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(seconds_each(*given.one)))
        return
    if given.rates:
        print_rates(given.against and given.against.resolve(), given.pairs, CHIP if given.today else OLD_CHIP)
        return
    usual = 500 if given.hypervolume else 96 if given.structure else 48 if given.own_graphs else 1000
    trials = given.trials or usual
    with tempfile.TemporaryDirectory() as place:
        if given.hypervolume:
            hypervolumes(Path(place), trials, given.seeds, HARD if given.hard else "")
            return
        path = Path(place) / "speed.yaml"
        text = STRUCTURE if given.structure else OWN_GRAPHS if given.own_graphs else STUDY
        path.write_text(text.format(root=ROOT, chip=ROOT / CHIP, trials=trials, sampler=given.sampler))
        study = read_study(path)
        for cores in ("all cores", "a core each"):
            print(f"{cores}:")
            rates = {}
            for n in given.workers:
                with pinned(None if cores == "all cores" else n):
                    rates[n] = rate(study, Path(place) / f"{cores}{n}", n)
            if {1, 2} <= set(rates):
                print(f"scaling from 1 to 2 workers: {100 * rates[2] / rates[1] / 2:.0f} %")


if __name__ == "__main__":
    main()
