"""A kind of neuron: leaky integrate and fire that rests for some timesteps after each spike."""

from typing import ClassVar, Literal

import numpy as np

import archsim
from archsim.snn import forward
from archsim.workload import Dense, Layer, Network
from archsim.workload.neurons import LeakyKind


@archsim.register
class RefractoryLif(LeakyKind):
    """For `rest` timesteps after a spike it takes no input, and its potential stays at rest."""

    kind: Literal["refractory_lif"]
    rest: int = 2
    n_states: ClassVar[int] = 2  # the potential, and the timesteps that it still rests

    @classmethod
    def step(cls, p, states, x):
        resting = states[1] > 0
        fired, potential = super().step(p, states, np.where(resting, 0.0, x))
        states[0] = np.where(resting, p.v_reset, states[0])
        fired = fired & ~resting
        states[1] = np.where(fired, p.own["rest"], np.maximum(states[1] - 1, 0))
        return fired, np.where(resting, p.v_reset, potential)


if __name__ == "__main__":
    neuron = RefractoryLif(kind="refractory_lif", leak=0.9, rest=2).neuron()
    layer = Layer("one", Dense(1), ("input",), (1,), (1,), neuron=neuron, weight=np.array([[1.5]]))
    print("spikes", forward(Network("one", (1,), (layer,)), np.ones((8, 1))).outputs["one"].ravel())
    for kind in ("lif", "refractory_lif"):
        changes = [f"network.layers.0.neuron.kind={kind}", "timesteps=16"]
        work = archsim.load_workload("workloads/watch_mlp.yaml", changes)
        run = archsim.simulate(archsim.load_chip("arch_specs/wearable_rram.yaml"), work, phase="inference")
        print(f"{kind}: {run.energy_pj / 1e3:.2f} nJ, {run.latency_ps / 1e6:.2f} µs")
