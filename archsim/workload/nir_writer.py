"""Write a network to a NIR file, so that it reads back with the same neurons, weights and spikes.

NIR's neurons are equations in continuous time; a file of archsim counts in timesteps (dt = 1, said in its
metadata, as are the reset and whether neurons fire at their threshold). Time constants are chosen so that the
reader's explicit Euler step gives the decays and gains of the network, to the last bit or the one beside it. What
NIR has no node for is refused.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.files import write_bytes
from archsim.registry import NEURONS
from archsim.workload.network import INPUT, Conv, Dense, Floats, Layer, Network, Neuron, Pool, Shape

DT = 1.0  # the file counts in timesteps
OUTPUT = "output"
_ULPS = 4  # how far a rounded quotient may be from one that gives back the number


def write_nir(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network with its weights as a .nir file; whole or not at all.

    Parameters
    ----------
    network : Network
        With all weights. Layers become a Linear, Affine, Conv1d or Conv2d, and a neuron of the layer's name.
    path : path

    Raises
    ------
    WorkloadError
        A layer has no weights or has no equal in NIR (all named at once).
    WriteError
        The file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from archsim.workload import from_nir
    >>> lif = Neuron("lif", decay=0.9, reset="subtract")
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), lif, weight=np.array([[2.0, 0.5]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "net.nir"
    ...     write_nir(Network("net", (2,), (layer,)), file)
    ...     back = from_nir(file)
    >>> back.layer("out").neuron == lif, back.layer("out").weight.tolist()
    (True, [[2.0, 0.5]])
    """
    errors = nir_errors(network)
    if errors:
        raise WorkloadError("\n".join(f"network {network.name!r}: {error}" for error in errors))
    import nir

    graph = _Graph(network)
    for layer in network.layers:
        graph.add_layer(layer)
    spiking = [layer.neuron for layer in network.layers if layer.neuron and layer.neuron.spikes]
    metadata: dict[str, Any] = {"dt": DT, "reset": "zero", "fires": "above"}
    metadata |= {"reset": spiking[0].reset, "fires": spiking[0].fires} if spiking else {}
    made = nir.NIRGraph(graph.finished(), graph.edges, metadata=metadata, type_check=False)
    content = io.BytesIO()  # HDF5 that writes to a full disk itself ends the process
    nir.write(content, made)
    write_bytes(path, content.getvalue())


def nir_errors(network: Network) -> list[str]:
    """Parts of a network that a NIR file cannot express; empty if it can be written.

    Examples
    --------
    >>> pool = Layer("pool", Pool("max", (2, 2), (2, 2), (0, 0)), ("input",), (1, 4, 4), (1, 2, 2))
    >>> nir_errors(Network("net", (1, 4, 4), (pool,)))
    ["layer 'pool': NIR has no max pooling"]
    """
    errors = [f"layer {layer.name!r}: {error}" for layer in network.layers for error in _layer_errors(layer)]
    bare = {layer.name for layer in network.weighted if layer.neuron is None}
    errors += [
        f"layer {layer.name!r}: takes {', '.join(sorted(bare & set(layer.inputs)))}, which has no neurons; NIR's "
        "readers multiply such weights into one matrix"
        for layer in network.weighted
        if bare & set(layer.inputs)
    ]
    spiking = [layer.neuron for layer in network.layers if layer.neuron and layer.neuron.spikes]
    if len({neuron.reset for neuron in spiking}) > 1:
        errors.append("its neurons are reset in different ways; a NIR file has one way for all")
    if len({neuron.fires for neuron in spiking}) > 1:
        errors.append("some of its neurons fire at the threshold, some above it; a NIR file has one way for all")
    names = [node for layer in network.layers for node in _names(layer)]
    taken = sorted({name for name in names if names.count(name) > 1 or name in (INPUT, OUTPUT) or "/" in name})
    if taken:
        listed = ", ".join(map(repr, taken))
        errors.append(f"the names {listed} cannot be names of nodes; call its layers otherwise")
    return errors


def _layer_errors(layer: Layer) -> list[str]:
    errors = []
    op, neuron = layer.op, layer.neuron
    if isinstance(op, Conv | Pool) and op.axis == "time":
        errors.append("NIR has no window along time")
    elif isinstance(op, Pool) and op.kind == "max":
        errors.append("NIR has no max pooling")
    elif isinstance(op, Pool) and len(op.kernel) != 2:
        errors.append("NIR pools in two dimensions only")
    if isinstance(op, Dense) and op.flatten_time:
        errors.append("NIR has no product over all timesteps")
    if isinstance(op, Conv) and op.groups > 1 and len(layer.inputs) > 1:
        errors.append("a convolution in groups of several inputs cannot be written")
    if isinstance(op, Pool) and (len(layer.inputs) > 1 or layer.delay):
        errors.append("pooling of several inputs, or with a delay, cannot be written")
    if layer.has_weights and layer.weight is None:
        errors.append("it has no weights; fill them with archsim.snn.initialise")
    if layer.recurrent and (layer.recurrent_weight is None or neuron is None):
        errors.append("a recurrent layer needs recurrent weights and a neuron")
    if neuron is not None:
        numbers = (neuron.decay, neuron.gain, neuron.offset, neuron.threshold, neuron.v_reset)
        errors += ["its neurons have infinite numbers"] if not all(map(_all_finite, numbers)) else []
    if neuron is not None and not NEURONS[neuron.kind].nir:
        errors.append(f"NIR has no {neuron.kind} neuron")
    if neuron is not None and neuron.has_synapse:
        endless = [key for key in ("decay", "syn_decay") if _any_one(neuron, key)]
        errors += [f"its {key} of 1 has no time constant" for key in endless]
    if neuron is not None and neuron.kind != "if" and not neuron.has_synapse and _any_one(neuron, "decay"):
        mixed = np.any(np.asarray(neuron.decay) != 1) or np.any(np.asarray(neuron.offset) != 0)
        errors += ["a decay of 1 has no time constant beside other decays or an offset"] if mixed else []
    if neuron is not None and neuron.kind == "if" and np.any(np.asarray(neuron.offset) != 0):
        errors.append("an IF neuron of NIR has no offset")
    return errors


def _all_finite(value: Floats | float) -> bool:
    return bool(np.isfinite(np.asarray(value)).all())


def _any_one(neuron: Neuron, key: str) -> bool:
    return bool(np.any(np.asarray(getattr(neuron, key)) == 1))


def _names(layer: Layer) -> list[str]:
    parts = [f"{layer.name}_from_{source}" for source in layer.inputs] if len(layer.inputs) > 1 else []
    return [layer.name, f"{layer.name}_weights", f"{layer.name}_recurrent", f"{layer.name}_delay", *parts]


@dataclass
class _Graph:
    """Nodes and edges in the making; `ends` is the node that gives a layer's output."""

    network: Network
    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        import nir

        self.nodes[INPUT] = nir.Input(np.array(self.network.input_shape))
        self._ends = {INPUT: INPUT}
        self._shapes: dict[str, Shape] = {INPUT: self.network.input_shape}

    def add_layer(self, layer: Layer) -> None:
        """The layer's operation for each of its inputs, then its neuron."""
        nodes = self._pool(layer) if isinstance(layer.op, Pool) else self._weights(layer)
        end = nodes[-1]
        if layer.neuron is not None:
            end = layer.name
            self.nodes[end] = _neuron_node(layer.neuron, layer.out_shape)
            self.edges += [(node, end) for node in nodes]
            if layer.recurrent:
                self._recurrence(layer)
        self._ends[layer.name], self._shapes[layer.name] = end, layer.out_shape

    def finished(self) -> dict[str, Any]:
        """All nodes, the output behind the last layer among them."""
        import nir

        last = self.network.layers[-1]
        self.nodes[OUTPUT] = nir.Output(np.array(last.out_shape))
        self.edges.append((self._ends[last.name], OUTPUT))
        return self.nodes

    def _link(self, layer: Layer, source: str, node: str) -> None:
        start = self._ends[source]
        if layer.delay:
            import nir

            waiting = f"{node}_delay"
            shape = self._shapes[source]
            self.nodes[waiting] = nir.Delay(np.full(shape, layer.delay * DT))
            self.edges.append((start, waiting))
            start = waiting
        self.edges.append((start, node))

    def _pool(self, layer: Layer) -> list[str]:
        import nir

        op = layer.op
        assert isinstance(op, Pool)  # for mypy
        name = f"{layer.name}_pool" if layer.neuron else layer.name
        make = nir.SumPool2d if op.kind == "sum" else nir.AvgPool2d
        self.nodes[name] = make(np.array(op.kernel), np.array(op.stride), np.array(op.padding))
        self._link(layer, layer.inputs[0], name)
        return [name]

    def _weights(self, layer: Layer) -> list[str]:
        several = len(layer.inputs) > 1
        found = []
        for k, (source, weight) in enumerate(zip(layer.inputs, self._slices(layer), strict=True)):
            plain = f"{layer.name}_weights" if layer.neuron else layer.name
            name = f"{layer.name}_from_{source}" if several else plain
            bias = layer.bias if k == 0 else None
            self.nodes[name] = _weights_node(layer, weight, bias, self._shapes[source])
            self._link(layer, source, name)
            found.append(name)
        return found

    def _slices(self, layer: Layer) -> list[Floats]:
        """The layer's weights for each of its inputs."""
        assert layer.weight is not None  # nir_errors has said so
        flat = isinstance(layer.op, Dense)
        sizes = [int(np.prod(shape)) if flat else shape[0] for shape in (self._shapes[s] for s in layer.inputs)]
        if len(sizes) == 1:
            return [layer.weight]
        return np.split(layer.weight, np.cumsum(sizes)[:-1], axis=1)

    def _recurrence(self, layer: Layer) -> None:
        import nir

        name = f"{layer.name}_recurrent"
        self.nodes[name] = nir.Linear(np.array(layer.recurrent_weight, dtype=np.float64))
        self.edges += [(layer.name, name), (name, layer.name)]


def _weights_node(layer: Layer, weight: Floats, bias: Floats | None, source: Shape) -> Any:
    import nir

    matrix = np.array(weight, dtype=np.float64)
    if isinstance(layer.op, Dense):
        return nir.Linear(matrix) if bias is None else nir.Affine(matrix, np.array(bias, dtype=np.float64))
    op = layer.op
    assert isinstance(op, Conv)  # for mypy
    values = np.zeros(len(matrix)) if bias is None else np.array(bias, dtype=np.float64)
    if len(op.kernel) == 1:
        return nir.Conv1d(source[1], matrix, op.stride[0], op.padding[0], op.dilation[0], op.groups, values)
    shape = (source[1], source[2])
    return nir.Conv2d(shape, matrix, op.stride, op.padding, op.dilation, op.groups, values)


def _neuron_node(neuron: Neuron, shape: Shape) -> Any:
    """The node whose explicit Euler step is the neuron."""
    import nir

    def full(value: Floats | float) -> Floats:
        return _spread(value, shape)

    threshold, v_reset = full(neuron.threshold), full(neuron.v_reset)
    decay, gain = full(neuron.decay), full(neuron.gain)
    if neuron.kind == "if" or (not neuron.has_synapse and bool(np.all(decay == 1))):
        return nir.IF(r=gain, v_threshold=threshold, v_reset=v_reset) if neuron.spikes else nir.I(r=gain)
    tau = _inverse(decay, lambda t: 1 - DT / t, DT / (1 - decay))
    rate = DT / tau
    r = _inverse(gain, lambda x: x * rate, gain / rate)
    offset = full(neuron.offset)
    v_leak = _inverse(offset, lambda x: x * rate, offset / rate)
    membrane = {"r": r, "v_leak": v_leak}
    if not neuron.has_synapse:
        if not neuron.spikes:
            return nir.LI(tau=tau, **membrane)
        return nir.LIF(tau=tau, v_threshold=threshold, v_reset=v_reset, **membrane)
    syn_decay, syn_gain = full(neuron.syn_decay), full(neuron.syn_gain)
    tau_syn = _inverse(syn_decay, lambda t: 1 - DT / t, DT / (1 - syn_decay))
    syn_rate = DT / tau_syn
    w_in = _inverse(syn_gain, lambda x: x * syn_rate, syn_gain / syn_rate)
    both = {"tau_syn": tau_syn, "tau_mem": tau, "w_in": w_in, **membrane}
    if not neuron.spikes:
        return nir.CubaLI(**both)
    return nir.CubaLIF(v_threshold=threshold, v_reset=v_reset, **both)


def _spread(value: Floats | float, shape: Shape) -> Floats:
    """One value for each neuron; of an array by channel, the channel's."""
    array = np.asarray(value, dtype=np.float64)
    if array.size == int(np.prod(shape)):
        return array.reshape(shape).copy()
    if array.ndim == 1 and array.size == shape[0]:
        array = array.reshape(-1, *(1 for _ in shape[1:]))
    return np.broadcast_to(array, shape).copy()


def _inverse(wanted: Floats, back: Callable[[Floats], Floats], guess: Floats) -> Floats:
    """Numbers near `guess` that `back` turns into what is wanted, exactly if a few steps of a double reach it."""
    best, error = guess, np.abs(back(guess) - wanted)
    for x in _neighbours(guess):
        found = np.abs(back(x) - wanted)
        best, error = np.where(found < error, x, best), np.minimum(found, error)
    return best


def _neighbours(x: Floats) -> Sequence[Floats]:
    up, down, found = x, x, []
    for _ in range(_ULPS):
        up, down = np.nextafter(up, np.inf), np.nextafter(down, -np.inf)
        found += [up, down]
    return found
