"""Random NIR graphs, and what they mean: a forward pass node by node, by NIR's own equations, without archsim.

Graphs are flat here. `nested` puts some of their nodes into graphs of their own, whose Input and Output nodes
stand in the flat graph as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networkx as nx
import nir
import numpy as np

DT = 1e-3
NEURONS = (nir.CubaLI, nir.CubaLIF, nir.I, nir.IF, nir.LI, nir.LIF, nir.Threshold)
Edges = list[tuple[str, str]]
APART = "\1"  # nodes of different nested graphs may be called the same


@dataclass
class RandomGraph:
    nodes: dict[str, nir.NIRNode]
    edges: Edges
    groups: dict[str, list[str]]  # nested graphs: their nodes, two ports among them
    shape: tuple[int, ...]

    def renamed(self, names: dict[str, str]) -> RandomGraph:
        edges = [(names[a], names[b]) for a, b in self.edges]
        groups = {names[g]: [names[n] for n in members] for g, members in self.groups.items()}
        return RandomGraph({names[n]: node for n, node in self.nodes.items()}, edges, groups, self.shape)

    @property
    def names(self) -> list[str]:
        return [*self.nodes, *self.groups]

    def nested(self) -> nir.NIRGraph:
        """The graph as a file has it, groups as graphs of their own; there names end at `APART`."""
        nodes, edges = dict(self.nodes), list(self.edges)
        for group, members in self.groups.items():
            inside = {name: nodes.pop(name) for name in members}
            own = [(_short(a), _short(b)) for a, b in edges if a in inside and b in inside]
            short = {_short(name): node for name, node in inside.items()}
            nodes[group] = nir.NIRGraph(short, own, type_check=False)
            edges = [
                (group if a in inside else a, group if b in inside else b)
                for a, b in edges
                if not (a in inside and b in inside)
            ]
        return nir.NIRGraph(nodes, edges, type_check=False)


def _short(name: str) -> str:
    return name.partition(APART)[0]


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = [(3,), (2, 5, 5), (2, 7)][self.rng.choice(3, p=[0.6, 0.25, 0.15])]
        self.nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array(self.shape))}
        self.edges: Edges = []
        self.groups: dict[str, list[str]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {"input": self.shape}

    def add(self, node: nir.NIRNode, shape: tuple[int, ...], *sources: str) -> str:
        name = f"{type(node).__name__.lower()}{len(self.nodes)}"
        self.nodes[name], self.shapes[name] = node, shape
        self.edges += [(source, name) for source in sources]
        return name

    def sources(self) -> list[str]:
        """A node, sometimes with others of its shape beside it; the newest most of the time."""
        names = [n for n in self.shapes if n not in self.hidden()]
        first = names[-1] if self.rng.random() < 0.75 else str(self.rng.choice(names))
        alike = [n for n in names if self.shapes[n] == self.shapes[first] and n != first]
        n_more = min(len(alike), int(self.rng.choice([0, 1, 2], p=[0.7, 0.25, 0.05])))
        return [first, *map(str, self.rng.choice(alike, n_more, replace=False))] if n_more else [first]

    def hidden(self) -> set[str]:
        """Nodes that only their nested graph sees."""
        return {n for members in self.groups.values() for n in members} - {m[-1] for m in self.groups.values()}

    def weights(self, n_out: int, n_in: int) -> nir.NIRNode:
        weight = self.rng.normal(size=(n_out, n_in))
        return nir.Affine(weight, self.rng.normal(size=n_out)) if self.rng.random() < 0.5 else nir.Linear(weight)

    def neuron(self, shape: tuple[int, ...]) -> nir.NIRNode:
        one, u = np.ones(shape), self.rng.uniform
        tau, leak, level = DT * u(2, 20, shape), u(-0.1, 0.1, shape), u(0.2, 0.8, shape)
        r, back = u(2, 8, shape), u(-0.1, 0.1, shape)
        made = {
            "LIF": lambda: nir.LIF(tau, r, leak, level, back),
            "IF": lambda: nir.IF(r / 4 / DT, level, back),
            "CubaLIF": lambda: nir.CubaLIF(DT * u(1, 4, shape), tau, r, leak, level, back, 2 * one),
            "LI": lambda: nir.LI(tau, r, leak),
            "I": lambda: nir.I(r / DT / 8),
            "CubaLI": lambda: nir.CubaLI(DT * u(1, 4, shape), tau, r, leak, 2 * one),
            "Threshold": lambda: nir.Threshold(level),
        }
        return made[str(self.rng.choice(list(made), p=[0.4, 0.2, 0.2, 0.05, 0.05, 0.05, 0.05]))]()

    def step(self) -> None:
        sources = self.sources()
        shape = self.shapes[sources[0]]
        n, rng = math.prod(shape), self.rng
        choice = rng.random()
        if len(shape) == 3 and choice < 0.35:
            k, pad = int(rng.choice([1, 3])), int(rng.choice([0, 1]))
            if min(shape[1:]) + 2 * pad < k:
                return
            out = (2, *(s + 2 * pad - k + 1 for s in shape[1:]))
            weight = rng.normal(size=(2, shape[0], k, k))
            self.add(nir.Conv2d(None, weight, (1, 1), (pad, pad), (1, 1), 1, rng.normal(size=2)), out, *sources)
            self.perhaps_neuron()
        elif len(shape) == 3 and choice < 0.45 and min(shape[1:]) >= 2:
            make = nir.SumPool2d if rng.random() < 0.5 else nir.AvgPool2d
            out = (shape[0], *(s // 2 for s in shape[1:]))
            self.add(make(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), out, *sources)
        elif len(shape) == 2 and choice < 0.45:
            weight = rng.normal(size=(2, shape[0], 3))
            node = nir.Conv1d(shape[1], weight, 1, 1, 1, 1, rng.normal(size=2))
            self.add(node, (2, shape[1]), *sources)
            self.perhaps_neuron()
        elif len(shape) > 1 and choice < 0.55:
            self.add(nir.Flatten({"input": np.array(shape)}, int(rng.choice([0, 1])), -1), (n,), *sources)
        elif choice < 0.62:
            per_channel = (shape[0], *(1,) * (len(shape) - 1))
            self.add(nir.Scale(rng.normal(size=per_channel)), shape, *sources)
        elif choice < 0.68:
            self.add(nir.Delay(np.full(shape, DT * int(rng.integers(0, 3)))), shape, *sources)
        elif choice < 0.85 or (choice < 0.95 and rng.random() < 0.8):
            if len(shape) == 1 and rng.random() < 0.7:
                self.add(self.weights(n := int(rng.integers(2, 5)), shape[0]), (n,), *sources)
            self.loop_or_neuron()
        else:
            self.loop_or_neuron(sources)

    def perhaps_neuron(self) -> None:
        if self.rng.random() < 0.85:
            self.loop_or_neuron()

    def loop_or_neuron(self, sources: list[str] | None = None) -> None:
        sources = sources or [next(reversed(self.shapes))]
        shape, rng = self.shapes[sources[0]], self.rng
        if sources[0] in self.hidden() or len(shape) > 1 or rng.random() < 0.6:
            if sources[0] not in self.hidden():
                self.add(self.neuron(shape), shape, *sources)
            return
        kind = rng.choice(["plain", "self", "group", "ports"])
        if kind in ("plain", "self"):
            neuron = self.add(self.neuron(shape), shape, *sources)
            back = neuron if kind == "self" else self.add(self.weights(shape[0], shape[0]), shape, neuron)
            self.edges.append((back, neuron))
            if kind == "plain" and rng.random() < 0.8:  # what goes on is the neuron, most of the time
                self.shapes[neuron] = self.shapes.pop(neuron)
            return
        port = self.add(nir.Input(np.array(shape)), shape, *sources)
        neuron = self.add(self.neuron(shape), shape, port)
        members = [port, neuron]
        exit_ = f"output{len(self.nodes)}"
        if kind == "group":
            back = self.add(self.weights(shape[0], shape[0]), shape, neuron)
            self.edges.append((back, neuron))
            members.append(back)
        self.nodes[exit_] = nir.Output(np.array(shape))
        self.edges.append((neuron, exit_))
        members.append(exit_)
        if kind == "ports":  # the way back runs outside, through the ports
            back = self.add(self.weights(shape[0], shape[0]), shape, exit_)
            self.edges.append((back, port))
        self.shapes[exit_] = shape
        self.groups[f"sub{len(self.groups)}"] = members


def random_graph(seed: int) -> RandomGraph:
    """A graph of up to a dozen nodes; whether archsim takes it is open."""
    maker = _Maker(seed)
    for _ in range(int(maker.rng.integers(2, 9))):
        maker.step()
    last = next(n for n in reversed(maker.shapes) if n not in maker.hidden())
    if last == "input" or (maker.rng.random() < 0.9 and not isinstance(maker.nodes[last], NEURONS)):
        last = maker.add(maker.weights(2, math.prod(maker.shapes[last])), (2,), last)
    maker.add(nir.Output(np.array(maker.shapes[last])), maker.shapes[last], last)
    order = maker.rng.permutation(len(maker.edges))
    return RandomGraph(maker.nodes, [maker.edges[k] for k in order], maker.groups, maker.shape)


def literal(graph: RandomGraph, x: np.ndarray, reset: str, fires: str) -> dict[str, np.ndarray]:
    """What every node gives in every timestep.

    Explicit Euler; a neuron sees its own output, through whatever leads back to it, one timestep late.
    """
    run = _Literal(graph, reset, fires)
    steps = [run.step(current) for current in x]
    return {name: np.array([step[name] for step in steps]) for name in graph.nodes}


class _Literal:
    def __init__(self, graph: RandomGraph, reset: str, fires: str) -> None:
        self.graph, self.reset, self.fires = graph, reset, fires
        self.before = {n: [a for a, b in graph.edges if b == n] for n in graph.nodes}
        self.loops: dict[str, set[str]] = {}
        for part in nx.strongly_connected_components(nx.DiGraph(graph.edges)):
            for name in part:
                if isinstance(graph.nodes[name], NEURONS):
                    self.loops[name] = set(part)
        self.v: dict[str, Any] = {}
        self.i: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.past: dict[str, list[Any]] = {}

    def step(self, x: np.ndarray) -> dict[str, Any]:
        self.now: dict[str, Any] = {self.begin(): x}
        for name in self.graph.nodes:
            self.value(name, None)
        self.last |= {n: self.now[n] for n in self.loops}
        return self.now

    def begin(self) -> str:
        nodes = self.graph.nodes.items()
        return next(n for n, node in nodes if isinstance(node, nir.Input) and not self.before[n])

    def value(self, name: str, seen_by: str | None) -> Any:
        if name == seen_by:
            return self.last.get(name, 0.0)
        if seen_by is not None and name in self.loops[seen_by]:
            return self.apply(name, self.total(name, seen_by))
        if name not in self.now:
            is_neuron = isinstance(self.graph.nodes[name], NEURONS)
            total = self.total(name, name if is_neuron else None)
            self.now[name] = self.integrate(name, total) if is_neuron else self.apply(name, total)
        return self.now[name]

    def total(self, name: str, seen_by: str | None) -> Any:
        parts = [self.value(a, seen_by) for a in self.before[name]]
        return sum(parts[1:], parts[0]) if parts else 0.0

    def apply(self, name: str, x: Any) -> Any:
        node = self.graph.nodes[name]
        if isinstance(node, nir.Affine | nir.Linear):
            flat = np.broadcast_to(np.ravel(x), node.weight.shape[1:]) if np.ndim(x) == 0 else np.ravel(x)
            return node.weight @ flat + (node.bias if isinstance(node, nir.Affine) else 0.0)
        if isinstance(node, nir.Scale):
            return node.scale * x
        if isinstance(node, nir.Flatten):
            return np.ravel(x)
        if isinstance(node, nir.Delay):
            past = self.past.setdefault(name, [])
            past.append(x)
            n = round(float(np.ravel(node.delay)[0]) / DT)
            return past[-1 - n] if n < len(past) else np.zeros_like(x)
        if isinstance(node, nir.Conv1d | nir.Conv2d):
            return _windows(node, x)
        if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
            c, h, w = x.shape
            cut = x[:, : h // 2 * 2, : w // 2 * 2].reshape(c, h // 2, 2, w // 2, 2).sum(axis=(2, 4))
            return cut if isinstance(node, nir.SumPool2d) else cut / 4
        assert isinstance(node, nir.Input | nir.Output)
        return x

    def integrate(self, name: str, x: Any) -> Any:
        node = self.graph.nodes[name]
        old = self.v.get(name, 0.0)
        if isinstance(node, nir.Threshold):
            return self.fired(x, node.threshold).astype(float)
        if isinstance(node, nir.CubaLIF | nir.CubaLI):
            x = self.i[name] = self.i.get(name, 0.0) + DT / node.tau_syn * (node.w_in * x - self.i.get(name, 0.0))
        if isinstance(node, nir.IF | nir.I):
            new = old + DT * node.r * x
        else:
            tau = node.tau_mem if isinstance(node, nir.CubaLIF | nir.CubaLI) else node.tau
            new = old + DT / tau * (node.v_leak - old + node.r * x)
        if isinstance(node, nir.LI | nir.I | nir.CubaLI):
            self.v[name] = new
            return new
        fired = self.fired(new, node.v_threshold)
        back = new - (node.v_threshold - node.v_reset) if self.reset == "subtract" else node.v_reset
        self.v[name] = np.where(fired, back, new)
        return fired.astype(float)

    def fired(self, u: Any, threshold: Any) -> Any:
        return u > threshold if self.fires == "above" else u >= threshold


def _windows(node: nir.NIRNode, x: np.ndarray) -> np.ndarray:
    """A convolution with stride 1, by its definition."""
    kernel = node.weight.shape[2:]
    pad = np.ravel(node.padding)
    padded = np.pad(x, [(0, 0), *((int(p), int(p)) for p in pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=tuple(range(1, x.ndim)))
    axes = "ab"[: len(kernel)]
    out = np.einsum(f"cxy{axes},oc{axes}->oxy" if len(kernel) == 2 else "cxa,oca->ox", windows, node.weight)
    return out + node.bias.reshape(-1, *(1,) * len(kernel))
