"""From a flat NIR graph to layers: shapes are propagated, cycles become recurrent layers."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.names import why_reserved
from archsim.workload.network import INPUT, Conv, Dense, Floats, Layer, Neuron, Op, Pool, Shape
from archsim.workload.nir_cycles import loops_of, order_of
from archsim.workload.nir_nodes import (
    MAX_VALUES,
    Fires,
    Node,
    Reset,
    delay_steps,
    fitted,
    flattened,
    neuron_of,
    pool_of,
    values,
)
from archsim.workload.nir_repair import Graph
from archsim.workload.nir_signals import (
    Signal,
    Term,
    added,
    identity,
    merged,
    one_to_one,
    refuse_reshaped,
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
    fires : "above" or "at"
    """

    def __init__(self, graph: Graph, input_shape: Shape, dt: float, reset: Reset, fires: Fires) -> None:
        self.graph = graph
        self.dt = dt
        self.reset: Reset = reset
        self.fires: Fires = fires
        self.notes: list[str] = []
        self.layers: list[Layer] = []
        self._names = _LayerNames(graph, self.notes)
        self._made: dict[tuple[tuple[str, ...], ...], Term] = {}
        self._loops = loops_of(graph)
        begin = graph.nodes[graph.inputs[0]]
        start = Term(INPUT, input_shape, input_shape, (begin.name,), (begin.path,))
        self._signals = {begin.path: Signal((start,), input_shape)}

    def build(self) -> list[Layer]:
        """All layers, in computing order."""
        for path in order_of(self.graph, self._loops):
            node = self.graph.nodes[path]
            if path in self.graph.outputs:
                self._output(node)
            elif node.is_neuron:
                self._neuron(node)
            elif path not in self._signals:
                self._signals[path] = self._through(node, self._incoming(node))
            signal = self._signals.get(path)
            if signal is not None and math.prod(signal.shape) > MAX_VALUES:
                raise WorkloadError(f"{node}: its output of shape {signal.shape} is beyond {MAX_VALUES} values")
        return self.layers

    def _incoming(self, node: Node) -> Signal:
        named = [(self.graph.nodes[path].name, self._signal(path)) for path in self.graph.before(node.path)]
        return added(node, named)

    def _signal(self, path: str) -> Signal:
        if path not in self._signals:  # a neuron inside its own cycle: only its size is known yet
            node = self.graph.nodes[path]
            entering = self._entering(node, path)
            assert entering is not None  # loops_of refuses a cycle that nothing enters
            shape = (math.prod(entering.shape),)
            own = Term(self._names.of(path), shape, shape, (node.name,), (path,))
            self._signals[path] = Signal((own,), shape)
        return self._signals[path]

    def _entering(self, node: Node, neuron: str) -> Signal | None:
        """Input of a node of a cycle from outside the cycle; None if it has none."""
        parts: list[tuple[str, Signal]] = []
        for path in self.graph.before(node.path):
            before = self.graph.nodes[path]
            if path not in self._loops[neuron]:
                parts.append((before.name, self._signals[path]))
            elif path != neuron and (signal := self._entering(before, neuron)) is not None:
                parts.append((before.name, signal))
        if not parts:
            return None
        signal = added(node, parts)
        return signal if node.path == neuron else self._through(node, signal)

    def _through(self, node: Node, signal: Signal) -> Signal:
        """Output of a node that is no neuron, from its input signal."""
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
            return self._delayed(node, signal)
        if node.type == "Flatten":
            return replace(signal, shape=flattened(node, signal.shape))
        if node.type in ("Input", "Output"):  # of a nested graph: it passes on what it gets
            return signal
        raise WorkloadError(f"{node}: this type is not supported")  # never, after the check of all types

    def _delayed(self, node: Node, signal: Signal) -> Signal:
        n = delay_steps(node, self.dt)
        biased = [t.nodes[-1] for t in signal.terms if t.bias is not None and np.any(t.bias)]
        if biased and n:
            raise WorkloadError(
                f"{node} delays the bias of {biased[0]!r} too, which a layer cannot do; put the Delay before it"
            )
        return replace(signal, terms=tuple(t.through(node, delay=t.delay + n) for t in signal.terms))

    def _pool(self, node: Node, signal: Signal) -> Signal:
        pool, out_shape = pool_of(node, signal.shape)
        refuse_reshaped(node, signal)
        if len(signal.terms) > 1:
            sources = ", ".join(t.nodes[-1] for t in signal.terms)
            raise WorkloadError(f"{node}: pools the sum of {sources}; pool each of them and add after it")
        term = signal.terms[0]
        if term.op is not None:
            term = self._as_layer(term)
        if term.scale is not None:
            raise WorkloadError(f"{node}: a Scale before pooling cannot be folded; put it after the pooling")
        return Signal((term.through(node, op=pool, in_shape=signal.shape, out_shape=out_shape),), out_shape)

    def _pools_made(self, signal: Signal) -> Signal:
        terms = (self._as_layer(t) if isinstance(t.op, Pool) else t for t in signal.terms)
        return replace(signal, terms=tuple(terms))

    def _as_layer(self, *terms: Term) -> Term:
        """Give a sum of terms a layer without neurons of its own; what follows sees a plain source."""
        key = tuple(t.key for t in terms)
        if key not in self._made:
            last = terms[0]
            name = self._names.new(last.key[-1])
            self._append(name, list(terms), None)
            analog = last.analog or not isinstance(last.op, Pool)
            self._made[key] = Term(name, last.out_shape, last.out_shape, last.nodes, last.key, analog=analog)
        return self._made[key]

    def _neuron(self, node: Node) -> None:
        loop = self._loops.get(node.path, frozenset())
        signal = self._incoming(node)
        name = self._names.of(node.path)
        all_terms = [self._with_weights(node, t, signal, bool(loop)) for t in signal.terms]
        own = [t for t in all_terms if t.source == name]
        terms = [t for t in all_terms if t.source != name]
        shape = terms[0].out_shape
        neuron = neuron_of(node, shape, self.dt, self.reset, self.fires)
        recurrent, bias = self._recurrence(node, own, terms, loop)
        self._append(name, terms, neuron, recurrent, bias)
        if node.path not in self._signals:
            term = Term(name, shape, shape, (node.name,), (node.path,))
            self._signals[node.path] = Signal((term,), signal.shape)
        if "v_reset" not in node.params and node.type in ("IF", "LIF", "CubaLIF"):
            self.notes.append(f"{node} has no v_reset: 0")

    def _with_weights(self, node: Node, term: Term, signal: Signal, recurrent: bool) -> Term:
        """The term as an operation that can be added to the others."""
        if isinstance(term.op, Pool) and len(signal.terms) > 1:
            term = self._as_layer(term)
        if term.op is not None:
            return term
        ops = [t.op for t in signal.terms if isinstance(t.op, Dense | Conv)]
        dense: Op = Dense(math.prod(term.out_shape))
        if recurrent or any(isinstance(op, Dense) for op in ops) or len(term.out_shape) == 1:
            return identity(node, term, dense, self.notes)
        plain = one_to_one(term.out_shape[0], len(term.out_shape) - 1)
        return identity(node, term, ops[0] if ops else plain, self.notes)

    def _recurrence(
        self, node: Node, own: list[Term], terms: list[Term], loop: frozenset[str]
    ) -> tuple[Floats | None, Floats | None]:
        """Recurrent weights and their bias; None, None without a cycle."""
        if not own:
            return None, None
        members = self.graph.named(loop)
        if any(not isinstance(t.op, Dense) for t in (*own, *terms)):
            raise WorkloadError(f"{node}: a recurrent layer must be Linear or Affine only (cycle of {members})")
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
                name=name,
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
        elif plain:
            names = ", ".join(t.nodes[-1] for t in signal.terms)
            raise WorkloadError(f"{node}: is the sum of {names}; only sums of Linear/Affine can be formed")
        else:
            self._as_layer(*signal.terms)


class _LayerNames:
    """Names of layers: those of their nodes, where these are free and not reserved."""

    def __init__(self, graph: Graph, notes: list[str]) -> None:
        self._graph, self._notes = graph, notes
        self._nodes = {node.name for node in graph.nodes.values()}
        self._taken: set[str] = set()
        self._of: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The name of a neuron's layer, always the same."""
        if path not in self._of:
            self._of[path] = self.new(path)
        return self._of[path]

    def new(self, path: str) -> str:
        """A name for one more layer that ends at this node."""
        wanted = self._graph.nodes[path].name
        why = why_reserved(wanted) or ("another layer has this name" if wanted in self._taken else None)
        name = wanted
        if why:
            tries = (f"{wanted}_layer{k}" if k else f"{wanted}_layer" for k in itertools.count())
            name = next(t for t in tries if t not in self._taken | self._nodes)
            self._notes.append(f"the layer of node {wanted!r} is called {name!r}: {why}")
        self._taken.add(name)
        return name
