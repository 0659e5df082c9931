"""The data of a result that pictures need; small enough to be kept in the result folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ArchsimError
from archsim.files import write_arrays
from archsim.json_reader import read_json
from archsim.metrics import Result, power_over_time
from archsim.metrics.columns import check_texts, check_whole
from archsim.reading import LARGEST_BYTES, input_arrays
from archsim.taskgraph.whole import held_until

Parts = dict[str, dict[str, float]]
PART_KEYS = ("energy_pj", "busy_ps", "area_um2")
_COLUMNS = (
    "resource", "layer", "task_phase", "timestep", "sample", "start_ps", "end_ps", "power_time_ps", "power_uw",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drawing:
    """The spans of a run, its power over time, its parts by component.

    A span is one task on one resource that it uses; a task without resources has none. Written to
    ``spans_<phase>.npz``: one array for each column, and ``labels``, a JSON text with the other attributes.

    Parameters
    ----------
    name, phase : str
    latency_ps : int
        The makespan.
    resource_names, layer_names, task_phase_names : tuple of str
    resource, layer, task_phase : int32[n_spans]
        Numbers in the three lists of names; a task phase is "forward", "update" and so on.
    timestep, sample : int32[n_spans]
        -1 where there is none.
    start_ps, end_ps : int64[n_spans]
        When the task held the resource.
    power_time_ps, power_uw : int64[n + 1], float64[n]
        As `power_over_time` gives them.
    parts : dict
        By component: energy_pj, busy_ps, area_um2.
    """

    name: str
    phase: str
    latency_ps: int
    resource_names: tuple[str, ...]
    layer_names: tuple[str, ...]
    task_phase_names: tuple[str, ...]
    resource: NDArray[np.int32]
    layer: NDArray[np.int32]
    task_phase: NDArray[np.int32]
    timestep: NDArray[np.int32]
    sample: NDArray[np.int32]
    start_ps: NDArray[np.int64]
    end_ps: NDArray[np.int64]
    power_time_ps: NDArray[np.int64]
    power_uw: NDArray[np.float64]
    parts: Parts

    @classmethod
    def of(cls, result: Result) -> Drawing:
        """Take from a result what pictures need."""
        graph, trace = result.graph, result.trace
        task = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
        time_ps, power_uw = power_over_time(result)
        parts = {
            name: {key: float(part[key]) for key in PART_KEYS}  # type: ignore[literal-required]
            for name, part in result.breakdown("component").items()
        }
        return cls(
            name=result.name,
            phase=result.phase,
            latency_ps=result.latency_ps,
            resource_names=graph.resource_names,
            layer_names=graph.layer_names,
            task_phase_names=graph.phase_names,
            resource=graph.uses_resource,
            layer=graph.layer[task],
            task_phase=graph.phase[task],
            timestep=graph.timestep[task],
            sample=graph.sample[task],
            start_ps=trace.start_ps[task],
            end_ps=held_until(trace.start_ps[task], graph.occupancy_ps[task]),
            power_time_ps=time_ps,
            power_uw=power_uw,
            parts=parts,
        )

    def save(self, path: Path) -> None:
        """Write an .npz file."""
        labels = {
            "name": self.name,
            "phase": self.phase,
            "latency_ps": self.latency_ps,
            "resource_names": self.resource_names,
            "layer_names": self.layer_names,
            "task_phase_names": self.task_phase_names,
            "parts": self.parts,
        }
        columns = {key: getattr(self, key) for key in _COLUMNS}
        write_arrays(path, {"labels": np.array(json.dumps(labels, allow_nan=False)), **columns})

    @classmethod
    def load(cls, path: Path) -> Drawing:
        """Read what `save` wrote.

        Raises
        ------
        ArchsimError
            There is no such file, or it holds something else.
        """
        try:
            arrays = input_arrays(path, LARGEST_BYTES)
            labels = read_json(str(arrays["labels"]))
            columns = {key: arrays[key] for key in _COLUMNS}
            found = cls(
                name=labels["name"],
                phase=labels["phase"],
                latency_ps=labels["latency_ps"],
                resource_names=tuple(labels["resource_names"]),
                layer_names=tuple(labels["layer_names"]),
                task_phase_names=tuple(labels["task_phase_names"]),
                parts=labels["parts"],
                **columns,
            )
            found._check(labels)
            return found
        except FileNotFoundError:
            what = f"{path}: there is no such file; archsim run -o writes it (not of a long run)"
            raise ArchsimError(what) from None
        except Exception as cause:  # a damaged zip answers with many kinds of exception
            raise ArchsimError(f"{path}: cannot be read as the spans of a result: {cause}") from cause

    def _check(self, labels: Mapping[str, Any]) -> None:
        """Refuse what no run gives, by the name of its field."""
        for name in ("resource_names", "layer_names", "task_phase_names"):
            check_texts(name, labels[name])
        if not (isinstance(self.name, str) and isinstance(self.phase, str)):
            raise ValueError("name and phase: must be texts")
        check_whole("latency_ps", np.array([self.latency_ps]), 1)
        n = len(self.resource)
        for column in ("resource", "layer", "task_phase"):
            check_whole(column, getattr(self, column), n, high=len(labels[f"{column}_names"]))
        for column in ("timestep", "sample"):
            check_whole(column, getattr(self, column), n, low=-1)
        for column in ("start_ps", "end_ps"):
            check_whole(column, getattr(self, column), n)
        if (self.end_ps < self.start_ps).any():
            raise ValueError("end_ps: is before start_ps somewhere")
        check_whole("power_time_ps", self.power_time_ps, self.power_uw.size + 1)
        _check_figures("power_uw", self.power_uw)
        if (np.diff(self.power_time_ps) < 0).any():
            raise ValueError("power_time_ps: must not fall")
        for name, part in self.parts.items():
            _check_figures(f"parts.{name}", np.array([part[key] for key in PART_KEYS]))


def _check_figures(name: str, values: NDArray[Any]) -> None:
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(f"{name}: must be a list of numbers of 0 or more")


def drawing_of(what: Result | Drawing) -> Drawing:
    """The drawing itself, or that of a result."""
    return what if isinstance(what, Drawing) else Drawing.of(what)
