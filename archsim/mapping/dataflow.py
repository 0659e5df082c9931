"""Which steps of its inputs a layer's step needs.

A *step* is one burst of output positions at one timestep, numbered ``timestep * n_bursts + burst``. The
schedule, the buffers and the backward pass all follow from these windows.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from archsim.workload import INPUT, Conv, Dense, Layer, Network, Pool, Workload


@dataclass(frozen=True)
class Dataflow:
    """Steps of all layers of a network, for an input of `n_timesteps`.

    Parameters
    ----------
    network : Network
    n_timesteps : int
    positions_per_burst : int
    """

    network: Network
    n_timesteps: int
    positions_per_burst: int

    @cached_property
    def known(self) -> dict[object, Any]:
        """What others have found out of these steps and will ask for again, by a key of their own."""
        return {}

    @cached_property
    def timesteps(self) -> dict[str, int]:
        """Timesteps of each layer's output and of "input"."""
        return self.network.steps(self.n_timesteps)

    @property
    def has_one_rate(self) -> bool:
        """Whether the input and all layers have as many timesteps."""
        return len({self.timesteps[name] for name in (INPUT, *self.network.names)}) == 1

    def n_positions(self, name: str) -> int:
        """Output positions of one timestep (1 unless the layer has a spatial extent)."""
        return self._sizes[name][0]

    def n_bursts(self, name: str) -> int:
        """Bursts of one timestep; the input of a timestep comes at once."""
        return self._sizes[name][1]

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        """Positions and bursts of one timestep."""
        n_of = {INPUT: math.prod(self.network.input_shape[1:])}
        n_of |= {layer.name: math.prod(layer.out_shape[1:]) for layer in self.network.layers}
        return {
            name: (n, 1 if name == INPUT else math.ceil(n / self.positions_per_burst)) for name, n in n_of.items()
        }

    def n_steps(self, name: str) -> int:
        """Steps of one sample."""
        return self.timesteps[name] * self.n_bursts(name)

    def positions(self, name: str, step: int) -> tuple[int, int]:
        """Positions (start, stop) of a step's burst."""
        n, n_bursts = self._sizes[name]
        if n_bursts == 1:
            return 0, n
        start = step % n_bursts * self.positions_per_burst
        return start, min(start + self.positions_per_burst, n)

    def timestep(self, name: str, step: int) -> int:
        """The timestep of a step."""
        return step // self._sizes[name][1]

    def needs(self, layer: Layer, step: int, source: str) -> list[int]:
        """Steps of `source` that a step of `layer` reads, in order; for its own output the timestep before."""
        key = (layer.name, step, source)
        found = self._needed.get(key)
        if found is None:
            found = self._needed[key] = self._needs(layer, step, source)
        return found

    @cached_property
    def _needed(self) -> dict[tuple[str, int, str], list[int]]:
        return {}

    def _needs(self, layer: Layer, step: int, source: str) -> list[int]:
        t = self.timestep(layer.name, step)
        n_bursts = self.n_bursts(source)
        if source == layer.name:
            return [] if t == 0 else [(t - 1) * n_bursts + b for b in range(n_bursts)]
        low, high = self._source_positions(layer, step, source)
        per_burst = self.n_positions(source) if source == INPUT else self.positions_per_burst
        bursts = range(low // per_burst, (high - 1) // per_burst + 1)
        times = self._source_times(layer, t, self.timesteps[source])
        return [s * n_bursts + b for s in times for b in bursts]

    def last_users(self, layer: Layer, source: str) -> dict[int, int]:
        """For every step of `source` that `layer` reads: the last step of `layer` that does."""
        key = ("last users", layer.name, source)
        if key not in self.known:
            self.known[key] = self._last_users(layer, source)
        found: dict[int, int] = self.known[key]
        return found

    def _last_users(self, layer: Layer, source: str) -> dict[int, int]:
        last: dict[int, int] = {}
        for step in range(self.n_steps(layer.name)):
            for needed in self.needs(layer, step, source):
                last[needed] = step
        return last

    def live_steps(self, layer: Layer, source: str) -> int:
        """Steps of `source` that a buffer must hold at once so that `layer` can go on.

        Sources come in order, so that everything up to the newest needed step has arrived, and a step leaves
        with its last user.
        """
        what = source if source == INPUT else ("itself" if source == layer.name else "")
        sizes = (self.n_positions(source), self.timesteps[source], self.n_steps(layer.name))
        key = (layer.op, layer.in_shape, layer.out_shape, layer.delay, what, sizes)
        if key not in self._live_steps:  # alike for all pairs of layers that are alike
            self._live_steps[key] = self._count_live_steps(layer, source)
        return self._live_steps[key]

    @cached_property
    def _live_steps(self) -> dict[tuple[object, ...], int]:
        return {}

    def _count_live_steps(self, layer: Layer, source: str) -> int:
        last = self.last_users(layer, source)
        arrived = sorted(last)
        leave_after = sorted(last.values())
        most, newest = 1, -1
        for step in range(self.n_steps(layer.name)):
            newest = max([newest, *self.needs(layer, step, source)])
            most = max(most, bisect_right(arrived, newest) - bisect_left(leave_after, step))
        return most

    def reaches_over_time(self, layer: Layer) -> bool:
        """Whether a step of a layer may read another timestep of its input than its own: windows, delays."""
        return layer.delay > 0 or _spans_time(layer)

    @cached_property
    def look_ahead(self) -> dict[str, int]:
        """Timesteps that windows on the way from each layer to the output look ahead; 0 if none does."""
        ahead = dict.fromkeys((INPUT, *self.network.names), 0)
        if all(not _spans_time(layer) for layer in self.network.layers):
            return ahead
        for t in range(self.timesteps[self.network.layers[-1].name]):
            for name, newest in self._newest_needed(t).items():
                ahead[name] = max(ahead[name], newest - t)
        return ahead

    def _newest_needed(self, timestep: int) -> dict[str, int]:
        """The newest timestep of each layer's output that the network's output at `timestep` waits for.

        Padding along time makes a window look ahead, over all layers on the way.
        """
        newest = {self.network.layers[-1].name: timestep}
        for layer in reversed(self.network.layers):
            if layer.name not in newest:
                continue
            for source in layer.inputs:
                needed = self._newest_time(layer, newest[layer.name], self.timesteps[source])
                newest[source] = max(needed, newest.get(source, -1))
        return newest

    def _newest_time(self, layer: Layer, t: int, n_times: int) -> int:
        """The newest timestep of the input that a timestep of the layer, or one before it, reads."""
        op = layer.op
        if isinstance(op, Dense) and op.flatten_time:
            t = n_times - 1
        elif isinstance(op, Conv | Pool) and op.axis == "time":
            dilation = op.dilation[0] if isinstance(op, Conv) else 1
            t = min(n_times - 1, t * op.stride[0] - op.padding[0] + (op.kernel[0] - 1) * dilation)
        return max(-1, t - layer.delay)

    def _source_times(self, layer: Layer, t: int, n_times: int) -> list[int]:
        """Timesteps of the input that a timestep of the layer reads; those of its padding are left out."""
        op = layer.op
        late = layer.delay
        if isinstance(op, Dense) and op.flatten_time:
            return list(range(n_times - late))
        if isinstance(op, Conv | Pool) and op.axis == "time":
            dilation = op.dilation[0] if isinstance(op, Conv) else 1
            first = t * op.stride[0] - op.padding[0]
            window = range(first, first + op.kernel[0] * dilation, dilation)
            return [s - late for s in window if late <= s < n_times]
        return [t - late] if t >= late else []

    def _source_positions(self, layer: Layer, step: int, source: str) -> tuple[int, int]:
        """Positions (start, stop) of an input, row by row, that the burst's windows cover.

        Whole rows of the input: from the first that a window of the burst touches to the last.
        """
        op = layer.op
        if isinstance(op, Dense) or op.axis == "time":
            return 0, self.n_positions(source)
        extents = layer.in_shape[1:]
        start, stop = self.positions(layer.name, step)
        row_positions = math.prod(layer.out_shape[2:])
        dilation = op.dilation[0] if isinstance(op, Conv) else 1
        first = start // row_positions * op.stride[0] - op.padding[0]
        last = (stop - 1) // row_positions * op.stride[0] - op.padding[0] + (op.kernel[0] - 1) * dilation
        width = math.prod(extents[1:])
        low, high = max(0, first), min(extents[0] - 1, last)
        if high < low:  # the window lies in the padding
            low = high = min(max(first, 0), extents[0] - 1)
        return low * width, (high + 1) * width


_ALIVE: WeakValueDictionary[tuple[int, int, int], Dataflow] = WeakValueDictionary()


def dataflow(work: Workload) -> Dataflow:
    """The steps of a workload: the same for the same network, as long as they are referenced.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> work = load_workload("workloads/watch_mlp.yaml")
    >>> flow = dataflow(work)
    >>> dataflow(work) is flow
    True
    """
    key = id(work.network), work.n_timesteps, work.n_positions_per_burst
    found = _ALIVE.get(key)  # it holds the network, so that no other has its id
    if found is None:
        found = _ALIVE[key] = Dataflow(work.network, work.n_timesteps, work.n_positions_per_burst)
    return found


def _spans_time(layer: Layer) -> bool:
    """Whether a step of the layer may read other timesteps of its input than one that is not newer."""
    return layer.op.flatten_time if isinstance(layer.op, Dense) else layer.op.axis == "time"
