"""A command of your own: `archsim tasks CHIP WORKLOAD` counts the tasks of each action."""

from collections import Counter
from pathlib import Path

import typer

import archsim
from archsim.cli.command import command
from archsim.cli.say import say


@command
def tasks(chip: Path, workload: Path, phase: str = "inference") -> None:
    """Count the tasks of a run by what they do.

    The graph is laid down and played, nothing is saved.
    """
    work = archsim.load_workload(workload, ["samples=1", "batch=1", "timesteps=2"])
    graph = archsim.simulate(archsim.load_chip(chip), work, phase=phase).graph
    counts = Counter(graph.action_names[i].partition("@")[0] for i in graph.action.tolist())
    for name, n in counts.most_common(3):
        say(f"{name} {n}")


if __name__ == "__main__":
    typer.main.get_command(tasks.app())(["arch_specs/wearable_rram.yaml", "workloads/watch_mlp.yaml"])
