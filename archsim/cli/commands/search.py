"""Search for the best configurations of a study.

Optuna chooses what is tried: TPE, NSGA-II, NSGA-III, or at random. Prints the Pareto front.
"""

from __future__ import annotations

from archsim.cli.command import command
from archsim.cli.options import Json, MaxMemory, Scheduler, StudyFile, StudyOutput, Workers


@command
def search(
    study: StudyFile,
    output: StudyOutput = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    max_memory: MaxMemory = None,
    json: Json = False,
) -> None:
    from archsim.cli.front import Asked, show_front
    from archsim.explore import search as evaluate

    show_front(evaluate, Asked(study, output, workers, scheduler, max_memory), json)
