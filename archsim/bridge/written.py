"""A network written out as a workload file does it: shapes and kinds, without weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from archsim.workload.network import Conv, Dense, Floats, Layer, Network, Neuron, Pool


def written_out(network: Network) -> dict[str, Any]:
    """The part ``network`` of a workload file.

    A file has one number for all neurons of a layer: parameters that differ are written as their mean. They count
    in a forward pass only, which activity that was recorded stands for.

    Examples
    --------
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), Neuron("lif", decay=0.5))
    >>> written_out(Network("net", (2,), (layer,)))["layers"][0]["neuron"]["leak"]
    0.5
    """
    return {"input": list(network.input_shape), "layers": [_layer(layer) for layer in network.layers]}


def _layer(layer: Layer) -> dict[str, Any]:
    said: dict[str, Any] = {"name": layer.name, **_op(layer), "inputs": list(layer.inputs)}
    if layer.neuron is not None:
        said["neuron"] = _neuron(layer.neuron)
    return said


def _op(layer: Layer) -> dict[str, Any]:
    op = layer.op
    if isinstance(op, Dense):
        return {"kind": "recurrent" if layer.recurrent else "dense", "outputs": op.n_out}
    windows = {"kernel": list(op.kernel), "stride": list(op.stride), "padding": list(op.padding)}
    if isinstance(op, Pool):
        return {"kind": f"{op.kind}_pool", **windows}
    assert isinstance(op, Conv)
    kind = f"conv{len(op.kernel)}d"
    return {"kind": kind, "channels": op.n_out, **windows, "dilation": list(op.dilation), "groups": op.groups}


def _neuron(neuron: Neuron) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": neuron.kind}
    if neuron.kind != "if":
        said["leak"] = _one(neuron.decay)
    if neuron.spikes:
        said |= {"threshold": _one(neuron.threshold), "reset": neuron.reset, "fires": neuron.fires}
    if neuron.has_synapse:
        said["synapse_leak"] = _one(neuron.syn_decay)
    return said


def _one(value: Floats | float) -> float:
    return float(np.mean(np.asarray(value)))
