"""From the tree of a NIR file to one flat graph whose edges all end at nodes; every repair is noted.

Nested graphs become paths ("sub/lif"); their Input and Output nodes stay as ports, which pass on what they get.
Exporters also write flattened names themselves ("sub.lif"), and edges that name a nested graph that is no longer
there; both are understood. Names count only where an edge has no node: what the graph is does not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.graphs import Edge, strong_parts
from archsim.workload.nir_file import Tree, text
from archsim.workload.nir_nodes import SEPARATOR, SUPPORTED, Node

INPUT_NAMES = ("input", "in")
OUTPUT_NAMES = ("output", "out")


@dataclass
class Graph:
    """A flat graph by paths; `inputs` and `outputs` are the ends of the whole, other ports only pass on.

    Nodes stand in the order in which edges name them first, so that their names decide nothing.
    """

    nodes: dict[str, Node]
    edges: list[Edge]
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def before(self, path: str) -> list[str]:
        """Nodes with an edge to `path`."""
        return [a for a, b in self.edges if b == path]

    def after(self, path: str) -> list[str]:
        """Nodes to which `path` has an edge."""
        return [b for a, b in self.edges if a == path]

    def named(self, paths: Iterable[str]) -> str:
        """Nodes as people see them, in order of their names."""
        return ", ".join(sorted(self.nodes[path].name for path in paths))


@dataclass(frozen=True)
class _RawEdge:
    scope: str  # "" or "sub/"
    source: str
    target: str

    def __str__(self) -> str:
        scope = self.scope.replace(SEPARATOR, ".")
        return f"edge {scope}{self.source} → {scope}{self.target}"


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
    if _type(root) not in (None, "NIRGraph"):
        name = str(_type(root)).lower()
        notes.append(f"the file holds a single node, not a graph: read as a graph of {name!r}")
        root = {"nodes": {name: root}, "edges": np.zeros((0, 2))}
    _flatten(root, "", nodes, raw, nested)
    notes += [f"nested graph {name.replace(SEPARATOR, '.')!r} flattened" for name in sorted(nested)]
    if not nodes:
        raise WorkloadError("the graph is empty: it has no nodes")
    _refuse_unknown(nodes)
    _add_named_ends(nodes, raw, nested, notes)
    edges = _resolve_all(nodes, raw, nested, notes)
    graph = Graph(nodes, edges, notes=notes)
    graph.inputs, graph.outputs = _ends(graph, "Input"), _ends(graph, "Output")
    _add_missing_ends(graph)
    _prune(graph)
    return graph


def _type(tree: Any) -> str | None:
    return (text(tree.get("type")) or "").strip() or None if isinstance(tree, dict) else None


def _flatten(tree: Tree, scope: str, nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str]) -> None:
    where = f"graph {scope[:-1].replace(SEPARATOR, '.')!r}" if scope else "the graph"
    members = tree.get("nodes", {})
    if not isinstance(members, dict):
        raise WorkloadError(f"{where}: 'nodes' is not a group")
    edges = [_RawEdge(scope, a, b) for a, b in _pairs(tree.get("edges"), where, set(members))]
    mentioned = dict.fromkeys(name for edge in edges for name in (edge.source, edge.target))
    raw += edges
    for name in [*(name for name in mentioned if name in members), *sorted(set(members) - set(mentioned))]:
        params, path = members[name], scope + name
        kind = _type(params)
        if not kind:
            has = f"a type of {params['type']!r}" if isinstance(params, dict) and "type" in params else "no type"
            raise WorkloadError(f"node {path.replace(SEPARATOR, '.')!r} has {_short(has)}; one text is needed")
        if kind == "NIRGraph":
            nested.add(path)
            _flatten(params, path + SEPARATOR, nodes, raw, nested)
        else:
            nodes[path] = Node(path, kind, params)


def _short(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _pairs(edges: Any, where: str, names: set[str]) -> list[Edge]:
    array = np.asarray(edges if edges is not None else [], dtype=object)
    if array.size == 0:
        return []
    if array.ndim != 2 or array.shape[1] != 2:
        raise WorkloadError(f"{where}: edges have shape {array.shape}, must be pairs of names")
    pairs = [(_end(a, names), _end(b, names)) for a, b in array]
    if any(not a or not b for a, b in pairs):
        raise WorkloadError(f"{where}: an edge does not name two nodes")
    return pairs


def _end(value: Any, names: set[str]) -> str:
    """The name that an edge gives; blanks around it count where a node has them too."""
    name = text(value) or ""
    return name if name in names else name.strip()


def _refuse_unknown(nodes: dict[str, Node]) -> None:
    unknown = sorted(str(node) for node in nodes.values() if node.type not in SUPPORTED)
    if unknown:
        raise WorkloadError(f"unsupported: {', '.join(unknown)}; supported are {', '.join(SUPPORTED)}")


def _add_named_ends(nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str], notes: list[str]) -> None:
    """Edges from "input" or to "output" where there is no such node tell that it was left out."""
    for edge in raw:
        ends = (("Input", edge.source, INPUT_NAMES), ("Output", edge.target, OUTPUT_NAMES))
        for kind, name, usual in ends:
            full = edge.scope + name
            if name not in usual or full in nodes or full in nested:
                continue
            if not any(n.type == kind for n in _members(edge.scope, nodes) if "." not in _own_name(n.path)):
                nodes[full] = Node(full, kind, {})
                notes.append(f"{kind} node {nodes[full].name!r} was missing, though an edge names it: added")


def _own_name(path: str) -> str:
    """A node's name in its own graph."""
    return path.rpartition(SEPARATOR)[2]


def _members(scope: str, nodes: dict[str, Node]) -> Iterator[Node]:
    """The nodes of one graph, without those of graphs in it."""
    for path, node in nodes.items():
        if path.startswith(scope) and SEPARATOR not in path[len(scope) :]:
            yield node


def _ends(graph: Graph, kind: str) -> list[str]:
    """The Inputs that nothing feeds, or Outputs that feed nothing, of the outermost graph; others are ports."""
    bound = {b for _, b in graph.edges} if kind == "Input" else {a for a, _ in graph.edges}
    loose = [n.path for n in graph.nodes.values() if n.type == kind and n.path not in bound]
    top = [path for path in loose if SEPARATOR not in path]
    if not top:
        return loose if len(loose) == 1 else []
    # ports of a graph that an exporter flattened by itself, with edges that pass them by
    real = [path for path in top if not _is_left_port(graph, path)]
    return real or top


def _is_left_port(graph: Graph, path: str) -> bool:
    """Whether "lif1.input" serves only nodes that are called lif1.something."""
    prefix, dot, _ = path.rpartition(".")
    return bool(dot) and all(n.startswith(f"{prefix}.") for n in (*graph.after(path), *graph.before(path)))


def _resolve_all(nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str], notes: list[str]) -> list[Edge]:
    edges: dict[Edge, None] = {}
    for edge in raw:
        pair = []
        for end, port in ((edge.source, "Output"), (edge.target, "Input")):
            found = _resolve(edge.scope, end, port, nodes, raw, nested)
            if found is None:
                known = ", ".join(sorted(n.name for n in nodes.values())[:20])
                what = f"graph {end!r} has no single {port} node"
                what = what if edge.scope + end in nested else f"no node is called {end!r}"
                raise WorkloadError(f"{edge}: {what}; there are {known}")
            is_port = edge.scope + end in nested and nodes[found].type in ("Input", "Output")
            if found != edge.scope + end and not is_port:
                notes.append(f"{edge}: no node is called {end!r}, taken as {nodes[found].name!r}")
            pair.append(found)
        if (pair[0], pair[1]) in edges:
            notes.append(f"{edge} stands twice: counted once")
        edges[pair[0], pair[1]] = None
    return list(edges)


def _resolve(
    scope: str, end: str, port: str, nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str]
) -> str | None:
    """The node that an end of an edge means; None if that cannot be told."""
    full = scope + end
    if full in nodes:
        return full
    if full in nested:
        return _entry(full + SEPARATOR, nodes, port, raw)
    seen = [path for path, node in nodes.items() if node.name == full.replace(SEPARATOR, ".")]
    if len(seen) == 1:  # "sub.lif" of a graph that is nested in truth
        return seen[0]
    if _children(f"{full}.", nodes):
        return _entry(f"{full}.", nodes, port, raw)
    base, _, last = full.rpartition(".")
    if base and last in (*INPUT_NAMES, *OUTPUT_NAMES):
        if base in nodes:
            return base
        kind = "Input" if last in INPUT_NAMES else "Output"
        inside = base + (SEPARATOR if base in nested else ".")
        return _entry(inside, nodes, kind, raw) if _children(inside, nodes) else None
    return _like(scope, end, nodes, raw, nested)


def _children(prefix: str, nodes: dict[str, Node]) -> list[Node]:
    return [node for path, node in nodes.items() if path.startswith(prefix)]


def _entry(prefix: str, nodes: dict[str, Node], port: str, raw: list[_RawEdge]) -> str | None:
    """Where the nodes of a prefix ("sub/" or "sub.") are entered (port "Input") or left ("Output")."""
    children = _children(prefix, nodes)
    deeper = {SEPARATOR, prefix[-1]}
    direct = [n for n in children if not deeper & set(n.path[len(prefix) :])]
    for found in (
        [n.path for n in direct if n.type == port],
        _loose([n.path for n in children if n.type not in ("Input", "Output")], prefix, port, raw),
        [n.path for n in children if n.is_neuron],
    ):
        if len(found) == 1:
            return found[0]
    return None


def _loose(paths: list[str], prefix: str, port: str, raw: list[_RawEdge]) -> list[str]:
    inner = [(e.scope + e.source, e.scope + e.target) for e in raw]
    inner = [(a, b) for a, b in inner if a.startswith(prefix) and b.startswith(prefix)]
    bound = {b for _, b in inner} if port == "Input" else {a for a, _ in inner}
    return [n for n in paths if n not in bound]


def _like(scope: str, end: str, nodes: dict[str, Node], raw: list[_RawEdge], nested: set[str]) -> str | None:
    """A node of the same graph that no edge names and whose name begins like `end`, or the only such node."""
    named = {e.scope + n for e in raw for n in (e.source, e.target)}
    own = [n.path for n in _members(scope, nodes)]
    orphans = [path for path in own if "." not in path[len(scope) :] and path not in named]
    alike = [n for n in orphans if n[len(scope) :].startswith(end) or end.startswith(n[len(scope) :])]
    lost = {
        n for n in named if n.startswith(scope) and SEPARATOR not in n[len(scope) :]
        and n not in nodes and n not in nested and not _children(f"{n}.", nodes)
    }  # fmt: skip
    if len(alike) == 1:
        return alike[0]
    return orphans[0] if len(orphans) == 1 and lost == {scope + end} else None


def _add_missing_ends(graph: Graph) -> None:
    if not graph.inputs:
        free = _sources(graph, reverse=False)
        if len(free) != 1:
            where = graph.named(free) or "every node gets a value from another"
            raise WorkloadError(f"the graph has no Input node, and where it begins cannot be told ({where})")
        _add_end(graph, "Input", free[0])
    if not graph.outputs:
        free = _sources(graph, reverse=True)
        if not free:
            raise WorkloadError("the graph has no Output node, and every node feeds another")
        for path in free:
            _add_end(graph, "Output", path)


def _add_end(graph: Graph, kind: str, at: str) -> None:
    path = kind.lower()
    while path in graph.nodes:
        path += "_added"
    graph.nodes[path] = Node(path, kind, {})
    (graph.inputs if kind == "Input" else graph.outputs).append(path)
    graph.edges.append((path, at) if kind == "Input" else (at, path))
    graph.notes.append(f"{kind} node was missing: added at {graph.nodes[at].name}")


def _sources(graph: Graph, *, reverse: bool) -> list[str]:
    """Nodes, or the neurons of cycles, that nothing outside feeds (reverse: that feed nothing outside)."""
    edges = [(b, a) if reverse else (a, b) for a, b in graph.edges]
    found: set[str] = set()
    parts = strong_parts(graph.nodes, edges)
    place = {path: i for i, part in enumerate(parts) for path in part}
    fed = {place[b] for a, b in edges if place[a] != place[b]}
    for i, part in enumerate(parts):
        if i not in fed:
            found |= part if len(part) == 1 else {n for n in part if graph.nodes[n].is_neuron}
    return [path for path in graph.nodes if path in found]


def _prune(graph: Graph) -> None:
    """Keep what lies between input and output; a node that feeds it without input of its own is an error."""
    if len(graph.inputs) > 1:
        raise WorkloadError(f"several Input nodes ({graph.named(graph.inputs)}); one is supported")
    forward = _reach(graph.inputs, graph.edges)
    backward = _reach(graph.outputs, [(b, a) for a, b in graph.edges])
    kept = forward & backward
    if not kept & set(graph.outputs):
        raise WorkloadError(
            f"no path from input ({graph.named(graph.inputs)}) to output ({graph.named(graph.outputs)})"
        )
    starved = [n for n in backward - forward if graph.nodes[n].type not in ("Input", "Output")]
    if starved:
        raise WorkloadError(f"{graph.named(starved)}: feeds the output but gets nothing from the input")
    dropped = set(graph.nodes) - kept
    if dropped:
        graph.notes.append(f"not between input and output, left out: {graph.named(dropped)}")
    graph.nodes = {path: node for path, node in graph.nodes.items() if path in kept}
    graph.edges = [(a, b) for a, b in graph.edges if a in kept and b in kept]
    graph.outputs = [path for path in graph.outputs if path in kept]


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
