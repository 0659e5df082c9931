"""The command ``study optimizers``."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archsim.cli_inputs import progress, split_assignments
from archsim.cli_say import say
from archsim.cli_study import CACHE, CHIP, WORKLOAD, existing_files
from archsim.files import check_folder
from archsim.report.table import text_table


def optimizers(
    chip: Path | None,
    workload: Path | None,
    assignments: Sequence[str],
    quick: bool,
    n_seeds: int,
    seed: int,
    workers: int | None,
    output: Path | None,
    write: Path | None,
    as_json: bool,
) -> None:
    """Run the study; a table or JSON on stdout, page, tables and picture in the folders that are named."""
    from archsim.study.costs import Files
    from archsim.study.optimizers import OptimizerQuestion
    from archsim.study.optimizers import optimizers as run
    from archsim.study.optimizers_page import columns, rows

    chip_file, work_file = existing_files(chip, workload)
    for_chip, for_workload = split_assignments(assignments)
    files = Files(chip_file, work_file, tuple(for_chip), tuple(for_workload))
    for folder in (output, write):
        if folder is not None:
            check_folder(folder)
    question = OptimizerQuestion(files, quick, n_seeds, seed, workers=workers or os.cpu_count() or 1)
    study = run(question, output / CACHE if output else None, progress)
    given = [f"--set {shlex.quote(assignment)}" for assignment in assignments]
    given += ["--quick"] if quick else []
    given += [f"--seeds {n_seeds}"] + ([f"--seed {seed}"] if seed else [])
    given += [f"--write {shlex.quote(str(write))}"] if write else []
    command = " ".join(["archsim study optimizers", str(chip or CHIP), str(workload or WORKLOAD), *given])
    for folder in (output, write):
        if folder is not None:
            write_study(folder, study, command)
            say(f"written to {folder}", err=True)
    say(json.dumps(study, indent=1, allow_nan=False) if as_json else text_table(columns(), rows(study)))


def write_study(folder: Path, study: dict[str, Any], command: str) -> None:
    """Tables, page and picture, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    from archsim.files import fresh_folder, write_text
    from archsim.plot.optimizers import study_optimizers
    from archsim.study.optimizers_page import NAMES, PAGE, PICTURE, page, write_tables

    with fresh_folder(folder) as place:
        write_tables(place, study)
        write_text(place / PAGE, page(study, command))
        study_optimizers(study["lines"], NAMES, place / PICTURE)
