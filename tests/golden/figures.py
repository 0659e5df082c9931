"""Figures of every chip, workload, phase and schedule at small sizes, of learning runs and of two studies.

``python -m tests.golden.figures`` writes them to ``figures.json`` again; do so only for a change that is meant to
change figures, and say in the commit which and why.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

import archsim
from archsim.workload.models import Schedule

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILE = HERE / "figures.json"
SMALL = {
    "nir_braille_like": ["timesteps=3"],
    "nmnist_mlp": ["timesteps=2", "network.layers.0.outputs=24", "network.input=[300]"],
    "spikesim_vgg9": [
        "timesteps=1", "network.input=[3, 8, 8]", "positions_per_burst=64",
        *(f"network.layers.{i}.channels={n}" for i, n in enumerate((4, 4, 8, 8, 16, 16, 16))),
    ],
    "ucihar_sfcn": ["timesteps=8", "network.layers.6.outputs=2", "network.layers.4.channels=32"],
    "vgg9_cifar10": [
        "timesteps=2", "network.input=[3, 8, 8]", "positions_per_burst=64",
        *(f"network.layers.{i}.channels={4 + 4 * (i > 1) + 8 * (i > 4)}" for i in (0, 1, 3, 4, 6, 7, 8)),
    ],
    "watch_adapt": ["timesteps=3", "samples=3", "batch=1"],
    "watch_mlp": ["timesteps=3", "samples=4", "batch=2"],
    "watch_sfcn": ["timesteps=8", "samples=2", "batch=1", "network.layers.4.channels=32"],
    "watch_shape": ["timesteps=3", "samples=2", "batch=1"],
}  # fmt: skip
"""Overrides that make each shipped workload small."""
CHIPS = sorted(path.stem for path in (ROOT / "arch_specs").glob("*.yaml"))
Rule = Literal["bp", "dfa"]


def cases() -> Iterator[str]:
    """Names of all cases: chip, workload, phase, schedule."""
    for chip in CHIPS:
        for workload in sorted(SMALL):
            work = archsim.load_workload(ROOT / "workloads" / f"{workload}.yaml", SMALL[workload])
            for phase in work.phases:
                for schedule in get_args(Schedule):
                    yield f"{chip}/{workload}/{phase}/{schedule}"


def figures_of(case: str) -> dict[str, Any]:
    """What comes out of one case: totals, breakdowns, and a digest of every task and time."""
    chip, workload, phase, schedule = case.split("/")
    work = archsim.load_workload(
        ROOT / "workloads" / f"{workload}.yaml", [*SMALL[workload], f"schedule={schedule}"]
    )
    try:
        result = archsim.simulate(
            archsim.load_chip(ROOT / "arch_specs" / f"{chip}.yaml"), work, "compiled", phase=phase
        )
    except archsim.ArchsimError as error:
        return {"error": type(error).__name__}
    books = {by: result.breakdown(by) for by in ("component", "layer", "action")}
    books["phase"] = result.breakdown("stage")  # under the name that it had when the digests were written
    return {
        "latency_ps": result.latency_ps,
        "energy_pj": result.energy_pj,
        "area_um2": result.area_um2,
        "energy_by_component_pj": {name: part["energy_pj"] for name, part in books["component"].items()},
        "n_tasks": result.graph.n_tasks,
        "books": _digest_of_text(json.dumps(books, sort_keys=True)),
        "tasks": _digest(result.graph),
        "trace": _digest(result.trace),
    }


def learning_figures() -> dict[str, Any]:
    """A short adaptation with each rule, and what it costs."""
    from archsim.learn import learn

    chip = archsim.load_chip(
        ROOT / "tests" / "chips" / "wearable_rram.yaml",
        ["device.errors.programming={kind: table, device: wan, scale: window}"],
    )
    short = ["learning.pretrain.epochs=1", "learning.adapt.passes=1", "samples=2", "batch=2"]
    short += ["learning.data.decimation=16", "timesteps=8", "network.layers.0.outputs=24"]
    short += ["learning.adapt.simulated=4"]
    work = archsim.load_workload(ROOT / "workloads" / "watch_adapt.yaml", short)
    told = learn(chip, work, get_args(Rule), seeds=1, seed=0).to_dict()
    for part in (told, *told["hardware"].values()):
        part.pop("provenance", None)  # says what made the figures, not what they are
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]  # lists for tuples, as they are read back


def study_figures() -> dict[str, Any]:
    """The records of a sweep and of a search."""
    from archsim.explore import search, sweep

    text = (
        f"version: 1\nname: golden\nchip: {ROOT}/tests/chips/wearable_rram.yaml\n"
        f"workload: {ROOT}/workloads/watch_mlp.yaml\n"
        "set: [workload.timesteps=2, workload.samples=1, workload.batch=1]\nphase: PHASE\n"
        "parameters:\n  chip.crossbar.rows: [64, 128]\n  chip.adc.columns_per_adc: [16, 64]\n"
        "objectives: {latency_ps: minimize, energy_pj: minimize, area_um2: minimize}\n"
    )
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, run, phase, more in (
            ("sweep", sweep, "bp", ""),
            ("search", search, "dfa", "search: {sampler: nsga2, trials: 6, batch: 3}\n"),
        ):
            study = Path(folder) / f"{name}.yaml"
            study.write_text(text.replace("PHASE", phase) + more, encoding="utf-8")
            records = run(study, Path(folder) / name, tell=lambda _: None).records
            found[name] = sorted(
                ({"parameters": r["parameters"], "metrics": r["metrics"]} for r in records),
                key=lambda record: json.dumps(record, sort_keys=True),
            )
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # as it is read back


def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(columns: Any) -> str:
    """Of all columns of a graph or trace, whatever the width of their numbers."""
    sha = hashlib.sha256()
    for field in fields(columns):
        value = getattr(columns, field.name)
        if isinstance(value, np.ndarray):
            sha.update(np.ascontiguousarray(value, dtype=np.int64).tobytes())
        elif isinstance(value, tuple):
            sha.update("\n".join(map(str, value)).encode())
    return sha.hexdigest()[:16]


def main() -> None:
    """Write all figures anew."""
    found = {"runs": {case: figures_of(case) for case in cases()}}
    found |= {"learning": learning_figures(), "studies": study_figures()}
    FILE.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
