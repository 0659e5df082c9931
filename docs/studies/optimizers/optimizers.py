"""What SGD, momentum, Adam and SinkGD cost on the chip, and what they bring.

Each optimizer gets a rate of its own for each rule, chosen on another task: the other arms adapt, with other
seeds. Then it adapts the workload's task on cells that spread, and its step is priced by the event simulation.
``optimizers.yaml`` says what is studied, ``optimizers.md.j2`` how the page reads.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optimizers_jobs
from optimizers_picture import draw
from ruamel.yaml import YAML

from archsim import ExploreError
from archsim.cli.script import ended, options_of_base, tell
from archsim.explore import Job, all_done, kept_in, run_jobs
from archsim.files import fresh_folder
from archsim.learn import estimate
from archsim.provenance import versions
from archsim.report import csv_text, from_template, json_text, read_record, text_table, write_texts
from archsim.study import (
    NEURRAM,
    RULES,
    Base,
    check_learning,
    inputs_of,
)
from archsim.units import file_data, format_quantity

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FORMAT = "archsim study optimizers 1"
RECORD, TABLE, PAGE, PICTURE = "optimizers.json", "optimizers.csv", "optimizers.md", "optimizers.png"
NAMES = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam", "sink": "SinkGD"}
COLUMNS = (
    "optimizer", "rule", "rate", "numbers per weight", "accuracy (%)", "in ideal arithmetic (%)",
    "energy per sample", "of it the update", "latency per sample", "gradient buffer", "chip area",
)  # fmt: skip
Study = Mapping[str, Any]
Line = Mapping[str, Any]
Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What to study: the base as it is said and as it is trained (shorter if quick), rates, seeds, processes."""

    said: Base
    base: Base
    rates: dict[str, list[float]]
    seeds: range
    tuning_seeds: range
    tuning_split: str
    quick: bool
    workers: int
    cache: Path


def plan_of(asked: argparse.Namespace, cache: Path) -> Plan:
    """``optimizers.yaml``, and what the command line changes of it."""
    said = YAML(typ="safe").load(HERE / "optimizers.yaml")
    chip, workload = asked.chip or ROOT / said["chip"], asked.workload or ROOT / said["workload"]
    ours = said["set"] if asked.workload is None else []  # of the shipped workload
    base = Base(chip, workload, (), (*ours, *asked.set))
    n_seeds, tuning = asked.seeds or said["seeds"], said["tuning"]
    n_tuning = 1 if asked.quick else tuning["seeds"]
    check_learning(base.load()[1])
    return Plan(
        base,
        base.with_workload(*said["quick"]) if asked.quick else base,
        {kind: rates[2:4] if asked.quick else rates for kind, rates in said["rates"].items()},
        range(asked.seed, asked.seed + n_seeds),
        range(tuning["first_seed"], tuning["first_seed"] + n_tuning),
        tuning["split"],
        asked.quick,
        asked.workers,
        cache,
    )


# ---- the study ----


def studied(plan: Plan) -> dict[str, Any]:
    """Compare optimizers by accuracy, and by the area, energy and latency of their steps on the chip."""
    chip, work = plan.said.load()
    rates = tuned(plan)
    chosen = [(kind, rates[kind][rule]["rate"], rule) for kind in plan.rates for rule in RULES]
    runs = done(
        plan, plan.base, "adaptation", optimizers_jobs.adapted_with, [(*c, s) for c in chosen for s in plan.seeds]
    )
    costs = done(plan, plan.base, "cost", optimizers_jobs.priced_with, [(*c, plan.seeds[0]) for c in chosen])
    return {
        "format": FORMAT,
        "name": f"{chip.name}/{work.name}",
        "quick": plan.quick,
        "level": NEURRAM.name,
        "tuning": {"split": plan.tuning_split, "seeds": list(plan.tuning_seeds), "rates": rates},
        "lines": [line_of(cost, rates[cost["optimizer"]][cost["rule"]], runs) for cost in costs],
        "runs": runs,
        "provenance": {
            "chip": file_data(chip),
            "workload": work.described,
            "seeds": list(plan.seeds),
            "versions": versions(),
        },
    }


def tuned(plan: Plan) -> dict[str, dict[str, Any]]:
    """By optimizer and rule: the rate with the best mean accuracy on the other task, and the means of all."""
    base = plan.base.with_workload(f"learning.data.split={plan.tuning_split}")
    asked = [
        (k, r, rule, s) for k in plan.rates for r in plan.rates[k] for rule in RULES for s in plan.tuning_seeds
    ]
    found = dict(zip(asked, done(plan, base, "rate", optimizers_jobs.tuned, asked), strict=True))
    chosen: dict[str, dict[str, Any]] = {}
    for kind, rates in plan.rates.items():
        chosen[kind] = {}
        for rule in RULES:
            means = [
                float(np.mean([found[kind, rate, rule, s]["accuracy"] for s in plan.tuning_seeds]))
                for rate in rates
            ]
            best = int(np.argmax(means))
            chosen[kind][rule] = {
                "rate": rates[best],
                "at_end": best in (0, len(means) - 1),
                "means": dict(zip(map(str, rates), means, strict=True)),
            }
    return chosen


def done(
    plan: Plan, base: Base, what: str, function: Any, asked: Sequence[tuple[str, float, str, int]]
) -> Records:
    """A function of `optimizers_jobs` for each (optimizer, rate, rule, seed)."""
    tell(f"{what}: {len(asked)} jobs")
    jobs = []
    for kind, rate, rule, seed in asked:
        made_from = inputs_of(optimizers_jobs.with_optimizer(base, kind, rate), what=what, rule=rule, seed=seed)
        name = f"{what}, {kind} {rate:g}, {rule}, seed {seed}"
        jobs.append(Job(name, function, (base, kind, rate, rule, seed, plan.cache), made_from))
    found: Records = run_jobs(jobs, plan.workers, plan.cache, tell)
    all_done([job.name for job in jobs], found)
    return found


def line_of(cost: Line, rate: Line, runs: Records) -> dict[str, Any]:
    """One row of the answer."""
    own = [run for run in runs if (run["optimizer"], run["rule"]) == (cost["optimizer"], cost["rule"])]
    accuracy = {key: asdict(estimate([run[key] for run in own])) for key in ("before", "after", "ideal_after")}
    return {**cost, "rate": rate["rate"], "at_end": rate["at_end"], **accuracy}


# ---- tables and page ----


def rows(study: Study) -> list[list[str]]:
    """One row for each optimizer and rule, as people read it."""
    return [
        [
            NAMES[line["optimizer"]],
            line["rule"].upper(),
            f"{line['rate']:g}" + (" (end of its row)" if line["at_end"] else ""),
            str(line["n_states"]),
            percent(line["after"]),
            percent(line["ideal_after"]),
            format_quantity(line["energy_pj"], "energy"),
            f"{100 * line['update_energy_pj'] / line['energy_pj']:.1f} %",
            format_quantity(line["latency_ps"], "time"),
            f"{line['gradient_buffer_bytes'] / 1024:.1f} KiB",
            format_quantity(line["area_um2"], "area"),
        ]
        for line in study["lines"]
    ]


def percent(mean: Mapping[str, Any]) -> str:
    """A mean accuracy with its interval."""
    half = mean["half_width"]
    return f"{100 * mean['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def page(study: Study, command: str) -> str:
    """The study in Markdown."""
    return from_template(
        (HERE / "optimizers.md.j2").read_text(encoding="utf-8"),
        study=study,
        command=command,
        files={"table": TABLE, "record": RECORD, "picture": PICTURE},
        names=NAMES,
        percent=percent,
        findings=findings(study),
        columns=COLUMNS,
        rows=rows(study),
        rates=[
            [NAMES[kind], rule.upper(), "; ".join(f"{rate}: {100 * m:.1f}" for rate, m in found["means"].items())]
            for kind, of_kind in study["tuning"]["rates"].items()
            for rule, found in of_kind.items()
        ],
    )


def findings(study: Study) -> list[dict[str, Any]]:
    """For each rule the best optimizer, those not clearly behind it, and the best one without state."""
    found = []
    for rule in RULES:
        lines = [line for line in study["lines"] if line["rule"] == rule]
        best = max(lines, key=lambda line: line["after"]["mean"])
        without = [line for line in lines if line["optimizer"] in ("sgd", "sink")]
        near = [line for line in lines if line is not best and not is_clear(study, best, line)]
        stateless = max(without, key=lambda line: line["after"]["mean"])
        less = {name: saved(best, stateless, name) for name in ("energy_pj", "latency_ps", "area_um2")}
        found.append({"rule": rule, "best": best, "near": near, "stateless": stateless, "less": less})
    return found


def is_clear(study: Study, best: Line, other: Line) -> bool:
    """Whether the 95 % interval of the differences, paired by seed, is above zero."""
    after = {(run["optimizer"], run["seed"]): run["after"] for run in study["runs"] if run["rule"] == best["rule"]}
    seeds = sorted({seed for _, seed in after})
    gain = estimate([after[best["optimizer"], seed] - after[other["optimizer"], seed] for seed in seeds])
    return gain.half_width is not None and gain.mean > gain.half_width


def saved(base: Line, other: Line, figure: str) -> str:
    """How much less of a figure the other needs.

    Examples
    --------
    >>> saved({"x": 100.0}, {"x": 90.0}, "x"), saved({"x": 100.0}, {"x": 104.0}, "x")
    ('10.0 % less', '4.0 % more')
    """
    share = 100 * (1 - other[figure] / base[figure])
    return f"{abs(share):.1f} % {'less' if share >= 0 else 'more'}"


def table_csv(study: Study) -> str:
    """One line for each optimizer and rule."""
    plain = ("optimizer", "rule", "rate", "n_states", "energy_pj", "update_energy_pj", "latency_ps", "area_um2",
             "gradient_buffer_bytes", "gradient_buffer_area_um2")  # fmt: skip
    spread = [(key, part) for key in ("before", "after", "ideal_after") for part in ("mean", "half_width")]
    lines = [[*(line[key] for key in plain), *(line[k][part] for k, part in spread)] for line in study["lines"]]
    return csv_text([[*plain, *(f"{key}_{part}" for key, part in spread)], *lines])


def write(folder: Path, study: Study, command: str) -> None:
    """Record, table, page and picture, all of them or none."""
    texts = {RECORD: json_text(study), TABLE: table_csv(study), PAGE: page(study, command)}
    with fresh_folder(folder) as place:
        write_texts(place, texts)
        draw(study["lines"], NAMES, place / PICTURE)


# ---- the command line ----


def main(arguments: Sequence[str]) -> None:
    """Run the study, or write its files from the record again."""
    parser = options_of_base(__doc__, "optimizers")
    parser.add_argument("chip", nargs="?", type=Path, help="instead of that of optimizers.yaml")
    parser.add_argument("workload", nargs="?", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    asked = parser.parse_args(arguments)
    if min(1 if asked.seeds is None else asked.seeds, asked.workers) < 1 or asked.seed < 0:
        raise ExploreError("there must be 1 or more seeds, from 0 or above, and 1 or more workers")
    kept = [word for word in arguments if word != "--from-record"]
    command = shlex.join([".venv/bin/python", "docs/studies/optimizers/optimizers.py", *kept])
    if asked.from_record:
        study = read_record(asked.output / RECORD, FORMAT)
    else:
        with kept_in(asked.cache) as cache:
            study = studied(plan_of(asked, cache))
    write(asked.output, study, command)
    print(text_table(COLUMNS, rows(study)))


if __name__ == "__main__":
    ended(main)
