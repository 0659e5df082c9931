"""Random chips and networks that are valid, and what a network computes, written out number by number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random

import numpy as np

from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.snn import Activity, measure
from archsim.spec import load_chip
from archsim.workload import Conv, Dense, Layer, Network, Neuron, Pool, Workload, load_workload

CHIPS = (
    *["tests/chips/wearable_rram"] * 2, "arch_specs/wearable_rram", "arch_specs/puma_32nm",
    "arch_specs/neurram_130nm", "arch_specs/isaac_32nm", "arch_specs/spikesim_65nm",
)  # fmt: skip
SCHEDULES = ("sequential", "pipelined", "layer_parallel", "within_batch", "three_level")


@dataclass
class Case:
    """A chip with changes, a workload file and a phase, all from one seed."""

    seed: int
    chip: str
    changes: list[str]
    workload: str
    phase: str

    def lowered(self, root: Path, folder: Path) -> tuple[Lowered, Workload, Activity]:
        """Map and lower it."""
        path = folder / "work.yaml"
        path.write_text(self.workload)
        chip = load_chip(root / f"{self.chip}.yaml", self.changes)
        work, activity = measure(load_workload(path), self.seed)
        return lower(chip, work, map_workload(chip, work, self.phase), activity), work, activity

    def __str__(self) -> str:
        changes = " ".join(f"--set '{change}'" for change in self.changes)
        return f"chip {self.chip} {changes}; phase {self.phase}; workload:\n{self.workload}"


def case_of(seed: int) -> Case:
    """The case of a seed."""
    draw = Random(seed)
    phase = draw.choice(["inference", "bp", "bp", "dfa"])
    network, n_steps = _Layers(draw).network()
    samples = draw.choice([1, 2, 4])
    rate = draw.choice([0.0, 0.02, 0.1, 0.3, 0.8, 1.0])
    activity = draw.choice([
        f"{{kind: random_input, rate: {rate}}}",
        f"{{kind: random_input, rate: {rate}}}",
        f"{{kind: rates, input: {rate}, default: {draw.choice([0.0, 0.02, 0.2])}}}",
        f"{{kind: constant, input: {rate}, default: {draw.choice([0.0, 0.1, 0.5])}}}",
    ])  # fmt: skip
    on_mean = draw.random() < 0.4
    loss = draw.choice(["membrane_cross_entropy", "membrane_mse", *(["count_mse"] if on_mean else [])])
    keys = {
        "version": 1, "name": f"case_{seed}", "network": network, "timesteps": n_steps,
        "input_resolution": f"{draw.choice([1, 1, 2, 8])} bit", "activity": activity,
        "weights": f"{{gain: {draw.choice([0.5, 1.0, 3.0])}, seed: {draw.randrange(99)}}}",
        "phases": "[inference, bp, dfa]", "samples": samples,
        "batch": draw.choice([n for n in (1, 2, 4) if samples % n == 0]), "schedule": draw.choice(SCHEDULES),
        "positions_per_burst": draw.choice([1, 3, 5, 100]),
        "learning": f"{{error: {'mean_rate' if on_mean else 'per_timestep'}, loss: {loss}}}",
    }  # fmt: skip
    text = "".join(f"{key}: {value}\n" for key, value in keys.items())
    chip = draw.choice(CHIPS)
    return Case(seed, chip, _changes(draw, chip, network), text, phase)


def _changes(draw: Random, chip: str, network: str) -> list[str]:
    changes = [f"tile.pes={draw.choice([1, 1, 2, 4])}", "tiles=auto"]
    if chip.endswith(("wearable_rram", "puma_32nm")):
        changes.append(f"pe.crossbars={draw.choice([1, 1, 2, 4])}")
        columns = draw.choice([16, 32, 64])
        changes += [
            f"crossbar.rows={draw.choice([8, 16, 64])}", f"crossbar.columns={columns}",
            f"adc.columns_per_adc={draw.choice([1, 4, columns])}", "write.parallel_cells=8",
            f"execution.skip_idle_blocks={draw.choice(['true', 'true', 'true', 'false'])}",
            f"execution.spike_format={draw.choice(['aer', 'bitmap'])}",
            f"execution.error_resolution={draw.choice([1, 4, 8])} bit",
            f"tile.input_sets={draw.choice([1, 2, 3])}", f"tile.accumulator_sets={draw.choice([1, 2, 3])}",
            f"tile.bus.broadcast={draw.choice(['true', 'false'])}",
            f"mapping.few_rows={draw.choice(['spread', 'stacked'])}",
            f"mapping.placement={draw.choice(['near', 'in_order'])}",
            f"interconnect.multicast={draw.choice(['true', 'false'])}",
            f"interconnect.switching={draw.choice(['cut_through', 'store_and_forward'])}",
            f"crossbar.signed={draw.choice(['differential', 'offset', 'unsigned'])}",
        ]  # fmt: skip
        if draw.random() < 0.4:
            changes.append(f"crossbar.transpose={draw.choice(['shared', 'duplicated'])}")
            changes.append("execution.feedback=transposable")
        if draw.random() < 0.3:
            layers = re.findall(r"name: (\w+), kind: (\w+)", network)
            weighted = [name for name, kind in layers if not kind.endswith("pool")]
            changes.append(f"mapping.replicas={{{draw.choice(weighted)}: {draw.choice([2, 3])}}}")
    kind = draw.choice(["bus", "htree", "mesh", "torus"])
    changes.append(f"interconnect.kind={kind}")
    if draw.random() < 0.4:
        changes += [f"interconnect.buffer_flits={draw.choice([4, 8])}", "interconnect.virtual_channels=2"]
        if "interconnect.switching=cut_through" in changes and kind != "bus":
            changes.append(f"interconnect.arbitration={draw.choice(['packet', 'flit'])}")
    return changes + _reads(draw)


def _reads(draw: Random) -> list[str]:
    """How arrays are read."""
    changes = [f"drivers.charged={draw.choice(['all', 'ones'])}", f"adc.scope={draw.choice(['crossbar', 'pe'])}"]
    if draw.random() < 0.5:
        changes += ["sample_hold=null", f"crossbar.read_out={draw.choice(['hold', 'reread'])}"]
        changes += [f"device.on_time={draw.choice([1, 3])} ns", f"drivers.latency={draw.choice([0, 2])} ns"]
    return changes


@dataclass
class _Layers:
    """Draws layers whose shapes fit, all of which are read by another or the last."""

    draw: Random
    lines: list[str] = field(default_factory=list)

    def network(self) -> tuple[str, int]:
        """The network as it stands in a workload file, and its timesteps."""
        kind = self.draw.choice(["dense", "dense", "dense", "space", "space", "time"])
        n_steps = self.draw.choice([1, 2, 4, 6])
        if kind == "dense":
            shape = self.dense()
        elif kind == "space":
            shape = self.space()
        else:
            n_steps = self.draw.choice([6, 9])
            shape = self.time(n_steps)
        return f"{{input: {shape}, layers: [{', '.join(self.lines)}]}}", n_steps

    def neuron(self, *, last: bool = False) -> str:
        """A neuron, or none."""
        kind = self.draw.choice(["if", "lif", "lif", "cubalif", *(["li", ""] if last else [])])
        if not kind:
            return ""
        texts = [f"kind: {kind}"]
        if kind != "if":
            texts.append(f"leak: {self.draw.choice([0.3, 0.9])}")
        if kind == "cubalif":
            texts.append("synapse_leak: 0.5")
        if kind != "li":
            texts.append(f"threshold: {self.draw.choice([0.3, 1.0])}")
            texts.append(f"reset: {self.draw.choice(['zero', 'subtract'])}")
        return f", neuron: {{{', '.join(texts)}}}"

    def add(self, name: str, kind: str, rest: str, *, last: bool = False, with_neuron: bool = True) -> None:
        """One layer."""
        neuron = self.neuron(last=last) if with_neuron else ""
        self.lines.append(f"{{name: {name}, kind: {kind}, {rest}{neuron}}}")

    def dense(self) -> list[int]:
        """Dense and recurrent layers with skips."""
        known, unread = ["input"], ["input"]
        for name in "abcd"[: self.draw.randint(1, 4)]:
            inputs = self.draw.sample(known, self.draw.randint(1, min(3, len(known))))
            unread = [source for source in unread if source not in inputs] + [name]
            kind = self.draw.choice(["dense", "dense", "recurrent"])
            self.add(name, kind, f"outputs: {self.draw.randint(1, 20)}, inputs: [{', '.join(inputs)}]")
            known.append(name)
        self.add("out", "dense", f"outputs: {self.draw.randint(1, 12)}, inputs: [{', '.join(unread)}]", last=True)
        return [self.draw.choice([1, 5, 20])]

    def space(self) -> list[int]:
        """Convolutions and pools along one or two axes, a skip of equal shapes, a dense read-out."""
        n_axes, side = self.draw.choice([1, 2]), self.draw.randint(4, 7)
        extent, channels, reading = side, self.draw.choice([1, 2, 4]), "input"
        shape = [channels] + [side] * n_axes
        for name in "abc"[: self.draw.randint(1, 3)]:
            is_pool = name != "a" and extent >= 2 and self.draw.random() < 0.4
            if is_pool:
                kind = self.draw.choice(["average_pool", "sum_pool", "max_pool"])
                self.add(name, kind, f"kernel: 2, inputs: [{reading}]", with_neuron=False)
                extent, reading = (extent - 2) // 2 + 1, name
                continue
            kernel = self.draw.randint(1, min(3, extent))
            stride, padding = self.draw.choice([1, 1, 2]), self.draw.choice([0, 1])
            n_groups = self.draw.choice([n for n in (1, 2) if channels % n == 0])
            n_out = n_groups * self.draw.randint(1, 6)
            rest = f"channels: {n_out}, kernel: {kernel}, stride: {stride}, padding: {padding}, groups: {n_groups}"
            self.add(name, f"conv{n_axes}d", f"{rest}, inputs: [{reading}]")
            extent, channels, reading = (extent + 2 * padding - kernel) // stride + 1, n_out, name
            if self.draw.random() < 0.4:  # two of the same shape, read side by side
                other = f"{name}2"
                self.add(other, f"conv{n_axes}d", f"channels: 2, kernel: 1, inputs: [{reading}]")
                channels, reading = channels + 2, f"{name}, {other}"
        self.add("out", "dense", f"outputs: {self.draw.randint(1, 6)}, inputs: [{reading}]", last=True)
        return shape

    def time(self, n_steps: int) -> list[int]:
        """Convolutions and pools along time, and a read-out of all timesteps or of each."""
        n, channels, reading = n_steps, self.draw.choice([1, 3]), "input"
        shape = [channels]
        for name in "abc"[: self.draw.randint(1, 3)]:
            is_pool = name != "a" and n >= 2 and self.draw.random() < 0.5
            if is_pool:
                padding = self.draw.choice([0, 1])
                kind = self.draw.choice(["average_pool", "sum_pool", "max_pool"])
                rest = f"axis: time, kernel: 2, padding: {padding}, inputs: [{reading}]"
                self.add(name, kind, rest, with_neuron=False)
                n, reading = (n + 2 * padding - 2) // 2 + 1, name
                continue
            kernel, padding = self.draw.randint(1, min(3, n)), self.draw.choice([0, 1])
            rest = f"axis: time, channels: {self.draw.randint(1, 9)}, kernel: {kernel}, padding: {padding}"
            self.add(name, "conv1d", f"{rest}, inputs: [{reading}]")
            n, reading = n + 2 * padding - kernel + 1, name
        flat = self.draw.choice(["true", "false"])
        rest = f"outputs: {self.draw.randint(1, 6)}, flatten_time: {flat}, inputs: [{reading}]"
        self.add("out", "dense", rest, last=True)
        return shape


# ---- what a network computes -----------------------------------------------------------------------


def plain_outputs(network: Network, x: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of all layers for one sample (T, *input_shape), by the definitions, one number at a time."""
    outputs = {"input": x.astype(float)}
    for layer in network.layers:
        current = _currents(layer, [outputs[name] for name in layer.inputs])
        outputs[layer.name] = _neurons(layer, layer.neuron, current) if layer.neuron else current
    return outputs


def _currents(layer: Layer, inputs: list[np.ndarray]) -> np.ndarray:
    if isinstance(layer.op, Dense):
        x = np.concatenate([values.reshape(len(values), -1) for values in inputs], axis=1)
        x = x.reshape(1, -1) if layer.op.flatten_time else x
        rows = [[float(w) for w in row] for row in layer.weight]
        biases = [_bias(layer, k) for k in range(len(rows))]
        result = [[_weighted(row, v) + b for row, b in zip(rows, biases, strict=True)] for v in x.tolist()]
        return np.array(result).reshape(len(x), *layer.out_shape)
    x = np.concatenate(inputs, axis=1)
    if layer.op.axis == "time":
        return _along_time(layer, layer.op, x)
    return np.array([_in_space(layer, layer.op, values) for values in x])


def _weighted(weights: list[float], values: list[float]) -> float:
    return sum(w * v for w, v in zip(weights, values, strict=True))


def _bias(layer: Layer, k: int) -> float:
    return 0.0 if layer.bias is None else float(layer.bias[k])


def _pooled(kind: str, window: list[float]) -> float:
    return {"max": max(window), "sum": sum(window), "average": sum(window) / len(window)}[kind]


def _along_time(layer: Layer, op: Conv | Pool, x: np.ndarray) -> np.ndarray:
    n, dilation = len(x), op.dilation[0] if isinstance(op, Conv) else 1
    n_out = (n + 2 * op.padding[0] - dilation * (op.kernel[0] - 1) - 1) // op.stride[0] + 1
    result = np.zeros((n_out, *layer.out_shape))
    for t in range(n_out):
        times = [t * op.stride[0] - op.padding[0] + k * dilation for k in range(op.kernel[0])]
        window = [x[s] if 0 <= s < n else np.zeros(x.shape[1:]) for s in times]
        for c in range(layer.out_shape[0]):
            result[t, c] = _tap_sum(layer, op, window, c)
    return result


def _tap_sum(layer: Layer, op: Conv | Pool, window: list[np.ndarray], c: int) -> float:
    if isinstance(op, Pool):
        return _pooled(op.kind, [float(values[c]) for values in window])
    per_group, outs = layer.in_shape[0] // op.groups, op.n_out // op.groups
    first = c // outs * per_group
    terms = (layer.weight[c, i, k] * window[k][first + i] for i in range(per_group) for k in range(len(window)))
    return sum(terms) + _bias(layer, c)


def _in_space(layer: Layer, op: Conv | Pool, x: np.ndarray) -> np.ndarray:
    extents, result = x.shape[1:], np.zeros(layer.out_shape)
    dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
    taps = list(product(*(range(k) for k in op.kernel)))
    for at in product(*(range(n) for n in layer.out_shape[1:])):
        window = []
        for tap in taps:
            numbers = zip(at, op.stride, op.padding, tap, dilation, strict=True)
            place = tuple(a * s - p + k * d for a, s, p, k, d in numbers)
            inside = all(0 <= i < n for i, n in zip(place, extents, strict=True))
            window.append(x[(slice(None), *place)] if inside else np.zeros(x.shape[0]))
        for c in range(layer.out_shape[0]):
            if isinstance(op, Pool):
                result[(c, *at)] = _pooled(op.kind, [float(values[c]) for values in window])
                continue
            per_group, outs = layer.in_shape[0] // op.groups, op.n_out // op.groups
            first = c // outs * per_group
            pairs = product(range(per_group), enumerate(taps))
            terms = (layer.weight[(c, i, *tap)] * window[k][first + i] for i, (k, tap) in pairs)
            result[(c, *at)] = sum(terms) + _bias(layer, c)
    return result


def _neurons(layer: Layer, neuron: Neuron, current: np.ndarray) -> np.ndarray:
    """i[t] = d_s i[t-1] + g_s x[t];  u[t] = d u[t-1] + g i[t] + o;  s[t] = u[t] > threshold, then reset."""
    result = np.zeros((len(current), math.prod(layer.out_shape)))
    u, i = [0.0] * result.shape[1], [0.0] * result.shape[1]
    for t, of_step in enumerate(current.reshape(len(current), -1)):
        for k, x in enumerate(of_step):
            if layer.recurrent and t:
                x = x + sum(w * s for w, s in zip(layer.recurrent_weight[k], result[t - 1], strict=True))
            if neuron.kind in ("cubalif", "cubali"):
                i[k] = neuron.syn_decay * i[k] + neuron.syn_gain * x
                x = i[k]
            u[k] = neuron.decay * u[k] + neuron.gain * x + neuron.offset
            if neuron.kind in ("li", "cubali"):
                result[t, k] = u[k]
            elif u[k] > neuron.threshold:
                result[t, k] = 1.0
                u[k] = neuron.v_reset if neuron.reset == "zero" else u[k] - (neuron.threshold - neuron.v_reset)
    return result.reshape(len(current), *layer.out_shape)
