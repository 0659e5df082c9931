"""The lanes of a pipeline picture: which resources share one, and which parts of the run are worth a panel."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.plot.drawing import Drawing
from archsim.registry import RULES

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
    lane, layer, task_phase : int64[n_spans]
        Number in `lanes`, and in the drawing's layer names and task phase names.
    start_ps, end_ps : int64[n_spans]
    windows : tuple of Window
        The whole run, then its details.
    """

    lanes: tuple[Lane, ...]
    n_lanes: int
    n_resources: int
    lane: Numbers
    layer: Numbers
    task_phase: Numbers
    start_ps: Numbers
    end_ps: Numbers
    windows: tuple[Window, ...]

    @property
    def n_shown(self) -> int:
        """Resources that have a lane, alone or with others."""
        return sum(len(lane.resources) for lane in self.lanes)


def lanes_of(drawing: Drawing) -> Lanes:
    """Lanes of a run: like arrays of a PE in one lane, of a tile if there are too many, then the busiest."""
    busy_ps = np.bincount(
        drawing.resource, drawing.end_ps - drawing.start_ps, minlength=len(drawing.resource_names)
    )
    used: list[int] = np.flatnonzero(busy_ps).tolist()
    groups = _groups(drawing, used, by_pe=True)
    if len(groups) > MOST_LANES:
        groups = _groups(drawing, used, by_pe=False)
    mean_ps = {lane: float(np.mean(busy_ps[numbers])) for lane, numbers in groups.items()}
    chosen = sorted(groups, key=lambda lane: -mean_ps[lane])[:MOST_LANES]
    ordered = sorted(chosen, key=_order(drawing, groups))
    lane_of = np.full(len(drawing.resource_names), -1)
    for row, lane in enumerate(ordered):
        lane_of[groups[lane]] = row
    rows = lane_of[drawing.resource] if len(lane_of) else np.zeros(0, dtype=np.int64)
    # what takes no time has no width
    seen = (rows >= 0) & (drawing.end_ps > drawing.start_ps)
    return Lanes(
        lanes=tuple(ordered),
        n_lanes=len(groups),
        n_resources=len(used),
        lane=rows[seen].astype(np.int64),
        layer=drawing.layer[seen].astype(np.int64),
        task_phase=drawing.task_phase[seen].astype(np.int64),
        start_ps=drawing.start_ps[seen],
        end_ps=drawing.end_ps[seen],
        windows=_windows(drawing),
    )


def _groups(drawing: Drawing, used: list[int], by_pe: bool) -> dict[Lane, list[int]]:
    """Numbers of the resources in each lane; arrays that work for the same layers are alike."""
    span = drawing.end_ps > drawing.start_ps
    layers_of: dict[int, list[int]] = {}
    for r, layer in sorted(set(zip(drawing.resource[span].tolist(), drawing.layer[span].tolist(), strict=True))):
        layers_of.setdefault(r, []).append(layer)
    members: dict[tuple[int, int, str, tuple[str, ...]], list[int]] = {}
    for r in used:
        tile, pe, part = _place(drawing.resource_names[r])
        layers = tuple(drawing.layer_names[layer] for layer in layers_of[r] if drawing.layer_names[layer])
        members.setdefault((tile, pe if by_pe else -1, part, layers), []).append(r)
    return {
        Lane(*key, resources=tuple(drawing.resource_names[r] for r in numbers)): numbers
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


def _order(drawing: Drawing, groups: dict[Lane, list[int]]) -> Callable[[Lane], tuple[Any, ...]]:
    """By tile, PE, layers, first use: what belongs to a layer stands together."""
    first_ps = np.full(len(drawing.resource_names), np.iinfo(np.int64).max)
    np.minimum.at(first_ps, drawing.resource, drawing.start_ps)
    number = {name: i for i, name in enumerate(drawing.layer_names)}

    def order(lane: Lane) -> tuple[Any, ...]:
        array = bool(_ARRAY.fullmatch(lane.resources[0]))
        layers = [number[name] for name in lane.layers] if array else []
        return lane.tile, array, lane.pe, layers, int(first_ps[groups[lane]].min()), lane.part

    return order


def _passes() -> tuple[tuple[str, ...], ...]:
    """Phases of the first pass over the network, of the pass that brings errors, of the writing of weights."""
    return ("forward",), tuple(rule.error_phase for rule in RULES.values()), ("update",)


def _windows(drawing: Drawing) -> tuple[Window, ...]:
    """The whole run, and the start of each pass that there is."""
    windows = [Window("whole run", 0, max(1, drawing.latency_ps))]
    for phases in _passes():
        numbers = [i for i, name in enumerate(drawing.task_phase_names) if name in phases]
        mine = np.isin(drawing.task_phase, numbers) & (drawing.end_ps > drawing.start_ps)
        if mine.any():
            name = drawing.task_phase_names[int(drawing.task_phase[mine][0])]
            start_ps = _start(drawing, mine) if len(windows) > 1 else 0
            mine &= drawing.start_ps >= start_ps
            windows.append(Window(f"start of {name}", start_ps, _end(drawing, mine, start_ps)))
    return tuple(windows)


def _start(drawing: Drawing, mine: NDArray[np.bool_]) -> int:
    """When a crossbar first works in the pass: errors are taken at the outputs long before they go back."""
    is_array = np.array([_place(name)[2] == "crossbar" for name in drawing.resource_names])
    on_arrays = mine & is_array[drawing.resource]
    return int(drawing.start_ps[on_arrays if on_arrays.any() else mine].min())


def _end(drawing: Drawing, mine: NDArray[np.bool_], start_ps: int) -> int:
    """When every layer has worked on three timesteps; without timesteps, a tenth of the pass."""
    layer, timestep, end_ps = drawing.layer[mine], drawing.timestep[mine], drawing.end_ps[mine]
    until = start_ps
    for number in np.unique(layer):
        of_layer = layer == number
        done: dict[int, int] = {}
        for step, end in zip(timestep[of_layer].tolist(), end_ps[of_layer].tolist(), strict=True):
            done[step] = min(end, done.get(step, end))
        ends = sorted(done.values())
        until = max(until, ends[min(ZOOM_STEPS, len(ends)) - 1])
    length = (int(end_ps.max()) - start_ps) // 10 if (timestep < 0).all() else int(1.2 * (until - start_ps))
    return max(start_ps + 1, min(drawing.latency_ps, start_ps + length))
