"""The command ``run``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archsim.cli_inputs import idle_keys, load_both, memory_bytes, progress
from archsim.cli_say import say
from archsim.report import (
    RUN_COLUMNS,
    Summary,
    bundle,
    link_lines,
    result_folder,
    text_table,
    write_results,
)
from archsim.spec import Chip
from archsim.workload import Workload

if TYPE_CHECKING:
    from archsim.metrics import Result


def run(
    chip: Path,
    workload: Path,
    phases: Sequence[str],
    engine: str,
    seed: int,
    assignments: Sequence[str],
    for_workload: Sequence[str],
    output: Path | None,
    as_json: bool,
    how: Mapping[str, Any],
) -> None:
    """Simulate every phase; a table or JSON on stdout, everything in a folder if one is named."""
    how = {key: value for key, value in how.items() if value is not None and key != "max_memory"} | {
        "max_memory_bytes": memory_bytes(how["max_memory"])
    }
    given = [*assignments, *(f"workload.{assignment}" for assignment in for_workload)]
    the_chip, work = load_both(chip, workload, given)
    if output is None:
        results = simulated(the_chip, work, phases, engine, seed, how)
        notes = noted(work, results)
    else:
        with result_folder(output) as folder:
            results = simulated(the_chip, work, phases, engine, seed, how)
            notes = noted(work, results)
            progress("writing the result folder ...")
            write_results(folder, results, notes)
    records = [result.to_dict() for result in results]
    if as_json:
        say(json.dumps(bundle(records, notes), indent=1, allow_nan=False))
        return
    samples = f"{work.n_samples} sample{'s' if work.n_samples != 1 else ''}"
    ran = ", ".join(dict.fromkeys(str(result.provenance.get("engine", engine)) for result in results))
    say(f"{results[0].name}: {samples}, seed {seed}, engine {ran}")
    say(text_table(RUN_COLUMNS, [Summary.of(record).row() for record in records]))
    for line in (line for record in records for line in link_lines(record)):
        say(line)
    for result in results:
        if way := result.provenance.get("way"):
            say(f"{result.phase}: {way}")
    for note in [*idle_keys(the_chip), *idle_keys(work)]:
        say(f"note: {note}", err=True)
    if output is not None:
        say(f"written to {output}", err=True)


def noted(work: Workload, results: Sequence[Result]) -> tuple[str, ...]:
    """What goes with results: notes of the network's reader, and what is unusual of the chip and the runs."""
    unusual = (text for result in results for text in cast("list[str]", result.provenance.get("unusual", [])))
    return (*work.network.notes, *dict.fromkeys(unusual))


def simulated(
    chip: Chip,
    work: Workload,
    phases: Sequence[str],
    engine: str,
    seed: int,
    how: Mapping[str, Any] | None = None,
) -> list[Result]:
    from archsim.long_simulation import check_timesteps
    from archsim.simulate import simulate

    asked = list(dict.fromkeys(phases or work.phases))
    if how and (timesteps := how.get("timesteps")) is not None:
        for phase in asked:
            check_timesteps(work, phase, timesteps)
    results = []
    for phase in asked:
        progress(f"{chip.name}, {phase} ...")
        start = time.perf_counter()
        result = simulate(chip, work, engine=engine, seed=seed, phase=phase, **(how or {}))
        results.append(cast("Result", result))  # or a LongResult, which whoever asks for timesteps can handle
        progress(f"{chip.name}, {phase}: {results[-1].n_tasks} tasks in {time.perf_counter() - start:.1f} s")
    return results
