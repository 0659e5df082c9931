"""A whole run written into one file: task graph, trace, prices and areas; `run_reader` makes the result again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Protocol

import numpy as np

from archsim.components import AreaItem
from archsim.files import write_arrays
from archsim.metrics.activity import RunActivity
from archsim.metrics.areas import Crossbars
from archsim.metrics.power import Priced
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

FORMAT = "archsim run 2"
FORMER = "archsim run 1"  # a task's stage was called its phase
TRACE = tuple(field.name for field in fields(Trace))
NAMES = tuple(field.name for field in fields(TaskGraph) if field.name.endswith("_names"))
GRAPH = tuple(field.name for field in fields(TaskGraph) if field.name not in NAMES)


def run_file(phase: str) -> str:
    """Name of the file with the run of a phase.

    Examples
    --------
    >>> run_file("dfa"), run_file("a/b")
    ('run_dfa.npz', 'run_a_b.npz')
    """
    return phase_file("run", phase, "npz")


def phase_file(kind: str, phase: str, suffix: str) -> str:
    """Name of a file of a phase in a result folder; whatever the phase is called, it is a plain name.

    Examples
    --------
    >>> phase_file("pipeline", "../x", "png")
    'pipeline____x.png'
    """
    return f"{kind}_{re.sub(r'[^0-9A-Za-z_]', '_', phase)[:50]}.{suffix}"


class Run(Priced, Protocol):
    """The written form of a run: that of a `Result`."""

    @property
    def items(self) -> Sequence[AreaItem]:
        """Areas."""

    @property
    def advice(self) -> Mapping[str, object] | None:
        """Advice on the design."""

    @property
    def activity(self) -> RunActivity | None:
        """Activity of the layers."""

    @property
    def crossbars(self) -> Crossbars:
        """Arrays by layer and role."""

    def to_dict(self) -> dict[str, object]:
        """Plain data, with the provenance."""


def write_run(result: Run, path: Path) -> None:
    """Write an .npz file: an array for each column of graph and trace, and ``labels``, a JSON text in UTF-8.

    A column that repeats one number is stored as that number.
    """
    labels = {
        "format": FORMAT,
        **{name: getattr(result.graph, name) for name in NAMES},
        "actions": [asdict(result.actions[name]) for name in result.graph.action_names],
        "items": [asdict(item) for item in result.items],
        "crossbars": [[layer, role, n] for (layer, role), n in result.crossbars.items()],
        **{key: getattr(result, key) for key in ("n_crossbars", "n_samples", "phase", "name", "policy")},
        "provenance": result.to_dict()["provenance"],
        "advice": None if result.advice is None else dict(result.advice),
        "activity": None if result.activity is None else result.activity.to_dict(),
    }
    columns = {name: getattr(result.graph, name) for name in GRAPH}
    columns |= {name: getattr(result.trace, name) for name in TRACE}
    text = np.frombuffer(json.dumps(labels, allow_nan=False).encode(), np.uint8)
    slim = {name: column[:1] if column.strides == (0,) else column for name, column in columns.items()}
    write_arrays(path, {"labels": text, **slim})
