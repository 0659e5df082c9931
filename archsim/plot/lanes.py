"""The lanes of a pipeline picture: which resources share one, and which parts of the run are worth a panel."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result
from archsim.registry import RULES
from archsim.taskgraph.whole import held_until

MOST_LANES = 60
ZOOM_STEPS = 3
NAMED_LAYERS = 3
_TILE = re.compile(r"tile\[(\d+)\]\.(.*)")
_ARRAY = re.compile(r"tile\[(\d+)\]\.pe\[(\d+)\]\.crossbar\[\d+\](?:\.(.*))?")
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Lane:
    """One row of the picture.

    Parameters
    ----------
    tile, pe : int
        -1 if it belongs to none.
    part : str
        Such as "adc" or "bus".
    layers : tuple of str
        For which its resources work.
    resources : tuple of str
    """

    tile: int
    pe: int
    part: str
    layers: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def label(self) -> str:
        """PE, part, how many there are; without the tile.

        Examples
        --------
        >>> Lane(0, 1, "adc", ("fc1",), ("a", "b")).label
        'pe[1] adc x2'
        """
        where = f"pe[{self.pe}] " if self.pe >= 0 else ""
        return where + self.part + (f" x{len(self.resources)}" if len(self.resources) > 1 else "")

    @property
    def layer_label(self) -> str:
        """The layers, or how many there are.

        Examples
        --------
        >>> Lane(0, 1, "adc", ("fc1", "fc2"), ()).layer_label, Lane(0, 1, "adc", tuple("abcd"), ()).layer_label
        ('fc1, fc2', '4 layers')
        """
        return ", ".join(self.layers) if len(self.layers) <= NAMED_LAYERS else f"{len(self.layers)} layers"


@dataclass(frozen=True)
class Window:
    """A part of the run that has a panel."""

    title: str
    start_ps: int
    end_ps: int


@dataclass(frozen=True, eq=False)
class Lanes:
    """The data drawn by `pipeline`.

    Parameters
    ----------
    lanes : tuple of Lane
        From the top of the picture to its bottom.
    n_lanes : int
        How many there were before the least busy were left out.
    n_resources : int
        How many resources take time.
    lane, layer, task_stage : int64[n_spans]
        Number in `lanes`, and in the graph's names of layers and stages.
    start_ps, end_ps : int64[n_spans]
    windows : tuple of Window
        The whole run, then its details.
    """

    lanes: tuple[Lane, ...]
    n_lanes: int
    n_resources: int
    lane: Numbers
    layer: Numbers
    task_stage: Numbers
    start_ps: Numbers
    end_ps: Numbers
    windows: tuple[Window, ...]

    @property
    def n_shown(self) -> int:
        """Resources that have a lane, alone or with others."""
        return sum(len(lane.resources) for lane in self.lanes)


class _Held:
    """Which resource is held when, and for what: an entry for each resource that a task uses."""

    def __init__(self, result: Result) -> None:
        graph, trace = result.graph, result.trace
        task = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
        self.latency_ps = result.latency_ps
        self.resource_names, self.layer_names = graph.resource_names, graph.layer_names
        self.task_stage_names = graph.stage_names
        self.resource, self.layer, self.task_stage = graph.uses_resource, graph.layer[task], graph.stage[task]
        self.timestep, self.start_ps = graph.timestep[task], trace.start_ps[task]
        self.end_ps = held_until(self.start_ps, graph.occupancy_ps[task])


def lanes_of(result: Result) -> Lanes:
    """Lanes of a run: like arrays of a PE in one lane, of a tile if there are too many, then the busiest."""
    held = _Held(result)
    busy_ps = np.bincount(held.resource, held.end_ps - held.start_ps, minlength=len(held.resource_names))
    used: list[int] = np.flatnonzero(busy_ps).tolist()
    groups = _groups(held, used, by_pe=True)
    if len(groups) > MOST_LANES:
        groups = _groups(held, used, by_pe=False)
    mean_ps = {lane: float(np.mean(busy_ps[numbers])) for lane, numbers in groups.items()}
    chosen = sorted(groups, key=lambda lane: -mean_ps[lane])[:MOST_LANES]
    ordered = sorted(chosen, key=_order(held, groups))
    lane_of = np.full(len(held.resource_names), -1)
    for row, lane in enumerate(ordered):
        lane_of[groups[lane]] = row
    rows = lane_of[held.resource] if len(lane_of) else np.zeros(0, dtype=np.int64)
    # what takes no time has no width
    seen = (rows >= 0) & (held.end_ps > held.start_ps)
    return Lanes(
        lanes=tuple(ordered),
        n_lanes=len(groups),
        n_resources=len(used),
        lane=rows[seen].astype(np.int64),
        layer=held.layer[seen].astype(np.int64),
        task_stage=held.task_stage[seen].astype(np.int64),
        start_ps=held.start_ps[seen],
        end_ps=held.end_ps[seen],
        windows=_windows(held),
    )


def _groups(held: _Held, used: list[int], by_pe: bool) -> dict[Lane, list[int]]:
    """Numbers of the resources in each lane; arrays that work for the same layers are alike."""
    span = held.end_ps > held.start_ps
    layers_of: dict[int, list[int]] = {}
    for r, layer in sorted(set(zip(held.resource[span].tolist(), held.layer[span].tolist(), strict=True))):
        layers_of.setdefault(r, []).append(layer)
    members: dict[tuple[int, int, str, tuple[str, ...]], list[int]] = {}
    for r in used:
        tile, pe, part = _place(held.resource_names[r])
        layers = tuple(held.layer_names[layer] for layer in layers_of[r] if held.layer_names[layer])
        members.setdefault((tile, pe if by_pe else -1, part, layers), []).append(r)
    return {
        Lane(*key, resources=tuple(held.resource_names[r] for r in numbers)): numbers
        for key, numbers in members.items()
    }


def _place(name: str) -> tuple[int, int, str]:
    """Tile and PE (-1: none), and the part; arrays of a PE differ in nothing else.

    Examples
    --------
    >>> _place("tile[3].pe[1].crossbar[0].adc"), _place("tile[3].pe[1].crossbar[0]"), _place("link[0 to 1]")
    ((3, 1, 'adc'), (3, 1, 'crossbar'), (-1, -1, 'link[0 to 1]'))
    """
    if found := _ARRAY.fullmatch(name):
        return int(found[1]), int(found[2]), found[3] or "crossbar"
    if found := _TILE.fullmatch(name):
        return int(found[1]), -1, found[2]
    return -1, -1, name


def _order(held: _Held, groups: dict[Lane, list[int]]) -> Callable[[Lane], tuple[Any, ...]]:
    """By tile, PE, layers, first use: what belongs to a layer stands together."""
    first_ps = np.full(len(held.resource_names), np.iinfo(np.int64).max)
    np.minimum.at(first_ps, held.resource, held.start_ps)
    number = {name: i for i, name in enumerate(held.layer_names)}

    def order(lane: Lane) -> tuple[Any, ...]:
        array = bool(_ARRAY.fullmatch(lane.resources[0]))
        layers = [number[name] for name in lane.layers] if array else []
        return lane.tile, array, lane.pe, layers, int(first_ps[groups[lane]].min()), lane.part

    return order


def _passes() -> tuple[tuple[str, ...], ...]:
    """Stages of the first pass over the network, of the pass that brings errors, of the writing of weights."""
    return ("forward",), tuple(rule.error_stage for rule in RULES.values()), ("update",)


def _windows(held: _Held) -> tuple[Window, ...]:
    """The whole run, and the start of each pass that there is."""
    windows = [Window("whole run", 0, max(1, held.latency_ps))]
    for stages in _passes():
        numbers = [i for i, name in enumerate(held.task_stage_names) if name in stages]
        mine = np.isin(held.task_stage, numbers) & (held.end_ps > held.start_ps)
        if mine.any():
            name = held.task_stage_names[int(held.task_stage[mine][0])]
            start_ps = _start(held, mine) if len(windows) > 1 else 0
            mine &= held.start_ps >= start_ps
            windows.append(Window(f"start of {name}", start_ps, _end(held, mine, start_ps)))
    return tuple(windows)


def _start(held: _Held, mine: NDArray[np.bool_]) -> int:
    """When a crossbar first works in the pass: errors are taken at the outputs long before they go back."""
    is_array = np.array([_place(name)[2] == "crossbar" for name in held.resource_names])
    on_arrays = mine & is_array[held.resource]
    return int(held.start_ps[on_arrays if on_arrays.any() else mine].min())


def _end(held: _Held, mine: NDArray[np.bool_], start_ps: int) -> int:
    """When every layer has worked on three timesteps; without timesteps, a tenth of the pass."""
    layer, timestep, end_ps = held.layer[mine], held.timestep[mine], held.end_ps[mine]
    until = start_ps
    for number in np.unique(layer):
        of_layer = layer == number
        done: dict[int, int] = {}
        for step, end in zip(timestep[of_layer].tolist(), end_ps[of_layer].tolist(), strict=True):
            done[step] = min(end, done.get(step, end))
        ends = sorted(done.values())
        until = max(until, ends[min(ZOOM_STEPS, len(ends)) - 1])
    length = (int(end_ps.max()) - start_ps) // 10 if (timestep < 0).all() else int(1.2 * (until - start_ps))
    return max(start_ps + 1, min(held.latency_ps, start_ps + length))
