"""From a flat NIR graph to layers: shapes are propagated, cycles become recurrent layers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.network import INPUT, Dense, Floats, Layer, Neuron, Pool, Shape
from archsim.workload.nir_nodes import MAX_VALUES, Node, Reset, delay_steps, fitted, neuron_of, pool_of, values
from archsim.workload.nir_repair import Graph
from archsim.workload.nir_signals import (
    Signal,
    Term,
    added,
    merged,
    through_conv,
    through_dense,
    through_scale,
)


class LayerBuilder:
    """Walks the graph in computing order; every node gives a signal, every neuron a layer.

    Parameters
    ----------
    graph : Graph
    input_shape : tuple of int
    dt : float
        Timestep in seconds.
    reset : "zero" or "subtract"
    """

    def __init__(self, graph: Graph, input_shape: Shape, dt: float, reset: Reset) -> None:
        self.graph = graph
        self.dt = dt
        self.reset: Reset = reset
        self.notes: list[str] = []
        self.layers: list[Layer] = []
        self._made: dict[str, Term] = {}
        self._loops = _loops(graph)  # neuron -> all nodes of its cycle
        start = Term(INPUT, input_shape, input_shape, (graph.inputs[0],))
        self._signals = {graph.inputs[0]: Signal((start,), input_shape)}

    def build(self) -> list[Layer]:
        """All layers, in computing order."""
        for name in _order(self.graph, self._loops):
            node = self.graph.nodes[name]
            if name in self.graph.outputs:
                self._output(node)
            elif node.is_neuron:
                self._signals[name] = self._neuron(node)
            elif name not in self._signals:
                self._signals[name] = self._linear(node)
            signal = self._signals.get(name)
            if signal is not None and math.prod(signal.shape) > MAX_VALUES:
                raise WorkloadError(f"{node}: its output of shape {signal.shape} is beyond {MAX_VALUES} values")
        return self.layers

    def _incoming(self, node: Node, without: frozenset[str] = frozenset()) -> Signal:
        names = [n for n in self.graph.before(node.name) if n not in without]
        return added(node, [(n, self._signal(n)) for n in names])

    def _signal(self, name: str) -> Signal:
        if name not in self._signals:  # a neuron inside its own cycle: only its shape is known yet
            node = self.graph.nodes[name]
            outside = self._incoming(node, self._loops[name])
            shape = outside.terms[0].out_shape
            self._signals[name] = Signal((Term(name, shape, shape, (name,)),), outside.shape)
        return self._signals[name]

    def _linear(self, node: Node) -> Signal:
        signal = self._incoming(node)
        if node.type in ("Affine", "Linear"):
            return through_dense(node, self._pools_made(signal), self.notes)
        if node.type in ("Conv1d", "Conv2d"):
            return through_conv(node, self._pools_made(signal), self.notes)
        if node.type in ("SumPool2d", "AvgPool2d"):
            return self._pool(node, signal)
        if node.type == "Scale":
            scale = np.broadcast_to(fitted(node, "scale", signal.shape), signal.shape)
            return through_scale(node, self._pools_made(signal), scale)
        if node.type == "Delay":
            n = delay_steps(node, self.dt)
            return replace(signal, terms=tuple(replace(t, delay=t.delay + n) for t in signal.terms))
        if node.type == "Flatten":
            return replace(signal, shape=(math.prod(signal.shape),))
        if node.type in ("Input", "Output"):
            return signal  # those of a nested graph pass on what they get
        raise WorkloadError(f"node {node.name!r}: {node.type} is not supported here")

    def _pool(self, node: Node, signal: Signal) -> Signal:
        pool, out_shape = pool_of(node, signal.shape)
        if len(signal.terms) > 1:
            sources = ", ".join(t.nodes[-1] for t in signal.terms)
            raise WorkloadError(f"{node}: pools the sum of {sources}; pool each of them and add after it")
        term = signal.terms[0]
        if term.op is not None:
            term = self._as_layer(term)
        if term.scale is not None:
            raise WorkloadError(f"{node}: a Scale before pooling cannot be folded; put it after the pooling")
        nodes = (*term.nodes, node.name)
        pooled = replace(term, op=pool, in_shape=signal.shape, out_shape=out_shape, nodes=nodes)
        return Signal((pooled,), out_shape)

    def _pools_made(self, signal: Signal) -> Signal:
        terms = (self._as_layer(t) if isinstance(t.op, Pool) else t for t in signal.terms)
        return replace(signal, terms=tuple(terms))

    def _as_layer(self, term: Term) -> Term:
        """Give a term a layer without neurons of its own; what follows sees a plain source."""
        name = self._free_name(term.nodes[-1])
        if name not in self._made:
            analog = term.analog or not isinstance(term.op, Pool)
            self._append(name, [term], None)
            self._made[name] = Term(name, term.out_shape, term.out_shape, term.nodes, analog=analog)
        return self._made[name]

    def _neuron(self, node: Node) -> Signal:
        loop = self._loops.get(node.name, frozenset())
        signal = self._incoming(node)
        own = [t for t in signal.terms if t.source == node.name]
        terms = [t for t in signal.terms if t.source != node.name]
        bare = [t for t in (*terms, *own) if t.op is None]
        if bare:
            raise WorkloadError(
                f"{node} gets {bare[0].nodes[-1]!r} without weights between; put a Linear there (one-to-one: "
                "the identity matrix)"
            )
        if not terms:
            raise WorkloadError(f"{node} gets nothing but its own output")
        shape = terms[0].out_shape
        neuron = neuron_of(node, shape, self.dt, self.reset)
        recurrent, bias = self._recurrence(node, own, terms, loop)
        self._append(node.name, terms, neuron, recurrent, bias)
        name = self._free_name(node.name)
        if node.name not in self._signals:
            self._signals[node.name] = Signal((Term(name, shape, shape, (node.name,)),), signal.shape)
        if "v_reset" not in node.params and node.type in ("IF", "LIF", "CubaLIF"):
            self.notes.append(f"{node} has no v_reset: 0")
        return self._signals[node.name]

    def _recurrence(
        self, node: Node, own: list[Term], terms: list[Term], loop: frozenset[str]
    ) -> tuple[Floats | None, Floats | None]:
        """Recurrent weights and their bias; None, None without a cycle."""
        if not own:
            return None, None
        members = ", ".join(sorted(loop))
        if any(not isinstance(t.op, Dense) for t in (*own, *terms)):
            raise WorkloadError(f"{node}: a recurrent layer must be Linear or Affine only (cycle of {members})")
        if any(t.delay for t in own):
            raise WorkloadError(
                f"{node}: a Delay in a recurrent connection is not supported (cycle of {members}); "
                "one timestep is what the connection takes by itself"
            )
        term, _ = merged(node.name, own)
        return term.weight, term.bias

    def _append(
        self,
        name: str,
        terms: list[Term],
        neuron: Neuron | None,
        recurrent: Floats | None = None,
        extra_bias: Floats | None = None,
    ) -> None:
        term, sources = merged(name, terms)
        assert term.op is not None  # callers hand over operations only
        bias = term.bias if extra_bias is None else extra_bias if term.bias is None else term.bias + extra_bias
        for array in (term.weight, bias, recurrent):
            if array is not None and not np.all(np.isfinite(array)):
                raise WorkloadError(f"{name!r}: its weights overflow when the nodes before it are multiplied in")
        self.layers.append(
            Layer(
                name=self._free_name(name),
                op=term.op,
                inputs=sources,
                in_shape=term.in_shape,
                out_shape=term.out_shape,
                neuron=neuron,
                weight=term.weight,
                bias=bias,
                recurrent=recurrent is not None,
                recurrent_weight=recurrent,
                delay=term.delay,
            )
        )

    def _output(self, node: Node) -> None:
        signal = self._incoming(node)
        stated = node.params.get("shape")
        size = int(np.prod(values(node, "shape"))) if stated is not None else math.prod(signal.shape)
        if size != math.prod(signal.shape):
            self.notes.append(f"{node} states shape {np.asarray(stated).tolist()}, but gets {signal.shape}")
        plain = [t for t in signal.terms if t.op is None]
        if len(signal.terms) == 1 and plain:
            if plain[0].scale is not None or plain[0].delay:
                raise WorkloadError(f"{node}: a Scale or Delay between neurons and output cannot be folded")
            return
        if plain:
            names = ", ".join(t.nodes[-1] for t in signal.terms)
            raise WorkloadError(f"{node}: is the sum of {names}; only sums of Linear/Affine can be formed")
        last = signal.terms[0].nodes[-1]
        if len(signal.terms) == 1:
            self._as_layer(signal.terms[0])
        elif self._free_name(last) not in self._made:
            self._append(last, list(signal.terms), None)

    def _free_name(self, name: str) -> str:
        """The node's name; "input" is taken by the network's own input."""
        return f"{name}_layer" if name == INPUT else name


def _order(graph: Graph, loops: dict[str, frozenset[str]]) -> list[str]:
    """Computing order: within a cycle, what feeds the neuron from outside, the way back, the neuron."""
    import networkx as nx

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(graph.nodes)
    digraph.add_edges_from(graph.edges)
    for neuron, loop in loops.items():
        outside = [n for n in graph.before(neuron) if n not in loop]
        digraph.remove_edges_from([(neuron, n) for n in loop])
        digraph.add_edges_from((a, b) for a in outside for b in loop if b != neuron)
    return list(nx.lexicographical_topological_sort(digraph, key=_natural))


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isascii() and name.isdecimal() and len(name) < 10 else (-1, name)


def _loops(graph: Graph) -> dict[str, frozenset[str]]:
    """Cycles by their only neuron; others are refused."""
    import networkx as nx

    digraph = nx.DiGraph(graph.edges)
    loops: dict[str, frozenset[str]] = {}
    for part in nx.strongly_connected_components(digraph):
        name = next(iter(part))
        if len(part) == 1 and not digraph.has_edge(name, name):
            continue
        neurons = [n for n in sorted(part) if graph.nodes[n].is_neuron]
        rest = digraph.subgraph(part - set(neurons[:1]))
        direct = bool(neurons) and digraph.has_edge(neurons[0], neurons[0])
        outside = [a for n in neurons for a in digraph.predecessors(n) if a not in part]
        if len(neurons) != 1 or direct or not outside or not nx.is_directed_acyclic_graph(rest):
            raise WorkloadError(
                f"cycle of {', '.join(sorted(part))}: only a neuron that feeds itself through Linear or Affine, "
                "and gets its input beside that, is supported"
            )
        loops[neurons[0]] = frozenset(part)
    return loops
