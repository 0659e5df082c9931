"""In which order the steps of a forward pass are laid down: it is the program order that policy static keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from archsim.mapping import Dataflow, sources_of
from archsim.workload import INPUT, Layer

Step = tuple[str, int]  # layer or "input", step


def as_inputs_come(flow: Dataflow) -> Iterator[Step]:
    """Every step as soon as its inputs are there, and what follows on it before the next step of its source.

    So no layer fills the buffer behind it before the one that empties it has its turn.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> flow = Dataflow(load_workload("workloads/watch_mlp.yaml").network, 2, 1)
    >>> [step for name, step in as_inputs_come(flow) if name == "out"]
    [0, 1]
    """
    network = flow.network
    done = dict.fromkeys((INPUT, *network.names), 0)
    total = {name: flow.n_steps(name) for name in done}
    users = {name: [x.name for x in network.layers if name in sources_of(x) and name != x.name] for name in done}

    def follow(source: str) -> Iterator[Step]:
        for name in users[source]:
            while done[name] < total[name] and all(step < done[of] for of, step in _needs(flow, name, done[name])):
                yield name, done[name]
                done[name] += 1
                yield from follow(name)

    for step in range(total[INPUT]):
        yield INPUT, step
        done[INPUT] += 1
        yield from follow(INPUT)


def units(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Steps in pieces, each of which begins with one of the input.

    Examples
    --------
    >>> list(units([("input", 0), ("out", 0), ("input", 1), ("out", 1)]))
    [[('input', 0), ('out', 0)], [('input', 1), ('out', 1)]]
    """
    unit: list[Step] = []
    for step in steps:
        if step[0] == INPUT and unit:
            yield unit
            unit = []
        unit.append(step)
    if unit:
        yield unit


def as_output_asks(flow: Dataflow) -> Iterator[Step]:
    """For each step of the output what it needs and does not have yet; what nobody needs comes last.

    No layer is further ahead of the output than its windows look ahead.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> flow = Dataflow(load_workload("workloads/watch_mlp.yaml").network, 2, 1)
    >>> list(as_output_asks(flow))[:5]
    [('input', 0), ('fc1', 0), ('fc2', 0), ('out', 0), ('input', 1)]
    """
    names = (INPUT, *flow.network.names)
    done = dict.fromkeys(names, 0)
    for name in (names[-1], *names):
        yield from _until(flow, done, name, flow.n_steps(name) - 1)


def _until(flow: Dataflow, done: dict[str, int], name: str, last: int) -> Iterator[Step]:
    """A layer's steps up to one, each after what it needs."""
    while done[name] <= last:
        for source, step in _needs(flow, name, done[name]):
            yield from _until(flow, done, source, step)
        yield name, done[name]
        done[name] += 1


def layer_by_layer(flow: Dataflow) -> Iterator[tuple[bool, str, int]]:
    """Steps of all layers that learn, from the last to the first, where none sends its error before all are known.

    Yields whether a step sends (of layers with weights, all behind the last one that becomes known), and which; a
    step is known as soon as all that read it have sent, the later one first.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> flow = Dataflow(load_workload("workloads/watch_mlp.yaml").network, 2, 1)
    >>> list(layer_by_layer(flow))[:5]
    [(False, 'out', 1), (False, 'out', 0), (True, 'out', 1), (False, 'fc2', 1), (True, 'out', 0)]
    """
    network = flow.network
    learning = [layer for layer in reversed(network.layers) if network.learns(layer.name)]
    unread = Counter(below for layer in learning for step in range(flow.n_steps(layer.name))
                     for below in _reads(flow, layer, step))  # fmt: skip
    due = {layer.name: flow.n_steps(layer.name) - 1 for layer in learning}

    def complete(layer: Layer) -> Iterator[tuple[bool, str, int]]:
        while (step := due[layer.name]) >= 0 and not unread[layer.name, step]:
            due[layer.name] -= 1
            yield False, layer.name, step
            if not layer.has_weights:  # pooling hands it on at once
                yield from sent(layer, step)

    def sent(layer: Layer, step: int) -> Iterator[tuple[bool, str, int]]:
        unread.subtract(_reads(flow, layer, step))
        for source in sources_of(layer):
            if network.learns(source):
                yield from complete(network.layer(source))

    for layer in learning:
        yield from complete(layer)
    for layer in learning:
        for step in reversed(range(flow.n_steps(layer.name))) if layer.has_weights else ():
            yield True, layer.name, step
            yield from sent(layer, step)


def _reads(flow: Dataflow, layer: Layer, step: int) -> list[Step]:
    """Steps of sources that learn, which a step of a layer reads."""
    below = [source for source in sources_of(layer) if flow.network.learns(source)]
    return [(source, needed) for source in below for needed in flow.needs(layer, step, source)]


def _needs(flow: Dataflow, name: str, step: int) -> list[Step]:
    """The newest step that one of a layer needs, of each source."""
    if name == INPUT:
        return []
    layer = flow.network.layer(name)
    return [(source, needed) for source in sources_of(layer) for needed in flow.needs(layer, step, source)[-1:]]
