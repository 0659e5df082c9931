"""Cycles of a NIR graph: the one neuron that each may have, and an order in which everything can be computed."""

from __future__ import annotations

from archsim.errors import WorkloadError
from archsim.graphs import in_order, strong_parts
from archsim.workload.nir_repair import Graph

LINEAR = ("Affine", "Linear", "Scale", "Flatten", "Input", "Output")
"""Nodes allowed on the way from a neuron back to itself; Input and Output are ports of nested graphs."""


def loops_of(graph: Graph) -> dict[str, frozenset[str]]:
    """All nodes of a cycle by its only neuron.

    Raises
    ------
    WorkloadError
        For a cycle that has no such neuron, something else than `LINEAR`, no input beside itself, or a node whose
        value would mean two things: the neuron sees its own output of the timestep before, what follows the cycle
        that of the same timestep.
    """
    loops: dict[str, frozenset[str]] = {}
    themselves = {a for a, b in graph.edges if a == b}
    for part in strong_parts(graph.nodes, graph.edges):
        if len(part) == 1 and not part & themselves:
            continue
        neurons = [path for path in part if graph.nodes[path].is_neuron]
        outside = [a for a, b in graph.edges if b in part and a not in part]
        rest = part - set(neurons[:1])
        among = [(a, b) for a, b in graph.edges if a in rest and b in rest]
        is_acyclic = len(in_order(rest, among, len)) == len(rest)
        if len(neurons) != 1 or not outside or not is_acyclic:
            raise WorkloadError(
                f"cycle of {graph.named(part)}: only one neuron that feeds itself, through Linear or Affine or "
                "directly, and gets its input beside that, is supported"
            )
        _check_members(graph, part, neurons[0])
        _check_meaning(graph, part, neurons[0])
        loops[neurons[0]] = frozenset(part)
    return loops


def _check_members(graph: Graph, part: set[str], neuron: str) -> None:
    for path in part - {neuron}:
        node = graph.nodes[path]
        if node.type == "Delay":
            raise WorkloadError(
                f"{graph.nodes[neuron]}: a Delay in a recurrent connection ({node}) is not supported (cycle of "
                f"{graph.named(part)}); one timestep is what the connection takes by itself"
            )
        if node.type not in LINEAR:
            raise WorkloadError(
                f"{graph.nodes[neuron]}: a recurrent layer must be Linear or Affine only, not {node} (cycle of "
                f"{graph.named(part)})"
            )


def _check_meaning(graph: Graph, part: set[str], neuron: str) -> None:
    """Refuse a node between the cycle's input and its neuron that feeds something else too."""
    todo = [path for path in part - {neuron} if any(a not in part for a in graph.before(path))]
    entering: set[str] = set()
    while todo:
        path = todo.pop()
        if path not in entering and path != neuron:
            entering.add(path)
            todo += [b for b in graph.after(path) if b in part]
    for path in entering:
        others = [b for b in graph.after(path) if b not in part]
        if others:
            raise WorkloadError(
                f"{graph.nodes[path]} adds the output of {graph.nodes[neuron]} to what enters its cycle, and "
                f"feeds {graph.named(others)} too: which timestep is meant there cannot be told"
            )


def order_of(graph: Graph, loops: dict[str, frozenset[str]]) -> list[str]:
    """Computing order: of a cycle, what feeds it from outside, the way back, the neuron; then what reads it."""
    edges = set(graph.edges)
    for neuron, loop in loops.items():
        outside = [a for a, b in graph.edges if b in loop and a not in loop]
        edges -= {(neuron, path) for path in loop}
        edges |= {(a, b) for a in outside for b in loop}
        # what reads the way back, a port perhaps, needs the neuron's layer
        edges |= {(neuron, b) for a, b in graph.edges if a in loop and b not in loop}
    rank = {path: place for place, path in enumerate(graph.nodes)}
    return in_order(graph.nodes, edges, rank.__getitem__)
