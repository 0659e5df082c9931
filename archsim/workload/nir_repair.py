"""From the tree of a NIR file to one flat graph whose edges all end at nodes; every repair is noted.

Nested graphs become names with dots ("sub.lif"); their Input and Output nodes stay as ports, which pass on
what they get. Exporters also write such flattened names themselves, and edges that name a nested graph that
is no longer there; both are understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.nir_file import Tree, text
from archsim.workload.nir_nodes import SUPPORTED, Node

Edge = tuple[str, str]
INPUT_NAMES = ("input", "in")
OUTPUT_NAMES = ("output", "out")


@dataclass
class Graph:
    """A flat graph; `inputs` and `outputs` are the ends of the whole network, other ports only pass on."""

    nodes: dict[str, Node]
    edges: list[Edge]
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def before(self, name: str) -> list[str]:
        """Nodes with an edge to `name`."""
        return [a for a, b in self.edges if b == name]

    def after(self, name: str) -> list[str]:
        """Nodes to which `name` has an edge."""
        return [b for a, b in self.edges if a == name]


@dataclass(frozen=True)
class _RawEdge:
    scope: str  # "" or "sub."
    source: str
    target: str


def flat_graph(root: Tree) -> Graph:
    """The flat, repaired graph of a NIR tree.

    Raises
    ------
    WorkloadError
        If the graph is empty, has unsupported nodes, or edges whose ends cannot be guessed.
    """
    notes: list[str] = []
    nodes: dict[str, Node] = {}
    raw: list[_RawEdge] = []
    nested: set[str] = set()
    if text(root.get("type")) not in (None, "NIRGraph"):
        name = str(text(root["type"])).lower()
        notes.append(f"the file holds a single node, not a graph: read as a graph of {name!r}")
        root = {"nodes": {name: root}, "edges": np.zeros((0, 2))}
    _flatten(root, "", nodes, raw, nested)
    notes += [f"nested graph {name!r} flattened" for name in sorted(nested)]
    if not nodes:
        raise WorkloadError("the graph is empty: it has no nodes")
    _refuse_unknown(nodes)
    _add_named_ends(nodes, raw, notes)
    edges = _resolve_all(nodes, raw, nested, notes)
    graph = Graph(nodes, edges, notes=notes)
    graph.inputs, graph.outputs = _ends(nodes, "Input"), _ends(nodes, "Output")
    _add_missing_ends(graph)
    _prune(graph)
    return graph


def _flatten(tree: Tree, scope: str, nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str]) -> None:
    where = f"graph {scope[:-1]!r}" if scope else "the graph"
    members = tree.get("nodes", {})
    if not isinstance(members, dict):
        raise WorkloadError(f"{where}: 'nodes' is not a group")
    for name, params in members.items():
        kind = text(params.get("type")) if isinstance(params, dict) else None
        if not kind:
            raise WorkloadError(f"node {scope + name!r} has no type")
        if kind == "NIRGraph":
            nested.add(scope + name)
            _flatten(params, f"{scope}{name}.", nodes, raw, nested)
        elif scope + name in nodes:
            raise WorkloadError(f"two nodes are called {scope + name!r} after nested graphs are flattened")
        else:
            nodes[scope + name] = Node(scope + name, kind, params)
    raw += [_RawEdge(scope, a, b) for a, b in _pairs(tree.get("edges"), where)]


def _pairs(edges: Any, where: str) -> list[Edge]:
    array = np.asarray(edges if edges is not None else [], dtype=object)
    if array.size == 0:
        return []
    if array.ndim != 2 or array.shape[1] != 2:
        raise WorkloadError(f"{where}: edges have shape {array.shape}, must be pairs of names")
    pairs = [(text(a), text(b)) for a, b in array]
    if any(not a or not b for a, b in pairs):
        raise WorkloadError(f"{where}: an edge does not name two nodes")
    return [(str(a), str(b)) for a, b in pairs]


def _refuse_unknown(nodes: dict[str, Node]) -> None:
    unknown = [str(node) for node in nodes.values() if node.type not in SUPPORTED]
    if unknown:
        raise WorkloadError(f"unsupported: {', '.join(unknown)}; supported are {', '.join(SUPPORTED)}")


def _add_named_ends(nodes: dict[str, Node], raw: list[_RawEdge], notes: list[str]) -> None:
    """Edges from "input" or to "output" where there is no such node tell that it was left out."""
    for edge in raw:
        ends = (("Input", edge.source, INPUT_NAMES), ("Output", edge.target, OUTPUT_NAMES))
        for kind, name, usual in ends:
            full = edge.scope + name
            has_one = any(
                n.type == kind and n.name.startswith(edge.scope) and "." not in n.name[len(edge.scope) :]
                for n in nodes.values()
            )
            if name in usual and full not in nodes and not has_one:
                nodes[full] = Node(full, kind, {})
                notes.append(f"{kind} node {full!r} was missing, though an edge names it: added")


def _ends(nodes: dict[str, Node], kind: str) -> list[str]:
    """Top-level nodes of a kind. One with a dotted name is the port of a graph that an exporter flattened."""
    names = [n.name for n in nodes.values() if n.type == kind]
    top = [n for n in names if "." not in n]
    return top if top else ([] if len(names) != 1 else names)


def _resolve_all(nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str], notes: list[str]) -> list[Edge]:
    edges: dict[Edge, None] = {}
    for edge in raw:
        source = _resolve(edge.scope, edge.source, "Output", nodes, raw)
        target = _resolve(edge.scope, edge.target, "Input", nodes, raw)
        text_of_edge = f"edge {edge.scope}{edge.source} → {edge.scope}{edge.target}"
        for end, found in ((edge.source, source), (edge.target, target)):
            if found is None:
                known = ", ".join(n for n in list(nodes)[:20])
                raise WorkloadError(f"{text_of_edge}: no node is called {end!r}; there are {known}")
            is_port = edge.scope + end in nested and nodes[found].type in ("Input", "Output")
            if found != edge.scope + end and not is_port:
                notes.append(f"{text_of_edge}: no node is called {end!r}, taken as {found!r}")
        pair = (str(source), str(target))
        if pair in edges:
            notes.append(f"{text_of_edge} stands twice: counted once")
        edges[pair] = None
    return list(edges)


def _resolve(scope: str, end: str, port: str, nodes: dict[str, Node], raw: list[_RawEdge]) -> str | None:
    """The node that an end of an edge means; None if that cannot be told."""
    full = scope + end
    if full in nodes:
        return full
    children = _children(full, nodes)
    if children:
        return _entry(full, children, port, raw)
    base, _, last = full.rpartition(".")
    if base and last in (*INPUT_NAMES, *OUTPUT_NAMES):
        if base in nodes:
            return base
        kind = "Input" if last in INPUT_NAMES else "Output"
        children = _children(base, nodes)
        return _entry(base, children, kind, raw) if children else None
    return _like(scope, end, nodes, raw)


def _children(name: str, nodes: dict[str, Node]) -> list[Node]:
    return [node for key, node in nodes.items() if key.startswith(f"{name}.")]


def _entry(name: str, children: list[Node], port: str, raw: list[_RawEdge]) -> str | None:
    """Where a nested graph is entered (port "Input") or left ("Output")."""
    direct = [n.name for n in children if "." not in n.name[len(name) + 1 :]]
    for found in (
        [n.name for n in children if n.type == port and n.name in direct],
        _loose([n.name for n in children if n.type not in ("Input", "Output")], name, port, raw),
        [n.name for n in children if n.is_neuron],
    ):
        if len(found) == 1:
            return found[0]
    return None


def _loose(names: list[str], name: str, port: str, raw: list[_RawEdge]) -> list[str]:
    inner = [(e.scope + e.source, e.scope + e.target) for e in raw]
    inner = [(a, b) for a, b in inner if a.startswith(f"{name}.") and b.startswith(f"{name}.")]
    bound = {b for _, b in inner} if port == "Input" else {a for a, _ in inner}
    return [n for n in names if n not in bound]


def _like(scope: str, end: str, nodes: dict[str, Node], raw: list[_RawEdge]) -> str | None:
    """A node of the same graph that no edge names and whose name begins like `end`, or the only such node."""
    named = {e.scope + n for e in raw for n in (e.source, e.target)}
    orphans = [n for n in nodes if n.startswith(scope) and "." not in n[len(scope) :] and n not in named]
    alike = [n for n in orphans if n[len(scope) :].startswith(end) or end.startswith(n[len(scope) :])]
    lost = {n for n in named if n.startswith(scope) and n not in nodes and not _children(n, nodes)}
    if len(alike) == 1:
        return alike[0]
    return orphans[0] if len(orphans) == 1 and lost == {scope + end} else None


def _add_missing_ends(graph: Graph) -> None:
    for kind, found, free in (
        ("Input", graph.inputs, _sources(graph, reverse=False)),
        ("Output", graph.outputs, _sources(graph, reverse=True)),
    ):
        if found:
            continue
        if not free or (kind == "Input" and len(free) > 1):
            where = ", ".join(free) or "every node gets a value from another"
            raise WorkloadError(f"the graph has no Input node, and where it begins cannot be told ({where})")
        name = kind.lower() if kind.lower() not in graph.nodes else f"{kind.lower()}_added"
        graph.nodes[name] = Node(name, kind, {})
        found.append(name)
        graph.edges += [(name, n) if kind == "Input" else (n, name) for n in free]
        graph.notes.append(f"{kind} node was missing: added at {', '.join(free)}")


def _sources(graph: Graph, *, reverse: bool) -> list[str]:
    """Nodes, or the neurons of cycles, that nothing outside feeds (reverse: that feed nothing outside)."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(graph.nodes)
    digraph.add_edges_from((b, a) if reverse else (a, b) for a, b in graph.edges)
    found: list[str] = []
    for part in nx.strongly_connected_components(digraph):
        if all(a in part for n in part for a in digraph.predecessors(n)):
            names = sorted(part)
            found += names if len(names) == 1 else [n for n in names if graph.nodes[n].is_neuron]
    return sorted(found)


def _prune(graph: Graph) -> None:
    """Keep what lies between input and output; a node that feeds it without input of its own is an error."""
    if len(graph.inputs) > 1:
        raise WorkloadError(f"several Input nodes ({', '.join(graph.inputs)}); one is supported")
    forward = _reach(graph.inputs, graph.edges)
    backward = _reach(graph.outputs, [(b, a) for a, b in graph.edges])
    kept = forward & backward
    if not kept & set(graph.outputs):
        raise WorkloadError(
            f"no path from input ({', '.join(graph.inputs)}) to output ({', '.join(graph.outputs)})"
        )
    starved = [n for n in sorted(backward - forward) if graph.nodes[n].type not in ("Input", "Output")]
    if starved:
        raise WorkloadError(f"{', '.join(starved)}: feeds the output but gets nothing from the input")
    dropped = sorted(set(graph.nodes) - kept)
    if dropped:
        graph.notes.append(f"not between input and output, left out: {', '.join(dropped)}")
    graph.nodes = {name: node for name, node in graph.nodes.items() if name in kept}
    graph.edges = [(a, b) for a, b in graph.edges if a in kept and b in kept]
    graph.outputs = [name for name in graph.outputs if name in kept]


def _reach(starts: Iterable[str], edges: list[Edge]) -> set[str]:
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    seen, todo = set(starts), list(starts)
    while todo:
        for n in following.get(todo.pop(), []):
            if n not in seen:
                seen.add(n)
                todo.append(n)
    return seen
