"""The base class of neurons, and what archsim's own kinds share: the equation of `archsim.workload.Neuron`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.units import FileModel
from archsim.workload.network import Floats, Neuron

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Leak = Annotated[float, Field(ge=0, le=1)]
Fired = NDArray[np.bool_]


@dataclass(frozen=True)
class Numbers:
    """The numbers of a layer's neurons, each a scalar or one value per neuron (flat).

    `own` holds what a kind adds to those of :class:`archsim.workload.Neuron`, by name.
    """

    decay: Floats
    gain: Floats
    offset: Floats
    threshold: Floats
    firing_level: Floats
    v_reset: Floats
    syn_decay: Floats
    syn_gain: Floats
    subtract: bool
    own: Mapping[str, Floats] = field(default_factory=dict)


class NeuronKind(FileModel):
    """One kind of neuron: its fields are the keys that a workload file gives, beside `kind`.

    A subclass narrows `kind` to its name, ``kind: Literal["lif"]``.
    """

    kind: str

    n_states: ClassVar[int] = 1
    """Numbers to keep for each neuron from timestep to timestep: the membrane buffer holds them."""
    spikes: ClassVar[bool] = True
    """Whether it sends spikes, or its potential."""
    has_synapse: ClassVar[bool] = False
    """Whether its input current is itself a state that decays."""
    learns: ClassVar[bool] = False
    """Whether `step` is the equation of `archsim.workload.Neuron`, whose gradients archsim knows."""
    nir: ClassVar[tuple[str, ...]] = ()
    """Types of NIR nodes that are this kind; without one it is in no NIR file."""

    @abstractmethod
    def neuron(self) -> Neuron:
        """The neuron that a workload file's values describe."""

    @classmethod
    @abstractmethod
    def step(cls, p: Numbers, states: list[Floats], x: Floats) -> tuple[Floats | Fired, Floats]:
        """One timestep of all neurons of a layer.

        Parameters
        ----------
        p : Numbers
        states : list of `n_states` arrays (n_neurons,)
            Zero at first; an entry is replaced by its new value.
        x : array (n_neurons,)
            The input current.

        Returns
        -------
        output, potential : array (n_neurons,)
            What is sent (bool for spikes), and the potential before a reset.
        """


class LeakyKind(NeuronKind):
    """A neuron whose potential leaks: u[t] = leak u[t-1] + input.

    `leak` is the factor that remains of the potential after one timestep. `synapse_leak` is that of the synaptic
    current, for kinds that have one. It fires above its threshold, or `at` it.
    """

    leak: Leak = 1.0
    threshold: Positive = 1.0
    reset: Literal["zero", "subtract"] = "zero"
    fires: Literal["above", "at"] = "above"
    synapse_leak: Leak = 0.0

    def neuron(self) -> Neuron:
        """Fields that a subclass adds go to `Numbers.own` under their names."""
        added = [name for name in type(self).model_fields if name not in LeakyKind.model_fields]
        return Neuron(
            kind=self.kind,
            decay=self.leak,
            threshold=self.threshold,
            reset=self.reset,
            fires=self.fires,
            syn_decay=self.synapse_leak,
            own=tuple((name, float(getattr(self, name))) for name in added),
        )

    @classmethod
    def step(cls, p: Numbers, states: list[Floats], x: Floats) -> tuple[Floats | Fired, Floats]:
        if cls.has_synapse:
            x = states[1] = p.syn_decay * states[1] + p.syn_gain * x
        u = states[0] = p.decay * states[0] + p.gain * x + p.offset
        if not cls.spikes:
            return u, u
        fired = u > p.firing_level
        if fired.any():
            states[0] = np.where(fired, u - (p.threshold - p.v_reset) if p.subtract else p.v_reset, u)
        return fired, u

    def _missing_leak(self) -> list[tuple[tuple[str, ...], str]]:
        if "leak" in self.model_fields_set:
            return []
        said = f"missing; a {self.kind} neuron needs the factor that remains, e.g. 0.9"
        return [(("leak",), said)]

    def _no_synapse(self) -> list[tuple[tuple[str, ...], str]]:
        if not self.synapse_leak:
            return []
        return [(("synapse_leak",), f"a {self.kind} neuron has no synaptic current; use kind: cubalif")]
