"""Networks with every kind of layer and neuron, and the same networks in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from archsim.snn import initialise
from archsim.snn.weights import stream
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron, Pool

N_STEPS = 11
NEURONS = {
    "IF, reset to zero": Neuron("if", threshold=0.7),
    "IF, reset by subtraction": Neuron("if", threshold=0.7, reset="subtract"),
    "LIF, reset to a value": Neuron("lif", decay=0.8, gain=0.9, offset=0.05, threshold=0.4, v_reset=-0.1),
    "LIF, reset by subtraction": Neuron("lif", decay=0.8, threshold=0.4, v_reset=0.1, reset="subtract"),
    "LIF, a value for each neuron": Neuron(
        "lif", decay=np.linspace(0.3, 0.9, 6), gain=np.linspace(0.5, 1.5, 6), threshold=np.linspace(0.2, 0.6, 6)
    ),
    "LIF that never spikes": Neuron("lif", decay=0.8, threshold=np.inf, reset="subtract"),
    "CubaLIF, reset to zero": Neuron("cubalif", decay=0.7, gain=0.8, threshold=0.3, syn_decay=0.6, syn_gain=0.9),
    "CubaLIF, reset by subtraction": Neuron(
        "cubalif", decay=0.7, gain=0.8, threshold=0.3, syn_decay=0.6, syn_gain=0.9, reset="subtract"
    ),
    "LI": Neuron("li", decay=0.8, gain=0.5, offset=0.1),
    "CubaLI": Neuron("cubali", decay=0.8, gain=0.5, syn_decay=0.4, syn_gain=0.7),
}
LIF = NEURONS["LIF, reset to a value"]
LI = Neuron("li", decay=0.9, gain=0.6)


def conv(n_out: int, *kernel: int, axis: str = "space", **changes: object) -> Conv:
    ones = (1,) * len(kernel)
    return replace(Conv(n_out, kernel, ones, (0,) * len(kernel), ones, axis=axis), **changes)


Step = tuple[Conv | Dense | Pool, tuple[int, ...], Neuron | None]


def chain(name: str, input_shape: tuple[int, ...], *steps: Step) -> Network:
    """Layers one after the other: (operation, out_shape, neuron)."""
    layers, before, shape = [], INPUT, input_shape
    for k, (op, out_shape, neuron) in enumerate(steps):
        layers.append(Layer(f"{k}", op, (before,), shape, out_shape, neuron))
        before, shape = f"{k}", out_shape
    return filled(Network(name, input_shape, tuple(layers)))


def filled(network: Network) -> Network:
    """With random weights and biases."""
    network = initialise(network, seed=3, n_timesteps=N_STEPS)
    layers = [
        replace(layer, bias=stream(4, k).normal(0, 0.1, layer.n_columns)) if layer.has_weights else layer
        for k, layer in enumerate(network.layers)
    ]
    return replace(network, layers=tuple(layers))


def _networks() -> dict[str, Network]:
    found = [chain(name, (4,), (Dense(6), (6,), n), (Dense(3), (3,), LI)) for name, n in NEURONS.items()]
    two = NEURONS["LIF, reset by subtraction"]
    found += [
        chain("wide, sparse", (4,), (Dense(67), (67,), two), (Dense(41), (41,), LIF), (Dense(3), (3,), LI)),
        chain("spikes at the output", (4,), (Dense(6), (6,), LIF), (Dense(3), (3,), two)),
        chain("no neuron at the output", (4,), (Dense(6), (6,), LIF), (Dense(3), (3,), None)),
        chain(
            "no neuron in the middle",
            (4,),
            (Dense(5), (5,), None),
            (Dense(6), (6,), LIF),
            (Dense(3), (3,), LI),
        ),
        chain(
            "convolution along a line",
            (2, 9),
            (conv(3, 3, stride=(2,), padding=(1,)), (3, 5), LIF),
            (conv(4, 2, dilation=(2,)), (4, 3), two),
            (Dense(3), (3,), LI),
        ),
        chain(
            "convolution in a plane",
            (2, 5, 4),
            (conv(3, 3, 2, stride=(2, 1), padding=(1, 0)), (3, 3, 3), LIF),
            (Dense(3), (3,), LI),
        ),
        chain(
            "convolution in groups",
            (4, 6),
            (conv(6, 3, groups=2, padding=(1,)), (6, 6), LIF),
            (conv(6, 2, groups=6), (6, 5), two),
            (Dense(3), (3,), LI),
        ),
        chain(
            "convolution along time",
            (3,),
            (conv(5, 4, axis="time", padding=(2,), dilation=(2,)), (5,), LIF),
            (conv(4, 3, axis="time", stride=(2,)), (4,), two),
            (Dense(3, flatten_time=True), (3,), None),
        ),
        chain(
            "a layer after all timesteps in the middle",
            (3,),
            (Dense(5, flatten_time=True), (5,), LIF),
            (Dense(3), (3,), LI),
        ),
        chain(
            "recurrent",
            (4,),
            (Dense(6), (6,), LIF),
            (Dense(3), (3,), LI),
        ),
    ]
    for kind in ("average", "sum", "max"):
        found += [
            chain(
                f"{kind} pooling in a plane",
                (2, 5, 4),
                (conv(3, 2, 2), (3, 4, 3), LIF),
                (Pool(kind, (2, 2), (2, 1), (1, 0)), (3, 3, 2), None),
                (Dense(3), (3,), LI),
            ),
            chain(
                f"{kind} pooling along time",
                (4,),
                (Dense(6), (6,), LIF),
                (Pool(kind, (2,), (2,), (1,), axis="time"), (6,), None),
                (Dense(3, flatten_time=True), (3,), None),
            ),
            chain(
                f"{kind} pooling with neurons of its own",
                (2, 6),
                (conv(3, 2), (3, 5), None),
                (Pool(kind, (2,), (1,), (0,)), (3, 4), LIF),
                (Dense(3), (3,), LI),
            ),
        ]
    networks = {network.name: network for network in found}
    networks["recurrent"] = _recurrent(networks["recurrent"], LIF)
    networks["recurrent CubaLIF"] = _recurrent(networks["recurrent"], NEURONS["CubaLIF, reset by subtraction"])
    networks["recurrent LI"] = _recurrent(networks["recurrent"], LI)
    networks["delays"] = _delays()
    networks["several inputs"] = _several_inputs()
    return networks


def _recurrent(network: Network, neuron: Neuron) -> Network:
    first = network.layers[0]
    weight = stream(5).normal(0, 0.3, (first.n_neurons, first.n_neurons))
    first = replace(first, recurrent=True, recurrent_weight=weight, neuron=neuron)
    return replace(network, layers=(first, *network.layers[1:]))


def _delays() -> Network:
    net = chain("delays", (4,), (Dense(6), (6,), LIF), (Dense(5), (5,), LIF), (Dense(3), (3,), LI))
    layers = [replace(layer, delay=d) for layer, d in zip(net.layers, (2, 1, 0), strict=True)]
    return replace(net, layers=tuple(layers))


def _several_inputs() -> Network:
    """Channels and flat values side by side, and one layer that two others read."""
    a = Layer("a", conv(2, 3, padding=(1,)), ("input",), (2, 5), (2, 5), LIF)
    b = Layer("b", conv(3, 1), ("input",), (2, 5), (3, 5), LIF)
    c = Layer("c", conv(2, 2), ("a", "b"), (5, 5), (2, 4), LIF)
    d = Layer("d", Dense(3), ("c", "b", "input"), (33,), (3,), LI)
    return filled(Network("several inputs", (2, 5), (a, b, c, d)))


NETWORKS = _networks()


def batch_for(network: Network, n_batch: int = 3, seed: int = 0) -> np.ndarray:
    """Random currents (T, B, *shape)."""
    return stream(seed, 9).normal(0.2, 1.0, (N_STEPS, n_batch, *network.input_shape))


@dataclass
class InTorch:
    """A network in PyTorch, written from the equations in float64, for automatic differentiation."""

    network: Network
    kind: str = "triangle"
    width: float = 1.0
    reset_path: bool = False
    cut: bool = False  # no error passes from layer to layer, nor through recurrent weights
    pieces: dict = field(default_factory=dict)  # by layer: no error passes to the timesteps before each such piece

    def __post_init__(self) -> None:
        import torch

        self.torch = torch
        self.parameters = {}
        for layer in self.network.weighted:
            self._leaf(layer.name, layer.weight)
            if layer.bias is not None:
                self._leaf(layer.name + ".bias", layer.bias)
            if layer.recurrent:
                self._leaf(layer.name + ".recurrent", layer.recurrent_weight)
        self.spike = self._spike_function()

    def _leaf(self, name, array):
        self.parameters[name] = self.torch.tensor(np.array(array), dtype=self.torch.float64, requires_grad=True)

    def _spike_function(self):
        torch, kind, width = self.torch, self.kind, self.width

        class Spike(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return (x > 0).to(x.dtype)

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                if kind == "triangle":
                    return g * torch.clamp(width - x.abs(), min=0) / width**2
                if kind == "fast_sigmoid":
                    return g / (1 + x.abs() / width) ** 2
                return g / (1 + (torch.pi / 2 * x / width) ** 2) / width

        return Spike.apply

    def run(self, x) -> dict:
        """Outputs (T, B, ...) of every layer."""
        outputs = {"input": self.torch.tensor(x, dtype=self.torch.float64)}
        for layer in self.network.layers:
            y = self._operation(layer, outputs)
            outputs[layer.name] = self._neurons(layer, y.reshape(*y.shape[:2], *layer.out_shape))
        return outputs

    def _gathered(self, layer, outputs):
        torch = self.torch
        parts = [outputs[name].detach() if self.cut else outputs[name] for name in layer.inputs]
        if isinstance(layer.op, Dense):
            parts = [p.flatten(2) for p in parts]
        x = torch.cat(parts, dim=2)
        if layer.delay:
            x = torch.cat([torch.zeros_like(x[: layer.delay]), x[: -layer.delay]])
        return x

    def _operation(self, layer, outputs):
        functional = self.torch.nn.functional
        op, x = layer.op, self._gathered(layer, outputs)
        weight, bias = self.parameters.get(layer.name), self.parameters.get(layer.name + ".bias")
        if isinstance(op, Dense):
            if op.flatten_time:
                x = x.transpose(0, 1).flatten(1)[None]
            return functional.linear(x, weight, bias)
        if op.axis == "time":
            rest = x.shape[2:]
            flat = x.flatten(2).permute(1, 2, 0)  # (B, C, T)
            y = self._windows(op, flat, weight, bias).permute(2, 0, 1)
            return y if isinstance(op, Conv) else y.reshape(*y.shape[:2], *rest)
        y = self._windows(op, x.flatten(0, 1), weight, bias)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def _windows(self, op, x, weight, bias):
        functional, n = self.torch.nn.functional, len(op.kernel)
        if isinstance(op, Conv):
            convolve = (functional.conv1d, functional.conv2d)[n - 1]
            return convolve(x, weight, bias, op.stride, op.padding, op.dilation, op.groups)
        if op.kind == "max":
            pads = [p for pad in reversed(op.padding) for p in (pad, pad)]
            largest = (functional.max_pool1d, functional.max_pool2d)[n - 1]
            return largest(functional.pad(x, pads), op.kernel, op.stride)
        pooled = (functional.avg_pool1d, functional.avg_pool2d)[n - 1](x, op.kernel, op.stride, op.padding)
        return pooled * float(np.prod(op.kernel)) if op.kind == "sum" else pooled

    def _neurons(self, layer, current):
        torch, p = self.torch, layer.neuron
        if p is None:
            return current
        number = {
            name: torch.tensor(np.array(getattr(p, name), dtype=np.float64))
            for name in ("decay", "gain", "offset", "threshold", "v_reset", "syn_decay", "syn_gain")
        }
        v = i = last = torch.zeros_like(current[0])
        found = []
        for t, x in enumerate(current):
            if t % self.pieces.get(layer.name, len(current)) == 0:
                v, i, last = v.detach(), i.detach(), last.detach()
            if layer.recurrent:
                back = last.detach() if self.cut else last
                x = x + torch.nn.functional.linear(back, self.parameters[layer.name + ".recurrent"])
            if p.has_synapse:
                i = number["syn_decay"] * i + number["syn_gain"] * x
                x = i
            v = number["decay"] * v + number["gain"] * x + number["offset"]
            last = v
            if p.spikes and torch.isfinite(number["threshold"]).all():
                last = self.spike(v - number["threshold"])
                s = last if self.reset_path else last.detach()
                down = number["threshold"] - number["v_reset"]
                v = v - down * s if p.reset == "subtract" else v * (1 - s) + number["v_reset"] * s
            elif p.spikes:
                last = torch.zeros_like(v)
            found.append(last)
        return torch.stack(found)

    def gradient(self, name: str) -> np.ndarray:
        """As a matrix (columns, rows), or a vector of biases; zero where nothing arrived."""
        leaf = self.parameters[name]
        g = self.torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        return g.numpy() if g.ndim == 1 else g.numpy().reshape(len(g), -1)
