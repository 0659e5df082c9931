"""A spiking network: what it computes, without any hardware word.

A network is a list of layers in an order in which every layer comes after its inputs. One timestep of a
layer takes the outputs of its inputs at the same timestep (a recurrent layer also its own of the timestep
before), multiplies by the weights and gives the result to the neurons. An operation with ``axis="time"``
takes its window along the timesteps instead: its layer then runs at its own, lower rate.

Everything here only represents; :mod:`archsim.snn` computes with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archsim import names
from archsim.errors import WorkloadError
from archsim.given import refuse, wrong_kind, wrong_kinds
from archsim.registry import NEURONS

Floats = NDArray[np.float64]
Shape = tuple[int, ...]
INPUT = names.INPUT


@dataclass(frozen=True)
class Neuron:
    """Parameters of a neuron in discrete time, one number or one per neuron.

    With input current ``x[t]``::

        i[t] = syn_decay * i[t-1] + syn_gain * x[t]      (kinds "cubalif", "cubali"; else x[t])
        u[t] = decay * u[t-1] + gain * i[t] + offset
        s[t] = u[t] > threshold, then u is reset          (not for kinds "li", "cubali")

    ``reset`` is "zero" (u becomes `v_reset`), "subtract" (u loses `threshold` - `v_reset`). ``fires`` is "above"
    (the equation), or "at": u >= threshold.
    `kind` is one of :mod:`archsim.workload.neurons`; `own` holds the numbers that a kind adds, by name.
    An IF neuron has decay 1. An explicit Euler step of NIR's LIF has decay 1 - dt/tau, gain r dt/tau,
    offset v_leak dt/tau.
    """

    kind: str
    decay: Floats | float = 1.0
    gain: Floats | float = 1.0
    offset: Floats | float = 0.0
    threshold: Floats | float = 1.0
    v_reset: Floats | float = 0.0
    reset: Literal["zero", "subtract"] = "zero"
    syn_decay: Floats | float = 0.0
    syn_gain: Floats | float = 1.0
    fires: Literal["above", "at"] = "above"
    own: tuple[tuple[str, float], ...] = ()

    @property
    def firing_level(self) -> Floats | float:
        """The bound that a potential exceeds to fire: the threshold, or the number right below it (`fires` "at").

        Examples
        --------
        >>> [1.0 > Neuron("if", threshold=1.0, fires=fires).firing_level for fires in ("above", "at")]
        [False, True]
        """
        if self.fires == "above":
            return self.threshold
        below = np.where(np.isposinf(self.threshold), np.inf, np.nextafter(self.threshold, -np.inf))
        return below if below.ndim else float(below)

    def __post_init__(self) -> None:
        errors = [wrong_kind("neuron.kind", self.kind, NEURONS.names()), *wrong_kinds(self, "neuron.")]
        refuse(errors, WorkloadError)

    @property
    def has_synapse(self) -> bool:
        """Whether the input current is itself a state that decays."""
        return bool(NEURONS[self.kind].has_synapse)

    @property
    def n_states(self) -> int:
        """States to keep from timestep to timestep."""
        return int(NEURONS[self.kind].n_states)

    @property
    def spikes(self) -> bool:
        """Whether the neuron sends spikes (an LI or CubaLI neuron sends its potential)."""
        return bool(NEURONS[self.kind].spikes)


@dataclass(frozen=True)
class Dense:
    """Every output sees every input; input of any shape is flattened (channel first)."""

    n_out: int
    flatten_time: bool = False  # one product over all timesteps of the input, at the end


@dataclass(frozen=True)
class Conv:
    """Convolution along the axes of one timestep, or along time (`axis="time"`, then one-dimensional)."""

    n_out: int
    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int = 1
    axis: Literal["space", "time"] = "space"

    def __post_init__(self) -> None:
        refuse(wrong_kinds(self, "convolution: "), WorkloadError)


@dataclass(frozen=True)
class Pool:
    """Pooling in windows, along the axes of one timestep or along time; no weights."""

    kind: Literal["average", "sum", "max"]
    kernel: Shape
    stride: Shape
    padding: Shape
    axis: Literal["space", "time"] = "space"

    def __post_init__(self) -> None:
        refuse(wrong_kinds(self, "pooling: "), WorkloadError)


Op = Dense | Conv | Pool


def window_count(length: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Number of windows along one axis: floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Examples
    --------
    >>> window_count(128, kernel=8, stride=1, padding=4)
    129
    """
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@dataclass(frozen=True)
class Layer:
    """One operation with its neurons.

    Parameters
    ----------
    name : str
    op : Dense, Conv or Pool
    inputs : tuple of str
        Names of earlier layers, or "input"; several are concatenated (first axis, or flattened for Dense).
    in_shape, out_shape : tuple of int
        Shape of one timestep: (channels,), (channels, length) or (channels, height, width).
    neuron : Neuron or None
        None passes the result on (pooling, or a plain read-out).
    weight : array or None
        Dense (n_out, n_in), Conv (n_out, channels / groups, *kernel); None where only the shape is known.
    bias : array or None
    recurrent : bool
        The layer's own output of the timestep before is a further input.
    recurrent_weight : array or None
        (n_neurons, n_neurons).
    delay : int
        Timesteps by which the inputs are delayed.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    in_shape: Shape
    out_shape: Shape
    neuron: Neuron | None = None
    weight: Floats | None = None
    bias: Floats | None = None
    recurrent: bool = False
    recurrent_weight: Floats | None = None
    delay: int = 0

    @property
    def has_weights(self) -> bool:
        """Whether the layer needs crossbars."""
        return not isinstance(self.op, Pool)

    @property
    def n_in(self) -> int:
        """Inputs of one timestep."""
        return math.prod(self.in_shape)

    @property
    def n_neurons(self) -> int:
        """Outputs of one timestep."""
        return math.prod(self.out_shape)

    @property
    def n_positions(self) -> int:
        """Products of one timestep: output positions of a convolution in space, else 1."""
        if isinstance(self.op, Conv) and self.op.axis == "space":
            return math.prod(self.out_shape[1:])
        return 1

    def n_rows(self, n_input_steps: int = 1) -> int:
        """Rows of the weight matrix (im2col), over all groups, the recurrent ones included.

        Parameters
        ----------
        n_input_steps : int
            Timesteps of the input; counts only for a Dense with `flatten_time`.
        """
        if isinstance(self.op, Conv):
            return self.in_shape[0] * math.prod(self.op.kernel)
        rows = self.n_in * (n_input_steps if isinstance(self.op, Dense) and self.op.flatten_time else 1)
        return rows + (self.n_neurons if self.recurrent else 0)

    @property
    def n_columns(self) -> int:
        """Columns of the weight matrix: one per output channel or output."""
        return self.out_shape[0] if isinstance(self.op, Conv) else self.n_neurons


@dataclass(frozen=True)
class Network:
    """Layers in computing order.

    Parameters
    ----------
    name : str
    input_shape : tuple of int
        Shape of one timestep of the input.
    layers : tuple of Layer
    notes : tuple of str
        What a reader repaired or assumed, for people.

    Raises
    ------
    WorkloadError
        If names repeat or a layer names an input that does not stand before it.
    """

    name: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        known = {INPUT}
        for layer in self.layers:
            missing = [i for i in layer.inputs if i not in known]
            if missing:
                raise WorkloadError(f"layer {layer.name!r}: no earlier layer is called {', '.join(missing)}")
            if layer.name in known - {INPUT}:
                raise WorkloadError(f"layer {layer.name!r}: two layers have this name")
            if reserved := names.why_reserved(layer.name):
                raise WorkloadError(f"layer {layer.name!r}: this name is reserved ({reserved}); call it otherwise")
            known.add(layer.name)
        if not self.layers:
            raise WorkloadError(f"network {self.name!r} has no layers")

    def layer(self, name: str) -> Layer:
        """The layer of this name (ValueError if there is none)."""
        if name not in self._by_name:
            raise ValueError(f"no layer is called {name!r}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers, in order."""
        return tuple(layer.name for layer in self.layers)

    @property
    def weighted(self) -> tuple[Layer, ...]:
        """The layers that have weights, in order."""
        return tuple(layer for layer in self.layers if layer.has_weights)

    def learns(self, name: str) -> bool:
        """Whether an error that reaches `name` is of use: it, or something below it, has weights."""
        return name != INPUT and self._learns[name]

    @cached_property
    def _learns(self) -> dict[str, bool]:
        known = {INPUT: False}
        for layer in self.layers:
            known[layer.name] = layer.has_weights or any(known[source] for source in layer.inputs)
        return known

    def consumers(self, name: str) -> tuple[Layer, ...]:
        """The layers that take the output of `name` (or "input")."""
        return tuple(layer for layer in self.layers if name in layer.inputs)

    def steps(self, n_timesteps: int) -> dict[str, int]:
        """Timesteps of every layer's output, for `n_timesteps` of input; windows along time change the rate.

        Raises
        ------
        WorkloadError
            If the input is shorter than a window along time, or inputs of one layer differ in rate.
        """
        steps = {INPUT: n_timesteps}
        for layer in self.layers:
            rates = {steps[name] for name in layer.inputs}
            if len(rates) > 1:
                raise WorkloadError(f"layer {layer.name!r}: its inputs have different numbers of timesteps")
            n = rates.pop()
            if isinstance(layer.op, Conv | Pool) and layer.op.axis == "time":
                dilation = layer.op.dilation[0] if isinstance(layer.op, Conv) else 1
                op = layer.op
                n = window_count(n, op.kernel[0], op.stride[0], op.padding[0], dilation)
            elif isinstance(layer.op, Dense) and layer.op.flatten_time:
                n = 1
            if n < 1:
                raise WorkloadError(f"layer {layer.name!r}: its input is shorter than its window along time")
            steps[layer.name] = n
        return steps

    def input_steps(self, layer: Layer, n_timesteps: int) -> int:
        """Timesteps of the input of `layer`."""
        return self.steps(n_timesteps)[layer.inputs[0]]
