"""Does nothing happen before what it is made of? A checker of its own, for traces of every phase and schedule.

It knows the network (which output reads which inputs, position by position and channel by channel), where neurons
live, and the labels of the tasks; it knows nothing of how lowering ties tasks together. Bursts of a timestep carry
no number in their labels: they count in the order in which they stand in the program, backwards for BP.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from archsim.lowering import Lowered
from archsim.trace import Trace
from archsim.workload import INPUT, Conv, Dense, Layer, Network, Pool, Workload
from archsim.workload.network import Shape

Step = tuple[str, int, int, int]  # layer, timestep, burst, tile of the neurons
LAYER_BY_LAYER = (  # errors come down
    "bp", "feedback_alignment", "kolen_pollack", "weight_mirror", "sign_symmetric", "ottt", "eprop_symmetric",
)  # fmt: skip
LEARNS_BESIDE = "direct_kolen_pollack"  # its matrices, which have outer products of their own
ORDERS = ("admit", "release", "barrier", "issue", "settle")  # tasks that only order others


def time_pairs(layer: Layer, n_times: int) -> list[tuple[int, int]]:
    """(timestep of the layer, timestep of its inputs) that meet, for an input of `n_times`."""
    op, late = layer.op, layer.delay
    if isinstance(op, Dense) and op.flatten_time:
        return [(0, s) for s in range(n_times - late)]
    if isinstance(op, Dense) or op.axis == "space":
        return [(t, t - late) for t in range(late, n_times)]
    dilation = op.dilation[0] if isinstance(op, Conv) else 1
    n_out = (n_times + 2 * op.padding[0] - dilation * (op.kernel[0] - 1) - 1) // op.stride[0] + 1
    taps = product(range(n_out), range(op.kernel[0]))
    times = [(t, t * op.stride[0] - op.padding[0] + k * dilation) for t, k in taps]
    return [(t, s - late) for t, s in times if late <= s < n_times]


def channel_pairs(layer: Layer, n_channels: int, first: int) -> list[tuple[int, int]]:
    """(channel of the layer, channel of a source) that meet; the source's are the input's from `first` on."""
    op = layer.op
    if isinstance(op, Dense):  # its channels are its neurons
        return list(product(range(layer.n_neurons), range(n_channels)))
    if isinstance(op, Pool):
        return [(first + c, c) for c in range(n_channels)]
    per_group, outs = layer.in_shape[0] // op.groups, op.n_out // op.groups
    everything = product(range(op.n_out), range(n_channels))
    return [(own, c) for own, c in everything if own // outs == (first + c) // per_group]


def position_pairs(layer: Layer, extents: Shape) -> list[tuple[int, int]]:
    """(position of the layer's output, position of its input) that meet."""
    if isinstance(layer.op, Dense):
        return [(0, p) for p in range(math.prod(extents))]
    if layer.op.axis == "time":
        return [(p, p) for p in range(math.prod(extents))]
    return list(_windows(layer.op, extents, layer.out_shape[1:]))


def _windows(op: Conv | Pool, extents, out_extents) -> Iterator[tuple[int, int]]:
    """(output position, input position), both row by row."""
    dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
    for at in product(*(range(n) for n in out_extents)):
        for tap in product(*(range(k) for k in op.kernel)):
            numbers = zip(at, op.stride, op.padding, tap, dilation, strict=True)
            place = [a * s - p + k * d for a, s, p, k, d in numbers]
            if all(0 <= x < n for x, n in zip(place, extents, strict=True)):
                yield _flat(at, out_extents), _flat(place, extents)


def _flat(place, extents) -> int:
    index = 0
    for x, n in zip(place, extents, strict=True):
        index = index * n + x
    return index


@dataclass
class Causality:
    """Collects pairs (what comes later, what it is made of, why) and compares their times."""

    low: Lowered
    work: Workload
    trace: Trace
    pairs: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return self.work.network

    @property
    def phase(self) -> str:
        return self.low.mapping.phase

    @cached_property
    def times(self) -> dict[str, int]:
        return self.network.steps(self.work.n_timesteps)

    def bursts(self, name: str) -> int:
        positions = math.prod(self.network.layer(name).out_shape[1:])
        return math.ceil(positions / self.work.n_positions_per_burst)

    @cached_property
    def rows(self) -> list[tuple[str, str, str, int, int, str]]:
        """(action, stage, layer, timestep, sample, first part that it uses) of every task."""
        g = self.low.graph
        actions = [g.action_names[a].split("@")[0] for a in g.action.tolist()]
        stages = [g.stage_names[p] for p in g.stage.tolist()]
        layers = [g.layer_names[x] for x in g.layer.tolist()]
        begins, ends = g.uses_ptr[:-1].tolist(), g.uses_ptr[1:].tolist()
        used = [g.resource_names[r] for r in g.uses_resource.tolist()]
        parts = [used[b] if e > b else "" for b, e in zip(begins, ends, strict=True)]
        return list(zip(actions, stages, layers, g.timestep.tolist(), g.sample.tolist(), parts, strict=True))

    @cached_property
    def found(self) -> dict[tuple[str, str, str, int, int, int], list[int]]:
        """Tasks by (stage, action, layer, timestep, sample, tile), in the order of the program."""
        found: dict[tuple[str, str, str, int, int, int], list[int]] = {}
        for task, (action, stage, layer, timestep, sample, part) in enumerate(self.rows):
            tile = int(part[5 : part.index("]")]) if part.startswith("tile[") else -1
            found.setdefault((stage, action, layer, timestep, sample, tile), []).append(task)
        return found

    def task(self, stage: str, action: str, step: Step, sample: int) -> int:
        """The task of a step; there must be one for each burst."""
        name, t, burst, tile = step
        tasks = self.found.get((stage, action, name, t, sample, tile), [])
        assert len(tasks) == self.bursts(name), f"{len(tasks)} x {stage} {action} of {step}, sample {sample}"
        return tasks[::-1][burst] if stage == "backward" else tasks[burst]

    @cached_property
    def homes(self) -> dict[str, dict[int, int]]:
        """Of each layer, the tile of every channel."""
        return {
            name: {c: home.tile for home in plan.homes for low, high in home.channels for c in range(low, high)}
            for name, plan in self.low.mapping.plans.items()
        }

    @cached_property
    def made_of(self) -> dict[Step, set[Step]]:
        """Which steps of which layers each step reads, by place; the network's input is on tile -1."""
        needs: dict[Step, set[Step]] = {step: set() for name in self.network.names for step in self.steps(name)}
        for layer in self.network.layers:
            first = 0
            for source in layer.inputs:
                shape = self.network.input_shape if source == INPUT else self.network.layer(source).out_shape
                for step, other in self.meetings(layer, source, shape, first):
                    needs[step].add(other)
                first += shape[0]
            for name, t, burst, tile in self.steps(layer.name) if layer.recurrent else ():
                whole = self.steps(layer.name)
                needs[name, t, burst, tile] |= {other for other in whole if other[1] == t - 1}
        return needs

    def meetings(self, layer: Layer, source: str, shape: Shape, first: int) -> Iterator[tuple[Step, Step]]:
        """Each step of a layer with each step of one of its inputs that it reads."""
        size, own = self.work.n_positions_per_burst, self.homes[layer.name]
        theirs = dict.fromkeys(range(shape[0]), -1) if source == INPUT else self.homes[source]
        size_there = math.prod(shape[1:]) if source == INPUT else size
        tiles = {(own[c], theirs[d]) for c, d in channel_pairs(layer, shape[0], first)}
        bursts = {(at // size, p // size_there) for at, p in position_pairs(layer, shape[1:])}
        times = time_pairs(layer, self.times[source])
        for (t, s), (burst, other), (tile, there) in product(times, bursts, tiles):
            yield (layer.name, t, burst, tile), (source, s, other, there)

    def steps(self, name: str) -> list[Step]:
        tiles = sorted(set(self.homes[name].values()))
        numbers = product(range(self.times[name]), range(self.bursts(name)), tiles)
        return [(name, t, burst, tile) for t, burst, tile in numbers]

    def after(self, later: int, earlier: int, why: str) -> None:
        self.pairs.append((later, earlier, why))

    # ---- forward -------------------------------------------------------------------------------

    def first_of(self, step: Step, sample: int) -> int:
        """The first task that must have all inputs of a step."""
        layer = self.network.layer(step[0])
        if isinstance(layer.op, Pool):
            return self.task("forward", "pool", step, sample)
        return self.output(step, sample)

    def output(self, step: Step, sample: int) -> int:
        """The task after which the outputs of a step are known."""
        has_neurons = self.network.layer(step[0]).neuron is not None
        return self.task("forward", "update" if has_neurons else "emit", step, sample)

    def sent(self, step: Step, sample: int) -> int:
        return self.task("forward", "emit", step, sample)

    def forward(self, sample: int) -> None:
        for step, needed in self.made_of.items():
            tasks = {self.first_of(step, sample), self.output(step, sample)}
            for other in needed:
                if other[0] != INPUT:
                    for task in tasks:
                        self.after(task, self.sent(other, sample), "outputs come after the inputs that they read")
            for task in tasks:
                for earlier in self.loads(needed, sample):
                    self.after(task, earlier, "outputs come after the input")
            if self.network.layer(step[0]).neuron is not None:
                why = "spikes are sent when they are known"
                self.after(self.sent(step, sample), self.output(step, sample), why)
        for layer in self.network.layers:
            if layer.neuron is not None:
                self.in_turn(layer.name, sample)

    def loads(self, needed: set[Step], sample: int) -> list[int]:
        """The first load of each timestep of the input that is read."""
        times = [s for name, s, _, _ in needed if name == INPUT]
        groups = [self.found["forward", "load_global", INPUT, s, sample, -1] for s in times]
        return [min(tasks, key=lambda task: int(self.trace.done_ps[task])) for tasks in groups]

    def in_turn(self, name: str, sample: int) -> None:
        """A neuron's timesteps follow each other, samples too."""
        n = self.times[name]
        for name_, t, burst, tile in self.steps(name):
            before = (name_, t - 1, burst, tile) if t else (name_, n - 1, burst, tile)
            whose = sample if t else sample - 1
            if whose >= 0:
                why = "a neuron's timestep comes after the one before"
                self.after(self.output((name_, t, burst, tile), sample), self.sent(before, whose), why)

    # ---- learning ------------------------------------------------------------------------------

    @property
    def error_stage(self) -> str:
        return "backward" if self.goes_down else "feedback"

    @property
    def goes_down(self) -> bool:
        """Whether errors pass from layer to layer."""
        return self.phase in LAYER_BY_LAYER

    @cached_property
    def said(self) -> dict[str, object]:
        """What the workload says of the rule."""
        return (self.work.learning.rules or {}).get(self.phase, {})

    @property
    def time_path(self) -> str:
        """Through whose leak errors go back in time."""
        usual = "full" if self.phase in LAYER_BY_LAYER[:5] else "none"
        return self.said.get("time_path", "readout" if self.phase == LEARNS_BESIDE else usual)

    def goes_back(self, step: Step) -> bool:
        """Whether the error of a step's later timestep is a part of its own."""
        name, t, _, _ = step
        if self.network.layer(name).neuron is None or t + 1 == self.times[name]:
            return False
        path = self.time_path
        if self.phase == "dfa" and self.work.learning.feedback.kind == "sdfa":
            path = "full"
        if self.said.get("time_form") == "traces" or (t + 1) % self.said.get("steps", self.times[name]) == 0:
            return False
        return path == "full" or (path == "readout" and name == self.network.layers[-1].name)

    def errors_of(self, tile: int, sample: int) -> dict[tuple[int, int], int]:
        """The tasks that form the error at a home of the output, by (timestep, burst)."""
        name = self.network.layers[-1].name
        n_times, n_bursts = self.times[name], self.bursts(name)
        stage = self.error_stage
        all_of = {t: self.found.get((stage, "error", name, t, sample, tile), []) for t in range(n_times)}
        if self.work.error == "mean_rate":
            assert sum(map(len, all_of.values())) == 1, f"{all_of} errors on the mean rate"
            return dict.fromkeys(product(range(n_times), range(n_bursts)), all_of[n_times - 1][0])
        # errors are laid down in the order of the outputs, in every phase
        return {(t, b): all_of[t][b] for t in range(n_times) for b in range(n_bursts)}

    def errors(self, sample: int) -> None:
        name = self.network.layers[-1].name
        normalised = self.work.learning.loss.endswith("cross_entropy")
        on_mean = self.work.error == "mean_rate"
        for tile in set(self.homes[name].values()):
            for (t, burst), task in self.errors_of(tile, sample).items():
                for step in self.steps(name):
                    own = step[3] == tile and (on_mean or step[1:3] == (t, burst))
                    if own or (normalised and (on_mean or step[1] == t)):
                        self.after(task, self.output(step, sample), "an error comes after the outputs it compares")

    def delta(self, step: Step, sample: int) -> int:
        """The task that gives a step's error of the potentials (or, without neurons, hands it on)."""
        layer = self.network.layer(step[0])
        if layer.neuron is not None:
            return self.task(self.error_stage, "surrogate", step, sample)
        if isinstance(layer.op, Pool):
            return self.task(self.error_stage, "pool", step, sample)
        if layer is self.network.layers[-1] and not self.goes_down:  # its errors are also sent to the feedback
            _, t, burst, tile = step
            return self.errors_of(tile, sample)[t, burst]
        return self.task(self.error_stage, "emit", step, sample)

    def backward(self, sample: int) -> None:
        """BP: an error comes after those above that it is made of, and after its own later timestep."""
        learning = [layer.name for layer in self.network.layers if self.network.learns(layer.name)]
        last = self.network.layers[-1].name
        for step, needed in self.made_of.items():
            if step[0] in learning:
                for other in needed:
                    if other[0] in learning:
                        why = "an error comes after those above that it is made of"
                        self.after(self.delta(other, sample), self.delta(step, sample), why)
        for name in learning:
            tiles = set(self.homes[name].values()) if name == last else set()
            errors = {tile: self.errors_of(tile, sample) for tile in tiles}
            for step in self.steps(name):
                _, t, burst, tile = step
                task = self.delta(step, sample)
                self.after(task, self.output(step, sample), "an error comes after the output")
                if self.goes_back(step):
                    later = self.delta((name, t + 1, burst, tile), sample)
                    self.after(task, later, "an error comes after that of the later timestep")
                if errors and task != errors[tile][t, burst]:
                    self.after(task, errors[tile][t, burst], "an error comes after that of the output")

    def feedback(self, sample: int) -> None:
        """DFA: a layer's error comes after the whole error of its timestep at the output."""
        last = self.network.layers[-1].name
        errors = {tile: self.errors_of(tile, sample) for tile in set(self.homes[last].values())}
        for layer in self.network.weighted:
            for step in self.steps(layer.name):
                task, t = self.delta(step, sample), step[1] * self.times[last] // self.times[layer.name]
                self.after(task, self.output(step, sample), "an error comes after the output")
                if self.goes_back(step):
                    later = self.delta((step[0], step[1] + 1, *step[2:]), sample)
                    self.after(task, later, "an error comes after that of the later timestep")
                if self.phase in ("drtp", "local_losses") and layer.name != last:
                    continue  # the label was there before the output, or the layer has an error of its own
                for tile, of_tile in errors.items():
                    if layer.name != last and self.time_path != "none":
                        for own in (s for s in self.steps(last) if s[1] == t):
                            self.after(task, self.delta(own, sample), "what is sent is the output's own delta")
                    for (s, burst), error in of_tile.items():
                        own = layer.name == last and (s, burst, tile) == step[1:]
                        if task != error and (own or (layer.name != last and s == t)):
                            self.after(task, error, "a layer's error comes after that of the output")

    def matrices(self, sample: int) -> None:
        """Outputs meet the error that has been sent: it comes after the outputs, and after that of the output."""
        last = self.network.layers[-1].name
        for layer in self.network.weighted[:-1]:
            for step in self.steps(layer.name):
                tasks = self.found.get(("feedback", "outer", *step[:2], sample, step[3]), [])
                if len(tasks) < self.bursts(layer.name):  # those of nothing use no unit, so no tile is known
                    continue
                task, t = tasks[step[2]], step[1] * self.times[last] // self.times[layer.name]
                self.after(task, self.output(step, sample), "outputs meet an error once they are known")
                for tile in set(self.homes[last].values()):
                    for (s, _), error in self.errors_of(tile, sample).items():
                        if s == t:
                            self.after(task, error, "outputs meet an error once it is known")

    def gradients(self, sample: int) -> None:
        """Outer products come after the errors of all neurons of the layer's step."""
        if self.phase == LEARNS_BESIDE:
            self.matrices(sample)
        for layer in self.network.weighted:
            n_bursts, n_tiles = self.bursts(layer.name), len(self.low.mapping.plans[layer.name].gradient_tiles)
            for t in range(self.times[layer.name]):
                tasks = self.outers(layer.name, t, sample)
                assert len(tasks) == n_bursts * n_tiles, f"{len(tasks)} outer products: {layer.name} {t} {sample}"
                for k, task in enumerate(tasks):
                    burst = k // n_tiles if not self.goes_down else n_bursts - 1 - k // n_tiles
                    for tile in set(self.homes[layer.name].values()):
                        why = "outer products come after the errors"
                        self.after(task, self.delta((layer.name, t, burst, tile), sample), why)

    def outers(self, name: str, t: int, sample: int) -> list[int]:
        kinds = [tasks for key, tasks in self.found.items() if key[:5] == ("gradient", "outer", name, t, sample)]
        return sorted(task for tasks in kinds for task in tasks)

    # ---- updates and schedules -----------------------------------------------------------------

    def updates(self) -> None:
        """Arrays are written after the gradients of the batch, not while it is read, and before the next reads."""
        n, late = self.work.n_batch, 1 if self.work.schedule == "three_level" else 0
        owners: dict[str, int] = {}
        for block in self.low.mapping.blocks:
            name = f"tile[{block.tile}].pe[{block.pe}].crossbar[{block.crossbar}]"
            owners[name] = owners.get(name, 0) + 1
        outers: dict[tuple[str, int], int] = {}  # the last one done, by layer and batch
        reads: dict[str, list[tuple[int, int]]] = {}
        for task, (action, stage, layer, _, sample, part) in enumerate(self.rows):
            learns = stage == "gradient" or (stage == "feedback" and self.phase == LEARNS_BESIDE)
            if action in ("outer", "accumulate") and learns:  # a mirror's come between the writes
                last = outers.setdefault((layer, sample // n), task)
                if self.trace.done_ps[task] > self.trace.done_ps[last]:
                    outers[layer, sample // n] = task
            elif action == "read" and stage != "update" and owners[part] == 1:
                reads.setdefault(part, []).append((task, sample // n))
        for task, (action, _, layer, _, sample, part) in enumerate(self.rows):
            if action not in ("program", "verify"):
                continue
            batch = sample // n
            self.after(task, outers[layer, batch], "an array is written after the gradients of the batch")
            for read, whose in reads.get(part, []):
                if whose <= batch + late:
                    self.after(task, read, "an array is written after the batch has read it")
                else:
                    self.after(read, task, "an array is read after it was written")

    def schedule(self) -> None:
        """Samples, or batches and their updates, that must not overlap."""
        groups: dict[int, list[int]] = {}
        for task, (action, stage, _, _, sample, _) in enumerate(self.rows):
            if action in ORDERS or (self.work.schedule == "sequential" and stage == "update"):
                continue
            if self.work.schedule == "sequential":
                groups.setdefault(sample, []).append(task)
            elif self.work.schedule == "within_batch" and self.phase != "inference":
                groups.setdefault(sample // self.work.n_batch, []).append(task)
        for number, tasks in groups.items():
            if number:
                before = max(groups[number - 1], key=lambda task: int(self.trace.done_ps[task]))
                first = min(tasks, key=lambda task: int(self.trace.start_ps[task]))
                self.after(first, before, f"{self.work.schedule}: one after the other")

    def collect(self) -> list[tuple[int, int, str]]:
        """All pairs, for every sample."""
        for sample in range(self.work.n_samples):
            self.forward(sample)
            if self.phase != "inference":
                self.errors(sample)
                (self.backward if self.goes_down else self.feedback)(sample)
                self.gradients(sample)
        if self.phase != "inference":
            self.updates()
        self.schedule()
        return self.pairs


def check_causality(low: Lowered, work: Workload, trace: Trace) -> int:
    """Refuse a trace in which something starts before what it is made of is done; returns the pairs compared."""
    pairs = Causality(low, work, trace).collect()
    wrong = [(a, b, why) for a, b, why in pairs if trace.start_ps[a] < trace.done_ps[b]]
    if wrong:
        later, earlier, why = min(wrong, key=lambda pair: int(trace.start_ps[pair[0]]))
        label = low.graph.label
        raise AssertionError(
            f"{len(wrong)} of {len(pairs)} pairs; first: task {later} ({label(later)}) starts at "
            f"{trace.start_ps[later]} ps, before task {earlier} ({label(earlier)}) is done at "
            f"{trace.done_ps[earlier]} ps (rule: {why})"
        )
    return len(pairs)
