"""A whole run in one file: task graph, trace, prices and areas, from which the result is made again."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.components import Action, AreaItem, Charge
from archsim.errors import ArchsimError
from archsim.files import write_arrays
from archsim.json_reader import read_json
from archsim.metrics.columns import check_run, check_texts
from archsim.reading import input_arrays
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

if TYPE_CHECKING:
    from archsim.metrics.result import Result

FORMAT = "archsim run 1"
LARGEST_RUN_BYTES = 1 << 33  # some 40 million tasks
_FAMILY = FORMAT.rpartition(" ")[0]
_TRACE = tuple(field.name for field in fields(Trace))
_NAMES = tuple(field.name for field in fields(TaskGraph) if field.name.endswith("_names"))
_GRAPH = tuple(field.name for field in fields(TaskGraph) if field.name not in _NAMES)


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


def write_run(result: Result, path: Path) -> None:
    """Write an .npz file: an array for each column of graph and trace, and ``labels``, a JSON text in UTF-8.

    A column that repeats one number is stored as that number.
    """
    labels = {
        "format": FORMAT,
        **{name: getattr(result.graph, name) for name in _NAMES},
        "actions": [asdict(result.actions[name]) for name in result.graph.action_names],
        "items": [asdict(item) for item in result.items],
        "crossbars": [[layer, role, n] for (layer, role), n in result.crossbars.items()],
        **{key: getattr(result, key) for key in ("n_crossbars", "n_samples", "phase", "name", "policy")},
        "provenance": result.to_dict()["provenance"],
    }
    columns = {name: getattr(result.graph, name) for name in _GRAPH}
    columns |= {name: getattr(result.trace, name) for name in _TRACE}
    text = np.frombuffer(json.dumps(labels, allow_nan=False).encode(), np.uint8)
    slim = {name: column[:1] if column.strides == (0,) else column for name, column in columns.items()}
    write_arrays(path, {"labels": text, **slim})


def read_run(path: Path) -> Result:
    """The result that `write_run` wrote, evaluated anew.

    Raises
    ------
    ArchsimError
        There is no such file, it is damaged, or another version wrote it.
    """
    try:
        arrays = input_arrays(path, LARGEST_RUN_BYTES)
        labels = read_json(arrays["labels"].tobytes())
        found = labels["format"]
        if found != FORMAT:
            raise ArchsimError(_other(path, str(found)))
        columns = {name: arrays[name] for name in (*_GRAPH, *_TRACE)}
        return _result(labels, columns)
    except FileNotFoundError:
        raise ArchsimError(
            f"{path}: there is no such file; archsim run -o and result.save write it (older versions did not, and "
            "a long run has no trace to keep)"
        ) from None
    except ArchsimError as error:
        if str(path) in str(error):
            raise
        raise ArchsimError(f"{path}: cannot be read as the run of a result: {error}") from None
    except Exception as cause:  # a damaged zip answers with many kinds of exception
        raise ArchsimError(f"{path}: cannot be read as the run of a result: {cause}") from cause


def _other(path: Path, found: str) -> str:
    if found.startswith(_FAMILY):
        return f"{path}: written by another version ({found!r}; {FORMAT!r} is read); run it again"
    return f"{path}: cannot be read as the run of a result: its format is {found[:80]!r}, not {FORMAT!r}"


def _result(labels: dict[str, Any], columns: dict[str, Any]) -> Result:
    from archsim.metrics.result import Result

    n_resources = len(labels["resource_names"])
    n_tasks = max(columns[name].size for name in ("occupancy_ps", "start_ps"))
    for name in (*_GRAPH, *_TRACE):
        columns[name] = _whole(name, columns, n_tasks, n_resources)
        columns[name].flags.writeable = False
    for name in _NAMES:
        check_texts(name, labels[name])
    parts: dict[str, Any] = {name: tuple(labels[name]) for name in _NAMES}
    graph = TaskGraph(**parts, **{name: columns[name] for name in _GRAPH})
    trace = Trace(**{name: columns[name] for name in _TRACE})
    check_run(graph, trace)
    actions = [
        Action(action["name"], tuple(Charge(**charge) for charge in action["charges"]))
        for action in labels["actions"]
    ]
    return Result.of(
        graph,
        trace,
        {action.name: action for action in actions},
        [AreaItem(**item) for item in labels["items"]],
        {(layer, role): n for layer, role, n in labels["crossbars"]},
        **{key: labels[key] for key in ("n_crossbars", "n_samples", "phase", "name", "provenance", "policy")},
    )


def _whole(name: str, columns: dict[str, Any], n_tasks: int, n_resources: int) -> Any:
    """A column with its repetitions, of the length that it must have."""
    owner = name.rpartition("_")[0]
    if name.endswith("_ptr"):
        n = n_tasks + 1
    elif name == "capacity":
        n = n_resources
    elif name.endswith(("_idx", "_resource", "_units")):
        n = int(columns[f"{owner}_ptr"][-1])
    else:
        n = n_tasks
    column = columns[name]
    if column.ndim != 1 or len(column) not in ((n,) if n == 0 else (1, n)):
        raise ArchsimError(f"{name} has shape {column.shape}, not ({n},)")
    return np.broadcast_to(column, (n,)) if len(column) == 1 < n else column
