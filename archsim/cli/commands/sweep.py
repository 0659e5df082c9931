"""Try the configurations of a study: a grid, or at random.

Prints the Pareto front. Nothing that is finished is lost or done again: the same command goes on.
"""

from __future__ import annotations

from archsim.cli.command import command
from archsim.cli.options import Json, MaxMemory, Scheduler, StudyFile, StudyOutput, Workers


@command
def sweep(
    study: StudyFile,
    output: StudyOutput = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    max_memory: MaxMemory = None,
    json: Json = False,
) -> None:
    from archsim.cli.front import Asked, show_front
    from archsim.explore import sweep as evaluate

    show_front(evaluate, Asked(study, output, workers, scheduler, max_memory), json)
