"""A run read back from its file, and evaluated anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from archsim.components import Action, AreaItem, Charge
from archsim.errors import ArchsimError
from archsim.json_reader import read_json
from archsim.metrics.activity import RunActivity
from archsim.metrics.columns import check_run, check_texts
from archsim.metrics.result import Result
from archsim.metrics.run_file import FORMAT, FORMER, GRAPH, NAMES, TRACE
from archsim.reading import input_arrays
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

LARGEST_RUN_BYTES = 1 << 33  # some 40 million tasks
_FAMILY = FORMAT.rpartition(" ")[0]


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
        if found == FORMER:
            arrays["stage"], labels["stage_names"] = arrays["phase"], labels["phase_names"]
        elif found != FORMAT:
            raise ArchsimError(_other(path, str(found)))
        columns = {name: arrays[name] for name in (*GRAPH, *TRACE)}
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
    n_resources = len(labels["resource_names"])
    n_tasks = max(columns[name].size for name in ("occupancy_ps", "start_ps"))
    for name in (*GRAPH, *TRACE):
        columns[name] = _whole(name, columns, n_tasks, n_resources)
        columns[name].flags.writeable = False
    for name in NAMES:
        check_texts(name, labels[name])
    parts: dict[str, Any] = {name: tuple(labels[name]) for name in NAMES}
    graph = TaskGraph(**parts, **{name: columns[name] for name in GRAPH})
    trace = Trace(**{name: columns[name] for name in TRACE})
    check_run(graph, trace)
    actions = [
        Action(action["name"], tuple(Charge(**charge) for charge in action["charges"]))
        for action in labels["actions"]
    ]
    result = Result.of(
        graph,
        trace,
        {action.name: action for action in actions},
        [AreaItem(**item) for item in labels["items"]],
        {(layer, role): n for layer, role, n in labels["crossbars"]},
        **{key: labels[key] for key in ("n_crossbars", "n_samples", "phase", "name", "provenance", "policy")},
    )
    seen = labels.get("activity")  # older files have none
    known = None if seen is None else RunActivity.of_dict(seen)
    return replace(result, seen=known, advice=labels.get("advice"))


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
